"""Taking back what was just sent: only before its mail is claimed, and then as if it never was."""

from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _

from helpdesk import clock
from helpdesk.events import history, record
from helpdesk.models import Agent, Event, Team
from tickets import rich_text, texts
from tickets.models import Draft, Merge, Message, MessageKind, OutgoingMail, Status, Ticket
from tickets.operations import assignment, drafting, enclosing, moving, participants, scheduling, sending, status
from tickets.operations.status import NotPossible
from tickets.operations.undo import BACK_TO, undo

_KINDS = {MessageKind.REPLY: Draft.Kind.REPLY, MessageKind.FORWARD: Draft.Kind.FORWARD}
_STATUS_VERBS = frozenset(status.VERBS.values())
_SAYING = ("message.replied", "message.forwarded")
#: what an answer itself may have recorded, all at its own instant
_OF_AN_ANSWER = frozenset({"message.replied", "message.forwarded", "ticket.assigned", *_STATUS_VERBS})


@transaction.atomic
def withdraw(message: Message, *, actor: Agent) -> Draft:
    """Take back the actor's own answer or forward. Its words, recipients and files are in the draft that is returned.

    What the answer did to the ticket is undone, unless somebody changed it since; where the ticket was merged since,
    its customer waits on the other one. Withdrawing twice is withdrawing once. Raises NotPossible when it is too late:
    its mail was claimed, or it never was one and the seconds are over.
    """
    said = _said(message)
    message.refresh_from_db(fields=["ticket"])
    locked = Ticket.objects.all_locked([message.ticket_id, (said and said.stream_id) or message.ticket_id])
    message = Message.objects.select_for_update(of=("self",)).select_related("side").get(pk=message.pk)
    if message.ticket_id not in locked:
        raise NotPossible(_("It has just gone to another ticket. Try again."))
    ticket = locked[message.ticket_id]
    if message.author_id != actor.pk or message.kind not in _KINDS:
        raise NotPossible(_("Only who sent it can take it back."))
    if message.withdrawn_at:
        draft = drafting.of(ticket, actor, _KINDS[MessageKind(message.kind)])
        if draft is None:
            raise NotPossible(_("It was taken back before."))
        return draft
    if not _is_stopped(message):
        raise NotPossible(_("Too late: it is on its way and cannot be taken back."))
    message.withdrawn_at = clock.now()
    message.save(update_fields=["withdrawn_at"])
    stream = said.stream_id if said and said.stream_id else ticket.number
    acted = history(stream, ["message.acted"]).filter(facts__message=message.pk).first()
    draft = _put_back(ticket, message, said, actor, acted.facts["acts"] if acted else [])
    done = _done_by(said)
    if stream != ticket.pk:
        _take_out_of_both(ticket, locked.get(stream), message, done, draft, actor)
        return draft
    last = Event.objects.filter(stream_id=ticket.pk).order_by("-id").values_list("id", flat=True).first() or 0
    acts_undone = _undo_acts(ticket, acted, actor) if acted else []
    ticket = Ticket.objects.locked(ticket.pk)
    if message.kind == MessageKind.REPLY:
        _undo_moves(ticket, message, done, actor)
        participants.exclude_again(ticket, message, actor=actor)
    else:
        _forget_talk(message)
    # the ways back are no facts of the ticket's life either
    ways_back = history(ticket.number).filter(id__gt=last, verb__in=_OF_AN_ANSWER)
    undone = sorted({*acts_undone, *(event.pk for event in [*done, *ways_back])})
    record("message.withdrawn", ticket, actor=actor, message=message.pk, draft=draft.pk, undone=undone)
    return draft


def _is_stopped(message: Message) -> bool:
    """Whether its mail will never go out; what had no mail can be taken back within the seconds for that."""
    mail = OutgoingMail.objects.filter(said=message).first()
    if mail is None:
        return clock.now() < message.created_at + timedelta(seconds=settings.UNDO_SECONDS)
    return sending.cancel(mail)


def _said(message: Message) -> Event | None:
    """The event of an answer or forward, on whatever ticket it was said."""
    events = Event.objects.filter(at=message.created_at, actor_id=message.author_id, verb__in=_SAYING)
    return events.filter(facts__message=message.pk).first()


def _done_by(said: Event | None) -> list[Event]:
    """What the answer recorded, in order: everything of its author at its own instant."""
    if said is None or said.stream_id is None:
        return []
    return list(history(said.stream_id, _OF_AN_ANSWER).filter(actor_id=said.actor_id, at=said.at))


def _forget_talk(message: Message) -> None:
    """A talk aside that had nothing but this forward never was."""
    if message.side is not None and not message.side.messages.filter(withdrawn_at=None).exists():
        message.side.delete()


def _take_out_of_both(
    ticket: Ticket, source: Ticket | None, message: Message, done: list[Event], draft: Draft, actor: Agent
) -> None:  # fmt: skip
    """Take an answer out of the ticket it went to with `source`, where it was said, and out of what that was then.

    What was done with it there, beside answering, stays done.
    """
    facts: dict[str, Any] = next((event.facts for event in done if event.verb in _SAYING), {})
    merge = Merge.objects.select_for_update().filter(source=source, undone_at=None).first() if source else None
    if message.kind != MessageKind.REPLY:
        _forget_talk(message)
    elif source is not None:
        _be_as_before(merge, done, draft)
        came = set(merge.kept["participants"]) if merge else set()
        participants.exclude_again(source, message, actor=actor, elsewhere=(ticket, came))
    moving.settle(ticket)
    since = _instant(facts.get("was_waiting_since"))
    if since and not _is_answered_since(ticket, message) and not (ticket.is_closed or ticket.is_removed):
        if ticket.status != Status.OPEN:
            change = status.apply(ticket, Status.OPEN, clock.now())
            record(status.VERBS[Status.OPEN], ticket, actor=actor, **change)
            moving.settle(ticket)
        ticket.waiting_since = min(filter(None, (since, ticket.waiting_since)))
    ticket.save()
    undone = sorted(event.pk for event in done)
    if source is not None:
        record("message.withdrawn", source, actor=actor, message=message.pk, draft=draft.pk, undone=undone)
    record("message.withdrawn", ticket, actor=actor, message=message.pk, draft=draft.pk, undone=[])


