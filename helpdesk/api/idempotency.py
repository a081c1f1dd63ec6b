"""A repeated request is harmless: `Idempotency-Key` on every POST that creates or sends.

The row of the key is inserted first and completed last, in the one transaction that holds the effect. A second request
with the key waits at the unique index until the first has committed, and finds its answer; or the first failed, nothing
of it is left, and the second does the work. Refusals leave nothing, so a corrected request may use the key again.
"""

import json
from collections.abc import Callable
from functools import wraps
from typing import Any

from django.db import OperationalError, connection, transaction
from django.http import HttpResponse
from django.utils.translation import gettext_lazy as _
from psycopg.errors import LockNotAvailable
from rest_framework.exceptions import APIException, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from helpdesk import clock
from helpdesk.api.parsing import body_digest
from helpdesk.api.principals import principal
from helpdesk.api.views import render
from helpdesk.models import IdempotencyKey

#: how long a request waits for another one with its key, in milliseconds
PATIENCE = 5000


class KeyReused(APIException):
    """The key was used for another request."""

    status_code = 422
    default_code = "idempotency-key-reused"
    default_detail = _("This Idempotency-Key was used for a request with another body.")


class InProgress(APIException):
    """The first request with this key is still being worked on."""

    status_code = 409
    default_code = "idempotency-key-in-progress"
    default_detail = _("A request with this Idempotency-Key is being worked on. Ask again in a moment.")
    wait = 2


Handler = Callable[..., HttpResponse]


def idempotent(handler: Handler) -> Handler:
    """Let an endpoint's POST honour `Idempotency-Key`; without the header it runs as it is."""

    @wraps(handler)
    def once(view: Any, request: Request, *args: Any, **kwargs: Any) -> HttpResponse:
        key = request.headers.get("Idempotency-Key")
        if key is None:
            return handler(view, request, *args, **kwargs)
        if not 1 <= len(key) <= 255 or not key.isascii() or not key.isprintable():
            raise ValidationError({"Idempotency-Key": _("1 to 255 printable ASCII characters.")})
        scope = (principal(request), f"POST {request.path}"[:120], key)
        digest = body_digest(request)
        with transaction.atomic():
            row = _claim(scope, digest)
            if row is None:
                return _replay(scope, digest)
            response = handler(view, request, *args, **kwargs)
            _complete(row, response)
        return response

    once.is_idempotent = True  # type: ignore[attr-defined]
    return once


def _claim(scope: tuple[str, str, str], digest: str) -> int | None:
    """Our row, or None where another request has the key. Waits for one that is under way."""
    try:
        with connection.cursor() as cursor:
            cursor.execute(
                "SET LOCAL lock_timeout = %s; "
                "INSERT INTO helpdesk_idempotencykey (principal, route, key, request_hash, status, body, created_at) "
                "VALUES (%s, %s, %s, %s, 0, '', %s) ON CONFLICT DO NOTHING RETURNING id",
                [PATIENCE, *scope, digest, clock.now()],
            )
            cursor.nextset()
            row = cursor.fetchone()
    except OperationalError as error:
        if isinstance(error.__cause__, LockNotAvailable):
            raise InProgress from None
        raise
    return row[0] if row else None


def _replay(scope: tuple[str, str, str], digest: str) -> HttpResponse:
    who, route, key = scope
    kept = IdempotencyKey.objects.filter(principal=who, route=route, key=key).first()
    if kept is None:  # forgotten between our two looks: as rare as it is harmless
        raise InProgress
    if kept.request_hash != digest:
        raise KeyReused
    response = HttpResponse(kept.body, status=kept.status, content_type="application/json")
    response["Idempotency-Replayed"] = "true"
    if kept.status == 201 and (url := json.loads(kept.body).get("url")):
        response["Location"] = url
    return response


def _complete(row: int, response: HttpResponse) -> None:
    """Keep the answer to the byte, beside what it speaks of."""
    assert isinstance(response, Response)
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE helpdesk_idempotencykey SET status = %s, body = %s WHERE id = %s",
            [response.status_code, render(response.data).decode(), row],
        )
