"""Sending later: a draft with a time. It goes out once, late rather than never, never past what happened meanwhile."""

from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import override

from helpdesk import clock
from helpdesk.events import record
from helpdesk.models import Agent, Event
from tickets.models import Draft, Message, Ticket
from tickets.operations import enclosing, posting, recipients, replying
from tickets.operations.recipients import Chosen
from tickets.operations.replying import NO_DELAY
from tickets.operations.status import NotPossible

FURTHEST = timedelta(days=366)


@transaction.atomic
def schedule(draft: Draft, *, actor: Agent, at: datetime, then: str = "") -> Draft:
    """Let the actor's own reply go out at a time, to exactly whom it says now.

    Raises NotPossible for what could not be sent at once either, and for a time that is past or more than a year away.
    """
    ticket = Ticket.objects.locked(draft.ticket_id)
    replying.must_be_able_to_reply(actor, ticket)
    draft = _mine(draft, actor)
    now = clock.now()
    if draft.kind != Draft.Kind.REPLY:
        raise NotPossible(_("Only an answer can be sent later."))
    if ticket.is_closed:
        raise NotPossible(_("This ticket is closed. A new message of the customer opens a new one."))
    if not now < at <= now + FURTHEST:
        raise NotPossible(_("Choose a time that is still to come, within a year."))
    if not draft.text.strip() and not draft.files.exists():
        raise NotPossible(_("There is nothing to send yet."))
    if (draft.send_at, draft.then) == (at, then):
        return draft
    answered = draft.answers or recipients.answered_by(ticket)
    route = posting.route_to(ticket, answered, draft.via)
    chosen = recipients.decide(ticket, answered, chosen_of(draft)) if route is None else Chosen()
    draft.via = route.key if route else draft.via
    draft.to, draft.cc, draft.bcc = list(chosen.to), list(chosen.cc), list(chosen.bcc)
    draft.answers = answered
    draft.send_at, draft.then, draft.held_back = at, then if then == "resolve" else "", ""
    draft.version, draft.updated_at = draft.version + 1, now
    draft.save()
    record("message.scheduled", ticket, actor=actor, draft=draft.pk, send_at=at.isoformat(), then=draft.then)
    return draft


@transaction.atomic
def cancel(draft: Draft, *, actor: Agent) -> Draft:
    """Let it no longer go out by itself; the words stay the author's draft. Cancelling twice is cancelling once.

    Colleagues may do it as well: the author then finds out why. Raises NotPossible when it was sent meanwhile.
    """
    ticket = Ticket.objects.locked(draft.ticket_id)
    replying.must_be_able_to_reply(actor, ticket)
    found = Draft.objects.select_related("author").filter(pk=draft.pk).first()
    if found is None:
        raise NotPossible(_("That answer was sent meanwhile."))
    if found.author_id != actor.pk:
        with override(found.author.language or settings.LANGUAGE_CODE):
            found.held_back = _("%(who)s cancelled it.") % {"who": actor.name}
    stop(ticket, found, actor=actor, why="cancelled")
    return found


@transaction.atomic
def send_now(draft: Draft, *, actor: Agent, delay: timedelta = NO_DELAY) -> Message:
    """Send the actor's own answer without waiting for its time, if it had one. Raises NotPossible as `reply` does."""
    Ticket.objects.locked(draft.ticket_id)
    draft = _mine(draft, actor)
    if draft.kind != Draft.Kind.REPLY:
        raise NotPossible(_("Only an answer is sent from here."))
    return _send(draft, delay)


@transaction.atomic
def send_due(draft: Draft) -> Message | None:
    """Send a draft whose time has come, exactly once however many ask; None when it is held back, or not due any more.

    It is held back, in words its people see, when something happened since it was scheduled that its author did not
    know, or when it cannot be sent.
    """
    ticket = Ticket.objects.locked(draft.ticket_id)
    due = Draft.objects.select_for_update(of=("self",)).filter(pk=draft.pk, send_at__lte=clock.now())
    found = due.select_related("author", "answers").first()
    if found is None:
        return None
    if why := _why_not(ticket, found):
        _hold(ticket, found, why)
        return None
    try:
        with transaction.atomic():
            return _send(found, NO_DELAY)
    except NotPossible as error:
        _hold(ticket, found, "not_possible", str(error))
        return None


