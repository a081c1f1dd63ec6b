"""Facts as rows and back: what each column holds."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from operator import attrgetter
from typing import Any

from reports import models
from reports.ledger.events import EPOCH
from reports.ledger.links import WINDOW
from reports.ledger.ticket_facts import ENTERING, Answer, Move, Reopening, Resolution, Span, TicketFacts, Waits


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
    return (at - EPOCH) // _MICROSECOND


def _instant(stamp: int) -> datetime:
    return EPOCH + timedelta(microseconds=stamp)


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
survey_row = attrgetter(*SURVEY_COLUMNS)
