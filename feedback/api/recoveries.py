"""Recoveries for programs: the queue, one of them, and what is done about it; departments and reasons."""

from collections.abc import Callable
from typing import Any

from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from feedback import queue
from feedback.models import Department, Outcome, ReasonCode, Recovery, RecoveryNote
from feedback.operations import opening_recoveries, recovering
from helpdesk.api import paging
from helpdesk.api.idempotency import idempotent
from helpdesk.api.problems import BadQuery
from helpdesk.api.schema import PAGING
from helpdesk.api.views import ApiView, Body, absolute, paged, read, shaping
from helpdesk.models import Agent
from tickets.api.shared import agent_of, only, other_ticket

BY_ID = paging.Order("id", "id")
BY_DUE = paging.Order("due_at", "id")
LARGEST = 2**63 - 1


# --- what is answered


class SaidSerializer(serializers.Serializer[Any]):
    """The answer that opened it."""

    score = serializers.IntegerField()
    comment = serializers.CharField(allow_blank=True)


class RecoverySerializer(serializers.ModelSerializer[Recovery]):
    """A customer who was let down. `version` goes with a change, so that nobody changes what they have not seen."""

    url = serializers.SerializerMethodField()
    customer = serializers.IntegerField(source="customer_id")
    ticket = serializers.IntegerField(source="ticket_id", allow_null=True)
    inbox = serializers.IntegerField(source="inbox_id")
    owner = serializers.IntegerField(source="owner_id", allow_null=True)
    department = serializers.IntegerField(source="department_id", allow_null=True)
    reason = serializers.IntegerField(source="reason_id", allow_null=True)
    rated_agent = serializers.IntegerField(
        source="rated_agent_id", allow_null=True, help_text="Whose help was rated: never its owner."
    )
    said = SaidSerializer(source="response", allow_null=True)
    is_overdue = serializers.BooleanField()

    class Meta:
        model = Recovery
        fields = [
            "id", "url", "customer", "ticket", "inbox", "source", "state", "owner", "department", "reason",
            "in_control", "rated_agent", "said", "opened_at", "due_at", "is_overdue", "taken_up_at", "closed_at",
            "outcome", "done", "cost", "version",
        ]  # fmt: skip

    def get_url(self, one: Recovery) -> str:
        return absolute(reverse("api_recovery", args=[one.pk]))


class RecoveryNoteSerializer(serializers.ModelSerializer[RecoveryNote]):
    """What those who work on it tell each other."""

    author = serializers.IntegerField(source="author_id", allow_null=True)

    class Meta:
        model = RecoveryNote
        fields = ["id", "author", "text", "at"]


class DepartmentSerializer(serializers.ModelSerializer[Department]):
    """A part of the company that owns what customers feel."""

    members = serializers.PrimaryKeyRelatedField[Any](many=True, read_only=True)

    class Meta:
        model = Department
        fields = ["id", "name", "members", "is_active"]


class ReasonSerializer(serializers.ModelSerializer[ReasonCode]):
    """Why customers are unhappy. `in_control`: could the service team alone have prevented it; null is not decided."""

    department = serializers.IntegerField(source="department_id", allow_null=True)

    class Meta:
        model = ReasonCode
        fields = ["id", "name", "department", "in_control", "is_offered", "is_active"]


_recovery, _note = shaping(RecoverySerializer), shaping(RecoveryNoteSerializer)
_department, _reason = shaping(DepartmentSerializer), shaping(ReasonSerializer)


# --- what may be sent


class Versioned(Body):
    version = serializers.IntegerField(required=False, min_value=0, max_value=LARGEST, help_text="As you know it.")


class OpenBody(Body):
    ticket = serializers.IntegerField(min_value=1, max_value=LARGEST)
    reason = serializers.IntegerField(required=False, min_value=1, max_value=LARGEST)
    owner = serializers.IntegerField(required=False, min_value=1, max_value=LARGEST)


class RecoveryOwnerBody(Versioned):
    owner = serializers.IntegerField(allow_null=True, min_value=1, max_value=LARGEST, help_text="null is nobody.")


class ExplanationBody(Versioned):
    reason = serializers.IntegerField(allow_null=True, min_value=1, max_value=LARGEST)
    department = serializers.IntegerField(
        required=False, allow_null=True, min_value=1, max_value=LARGEST, help_text="Left out: the reason's."
    )
    in_control = serializers.BooleanField(required=False, allow_null=True, help_text="Left out: as the reason says.")


class RecoveryNoteBody(Body):
    text = serializers.CharField(max_length=recovering.MOST_WORDS)


