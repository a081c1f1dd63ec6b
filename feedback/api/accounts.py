"""Account events for programs: told one at a time or many, listed, and voided."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db.models import Q, QuerySet
from django.http import Http404
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.exceptions import PermissionDenied, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from feedback import accounts
from feedback.models import AccountEvent
from feedback.operations import telling
from feedback.operations.telling import MOST, News
from helpdesk.api import paging
from helpdesk.api.idempotency import idempotent
from helpdesk.api.problems import BadQuery
from helpdesk.api.schema import PAGING
from helpdesk.api.views import ApiView, Body, absolute, paged, shaping
from helpdesk.models import Agent
from tickets.api.shared import agent_of, only, words_of
from tickets.models import ContactPoint, Customer, Organisation
from tickets.operations.status import NotPossible

NEWEST = paging.Order("at", "id", down=True)
LARGEST = 2**63 - 1


# --- what may be sent


class AccountEventBody(Body):
    """One event: of a customer (by id, or by an address of theirs) or of an organisation (by id)."""

    customer = serializers.IntegerField(required=False, min_value=1, max_value=LARGEST)
    address = serializers.CharField(required=False, max_length=320, help_text="A mail address of the customer.")
    organisation = serializers.IntegerField(required=False, min_value=1, max_value=LARGEST)
    kind = serializers.RegexField(
        r"^[a-z][a-z0-9_]{0,39}\Z",
        help_text="joined, renewed, upgraded, lapsed, cancelled, purchased, or your own word.",
    )
    at = serializers.DateTimeField()
    value = serializers.DecimalField(14, 2, required=False, allow_null=True)
    currency = serializers.RegexField(r"^[A-Z]{3}\Z", required=False, help_text="As in ISO 4217.")
    external_id = serializers.CharField(
        required=False, max_length=200, help_text="Your own number for it: told twice is told once."
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if sum(name in attrs for name in ("customer", "address", "organisation")) != 1:
            raise serializers.ValidationError(_("Name one of customer, address and organisation."))
        return attrs


#: somebody they do not see has it: whose it is stays unsaid
_TAKEN = gettext_lazy("This number is another event's.")
SOURCE = r"^[a-z0-9][a-z0-9._-]{0,39}\Z"


class OneBody(AccountEventBody):
    # named as an attribute of DRF's own, which declared fields take no part in
    source = serializers.RegexField(SOURCE, required=False, default="api", help_text="Which system tells it.")  # type: ignore[assignment]


class ManyBody(Body):
    # named as an attribute of DRF's own, as above
    source = serializers.RegexField(SOURCE, required=False, default="api", help_text="Which system tells them.")  # type: ignore[assignment]
    events = serializers.ListField(child=serializers.DictField(), min_length=1, max_length=MOST)


# --- what is answered


class AccountEventSerializer(serializers.ModelSerializer[AccountEvent]):
    """An event of an account. `voided_at` says since when it counts no more."""

    url = serializers.SerializerMethodField()
    customer = serializers.IntegerField(source="customer_id", allow_null=True)
    organisation = serializers.IntegerField(source="organisation_id", allow_null=True)

    class Meta:
        model = AccountEvent
        fields = [
            "id", "url", "customer", "organisation", "kind", "at", "value", "currency", "source", "external_id",
            "told_at", "voided_at",
        ]  # fmt: skip

    def get_url(self, event: AccountEvent) -> str:
        return absolute(reverse("api_account_event", args=[event.pk]))


class OutcomeSerializer(serializers.Serializer[Any]):
    """What became of one row: told, known before, or refused and why."""

    outcome = serializers.ChoiceField(["told", "known", "refused"])
    event = AccountEventSerializer(allow_null=True)
    # named as a property of DRF's own, of what was refused on the way in: this one only describes what goes out
    errors = serializers.DictField(child=serializers.ListField(child=serializers.CharField()))  # type: ignore[assignment]


class OutcomesSerializer(serializers.Serializer[Any]):
    results = OutcomeSerializer(many=True)


_event = shaping(AccountEventSerializer)


# --- who may see what


def visible(agent: Agent) -> "QuerySet[AccountEvent]":
    """Events of customers the agent sees, under whatever name these were known then; but for light collaborators those
    of organisations they see, too."""
    if agent.sees_all:
        return AccountEvent.objects.all()
    seen = Customer.objects.visible_to(agent).values("pk")
    theirs = Organisation.objects.visible_to(agent).values("pk")
    organisations = Q(organisation__in=theirs) if agent.may_reply else Q(pk=None)
    return AccountEvent.objects.filter(organisations | Q(customer__in=seen) | Q(customer__merged_into__in=seen))


class AccountEvents(ApiView):
    """Events of accounts."""

    PARAMETERS = [
        OpenApiParameter("customer", OpenApiTypes.INT),
        OpenApiParameter("organisation", OpenApiTypes.INT),
        OpenApiParameter("kind", OpenApiTypes.STR),
        OpenApiParameter("source", OpenApiTypes.STR),
        OpenApiParameter("since", OpenApiTypes.DATETIME, description="At this moment or later."),
        OpenApiParameter("before", OpenApiTypes.DATETIME, description="Before this moment."),
    ]

    @extend_schema(
        operation_id="account_events_list", summary="List account events", tags=["people"],
        parameters=[*PARAMETERS, *PAGING], responses=paging.described(AccountEventSerializer),
    )  # fmt: skip
    @paged(NEWEST)
    def get(self, request: Request) -> Any:
        """Events of organisations and of the customers you see, the newest first; void ones, too."""
        only(request, *(one.name for one in self.PARAMETERS), "cursor", "limit")
        found = visible(agent_of(request))
        if customer := _number(request, "customer"):
            found = found.filter(customer__in=[customer, *accounts.merged_into(customer)])
        if organisation := _number(request, "organisation"):
            found = found.filter(organisation=organisation)
        for name in ("kind", "source"):
            if word := words_of(request, name, 40):
                found = found.filter(**{name: word})
        if since := _instant(request, "since"):
            found = found.filter(at__gte=since)
        if before := _instant(request, "before"):
            found = found.filter(at__lt=before)
        return found, _event

    @extend_schema(
        operation_id="account_events_tell", summary="Tell account events", tags=["people"], request=ManyBody,
        responses={200: OutcomesSerializer, 201: AccountEventSerializer},
    )  # fmt: skip
    @idempotent
    def post(self, request: Request) -> Response:
        """Tell one event, or as `events` up to 500.

        Agents tell of customers they see, admins of organisations, too. One is answered with itself: 201, or 200 where
        the same source had told its `external_id` before. Of many each is answered by its place: those that can be kept
        are, and the others say why not.
        """
        agent = agent_of(request)
        if isinstance(request.data, dict) and "events" in request.data:
            return self._many(request, agent)
        one = OneBody(data=request.data)
        one.is_valid(raise_exception=True)
        [news] = _news([one.validated_data], agent)
        if isinstance(news, dict):
            raise ValidationError(news)
        [told] = telling.tell([news], source=one.validated_data["source"], actor=agent)
        if not told.is_new and not visible(agent).filter(pk=told.event.pk).exists():
            raise ValidationError({"external_id": [_TAKEN]})
        data = _event(told.event)
        return Response(data, 201, headers={"Location": data["url"]}) if told.is_new else Response(data)

    def _many(self, request: Request, agent: Agent) -> Response:
        body = ManyBody(data=request.data)
        body.is_valid(raise_exception=True)
        rows: list[dict[str, Any]] = []
        for given in body.validated_data["events"]:
            row = AccountEventBody(data=given)
            rows.append(row.validated_data if row.is_valid() else {"errors": row.errors})
        found = _news(rows, agent)
        kept = [one for one in found if isinstance(one, News)]
        answers = telling.tell(kept, source=body.validated_data["source"], actor=agent)
        before = [one.event.pk for one in answers if not one.is_new]
        seen = set(visible(agent).filter(pk__in=before).values_list("pk", flat=True)) if before else set()
        told = iter(answers)
        results = []
        for one in found:
            if isinstance(one, News):
                known = next(told)
                if not known.is_new and known.event.pk not in seen:
                    results.append(_outcome("refused", None, {"external_id": [_TAKEN]}))
                    continue
                results.append(_outcome("told" if known.is_new else "known", _event(known.event)))
            else:
                results.append(_outcome("refused", None, one))
        return Response({"results": results})


class AccountEventView(ApiView):
    """One event of an account."""

    @extend_schema(
        operation_id="account_events_read", summary="Read an account event", tags=["people"],
        responses=AccountEventSerializer,
    )  # fmt: skip
    def get(self, request: Request, event: int) -> Response:
        """An event of an organisation, or of a customer you see."""
        return Response(_event(_find(request, event)))

    @extend_schema(
        operation_id="account_events_void", summary="Void an account event", tags=["people"], responses={204: None}
    )
    def delete(self, request: Request, event: int) -> Response:
        """Let it count no more. It stays in the list, with the moment it was voided. Admins do that."""
        found = _find(request, event)
        if not agent_of(request).sees_all:
            raise PermissionDenied(_("Admins do that, with a token that is not limited to inboxes."))
        telling.void(found, actor=agent_of(request))
        return Response(status=204)


def _find(request: Request, pk: int) -> AccountEvent:
    if pk > LARGEST:
        raise Http404
    return get_object_or_404(visible(agent_of(request)), pk=pk)


def _outcome(outcome: str, event: Any, errors: Any = None) -> dict[str, Any]:
    return {"outcome": outcome, "event": event, "errors": errors or {}}


def _news(rows: Sequence[dict[str, Any]], agent: Agent) -> list[News | dict[str, Any]]:
    """Each row as news, or what is wrong with it by field. A foreign customer is as good as none."""
    seen = Customer.objects.visible_to(agent)
    by_id = seen.in_bulk({row["customer"] for row in rows if "customer" in row})
    named = {row["organisation"] for row in rows if "organisation" in row}
    organisations = Organisation.objects.in_bulk(named) if agent.sees_all else {}
    addresses = {row["address"].strip().lower() for row in rows if "address" in row}
    points = ContactPoint.objects.filter(channel="email", address__in=addresses) if addresses else ()
    whose = {point.address: point.customer_id for point in points}
    by_address = seen.in_bulk(set(whose.values())) if whose else {}
    found: list[News | dict[str, Any]] = []
    for row in rows:
        if "errors" in row:
            found.append(row["errors"])
            continue
        about: Customer | Organisation | None
        if "organisation" in row:
            name, about, absent = (
                "organisation",
                organisations.get(row["organisation"]),
                _("There is no such organisation.") if agent.sees_all else _("Of organisations admins tell."),
            )
        elif "customer" in row:
            name, about, absent = "customer", by_id.get(row["customer"]), _("There is no such customer.")
        else:
            name, absent = "address", _("There is no such customer.")
            about = by_address.get(whose.get(row["address"].strip().lower(), 0))
        if about is None:
            found.append({name: [absent]})
            continue
        news = News(
            about, row["kind"], row["at"], row.get("value"), row.get("currency", ""), row.get("external_id", "")
        )
        try:
            telling.check(news)
        except NotPossible as why:
            found.append({"non_field_errors": [str(why)]})
        else:
            found.append(news)
    return found


def _number(request: Request, name: str) -> int | None:
    text = request.query_params.get(name)
    if text is None:
        return None
    if not (text.isascii() and text.isdigit() and len(text) <= 18):
        raise BadQuery(name, _("A whole number."))
    return int(text) or -1


def _instant(request: Request, name: str) -> datetime | None:
    text = request.query_params.get(name)
    if text is None:
        return None
    try:
        at = parse_datetime(text.strip().replace(" ", "+"))
    except ValueError:
        at = None
    if at is None or at.tzinfo is None or not 1900 < at.year < 9000:
        raise BadQuery(name, _("An instant as in 2026-03-01T09:00:00Z."))
    return at
