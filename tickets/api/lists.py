"""Lists for programs, and changes to many tickets: views, search, bulk acts."""

from collections.abc import Sequence
from typing import Any

from django.db import transaction
from django.http import Http404
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, extend_schema, inline_serializer
from rest_framework import serializers
from rest_framework.exceptions import APIException, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from helpdesk.api import paging
from helpdesk.api.idempotency import idempotent
from helpdesk.api.problems import BadQuery
from helpdesk.api.schema import PAGING
from helpdesk.api.views import ApiView, Body, absolute, read, shaping
from helpdesk.doorbell import ring
from helpdesk.models import Agent, Team
from tickets import conditions, lists, reading, searching
from tickets.api import listing
from tickets.api import serializers as shapes
from tickets.api.acts import LARGEST, ActBody
from tickets.api.serializers import OrganisationSerializer, TicketSerializer
from tickets.api.shared import PlainListField, agent_of, flag_of, only, words_of
from tickets.conditions import BadCondition
from tickets.lists import View
from tickets.models import BulkAct, SavedView, Ticket
from tickets.operations import bulk, viewing
from tickets.operations.status import NotPossible

CONDITIONS = OpenApiExample(
    "Conditions", request_only=True,
    value={
        "name": "Refunds that wait", "order": "waiting",
        "conditions": [
            {"field": "status", "is": "is", "value": "open"}, {"field": "tag", "is": "any_of", "value": ["refund"]},
        ],
    },
)  # fmt: skip


# --- views


class ViewSerializer(serializers.Serializer[Any]):
    """A list agents work through: one of ours (`mine`, `open` …), or a saved one under its number."""

    key = serializers.CharField()
    name = serializers.CharField()
    url = serializers.SerializerMethodField()
    is_saved = serializers.SerializerMethodField()
    scope = serializers.SerializerMethodField(help_text="Of a saved one: `private`, `team`, `everyone`.")
    team = serializers.SerializerMethodField()
    conditions = serializers.ListField(child=serializers.DictField())
    where = serializers.SerializerMethodField(help_text="The same as one line.")
    query = serializers.CharField(source="words", help_text="Words that are searched for besides.")
    order = serializers.CharField(source="order.name")
    group_by = serializers.CharField()
    columns = serializers.ListField(child=serializers.CharField())
    is_pinned = serializers.BooleanField()
    is_hidden = serializers.BooleanField()

    def get_url(self, view: View) -> str:
        return absolute(reverse("api_view", args=[view.key]))

    def get_is_saved(self, view: View) -> bool:
        return view.saved is not None

    def get_scope(self, view: View) -> str:
        return str(view.saved.scope) if view.saved else ""

    def get_team(self, view: View) -> int | None:
        return view.saved.team_id if view.saved else None

    def get_where(self, view: View) -> str:
        return view.as_where or conditions.written(view.conditions)


_view = shaping(ViewSerializer)


class ViewBody(Body):
    """A saved view. `where` says the conditions as one line, in place of the list."""

    name = serializers.CharField(max_length=80, required=False)
    conditions = PlainListField(required=False)
    where = serializers.CharField(max_length=4000, required=False, allow_blank=True)
    query = serializers.CharField(max_length=300, required=False, allow_blank=True)
    order = serializers.ChoiceField(list(lists.CHOOSABLE), required=False)
    scope = serializers.ChoiceField(SavedView.Scope.values, required=False)
    team = serializers.IntegerField(required=False, allow_null=True, min_value=1, max_value=LARGEST)
    group_by = serializers.ChoiceField(list(viewing.GROUPS), required=False, allow_blank=True)
    columns = serializers.ListField(child=serializers.CharField(max_length=60), required=False, max_length=20)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        attrs = _with_conditions(attrs)
        if "team" in attrs and attrs["team"] is not None:
            team = Team.objects.filter(pk=attrs["team"]).first()
            if team is None:
                raise serializers.ValidationError({"team": [_("That team is gone.")]})
            attrs["team"] = team
        return attrs


