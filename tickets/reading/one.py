"""One ticket: itself with whom it concerns, the customer's other ones, and how far an agent has read it."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any, cast

from django.core.exceptions import EmptyResultSet

from helpdesk import live, prepared, statements
from helpdesk.models import Agent, Team
from helpdesk.prepared import Prepared, Statement
from tickets.models import Customer, Inbox, Organisation, ReadMark, Ticket
from tickets.reading.seeing import is_usual, somebody

#: how many other tickets of a customer a page looks at
OTHERS = 20

_ticket_seen = Statement(
    lambda place: Ticket.objects.visible_to(somebody(place(int))).filter(pk=place(int)).order_by().values("pk")
)
_any_ticket = Statement(lambda place: Ticket.objects.filter(pk=place(int)).order_by().values("pk"))


def ticket(agent: Agent, number: int) -> Ticket | None:
    """A ticket the agent may see, with its customer, inbox and whom it is given to. In our own words: every page asks.

    Who may see it is said by `visible_to`, in the same statement.
    """
    given: Sequence[Any]
    if not is_usual(agent):
        try:
            found_by = Ticket.objects.visible_to(agent).filter(pk=number).order_by().values("pk")
            seen, given = found_by.query.sql_with_params()
        except EmptyResultSet:
            return None
    elif agent.is_admin:
        seen, given = _any_ticket.words(), _any_ticket.given(number)
    else:
        seen, given = _ticket_seen.words(), _ticket_seen.given(agent.pk, number)
    with statements.cursor() as cursor:
        cursor.execute(_with_everybody() % seen, given)
        row = cursor.fetchone()
    if row is None:
        return None
    parts, at = [], 0
    for model in (Ticket, Customer, Inbox, Organisation, Agent, Team):
        own = len(prepared.columns(model))
        parts.append(prepared.made(model, row[at : at + own]) if row[at] is not None else None)
        at += own
    found: Any = parts[0]
    customer: Any = parts[1]
    customer._state.fields_cache["organisation"] = parts[3]
    found._state.fields_cache = {"customer": customer, "inbox": parts[2], "assignee": parts[4], "team": parts[5]}
    return cast(Ticket, found)


@lru_cache(maxsize=1)
def _with_everybody() -> str:
    named = (("t", Ticket), ("c", Customer), ("i", Inbox), ("o", Organisation), ("a", Agent), ("g", Team))
    columns = [f'{short}."{name}"' for short, model in named for name in prepared.columns(model)]
    return f"""
        SELECT {", ".join(columns)}
        FROM tickets_ticket t JOIN tickets_customer c ON c.id = t.customer_id JOIN tickets_inbox i ON i.id = t.inbox_id
        LEFT JOIN tickets_organisation o ON o.id = c.organisation_id
        LEFT JOIN helpdesk_agent a ON a.id = t.assignee_id LEFT JOIN helpdesk_team g ON g.id = t.team_id
        WHERE t.number = (%s)
    """  # noqa: S608 - columns of our models


_others_seen = Prepared(
    lambda place: (
        Ticket.objects.visible_to(somebody(place(int)))
        .filter(customer=place(int))
        .exclude(pk=place(int))
        .order_by("-number")[:OTHERS]
    )
)
_all_others = Prepared(
    lambda place: Ticket.objects.filter(customer=place(int)).exclude(pk=place(int)).order_by("-number")[:OTHERS]
)


def others(agent: Agent, ticket: Ticket) -> list[Ticket]:
    """The latest of the customer's other tickets that the agent may see."""
    if not is_usual(agent):
        theirs = Ticket.objects.visible_to(agent).filter(customer_id=ticket.customer_id).exclude(pk=ticket.pk)
        return list(theirs.order_by("-number")[:OTHERS])
    if agent.is_admin:
        return _all_others(ticket.customer_id, ticket.pk)
    return _others_seen(agent.pk, ticket.customer_id, ticket.pk)


def first_unread(ticket: Ticket, agent: Agent) -> int | None:
    """The first message the agent has not seen; None when they have seen all, or none at all."""
    mark = ReadMark.objects.filter(ticket=ticket, agent=agent).values_list("message_id", flat=True).first()
    if mark is None:
        return None
    others = ticket.messages.filter(pk__gt=mark, withdrawn_at=None).exclude(author=agent)
    return others.order_by("created_at", "pk").values_list("pk", flat=True).first()


def mark_read(ticket: Ticket, agent: Agent, *, upto: int | None) -> None:
    """Remember that the agent has seen the ticket's messages up to this one; notes are among them."""
    if upto and not ReadMark.objects.filter(agent=agent, ticket=ticket, message_id=upto).exists():
        ReadMark.objects.bulk_create(
            [ReadMark(agent=agent, ticket=ticket, message_id=upto)],
            update_conflicts=True, unique_fields=["agent", "ticket"], update_fields=["message_id"],
        )  # fmt: skip
        if ticket.channel == "chat":  # a widget may say so (docs/chat.md)
            live.publish([live.Notice("chat.read", None, f"writing:{ticket.pk}", 0)])