class ClosingBody(Versioned):
    outcome = serializers.ChoiceField(Outcome.choices)
    done = serializers.CharField(required=False, allow_blank=True, default="", max_length=recovering.MOST_WORDS)
    cost = serializers.DecimalField(12, 2, required=False, allow_null=True, default=None, min_value=0)


# --- endpoints


def _find(request: Request, pk: int) -> Recovery:
    seen = Recovery.objects.visible_to(agent_of(request)).select_related("response", "department", "ticket", "customer")
    return get_object_or_404(seen, pk=pk)


def _named(model: Any, pk: int | None, name: str) -> Any:
    """Something a body names by its id; None for null. Raises ValidationError that names the field."""
    if pk is None:
        return None
    found = model.objects.filter(pk=pk).first()
    if found is None:
        raise ValidationError({name: [_("There is no such thing.")]})
    return found


def _answer(request: Request, pk: int, *, status: int = 200) -> Response:
    """As it is now. Whoever gave it to another department may not see it any more; they see what they did."""
    found = Recovery.objects.select_related("response").get(pk=pk)
    data = _recovery(found)
    return Response(data, status=status, headers={"Location": data["url"]} if status == 201 else {})


class Recoveries(ApiView):
    """Recoveries."""

    PARAMETERS = [
        OpenApiParameter("show", OpenApiTypes.STR, enum=list(queue.SHELVES), description="Left out, all of them."),
        OpenApiParameter("ticket", OpenApiTypes.INT),
        OpenApiParameter("customer", OpenApiTypes.INT),
    ]

    @extend_schema(
        operation_id="recoveries_list", summary="List recoveries", tags=["feedback"],
        parameters=[*PARAMETERS, *PAGING], responses=paging.described(RecoverySerializer),
    )  # fmt: skip
    @paged(BY_DUE)
    def get(self, request: Request) -> Any:
        """Recoveries of the inboxes you see and of your departments, by when they are due."""
        only(request, *(one.name for one in self.PARAMETERS), "cursor", "limit")
        agent = agent_of(request)
        found = Recovery.objects.visible_to(agent).select_related("response")
        if show := request.query_params.get("show"):
            if show not in queue.SHELVES:
                raise BadQuery("show", _("One of: %(choices)s.") % {"choices": ", ".join(queue.SHELVES)})
            found = queue.SHELVES[show].choose(found, agent)
        for name in ("ticket", "customer"):
            text = request.query_params.get(name)
            if text is not None:
                if not (text.isascii() and text.isdecimal() and len(text) < 19):
                    raise BadQuery(name, _("A number."))
                found = found.filter(**{name: int(text)})
        return found, _recovery

    @extend_schema(
        operation_id="recoveries_open", summary="Open a recovery", tags=["feedback"], request=OpenBody,
        responses={201: RecoverySerializer},
    )  # fmt: skip
    @idempotent
    def post(self, request: Request) -> Response:
        """Open one about a ticket; while one goes on, that is answered."""
        body = read(OpenBody, request)
        made = opening_recoveries.open_by_hand(
            other_ticket(request, body["ticket"], "ticket"), actor=agent_of(request),
            reason=_named(ReasonCode, body.get("reason"), "reason"), owner=_named(Agent, body.get("owner"), "owner"),
        )  # fmt: skip
        return _answer(request, made.pk, status=201)


class RecoveryView(ApiView):
    """One recovery."""

    @extend_schema(
        operation_id="recoveries_read", summary="Read a recovery", tags=["feedback"], responses=RecoverySerializer
    )
    def get(self, request: Request, recovery: int) -> Response:
        """What was said, whose it is, why it happened, and how it ended."""
        return Response(_recovery(_find(request, recovery)))


def _act(
    request: Request, pk: int, body: type[Body], work: Callable[[Recovery, dict[str, Any], Agent], Any]
) -> Response:
    found, given = _find(request, pk), read(body, request)
    work(found, given, agent_of(request))
    return _answer(request, found.pk)


class RecoveryOwner(ApiView):
    """Whose it is."""

    light_methods = ("PUT",)

    @extend_schema(
        operation_id="recoveries_assign", summary="Give a recovery to somebody", tags=["feedback"],
        request=RecoveryOwnerBody, responses=RecoverySerializer,
    )  # fmt: skip
    def put(self, request: Request, recovery: int) -> Response:
        """Give it to somebody who works its inbox or belongs to its department; never to who was rated."""
        return _act(
            request, recovery, RecoveryOwnerBody,
            lambda one, given, agent: recovering.assign(
                one, owner=_named(Agent, given["owner"], "owner"), actor=agent, version=given.get("version")
            ),
        )  # fmt: skip


