"""The endpoints of tickets. Whatever an agent may not see is a 404, as if it were not there."""

from typing import Any

from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import serializers as rest_serializers
from rest_framework.exceptions import APIException, PermissionDenied, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from helpdesk.api import paging, problems
from helpdesk.api.idempotency import idempotent
from helpdesk.api.schema import PAGING
from helpdesk.api.views import ApiView, Body, MayChange, paged, read
from helpdesk.events import history
from helpdesk.models import Agent, Team
from tickets.api import listing, serializers
from tickets.api.serializers import (
    AgentSerializer,
    AssignmentBody,
    EventSerializer,
    InboxSerializer,
    KnownTicketSerializer,
    MessageBody,
    MessageSerializer,
    StatusBody,
    TagBody,
    TeamSerializer,
    TicketBody,
    TicketSerializer,
    WaySerializer,
    whole_messages,
)
from tickets.api.shared import IF_MATCH, act_on, agent_of, answer, find
from tickets.models import Attachment, Inbox, Message, MessageKind, Tag
from tickets.operations import assignment, opening, posting, recipients, replying, sorting, status
from tickets.operations.answering_fields import NoAnswer
from tickets.operations.collisions import ChangedMeanwhile
from tickets.operations.customers import AddressTaken
from tickets.operations.recipients import Chosen
from tickets.operations.status import NotAnswered, NotPossible

# the narrower first
problems.kind(NotAnswered, 422, "not-answered")
problems.kind(NoAnswer, 422, "no-answer")
problems.kind(ChangedMeanwhile, 412, "changed-meanwhile")
problems.kind(AddressTaken, 409, "address-taken")
problems.kind(NotPossible, 409, "not-possible")

BY_ID = paging.Order("id", "id")
BY_TIME = paging.Order("created_at", "id")


class Tickets(ApiView):
    """The list, and opening a new one."""

    @extend_schema(
        operation_id="tickets_list", summary="List tickets", tags=["tickets"],
        parameters=[*listing.PARAMETERS, *PAGING], responses=paging.described(TicketSerializer),
    )  # fmt: skip
    def get(self, request: Request) -> Response:
        """Tickets of the inboxes you see, newest first unless `order` says otherwise."""
        tickets, after = listing.page(request)
        return Response(paging.envelope(request, [serializers.ticket(ticket) for ticket in tickets], after))

    @extend_schema(
        operation_id="tickets_open", summary="Open a ticket", tags=["tickets"],
        request=TicketBody, responses={201: TicketSerializer},
    )  # fmt: skip
    @idempotent
    def post(self, request: Request) -> Response:
        """Open a ticket with what a customer said; the customer is made if the address is new."""
        body = read(TicketBody, request)
        ticket = opening.open_ticket(
            inbox=body["inbox"],
            address=body["customer"]["address"],
            name=body["customer"]["name"],
            subject=body["subject"],
            text=body["text"],
            files=body["attachments"],
            actor=agent_of(request),
        )
        # a new ticket has no tags: saying so spares asking
        ticket._prefetched_objects_cache = {"tags": Tag.objects.none()}  # type: ignore[attr-defined]
        data = serializers.ticket(ticket)
        return Response(data, status=201, headers={"Location": data["url"]})


class TicketView(ApiView):
    """One ticket."""

    @extend_schema(
        operation_id="tickets_read", summary="Read a ticket", tags=["tickets"], responses=KnownTicketSerializer
    )
    def get(self, request: Request, number: int) -> Response:
        """The ticket. Its conversation is at `messages/`, what happened to it at `events/`; `ETag` is its version."""
        return answer(request, number)


class Messages(ApiView):
    """The conversation."""

    light_methods = ("POST",)

    @extend_schema(
        operation_id="messages_list", summary="List messages", tags=["messages"],
        parameters=PAGING, responses=paging.described(MessageSerializer),
    )  # fmt: skip
    @paged(BY_TIME)
    def get(self, request: Request, number: int) -> Any:
        """What was said, oldest first."""
        return whole_messages(find(request, number).messages.filter(withdrawn_at=None)), serializers.message

    @extend_schema(
        operation_id="messages_write", summary="Reply or note", tags=["messages"],
        request=MessageBody, responses={201: MessageSerializer},
    )  # fmt: skip
    @idempotent
    def post(self, request: Request, number: int) -> Response:
        """Answer the customer (`reply`), or write for the team's eyes only (`note`)."""
        agent, ticket = agent_of(request), find(request, number)
        body = read(MessageBody, request)
        if body["kind"] == MessageKind.REPLY and not agent.may_reply:
            raise PermissionDenied(MayChange.message)
        if body["kind"] == MessageKind.NOTE:
            message = replying.add_note(ticket, text=body["text"], actor=agent, files=body["attachments"])
        else:
            to, cc, bcc = (tuple(body.get(name, ())) for name in ("to", "cc", "bcc"))
            message = replying.reply(
                ticket,
                text=body["text"],
                actor=agent,
                files=body["attachments"],
                to=Chosen(to, cc, bcc) if to else None,
                via="mail" if to else body.get("via", ""),
            )
        written = whole_messages(Message.objects.filter(pk=message.pk)).get()
        return Response(serializers.message(written), status=201)


