"""Telling agents: from events to notifications, and what agents do with them.

An event becomes one notification for each agent it concerns who may see the ticket and wants to hear of it; never for
who did it. What comes on one ticket within a minute is folded into one. The row is the job of its mail and of its push
messages (`notice_mails`, `pushing`); a replayed event finds its row.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any

from django.db import transaction
from django.db.models import Q
from psycopg.types.numeric import Int8

from helpdesk import clock, live, statements
from helpdesk.events import history, record
from helpdesk.models import Agent, Event
from helpdesk.prepared import part_of
from helpdesk.quiet import next_loud
from tickets import notices
from tickets.models import (
    REMOVED,
    Inbox,
    Notification,
    NotificationChoice,
    PushSubscription,
    Ticket,
    Way,
    readers_of,
)
from tickets.notices import About, Choice, Choices, Kind

#: what is older tells nobody: no storm after an import or an outage
FRESH = timedelta(hours=12)
#: what comes on one ticket within that is one notification
FOLD = timedelta(minutes=1)
#: time to see it on the page before it is mailed
REST = timedelta(minutes=2)
#: notifications are kept that long
KEEP = timedelta(days=90)
#: facts of the event that a sentence or a snippet needs
_FACTS = ("message", "low_score", "recovery")
#: what tells of an answer or forward that may be taken back
_SAYING = ("message.replied", "message.forwarded")
_WAITING = Notification.State.WAITING
_NONE = Notification.State.NONE


@transaction.atomic(savepoint=False)
def tell(
    events: Sequence[Event], *, on: Mapping[int, int] = MappingProxyType({}),
    inboxes: Mapping[int, int] = MappingProxyType({}),
) -> int:  # fmt: skip
    """Make notifications of events. Returns how many were made or grew.

    `on` says on which ticket an event of no ticket is shown, by the event's id; `inboxes` whose choices hold where
    there is none.
    """
    since = clock.now() - FRESH
    heard = [
        (event, kinds)
        for event in events
        if (event.stream_id or event.pk in on or event.pk in inboxes) and event.at > since
        and not event.facts.get("imported") and (kinds := notices.of_verb(event.verb))
    ]  # fmt: skip
    if not heard:
        return 0
    numbers = {event.pk: event.stream_id or on.get(event.pk) for event, _kinds in heard}
    found = _abouts({number for number in numbers.values() if number})
    abouts = {event: found[number] for event, number in numbers.items() if number in found}
    abouts |= {event: _no_ticket(inboxes[event]) for event, number in numbers.items() if number is None}
    return _write(_whom(heard, abouts)) if abouts else 0


def _abouts(numbers: set[int]) -> dict[int, About]:
    found: dict[int, About] = {}
    with statements.cursor() as cursor:
        cursor.execute(_ABOUTS, [[Int8(number) for number in numbers]])
        for number, status, inbox, assignee, team, followers in cursor.fetchall():
            # nobody hears of what is spam or in the trash
            if status not in REMOVED:
                ticket = part_of(Ticket, number=number, inbox_id=inbox, assignee_id=assignee, team_id=team)
                found[number] = About(ticket, frozenset(followers))
    return found


def _no_ticket(inbox: int) -> About:
    return About(part_of(Ticket, number=0, inbox_id=inbox, assignee_id=None, team_id=None))


_ABOUTS = """
    SELECT number, status, inbox_id, assignee_id, team_id,
        ARRAY(SELECT agent_id FROM tickets_follower WHERE ticket_id = number)
    FROM tickets_ticket WHERE number = ANY(%s)
