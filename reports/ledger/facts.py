"""Facts in the database: folded from the ledger, thrown away and folded anew at will.

`refresh` is the one road by which rows come to be: subscribers, the sweep and `rebuild` all call it, it reads all the
events of a ticket and never what an earlier row said. So it does not matter how often, how late or in which order
tickets are refreshed: the last refresh after the last event gives the row that `rebuild` gives.
"""

import json
import time
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from hashlib import blake2b
from operator import attrgetter
from typing import Any, NamedTuple

import structlog
from django.db import connection, transaction
from django.db import models as db
from psycopg.types.numeric import Int4, Int8

from helpdesk import clock, statements
from helpdesk.calendars import ALWAYS_OPEN, BusinessCalendar
from helpdesk.events import PATIENCE
from helpdesk.models import Calendar, PendingEvent
from reports import models
from reports.ledger import copying
from reports.ledger.folding import ENTERING, Answer, Move, Reopening, Resolution, Span, TicketFacts, Waits, fold
from reports.ledger.survey_folding import SurveyFacts, fold_loose, fold_surveys, solved
from tickets.models import Inbox

log = structlog.get_logger(__name__)

CHUNK = 500
_LOCK_CLASS = 0x4652  # advisory locks of ours; the second key is the ticket
_CUSTOMER_LOCK_CLASS = 0x4643  # the second key is the customer
_SWEEP_LOCK = 0x465357
_ASKING_LOCK_CLASS = 0x4641  # the second key is the invitation
_ROUNDS = 25  # far more than tickets were ever merged in a chain
#: first contact resolution: within that many days nothing may come back
NEXT_CONTACT_DAYS = 7
WINDOW = timedelta(days=NEXT_CONTACT_DAYS)


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class LedgerRow(NamedTuple):
    """An event as the fold reads it, without the cost of a model."""

    id: int
    at: datetime
    verb: str
    facts: Mapping[str, Any]
    actor_id: int | None


# ---------------------------------------------------------------------- opening hours


class Hours(NamedTuple):
    """The calendar the business seconds of an inbox are counted in; mark 0 and always open where it has none."""

    mark: int
    calendar: BusinessCalendar


NO_HOURS = Hours(0, ALWAYS_OPEN)
_known_hours: dict[int, Hours] = {}
#: what the database said of all opening hours when they were last read, and what that made
_last_read: tuple[str, dict[int, Hours]] = ("", {})


def hours_of_inboxes() -> dict[int, Hours]:
    """The opening hours of every inbox, read again when anything of them is other than it was. Do not change it."""
    global _last_read
    said = _said_of_hours()
    if _last_read[0] == said:
        return _last_read[1]
    read = _read_hours()
    if _said_of_hours() == said:  # else they changed meanwhile, and nobody knows what was read
        _last_read = (said, read)
    return read


def _said_of_hours() -> str:
    """What is another text when anything of the opening hours is another."""
    ((said,),) = _query(
        """
        SELECT concat_ws(' ',
            (SELECT md5(string_agg(concat_ws(' ', id, calendar_id), ',' ORDER BY id))
                FROM tickets_inbox WHERE calendar_id IS NOT NULL),
            (SELECT md5(string_agg(c::text, ',' ORDER BY id)) FROM helpdesk_calendar c),
            (SELECT md5(string_agg(v::text, ',' ORDER BY id)) FROM helpdesk_calendarversion v),
            (SELECT md5(string_agg(d::text, ',' ORDER BY id)) FROM helpdesk_specialday d))
        """,
        [],
        is_kept=True,
    )
    return str(said)


def _read_hours() -> dict[int, Hours]:
    """The mark changes when anything about them does."""
    inboxes = dict(Inbox.objects.filter(calendar__isnull=False).values_list("pk", "calendar_id"))
    if not inboxes:
        return {}
    calendars = Calendar.objects.filter(pk__in=set(inboxes.values())).prefetch_related("versions", "special_days")
    hours = {calendar.pk: _hours(calendar.business) for calendar in calendars}
    return {inbox: hours[calendar] for inbox, calendar in inboxes.items()}