class WaysSerializer(rest_serializers.Serializer[Any]):
    results = WaySerializer(many=True)


class Ways(ApiView):
    """The ways an answer may go."""

    @extend_schema(operation_id="ways_list", summary="List ways", tags=["messages"], responses=WaysSerializer)
    def get(self, request: Request, number: int) -> Response:
        """The conversations of this ticket one can answer into, the latest heard first, and mail where it can go out.

        They are few, and come at once.
        """
        ticket = find(request, number)
        talks = posting.routes(ticket)
        usual = posting.route_to(ticket, recipients.answered_by(ticket), known=talks)
        key = usual.key if usual else posting.BY_MAIL
        mail = posting.by_mail(ticket)
        ways = [_Way(one, is_usual=one.key == key) for one in [*talks, *([mail] if mail else [])]]
        return Response(WaysSerializer({"results": ways}).data)


class _Way:
    """A route, and whether it is the one that is taken by itself."""

    def __init__(self, route: posting.Route, *, is_usual: bool) -> None:
        self.key, self.kind, self.name, self.to = route.key, route.kind, route.name, route.to
        self.is_public, self.is_usual, self.closed, self.can = route.is_public, is_usual, route.closed, route.can


class FileHeld(APIException):
    """The virus scanner found something in the file, or has not looked at it yet."""

    status_code = 409
    default_code = "file-held"

    def __init__(self, held: str) -> None:
        infected = _("A virus was found in this file, so it is not handed out.")
        super().__init__(infected if held == "infected" else _("This file is still being checked. Try again soon."))


class AttachmentView(ApiView):
    """A file of a message."""

    @extend_schema(
        operation_id="attachments_read", summary="Download an attachment", tags=["messages"],
        responses={(200, "application/octet-stream"): OpenApiResponse(OpenApiTypes.BINARY, description="The file.")},
    )  # fmt: skip
    def get(self, request: Request, number: int, id: int) -> HttpResponse:
        """The bytes, always as a download."""
        ticket = find(request, number)
        found = get_object_or_404(Attachment.objects.select_related("file"), pk=id, message__ticket=ticket)
        if found.file.held:
            raise FileHeld(found.file.held)
        try:
            response = HttpResponse(found.file.read(), content_type="application/octet-stream")
        except FileNotFoundError:
            raise Http404 from None
        response["Content-Disposition"] = content_disposition_header(True, found.filename) or "attachment"
        return response


class Resolution(ApiView):
    """A ticket's being resolved."""

    @extend_schema(
        operation_id="resolution_create",
        summary="Resolve",
        tags=["acts"],
        request=None,
        responses=KnownTicketSerializer,
        parameters=[IF_MATCH],
    )
    @idempotent
    def post(self, request: Request, number: int) -> Response:
        """Resolve the ticket. Resolving twice is resolving once."""
        read(Body, request)
        return act_on(request, number, "status", lambda ticket: status.resolve(ticket, actor=agent_of(request)))

    @extend_schema(
        operation_id="resolution_delete",
        summary="Reopen",
        tags=["acts"],
        responses=KnownTicketSerializer,
        parameters=[IF_MATCH],
    )
    def delete(self, request: Request, number: int) -> Response:
        """Open the ticket again."""
        return act_on(request, number, "status", lambda ticket: status.reopen(ticket, actor=agent_of(request)))