def _send(draft: Draft, delay: timedelta) -> Message:
    return replying.reply(
        draft.ticket, text=draft.text, html=draft.html, actor=draft.author, once=draft.once,
        enclosures=enclosing.of(draft), to=chosen_of(draft), answers=draft.answers, then=draft.then,
        draft=draft.version, delay=delay, acts=draft.acts, via=draft.via,
    )  # fmt: skip


@transaction.atomic
def hold_back(ticket: Ticket, *, why: str, since: int, by: int | None = None) -> None:
    """Hold back what was scheduled on a ticket before the event `since` said that things changed.

    What `by`, the agent who changed them, scheduled is left alone: they knew.
    """
    ticket = Ticket.objects.locked(ticket.pk)
    for draft in Draft.objects.select_related("author").filter(ticket=ticket, send_at__isnull=False):
        if draft.author_id != by and _scheduled_by(ticket, draft) < since:
            _hold(ticket, draft, why)


def stop(ticket: Ticket, draft: Draft, *, actor: Agent | None, why: str, **facts: Any) -> None:
    """Take the time off a draft of a locked ticket, and say so. One without a time stays as it is."""
    if draft.send_at is None:
        return
    at, draft.send_at = draft.send_at, None
    draft.version, draft.updated_at = draft.version + 1, clock.now()
    draft.save()
    record("message.unscheduled", ticket, actor=actor, draft=draft.pk, send_at=at.isoformat(), why=why, **facts)


def chosen_of(draft: Draft) -> Chosen | None:
    """Whom a draft goes to, where somebody chose."""
    if draft.to is None:
        return None
    return Chosen(tuple(draft.to), tuple(draft.cc or ()), tuple(draft.bcc or ()))


def _mine(draft: Draft, actor: Agent) -> Draft:
    found = Draft.objects.select_related("author", "answers", "ticket").filter(pk=draft.pk, author=actor).first()
    if found is None:
        raise NotPossible(_("That draft is gone: it was sent, discarded or taken over."))
    return found


def _hold(ticket: Ticket, draft: Draft, why: str, words: str = "") -> None:
    with override(draft.author.language or settings.LANGUAGE_CODE):
        draft.held_back = words or _in_words(ticket, draft, why)
    stop(ticket, draft, actor=None, why=why)


def _in_words(ticket: Ticket, draft: Draft, why: str) -> str:
    names = {"customer": ticket.customer.display_name, "author": draft.author.name}
    return {
        "customer_wrote": _("%(customer)s wrote meanwhile."),
        "answered": _("Somebody else answered meanwhile."),
        "closed": _("The ticket was closed meanwhile."),
        "author_left": _("%(author)s no longer works here."),
    }[why] % names


def _why_not(ticket: Ticket, draft: Draft) -> str:
    """What happened since it was scheduled, so that it may not go out by itself; "" for nothing."""
    author = draft.author
    if not author.is_active or not Ticket.objects.visible_to(author).filter(pk=ticket.pk).exists():
        return "author_left"
    if ticket.is_closed:
        return "closed"
    since = Event.objects.filter(stream_id__in=_streams(ticket), id__gt=_scheduled_by(ticket, draft))
    if since.filter(verb="message.received").exclude(facts__automated=True).exists():
        return "customer_wrote"
    if since.filter(verb="message.replied").exclude(facts__automated=True).exclude(actor_id=author.pk).exists():
        return "answered"
    return ""


def _scheduled_by(ticket: Ticket, draft: Draft) -> int:
    """The event that gave a draft its time, here or on a ticket that went into this one: events stand in order."""
    said = Event.objects.filter(stream_id__in=_streams(ticket), verb="message.scheduled", facts__draft=draft.pk)
    return said.order_by("-id").values_list("id", flat=True).first() or 0


def _streams(ticket: Ticket) -> list[int]:
    """The ticket, and whatever went into it."""
    found, fresh = [ticket.pk], [ticket.pk]
    while fresh:
        fresh = list(Ticket.objects.filter(merged_into__in=fresh).exclude(pk__in=found).values_list("pk", flat=True))
        found += fresh
    return found
