"""Askings about no ticket: recommendation, asked by the calendar. Their events speak of the invitation."""

import json
from collections.abc import Iterable, Iterator

from django.db import transaction

from reports import models
from reports.ledger.as_rows import survey_row
from reports.ledger.asking import CHUNK, execute, lock, query
from reports.ledger.events import LedgerRow
from reports.ledger.survey_folding import fold_loose
from reports.ledger.writing import write

_ASKING_LOCK_CLASS = 0x4641  # advisory locks of ours; the second key is the invitation


#: invitations have no stream of their own; their events are found by whom they speak of
LOOSE = "stream_id IS NULL AND subject_type = 'invitation'"


def refresh_askings(invitations: Iterable[int]) -> int:
    """Fold these askings about no ticket anew from all their events. Returns the events folded.

    Each is locked until its transaction ends, and a server has room for some thousands of locks: so some at a time.
    """
    wanted = sorted(set(invitations))
    return sum(_refresh_askings(wanted[at : at + CHUNK]) for at in range(0, len(wanted), CHUNK))


@transaction.atomic(savepoint=False)
def _refresh_askings(wanted: list[int]) -> int:
    lock(_ASKING_LOCK_CLASS, wanted)
    found: dict[int, list[LedgerRow]] = {}
    for invitation, *event in query(
        f"""
        SELECT subject_id, id, at, verb, facts, actor_id FROM helpdesk_event
        WHERE {LOOSE} AND subject_id = ANY(%s) ORDER BY subject_id, id
        """,  # noqa: S608 - our words
        [wanted],
    ):
        event[3] = json.loads(event[3]) if isinstance(event[3], str) else event[3]
        found.setdefault(invitation, []).append(LedgerRow(*event))
    asked = {events[0].facts.get("customer") for events in found.values()}
    known_as = _known_as({customer for customer in asked if customer is not None})
    askings = [
        asking
        for events in found.values()
        if (asking := fold_loose(events, customer=known_as.get(events[0].facts.get("customer") or 0))) is not None
    ]
    execute(
        "DELETE FROM reports_surveyfacts WHERE ticket IS NULL AND invitation = ANY(%s) AND event <> ALL(%s)",
        [wanted, [asking.event for asking in askings]],
    )
    write(models.SurveyFacts, [list(survey_row(asking)) for asking in askings])
    return sum(map(len, found.values()))


def _known_as(customers: set[int]) -> dict[int, int]:
    """By which number each of these customers is known, after all they were merged into."""
    return dict(
        query(
            """
            WITH RECURSIVE up(customer, stands_for, step) AS (
                SELECT c, c, 0 FROM unnest(%s::bigint[]) AS c
                UNION ALL
                SELECT up.customer, c.merged_into_id, up.step + 1
                FROM up JOIN tickets_customer c ON c.id = up.stands_for
                WHERE c.merged_into_id IS NOT NULL AND up.step < 25
            ) SELECT DISTINCT ON (customer) customer, stands_for FROM up ORDER BY customer, step DESC
            """,
            [sorted(customers)],
        )
    )


def refresh_customers(customers: Iterable[int]) -> int:
    """Fold the askings about no ticket of customers anew who were merged or taken apart."""
    invitations = query(
        "SELECT invitation FROM reports_surveyfacts WHERE ticket IS NULL AND customer = ANY(%s)",
        [sorted(set(customers))],
    )
    return refresh_askings(invitation for (invitation,) in invitations)


def rebuild() -> Iterator[int]:
    """Fold every asking about no ticket anew, some at a time, and drop those the ledger does not know."""
    after = 0
    while True:
        invitations = [
            number
            for (number,) in query(
                f"SELECT DISTINCT subject_id FROM helpdesk_event WHERE {LOOSE} AND subject_id > %s "  # noqa: S608
                "ORDER BY subject_id LIMIT %s",
                [after, CHUNK],
            )
        ]
        last = invitations[-1] if len(invitations) == CHUNK else None
        execute(
            "DELETE FROM reports_surveyfacts WHERE ticket IS NULL AND invitation > %s "
            "AND (%s::bigint IS NULL OR invitation <= %s) AND invitation <> ALL(%s)",
            [after, last, last, invitations],
        )
        if invitations:
            yield refresh_askings(invitations)
        if last is None:
            return
        after = last