class NewViewBody(ViewBody):
    name = serializers.CharField(max_length=80)


def _with_conditions(attrs: dict[str, Any]) -> dict[str, Any]:
    """What was sent, with cleaned conditions however they were said."""
    if "where" in attrs and "conditions" in attrs:
        raise serializers.ValidationError({"where": [_("Say the conditions once.")]})
    name = next((one for one in ("where", "conditions") if one in attrs), None)
    if name is not None:
        given = attrs.pop(name)
        try:
            attrs["conditions"] = conditions.read(given) if name == "where" else conditions.clean(given)
        except BadCondition as why:
            raise serializers.ValidationError({name: [str(why)]}) from why
    return attrs


def _views(agent: Agent) -> list[View]:
    return lists.column(agent, with_hidden=True)


def _find_view(agent: Agent, key: str) -> View:
    """One of ours, or a saved one the agent may see."""
    if key in lists.BY_KEY:
        return lists.BY_KEY[key]
    return lists.of_saved(_find_saved(agent, key))


def _find_saved(agent: Agent, key: str) -> SavedView:
    if not (key.isascii() and key.isdigit() and len(key) <= 18):
        raise Http404
    return get_object_or_404(SavedView.objects.visible_to(agent).distinct(), pk=int(key))


class ViewsSerializer(serializers.Serializer[Any]):
    results = ViewSerializer(many=True)


class Views(ApiView):
    """The lists agents work through."""

    light_methods = ("POST",)

    @extend_schema(operation_id="views_list", summary="List views", tags=["lists"], responses=ViewsSerializer)
    def get(self, request: Request) -> Response:
        """Your views as you arranged them: ours, and the saved ones you may see. All come at once."""
        return Response({"results": [_view(one) for one in _views(agent_of(request))]})

    @extend_schema(
        operation_id="views_create", summary="Save a view", tags=["lists"], request=NewViewBody,
        responses={201: ViewSerializer}, examples=[CONDITIONS],
    )  # fmt: skip
    @idempotent
    def post(self, request: Request) -> Response:
        """Keep conditions, an order and columns under a name. Leads and admins share views with others."""
        body = read(NewViewBody, request)
        saved = viewing.save(actor=agent_of(request), **{"conditions": [], **body})
        data = _view(lists.of_saved(saved))
        return Response(data, status=201, headers={"Location": data["url"]})


class ViewCountsSerializer(serializers.Serializer[Any]):
    counts = serializers.DictField(child=serializers.IntegerField(), help_text="By the views' keys.")
    most = serializers.IntegerField(help_text="Nothing counts further than that.")


class ViewCounts(ApiView):
    """How many tickets views hold."""

    #: of saved ones, as many as pages count
    MOST = 40

    @extend_schema(operation_id="views_count", summary="Count views", tags=["lists"], responses=ViewCountsSerializer)
    def get(self, request: Request) -> Response:
        """How many tickets each of your views holds, in one question; of hidden and of endless ones nobody counts."""
        agent = agent_of(request)
        counted = [one for one in _views(agent) if not one.is_hidden][: self.MOST]
        return Response({"counts": reading.counts(agent, views=counted), "most": reading.COUNT_MOST})


class ViewView(ApiView):
    """One view."""

    light_methods = ("PATCH", "DELETE")

    @extend_schema(operation_id="views_read", summary="Read a view", tags=["lists"], responses=ViewSerializer)
    def get(self, request: Request, key: str) -> Response:
        """What it lists, and how."""
        return Response(_view(_find_view(agent_of(request), key)))

    @extend_schema(
        operation_id="views_change", summary="Change a view", tags=["lists"], request=ViewBody, responses=ViewSerializer
    )
    def patch(self, request: Request, key: str) -> Response:
        """Change a saved view of yours, or as a lead one that is shared. What is left out stays."""
        agent = agent_of(request)
        saved = _find_saved(agent, key)
        names = ("name", "conditions", "order", "scope", "team", "group_by", "columns", "query")
        given = {**{name: getattr(saved, name) for name in names}, **read(ViewBody, request)}
        return Response(_view(lists.of_saved(viewing.change(saved, actor=agent, **given))))

    @extend_schema(operation_id="views_delete", summary="Delete a view", tags=["lists"], responses={204: None})
    def delete(self, request: Request, key: str) -> Response:
        """Delete a saved view of yours, or as a lead one that is shared."""
        agent = agent_of(request)
        viewing.delete(_find_saved(agent, key), actor=agent)
        return Response(status=204)


