"""What the endpoints share: who asks, what they may see, what they have seen of it, and the answer after an act."""

import re
from collections.abc import Callable
from typing import Any

from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema_field
from rest_framework import serializers
from rest_framework.exceptions import PermissionDenied, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from helpdesk.api.problems import BadQuery
from helpdesk.api.views import MayChange, absolute
from helpdesk.models import Agent, Event
from tickets.api import listing
from tickets.api.serializers import known_ticket
from tickets.models import Ticket
from tickets.operations import collisions
from tickets.operations.undo import UNDOABLE

IF_MATCH = OpenApiParameter(
    "If-Match", OpenApiTypes.STR, OpenApiParameter.HEADER,
    description="The `ETag` of the ticket as you know it. Where a colleague has changed the same thing since, nothing "
    "is done: 412.",
)  # fmt: skip
_TAG = re.compile(r'(?:W/)?"(\d{1,18})"\Z', re.ASCII)


def agent_of(request: Request) -> Agent:
    """Who asks."""
    assert isinstance(request.user, Agent)  # IsAuthenticated let nobody else through
    return request.user


def find(request: Request, number: int) -> Ticket:
    """The ticket, if the agent may see it."""
    return get_object_or_404(Ticket.objects.visible_to(agent_of(request)).select_related("inbox"), number=number)


def other_ticket(request: Request, number: int, name: str) -> Ticket:
    """Another ticket that the body names. A foreign one is as good as none."""
    found = Ticket.objects.visible_to(agent_of(request)).filter(number=number).first()
    if found is None:
        raise ValidationError({name: [_("There is no such ticket.")]})
    return found


def must_not_be_light(agent: Agent) -> None:
    """Raise PermissionDenied for light collaborators, where an endpoint lets them do something else."""
    if not agent.may_reply:
        raise PermissionDenied(MayChange.message)


def seen(request: Request, version: int | None = None) -> int | None:
    """The last event of the ticket the program knows: in the body, else in `If-Match`; None looks at nothing."""
    if version is not None:
        return version
    text = request.headers.get("If-Match", "").strip()
    if text in ("", "*"):
        return None
    found = _TAG.match(text)
    if found is None:
        raise ValidationError({"If-Match": [_("Take it from the ETag of the ticket.")]})
    return int(found[1])


def act_on(
    request: Request, number: int, thing: str, work: Callable[[Ticket], Any], version: int | None = None
) -> Response:
    """Find, do, answer; unless a colleague has changed that thing since the program looked."""
    ticket, agent = find(request, number), agent_of(request)
    before = collisions.last_event(ticket)
    collisions.change(ticket, thing, work, seen=seen(request, version), actor=agent)
    return answer(request, number, since=before)


def answer(request: Request, number: int, *, since: int | None = None, status: int = 200) -> Response:
    """The ticket as it is now, with the way back from what was done after the event `since`."""
    ticket: Any = get_object_or_404(listing.whole(Ticket.objects.visible_to(agent_of(request))), number=number)
    ticket.version = collisions.last_event(ticket)
    ticket.undo = None if since is None else undo_url(request, ticket, since)
    data = known_ticket(ticket)
    headers = {"ETag": f'"{ticket.version}"'} | ({"Location": data["url"]} if status == 201 else {})
    return Response(data, status=status, headers=headers)


def undo_url(request: Request, ticket: Ticket, since: int) -> str | None:
    """Where to post to take back what this request did after that event; None where nothing can be."""
    cause = request._request.request_id[:64]  # type: ignore[attr-defined]
    done = Event.objects.filter(stream_id=ticket.number, actor_id=agent_of(request).pk, cause=cause, id__gt=since)
    event = done.filter(verb__in=UNDOABLE).order_by("-id").values_list("id", flat=True).first()
    return absolute(reverse("api_undo", args=[ticket.number, event])) if event else None


# --- what stands in the address


def only(request: Request, *names: str) -> None:
    """Refuse what the address asks for besides these."""
    for name in request.query_params:
        if name not in names:
            raise BadQuery(name, _("There is no such parameter."))


def words_of(request: Request, name: str, most: int = 100) -> str:
    """Words in the address."""
    text = request.query_params.get(name, "")
    if "\x00" in text or len(text) > most:
        raise BadQuery(name, _("At most %(most)d characters.") % {"most": most})
    return text.strip()


def flag_of(request: Request, name: str) -> bool | None:
    """Yes or no in the address; None where it says neither."""
    text = request.query_params.get(name)
    if text is None:
        return None
    if text not in ("true", "false"):
        raise BadQuery(name, _("One of: %(choices)s.") % {"choices": "true, false"})
    return text == "true"


# --- what stands in a body


@extend_schema_field({"nullable": True, "oneOf": [{"type": "string"}, {"type": "number"}, {"type": "boolean"}]})
class ScalarField(serializers.Field):
    """A word, a number, yes or no, or nothing: what a custom field can be answered with."""

    default_error_messages = {"invalid": gettext_lazy("Write words, a number, yes or no.")}

    def __init__(self, **more: Any) -> None:
        super().__init__(**{"allow_null": True, **more})

    def to_internal_value(self, data: Any) -> Any:
        if not is_plain(data) or isinstance(data, list | dict):
            self.fail("invalid")
        return data

    def to_representation(self, value: Any) -> Any:
        return value


@extend_schema_field({"type": "array", "items": {"type": "object", "additionalProperties": True}})
class PlainListField(serializers.Field):
    """A list of small objects whose meaning somebody else checks; here only that they can be kept at all."""

    default_error_messages = {"invalid": gettext_lazy("A list of objects."), "most": gettext_lazy("Too many.")}
    MOST = 50

    def to_internal_value(self, data: Any) -> list[dict[str, Any]]:
        if not isinstance(data, list) or not all(isinstance(one, dict) for one in data) or not is_plain(data):
            self.fail("invalid")
        if len(data) > self.MOST:
            self.fail("most")
        return data

    def to_representation(self, value: Any) -> Any:
        return value


def is_plain(data: Any, depth: int = 4) -> bool:
    """Whether PostgreSQL can keep it: no NUL, no half a surrogate pair, not nested without end."""
    if isinstance(data, str):
        return "\x00" not in data and _is_whole(data)
    if isinstance(data, dict):
        return depth > 0 and all(is_plain(key) and is_plain(value, depth - 1) for key, value in data.items())
    if isinstance(data, list):
        return depth > 0 and all(is_plain(value, depth - 1) for value in data)
    return True


def _is_whole(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