def _be_as_before(merge: Merge | None, done: list[Event], draft: Draft) -> None:
    """A ticket that is taken out again comes back as what it was before the answer, with its words as a draft."""
    if merge is None:
        return
    moves = [event for event in done if event.verb in _STATUS_VERBS]
    if moves and merge.kept["was"] == moves[-1].facts["to"]:
        merge.kept["was"] = moves[0].facts["was"]
    if draft.version == 1:  # and not words of that ticket as well
        merge.kept["drafts"].append(draft.pk)
    merge.save(update_fields=["kept"])


def _is_answered_since(ticket: Ticket, message: Message) -> bool:
    replies = ticket.messages.filter(kind=MessageKind.REPLY, is_automated=False, withdrawn_at=None)
    return replies.filter(pk__gt=message.pk).exists()


def _undo_acts(ticket: Ticket, acted: Event, actor: Agent) -> list[int]:
    """Take back what was done with the message, last first, but for what somebody changed since.

    What it returns never was: the acts that were taken back, and their ways back.
    """
    last = Event.objects.filter(stream_id=ticket.pk).order_by("-id").values_list("id", flat=True).first() or 0
    over = [acted.pk]
    for event in Event.objects.filter(pk__in=acted.facts["events"], stream_id=ticket.pk).order_by("-id"):
        try:
            with transaction.atomic():
                undo(ticket, event, actor=actor)
        except NotPossible:
            continue
        over.append(event.pk)
    made = Event.objects.filter(stream_id=ticket.pk, id__gt=last).values_list("id", flat=True)
    return [*over, *made]


def _put_back(
    ticket: Ticket, message: Message, said: Event | None, actor: Agent, acts: list[dict[str, Any]]
) -> Draft:  # fmt: skip
    """The words, recipients and files as a draft; what the author has begun since stands below."""
    kind = _KINDS[MessageKind(message.kind)]
    draft = drafting.of(ticket, actor, kind) or Draft(ticket=ticket, author=actor, kind=kind, version=0)
    scheduling.stop(ticket, draft, actor=actor, why="withdrawn")
    draft.html = rich_text.joined((message.text, message.html), (draft.text, draft.html))
    draft.text = drafting.joined(message.text, draft.text)
    draft.to, draft.cc, draft.bcc = message.to, message.cc, message.bcc
    draft.subject = message.subject
    facts = said.facts if said else {}
    draft.answers_id = facts.get("answers") or facts.get("passed_on")
    draft.then, draft.held_back = "", ""
    draft.acts = [*acts, *(act for act in draft.acts if act not in acts)]
    draft.once, draft.version, draft.updated_at = drafting.new_key(), draft.version + 1, clock.now()
    draft.save()
    enclosing.put_back(draft, message)
    return draft


def _undo_moves(ticket: Ticket, message: Message, done: list[Event], actor: Agent) -> None:
    """Bring the ticket back to before the answer, through the ordinary operations, where nobody moved it since."""
    moves = [event for event in done if event.verb in _STATUS_VERBS]
    if moves and ticket.status == moves[-1].facts["to"] != moves[0].facts["was"]:
        ticket = BACK_TO[Status(moves[0].facts["was"])](ticket, actor=actor)
    given = next((event.facts for event in done if event.verb == "ticket.assigned"), None)
    if given and (ticket.assignee_id, ticket.team_id) == (given["agent"], given["team"]):
        team = Team.objects.filter(pk=given["was_team"]).first()
        ticket = assignment.assign(ticket, agent=None, team=team, actor=actor)
    _wait_again(ticket, message, next((event.facts for event in done if event.verb in _SAYING), {}), actor)


def _wait_again(ticket: Ticket, message: Message, facts: dict[str, Any], actor: Agent) -> None:
    """The customer waits as they did, the snooze is set again, and lists show the message before."""
    ticket = Ticket.objects.locked(ticket.pk)
    public = ticket.messages.filter(kind__in=[MessageKind.INCOMING, MessageKind.REPLY], withdrawn_at=None)
    answered_since = _is_answered_since(ticket, message)
    since = _instant(facts.get("was_waiting_since"))
    if since and not answered_since and ticket.status not in (Status.RESOLVED, Status.CLOSED):
        ticket.waiting_since = min(filter(None, (since, ticket.waiting_since)))
    if ticket.last_message_id == message.pk:
        before = ticket.messages.filter(pk=facts.get("was_last_message") or 0).first()
        ticket.last_message_id = before.pk if before else None
    if latest := public.filter(is_automated=False).order_by("created_at", "pk").last():
        ticket.snippet = texts.snippet(latest.text)
    ticket.updated_at = clock.now()
    ticket.save(update_fields=["waiting_since", "last_message_id", "snippet", "updated_at"])
    until = _instant(facts.get("was_snoozed_until"))
    if until and until > clock.now() and ticket.status == Status.OPEN and not ticket.is_snoozed:
        status.snooze(ticket, until=until, actor=actor)


def _instant(text: str | None) -> datetime | None:
    return parse_datetime(text) if text else None
