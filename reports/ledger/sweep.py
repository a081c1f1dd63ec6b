"""The sweep: what nobody was told of is found, and folded."""

import time
from collections.abc import Iterator

from helpdesk import clock
from helpdesk.events import PATIENCE
from helpdesk.models import PendingEvent
from reports import models
from reports.ledger.asking import CHUNK, query
from reports.ledger.facts import refresh
from reports.ledger.loose import refresh_askings, refresh_customers
from reports.ledger.opening_hours import NO_HOURS, hours_of_inboxes
from tickets.models import Inbox

_SWEEP_LOCK = 0x465357


LEDGER_BOOKMARK = "facts"
_WINDOW = 50_000


def catch_up(*, seconds: float = 20) -> int:
    """Refresh tickets whose facts lag behind the ledger or were counted in opening hours that have changed since.

    What subscribers hear is folded at once; this finds what nobody told them of. It stops after about `seconds` and
    goes on the next time; while one runs, another one does nothing. Returns how many tickets it refreshed.
    """
    if not query("SELECT pg_try_advisory_lock(%s)", [_SWEEP_LOCK])[0][0]:
        return 0
    try:
        return _catch_up(seconds)
    finally:
        query("SELECT pg_advisory_unlock(%s)", [_SWEEP_LOCK])


def _catch_up(seconds: float) -> int:
    until = time.monotonic() + seconds
    refreshed = 0
    _catch_up_loose()
    for tickets in _behind(until):
        refresh(tickets)
        refreshed += len(tickets)
        if time.monotonic() > until:
            break
    for tickets in _in_old_hours():
        if time.monotonic() > until:
            break
        refresh(tickets)
        refreshed += len(tickets)
    return refreshed


def _catch_up_loose() -> None:
    """Fold what happened lately to askings about no ticket; before the bookmark moves on."""
    mark = models.Bookmark.objects.filter(name=LEDGER_BOOKMARK).values_list("position", flat=True).first() or 0
    lately = query(
        """
        SELECT DISTINCT subject_type, subject_id,
            CASE WHEN subject_type = 'customer' THEN (facts->>'source')::bigint END
        FROM helpdesk_event
        WHERE id > %s AND stream_id IS NULL AND (
            subject_type = 'invitation'
            OR (subject_type = 'customer' AND verb IN ('customer.merged', 'customer.unmerged'))
        )
        """,
        [mark],
    )
    refresh_askings(number for kind, number, _ in lately if kind == "invitation")
    refresh_customers(number for kind, *both in lately if kind == "customer" for number in both if number is not None)


def _behind(until: float) -> Iterator[list[int]]:
    """Tickets whose last event is newer than what their facts were folded to, some at a time.

    The bookmark says how far the ledger has been compared. Events are not committed in the order of their ids, so it
    moves up only to an id that was the newest before any transaction that is still writing began.
    """
    mark, _ = models.Bookmark.objects.get_or_create(name=LEDGER_BOOKMARK)
    ((newest, now, oldest_writer),) = query(
        """
        SELECT coalesce(max(id), 0), clock_timestamp(), (
            SELECT min(xact_start) FROM pg_stat_activity
            WHERE datname = current_database() AND backend_type = 'client backend' AND backend_xid IS NOT NULL
            AND pid <> pg_backend_pid()
        ) FROM helpdesk_event
        """,
        [],
    )
    is_settled = oldest_writer is None or oldest_writer > mark.moved_at
    at = mark.position
    while at < newest and time.monotonic() < until:
        stale = [
            ticket
            for (ticket,) in query(
                """
                SELECT e.stream_id FROM (
                    SELECT stream_id, max(id) AS newest FROM helpdesk_event
                    WHERE id > %s AND id <= %s AND stream_id IS NOT NULL GROUP BY stream_id
                ) e LEFT JOIN reports_ticketfacts f ON f.ticket = e.stream_id
                WHERE f.folded_to IS NULL OR f.folded_to < e.newest ORDER BY e.stream_id
                """,
                [at, at + _WINDOW],
            )
        ]
        for first in range(0, len(stale), CHUNK):
            yield stale[first : first + CHUNK]
        at += _WINDOW
    if is_settled:
        position = max(mark.position, min(mark.next_position, at))
        next_position, moved_at = (
            (newest, now) if position >= mark.next_position else (mark.next_position, mark.moved_at)
        )
        models.Bookmark.objects.filter(name=LEDGER_BOOKMARK).update(
            position=position, next_position=next_position, moved_at=moved_at
        )


def _in_old_hours() -> Iterator[list[int]]:
    """Tickets of inboxes whose opening hours have changed since they were folded, some at a time."""
    hours = hours_of_inboxes()
    for inbox in Inbox.objects.values_list("pk", flat=True):
        mark = hours.get(inbox, NO_HOURS).mark
        while tickets := [
            ticket
            for (ticket,) in query(
                """
                (SELECT ticket FROM reports_ticketfacts WHERE inbox = %s AND hours < %s LIMIT %s)
                UNION ALL (SELECT ticket FROM reports_ticketfacts WHERE inbox = %s AND hours > %s LIMIT %s)
                """,
                [inbox, mark, CHUNK, inbox, mark, CHUNK],
            )
        ]:
            yield tickets


def lag() -> float:
    """Seconds since the oldest event that no fact may know yet; for the gauges."""
    waiting = PendingEvent.objects.filter(attempts__lt=PATIENCE, stream_id__isnull=False).order_by("event_id")
    oldest = waiting.values_list("at", flat=True).first()
    return max(0.0, (clock.now() - oldest).total_seconds()) if oldest else 0.0