class ViewTickets(ApiView):
    """The tickets of a view."""

    @extend_schema(
        operation_id="views_tickets", summary="List a view's tickets", tags=["lists"], parameters=PAGING,
        responses=paging.described(TicketSerializer),
    )  # fmt: skip
    def get(self, request: Request, key: str) -> Response:
        """The tickets of a view that you may see, in its order."""
        only(request, "cursor", "limit")
        agent = agent_of(request)
        view, after = _find_view(agent, key), request.query_params.get("cursor", "")
        if after and not reading.is_cursor(after):
            raise BadQuery("cursor", _("Take the cursor from the address in `next`."))
        numbers, more = reading.numbers_of(view, agent, after=after, limit=paging.limit(request))
        found = [shapes.ticket(one) for one in listing.presentable(numbers)]
        return Response(paging.envelope(request, found, more or None))


# --- search


class SearchTooSlow(APIException):
    """It would have taken too long to find out."""

    status_code = 503
    default_code = "search-too-slow"
    default_detail = gettext_lazy("This would have taken too long. Say it with rarer words, or narrow it.")
    wait = 5


class HighlightsSerializer(serializers.Serializer[Any]):
    """Safe HTML: what was found stands in `<mark>`, everything else is escaped."""

    subject = serializers.CharField()
    customer = serializers.CharField()
    excerpt = serializers.CharField(allow_null=True, help_text="Where it was said; null where it was not in a message.")
    said_by = serializers.CharField()


class HitSerializer(serializers.Serializer[Any]):
    ticket = TicketSerializer()
    highlights = HighlightsSerializer()


SEARCH_ANSWER = inline_serializer(
    "SearchPage",
    {
        "next": serializers.URLField(allow_null=True, help_text="The next page."),
        "results": HitSerializer(many=True),
        "total": serializers.IntegerField(allow_null=True, help_text="How many there are; null where nobody counted."),
        "is_about": serializers.BooleanField(help_text="`total` is an estimate."),
        "understood": serializers.ListField(
            child=serializers.CharField(), help_text="Each qualifier as it was understood, in words."
        ),
        "instead": serializers.DictField(
            child=serializers.CharField(),
            help_text="Words nobody wrote, and those that were looked for in their place.",
        ),
        "number": serializers.IntegerField(allow_null=True, help_text="The number of a ticket that was asked for."),
        "customers": inline_serializer(
            "CustomerFound", {"id": serializers.IntegerField(), "name": serializers.CharField()}, many=True
        ),
        "organisations": OrganisationSerializer(many=True),
    },
)


class Search(ApiView):
    """Search."""

    PARAMETERS = [
        OpenApiParameter("q", OpenApiTypes.STR, required=True, description="Words and qualifiers."),
        OpenApiParameter("exact", OpenApiTypes.BOOL, description="Look for no other words in place of unknown ones."),
        OpenApiParameter("cursor", OpenApiTypes.STR, description="Where the page begins; taken from `next`."),
    ]

    @extend_schema(
        operation_id="search", summary="Search", tags=["lists"], parameters=PARAMETERS, responses=SEARCH_ANSWER
    )
    def get(self, request: Request) -> Response:
        """The tickets that fit best, 25 a page, and customers and organisations of that name."""
        only(request, "q", "exact", "cursor")
        agent, text = agent_of(request), words_of(request, "q", 500)
        found = searching.search(text, agent, page=_page(request), exact=bool(flag_of(request, "exact")))
        if wrong := [chip for chip in found.query.chips if chip.why]:
            problem = BadQuery("q", wrong[0].why)
            problem.errors = [{"parameter": "q", "detail": f"{chip.text}: {chip.why}"} for chip in wrong[:20]]
            raise problem
        if found.gave_up:
            raise SearchTooSlow
        has_more = found.has_more and found.page < searching.RANKED // searching.PAGE
        following = paging.envelope(request, _hits(found.tickets), str(found.page + 1) if has_more else None)
        return Response({
            **following, "total": found.total, "is_about": found.is_about,
            "understood": [chip.said for chip in found.query.chips], "instead": found.instead, "number": found.number,
            "customers": [{"id": one.pk, "name": one.display_name} for one in found.customers],
            "organisations": OrganisationSerializer(found.organisations, many=True).data,
        })  # fmt: skip


