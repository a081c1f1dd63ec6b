"""Acts on a ticket by programs: one endpoint for all that agents do with one, taking back, joining and taking apart."""

from typing import Any

from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from helpdesk.api import paging
from helpdesk.api.idempotency import idempotent
from helpdesk.api.views import ApiView, Body, absolute, paged, read, shaping
from helpdesk.models import Event
from tickets.api.serializers import AgentBriefSerializer, KnownTicketSerializer
from tickets.api.shared import (
    IF_MATCH,
    ScalarField,
    agent_of,
    answer,
    find,
    must_not_be_light,
    other_ticket,
    seen,
)
from tickets.models import Merge, Message, Ticket
from tickets.operations import acting, collisions, linking, merging, moving
from tickets.operations.status import NotPossible
from tickets.operations.undo import undo

LARGEST = 2**63 - 1
#: each act, and what may be said with it; see tickets.operations.acting
SAID_WITH: dict[str, tuple[str, ...]] = {
    "assign": ("agent", "team"), "take": (), "status": ("to",), "snooze": ("until", "words"), "wake": (),
    "priority": ("to",), "type": ("to",), "tag": ("tag",), "untag": ("tag",), "field": ("key", "value"), "follow": (),
    "unfollow": (), "spam": ("block",), "trash": (), "restore": (),
}  # fmt: skip
#: what whoever only reads and notes does as well
FOR_EVERYBODY = ("follow", "unfollow")
EXAMPLES = [
    OpenApiExample(said, value=act, request_only=True)
    for said, act in {
        "Give it to an agent": {"do": "assign", "agent": 3, "team": 1},
        "Take it": {"do": "take"},
        "Resolve, unless a colleague changed the status": {"do": "status", "to": "resolved", "version": 812},
        "Snooze until a time": {"do": "snooze", "until": "2026-12-24T09:00:00+01:00"},
        "Snooze in words": {"do": "snooze", "words": "tomorrow 9"},
        "Priority": {"do": "priority", "to": "high"},
        "Answer a custom field": {"do": "field", "key": "plan", "value": "gold"},
        "Spam, and block the sender": {"do": "spam", "block": True},
    }.items()
]
LINK_KINDS = [(kind, kind) for kind in linking.OTHER_WAY]
BY_ID = paging.Order("id", "id")