class Assignment(ApiView):
    """Who owes the next step."""

    @extend_schema(
        operation_id="assignment_set",
        summary="Assign",
        tags=["acts"],
        request=AssignmentBody,
        responses=KnownTicketSerializer,
        parameters=[IF_MATCH],
    )
    def put(self, request: Request, number: int) -> Response:
        """Give the ticket to an agent, a team or both. What is left out stays, null takes away."""
        ticket = find(request, number)
        body = read(AssignmentBody, request)
        agent, team = ticket.assignee, ticket.team
        if "agent" in body:
            agent = _named(Agent.objects.active(), body["agent"], "agent", _("There is no such agent."))
        if "team" in body:
            teams = Team.objects.filter(inboxes=ticket.inbox_id)
            team = _named(teams, body["team"], "team", _("No such team works in this inbox."))
        return act_on(
            request, number, "assignment",
            lambda ticket: assignment.assign(ticket, agent=agent, team=team, actor=agent_of(request)),
        )  # fmt: skip

    @extend_schema(
        operation_id="assignment_delete",
        summary="Unassign",
        tags=["acts"],
        responses=KnownTicketSerializer,
        parameters=[IF_MATCH],
    )
    def delete(self, request: Request, number: int) -> Response:
        """Make it nobody's. It stays in its team."""
        return act_on(
            request, number, "assignment", lambda ticket: assignment.unassign(ticket, actor=agent_of(request))
        )


def _named(rows: Any, pk: int | None, field: str, absent: str) -> Any:
    if pk is None:
        return None
    found = rows.filter(pk=pk).first()
    if found is None:
        raise ValidationError({field: [absent]})
    return found


class Tags(ApiView):
    """The tags of a ticket."""

    @extend_schema(
        operation_id="tags_add", summary="Tag", tags=["acts"], request=TagBody, responses=KnownTicketSerializer
    )
    @idempotent
    def post(self, request: Request, number: int) -> Response:
        """Put a tag on the ticket, making the tag if it is new."""
        find(request, number)
        name = read(TagBody, request)["name"]
        return act_on(request, number, "", lambda ticket: sorting.tag(ticket, name=name, actor=agent_of(request)))


class TagView(ApiView):
    """One tag of a ticket."""

    @extend_schema(operation_id="tags_remove", summary="Untag", tags=["acts"], responses=KnownTicketSerializer)
    def delete(self, request: Request, number: int, name: str) -> Response:
        """Take a tag off. One that is not there is off already."""
        return act_on(request, number, "", lambda ticket: sorting.untag(ticket, name=name, actor=agent_of(request)))


class StatusView(ApiView):
    """Who the ticket waits for. Resolving is a matter of its own."""

    moves = {"open": status.reopen, "pending": status.pend, "on_hold": status.hold}

    @extend_schema(
        operation_id="status_set",
        summary="Set the status",
        tags=["acts"],
        request=StatusBody,
        responses=KnownTicketSerializer,
        parameters=[IF_MATCH],
    )
    def put(self, request: Request, number: int) -> Response:
        """Open, pending (on the customer) or on hold (on somebody else)."""
        find(request, number)
        move = self.moves[read(StatusBody, request)["status"]]
        return act_on(request, number, "status", lambda ticket: move(ticket, actor=agent_of(request)))


class Events(ApiView):
    """What happened to a ticket."""

    @extend_schema(
        operation_id="events_list", summary="List a ticket's events", tags=["tickets"],
        parameters=PAGING, responses=paging.described(EventSerializer),
    )  # fmt: skip
    @paged(BY_ID)
    def get(self, request: Request, number: int) -> Any:
        """The ledger of the ticket, oldest first: every change, who made it and when."""
        return history(find(request, number).ledger_stream), serializers.event


class Inboxes(ApiView):
    """Shared inboxes."""

    @extend_schema(
        operation_id="inboxes_list", summary="List inboxes", tags=["people"],
        parameters=PAGING, responses=paging.described(InboxSerializer),
    )  # fmt: skip
    @paged(BY_ID)
    def get(self, request: Request) -> Any:
        """The inboxes you see."""
        rows = Inbox.objects.visible_to(agent_of(request)).prefetch_related("teams")
        return rows, serializers.inbox


class Agents(ApiView):
    """Colleagues."""

    @extend_schema(
        operation_id="agents_list", summary="List agents", tags=["people"],
        parameters=PAGING, responses=paging.described(AgentSerializer),
    )  # fmt: skip
    @paged(BY_ID)
    def get(self, request: Request) -> Any:
        """Everybody who may be given work."""
        return Agent.objects.active().prefetch_related("teams"), serializers.agent


class Teams(ApiView):
    """Teams."""

    @extend_schema(
        operation_id="teams_list", summary="List teams", tags=["people"],
        parameters=PAGING, responses=paging.described(TeamSerializer),
    )  # fmt: skip
    @paged(BY_ID)
    def get(self, request: Request) -> Any:
        """All teams."""
        return Team.objects.all(), serializers.team
