"""Drafts for programs: words that wait for an agent to look at them and send them."""

from typing import Any

from django.http import Http404
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from helpdesk.api import paging, problems
from helpdesk.api.views import ApiView, Body, paged, read, shaping
from tickets.api.serializers import AgentBriefSerializer
from tickets.api.shared import agent_of, find
from tickets.models import Draft
from tickets.operations import drafting
from tickets.operations.opening import MOST_TEXT
from tickets.operations.recipients import Chosen

problems.kind(drafting.Outdated, 412, "outdated-draft")

KINDS = (Draft.Kind.REPLY, Draft.Kind.NOTE)
BY_ID = paging.Order("id", "id")


class DraftSerializer(serializers.ModelSerializer[Draft]):
    """An agent's unsent words of one kind on a ticket."""

    author = AgentBriefSerializer()
    kind = serializers.ChoiceField(Draft.Kind.choices)
    to = serializers.ListField(
        child=serializers.CharField(), allow_null=True, help_text="Null: whoever the answered message says."
    )

    class Meta:
        model = Draft
        fields = ["id", "author", "kind", "text", "html", "to", "is_shared", "send_at", "version", "updated_at"]


_draft = shaping(DraftSerializer)


class DraftBody(Body):
    text = serializers.CharField(max_length=MOST_TEXT, trim_whitespace=False)
    html = serializers.CharField(
        max_length=MOST_TEXT, required=False, allow_blank=True, default="",
        help_text="Where it says more than the text; what is not safe is left out.",
    )  # fmt: skip
    is_shared = serializers.BooleanField(required=False, help_text="Colleagues see it, too.")
    version = serializers.IntegerField(
        required=False, min_value=0, max_value=2**31 - 1, default=0, help_text="Of the draft you began from."
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
        """Your drafts on this ticket, and those that colleagues share."""
        found = Draft.objects.visible_to(agent_of(request)).filter(ticket=find(request, number))
        return found.select_related("author"), _draft


class DraftView(ApiView):
    """Your draft of one kind on a ticket."""

    light_methods = ("PUT", "DELETE")

    @extend_schema(
        operation_id="drafts_save", summary="Save a draft", tags=["messages"], request=DraftBody,
        responses=DraftSerializer,
    )  # fmt: skip
    def put(self, request: Request, number: int, kind: str) -> Response:
        """Put words into your draft (`reply` or `note`). 412 where another window has written further."""
        ticket, agent, kind = find(request, number), agent_of(request), _known(kind)
        body = read(DraftBody, request)
        was = drafting.of(ticket, agent, kind)
        content = drafting.Content(body["text"], html=body["html"], is_shared=body.get("is_shared", False))
        if was is not None:  # what else is in it stays
            content = drafting.Content(
                body["text"], html=body["html"], is_shared=body.get("is_shared", was.is_shared), subject=was.subject,
                answers=was.answers, acts=was.acts,
                chosen=Chosen(tuple(was.to), tuple(was.cc or ()), tuple(was.bcc)) if was.to else None,
            )  # fmt: skip
        if content.is_blank:  # spaces are no words
            raise ValidationError({"text": [_("Write something; DELETE throws the draft away.")]})
        kept = drafting.save(ticket, actor=agent, kind=kind, content=content, version=body["version"])
        assert kept is not None  # the body has words
        return Response(_draft(kept))

    @extend_schema(operation_id="drafts_discard", summary="Discard a draft", tags=["messages"], responses={204: None})
    def delete(self, request: Request, number: int, kind: str) -> Response:
        """Throw your draft away. None is thrown away already."""
        drafting.discard(find(request, number), actor=agent_of(request), kind=_known(kind))
        return Response(status=204)


def _known(kind: str) -> str:
    if kind not in KINDS:
        raise Http404
    return kind