def _page(request: Request) -> int:
    text = request.query_params.get("cursor", "1")
    last = searching.RANKED // searching.PAGE
    if not (text.isascii() and text.isdigit() and len(text) < 4 and 1 <= int(text) <= last):
        raise BadQuery("cursor", _("Take the cursor from the address in `next`."))
    return int(text)


def _hits(tickets: Sequence[Any]) -> list[dict[str, Any]]:
    whole = {one.number: one for one in listing.presentable([one.number for one in tickets])}
    return [
        {
            "ticket": shapes.ticket(whole[one.number]),
            "highlights": {
                "subject": one.marked_subject, "customer": one.marked_customer, "excerpt": one.excerpt,
                "said_by": one.said_by,
            },
        }
        for one in tickets
        if one.number in whole
    ]  # fmt: skip


# --- many at once


class FailureSerializer(serializers.Serializer[Any]):
    ticket = serializers.IntegerField()
    why = serializers.CharField()


class BulkSerializer(serializers.ModelSerializer[BulkAct]):
    """One act on many tickets, and how far it is. Read it again until `state` is `done`."""

    url = serializers.SerializerMethodField()
    act = serializers.DictField()
    state = serializers.ChoiceField(BulkAct.State.choices)
    total = serializers.SerializerMethodField()
    failed = serializers.SerializerMethodField()
    undo = serializers.SerializerMethodField(help_text="POST there to take all of it back, within a day.")

    class Meta:
        model = BulkAct
        fields = ["id", "url", "act", "state", "total", "done", "failed", "undo", "created_at", "finished_at"]

    def get_url(self, asked: BulkAct) -> str:
        return absolute(reverse("api_bulk_act", args=[asked.pk]))

    def get_total(self, asked: BulkAct) -> int:
        return len(asked.tickets)

    def get_failed(self, asked: BulkAct) -> list[dict[str, Any]]:
        """The tickets that could not be, and why: the first 100."""
        return [{"ticket": number, "why": why} for number, why in bulk.result(asked).why[:100]]

    def get_undo(self, asked: BulkAct) -> str | None:
        can_be = asked.state == BulkAct.State.DONE and not asked.undoes_id and asked.events
        return absolute(reverse("api_bulk_undo", args=[asked.pk])) if can_be else None


_bulk = shaping(BulkSerializer)


class BulkBody(Body):
    """An act, and the tickets: by their numbers, or all that conditions or a view hold."""

    act = ActBody()
    tickets = serializers.ListField(
        child=serializers.IntegerField(min_value=1, max_value=LARGEST), required=False, min_length=1,
        max_length=bulk.MOST,
    )  # fmt: skip
    conditions = PlainListField(required=False)
    where = serializers.CharField(max_length=4000, required=False, help_text="Conditions as one line.")
    view = serializers.CharField(max_length=20, required=False, help_text="A view's key.")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        named = [name for name in ("tickets", "conditions", "where", "view") if name in attrs]
        if len(named) != 1:
            raise serializers.ValidationError(_("Name tickets, conditions or a view: one of them."))
        attrs = _with_conditions(attrs)
        if attrs.get("conditions") == []:
            raise serializers.ValidationError({named[0]: [_("Without conditions it would be all tickets.")]})
        return attrs


