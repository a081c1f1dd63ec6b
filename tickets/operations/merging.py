"""Two tickets that are one: merging, and taking apart again."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _

from helpdesk import clock
from helpdesk.events import record
from helpdesk.models import Agent
from tickets.models import (
    AwaitedMessage,
    Draft,
    Follower,
    Merge,
    Message,
    OutgoingMail,
    Participant,
    SideConversation,
    Status,
    Ticket,
)
from tickets.operations import collisions, drafting, locking, moving, status
from tickets.operations.status import NotPossible, must_be_here, must_work_tickets

#: how long merged tickets can be taken apart
WITHIN = timedelta(days=30)


@transaction.atomic
def merge(source: Ticket, *, into: Ticket, actor: Agent | None, seen: int | None = None) -> Merge:
    """Let everything on one ticket go on in another of the same inbox; the first is closed and leads there.

    Merging what is merged there already changes nothing. `seen` is the last event of the source the actor knows, see
    `collisions`. Raises NotPossible for another inbox's ticket, itself, what is closed, removed or went elsewhere, and
    where an answer of one author waits for its time on both.
    """
    source, target = locking.hold_both(source, into)
    must_work_tickets(actor, source)
    must_work_tickets(actor, target)
    collisions.must_be_as_seen(source, "status", seen=seen, actor=actor)
    if source.merged_into_id == target.pk and (known := source.merges.filter(undone_at=None).first()):
        return known
    _must_go_together(source, target)
    at, since = clock.now(), source.waiting_since
    kept: dict[str, Any] = {
        "was": source.status,
        "was_resolved_at": _text(source.resolved_at),
        "was_snoozed_until": _text(source.snoozed_until),
        "target_was": target.status,
        "target_was_snoozed_until": _text(target.snoozed_until),
        **_carry(source, target),
    }
    known = Merge.objects.create(source=source, target=target, by=actor, at=at, kept=kept)
    change = status.apply(source, Status.CLOSED, at)
    source.merged_into = target
    source.save()
    record(
        "ticket.merged", source, actor=actor, at=at, **change, into=target.pk, merge=known.pk,
        messages=len(kept["messages"]),
    )  # fmt: skip
    record("ticket.took_in", target, actor=actor, at=at, source=source.pk, merge=known.pk)
    _hear(target, known, since, at)
    return known


@transaction.atomic
def unmerge(merge: Merge, *, actor: Agent | None) -> Ticket:
    """Give a merged ticket back what went with it, and make it what it was; what was written since stays behind.

    Returns that ticket. Taking apart twice is doing it once. Raises NotPossible after WITHIN, and where what it would
    get back has moved on.
    """
    source, target = locking.hold_both(merge.source, merge.target)
    must_work_tickets(actor, source)
    must_work_tickets(actor, target)
    must_be_here(source)
    merge = Merge.objects.select_for_update().get(pk=merge.pk)
    if merge.undone_at is not None:
        return source
    at, kept = clock.now(), merge.kept
    if at > merge.at + WITHIN:
        raise NotPossible(_("These tickets were merged too long ago to be taken apart."))
    theirs = Message.objects.filter(pk__in=kept["messages"])
    if source.merged_into_id != target.pk or theirs.exclude(ticket=target).exists():
        raise NotPossible(_("Some of its messages have moved on since."))
    _carry_back(source, target, kept)
    merge.undone_at = at
    merge.save(update_fields=["undone_at"])
    _be_again(source, kept, at)
    record("ticket.unmerged", source, actor=actor, at=at, was=Status.CLOSED, to=source.status, source=target.pk)
    record("ticket.gave_back", target, actor=actor, at=at, source=source.pk, merge=merge.pk)
    if not (target.is_closed or target.is_removed):
        if kept.get("reopened") and target.status == Status.OPEN:
            back = status.apply(target, Status(kept["target_was"]), at)
            record(status.VERBS[Status(kept["target_was"])], target, actor=actor, at=at, **back)
        elif target.status == Status.OPEN and (until := _instant(kept["target_was_snoozed_until"])) and until > at:
            target.snoozed_until = target.snoozed_until or until
        moving.settle(target)
        target.save()
    return source


def final(ticket: Ticket) -> Ticket:
    """Where a ticket's matter goes on, through however many merges: itself where it was never merged."""
    known = {ticket.pk}
    while ticket.merged_into_id and ticket.merged_into_id not in known:
        known.add(ticket.merged_into_id)
        ticket = Ticket.objects.get(pk=ticket.merged_into_id)
    return ticket


def _must_go_together(source: Ticket, target: Ticket) -> None:
    if source.pk == target.pk:
        raise NotPossible(_("A ticket cannot be merged into itself."))
    if source.inbox_id != target.inbox_id:
        raise NotPossible(_("That ticket is in another inbox."))
    for one in (source, target):
        must_be_here(one)
        if one.merged_into_id:
            raise NotPossible(
                _("#%(number)s has gone into #%(into)s meanwhile.") % {"number": one.pk, "into": one.merged_into_id}
            )
    if target.is_closed:
        raise NotPossible(_("That ticket is closed, and a closed ticket stays closed."))
    waiting = Draft.objects.filter(ticket=source, send_at__isnull=False).values("author", "kind")
    for draft in waiting:
        if Draft.objects.filter(ticket=target, **draft).exists():
            raise NotPossible(_("An answer waits for its time here. Send or cancel it first."))


