"""Surveys, whom they asked, and what was answered; of the inboxes you see. Nothing is changed here."""

from datetime import datetime
from typing import Any

from django.db.models import QuerySet
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request

from feedback.api.serializers import InvitationSerializer, ResponseSerializer, SurveySerializer
from feedback.models import Invitation, InvitationState, Response, Survey
from helpdesk.api import paging
from helpdesk.api.problems import BadQuery
from helpdesk.api.schema import PAGING
from helpdesk.api.views import ApiView, paged, shaping
from tickets.api.shared import agent_of, only

NEWEST = paging.Order("id", "id", down=True)
BY_ID = paging.Order("id", "id")
_survey, _invitation, _response = shaping(SurveySerializer), shaping(InvitationSerializer), shaping(ResponseSerializer)

_NUMBERS = [
    OpenApiParameter("survey", OpenApiTypes.INT, description="A survey's id."),
    OpenApiParameter("ticket", OpenApiTypes.INT, description="A ticket's number."),
    OpenApiParameter("customer", OpenApiTypes.INT, description="A customer's id."),
]


def _number(request: Request, name: str) -> int | None:
    text = request.query_params.get(name)
    if text is None:
        return None
    if not (text.isascii() and text.isdigit() and len(text) <= 18):
        raise BadQuery(name, _("A whole number."))
    return int(text)


def _narrowed(request: Request, rows: "QuerySet[Any]", prefix: str) -> "QuerySet[Any]":
    for name in ("survey", "ticket", "customer"):
        if (number := _number(request, name)) is not None:
            rows = rows.filter(**{prefix + name: number})
    return rows


def _moment(request: Request, name: str) -> datetime | None:
    text = request.query_params.get(name)
    if text is None:
        return None
    try:
        at = parse_datetime(text)
    except ValueError:
        at = None
    if at is None or at.tzinfo is None:
        raise BadQuery(name, _("A time with its zone, such as 2026-03-01T00:00:00Z."))
    return at


class Surveys(ApiView):
    """Surveys."""

    @extend_schema(
        operation_id="surveys_list", summary="List surveys", tags=["feedback"], parameters=PAGING,
        responses=paging.described(SurveySerializer),
    )  # fmt: skip
    @paged(BY_ID)
    def get(self, request: Request) -> Any:
        """All surveys: what they ask, and after which inboxes."""
        only(request, "cursor", "limit")
        return Survey.objects.prefetch_related("inboxes"), _survey


class Invitations(ApiView):
    """The ledger of asking."""

    @extend_schema(
        operation_id="invitations_list", summary="List invitations", tags=["feedback"],
        parameters=[
            *_NUMBERS,
            OpenApiParameter("state", OpenApiTypes.STR, enum=InvitationState.values),
            *PAGING,
        ],
        responses=paging.described(InvitationSerializer),
    )  # fmt: skip
    @paged(NEWEST)
    def get(self, request: Request) -> Any:
        """Who was asked, or was not and why, in the inboxes you see; the newest first."""
        only(request, "survey", "ticket", "customer", "state", "cursor", "limit")
        found = _narrowed(request, Invitation.objects.visible_to(agent_of(request)), "")
        if (state := request.query_params.get("state")) is not None:
            if state not in InvitationState.values:
                raise BadQuery("state", _("One of: %(choices)s.") % {"choices": ", ".join(InvitationState.values)})
            found = found.filter(state=state)
        return found.select_related("survey"), _invitation


class Responses(ApiView):
    """Answers."""

    @extend_schema(
        operation_id="responses_list", summary="List answers", tags=["feedback"],
        parameters=[
            *_NUMBERS,
            OpenApiParameter("since", OpenApiTypes.DATETIME, description="Answered at this time or later."),
            *PAGING,
        ],
        responses=paging.described(ResponseSerializer),
    )  # fmt: skip
    @paged(NEWEST)
    def get(self, request: Request) -> Any:
        """What customers answered in the inboxes you see, the newest first. Anonymous answers are in no list."""
        only(request, "survey", "ticket", "customer", "since", "cursor", "limit")
        asked = Invitation.objects.visible_to(agent_of(request))
        found = _narrowed(request, Response.objects.filter(invitation__in=asked), "invitation__")
        if (since := _moment(request, "since")) is not None:
            found = found.filter(answered_at__gte=since)
        return found.select_related("invitation__survey"), _response
