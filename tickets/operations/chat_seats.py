"""Who takes chats, and giving them out: new ones, and those whose agent is gone while the visitor waits."""

from typing import Any

from django.db import transaction
from django.db.models import Q

from helpdesk import clock
from helpdesk.events import record
from helpdesk.models import Agent
from tickets import attendance
from tickets.models import ChatSeat, Ticket
from tickets.operations import assignment, locking

#: more do not wait at once; the clock comes again
MOST = 200


def seat_of(agent: Agent) -> ChatSeat:
    """The agent's seat; one not kept yet for who never had one."""
    return ChatSeat.objects.filter(agent=agent).first() or ChatSeat(agent=agent)


def _locked(agent: Agent) -> ChatSeat:
    ChatSeat.objects.get_or_create(agent=agent)
    return ChatSeat.objects.select_for_update(no_key=True).get(agent=agent)


@transaction.atomic
def switch(agent: Agent, *, is_available: bool, actor: Agent | None, why: str = "") -> ChatSeat:
    """Let new chats come to an agent, or no more; those they have stay theirs. Twice is once.

    `why` says why nobody had to: "signed_out", or "absent" where no page of theirs is open.
    """
    seat, now = _locked(agent), clock.now()
    if seat.is_available == is_available and seat.switched_at:
        return seat
    seat.is_available, seat.switched_at = is_available, now
    seat.open_at = now if is_available else None if why == "signed_out" else seat.open_at
    seat.save(update_fields=["is_available", "switched_at", "open_at"])
    facts: dict[str, Any] = {"why": why} if why else {}
    record("agent.chats_began" if is_available else "agent.chats_ended", agent, actor=actor, **facts)
    return seat


@transaction.atomic
def arrange(agent: Agent, *, capacity: int, rings: bool, notifies: bool) -> ChatSeat:
    """How many chats at once, and how the agent hears of them, as they say themselves."""
    seat = _locked(agent)
    seat.capacity, seat.rings, seat.notifies = capacity, rings, notifies
    seat.save(update_fields=["capacity", "rings", "notifies"])
    return seat


@transaction.atomic
def allow(agent: Agent, *, capacity: int, actor: Agent) -> ChatSeat:
    """How many chats come to an agent at once, as an admin says. Twice is once."""
    seat = _locked(agent)
    if seat.capacity != capacity:
        was, seat.capacity = seat.capacity, capacity
        seat.save(update_fields=["capacity"])
        record("agent.chats_limited", agent, actor=actor, was=was, now=capacity)
    return seat


def be_open(agent: Agent) -> None:
    """A page of theirs is open somewhere, looked at or not."""
    ChatSeat.objects.filter(agent=agent, switched_at__isnull=False).update(open_at=clock.now())


def free_the_absent() -> int:
    """Give no more chats to whoever has had no page open for some minutes. Returns how many that were."""
    late = Q(open_at=None) | Q(open_at__lt=clock.now() - attendance.GONE)
    seats = ChatSeat.objects.filter(late, is_available=True).select_related("agent")
    for seat in seats:
        switch(seat.agent, is_available=False, actor=None, why="absent")
    return len(seats)


def give_out() -> int:
    """Give waiting chats to who takes them. Returns how many went to somebody, or back to the queue.

    Each goes to the available agent of its inbox with the fewest, while they have fewer than they take at once; what
    nobody can take waits in the queue. Safe in any number of processes at once: one of them counts and gives at a time.
    """
    return sum(_give(number) for number in _waiting().values_list("pk", flat=True)[:MOST])


def _waiting(number: int | None = None):  # type: ignore[no-untyped-def]
    """Chats whose visitor is there and waits, with nobody, or with somebody who is gone."""
    gone = ChatSeat.objects.filter(attendance.gone()).values("agent")
    waiting = attendance.live_chats().filter(Q(assignee=None) | Q(assignee__in=gone), waiting_since__isnull=False)
    waiting = waiting if number is None else waiting.filter(pk=number)
    return waiting.order_by("waiting_since", "pk").distinct()


@transaction.atomic
def _give(number: int) -> bool:
    locking.hold("chats are given out")
    ticket = Ticket.objects.locked(number)
    if not _waiting(number).exists():
        return False
    agent = attendance.best_for(ticket.inbox_id, ticket.team_id)
    if agent is None and ticket.assignee_id is None:
        return False
    assignment.assign(ticket, agent=agent, team=ticket.team, actor=None, why="chat")
    if agent is not None:
        ChatSeat.objects.filter(agent=agent).update(given_at=clock.now())
    return True
