"""Search: what was typed becomes conditions and words, and these the tickets that fit best.

The words are looked for in one document a ticket (operations.indexing). A rare word is found through the index of
words. Of a common one all matches could be found, too, but not ranked in time: then the newest documents the agent may
see are gone through instead, and the best of what fits there is shown; `Found.newest` says so. How common the words are
is what PostgreSQL's own statistics say (`EXPLAIN`), which takes a millisecond.

Permission is part of each statement: the inboxes of the documents, and `visible_to` for their tickets.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db import OperationalError, connection, transaction

from helpdesk import clock
from helpdesk.models import Agent
from tickets import conditions, reading
from tickets.highlighting import Marker
from tickets.models import (
    Customer,
    Message,
    Organisation,
    Ticket,
)
from tickets.search_corrections import corrected_of
from tickets.search_meaning import Query, parse
from tickets.search_terms import Term, plain_words, terms_of, tsquery_of

PAGE = 25
#: as many matches are ranked; of more, the newest
RANKED = 2000
#: more tickets than these are too many to look whether each matches
FEW = 20_000
#: more matches than these are too many to fetch them all
MOST_FETCHED = 7_500
#: as many of the newest documents are gone through for common words
LOOKED_THROUGH = 20_000
#: and these must fit there, or all of them are looked at
ENOUGH = 100
PEOPLE = 4
TIMEOUT_MS = 3000
_WEIGHTS = "{0.1, 0.2, 0.5, 1.0}"


@dataclass(slots=True)
class Found:
    """What a search found, one page of it."""

    query: Query
    tickets: Sequence[Ticket] = ()
    page: int = 1
    has_more: bool = False
    #: how many there are; None where nobody counted
    total: int | None = None
    #: it is about that many
    is_about: bool = False
    #: only so many of the newest matches were ranked
    newest: int = 0
    #: words nobody wrote, and those looked for in their place
    instead: dict[str, str] = field(default_factory=dict)
    customers: Sequence[Customer] = ()
    organisations: Sequence[Organisation] = ()
    #: the number of a ticket that was typed, and is there
    number: int | None = None
    #: it would have taken too long
    gave_up: bool = False


def search(text: str, agent: Agent, *, page: int = 1, exact: bool = False, is_quick: bool = False) -> Found:
    """The tickets that fit best, and customers and organisations of that name.

    Words nobody ever wrote are taken for others that look alike, unless `exact`. A quick one is for those who only
    choose from names: nothing is marked.
    """
    query = parse(text, agent)
    found = Found(query, page=max(1, min(page, RANKED // PAGE)))
    if query.typed.number:
        found.number = (
            Ticket.objects.visible_to(agent).filter(pk=query.typed.number).values_list("pk", flat=True).first()
        )
    if query.is_empty:
        return found
    groups = terms_of(query.typed)
    numbers = _look(found, groups, agent)
    if not numbers and not exact and not found.gave_up and (others := corrected_of(groups)):
        instead, corrected = others
        numbers = _look(found, corrected, agent)
        if numbers or _people(corrected, query, agent, Found(query)):
            found.instead, groups = instead, corrected
    _people(groups, query, agent, found)
    found.has_more = len(numbers) > PAGE
    found.tickets = reading.dress(numbers[:PAGE], agent)
    if not is_quick:
        _mark(found.tickets, groups)
    return found


def narrow(query: Query, agent: Agent):  # type: ignore[no-untyped-def]
    """The tickets an agent may see of which the conditions of a query hold, whatever its words."""
    tickets = Ticket.objects.filter(query.more)
    if not agent.sees_all:
        # as `visible_to`, with the numbers looked up first: PostgreSQL knows better what to expect of them
        tickets = tickets.filter(inbox_id__in=reading.inbox_ids(agent))
    if query.everywhere:
        held = [one for one in query.conditions if one["field"] == "status"]
        rest = [one for one in query.conditions if one["field"] != "status"]
        either = {"field": "status", "is": "any_of", "value": list(conditions.CHOICES["status"].values)}
        return conditions.narrow(tickets, [*(held or [either]), *rest], agent)
    return conditions.narrow(tickets, query.conditions, agent)


def _look(found: Found, groups: Sequence[Sequence[Term]], agent: Agent) -> list[int]:
    """The numbers of one page of tickets, and one more where there are more."""
    tickets = narrow(found.query, agent).order_by()
    first = (found.page - 1) * PAGE
    try:
        with transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute(f"SET LOCAL statement_timeout = {TIMEOUT_MS}")
            if not groups:
                if not found.query.typed.groups:
                    return list(tickets.order_by("-number").values_list("pk", flat=True)[first : first + PAGE + 1])
                return []
            return _ranked(found, tickets, groups, agent, first)
    except EmptyResultSet:
        return []
    except OperationalError:
        found.gave_up = True
        return []


_MATCHES = "SELECT FROM tickets_searchdocument WHERE vector @@ %s::tsquery"


def _ranked(found: Found, tickets: Any, groups: Sequence[Sequence[Term]], agent: Agent, first: int) -> list[int]:
    tsquery, inboxes = tsquery_of(groups), reading.inbox_ids(agent)
    if not inboxes:
        return []
    narrowing, given = tickets.values("pk").query.sql_with_params()
    matches = _about(_MATCHES, [tsquery])
    is_narrow = bool(found.query.conditions or found.query.more) and _about(narrowing, given) <= FEW
    looks = [_joined] if is_narrow or not _are_many(groups, matches, tsquery, inboxes) else [_newest, _joined]
    numbers: list[int] = []
    for look in looks:
        sql, params = look(narrowing, given, tsquery, inboxes)
        with connection.cursor() as cursor:
            cursor.execute(
                _RANKED % sql, [*params, _WEIGHTS, tsquery, clock.now(), first, PAGE + 1],
            )  # fmt: skip
            rows = cursor.fetchall()
        numbers = [row[0] for row in rows]
        total = rows[0][1] if rows else 0
        if look is _newest:
            if total < ENOUGH:
                continue
            found.total, found.is_about, found.newest = max(matches, total), True, total
            return numbers
        found.total, found.newest = total, 0
        if total >= RANKED:
            found.total, found.is_about, found.newest = max(matches, total), True, RANKED
    return numbers


def _are_many(groups: Sequence[Sequence[Term]], matches: int, tsquery: str, inboxes: Sequence[int]) -> bool:
    """Whether all matches would be too many to fetch, while enough of them are among the newest documents.

    Of several words PostgreSQL expects what chance would have. Words that go together have many times as many matches,
    but never more than the rarest of them; how it is with these, a few of the newest documents tell.
    """
    if matches > FEW:
        return True
    rarest = min(_about(_MATCHES, [tsquery_of([one])]) for one in groups) if len(groups) > 1 else matches
    if rarest <= MOST_FETCHED:
        return False
    sql, params = _latest(inboxes, LOOKED_THROUGH // 10)
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) FROM ({sql}) few WHERE vector @@ %s::tsquery", [*params, tsquery])  # noqa: S608 - ours
        count: int = cursor.fetchone()[0]
    return count * 10 >= ENOUGH


#: of the matches at hand, the best: words that weigh more first, and the newer the better. The age is a float: the
#: power of a numeric takes ten times as long as everything else said of a row
_RANKED = f"""
    WITH held AS MATERIALIZED (%s LIMIT {RANKED})
    SELECT ticket_id, (SELECT count(*) FROM held) FROM held
    ORDER BY ts_rank(%%s::float4[], vector, %%s::tsquery, 1)
        * (0.4 + 0.6 * exp(-greatest(extract(epoch FROM %%s - updated_at)::float8, 0) / 15552000)) DESC, ticket_id DESC
    OFFSET %%s LIMIT %%s
