"""Asking by the calendar: every customer once a round, each on a day of their own, so that never all are asked at once.

The invitation is the job: there is one a customer and round, by a unique key. A clock that stood still for some days
asks those it missed, and one that ticks twice asks nobody twice.
"""

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import structlog
from django.conf import settings
from django.db import connection
from django.utils.timezone import localtime

from feedback import drawing
from feedback.models import Survey
from feedback.models.account import CANCELLED, LAPSED
from feedback.operations.inviting import invite_to_round
from helpdesk import clock

log = structlog.get_logger(__name__)

BATCH = 1000
#: for so many days after their own a customer can still be asked in a round
LATE_DAYS = 21
#: who neither wrote nor did anything for so long has nothing to recommend
ACTIVE_DAYS = 365
_FIRST_HOUR, _HOURS = 9, 8


def ask_by_the_calendar() -> int:
    """Write the invitations of all customers whose day it is. Returns how many. Any number of processes may run it."""
    count = 0
    for survey in Survey.objects.by_schedule().select_related("sends_from"):
        for customer, round_id, at, is_last in due(survey, clock.now()):
            try:
                count += invite_to_round(survey, customer, round_id, at, is_last=is_last)
            except Exception:  # one who cannot be asked must not hold up the others
                log.exception("a customer could not be asked by the calendar", customer=customer, survey=survey.pk)
    return count


def due(survey: Survey, now: datetime) -> Iterator[tuple[int, int, datetime, bool]]:
    """Whose day it is, or was lately: the customer, the round, when to ask, and whether it is the round's last chance.

    Their day is drawn by their number, mixed as hashes are, so that neighbours are far apart. A survey does not catch
    up with days before it was made.
    """
    every = survey.every_days or 90
    zone = ZoneInfo(settings.TIME_ZONE)
    today = localtime(now, zone).date()
    born = localtime(survey.created_at, zone).date()
    late = max(0, min(LATE_DAYS, (today - born).days, every // 3))
    for customer, behind in _whose_turn(survey.pk, every, today, late, now):
        round_id = (today.toordinal() - behind) // every
        yield customer, round_id, _hour(today, customer, zone, now), behind == min(LATE_DAYS, every // 3)


def _hour(today: date, customer: int, zone: ZoneInfo, now: datetime) -> datetime:
    """A moment of the working day, each customer's own; at once when that is over."""
    minutes = int(drawing.number("hour", customer) * 60 * _HOURS)
    start = datetime.combine(today, time(_FIRST_HOUR), zone)
    return max(now, start + timedelta(minutes=minutes))


def _whose_turn(survey: int, every: int, today: date, late: int, now: datetime) -> list[tuple[int, int]]:
    """Customers with an address who wrote or did something within a year, did not leave, and have no row this round."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            WITH once AS (
                SELECT id, organisation_id, ((id + %(survey)s * 7919) * 2654435761) & 4294967295 AS mixed
                FROM tickets_customer WHERE merged_into_id IS NULL AND erased_at IS NULL AND NOT is_blocked
            ), twice AS (
                SELECT id, organisation_id, ((mixed # (mixed >> 15)) * 1540483477) & 4294967295 AS mixed FROM once
            ), turn AS (
                SELECT id, organisation_id, (%(today)s - (mixed # (mixed >> 13))) %% %(every)s AS rest FROM twice
            ), due AS (
                SELECT id, organisation_id, (rest + %(every)s) %% %(every)s AS behind FROM turn
                WHERE (rest + %(every)s) %% %(every)s <= %(late)s
            )
            SELECT c.id, c.behind FROM due c LEFT JOIN LATERAL (
                SELECT kind, at FROM feedback_accountevent e
                WHERE (e.customer_id = c.id OR e.organisation_id = c.organisation_id) AND e.voided_at IS NULL
                    AND e.at <= %(now)s
                ORDER BY at DESC, id DESC LIMIT 1
            ) last ON true
            WHERE NOT EXISTS (
                SELECT FROM feedback_invitation i WHERE i.survey_id = %(survey)s AND i.customer_id = c.id
                    AND i.ticket_id IS NULL AND i.occasion_id = (%(today)s - c.behind) / %(every)s
            )
            AND EXISTS (SELECT FROM tickets_contactpoint p WHERE p.customer_id = c.id AND p.channel = 'email')
            AND coalesce(last.kind <> ALL(%(gone)s), true)
            AND (last.at > %(since)s OR EXISTS (
                SELECT FROM tickets_ticket t JOIN tickets_message m ON m.ticket_id = t.number
                WHERE t.customer_id = c.id AND m.kind = 'incoming' AND NOT m.is_automated
                    AND m.created_at > %(since)s AND t.removed_at IS NULL
            ))
            ORDER BY c.behind DESC, c.id LIMIT %(batch)s
            """,
            {
                "today": today.toordinal(), "survey": survey, "every": every, "late": late, "now": now,
                "since": now - timedelta(days=ACTIVE_DAYS), "gone": [LAPSED, CANCELLED], "batch": BATCH,
            },
        )  # fmt: skip
        return [(customer, behind) for customer, behind in cursor.fetchall()]
