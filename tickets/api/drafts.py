"""Drafts for programs: words that wait for an agent to look at them and send them, or for their time."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from django.db import transaction
from django.http import Http404
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from helpdesk.api import paging, problems
from helpdesk.api.idempotency import idempotent
from helpdesk.api.views import ApiView, Body, absolute, paged, read, shaping
from tickets.api import serializers as shapes
from tickets.api.serializers import (
    AgentBriefSerializer,
    MessageSerializer,
    must_go_together,
    people_field,
    way_field,
)
from tickets.api.shared import agent_of, find, seen
from tickets.models import Draft, Message, Ticket
from tickets.operations import drafting, posting, scheduling, sharing
from tickets.operations.opening import MOST_TEXT
from tickets.operations.recipients import Chosen

problems.kind(drafting.Outdated, 412, "outdated-draft")

KINDS = (Draft.Kind.REPLY, Draft.Kind.NOTE)
BY_ID = paging.Order("id", "id")
IF_MATCH = OpenApiParameter(
    "If-Match", OpenApiTypes.STR, OpenApiParameter.HEADER,
    description="The `ETag` of the draft as you know it. Where it was written further since, nothing is done: 412.",
)  # fmt: skip


class DraftSerializer(serializers.ModelSerializer[Draft]):
    """An agent's unsent words of one kind on a ticket. A colleague's are read in the list, and acted on by their id."""

    url = serializers.SerializerMethodField(help_text="Where its author reads, changes and discards it.")
    author = AgentBriefSerializer()
    kind = serializers.ChoiceField(Draft.Kind.choices)
    to = serializers.ListField(
        child=serializers.CharField(), allow_null=True, help_text="Null: whoever the answered message says."
    )

    cc = serializers.ListField(child=serializers.CharField(), allow_null=True)
    bcc = serializers.ListField(child=serializers.CharField())
    via = serializers.CharField(help_text="A key of `ways/`; empty: the way the answered message came.")
    then = serializers.CharField(help_text="`resolve`: the ticket is resolved with it.")
    held_back = serializers.CharField(help_text="Why it did not go out at its time, in words.")

    class Meta:
        model = Draft
        fields = [
            "id", "url", "author", "kind", "text", "html", "to", "cc", "bcc", "via", "is_shared", "send_at", "then",
            "held_back", "version", "updated_at",
        ]  # fmt: skip

    def get_url(self, draft: Draft) -> str:
        return absolute(reverse("api_draft", args=[draft.ticket_id, draft.kind]))


_draft = shaping(DraftSerializer)


class DraftBody(Body):
    """What to write. Of what is left out, recipients, the way and being shared stay as they are."""

    text = serializers.CharField(max_length=MOST_TEXT, trim_whitespace=False)
    html = serializers.CharField(
        max_length=MOST_TEXT, required=False, allow_blank=True, default="",
        help_text="Where it says more than the text; what is not safe is left out.",
    )  # fmt: skip
    to = people_field()
    cc = people_field()
    bcc = people_field()
    via = way_field()
    is_shared = serializers.BooleanField(required=False, help_text="Colleagues see it, too.")
    version = serializers.IntegerField(
        required=False, min_value=0, max_value=2**31 - 1,
        help_text="Of the draft you began from; in its place `If-Match` may say so.",
    )  # fmt: skip

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        must_go_together(attrs, is_note=self.context["kind"] == Draft.Kind.NOTE)
        return attrs


class KnownBody(Body):
    """Nothing but the version of the draft as you know it, if you like; `If-Match` may say so in its place."""

    version = serializers.IntegerField(required=False, min_value=0, max_value=2**31 - 1)


class ScheduleBody(KnownBody):
    """When it is sent."""

    at = serializers.DateTimeField(help_text="Still to come, and within a year; UTC where no zone is given.")
    then = serializers.ChoiceField(
        ["resolve"], required=False, allow_blank=True, default="", help_text="Resolve the ticket with it."
    )


class Drafts(ApiView):
    """What is being written on a ticket."""

    @extend_schema(
        operation_id="drafts_list",
        summary="List drafts",
        tags=["messages"],
        responses=paging.described(DraftSerializer),
    )
    @paged(BY_ID)
    def get(self, request: Request, number: int) -> Any:
        """Your drafts on this ticket, and colleagues' that are shared, wait for their time or were held back."""
        found = Draft.objects.visible_to(agent_of(request)).filter(ticket=find(request, number))
        return found.select_related("author"), _draft