"""


#: whom an event is told: (agent, event) -> the event, its ticket, as which kind, by which ways
Told = dict[tuple[int, int], tuple[Event, About, Kind, frozenset[Way]]]


def _whom(heard: Sequence[tuple[Event, list[Kind]]], abouts: Mapping[int, About]) -> Told:
    concerned: list[tuple[Event, About, Kind, set[int]]] = []
    for event, kinds in heard:
        if about := abouts.get(event.pk):
            for kind in kinds:
                found = set() if kind.is_wide else {one for one in kind.who(event, about) if one}
                if found or kind.is_wide:
                    concerned.append((event, about, kind, found - {event.actor_id or 0}))
    named = {agent for *_rest, found in concerned for agent in found}
    wide = {kind.key for _event, _about, kind, _found in concerned if kind.is_wide}
    if not named and not wide:
        return {}
    choices = choices_of(named, {kind.key for _event, _about, kind, _found in concerned}, wide)
    readers: dict[int, set[int]] = {}
    told: Told = {}
    for event, about, kind, found in concerned:
        inbox = about.ticket.inbox_id
        if not found and not (kind.is_wide and choices.is_asked_for(kind)):
            continue
        if inbox not in readers:
            readers[inbox] = set(readers_of(inbox).values_list("pk", flat=True))
        here = readers[inbox] if about.ticket.number else set()
        others = found - here if kind.apart else set()
        beside = set(kind.apart.may_see(event, others)) & others if kind.apart and others else set()
        for agent in (here - {event.actor_id or 0}) if kind.is_wide else found & here | beside:
            ways = choices.ways(agent, inbox, kind)
            if ways:
                where = _no_ticket(inbox) if agent in beside else about
                told.setdefault((agent, event.pk), (event, where, kind, ways))
    return told


def choices_of(agents: Iterable[int], kinds: Iterable[str], wide: Iterable[str] = ()) -> Choices:
    """What these agents and the house chose of these kinds; of `wide` ones, what anybody asked for."""
    wanted = Q(agent=None) | Q(agent__in=list(agents)) | Q(kind__in=list(wide))
    rows = NotificationChoice.objects.filter(wanted, kind__in=list(kinds))
    found = rows.values_list("agent_id", "inbox_id", "kind", "way", "is_wanted")
    return Choices({Choice(agent, inbox, kind, way): said for agent, inbox, kind, way, said in found})


def _write(told: Told) -> int:
    if not told:
        return 0
    agents = Agent.objects.in_bulk({agent for agent, _event in told})
    with_push = set(PushSubscription.objects.standing().filter(agent__in=agents).values_list("agent_id", flat=True))
    open_rows = _open_rows(agents, {about.ticket.number for _e, about, _k, _w in told.values()}, told)
    known = set(
        Notification.objects.filter(
            agent__in=agents, event_id__in={event for _agent, event in told}
        ).values_list("agent_id", "event_id")
    )  # fmt: skip
    known |= _folded(agents, told)
    fresh: list[Notification] = []
    changed = 0
    for (pk, event_id), (event, about, kind, ways) in sorted(told.items(), key=lambda item: item[0][1]):
        if (pk, event_id) in known:
            continue
        agent, at = agents[pk], clock.now()
        key = (pk, about.ticket.number)
        one = open_rows.get(key) if about.ticket.number else None  # what is about no ticket stays by itself
        push = ways & {Way.PUSH} if pk in with_push else frozenset()
        if not ways - {Way.PUSH} | push:
            continue
        if one is not None and one.at > event.at - FOLD:
            _fold(one, event, kind, ways, bool(push))
            if one.pk:
                one.save()
        else:
            one = open_rows[key] = Notification(
                agent=agent, kind=kind.key, event_id=event_id, ticket_id=about.ticket.number or None,
                actor_id=event.actor_id, facts=_facts(event), at=event.at, is_shown=Way.PAGE in ways,
                mail=_WAITING if Way.MAIL in ways else _NONE, push=_WAITING if push else _NONE,
                due_at=next_loud(agent, at + REST), push_due_at=next_loud(agent, at),
            )  # fmt: skip
            fresh.append(one)
        changed += 1
    Notification.objects.bulk_create(fresh, ignore_conflicts=True)
    _announce({(pk, about.ticket.number) for (pk, _event), (_e, about, _k, _w) in told.items()}, bool(with_push))
    return changed


def _open_rows(
    agents: Iterable[int], numbers: set[int], told: Mapping[tuple[int, int], tuple[Event, Any, Any, Any]]
) -> dict[tuple[int, int], Notification]:
    """What each of these agents was told of each of these tickets within the last minute and has not read."""
    since = min(event.at for event, *_rest in told.values()) - FOLD
    rows = Notification.objects.select_for_update(of=("self",)).filter(
        agent__in=list(agents), ticket__in=numbers, read_at=None, at__gt=since
    )
    return {(one.agent_id, one.ticket_id or 0): one for one in rows.order_by("pk")}


def _folded(agents: Iterable[int], told: Mapping[tuple[int, int], tuple[Event, Any, Any, Any]]) -> set[tuple[int, int]]:
    """Agents with the events that became part of another notification of theirs, whether they have read it or not."""
    since = min(event.at for event, *_rest in told.values()) - FOLD
    tickets = {about.ticket.number for _event, about, *_rest in told.values()}
    rows = Notification.objects.filter(agent__in=list(agents), ticket__in=tickets, at__gt=since)
    found = rows.filter(facts__has_key="events").values_list("agent_id", "facts__events")
    return {(agent, event) for agent, events in found for event in events}


def _facts(event: Event) -> dict[str, Any]:
    return {"verb": event.verb, **{name: event.facts[name] for name in _FACTS if name in event.facts}}


def _fold(one: Notification, event: Event, kind: Kind, ways: frozenset[Way], is_pushed: bool) -> None:
    """Two in a minute are one: it says the weightier, and that there is more."""
    facts = {**one.facts, "events": [*one.facts.get("events", ()), event.pk], "more": one.facts.get("more", 0) + 1}
    if notices.weight(kind.key) < notices.weight(one.kind):
        kept = {name: value for name, value in facts.items() if name not in _FACTS}
        one.kind, one.actor_id, facts = kind.key, event.actor_id, {**kept, **_facts(event)}
        if is_pushed and one.push == _NONE:
            one.push = _WAITING
    one.facts = facts
    one.is_shown = one.is_shown or Way.PAGE in ways
    if Way.MAIL in ways and one.mail == _NONE:
        one.mail = _WAITING


def _announce(told: set[tuple[int, int]], has_push: bool) -> None:
    """Let the agents' open pages know, and the worker that posts push messages."""
    news = [live.Notice("notification.new", number or None, f"agent:{agent}", 0) for agent, number in sorted(told)]
    transaction.on_commit(lambda: live.publish(news), robust=True)
    if has_push:
        transaction.on_commit(_ring, robust=True)


