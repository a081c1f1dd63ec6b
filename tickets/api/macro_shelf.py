"""Macros and saved replies for programs: those there are, for a ticket, and looking after them."""

from typing import Any

from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.exceptions import PermissionDenied, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from helpdesk.api import paging
from helpdesk.api.idempotency import idempotent
from helpdesk.api.views import ApiView, Body, absolute, paged, read, shaping
from helpdesk.models import Agent
from tickets import rich_text
from tickets.api.acts import ActBody
from tickets.api.serializers import KnownTicketSerializer
from tickets.api.shared import agent_of, answer, find
from tickets.models import Inbox, Macro
from tickets.operations import macros

BY_ID = paging.Order("id", "id")
LARGEST = 2**63 - 1


class MacroSerializer(serializers.ModelSerializer[Macro]):
    """Text with fields (`{{customer.first_name}}`), and acts. One without acts is a saved reply."""

    url = serializers.SerializerMethodField()
    is_own = serializers.SerializerMethodField(help_text="Yours alone.")
    inboxes = serializers.PrimaryKeyRelatedField[Any](many=True, read_only=True, help_text="None are all.")

    class Meta:
        model = Macro
        fields = ["id", "url", "name", "html", "actions", "inboxes", "is_own", "used"]

    def get_url(self, macro: Macro) -> str:
        return absolute(reverse("api_macro", args=[macro.pk]))

    def get_is_own(self, macro: Macro) -> bool:
        return macro.owner_id is not None


_macro = shaping(MacroSerializer)


class MacroBody(Body):
    """What a macro says and does. Of what is left out, a new one has nothing, and one that is there keeps its own."""

    name = serializers.CharField(max_length=macros.MOST_NAME)
    text = serializers.CharField(
        max_length=50_000, required=False, allow_blank=True, trim_whitespace=False, help_text="In place of `html`."
    )
    html = serializers.CharField(
        max_length=rich_text.MOST, required=False, allow_blank=True, help_text="What is not safe is left out."
    )
    actions = serializers.ListField(
        child=ActBody(), required=False, max_length=macros.MOST_ACTIONS, help_text="Acts as at `acts/`."
    )
    inboxes = serializers.ListField(
        child=serializers.IntegerField(min_value=1, max_value=LARGEST), required=False, max_length=1000,
        help_text="Where it is offered; none are all.",
    )  # fmt: skip

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if "text" in attrs and "html" in attrs:
            raise serializers.ValidationError({"text": [_("Send text or html, not both.")]})
        if "text" in attrs:
            attrs["html"] = rich_text.from_text(attrs.pop("text"))
        if "actions" in attrs:
            attrs["actions"] = [one["act"] for one in attrs["actions"]]
        return attrs


class NewMacroBody(MacroBody):
    """A macro, or without actions a saved reply."""

    is_own = serializers.BooleanField(
        required=False, help_text="Yours alone, which is so where you may not write for everybody."
    )


class MacroChangeBody(MacroBody):
    """What to change of a macro."""

    name = serializers.CharField(max_length=macros.MOST_NAME, required=False)


class Macros(ApiView):
    """Macros and saved replies."""

    @extend_schema(
        operation_id="macros_list", summary="List macros", tags=["macros"], responses=paging.described(MacroSerializer)
    )
    @paged(BY_ID)
    def get(self, request: Request) -> Any:
        """Everybody's macros and saved replies, and your own."""
        return Macro.objects.visible_to(agent_of(request)).prefetch_related("inboxes"), _macro

    @extend_schema(
        operation_id="macros_create", summary="Write a macro", tags=["macros"], request=NewMacroBody,
        responses={201: MacroSerializer},
    )  # fmt: skip
    @idempotent
    def post(self, request: Request) -> Response:
        """A macro or a saved reply: for everybody, where you are a lead or an admin, or for yourself."""
        agent, body = agent_of(request), read(NewMacroBody, request)
        is_own = body.get("is_own", not macros.may_share(agent))
        said = _said(body, agent, is_own=is_own)
        data = _macro(macros.save(None, actor=agent, is_own=is_own, **said))
        return Response(data, status=201, headers={"Location": data["url"]})