class DraftView(ApiView):
    """Your draft of one kind on a ticket."""

    light_methods = ("PUT", "DELETE")

    @extend_schema(
        operation_id="drafts_read", summary="Read a draft", tags=["messages"], responses=DraftSerializer
    )  # fmt: skip
    def get(self, request: Request, number: int, kind: str) -> Response:
        """Your draft of this kind (`reply` or `note`), if you have begun one; `ETag` is its version."""
        return _shown(_mine(request, find(request, number), kind))

    @extend_schema(
        operation_id="drafts_save", summary="Save a draft", tags=["messages"], request=DraftBody,
        parameters=[IF_MATCH], responses=DraftSerializer,
    )  # fmt: skip
    def put(self, request: Request, number: int, kind: str) -> Response:
        """Put words into your draft (`reply` or `note`). 412 where another window has written further."""
        ticket, agent, kind = find(request, number), agent_of(request), _known(kind)
        body = read(DraftBody, request, kind=kind)
        if body.get("via"):
            posting.route_to(ticket, None, body["via"])  # refuses a conversation of another ticket
        content = _content(body, drafting.of(ticket, agent, kind))
        if content.is_blank:  # spaces are no words
            raise ValidationError({"text": [_("Write something; DELETE throws the draft away.")]})
        version = seen(request, body.get("version")) or 0
        kept = drafting.save(ticket, actor=agent, kind=kind, content=content, version=version)
        assert kept is not None  # the body has words
        return _shown(kept)

    @extend_schema(operation_id="drafts_discard", summary="Discard a draft", tags=["messages"], responses={204: None})
    def delete(self, request: Request, number: int, kind: str) -> Response:
        """Throw your draft away. None is thrown away already."""
        drafting.discard(find(request, number), actor=agent_of(request), kind=_known(kind))
        return Response(status=204)


class DraftSchedule(ApiView):
    """Your answer's going out by itself."""

    @extend_schema(
        operation_id="drafts_schedule", summary="Send a draft later", tags=["messages"], request=ScheduleBody,
        parameters=[IF_MATCH], responses=DraftSerializer,
    )  # fmt: skip
    def put(self, request: Request, number: int, kind: str) -> Response:
        """Let your draft of an answer go out at a time, to whom it says now; another time takes its place.

        It is held back where the customer writes or a colleague answers before.
        """
        body = read(ScheduleBody, request)
        with _held(request, number, kind, body.get("version")) as draft:
            kept = scheduling.schedule(draft, actor=agent_of(request), at=body["at"], then=body["then"])
        return _shown(kept)

    @extend_schema(
        operation_id="drafts_unschedule", summary="Do not send a draft later", tags=["messages"],
        parameters=[IF_MATCH], responses={200: DraftSerializer},
    )  # fmt: skip
    def delete(self, request: Request, number: int, kind: str) -> Response:
        """Let it no longer go out by itself; the words stay your draft. Cancelling twice is cancelling once."""
        with _held(request, number, kind) as draft:
            kept = scheduling.cancel(draft, actor=agent_of(request))
        return _shown(kept)


class ColleagueSchedule(ApiView):
    """The going out by itself of an answer, whoever wrote it."""

    @extend_schema(
        operation_id="drafts_cancel", summary="Cancel a scheduled answer", tags=["messages"], parameters=[IF_MATCH],
        responses={200: DraftSerializer},
    )  # fmt: skip
    def delete(self, request: Request, number: int, draft: int) -> Response:
        """Let an answer, a colleague's too, no longer go out by itself. The words stay theirs, and they find out why.

        409 where it was sent meanwhile. Cancelling twice is cancelling once.
        """
        with _held_by_id(request, number, draft) as found:
            kept = scheduling.cancel(found, actor=agent_of(request))
        return _shown(kept)