def _carry(source: Ticket, target: Ticket) -> dict[str, list[Any]]:
    """Move everything, and say what moved."""
    messages = list(source.messages.order_by("pk").values_list("pk", flat=True))
    sides = list(source.side_conversations.values_list("pk", flat=True))
    mails = list(source.outgoing.values_list("pk", flat=True))
    awaited = list(AwaitedMessage.objects.filter(ticket=source).values_list("pk", flat=True))
    _put(target, messages, sides, mails, awaited)
    kept: dict[str, list[Any]] = {"messages": messages, "sides": sides, "mails": mails, "awaited": awaited}
    kept["tags"] = list(source.tags.exclude(pk__in=target.tags.values("pk")).values_list("pk", flat=True))
    target.tags.add(*kept["tags"])
    theirs = source.followers.exclude(agent__in=target.followers.values("agent"))
    kept["followers"] = list(theirs.values_list("agent_id", flat=True))
    Follower.objects.bulk_create([Follower(ticket=target, agent_id=agent) for agent in kept["followers"]])
    kept["participants"] = _let_speak(source, target)
    kept["drafts"] = _drafts(source, target)
    return kept


def _put(ticket: Ticket, messages: Any, sides: Any, mails: Any, awaited: Any) -> None:
    Message.objects.filter(pk__in=messages).update(ticket=ticket)
    SideConversation.objects.filter(pk__in=sides).update(ticket=ticket)
    OutgoingMail.objects.filter(pk__in=mails).update(ticket=ticket)
    AwaitedMessage.objects.filter(pk__in=awaited).update(ticket=ticket)


def _let_speak(source: Ticket, target: Ticket) -> list[int]:
    """Whoever takes part in one takes part in the other; its customer too, where that is another."""
    known = set(target.participants.values_list("address", flat=True))
    known |= set(target.customer.contact_points.values_list("address", flat=True))
    people = [
        Participant(
            ticket=target, address=one.address, name=one.name, is_confirmed=one.is_confirmed,
            suggested_by=one.suggested_by, added_at=one.added_at,
        )
        for one in source.participants.all()
    ]  # fmt: skip
    if source.customer_id != target.customer_id:
        people += [
            Participant(ticket=target, address=one.address, name=source.customer.name, is_confirmed=True)
            for one in source.customer.contact_points.filter(channel="email")
        ]
    fresh = {one.address: one for one in people if one.address not in known}
    return [one.pk for one in Participant.objects.bulk_create(fresh.values())]


def _drafts(source: Ticket, target: Ticket) -> list[int]:
    """Unsent words move too; where their author has begun on both, they are joined and stand here as well."""
    moved = []
    for draft in source.drafts.all():
        other = target.drafts.filter(author=draft.author_id, kind=draft.kind).first()
        if other is None:
            draft.ticket = target
            draft.save(update_fields=["ticket"])
            moved.append(draft.pk)
        elif not other.send_at:
            other.text = drafting.joined(other.text, draft.text)
            other.html, other.version, other.updated_at = "", other.version + 1, clock.now()
            other.save(update_fields=["text", "html", "version", "updated_at"])
    return moved


def _hear(target: Ticket, merge: Merge, since: datetime | None, at: datetime) -> None:
    """Who waited there waits here, from then on; that opens a ticket that waits for nothing of ours."""
    moving.settle(target)
    if since is not None and merge.kept["was"] == Status.OPEN:
        if target.status != Status.OPEN:
            merge.kept["reopened"] = True
            merge.save(update_fields=["kept"])
            change = status.apply(target, Status.OPEN, at)
            record(status.VERBS[Status.OPEN], target, actor=None, at=at, **change)
            moving.settle(target)
        target.waiting_since = min(filter(None, (since, target.waiting_since)))
    target.save()


def _carry_back(source: Ticket, target: Ticket, kept: dict[str, Any]) -> None:
    _put(source, kept["messages"], kept["sides"], kept["mails"], kept["awaited"])
    target.tags.remove(*kept["tags"])
    target.followers.filter(agent__in=kept["followers"]).delete()
    target.participants.filter(pk__in=kept["participants"]).delete()
    free = _free(kept["drafts"], source, target)
    Draft.objects.filter(pk__in=free).update(ticket=source)


def _free(drafts: Iterable[int], source: Ticket, target: Ticket) -> list[int]:
    """Those drafts that are still there, and whose author has not begun anew on the other ticket."""
    there = Draft.objects.filter(pk__in=list(drafts), ticket=target)
    return [one.pk for one in there if not source.drafts.filter(author=one.author_id, kind=one.kind).exists()]


def _be_again(source: Ticket, kept: dict[str, Any], at: datetime) -> None:
    was = Status(kept["was"])
    status.apply(source, was, at)
    source.merged_into = None
    if was in (Status.RESOLVED, Status.CLOSED):
        source.resolved_at = _instant(kept["was_resolved_at"]) or at
    if was == Status.OPEN and (until := _instant(kept["was_snoozed_until"])) and until > at:
        source.snoozed_until = until
    moving.settle(source)
    source.save()


def _text(at: datetime | None) -> str | None:
    return at.isoformat() if at else None


def _instant(text: str | None) -> datetime | None:
    return parse_datetime(text) if text else None


def merges_of(ticket: Ticket) -> list[Merge]:
    """What went into this ticket and can still be taken out again, the latest first."""
    merges = Merge.objects.filter(target=ticket, undone_at=None, at__gt=clock.now() - WITHIN)
    return list(merges.select_related("source", "by").order_by("-at"))
