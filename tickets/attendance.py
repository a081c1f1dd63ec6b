"""Who is there for chats: whom new ones may be given to, how many they have, and whether a widget says we are in."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta

from django.db.models import Count, F, Q, QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from helpdesk import clock
from helpdesk.models import Agent
from tickets.models import ChatSeat, Ticket, workers_of

#: whoever has had no page open for so long is gone
GONE = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Load:
    """How many chats somebody has, of how many."""

    count: int
    capacity: int
    is_available: bool

    @property
    def words(self) -> str:
        """ "3 of 4 chats", or that none come to them."""
        if self.is_available:
            said = ngettext("%(count)d of %(n)d chat", "%(count)d of %(n)d chats", self.capacity)
            return said % {"count": self.count, "n": self.capacity}
        if self.count:
            said = ngettext("%(n)d chat, takes no more", "%(n)d chats, takes no more", self.count)
            return said % {"n": self.count}
        return _("takes no chats")


def available() -> "QuerySet[ChatSeat]":
    """The seats new chats may go to."""
    return ChatSeat.objects.filter(is_available=True, agent__is_away=False, agent__is_active=True)


def gone() -> Q:
    """Of seats: who takes no chats any more and is not there to end those they have."""
    closed = Q(open_at=None) | Q(open_at__lt=clock.now() - GONE)
    return Q(switched_at__isnull=False) & (Q(agent__is_away=True) | (Q(is_available=False) & closed))


def is_attended(inbox_id: int) -> bool:
    """Whether somebody of an inbox takes chats. Where nobody ever said so, its business hours alone decide."""
    seats = ChatSeat.objects.filter(agent__in=workers_of(inbox_id), switched_at__isnull=False)
    return not seats.exists() or available().filter(pk__in=seats.values("pk")).exists()


def live_chats() -> "QuerySet[Ticket]":
    """Open chats whose visitor has not left: those who left are answered by mail, and take nobody's time at once."""
    return Ticket.objects.awake().filter(
        channel="chat", conversations__visitor__isnull=False, conversations__visitor__left_at=None
    )


def counts(agents: Iterable[int]) -> dict[int, int]:
    """How many live chats each of these has."""
    found = live_chats().filter(assignee__in=list(agents)).order_by().values_list("assignee")
    return dict(found.annotate(n=Count("pk", distinct=True)))


def loads(agents: Iterable[int]) -> dict[int, Load]:
    """How these stand, of those who ever said whether they take chats."""
    seats = ChatSeat.objects.filter(agent__in=list(agents), switched_at__isnull=False).select_related("agent")
    found = {seat.agent_id: seat for seat in seats}
    has = counts(found) if found else {}
    return {
        pk: Load(has.get(pk, 0), seat.capacity, seat.is_available and not seat.agent.is_away)
        for pk, seat in found.items()
    }


def best_for(inbox_id: int, team_id: int | None) -> Agent | None:
    """Who gets the next chat: the ticket's team before others, then who has the fewest, then who got none longest."""
    seats = list(
        available()
        .filter(agent__in=workers_of(inbox_id))
        .select_related("agent")
        .order_by(F("given_at").asc(nulls_first=True), "pk")
    )
    if not seats:
        return None
    has = counts(seat.agent_id for seat in seats)
    members = set(Agent.objects.filter(teams=team_id).values_list("pk", flat=True)) if team_id else set()
    free = [seat for seat in seats if has.get(seat.agent_id, 0) < seat.capacity]
    best = min(free, key=lambda seat: (seat.agent_id not in members, has.get(seat.agent_id, 0)), default=None)
    return best.agent if best else None