class RecoveryTakingUp(ApiView):
    """The first word to the customer."""

    light_methods = ("POST",)

    @extend_schema(
        operation_id="recoveries_take_up", summary="Say that the customer was spoken to", tags=["feedback"],
        request=Versioned, responses=RecoverySerializer,
    )  # fmt: skip
    @idempotent
    def post(self, request: Request, recovery: int) -> Response:
        """As on the phone: an answer on the ticket is heard by itself. Only the first word counts."""
        return _act(
            request, recovery, Versioned,
            lambda one, given, agent: recovering.take_up(one, actor=agent, version=given.get("version")),
        )  # fmt: skip


class RecoveryExplanation(ApiView):
    """Why it happened."""

    light_methods = ("PUT",)

    @extend_schema(
        operation_id="recoveries_explain", summary="Say why it happened", tags=["feedback"], request=ExplanationBody,
        responses=RecoverySerializer,
    )  # fmt: skip
    def put(self, request: Request, recovery: int) -> Response:
        """Its reason; department and control are the reason's, unless they are given."""

        def work(one: Recovery, given: dict[str, Any], agent: Agent) -> None:
            overridden: dict[str, Any] = {}
            if "department" in given:
                overridden["department"] = _named(Department, given["department"], "department")
            if "in_control" in given:
                overridden["in_control"] = given["in_control"]
            reason = _named(ReasonCode, given["reason"], "reason")
            recovering.explain(one, reason=reason, actor=agent, version=given.get("version"), **overridden)

        return _act(request, recovery, ExplanationBody, work)


class RecoveryNotes(ApiView):
    """Notes on a recovery."""

    light_methods = ("POST",)

    @extend_schema(
        operation_id="recoveries_notes_list", summary="List notes on a recovery", tags=["feedback"], parameters=PAGING,
        responses=paging.described(RecoveryNoteSerializer),
    )  # fmt: skip
    @paged(BY_ID)
    def get(self, request: Request, recovery: int) -> Any:
        """What those who work on it told each other, the oldest first."""
        only(request, "cursor", "limit")
        return RecoveryNote.objects.filter(recovery=_find(request, recovery)), _note

    @extend_schema(
        operation_id="recoveries_notes_add", summary="Note on a recovery", tags=["feedback"], request=RecoveryNoteBody,
        responses={201: RecoveryNoteSerializer},
    )  # fmt: skip
    @idempotent
    def post(self, request: Request, recovery: int) -> Response:
        """Write a note."""
        found, given = _find(request, recovery), read(RecoveryNoteBody, request)
        return Response(_note(recovering.note(found, text=given["text"], actor=agent_of(request))), status=201)


class RecoveryClosing(ApiView):
    """How it ended."""

    light_methods = ("PUT", "DELETE")

    @extend_schema(
        operation_id="recoveries_close", summary="Close a recovery", tags=["feedback"], request=ClosingBody,
        responses=RecoverySerializer,
    )  # fmt: skip
    def put(self, request: Request, recovery: int) -> Response:
        """Say how it ended, what was done and what it cost. Whatever but `not_needed` needs a reason first."""
        return _act(
            request, recovery, ClosingBody,
            lambda one, given, agent: recovering.close(
                one, outcome=Outcome(given["outcome"]), done=given["done"], cost=given["cost"], actor=agent,
                version=given.get("version"),
            ),
        )  # fmt: skip

    @extend_schema(
        operation_id="recoveries_reopen", summary="Open a recovery again", tags=["feedback"], request=None,
        responses=RecoverySerializer,
    )  # fmt: skip
    def delete(self, request: Request, recovery: int) -> Response:
        """It is not over."""
        found = _find(request, recovery)
        recovering.reopen(found, actor=agent_of(request))
        return _answer(request, found.pk)


class Departments(ApiView):
    """Departments."""

    @extend_schema(
        operation_id="departments_list", summary="List departments", tags=["feedback"], parameters=PAGING,
        responses=paging.described(DepartmentSerializer),
    )  # fmt: skip
    @paged(BY_ID)
    def get(self, request: Request) -> Any:
        """All departments with their members."""
        only(request, "cursor", "limit")
        return Department.objects.prefetch_related("members"), _department


class Reasons(ApiView):
    """Reasons."""

    @extend_schema(
        operation_id="reasons_list", summary="List reasons", tags=["feedback"], parameters=PAGING,
        responses=paging.described(ReasonSerializer),
    )  # fmt: skip
    @paged(BY_ID)
    def get(self, request: Request) -> Any:
        """Why customers are unhappy, and whose matter each is."""
        only(request, "cursor", "limit")
        return ReasonCode.objects.all(), _reason
