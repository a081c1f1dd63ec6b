"""Taking back the last act: the inverse operation, if nothing has happened since that it would trample on."""

from collections.abc import Callable
from datetime import datetime, timedelta

from django.db import transaction
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _

from helpdesk import clock
from helpdesk.events import record
from helpdesk.models import Agent, Event, Team
from tickets.models import Merge, Message, Priority, Status, Ticket
from tickets.operations import (
    answering_fields,
    assignment,
    blocking,
    collisions,
    following,
    linking,
    merging,
    moving,
    removing,
    sorting,
    status,
)
from tickets.operations.status import NotPossible

#: how long the last act can be taken back from anywhere
WITHIN = timedelta(minutes=10)

#: how a ticket comes back into a status it had
BACK_TO = {
    Status.OPEN: status.reopen,
    Status.PENDING: status.pend,
    Status.ON_HOLD: status.hold,
    Status.RESOLVED: status.resolve,
}

SAYING = ("message.replied", "message.forwarded")
_TAKEN_BACK = ("ticket.undone", "message.withdrawn")
#: names what was done with a message: that is taken back with it
_WITH_IT = "message.acted"

Undoing = Callable[[Ticket, Event, Agent], Ticket]


@transaction.atomic
def undo(ticket: Ticket, event: Event, *, actor: Agent) -> Ticket:
    """Undo the actor's own event on this ticket. Raises NotPossible when it is too late or not theirs."""
    ticket = _locked(ticket, event)
    back = _WAYS_BACK.get(event.verb)
    if event.stream_id != ticket.number or event.actor_id != actor.pk or back is None:
        raise NotPossible(_("That cannot be undone."))
    # it may look as they left it, and be so because a colleague wants it
    collisions.must_be_as_seen(ticket, collisions.thing_of(event), seen=event.pk, actor=actor)
    before = _last_event(ticket)
    ticket = back(ticket, event, actor)
    made = list(Event.objects.filter(stream_id=ticket.number, id__gt=before).values_list("id", flat=True))
    if made:
        record("ticket.undone", ticket, actor=actor, event=event.pk, made=made)
    return ticket


def _locked(ticket: Ticket, event: Event) -> Ticket:
    """The ticket, with the other one its event speaks of, in the order of their numbers: whoever changes both does."""
    others = {event.facts.get(name) for name in ("into", "ticket", "to")}
    return Ticket.objects.all_locked({ticket.pk, *(one for one in others if isinstance(one, int))})[ticket.pk]


def latest(actor: Agent) -> Event | None:
    """What the actor did last and has not taken back, on whatever ticket; None when that was long ago.

    An answer is one act, whatever it did to its ticket: it is returned as its own event, and withdrawn elsewhere.
    """
    recent = Event.objects.filter(at__gte=clock.now() - WITHIN, actor_id=actor.pk, stream_id__isnull=False)
    events = list(recent.filter(verb__in=[*UNDOABLE, *SAYING, *_TAKEN_BACK, _WITH_IT]).order_by("-id")[:200])
    said = {(event.stream_id, event.at): event for event in reversed(events) if event.verb in SAYING}
    over: set[int] = set()
    for event in events:
        if event.verb in _TAKEN_BACK:
            over.update([event.facts.get("event", 0), *event.facts.get("made", ()), *event.facts.get("undone", ())])
        elif event.verb == _WITH_IT:
            over.update(event.facts.get("events", ()))
        elif event.pk not in over:
            return said.get((event.stream_id, event.at), event)
    return None


def _last_event(ticket: Ticket) -> int:
    return Event.objects.filter(stream_id=ticket.number).order_by("-id").values_list("id", flat=True).first() or 0


def _restore(ticket: Ticket, event: Event, actor: Agent) -> Ticket:
    facts = event.facts
    if ticket.status != facts["to"]:
        raise NotPossible(_("The ticket has moved on since."))
    back = BACK_TO.get(Status(facts["was"]))
    if back is None or ticket.is_closed:
        raise NotPossible(_("A closed ticket stays closed."))
    ticket = back(ticket, actor=actor)
    until = _instant(facts.get("was_snoozed_until"))
    if until and until > clock.now() and ticket.status == Status.OPEN:
        ticket = status.snooze(ticket, until=until, actor=actor)
    if facts["to"] == Status.RESOLVED and (since := moving.waiting_since(ticket)):
        # resolving had settled who waits
        ticket.waiting_since = since
        ticket.save(update_fields=["waiting_since"])
    return ticket


def _give_back(ticket: Ticket, event: Event, actor: Agent) -> Ticket:
    facts = event.facts
    if (ticket.assignee_id, ticket.team_id) != (facts["agent"], facts["team"]):
        raise NotPossible(_("The ticket has been given to somebody else since."))
    agent = Agent.objects.filter(pk=facts["was_agent"]).first()
    team = Team.objects.filter(pk=facts["was_team"]).first()
    return assignment.assign(ticket, agent=agent, team=team, actor=actor)


def _prioritise_back(ticket: Ticket, event: Event, actor: Agent) -> Ticket:
    facts = event.facts
    if ticket.priority != facts["to"]:
        raise NotPossible(_("Somebody has changed the priority since."))
    return sorting.prioritise(ticket, priority=Priority(facts["was"]), actor=actor)