def _hours(calendar: BusinessCalendar) -> Hours:
    said = repr(
        (
            calendar.zone,
            [(version.valid_from, sorted(version.weekly.items())) for version in calendar.versions],
            sorted(calendar.holidays),
            sorted(calendar.special.items()),
        )
    )
    mark = int.from_bytes(blake2b(said.encode(), digest_size=7).digest()) + 1
    # the kept instance remembers the days it has worked out
    return _known_hours.setdefault(mark, Hours(mark, calendar))


# ---------------------------------------------------------------------- refreshing


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
        _link(sorted(customers), sorted(touched))
    return folded


def _refresh(tickets: list[int], customers: set[int]) -> tuple[int, list[int]]:
    """Fold these tickets. Returns how many events were read, and the tickets to be folded because of it.

    Adds to `customers` whose tickets they were and are.
    """
    _lock(_LOCK_CLASS, tickets)
    was_merged: dict[int, int | None] = {}
    sources: dict[int, list[int]] = {}
    for ticket, target, merged_into, customer in _known_of(tickets):
        if target is not None:
            sources.setdefault(target, []).append(ticket)
            continue
        was_merged[ticket] = merged_into
        if customer is not None:
            customers.add(customer)
    events = _events({*tickets, *(source for found in sources.values() for source in found)})
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
        calendar = _hours_of(own, hours)
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
        _execute("DELETE FROM reports_ticketfacts WHERE ticket = ANY(%s)", [gone])
        # their answers and stays go below, as those of tickets without any
    survey_rows = [list(_survey_row(asking)) for asking in askings]
    if max(len(tickets), len(rows), len(answers), len(stays), len(survey_rows)) > _FEW:
        _write(models.TicketFacts, rows)
        _write_parts(models.AnswerFacts, tickets, answers)
        _write_parts(models.StayFacts, tickets, stays)
        _write_askings(tickets, survey_rows)
    else:
        _write_few(tickets, rows, answers, stays, survey_rows)
    return sum(map(len, events.values())), _concerned(tickets, was_merged, is_merged)


#: what a customer's other tickets say of each: when they came next, and whether it only followed an earlier one. The
#: rules are those of `metrics.resolution.first_contact`, which the tests hold beside it
_LINKS = f"""
    WITH own AS MATERIALIZED (
        SELECT ticket, customer, topic, created_at, judged_at, in_quality, follow_up_of, net_reopened_at, is_solved,
            replies_before_first_resolution, next_contact_at, next_same_topic_at, is_follow_up, fcr,
            customer IS NOT NULL AND in_volume AND is_contact AS counts,
            coalesce(last_solved_at, left_at, 'infinity') AS until
        FROM reports_ticketfacts WHERE customer = ANY(%(customers)s::bigint[]) OR ticket = ANY(%(tickets)s::bigint[])
    ), seen AS (
        SELECT ticket, topic, created_at, judged_at,
            min(created_at) FILTER (WHERE counts) OVER later AS next_any,
            min(created_at) FILTER (WHERE counts AND topic IS NULL) OVER later AS next_unknown,
            min(created_at) FILTER (WHERE counts) OVER later_alike AS next_alike,
            max(until) FILTER (WHERE counts) OVER earlier AS until_any,
            max(until) FILTER (WHERE counts AND topic IS NULL) OVER earlier AS until_unknown,
            max(until) FILTER (WHERE counts) OVER earlier_alike AS until_alike
        FROM own WINDOW
            later AS (PARTITION BY customer ORDER BY created_at DESC
                RANGE BETWEEN UNBOUNDED PRECEDING AND '1 microsecond' PRECEDING),
            later_alike AS (PARTITION BY customer, topic ORDER BY created_at DESC
                RANGE BETWEEN UNBOUNDED PRECEDING AND '1 microsecond' PRECEDING),
            earlier AS (PARTITION BY customer ORDER BY created_at
                RANGE BETWEEN UNBOUNDED PRECEDING AND '1 microsecond' PRECEDING),
            earlier_alike AS (PARTITION BY customer, topic ORDER BY created_at
                RANGE BETWEEN UNBOUNDED PRECEDING AND '1 microsecond' PRECEDING)
    ), chosen AS (
        SELECT ticket, created_at, judged_at, next_any,
            CASE WHEN topic IS NULL THEN next_any ELSE least(next_alike, next_unknown) END AS next_same,
            CASE WHEN topic IS NULL THEN until_any ELSE greatest(until_alike, until_unknown) END AS until
        FROM seen
    ), linked AS (
        SELECT ticket,
            CASE WHEN judged_at IS NULL OR next_any < judged_at THEN next_any END AS next_contact_at,
            CASE WHEN judged_at IS NULL OR next_same < judged_at THEN next_same END AS next_same_topic_at,
            coalesce(created_at < until + interval '{NEXT_CONTACT_DAYS} days', FALSE) AS is_follow_up
        FROM chosen
    ), judged AS (
        SELECT linked.*,
            CASE
                WHEN NOT own.in_quality THEN 'excluded'
                WHEN own.follow_up_of IS NOT NULL OR linked.is_follow_up THEN 'follow_up'
                WHEN own.judged_at IS NULL THEN 'unresolved'
                WHEN own.replies_before_first_resolution <> 1 THEN 'not_one_reply'
                WHEN own.net_reopened_at < own.judged_at THEN 'reopened'
                WHEN linked.next_same_topic_at IS NOT NULL THEN 'repeat_contact'
                WHEN own.is_solved IS NULL THEN 'fcr_operational'
                WHEN own.is_solved THEN 'fcr_confirmed'
                ELSE 'customer_says_no'
            END AS fcr
        FROM linked JOIN own USING (ticket)
    ), other AS MATERIALIZED (
        SELECT judged.* FROM own JOIN judged USING (ticket)
        WHERE (own.next_contact_at, own.next_same_topic_at, own.is_follow_up, own.fcr)
            IS DISTINCT FROM (judged.next_contact_at, judged.next_same_topic_at, judged.is_follow_up, judged.fcr)
    ), changed AS MATERIALIZED (
        SELECT other.* FROM reports_ticketfacts AS old JOIN other USING (ticket) FOR NO KEY UPDATE OF old SKIP LOCKED
    )
    UPDATE reports_ticketfacts AS old
    SET next_contact_at = changed.next_contact_at, next_same_topic_at = changed.next_same_topic_at,
        is_follow_up = changed.is_follow_up, fcr = changed.fcr
    FROM changed WHERE old.ticket = changed.ticket
"""  # noqa: S608 - a number of ours