class MacroView(ApiView):
    """One macro or saved reply."""

    @extend_schema(operation_id="macros_read", summary="Read a macro", tags=["macros"], responses=MacroSerializer)
    def get(self, request: Request, macro: int) -> Response:
        """What it says and does, for everybody or you."""
        return Response(_macro(_find(request, macro)))

    @extend_schema(
        operation_id="macros_change", summary="Change a macro", tags=["macros"], request=MacroChangeBody,
        responses=MacroSerializer,
    )  # fmt: skip
    def patch(self, request: Request, macro: int) -> Response:
        """Change your own, or as a lead or an admin everybody's. What is left out stays."""
        agent, found = agent_of(request), _find(request, macro)
        said = _said(read(MacroChangeBody, request), agent, is_own=found.owner_id is not None)
        kept = {"name": found.name, "html": found.html, "actions": found.actions, **said}
        return Response(_macro(macros.save(found, actor=agent, **kept)))

    @extend_schema(operation_id="macros_delete", summary="Delete a macro", tags=["macros"], responses={204: None})
    def delete(self, request: Request, macro: int) -> Response:
        """Throw your own away, or as a lead or an admin everybody's. What was written with it stays."""
        found, agent = _find(request, macro), agent_of(request)
        _must_not_be_limited(agent, is_own=found.owner_id is not None)
        macros.delete(found, actor=agent)
        return Response(status=204)


def _find(request: Request, pk: int) -> Macro:
    return get_object_or_404(Macro.objects.visible_to(agent_of(request)).prefetch_related("inboxes"), pk=pk)


def _must_not_be_limited(agent: Agent, *, is_own: bool) -> None:
    """Raise PermissionDenied where a token that is limited to inboxes would change what is offered in all of them."""
    if agent.limited_to is not None and not is_own:
        raise PermissionDenied(_("A token that is not limited to inboxes does that."))


def _said(body: dict[str, Any], agent: Agent, *, is_own: bool) -> dict[str, Any]:
    """What the operation is given of a body: inboxes of those the agent sees."""
    _must_not_be_limited(agent, is_own=is_own)
    said: dict[str, Any] = {name: body[name] for name in ("name", "html", "actions") if name in body}
    if body.get("inboxes") and is_own:
        raise ValidationError({"inboxes": [_("Your own is offered in all inboxes.")]})
    if "inboxes" in body:
        wanted = set(body["inboxes"])
        said["inboxes"] = list(Inbox.objects.visible_to(agent).filter(pk__in=wanted))
        if len(said["inboxes"]) < len(wanted):
            raise ValidationError({"inboxes": [_("There is no such inbox, or none you may use.")]})
    return said


class OfferedMacroSerializer(serializers.Serializer[Any]):
    """A macro with its text filled in for one ticket, and why it is offered there."""

    id = serializers.IntegerField()
    name = serializers.CharField()
    text = serializers.CharField()
    html = serializers.CharField()
    actions = serializers.ListField(child=serializers.DictField())
    why = serializers.ListField(child=serializers.CharField())


class OfferedMacrosSerializer(serializers.Serializer[Any]):
    results = OfferedMacroSerializer(many=True)


class TicketMacros(ApiView):
    """The macros for a ticket."""

    @extend_schema(
        operation_id="ticket_macros_list", summary="List macros for a ticket", tags=["macros"],
        responses=OfferedMacrosSerializer,
    )  # fmt: skip
    def get(self, request: Request, number: int) -> Response:
        """The macros for this ticket with their text filled in, those that fit best first, at most 200."""
        ticket, agent = find(request, number), agent_of(request)
        offered = []
        for one in macros.rank(ticket, agent):
            said = macros.render(one.macro, ticket, agent)
            offered.append({
                "id": one.macro.pk, "name": one.macro.name, "text": said.text, "html": said.html,
                "actions": one.macro.actions, "why": one.why,
            })  # fmt: skip
        return Response({"results": offered})


class AppliedMacroSerializer(serializers.Serializer[Any]):
    """The ticket after a macro's acts, and its text for you to send at `messages/`."""

    ticket = KnownTicketSerializer()
    text = serializers.CharField()
    html = serializers.CharField()


class TicketMacro(ApiView):
    """One macro on one ticket."""

    @extend_schema(
        operation_id="ticket_macros_apply", summary="Apply a macro", tags=["macros"], request=None,
        responses=AppliedMacroSerializer,
    )  # fmt: skip
    @idempotent
    def post(self, request: Request, number: int, macro: int) -> Response:
        """Do the macro's acts, all or none. Its text is answered, not sent."""
        ticket, agent = find(request, number), agent_of(request)
        read(Body, request)
        chosen = get_object_or_404(Macro.objects.visible_to(agent).for_inbox(ticket.inbox), pk=macro)
        said = macros.render(chosen, ticket, agent)
        if chosen.actions:
            macros.run(chosen, ticket, actor=agent)
        else:
            macros.note_use(chosen, ticket, actor=agent)
        return Response({"ticket": answer(request, number).data, "text": said.text, "html": said.html})