def _ring() -> None:
    from helpdesk.doorbell import ring
    from tickets.tasks import push_notifications

    ring(push_notifications)


@transaction.atomic
def forget_message(message: int, ticket: int, undone: Iterable[int] = ()) -> None:
    """What was taken back, with the events it undid, is told to nobody who has not read of it; other news stays."""
    gone = {*undone, *history(ticket, _SAYING).filter(facts__message=message).values_list("id", flat=True)}
    about = Q(facts__message=message) | Q(event_id__in=gone)
    for pk in gone:
        about |= Q(facts__events__contains=[pk])
    rows = Notification.objects.select_for_update(of=("self",)).filter(about, ticket=ticket, read_at=None)
    for one in rows.order_by("pk"):
        _take_out(one, message, gone)


def _take_out(one: Notification, message: int, gone: set[int]) -> None:
    """Let a notification say only what is left of it; one of which nothing is left is gone."""
    whole = [one.event_id, *one.facts.get("events", ())]
    said = Q(verb__in=_SAYING, facts__message=message)  # on a ticket that was merged into this one, perhaps
    gone = {*gone, *one.facts.get("gone", ()), *Event.objects.filter(said, pk__in=whole).values_list("id", flat=True)}
    left = list(Event.objects.filter(pk__in=set(whole) - gone).order_by("id"))
    about = _abouts({one.ticket_id or 0}).get(one.ticket_id or 0)
    told = _whom(
        [(event, notices.of_verb(event.verb)) for event in left], {event.pk: about for event in left} if about else {}
    )
    news = [told[key] for key in sorted(told) if key[0] == one.agent_id]
    if not news:
        one.delete()
        return
    [(first, _about, kind, ways), *more] = news
    was_mail, was_push = one.mail, one.push
    one.kind, one.actor_id, one.facts = kind.key, first.actor_id, _facts(first)
    one.is_shown = Way.PAGE in ways
    one.mail = _WAITING if Way.MAIL in ways else _NONE
    for event, _about, another, its_ways in more:
        _fold(one, event, another, its_ways, was_push == _WAITING)
    if was_mail != _WAITING:  # it went out, or nobody wanted it
        one.mail = was_mail
    one.push = _NONE if was_push == _WAITING and not any(Way.PUSH in ways for *_rest, ways in news) else was_push
    # what was told once is not told again when its event is heard twice
    rest = [pk for pk in whole if pk != first.pk]
    if rest:
        one.facts = {**one.facts, "events": rest, "gone": sorted(set(whole) & gone)}
    one.event_id = first.pk
    one.save()
    _tell_pages_of(Agent(pk=one.agent_id))


