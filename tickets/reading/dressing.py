"""Tickets as the rows of a list: with their customers, inboxes, tags, and how long they have waited."""

from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any

from django.db.models import prefetch_related_objects

from helpdesk import clock, prepared, statements
from helpdesk.models import Agent
from tickets import hours, registry
from tickets.hours import business
from tickets.models import Customer, Ticket


def dress(numbers: Sequence[int], agent: Agent) -> Sequence[Ticket]:
    """Tickets ready to be shown as rows, in the order of `numbers`.

    What many rows share is fetched once and not once a row: an object made from a joined row costs more than the join.
    """
    if not numbers:
        return []
    with statements.cursor() as cursor:
        cursor.execute(_dressing(), {"numbers": list(numbers), "agent": agent.pk})
        found = {ticket.number: ticket for ticket in map(_dressed, cursor.fetchall())}
    rows = [found[number] for number in numbers if number in found]
    inboxes = hours.inboxes({row.inbox_id for row in rows})
    names = {row.assignee_id: row.assignee_name for row in rows if row.assignee_id}
    assignees = {pk: prepared.part_of(Agent, id=pk, name=name) for pk, name in names.items()}
    prefetch_related_objects([row.customer for row in rows if not row.customer.name], "contact_points")
    now = clock.now()
    for row in rows:
        known = row._state.fields_cache
        known["inbox"] = inboxes[row.inbox_id]
        if row.assignee_id:
            known["assignee"] = assignees[row.assignee_id]
        _dress(row, now)
    return rows


@lru_cache(maxsize=1)
def _dressing() -> str:
    """The question for rows, in our own words: putting it together anew for each list takes longer than its answer."""
    columns = [f't."{name}"' for name in prepared.columns(Ticket)] + [
        f'c."{name}"' for name in prepared.columns(Customer)
    ]
    return f"""
        SELECT {", ".join(columns)}, a.name,
            EXISTS (SELECT FROM tickets_readmark r WHERE r.ticket_id = t.number AND r.agent_id = %(agent)s
                AND r.message_id >= t.last_message_id),
            EXISTS (SELECT FROM tickets_draft d WHERE d.ticket_id = t.number AND d.author_id = %(agent)s),
            ARRAY(SELECT g.name FROM tickets_tag g JOIN tickets_ticket_tags o ON o.tag_id = g.id
                WHERE o.ticket_id = t.number ORDER BY g.name)
        FROM tickets_ticket t JOIN tickets_customer c ON c.id = t.customer_id
        LEFT JOIN helpdesk_agent a ON a.id = t.assignee_id
        WHERE t.number = ANY(%(numbers)s)
    """  # noqa: S608 - columns of our models


def _dressed(row: Sequence[Any]) -> Any:
    own = len(prepared.columns(Ticket))
    ticket: Any = prepared.made(Ticket, row[:own])
    ticket._state.fields_cache = {"customer": prepared.made(Customer, row[own:-4])}
    ticket.assignee_name, ticket.has_been_read, ticket.has_draft, ticket.tag_names = row[-4:]
    return ticket


def _dress(ticket: Any, now: datetime) -> None:
    ticket.is_unread = not ticket.has_been_read
    ticket.badges = registry.badges(ticket)
    look(ticket, now)


def look(ticket: Any, now: datetime) -> None:
    """Say how long the customer has waited in the inbox's business hours, whether that clock runs now, and the tone."""
    ticket.waited, ticket.is_clock_running = 0, True
    if ticket.waiting_since is None:
        ticket.wait_tone = ""
        return
    calendar = business(ticket.inbox.calendar_id)
    ticket.waited = calendar.seconds_between(ticket.waiting_since, max(now, ticket.waiting_since))
    ticket.is_clock_running = calendar.is_open(now)
    ticket.wait_tone = _tone(ticket.waited, ticket.inbox.response_target_minutes * 60)


def _tone(used: int, target: int) -> str:
    return "red" if used >= target else "amber" if used * 2 >= target else ""