class Bulk(ApiView):
    """One act on many tickets."""

    @extend_schema(
        operation_id="bulk_create", summary="Act on many tickets", tags=["lists"], request=BulkBody,
        responses={201: BulkSerializer},
        examples=[
            OpenApiExample(said, value=value, request_only=True)
            for said, value in {
                "By their numbers": {"act": {"do": "tag", "tag": "storm"}, "tickets": [41, 42, 57]},
                "By conditions": {
                    "act": {"do": "status", "to": "resolved"},
                    "where": "status is pending; updated more_than 14 days",
                },
            }.items()
        ],
    )  # fmt: skip
    @idempotent
    def post(self, request: Request) -> Response:
        """At most 5,000 tickets at once: a handful while you wait, more by a worker; read `url` for how far it is."""
        agent = agent_of(request)
        body = read(BulkBody, request)
        numbers = _named(body["tickets"], agent) if "tickets" in body else _all_of(body, agent)
        return _begun(bulk.ask(actor=agent, act=body["act"]["act"], tickets=numbers, once=""))


def _named(numbers: Sequence[int], agent: Agent) -> list[int]:
    """Tickets by their numbers, if the agent may see all of them.

    Looked at before anything is asked for: the worker knows the agent, and not what their token is limited to.
    """
    wanted = list(dict.fromkeys(numbers))
    seen = set(Ticket.objects.visible_to(agent).filter(pk__in=wanted).values_list("pk", flat=True))
    if absent := [number for number in wanted if number not in seen]:
        shown = ", ".join(f"#{number}" for number in absent[:20])
        raise ValidationError({"tickets": [_("There is no such ticket: %(tickets)s.") % {"tickets": shown}]})
    return wanted


def _all_of(body: dict[str, Any], agent: Agent) -> list[int]:
    view = _find_view(agent, body["view"]) if "view" in body else lists.of_conditions(body["conditions"])
    numbers, more = reading.numbers_of(view, agent, limit=bulk.MOST)
    if more:
        raise NotPossible(_("At most %(most)d tickets in one go.") % {"most": bulk.MOST})
    return numbers


def _begun(asked: BulkAct) -> Response:
    """Do what can be done at once, or have it done."""
    if len(asked.tickets) - asked.done <= bulk.AT_ONCE:
        bulk.run(asked.pk)
        asked.refresh_from_db()
    else:
        from tickets.tasks import run_bulk_acts

        transaction.on_commit(lambda: ring(run_bulk_acts), robust=True)
    data = _bulk(asked)
    return Response(data, status=201, headers={"Location": data["url"]})


def _find_bulk(request: Request, pk: int) -> BulkAct:
    """One's own bulk act; for a limited token only where it sees all of its tickets."""
    agent = agent_of(request)
    asked = get_object_or_404(BulkAct, pk=pk, agent=agent)
    if agent.limited_to is not None:
        seen = Ticket.objects.visible_to(agent).filter(pk__in=asked.tickets)
        if seen.count() < len(asked.tickets):
            raise Http404
    return asked


class BulkView(ApiView):
    """One change to many tickets."""

    @extend_schema(
        operation_id="bulk_read", summary="Read how far a bulk act is", tags=["lists"], responses=BulkSerializer
    )
    def get(self, request: Request, bulk: int) -> Response:
        """How far it is, and which tickets could not be, and why."""
        return Response(_bulk(_find_bulk(request, bulk)))


class BulkUndo(ApiView):
    """Taking a change to many tickets back."""

    @extend_schema(
        operation_id="bulk_undo", summary="Undo a bulk act", tags=["lists"], request=None,
        responses={201: BulkSerializer},
    )  # fmt: skip
    @idempotent
    def post(self, request: Request, bulk: int) -> Response:
        """Take all of it back, within a day. That is a bulk act again; undoing twice is undoing once."""
        read(Body, request)
        return _begun(_ask_undo(_find_bulk(request, bulk), agent_of(request)))


def _ask_undo(done: BulkAct, agent: Agent) -> BulkAct:
    return bulk.ask_undo(done, actor=agent)