class ActBody(Body):
    """An act. Which of the other fields go with it depends on `do`; any that does not is refused."""

    do = serializers.ChoiceField(list(SAID_WITH))
    agent = serializers.IntegerField(required=False, allow_null=True, min_value=1, max_value=LARGEST)
    team = serializers.IntegerField(required=False, allow_null=True, min_value=1, max_value=LARGEST)
    to = serializers.CharField(required=False, allow_blank=True, max_length=20)
    until = serializers.CharField(required=False, max_length=40)
    words = serializers.CharField(required=False, max_length=80)
    tag = serializers.CharField(required=False, max_length=50)
    key = serializers.CharField(required=False, max_length=40)
    value = ScalarField(required=False)
    block = serializers.BooleanField(required=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        allowed = {"do", "version", *SAID_WITH[attrs["do"]]}
        if extra := [name for name in attrs if name not in allowed]:
            raise serializers.ValidationError({name: [self.error_messages["unknown"]] for name in extra})
        try:
            cleaned = acting.clean({name: value for name, value in attrs.items() if name != "version"})
        except NotPossible as why:
            raise serializers.ValidationError(str(why)) from why
        return {"act": cleaned, "version": attrs.get("version")}


class TicketActBody(ActBody):
    """An act on one ticket. `version` is the ticket's as you know it; in its place `If-Match` may say so."""

    version = serializers.IntegerField(required=False, min_value=0, max_value=LARGEST)


class Acts(ApiView):
    """All that agents do with a ticket besides answering."""

    light_methods = ("POST",)

    @extend_schema(
        operation_id="acts_perform", summary="Perform an act", tags=["acts"], request=TicketActBody,
        parameters=[IF_MATCH], responses=KnownTicketSerializer, examples=EXAMPLES,
    )  # fmt: skip
    @idempotent
    def post(self, request: Request, number: int) -> Response:
        """Assign, take, set status, priority and type, snooze, wake, tag, answer a field, follow, spam, trash, restore.

        Of `assign`, whoever is left out is nobody. Answers with the ticket as it is now, and in `undo` the way back.
        """
        agent, ticket = agent_of(request), find(request, number)
        body = read(TicketActBody, request)
        if body["act"]["do"] not in FOR_EVERYBODY:
            must_not_be_light(agent)
        before = collisions.last_event(ticket)
        acting.perform(ticket, body["act"], actor=agent, seen=seen(request, body["version"]))
        return answer(request, number, since=before)


class Undo(ApiView):
    """Taking an act back."""

    light_methods = ("POST",)

    @extend_schema(
        operation_id="acts_undo", summary="Undo", tags=["acts"], request=None, responses=KnownTicketSerializer
    )
    @idempotent
    def post(self, request: Request, number: int, event: int) -> Response:
        """Take back what you did: the address stands in `undo` of the answer to an act."""
        ticket = find(request, number)
        read(Body, request)
        done = get_object_or_404(Event, pk=event, stream_id=ticket.number)
        undo(ticket, done, actor=agent_of(request))
        return answer(request, number)


# --- joining and taking apart


class MergeSerializer(serializers.ModelSerializer[Merge]):
    """A ticket that went into another one. DELETE its `url` within 30 days to take it out again."""

    url = serializers.SerializerMethodField()
    ticket = serializers.IntegerField(source="source_id")
    into = serializers.IntegerField(source="target_id")
    by = AgentBriefSerializer(allow_null=True)

    class Meta:
        model = Merge
        fields = ["id", "url", "ticket", "into", "by", "at"]

    def get_url(self, merge: Merge) -> str:
        return absolute(reverse("api_merge", args=[merge.target_id, merge.pk]))


class MergeBody(Body):
    ticket = serializers.IntegerField(min_value=1, max_value=LARGEST, help_text="The ticket that goes into this one.")
    version = serializers.IntegerField(
        required=False, min_value=0, max_value=LARGEST, help_text="Of the ticket that goes."
    )


_merge = shaping(MergeSerializer)


class Merges(ApiView):
    """What went into a ticket."""

    @extend_schema(
        operation_id="merges_list", summary="List merges", tags=["joining"], responses=paging.described(MergeSerializer)
    )
    @paged(BY_ID)
    def get(self, request: Request, number: int) -> Any:
        """The tickets that went into this one and can still be taken out, the first first."""
        ticket = find(request, number)
        there = Merge.objects.filter(pk__in=[one.pk for one in merging.merges_of(ticket)])
        return there.select_related("by"), _merge

    @extend_schema(
        operation_id="merges_create", summary="Merge", tags=["joining"], request=MergeBody,
        responses={201: MergeSerializer},
    )  # fmt: skip
    @idempotent
    def post(self, request: Request, number: int) -> Response:
        """Let another ticket of the same inbox go on in this one: it is closed and leads here."""
        into = find(request, number)
        body = read(MergeBody, request)
        source = other_ticket(request, body["ticket"], "ticket")
        made = merging.merge(source, into=into, actor=agent_of(request), seen=seen(request, body.get("version")))
        data = _merge(made)
        return Response(data, status=201, headers={"Location": data["url"]})


class MergeView(ApiView):
    """One merge."""

    @extend_schema(operation_id="merges_delete", summary="Unmerge", tags=["joining"], responses=KnownTicketSerializer)
    def delete(self, request: Request, number: int, merge: int) -> Response:
        """Take a ticket out again, within 30 days. Answers with that ticket."""
        ticket = find(request, number)
        made = get_object_or_404(Merge.objects.select_related("source"), pk=merge, target=ticket)
        return answer(request, merging.unmerge(made, actor=agent_of(request)).pk)


class SplitBody(Body):
    messages = serializers.ListField(
        child=serializers.IntegerField(min_value=1, max_value=LARGEST), min_length=1, max_length=100
    )


class Split(ApiView):
    """Taking messages out of a ticket."""

    @extend_schema(
        operation_id="split_create", summary="Split", tags=["joining"], request=SplitBody,
        responses={201: KnownTicketSerializer},
    )  # fmt: skip
    @idempotent
    def post(self, request: Request, number: int) -> Response:
        """Make messages of a customer a ticket of their own, linked with this one. Answers with the new ticket."""
        ticket = find(request, number)
        wanted = set(read(SplitBody, request)["messages"])
        found = list(Message.objects.filter(ticket=ticket, pk__in=wanted).select_related("ticket"))
        if len(found) < len(wanted):
            raise ValidationError({"messages": [_("Name messages of this ticket.")]})
        return answer(request, moving.split(found, actor=agent_of(request)).pk, status=201)


class TicketBriefSerializer(serializers.ModelSerializer[Ticket]):
    url = serializers.SerializerMethodField()

    class Meta:
        model = Ticket
        fields = ["number", "url", "subject", "status"]

    def get_url(self, ticket: Ticket) -> str:
        return absolute(reverse("api_ticket", args=[ticket.number]))


class LinkSerializer(serializers.Serializer[Any]):
    """Another ticket, and what it is to this one."""

    kind = serializers.ChoiceField(LINK_KINDS)
    ticket = TicketBriefSerializer(source="other")


class LinkBody(Body):
    ticket = serializers.IntegerField(min_value=1, max_value=LARGEST)
    kind = serializers.ChoiceField(LINK_KINDS, default="related", help_text="What this ticket is to the other one.")


class LinksSerializer(serializers.Serializer[Any]):
    results = LinkSerializer(many=True)


class Links(ApiView):
    """Tickets that have to do with each other."""

    @extend_schema(operation_id="links_list", summary="List links", tags=["joining"], responses=LinksSerializer)
    def get(self, request: Request, number: int) -> Response:
        """The tickets linked with this one that you may see: they are few, and come at once."""
        found = linking.links_of(find(request, number), agent_of(request))
        return Response(LinksSerializer({"results": found}).data)

    @extend_schema(
        operation_id="links_create", summary="Link", tags=["joining"], request=LinkBody, responses=KnownTicketSerializer
    )
    @idempotent
    def post(self, request: Request, number: int) -> Response:
        """Say what this ticket is to another one. A second link of the two says it anew."""
        ticket = find(request, number)
        body = read(LinkBody, request)
        other, before = other_ticket(request, body["ticket"], "ticket"), collisions.last_event(ticket)
        linking.link(ticket, to=other, kind=body["kind"], actor=agent_of(request))
        return answer(request, number, since=before)


class LinkView(ApiView):
    """One link."""

    @extend_schema(operation_id="links_delete", summary="Unlink", tags=["joining"], responses=KnownTicketSerializer)
    def delete(self, request: Request, number: int, other: int) -> Response:
        """Let two tickets have nothing to do with each other."""
        ticket, agent = find(request, number), agent_of(request)
        linked = get_object_or_404(Ticket.objects.visible_to(agent), number=other)
        before = collisions.last_event(ticket)
        linking.unlink(ticket, to=linked, actor=agent)
        return answer(request, number, since=before)