class DraftTakeover(ApiView):
    """A colleague's draft's becoming yours."""

    light_methods = ("POST",)

    @extend_schema(
        operation_id="drafts_take_over", summary="Take over a draft", tags=["messages"], request=KnownBody,
        parameters=[IF_MATCH], responses={200: DraftSerializer},
    )  # fmt: skip
    @idempotent
    def post(self, request: Request, number: int, draft: int) -> Response:
        """Make a draft of a colleague's yours; what you had begun stands below. It goes out by itself no more.

        Light collaborators take over notes only. 409 where your own answer waits for its time.
        """
        body = read(KnownBody, request)
        with _held_by_id(request, number, draft, body.get("version")) as found:
            kept = sharing.take_over(found, actor=agent_of(request))
        return _shown(kept)


class DraftSending(ApiView):
    """Your draft's becoming an answer."""

    @extend_schema(
        operation_id="drafts_send", summary="Send a draft", tags=["messages"], request=KnownBody,
        parameters=[IF_MATCH], responses={201: MessageSerializer},
    )  # fmt: skip
    @idempotent
    def post(self, request: Request, number: int, kind: str) -> Response:
        """Send your draft of an answer now, with its files, recipients and acts, whether or not it had a time."""
        body = read(KnownBody, request)
        with _held(request, number, kind, body.get("version")) as draft:
            sent = scheduling.send_now(draft, actor=agent_of(request))
        written = shapes.whole_messages(Message.objects.filter(pk=sent.pk)).get()
        return Response(shapes.message(written), status=201)


def _content(body: dict[str, Any], was: Draft | None) -> drafting.Content:
    """What the draft says from now on: what the body leaves out stays."""
    via, chosen = body.get("via", was.via if was else ""), None
    if body.get("to"):
        via, chosen = posting.BY_MAIL, Chosen(*(tuple(body.get(name) or ()) for name in ("to", "cc", "bcc")))
    elif was is not None and was.to and "to" not in body and via in ("", posting.BY_MAIL, was.via):
        chosen = scheduling.chosen_of(was)
    content = drafting.Content(
        body["text"], html=body["html"], is_shared=body.get("is_shared", False), chosen=chosen, via=via
    )
    if was is None:
        return content
    return replace(
        content, is_shared=body.get("is_shared", was.is_shared), subject=was.subject, answers=was.answers, acts=was.acts
    )


@contextmanager
def _held(request: Request, number: int, kind: str, version: int | None = None) -> Iterator[Draft]:
    """Your draft, on a ticket that is ours alone meanwhile; unless it was written further than you know."""
    ticket = find(request, number)
    with transaction.atomic():
        draft = _mine(request, Ticket.objects.locked(ticket.pk), kind)
        known = seen(request, version)
        if known is not None and draft.version != known:
            raise drafting.Outdated(draft)
        yield draft


@contextmanager
def _held_by_id(request: Request, number: int, pk: int, version: int | None = None) -> Iterator[Draft]:
    """The same of anybody's draft that the agent may see."""
    ticket = find(request, number)
    with transaction.atomic():
        locked = Ticket.objects.locked(ticket.pk)
        found = Draft.objects.visible_to(agent_of(request)).select_related("author").filter(ticket=locked)
        draft = get_object_or_404(found, pk=pk)
        known = seen(request, version)
        if known is not None and draft.version != known:
            raise drafting.Outdated(draft)
        yield draft


def _mine(request: Request, ticket: Ticket, kind: str) -> Draft:
    mine = Draft.objects.filter(ticket=ticket, author=agent_of(request), kind=_known(kind))
    return get_object_or_404(mine.select_related("author"))


def _shown(draft: Draft) -> Response:
    return Response(_draft(draft), headers={"ETag": f'"{draft.version}"'})


def _known(kind: str) -> str:
    if kind not in KINDS:
        raise Http404
    return kind
