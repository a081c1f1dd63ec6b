"""The queue of recoveries: which are shown to whom, in which order, and how many wait."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.core.cache import cache
from django.db.models import Q
from django.utils.dateparse import parse_datetime
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from feedback.models import Department, Recovery, RecoveryState
from feedback.models.recovery import RecoveryQuerySet
from helpdesk import clock
from helpdesk.models import Agent

PAGE = 50
#: the number at the rail may be so old
KEPT_SECONDS = 15


@dataclass(frozen=True, slots=True)
class Shelf:
    """Some of the recoveries, under a name."""

    key: str
    title: str | Promise
    empty: str | Promise
    choose: Callable[[RecoveryQuerySet, Agent], RecoveryQuerySet]


def departments_of(agent: Agent) -> "list[int]":
    return list(Department.members.through.objects.filter(agent=agent).values_list("department_id", flat=True))


SHELVES: dict[str, Shelf] = {
    shelf.key: shelf
    for shelf in (
        Shelf("open", _("All open"), _("No recovery is open: nobody waits to be made good to."),
              lambda found, agent: found.standing()),
        Shelf("mine", _("Mine"), _("None of the open recoveries is yours."),
              lambda found, agent: found.standing().filter(owner=agent)),
        Shelf("department", _("My departments"), _("No recovery of your departments is open."),
              lambda found, agent: found.standing().filter(department__in=departments_of(agent))),
        Shelf("unassigned", _("Unassigned"), _("Every open recovery is somebody's."),
              lambda found, agent: found.unassigned()),
        Shelf("overdue", _("Overdue"), _("Nothing is overdue: everybody was spoken to in time, or still can be."),
              lambda found, agent: found.overdue(clock.now())),
        Shelf("closed", _("Closed"), _("No recovery was closed yet."),
              lambda found, agent: found.filter(state=RecoveryState.CLOSED)),
    )
}  # fmt: skip


def listed(agent: Agent, shelf: Shelf) -> RecoveryQuerySet:
    """The recoveries of a shelf that an agent may see, by when they are due; of closed ones the last first."""
    found = shelf.choose(Recovery.objects.visible_to(agent), agent)
    found = found.select_related(
        "customer", "ticket", "owner", "reason", "department", "response__invitation__survey", "inbox"
    ).prefetch_related("customer__contact_points", "reviews__message__abroad")
    return found.order_by("-closed_at", "-pk") if shelf.key == "closed" else found.order_by("due_at", "pk")


def page(agent: Agent, shelf: Shelf, *, after: str = "", size: int = PAGE) -> tuple[Sequence[Recovery], str]:
    """Some rows, and from where the next ones go on. A cursor somebody made up starts at the beginning."""
    rows = listed(agent, shelf)
    is_closed = shelf.key == "closed"
    column, sign = ("closed_at", "lt") if is_closed else ("due_at", "gt")
    if place := _place(after):
        at, pk = place
        rows = rows.filter(Q(**{f"{column}__{sign}": at}) | Q(**{column: at, f"pk__{sign}": pk}))
    found = list(rows[: size + 1])
    last = found[size - 1] if len(found) > size else None
    return found[:size], f"{getattr(last, column).isoformat()}~{last.pk}" if last else ""


def _place(text: str) -> tuple[datetime, int] | None:
    at, _tilde, pk = text.partition("~")
    try:
        found = parse_datetime(at)
    except ValueError:
        return None
    if found is None or found.tzinfo is None or not (pk.isascii() and pk.isdecimal() and len(pk) < 19):
        return None
    return found, int(pk)


def counts(agent: Agent) -> dict[str, int]:
    """How many are on each shelf but the closed one."""
    seen = Recovery.objects.visible_to(agent)
    return {key: shelf.choose(seen, agent).count() for key, shelf in SHELVES.items() if key != "closed"}


def waiting_for(agent: Agent) -> int:
    """How many wait to be taken up that are this agent's, or nobody's in their departments; some seconds old."""
    key = f"recoveries-waiting-{agent.pk}"
    kept = cache.get(key)
    if kept is None:
        open_now = Recovery.objects.filter(state=RecoveryState.OPEN)
        theirs = Department.members.through.objects.filter(agent=agent).values("department_id")
        kept = open_now.filter(Q(owner=agent) | Q(owner=None, department__in=theirs)).count()
        cache.set(key, kept, KEPT_SECONDS)
    return int(kept)


def forget(*agents: int | None) -> None:
    """Count anew the next time, for these."""
    cache.delete_many([f"recoveries-waiting-{pk}" for pk in agents if pk])