"""  # noqa: S608 - of constants only


def _joined(narrowing: str, given: Sequence[Any], tsquery: str, inboxes: Sequence[int]) -> tuple[str, list[Any]]:
    """All documents that match, of these tickets; by whichever of the two PostgreSQL expects less."""
    sql = f"""
        SELECT d.ticket_id, d.updated_at, d.vector FROM tickets_searchdocument d
        WHERE d.vector @@ %s::tsquery AND d.inbox_id = ANY(%s) AND d.ticket_id IN ({narrowing})
        ORDER BY d.updated_at DESC
    """  # noqa: S608 - Django's own SQL
    return sql, [tsquery, list(inboxes), *given]


def _newest(narrowing: str, given: Sequence[Any], tsquery: str, inboxes: Sequence[int]) -> tuple[str, list[Any]]:
    """Those of the newest documents of these inboxes that match."""
    latest, params = _latest(inboxes, LOOKED_THROUGH)
    # each match is looked up when it comes by, so that nothing is read once there are enough; OFFSET keeps it so
    sql = f"""
        SELECT d.ticket_id, d.updated_at, d.vector FROM ({latest}) d
        WHERE d.vector @@ %s::tsquery AND EXISTS (
            SELECT FROM ({narrowing}) AS narrowed WHERE narrowed.pk = d.ticket_id OFFSET 0
        ) ORDER BY d.updated_at DESC
    """  # noqa: S608 - Django's own SQL
    return sql, [*params, tsquery, *given]


def _latest(inboxes: Sequence[int], most: int) -> tuple[str, list[Any]]:
    """So many of the newest documents of these inboxes: along the index of each, merged."""
    parts = " UNION ALL ".join(
        "(SELECT ticket_id, updated_at, vector FROM tickets_searchdocument"
        " WHERE inbox_id = %s ORDER BY updated_at DESC)"
        for _inbox in inboxes
    )
    return f"SELECT * FROM ({parts}) of_inboxes ORDER BY updated_at DESC LIMIT {most}", list(inboxes)  # noqa: S608 - ours


def _about(sql: str, params: Sequence[Any]) -> int:
    """How many rows PostgreSQL expects of a statement."""
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN (FORMAT JSON) {sql}", params)
        plan = cursor.fetchone()[0]
    return int((json.loads(plan) if isinstance(plan, str) else plan)[0]["Plan"]["Plan Rows"])


def _people(groups: Sequence[Sequence[Term]], query: Query, agent: Agent, found: Found) -> bool:
    """Put customers and organisations of that name to what was found. Whether there are any."""
    words = [term.word for group in groups for term in group]
    plain = " ".join(word.text for word in words)
    if not words or any(word.is_negative or word.in_subject for word in words) or len(plain) < 3:
        return False
    if query.typed.qualifiers or any(len(group) > 1 for group in groups):
        return False
    found.customers = list(Customer.objects.visible_to(agent).like(plain).prefetch_related("contact_points")[:PEOPLE])
    found.organisations = list(Organisation.objects.visible_to(agent).filter(name__ilike=plain)[:PEOPLE])
    return bool(found.customers or found.organisations)


def _mark(tickets: Sequence[Any], groups: Sequence[Sequence[Term]]) -> None:
    """Mark the words in subjects and customers, and put the place where they were said to each ticket."""
    words = []
    for group in groups:
        for term in group:
            if not term.word.is_negative:
                plain = plain_words(term.said)
                words += [(one, term.is_beginning and at == len(plain)) for at, one in enumerate(plain, 1)]
    marker = Marker(words)
    said: dict[int, list[tuple[str, str]]] = {}
    if words and tickets:
        messages = Message.objects.filter(ticket__in=[ticket.pk for ticket in tickets], withdrawn_at=None)
        rows = messages.order_by("-pk").values_list("ticket_id", "text", "kind", "sender_name", "author__name")[:500]
        for number, text, kind, sender, author in rows:
            said.setdefault(number, []).append((text[:20_000], author or sender if kind != "note" else author))
    for ticket in tickets:
        ticket.marked_subject = marker.marked(ticket.subject)
        ticket.marked_customer = marker.marked(ticket.customer.display_name)
        ticket.excerpt, ticket.said_by = None, ""
        for text, who in said.get(ticket.pk, ()):
            if excerpt := marker.excerpt(text):
                ticket.excerpt, ticket.said_by = excerpt, who or ""
                break
