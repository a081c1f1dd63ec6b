"""Facts in the database: folded from the ledger, thrown away and folded anew at will.

`refresh` is the one road by which rows come to be: subscribers, `sweep` and `rebuilding` all call it, it reads all the
events of a ticket and never what an earlier row said. So it does not matter how often, how late or in which order
tickets are refreshed: the last refresh after the last event gives the row that `rebuild` gives.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import structlog
from django.db import transaction

from reports import models
from reports.ledger.as_rows import answer_rows, stay_rows, survey_row, to_row, without_business
from reports.ledger.asking import FEW, execute, lock, query, whole
from reports.ledger.events import events_of
from reports.ledger.folding import fold
from reports.ledger.links import link_both
from reports.ledger.opening_hours import hours_of, hours_of_inboxes
from reports.ledger.survey_folding import SurveyFacts, fold_surveys, solved
from reports.ledger.writing import write, write_askings, write_few, write_parts

log = structlog.get_logger(__name__)

_LOCK_CLASS = 0x4652  # advisory locks of ours; the second key is the ticket
_ROUNDS = 25  # far more than tickets were ever merged in a chain


@transaction.atomic(savepoint=False)
def refresh(tickets: Iterable[int], *, links: bool = True) -> int:
    """Fold these tickets anew from all their events, and those they were merged into. Returns the events folded.

    The number of queries does not depend on the number of tickets. Safe to run in any number of processes at once: two
    that meet on a ticket fold it one after the other, two that meet on a customer link their tickets one after the
    other. Without `links` whoever asks does that later: see `rebuild`.
    """
    folded = 0
    now = sorted(set(tickets))
    touched: set[int] = set()
    customers: set[int] = set()
    for _ in range(_ROUNDS):
        if not now:
            break
        touched.update(now)
        events, now = _refresh(now, customers)
        folded += events
    else:
        log.error("tickets are merged in a circle", tickets=now)
    if links:
        link_both(sorted(customers), sorted(touched))
    return folded


def _refresh(tickets: list[int], customers: set[int]) -> tuple[int, list[int]]:
    """Fold these tickets. Returns how many events were read, and the tickets to be folded because of it.

    Adds to `customers` whose tickets they were and are.
    """
    lock(_LOCK_CLASS, tickets)
    was_merged: dict[int, int | None] = {}
    sources: dict[int, list[int]] = {}
    for ticket, target, merged_into, customer in _known_of(tickets):
        if target is not None:
            sources.setdefault(target, []).append(ticket)
            continue
        was_merged[ticket] = merged_into
        if customer is not None:
            customers.add(customer)
    events = events_of({*tickets, *(source for found in sources.values() for source in found)})
    hours = hours_of_inboxes()

    rows: list[list[Any]] = []
    answers: list[Sequence[Any]] = []
    stays: list[Sequence[Any]] = []
    askings: list[SurveyFacts] = []
    is_merged: dict[int, int | None] = {}
    for ticket in tickets:
        own = events.get(ticket)
        if own is None:
            continue
        calendar = hours_of(own, hours)
        absorbed = [event for source in sorted(sources.get(ticket, ())) for event in events.get(source, ())]
        facts = fold(own, calendar.calendar, absorbed=absorbed)
        if not calendar.mark:
            facts = without_business(facts)
        is_merged[ticket] = facts.merged_into
        if facts.customer is not None:
            customers.add(facts.customer)
        asked = fold_surveys(ticket, own, facts)
        rows.append(to_row(ticket, facts, folded_to=own[-1].id, hours=calendar.mark, is_solved=solved(asked)))
        answers += answer_rows(ticket, facts)
        stays += stay_rows(ticket, facts)
        askings += asked

    gone = [ticket for ticket in tickets if ticket not in is_merged and ticket in was_merged]
    if gone:
        execute("DELETE FROM reports_ticketfacts WHERE ticket = ANY(%s)", [gone])
        # their answers and stays go below, as those of tickets without any
    survey_rows = [list(survey_row(asking)) for asking in askings]
    if max(len(tickets), len(rows), len(answers), len(stays), len(survey_rows)) > FEW:
        write(models.TicketFacts, rows)
        write_parts(models.AnswerFacts, tickets, answers)
        write_parts(models.StayFacts, tickets, stays)
        write_askings(tickets, survey_rows)
    else:
        write_few(tickets, rows, answers, stays, survey_rows)
    return sum(map(len, events.values())), _concerned(tickets, was_merged, is_merged)


def _concerned(tickets: list[int], was: Mapping[int, int | None], now: Mapping[int, int | None]) -> list[int]:
    """The tickets that hold the messages of these ones: those they were or are merged into."""
    known = set(tickets)
    targets = set()
    for ticket in tickets:
        before, after = was.get(ticket), now.get(ticket)
        if before != after:
            targets |= {before, after}  # what they absorb was read before this was known
        elif after is not None and after not in known:
            targets.add(after)
    targets.discard(None)
    if not targets:
        return []
    return sorted(
        number
        for (number,) in query(
            """
            WITH RECURSIVE up(ticket) AS (
                SELECT t FROM unnest(%s::bigint[]) AS t
                UNION
                SELECT f.merged_into FROM reports_ticketfacts f JOIN up USING (ticket) WHERE f.merged_into IS NOT NULL
            ) SELECT ticket FROM up
            """,
            [sorted(targets)],
        )
    )


def _known_of(tickets: list[int]) -> list[tuple[int, int | None, int | None, int | None]]:
    """What facts said of these tickets, without a target; and every ticket merged into one of them, with that one.

    Directly or through others. Each with what it was merged into, and whose it is.
    """
    return query(
        """
        WITH RECURSIVE down(ticket, target) AS (
            SELECT ticket, merged_into FROM reports_ticketfacts WHERE merged_into = ANY(%s::bigint[])
            UNION
            SELECT f.ticket, d.target FROM reports_ticketfacts f JOIN down d ON f.merged_into = d.ticket
        )
        SELECT ticket, NULL::bigint, merged_into, customer FROM reports_ticketfacts WHERE ticket = ANY(%s::bigint[])
        UNION ALL
        SELECT ticket, target, NULL, NULL FROM down WHERE ticket <> target
        """,
        [whole(tickets), whole(tickets)],
        is_kept=len(tickets) <= FEW,
    )