def mark_read(
    agent: Agent, *, ticket: Ticket | None = None, pk: int | None = None, fact: Mapping[str, int] | None = None
) -> int:
    """The agent has seen what they were told: of a ticket, one, of what its facts name, or all.

    It is neither mailed nor pushed any more.
    """
    unread = Notification.objects.filter(agent=agent, read_at=None)
    if ticket is not None:
        unread = unread.filter(ticket=ticket)
    if pk is not None:
        unread = unread.filter(pk=pk)
    if fact is not None:
        unread = unread.filter(facts__contains=fact)
    count = unread.update(read_at=clock.now())
    if count:
        _tell_pages_of(agent)
    return count


@transaction.atomic
def mark_unread(agent: Agent, *, pk: int) -> bool:
    """Keep one for later."""
    is_there = bool(Notification.objects.filter(agent=agent, pk=pk, read_at__isnull=False).update(read_at=None))
    if is_there:
        _tell_pages_of(agent)
    return is_there


def _tell_pages_of(agent: Agent) -> None:
    news = [live.Notice("notification.read", None, f"agent:{agent.pk}", 0)]
    transaction.on_commit(lambda: live.publish(news), robust=True)


@transaction.atomic
def choose(
    wanted: Mapping[tuple[str, str], bool], *, agent: Agent | None, inbox: Inbox | None, actor: Agent
) -> list[str]:
    """Keep what an agent, or the house (None), wants to hear of: (kind, way) -> wanted.

    Only what differs from what would hold otherwise is kept, so that a later change of that still reaches them. Returns
    the kinds that changed, which the event names.
    """
    owner, where = agent.pk if agent else None, inbox.pk if inbox else None
    choices = choices_of([owner] if owner else [], {key for key, _way in wanted})
    mine = NotificationChoice.objects.filter(agent=agent, inbox=inbox)
    mine = mine.filter(kind__in={key for key, _way in wanted}, way__in={way for _key, way in wanted})
    before = {(one.kind, one.way): one.is_wanted for one in mine if (one.kind, one.way) in wanted}
    for key, way in wanted:
        choices.made.pop(Choice(owner, where, key, way), None)
    after = {
        (key, way): said
        for (key, way), said in wanted.items()
        if (kind := notices.named(key)) and choices.wants(owner, where, kind, Way(way)) != said
    }
    changed = sorted({key for key, way in {*before, *after} if before.get((key, way)) != after.get((key, way))})
    if changed:
        mine.delete()
        NotificationChoice.objects.bulk_create(
            NotificationChoice(agent=agent, inbox=inbox, kind=key, way=way, is_wanted=said)
            for (key, way), said in after.items()
        )
        record("notification.chosen", agent or inbox or actor, actor=actor, kinds=changed, inbox=where)
    return changed


@transaction.atomic
def stop_mail(agent: Agent) -> None:
    """The agent asked for no more mail of this sort, whatever they chose before; what waits is not sent."""
    NotificationChoice.objects.filter(agent=agent, inbox__isnull=False, way=Way.MAIL).delete()
    off = {(kind.key, Way.MAIL.value): False for kind in notices.kinds()}
    choose(off, agent=agent, inbox=None, actor=agent)
    Notification.objects.filter(agent=agent, mail=_WAITING).update(mail=_NONE)


def forget_old(before: datetime | None = None) -> int:
    """Drop notifications nobody looks for any more."""
    gone, _each = Notification.objects.filter(at__lt=before or clock.now() - KEEP).delete()
    return gone
