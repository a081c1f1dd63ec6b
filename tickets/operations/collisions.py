"""Two people on one ticket: who changes what a colleague has just changed is told so first.

Pages say with each act which event of the ticket they knew last (`seen`). Changes to other things, and by oneself or by
the clock, are no collision.
"""

from collections.abc import Callable
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.utils.timesince import timesince
from django.utils.translation import gettext as _

from helpdesk import clock
from helpdesk.models import Agent, Event
from tickets import activity
from tickets.models import Ticket
from tickets.operations import removing, status
from tickets.operations.status import NotPossible

_STATUS = (*status.VERBS.values(), "ticket.snoozed", "ticket.woken", *removing.VERBS.values(),
           *removing.WAYS_BACK.values(), "ticket.merged", "ticket.unmerged")  # fmt: skip
#: what can be changed at once by two, and the events that change it
THINGS: dict[str, tuple[str, ...]] = {
    "assignment": ("ticket.assigned",),
    "status": _STATUS,
    "priority": ("ticket.prioritised",),
    "type": ("ticket.retyped",),
    "field": ("ticket.answered",),
}


def thing_of(event: Event) -> str:
    """What an event changed, as `change` calls it; "" for what can be no collision."""
    name = next((thing for thing, verbs in THINGS.items() if event.verb in verbs), "")
    return f"{name}:{event.facts['key']}" if name == "field" else name


class ChangedMeanwhile(NotPossible):
    """A colleague changed the same thing since the page was made; the text says who and how."""


@transaction.atomic
def change(ticket: Ticket, thing: str, work: Callable[[Ticket], Any], *, seen: int | None, actor: Agent | None) -> Any:
    """Do `work` on the locked ticket, unless a colleague has changed that thing since `seen`; None looks at nothing.

    A field is the thing "field:<key>". Raises ChangedMeanwhile, and what `work` raises.
    """
    ticket = Ticket.objects.locked(ticket.pk)
    must_be_as_seen(ticket, thing, seen=seen, actor=actor)
    return work(ticket)


def must_be_as_seen(ticket: Ticket, thing: str, *, seen: int | None, actor: Agent | None) -> None:
    """Raise ChangedMeanwhile where a colleague has changed that thing of a locked ticket since `seen`."""
    name, _colon, key = thing.partition(":")
    if seen is None or actor is None or name not in THINGS:
        return
    about = Q(facts__key=key) if name == "field" else Q()
    since = Event.objects.filter(about, stream_id=ticket.pk, id__gt=seen, verb__in=THINGS[name], actor_id__isnull=False)
    event = since.exclude(actor_id=actor.pk).order_by("-id").first()
    if event is not None:
        raise ChangedMeanwhile(_said(event))


def last_event(ticket: Ticket) -> int:
    """The newest event of a ticket: what a page made now has seen."""
    return Event.objects.filter(stream_id=ticket.pk).order_by("-id").values_list("id", flat=True).first() or 0


def _said(event: Event) -> str:
    what = activity.say(event, activity.names_in([event])) or _("A colleague has changed this")
    seconds = (clock.now() - event.at).total_seconds()
    if seconds < 60:
        return _("%(what)s just now.") % {"what": what}
    return _("%(what)s, %(ago)s ago.") % {"what": what, "ago": timesince(event.at, clock.now()).split(",")[0]}
