"""The voice of the customer for programs: topics, remarks, complaints."""

from typing import Any

from django.db.models import Q
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from feedback import voice
from feedback.models import Complaint, ReasonCode, Remark, Topic
from feedback.operations import complaining, remarks
from helpdesk.api import paging
from helpdesk.api.idempotency import idempotent
from helpdesk.api.problems import BadQuery
from helpdesk.api.schema import PAGING
from helpdesk.api.views import ApiView, Body, paged, read, shaping
from tickets.api.shared import agent_of, only, words_of
from tickets.models import Customer, Inbox, Ticket

BY_ID = paging.Order("id", "id")
NEWEST = paging.Order("said_at", "id", down=True)
LATEST = paging.Order("received_at", "id", down=True)
LARGEST = 2**63 - 1
TONES = {"good": 1, "neither": 0, "bad": -1}
_TONE_OF = {value: name for name, value in TONES.items()}


class TopicSerializer(serializers.ModelSerializer[Topic]):
    """What things are about, and the words that find it."""

    phrases = serializers.SerializerMethodField()
    department = serializers.IntegerField(source="department_id", allow_null=True)

    class Meta:
        model = Topic
        fields = ["id", "name", "phrases", "department", "is_active", "version"]

    def get_phrases(self, topic: Topic) -> list[str]:
        return topic.phrases.splitlines()


class RemarkSerializer(serializers.ModelSerializer[Remark]):
    """Something a customer said. `source` is survey, complaint, review or noted; `kind` and `score` are a survey's."""

    inbox = serializers.IntegerField(source="inbox_id")
    ticket = serializers.IntegerField(source="ticket_id", allow_null=True)
    customer = serializers.IntegerField(source="customer_id", allow_null=True)
    department = serializers.IntegerField(source="department_id", allow_null=True)
    assignee = serializers.IntegerField(source="assignee_id", allow_null=True)
    tone = serializers.SerializerMethodField(help_text="good, bad or neither.")
    topics = serializers.SerializerMethodField(help_text="Each with the words that say so; none where a person did.")

    class Meta:
        model = Remark
        fields = [
            "id", "source", "inbox", "ticket", "customer", "text", "kind", "score", "tone", "said_at", "topics",
            "department", "assignee", "settled_at",
        ]  # fmt: skip

    def get_tone(self, remark: Remark) -> str:
        return _TONE_OF.get(remark.tone, "neither")

    def get_topics(self, remark: Remark) -> list[dict[str, Any]]:
        its = remark.found_topics.all()
        return [{"topic": one.topic_id, "found": one.found} for one in its]


class ComplaintSerializer(serializers.ModelSerializer[Complaint]):
    """A complaint and its steps. `finding` is upheld, partly or not_upheld; `is_agreed` null is not known."""

    ticket = serializers.IntegerField(source="ticket_id")
    reason = serializers.IntegerField(source="reason_id", allow_null=True)

    class Meta:
        model = Complaint
        fields = [
            "id", "ticket", "received_at", "acknowledge_by", "acknowledged_at", "decided_at", "finding", "outcome",
            "reason", "closed_at", "is_agreed",
        ]  # fmt: skip