def _retype_back(ticket: Ticket, event: Event, actor: Agent) -> Ticket:
    facts = event.facts
    if ticket.type != facts["to"]:
        raise NotPossible(_("Somebody has changed the type since."))
    return sorting.retype(ticket, to=facts["was"], actor=actor)


def _unsnooze(ticket: Ticket, event: Event, actor: Agent) -> Ticket:
    facts = event.facts
    if ticket.snoozed_until != _instant(facts.get("until")):
        raise NotPossible(_("The ticket has moved on since."))
    was = _instant(facts.get("was"))
    if was and was > clock.now():
        return status.snooze(ticket, until=was, actor=actor)
    return status.wake(ticket, actor=actor)


def _snooze_again(ticket: Ticket, event: Event, actor: Agent) -> Ticket:
    facts = event.facts
    until = _instant(facts.get("until"))
    if until is None or ticket.is_snoozed:
        raise NotPossible(_("The ticket has moved on since."))
    return status.snooze(ticket, until=until, actor=actor)


def _answer_as_before(ticket: Ticket, event: Event, actor: Agent) -> Ticket:
    was = answering_fields.before(ticket, event)
    return answering_fields.set_field(ticket, key=event.facts["key"], value=was, actor=actor)


def _take_out(ticket: Ticket, event: Event, actor: Agent) -> Ticket:
    facts = event.facts
    if ticket.status != facts["to"]:
        raise NotPossible(_("The ticket has moved on since."))
    if facts.get("blocked"):
        blocking.unblock(ticket.customer, actor=actor)
    return removing.restore(ticket, actor=actor)


def _remove_again(ticket: Ticket, event: Event, actor: Agent) -> Ticket:
    facts = event.facts
    if ticket.status != facts["to"]:
        raise NotPossible(_("The ticket has moved on since."))
    again = removing.spam if facts["was"] == Status.SPAM else removing.trash
    return again(ticket, actor=actor)


def _unmerge(ticket: Ticket, event: Event, actor: Agent) -> Ticket:
    """Of a merge, and of a ticket that nothing was left on."""
    if "merge" not in event.facts:
        moved = Event.objects.filter(stream_id=ticket.pk, at=event.at, verb="message.moved").last()
        return _move_back(ticket, moved or event, actor)
    return merging.unmerge(Merge.objects.get(pk=event.facts["merge"]), actor=actor)


def _move_back(ticket: Ticket, event: Event, actor: Agent) -> Ticket:
    message = Message.objects.filter(pk=event.facts.get("message"), ticket=event.facts.get("to")).first()
    if message is None:
        raise NotPossible(_("The message has moved on since."))
    moving.move(message, ticket=ticket, actor=actor)
    return Ticket.objects.get(pk=ticket.pk)


def _other(event: Event) -> Ticket:
    other = Ticket.objects.filter(pk=event.facts["ticket"]).first()
    if other is None:
        raise NotPossible(_("That ticket is gone."))
    return other


def _link_as_before(ticket: Ticket, event: Event, actor: Agent) -> Ticket:
    other = _other(event)
    if linking.kind_of(ticket, other) != event.facts["kind"]:
        raise NotPossible(_("Somebody has linked them otherwise since."))
    if was := event.facts.get("was"):
        return linking.link(ticket, to=other, kind=was, actor=actor)
    return linking.unlink(ticket, to=other, actor=actor)


def _link_again(ticket: Ticket, event: Event, actor: Agent) -> Ticket:
    other = _other(event)
    if linking.kind_of(ticket, other):
        raise NotPossible(_("Somebody has linked them otherwise since."))
    return linking.link(ticket, to=other, kind=event.facts["kind"], actor=actor)


def _follower(event: Event) -> Agent:
    agent = Agent.objects.filter(pk=event.facts["agent"]).first()
    if agent is None:
        raise NotPossible(_("That person is gone."))
    return agent


def _instant(text: str | None) -> datetime | None:
    return parse_datetime(text) if text else None


_WAYS_BACK: dict[str, Undoing] = {
    **dict.fromkeys(status.VERBS.values(), _restore),
    "ticket.assigned": _give_back,
    "ticket.tagged": lambda ticket, event, actor: sorting.untag(ticket, name=event.facts["tag"], actor=actor),
    "ticket.untagged": lambda ticket, event, actor: sorting.tag(ticket, name=event.facts["tag"], actor=actor),
    "ticket.prioritised": _prioritise_back,
    "ticket.retyped": _retype_back,
    "ticket.answered": _answer_as_before,
    "ticket.snoozed": _unsnooze,
    "ticket.woken": _snooze_again,
    "ticket.followed": lambda ticket, event, actor: following.unfollow(ticket, agent=_follower(event), actor=actor),
    "ticket.unfollowed": lambda ticket, event, actor: following.follow(ticket, agent=_follower(event), actor=actor),
    "ticket.linked": _link_as_before,
    "ticket.unlinked": _link_again,
    "ticket.merged": _unmerge,
    "message.moved": _move_back,
    **dict.fromkeys(removing.VERBS.values(), _take_out),
    **dict.fromkeys(removing.WAYS_BACK.values(), _remove_again),
}
UNDOABLE = frozenset(_WAYS_BACK)
