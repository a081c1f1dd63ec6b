"""Lists a page at a time: a cursor says after which row to go on, so page 1,000 costs what page 1 costs."""

import base64
import binascii
import json
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _
from drf_spectacular.utils import inline_serializer
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.utils.urls import replace_query_param

from helpdesk.api.problems import BadQuery

DEFAULT_LIMIT = 50
MOST = 100


@dataclass(frozen=True, slots=True)
class Order:
    """A total order: a column, and the unique one that breaks ties. Both go the same way; null is not allowed."""

    column: str
    tie: str
    down: bool = False

    @property
    def terms(self) -> list[str]:
        sign = "-" if self.down else ""
        return [sign + name for name in dict.fromkeys([self.column, self.tie])]

    def beyond(self, cursor: "tuple[Any, int] | None") -> Q:
        """The rows after a cursor."""
        if cursor is None:
            return Q()
        value, tie = cursor
        further = "lt" if self.down else "gt"
        if self.column == self.tie:
            return Q(**{f"{self.tie}__{further}": tie})
        return Q(**{f"{self.column}__{further}": value}) | Q(**{self.column: value, f"{self.tie}__{further}": tie})

    @property
    def name(self) -> str:
        return ("-" if self.down else "") + self.column


def limit(request: Request) -> int:
    """How many rows are asked for."""
    text = request.query_params.get("limit", str(DEFAULT_LIMIT))
    if not (text.isascii() and text.isdigit() and len(text) < 5 and 1 <= int(text) <= MOST):
        raise BadQuery("limit", _("A number from 1 to %(most)d.") % {"most": MOST})
    return int(text)


def cursor(request: Request, order: Order) -> tuple[Any, int] | None:
    """Where the page begins. One that was not made by us, or for another order, is refused."""
    text = request.query_params.get("cursor", "")
    if not text:
        return None
    try:
        name, value, tie = json.loads(base64.b64decode(text.encode("ascii"), altchars=b"-_", validate=True))
        if name != order.name or type(tie) is not int or not 0 <= tie < 2**63:
            raise ValueError
        return (tie if order.column == order.tie else _instant(value)), tie
    except (ValueError, TypeError, KeyError, RecursionError, binascii.Error):
        raise BadQuery("cursor", _("Take the cursor from the address in `next`.")) from None


def _instant(text: str) -> datetime:
    at = datetime.fromisoformat(text)
    if at.tzinfo is None:
        raise ValueError
    return at


def write_cursor(order: Order, value: Any, tie: int) -> str:
    """The cursor of a row. It grants nothing: every page is read with the reader's own rights."""
    parts = [order.name, value.isoformat() if isinstance(value, datetime) else None, tie]
    return base64.urlsafe_b64encode(json.dumps(parts, separators=(",", ":")).encode()).decode()


def page(request: Request, rows: "QuerySet[Any]", order: Order) -> tuple[list[Any], str | None]:
    """The rows of a page, and the cursor of the next one if there is one."""
    most = limit(request)
    found = list(rows.filter(order.beyond(cursor(request, order))).order_by(*order.terms)[: most + 1])
    shown = found[:most]
    if len(found) <= most:
        return shown, None
    last = shown[-1]
    return shown, write_cursor(order, getattr(last, order.column), getattr(last, order.tie))


def envelope(request: Request, results: Any, after: str | None) -> dict[str, Any]:
    """A page as it is sent: the rows, and the address of the next ones."""
    following = replace_query_param(request.build_absolute_uri(), "cursor", after) if after else None
    return {"next": following, "results": results}


@cache
def described(row: type[serializers.Serializer[Any]]) -> Any:
    """How the schema describes a page of such rows."""
    return inline_serializer(
        f"{row.__name__.removesuffix('Serializer')}Page",
        {"next": serializers.URLField(allow_null=True, help_text="The next page."), "results": row(many=True)},
    )
