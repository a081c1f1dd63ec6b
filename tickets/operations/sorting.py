"""Tags, priority and type: what agents sort tickets by."""

import re

from django.db import connection, transaction
from django.utils.translation import gettext as _

from helpdesk import clock
from helpdesk.events import record
from helpdesk.models import Agent
from tickets import texts
from tickets.models import Priority, Tag, Ticket, TicketType
from tickets.operations.status import NotPossible, must_work_tickets

MOST_TAGS = 50
_SPACE = re.compile(r"\s+")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


def tag_name(name: str) -> str:
    """A tag as it is kept: lower case, single spaces. Raises NotPossible when nothing or too much is left."""
    name = _SPACE.sub(" ", _CONTROL.sub(" ", name)).strip().lower()
    if not name:
        raise NotPossible(_("A tag needs a name."))
    if len(name) > 50:
        raise NotPossible(_("A tag has at most 50 characters."))
    return name


@transaction.atomic
def tag(ticket: Ticket, *, name: str, actor: Agent | None) -> Ticket:
    """Put a tag on the ticket, making the tag if it is new. Raises NotPossible for an unusable name."""
    must_work_tickets(actor, ticket)
    ticket = Ticket.objects.locked(ticket.pk)
    called = tag_name(name)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT max(g.id), count(o.*), coalesce(bool_or(o.tag_id = g.id), false) FROM (SELECT) one"
            " LEFT JOIN tickets_tag g ON g.name = %s LEFT JOIN tickets_ticket_tags o ON o.ticket_id = %s",
            [called, ticket.pk],
        )
        word, count, is_there = cursor.fetchone()
        if is_there:
            return ticket
        if count >= MOST_TAGS:
            raise NotPossible(_("A ticket has at most 50 tags."))
        word = word or Tag.objects.get_or_create(name=called)[0].pk
        cursor.execute("INSERT INTO tickets_ticket_tags (ticket_id, tag_id) VALUES (%s, %s)", [ticket.pk, word])
    _touch(ticket)
    record("ticket.tagged", ticket, actor=actor, tag=called)
    return ticket


@transaction.atomic
def untag(ticket: Ticket, *, name: str, actor: Agent | None) -> Ticket:
    """Take a tag off the ticket."""
    must_work_tickets(actor, ticket)
    ticket = Ticket.objects.locked(ticket.pk)
    called = tag_name(name)
    with connection.cursor() as cursor:
        cursor.execute(
            "DELETE FROM tickets_ticket_tags o USING tickets_tag g"
            " WHERE g.id = o.tag_id AND o.ticket_id = %s AND g.name = %s",
            [ticket.pk, called],
        )
        if not cursor.rowcount:
            return ticket
    _touch(ticket)
    record("ticket.untagged", ticket, actor=actor, tag=called)
    return ticket


@transaction.atomic
def prioritise(ticket: Ticket, *, priority: Priority, actor: Agent | None) -> Ticket:
    """Set how urgent it is."""
    must_work_tickets(actor, ticket)
    ticket = Ticket.objects.locked(ticket.pk)
    if ticket.priority == priority:
        return ticket
    was, ticket.priority = ticket.priority, priority
    ticket.save(update_fields=["priority"])
    record("ticket.prioritised", ticket, actor=actor, was=was, to=str(priority))
    return ticket


@transaction.atomic
def retype(ticket: Ticket, *, to: TicketType | str, actor: Agent | None) -> Ticket:
    """Say what sort of matter it is; "" says nothing."""
    must_work_tickets(actor, ticket)
    ticket = Ticket.objects.locked(ticket.pk)
    if ticket.type == to:
        return ticket
    was, ticket.type = ticket.type, str(to)
    _touch(ticket)
    ticket.save(update_fields=["type"])
    record("ticket.retyped", ticket, actor=actor, was=was, to=str(to))
    return ticket


@transaction.atomic
def rename(ticket: Ticket, *, subject: str, actor: Agent | None) -> Ticket:
    """Say anew what it is about; mails keep the subject of their thread. Raises NotPossible when nothing is said."""
    must_work_tickets(actor, ticket)
    ticket = Ticket.objects.locked(ticket.pk)
    subject = texts.line(subject)
    if not subject:
        raise NotPossible(_("A ticket needs a subject."))
    if ticket.subject == subject:
        return ticket
    ticket.subject, ticket.updated_at = subject, clock.now()
    ticket.save(update_fields=["subject", "updated_at"])
    record("ticket.renamed", ticket, actor=actor)  # the words are the customer's: they are not for the ledger
    return ticket


@transaction.atomic
def mark_low_score(ticket: Ticket, *, score: int | None, actor: Agent | None) -> Ticket:
    """Show in lists that the customer rated this badly; None takes it back. The floor that asks calls it."""
    ticket = Ticket.objects.locked(ticket.pk)
    if ticket.low_score == score:
        return ticket
    was, ticket.low_score = ticket.low_score, score
    ticket.save(update_fields=["low_score"])
    record("ticket.marked", ticket, actor=actor, low_score=score, was=was)
    return ticket


def _touch(ticket: Ticket) -> None:
    ticket.updated_at = clock.now()
    with connection.cursor() as cursor:
        cursor.execute("UPDATE tickets_ticket SET updated_at = %s WHERE number = %s", [ticket.updated_at, ticket.pk])