@transaction.atomic
def link(customers: Iterable[int]) -> None:
    """Say of every ticket of these customers what their other tickets say of it; for facts written by COPY."""
    _link(sorted(customers), [])


def _link(customers: list[int], tickets: list[int]) -> None:
    """Say of every ticket of these customers, and of these tickets, what their other tickets say of it.

    Whoever writes a ticket's facts comes here afterwards and waits for the others. So a row that somebody else holds is
    left to them: they see what is written here, and waiting for them would be waiting in a circle.
    """
    _lock(_CUSTOMER_LOCK_CLASS, customers)
    values = {"customers": _whole(customers), "tickets": _whole(tickets)}
    # one plan is good for a ticket or two, and for thousands another one
    with statements.cursor() if len(tickets) + len(customers) <= _FEW else connection.cursor() as cursor:
        cursor.execute(_LINKS, values)


def _lock(kind: int, numbers: list[int]) -> None:
    """Hold these until the transaction ends, in their order; alone in its statement, so that the next sees the rest."""
    if not numbers:
        return
    with statements.cursor() as cursor:
        cursor.execute(
            "SELECT pg_advisory_xact_lock(%s, hashint8(t)) FROM unnest(%s::bigint[]) AS t",
            [Int4(kind), _whole(numbers)],
        )


