"""First response targets of inboxes: met, breached or still running, by the rules of `metrics.slas.first_response`."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Case, F, IntegerField, Q, QuerySet, Value, When
from django.db.models.functions import Coalesce, Least

from reports import facts, service_sets
from reports.aggregates import those
from reports.metrics.slas import Attainment
from reports.reading import Filter
from reports.statistics import share
from tickets.models import Inbox

#: so many unanswered tickets that left are looked at one by one
_AT_ONCE = 2_000


@dataclass(frozen=True, slots=True)
class OfInbox:
    """One inbox's target and what became of it."""

    inbox: int
    name: str
    target_s: int
    attainment: Attainment


def first_response(chosen: Filter, at: datetime) -> list[OfInbox]:
    """The target of each inbox with tickets in the period."""
    inboxes = {
        pk: (name, 60 * minutes)
        for pk, name, minutes in Inbox.objects.filter(pk__in=chosen.inboxes).order_by("name")
        .values_list("pk", "name", "response_target_minutes")
    }  # fmt: skip
    if not inboxes:
        return []
    counts = _answered(chosen, {pk: target for pk, (_name, target) in inboxes.items()})
    overdue = _unanswered(service_sets.never_answered(chosen), {pk: t for pk, (_name, t) in inboxes.items()}, at)
    found = []
    for pk, (name, target) in inboxes.items():
        met, late = counts.get(pk, (0, 0))
        never, running = overdue.get(pk, (0, 0))
        breached = late + never
        if met + breached + running:
            one = Attainment(met, breached, running, share(met, met + breached))
            found.append(OfInbox(pk, name, target, one))
    return found


def _answered(chosen: Filter, targets: dict[int, int]) -> dict[int, tuple[int, int]]:
    """(met, breached) of the answered tickets of each inbox."""
    target = Case(*[When(inbox=pk, then=Value(t)) for pk, t in targets.items()], output_field=IntegerField())
    rows = (
        service_sets.owes_first_reply(chosen).filter(frt_s__isnull=False)
        .annotate(took=Coalesce("frt_business_s", "frt_s"), target=target)
        .order_by().values_list("inbox")
        .annotate(met=those(Q(took__lte=F("target"))), late=those(Q(took__gt=F("target"))))
    )  # fmt: skip
    return {inbox: (met, late) for inbox, met, late in rows}


def _unanswered(rows: "QuerySet[Any]", targets: dict[int, int], at: datetime) -> dict[int, tuple[int, int]]:
    """(breached, running) of those nobody answered; what left in time is neither."""
    hours = facts.hours_of_inboxes()
    found: dict[int, tuple[int, int]] = {}
    read = rows.annotate(until=Least("left_at", "abandoned_at")).values_list("inbox", "started_at", "until")
    for inbox, started, left in read.iterator(chunk_size=_AT_ONCE):
        ends = min(left, at) if left else at
        late = hours.get(inbox, facts.NO_HOURS).calendar.seconds_between(started, ends) > targets[inbox]
        breached, running = found.get(inbox, (0, 0))
        found[inbox] = (breached + late, running + (not late and left is None))
    return found