class RemarkBody(Body):
    """What a customer said somewhere we do not listen."""

    text = serializers.CharField(max_length=remarks.MOST_TEXT)
    tone = serializers.ChoiceField(list(TONES), default="neither")
    inbox = serializers.IntegerField(required=False, min_value=1, max_value=LARGEST)
    ticket = serializers.IntegerField(required=False, min_value=1, max_value=LARGEST)
    customer = serializers.IntegerField(required=False, min_value=1, max_value=LARGEST)
    said_at = serializers.DateTimeField(required=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if ("inbox" in attrs) == ("ticket" in attrs):
            raise serializers.ValidationError({"inbox": [_("Name the inbox, or the ticket.")]})
        if "ticket" in attrs and "customer" in attrs:
            raise serializers.ValidationError({"customer": [_("The ticket says whose it is.")]})
        return attrs


class DecisionBody(Body):
    """What was found, what the customer was told, and why it came to that."""

    finding = serializers.ChoiceField(Complaint.Finding.choices)
    outcome = serializers.CharField(
        required=False, allow_blank=True, default="", max_length=complaining.MOST_OUTCOME,
        help_text="What the customer was told.",
    )  # fmt: skip
    reason = serializers.IntegerField(required=False, allow_null=True, default=None, min_value=1, max_value=LARGEST)


class ComplaintClosingBody(Body):
    """Whether the customer agrees; null is not known."""

    is_agreed = serializers.BooleanField(allow_null=True)


_topic, _remark, _complaint = shaping(TopicSerializer), shaping(RemarkSerializer), shaping(ComplaintSerializer)


class Topics(ApiView):
    """Topics."""

    @extend_schema(
        operation_id="topics_list", summary="List topics", tags=["feedback"], parameters=PAGING,
        responses=paging.described(TopicSerializer),
    )  # fmt: skip
    @paged(BY_ID)
    def get(self, request: Request) -> Any:
        """All topics with their phrases; those no longer used, too."""
        only(request, "cursor", "limit")
        return Topic.objects.all(), _topic


class Remarks(ApiView):
    """Remarks."""

    PARAMETERS = [
        OpenApiParameter("q", OpenApiTypes.STR, description="Words that stand in it."),
        OpenApiParameter("source", OpenApiTypes.STR, enum=Remark.Source.values),
        OpenApiParameter("tone", OpenApiTypes.STR, enum=list(TONES)),
        OpenApiParameter("topic", OpenApiTypes.INT, description="A topic's id."),
        OpenApiParameter("inbox", OpenApiTypes.INT),
        OpenApiParameter("department", OpenApiTypes.INT),
        OpenApiParameter("state", OpenApiTypes.STR, enum=["open", "settled"]),
    ]

    @extend_schema(
        operation_id="remarks_list", summary="List remarks", tags=["feedback"], parameters=[*PARAMETERS, *PAGING],
        responses=paging.described(RemarkSerializer),
    )  # fmt: skip
    @paged(NEWEST)
    def get(self, request: Request) -> Any:
        """What customers said in the inboxes you see and of your departments, the latest first."""
        only(request, *(one.name for one in self.PARAMETERS), "cursor", "limit")
        found = voice.listed(
            agent_of(request),
            voice.Asked(
                words=words_of(request, "q", 100), source=_one_of(request, "source", Remark.Source.values) or "",
                tone=TONES.get(_one_of(request, "tone", list(TONES)) or ""), topic=_number(request, "topic"),
                inbox=_number(request, "inbox"), department=_number(request, "department"), has_words=False,
                state=_one_of(request, "state", ["open", "settled"]) or "",
            ),
        )  # fmt: skip
        return found.prefetch_related("found_topics"), _remark

    @extend_schema(
        operation_id="remarks_create", summary="Note a remark", tags=["feedback"], request=RemarkBody,
        responses={201: RemarkSerializer},
    )  # fmt: skip
    @idempotent
    def post(self, request: Request) -> Response:
        """Write down what a customer said: on a ticket, or of an inbox."""
        agent, body = agent_of(request), read(RemarkBody, request)
        ticket = (
            _seen(Ticket.objects.visible_to(agent).filter(pk=body["ticket"]), "ticket") if "ticket" in body else None
        )
        inbox = ticket.inbox if ticket else _seen(Inbox.objects.visible_to(agent).filter(pk=body["inbox"]), "inbox")
        customer = None
        if "customer" in body:
            customer = _seen(Customer.objects.visible_to(agent).filter(pk=body["customer"]), "customer")
        kept = remarks.note(
            text=body["text"], tone=TONES[body["tone"]], inbox=inbox, ticket=ticket, customer=customer,
            said_at=body.get("said_at"), actor=agent,
        )  # fmt: skip
        return Response(_remark(get_object_or_404(Remark, pk=kept.pk)), status=201)


class Complaints(ApiView):
    """Complaints."""

    @extend_schema(
        operation_id="complaints_list", summary="List complaints", tags=["feedback"],
        parameters=[
            OpenApiParameter("show", OpenApiTypes.STR, enum=["open", "overdue", "closed", "all"]),
            OpenApiParameter("ticket", OpenApiTypes.INT, description="A ticket's number."), *PAGING,
        ],
        responses=paging.described(ComplaintSerializer),
    )  # fmt: skip
    @paged(LATEST)
    def get(self, request: Request) -> Any:
        """The complaints on tickets you see, the latest first. Withdrawn ones are in no list."""
        only(request, "show", "ticket", "cursor", "limit")
        show = _one_of(request, "show", ["open", "overdue", "closed", "all"]) or "all"
        number = _number(request, "ticket")
        return voice.complaints(agent_of(request), show=show).filter(Q(ticket=number) if number else Q()), _complaint


class ComplaintView(ApiView):
    """The complaint of a ticket."""

    @extend_schema(
        operation_id="complaints_get", summary="Get a ticket's complaint", tags=["feedback"],
        responses=ComplaintSerializer,
    )  # fmt: skip
    def get(self, request: Request, ticket: int) -> Response:
        """How far it is."""
        only(request)
        return Response(_complaint(_complaint_of(request, ticket)))


class ComplaintAcknowledgement(ApiView):
    """The customer having been told that it came."""

    @extend_schema(
        operation_id="complaints_acknowledge", summary="Say that a complaint was acknowledged", tags=["feedback"],
        request=None, responses=ComplaintSerializer,
    )  # fmt: skip
    def put(self, request: Request, ticket: int) -> Response:
        """It was, by another way than an answer of a person here, which is heard by itself."""
        read(Body, request)
        found = complaining.acknowledge(_complaint_of(request, ticket), actor=agent_of(request))
        return Response(_complaint(found))

    @extend_schema(
        operation_id="complaints_unacknowledge", summary="Take that back", tags=["feedback"], request=None,
        responses=ComplaintSerializer,
    )  # fmt: skip
    def delete(self, request: Request, ticket: int) -> Response:
        """It was not. What an answer said stays said."""
        found = complaining.unacknowledge(_complaint_of(request, ticket), actor=agent_of(request))
        return Response(_complaint(found))


class ComplaintDecision(ApiView):
    """What was found, and what the customer was told."""

    @extend_schema(
        operation_id="complaints_decide", summary="Decide a complaint", tags=["feedback"], request=DecisionBody,
        responses=ComplaintSerializer,
    )  # fmt: skip
    def put(self, request: Request, ticket: int) -> Response:
        """Keep what was found. It acknowledges it too."""
        complaint, given = _complaint_of(request, ticket), read(DecisionBody, request)
        reason = given["reason"] and _seen(ReasonCode.objects.filter(pk=given["reason"]), "reason")
        found = complaining.decide(
            complaint, finding=given["finding"], outcome=given["outcome"], reason=reason, actor=agent_of(request)
        )
        return Response(_complaint(found))

    @extend_schema(
        operation_id="complaints_undecide", summary="Take a decision back", tags=["feedback"], request=None,
        responses=ComplaintSerializer,
    )  # fmt: skip
    def delete(self, request: Request, ticket: int) -> Response:
        """Nothing is decided yet."""
        found = complaining.undecide(_complaint_of(request, ticket), actor=agent_of(request))
        return Response(_complaint(found))


class ComplaintClosing(ApiView):
    """Its end, with the customer's consent or without."""

    @extend_schema(
        operation_id="complaints_close", summary="Close a complaint", tags=["feedback"], request=ComplaintClosingBody,
        responses=ComplaintSerializer,
    )  # fmt: skip
    def put(self, request: Request, ticket: int) -> Response:
        """Only what was decided can be closed."""
        complaint, given = _complaint_of(request, ticket), read(ComplaintClosingBody, request)
        found = complaining.close(complaint, is_agreed=given["is_agreed"], actor=agent_of(request))
        return Response(_complaint(found))

    @extend_schema(
        operation_id="complaints_reopen", summary="Open a complaint again", tags=["feedback"], request=None,
        responses=ComplaintSerializer,
    )  # fmt: skip
    def delete(self, request: Request, ticket: int) -> Response:
        """It is not over."""
        found = complaining.reopen(_complaint_of(request, ticket), actor=agent_of(request))
        return Response(_complaint(found))


def _complaint_of(request: Request, ticket: int) -> Complaint:
    """The one of a ticket one may see, unless it was withdrawn; else 404."""
    return get_object_or_404(Complaint.objects.visible_to(agent_of(request)).standing(), ticket=ticket)


def _seen(found: Any, name: str) -> Any:
    """The one thing, or a word that there is none: a foreign one is as good as none."""
    one = found.first()
    if one is None:
        raise ValidationError({name: [_("There is no such thing here.")]})
    return one


def _number(request: Request, name: str) -> int | None:
    text = request.query_params.get(name)
    if text is None:
        return None
    if not (text.isascii() and text.isdigit() and len(text) <= 18):
        raise BadQuery(name, _("A whole number."))
    return int(text)


def _one_of(request: Request, name: str, choices: list[str]) -> str | None:
    text = request.query_params.get(name)
    if text is not None and text not in choices:
        raise BadQuery(name, _("One of: %(choices)s.") % {"choices": ", ".join(choices)})
    return text