def _hours_of(events: Sequence[LedgerRow], hours: Mapping[int, Hours]) -> Hours:
    """The opening hours of the inbox a ticket came to."""
    first = next((event for event in events if event.verb == "ticket.created"), None)
    inbox = first.facts.get("inbox") if first else None
    return hours.get(inbox, NO_HOURS) if inbox is not None else NO_HOURS


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
        for (number,) in _query(
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
    return _query(
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
        [_whole(tickets), _whole(tickets)],
        is_kept=len(tickets) <= _FEW,
    )


def _events(tickets: Collection[int]) -> dict[int, list[LedgerRow]]:
    """All events of these tickets, each ticket's in ledger order."""
    # a ticket's events as one text: reading that is quicker than making an object of every value twice
    return {
        stream: [
            LedgerRow(number, _EPOCH + timedelta(microseconds=at), verb, facts, actor)
            for number, at, verb, facts, actor in json.loads(events)
        ]
        for stream, events in _query(
            """
            SELECT stream_id, json_agg(
                json_build_array(id, (extract(epoch FROM at) * 1000000)::int8, verb, facts, actor_id) ORDER BY id
            )::text
            FROM helpdesk_event WHERE stream_id = ANY(%s) GROUP BY stream_id
            """,
            [_whole(tickets)],
            is_kept=len(tickets) <= _FEW,
        )
    }


def _query(sql: str, parameters: Sequence[Any], *, is_kept: bool = False) -> list[tuple[Any, ...]]:
    """The rows of an answer. One that is asked at every turn, about few tickets, is kept by PostgreSQL."""
    with statements.cursor() if is_kept else connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        return cursor.fetchall()


def _execute(sql: str, parameters: Sequence[Any]) -> int:
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        return int(cursor.rowcount)


# ---------------------------------------------------------------------- rows


def without_business(facts: TicketFacts) -> TicketFacts:
    """The facts of a ticket whose inbox has no opening hours: what was counted in them is unknown."""
    return replace(
        facts,
        frt_business_s=None,
        frt_from_handover_business_s=None,
        first_resolution_business_s=None,
        resolution_business_s=None,
        resolutions=tuple(replace(one, business_seconds=None) for one in facts.resolutions),
        answers=tuple(replace(one, business_seconds=None) for one in facts.answers),
    )


#: columns that carry the field of the same name
_SAME = (
    "klass", "in_volume", "in_quality", "is_contact", "awaits_first_reply", "channel", "inbox", "team", "agent",
    "customer", "topic", "initiated_by", "priority", "first_priority", "split_from", "follow_up_of", "merged_into",
    "contacts", "created_at", "started_at", "first_customer_at", "first_reply_at", "frt_s", "frt_business_s",
    "first_replier", "handed_over_at", "frt_from_handover_s", "frt_from_handover_business_s", "abandoned_at",
    "waiting_since", "first_resolved_at", "first_resolution_s", "first_resolution_business_s", "resolved_at",
    "resolution_s", "resolution_business_s", "closed_at", "left_at", "last_event_at", "status", "status_since",
    "unanswered_at_solve", "incoming", "automated_incoming", "outgoing", "replies", "replies_before_first_resolution",
    "automated_replies", "notes", "last_replier", "people", "handoffs", "channel_switches", "next_response_max_s",
    "reopens", "net_reopens", "touches", "last_solved_at", "net_reopened_at",
)  # fmt: skip
_CONCLUDED = frozenset(
    {"in_volume", "in_quality", "is_contact", "awaits_first_reply", "reopens", "net_reopens", "touches", "people",
     "next_response_max_s", "last_solved_at", "net_reopened_at"}
)  # fmt: skip
_KEPT = tuple(name for name in _SAME if name not in _CONCLUDED)
_WAITS = ("new_s", "open_s", "pending_s", "on_hold_s")
TICKET_COLUMNS = (
    "ticket", "folded_to", "hours", "is_open", "judged_at", "is_solved", *_SAME, *_WAITS,
    *(f"business_{name}" for name in _WAITS), "detail",
)  # fmt: skip
_same = attrgetter(*_SAME)
_waits = attrgetter(*_WAITS)
_UNKNOWN_WAITS = (None, None, None, None)


def to_row(ticket: int, facts: TicketFacts, *, folded_to: int, hours: int, is_solved: bool | None = None) -> list[Any]:
    """The facts as a row, in the order of `TICKET_COLUMNS`."""
    return [
        ticket,
        folded_to,
        hours,
        bool(facts.moves) and facts.moves[-1].kind in ENTERING,
        facts.resolutions[0].at + WINDOW if facts.resolutions else None,
        is_solved,
        *_same(facts),
        *_waits(facts.waits),
        *(_waits(facts.business_waits) if hours else _UNKNOWN_WAITS),
        _detail(facts),
    ]


def _detail(facts: TicketFacts) -> str:
    detail: dict[str, Any] = {}
    if facts.resolutions:
        detail["resolutions"] = [
            [_stamp(one.at), one.seconds, one.business_seconds, one.courtesy, one.actor] for one in facts.resolutions
        ]
    if facts.reopenings:
        detail["reopenings"] = [[_stamp(one.at), one.courtesy] for one in facts.reopenings]
    if facts.answers:
        detail["answers"] = [
            [
                _stamp(one.at),
                one.actor,
                one.kind,
                None if one.asked_at is None else _stamp(one.asked_at),
                one.seconds,
                one.business_seconds,
            ]
            for one in facts.answers
        ]
    if facts.spans:
        detail["spans"] = [[one.status, _stamp(one.start), _stamp(one.end)] for one in facts.spans]
    if facts.moves:
        detail["moves"] = [[_stamp(one.at), one.kind] for one in facts.moves]
    if facts.priorities:
        detail["priorities"] = [[_stamp(at), priority] for at, priority in facts.priorities]
    return json.dumps(detail, separators=(",", ":"))


def from_row(row: models.TicketFacts) -> TicketFacts:
    """The facts a row was made from, for metrics that look at a ticket's whole course."""
    detail = row.detail
    waits = Waits(*_waits(row))
    return TicketFacts(
        **{name: getattr(row, name) for name in _KEPT},
        waits=waits,
        business_waits=Waits(*(getattr(row, f"business_{name}") or 0 for name in _WAITS)),
        priorities=tuple((_instant(at), priority) for at, priority in detail.get("priorities", ())),
        answers=tuple(
            Answer(_instant(at), actor, kind, None if asked is None else _instant(asked), *rest)
            for at, actor, kind, asked, *rest in detail.get("answers", ())
        ),
        spans=tuple(Span(status, _instant(start), _instant(end)) for status, start, end in detail.get("spans", ())),
        resolutions=tuple(Resolution(_instant(at), *rest) for at, *rest in detail.get("resolutions", ())),
        reopenings=tuple(Reopening(_instant(at), courtesy) for at, courtesy in detail.get("reopenings", ())),
        moves=tuple(Move(_instant(at), kind) for at, kind in detail.get("moves", ())),
    )


_MICROSECOND = timedelta(microseconds=1)


def _stamp(at: datetime) -> int:
    return (at - _EPOCH) // _MICROSECOND


def _instant(stamp: int) -> datetime:
    return _EPOCH + timedelta(microseconds=stamp)


ANSWER_COLUMNS = (
    "ticket", "number", "at", "kind", "agent", "seconds", "business_seconds", "in_volume", "inbox", "team", "channel",
    "topic",
)  # fmt: skip
STAY_COLUMNS = (
    "ticket", "number", "entered_at", "entered_by", "left_at", "left_by", "started_at", "inbox", "team", "channel",
    "topic",
)  # fmt: skip


def answer_rows(ticket: int, facts: TicketFacts) -> Iterator[tuple[Any, ...]]:
    """The answers of a ticket as rows, in the order of `ANSWER_COLUMNS`."""
    where = (facts.in_volume, facts.inbox, facts.team, facts.channel, facts.topic)
    for number, one in enumerate(facts.answers, 1):
        yield (ticket, number, one.at, one.kind, one.actor, one.seconds, one.business_seconds, *where)


def stay_rows(ticket: int, facts: TicketFacts) -> Iterator[tuple[Any, ...]]:
    """The stays of a ticket in the backlog as rows, in the order of `STAY_COLUMNS`."""
    where = (facts.started_at, facts.inbox, facts.team, facts.channel, facts.topic)
    for number, one in enumerate(facts.stays, 1):
        yield (ticket, number, one.entered_at, one.entered_by, one.left_at, one.left_by, *where)


SURVEY_COLUMNS = (
    "event", "ticket", "invitation", "survey", "kind", "state", "reason", "counts", "is_delivered", "inbox", "channel",
    "team", "agent", "invited_at", "sent_at", "answered_at", "score", "has_comment", "customer", "topic", "language",
    "is_solved", "low_reason", "department", "in_control", "is_after_reminder", "percent", "frt_s", "frt_business_s",
    "resolution_s", "open_s", "next_response_max_s", "replies", "people", "handoffs", "channel_switches", "net_reopens",
)  # fmt: skip
_survey_row = attrgetter(*SURVEY_COLUMNS)


def _write_askings(tickets: list[int], rows: Sequence[Sequence[Any]]) -> None:
    _execute(
        "DELETE FROM reports_surveyfacts WHERE ticket = ANY(%s) AND event <> ALL(%s)",
        [tickets, [row[0] for row in rows]],
    )
    _write(models.SurveyFacts, rows)


#: up to so many rows of a table are written with all others in one statement, which PostgreSQL keeps
_FEW = 50


def _write_few(
    tickets: list[int],
    rows: Sequence[Sequence[Any]],
    answers: Sequence[Sequence[Any]],
    stays: Sequence[Sequence[Any]],
    askings: Sequence[Sequence[Any]],
) -> None:
    """As `_write`, `_write_parts` and `_write_askings` do one after the other: what is deleted is never written."""
    parameters: list[Any] = []
    for model, parts in ((models.AnswerFacts, answers), (models.StayFacts, stays)):
        last = dict.fromkeys(tickets, 0) | {row[0]: row[1] for row in parts}
        parameters += [_whole(last), _whole(last.values()), _as_json(model, parts)]
    parameters += [_whole(tickets), _whole(row[0] for row in askings), _as_json(models.SurveyFacts, askings)]
    parameters.append(_as_json(models.TicketFacts, rows))
    with statements.cursor() as cursor:
        cursor.execute(_writing_few(), parameters)


@cache
def _writing_few() -> str:
    def upsert(model: type[db.Model]) -> str:
        table, names = model._meta.db_table, ", ".join(_TABLES[model][0])
        # what is JSON itself comes as a text
        taken = names.replace("detail", "(detail #>> '{}')::jsonb")
        given = f"{taken} FROM json_populate_recordset(NULL::{table}, %s::json)"
        return _upserting(model, given)

    def shorten(model: type[db.Model]) -> str:
        return (
            f"DELETE FROM {model._meta.db_table} AS old USING unnest(%s::bigint[], %s::bigint[]) "  # noqa: S608 - our names
            "AS kept(ticket, last) WHERE old.ticket = kept.ticket AND old.number > kept.last"
        )

    return f"""
        WITH fewer_answers AS ({shorten(models.AnswerFacts)}), answers AS ({upsert(models.AnswerFacts)}),
            fewer_stays AS ({shorten(models.StayFacts)}), stays AS ({upsert(models.StayFacts)}),
            fewer_askings AS (
                DELETE FROM reports_surveyfacts WHERE ticket = ANY(%s::bigint[]) AND event <> ALL(%s::bigint[])
            ), askings AS ({upsert(models.SurveyFacts)})
        {upsert(models.TicketFacts)}
    """  # noqa: S608 - our names


def _whole(numbers: Iterable[int]) -> list[Int8]:
    """Numbers of one width, so that the statement is the same one each time."""
    return [Int8(number) for number in numbers]


def _as_json(model: type[db.Model], rows: Sequence[Sequence[Any]]) -> str:
    """Rows as one value, which takes less of the processor than a list for each of dozens of columns."""
    if not rows:
        return "[]"
    names = _TABLES[model][0]
    return json.dumps([dict(zip(names, row, strict=True)) for row in rows], default=datetime.isoformat)


def _write_parts(model: type[db.Model], tickets: list[int], rows: Sequence[Sequence[Any]]) -> None:
    """The numbered parts of these tickets, and no more of them."""
    last = dict.fromkeys(tickets, 0) | {row[0]: row[1] for row in rows}
    table = model._meta.db_table
    _execute(
        f"DELETE FROM {table} AS old USING unnest(%s::bigint[], %s::int[]) AS kept(ticket, last) "  # noqa: S608 - our names
        "WHERE old.ticket = kept.ticket AND old.number > kept.last",
        [list(last), list(last.values())],
    )
    _write(model, rows)


def _write(model: type[db.Model], rows: Sequence[Sequence[Any]]) -> None:
    """Insert or replace rows in one statement; one that stays the same is not written again."""
    if len(rows) >= _WORTH_COPYING:
        _execute(_incoming(model), [])
        copying.copy_rows(model, _TABLES[model][0], rows, into=f"incoming_{model._meta.db_table}")
        _execute(_statement(model, is_copied=True), [])
        _execute(f"TRUNCATE incoming_{model._meta.db_table}", [])
    elif rows:
        _execute(_statement(model), list(map(list, zip(*rows, strict=True))))


#: from so many rows on it is quicker to copy them into a table of the session first
_WORTH_COPYING = 200


@cache
def _incoming(model: type[db.Model]) -> str:
    table, columns = model._meta.db_table, _TABLES[model][0]
    return (
        f"CREATE TEMPORARY TABLE IF NOT EXISTS incoming_{table} ON COMMIT DELETE ROWS AS "  # noqa: S608 - our names
        f"SELECT {', '.join(columns)} FROM {table} WITH NO DATA"
    )


#: each table's columns, and how many of the first are its key
_TABLES: dict[type[db.Model], tuple[tuple[str, ...], int]] = {
    models.TicketFacts: (TICKET_COLUMNS, 1),
    models.AnswerFacts: (ANSWER_COLUMNS, 2),
    models.StayFacts: (STAY_COLUMNS, 2),
    models.SurveyFacts: (SURVEY_COLUMNS, 1),
}


@cache
def _statement(model: type[db.Model], *, is_copied: bool = False) -> str:
    columns, _ = _TABLES[model]
    table = model._meta.db_table
    arrays = ", ".join(f"%s::{model._meta.get_field(name).db_type(connection)}[]" for name in columns)
    return _upserting(model, f"{', '.join(columns)} FROM incoming_{table}" if is_copied else f"* FROM unnest({arrays})")


def _upserting(model: type[db.Model], rows: str) -> str:
    columns, keys = _TABLES[model]
    others = columns[keys:]
    table = model._meta.db_table
    return (
        f"INSERT INTO {table} AS old ({', '.join(columns)}) SELECT {rows} "  # noqa: S608 - our names
        f"ON CONFLICT ({', '.join(columns[:keys])}) "
        f"DO UPDATE SET {', '.join(f'{name} = excluded.{name}' for name in others)} "
        f"WHERE ({', '.join(f'old.{name}' for name in others)}) "
        f"IS DISTINCT FROM ({', '.join(f'excluded.{name}' for name in others)})"
    )


# ---------------------------------------------------------------------- askings about no ticket

#: invitations have no stream of their own; their events are found by whom they speak of
_LOOSE = "stream_id IS NULL AND subject_type = 'invitation'"


def refresh_askings(invitations: Iterable[int]) -> int:
    """Fold these askings about no ticket anew from all their events. Returns the events folded.

    Each is locked until its transaction ends, and a server has room for some thousands of locks: so some at a time.
    """
    wanted = sorted(set(invitations))
    return sum(_refresh_askings(wanted[at : at + CHUNK]) for at in range(0, len(wanted), CHUNK))


@transaction.atomic(savepoint=False)
def _refresh_askings(wanted: list[int]) -> int:
    _lock(_ASKING_LOCK_CLASS, wanted)
    found: dict[int, list[LedgerRow]] = {}
    for invitation, *event in _query(
        f"""
        SELECT subject_id, id, at, verb, facts, actor_id FROM helpdesk_event
        WHERE {_LOOSE} AND subject_id = ANY(%s) ORDER BY subject_id, id
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
    _execute(
        "DELETE FROM reports_surveyfacts WHERE ticket IS NULL AND invitation = ANY(%s) AND event <> ALL(%s)",
        [wanted, [asking.event for asking in askings]],
    )
    _write(models.SurveyFacts, [list(_survey_row(asking)) for asking in askings])
    return sum(map(len, found.values()))


def _known_as(customers: set[int]) -> dict[int, int]:
    """By which number each of these customers is known, after all they were merged into."""
    return dict(
        _query(
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
    invitations = _query(
        "SELECT invitation FROM reports_surveyfacts WHERE ticket IS NULL AND customer = ANY(%s)",
        [sorted(set(customers))],
    )
    return refresh_askings(invitation for (invitation,) in invitations)


# ---------------------------------------------------------------------- rebuilding


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a rebuilding is: the last ticket done, the last there is, and the events folded so far."""

    ticket: int
    last: int
    events: int


def rebuild(*, start: int = 0, chunk: int = CHUNK * 2) -> Iterator[Progress]:
    """Fold every ticket from `start` on anew, and drop facts of tickets the ledger does not know.

    Each chunk is a transaction of its own, so that this can be broken off, taken up again at the ticket it came to, and
    run while tickets are worked: what happens meanwhile is folded by whoever hears of it. `rebuilding` does the same in
    several processes.
    """
    last = drop_unknown(start)
    events, at = 0, start
    while last is not None and at <= last:
        following = first_from(at)
        if following is None:
            break
        until = following + chunk
        events += refresh(range(following, until), links=False)
        yield Progress(min(until - 1, last), last, events)
        at = until
    yield from finish(Progress(last if last is not None else -1, last if last is not None else -1, events))


def first_from(start: int) -> int | None:
    """The first ticket from there on of which the ledger knows; numbers may begin high, and have gaps."""
    (first,) = _query("SELECT min(stream_id) FROM helpdesk_event WHERE stream_id >= %s", [start])[0]
    return None if first is None else int(first)


def drop_unknown(start: int = 0) -> int | None:
    """Drop facts of tickets the ledger does not know, from `start` on. Returns the last ticket it knows."""
    (first, last) = _query("SELECT coalesce(min(stream_id), 0), max(stream_id) FROM helpdesk_event", [])[0]
    known = last if last is not None else -1
    for model in _TABLES:
        table = model._meta.db_table
        if start:
            _execute(f"DELETE FROM {table} WHERE ticket > %s", [known])  # noqa: S608 - our names
        else:
            _execute(f"DELETE FROM {table} WHERE ticket < %s OR ticket > %s", [first, known])  # noqa: S608
    return None if last is None else int(last)


def finish(done: Progress) -> Iterator[Progress]:
    """What is left of a rebuilding once every ticket is folded: customers' tickets, and askings about no ticket."""
    for linked in _customers():
        link(linked)
        yield done
    events = done.events
    for loose in _rebuild_loose():
        events += loose
        yield Progress(done.ticket, done.last, events)


def _customers() -> Iterator[list[int]]:
    """Every customer with a ticket, some at a time; the tickets of nobody are done first."""
    nobodys = [ticket for (ticket,) in _query("SELECT ticket FROM reports_ticketfacts WHERE customer IS NULL", [])]
    if nobodys:
        with transaction.atomic():
            _link([], nobodys)
    after = 0
    while customers := [
        number
        for (number,) in _query(
            "SELECT DISTINCT customer FROM reports_ticketfacts WHERE customer > %s ORDER BY customer LIMIT %s",
            [after, CHUNK],
        )
    ]:
        yield customers
        after = customers[-1]


def _rebuild_loose() -> Iterator[int]:
    """Fold every asking about no ticket anew, some at a time, and drop those the ledger does not know."""
    after = 0
    while True:
        invitations = [
            number
            for (number,) in _query(
                f"SELECT DISTINCT subject_id FROM helpdesk_event WHERE {_LOOSE} AND subject_id > %s "  # noqa: S608
                "ORDER BY subject_id LIMIT %s",
                [after, CHUNK],
            )
        ]
        last = invitations[-1] if len(invitations) == CHUNK else None
        _execute(
            "DELETE FROM reports_surveyfacts WHERE ticket IS NULL AND invitation > %s "
            "AND (%s::bigint IS NULL OR invitation <= %s) AND invitation <> ALL(%s)",
            [after, last, last, invitations],
        )
        if invitations:
            yield refresh_askings(invitations)
        if last is None:
            return
        after = last


# ---------------------------------------------------------------------- catching up

LEDGER_BOOKMARK = "facts"
_WINDOW = 50_000


def catch_up(*, seconds: float = 20) -> int:
    """Refresh tickets whose facts lag behind the ledger or were counted in opening hours that have changed since.

    What subscribers hear is folded at once; this finds what nobody told them of. It stops after about `seconds` and
    goes on the next time; while one runs, another one does nothing. Returns how many tickets it refreshed.
    """
    if not _query("SELECT pg_try_advisory_lock(%s)", [_SWEEP_LOCK])[0][0]:
        return 0
    try:
        return _catch_up(seconds)
    finally:
        _query("SELECT pg_advisory_unlock(%s)", [_SWEEP_LOCK])


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
    lately = _query(
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
    ((newest, now, oldest_writer),) = _query(
        """
        SELECT coalesce(max(id), 0), clock_timestamp(), (
            SELECT min(xact_start) FROM pg_stat_activity
            WHERE datname = current_database() AND backend_xid IS NOT NULL AND pid <> pg_backend_pid()
        ) FROM helpdesk_event
        """,
        [],
    )
    is_settled = oldest_writer is None or oldest_writer > mark.moved_at
    at = mark.position
    while at < newest and time.monotonic() < until:
        stale = [
            ticket
            for (ticket,) in _query(
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
            for (ticket,) in _query(
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
