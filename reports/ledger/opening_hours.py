"""The opening hours facts are counted in, read again when they are other than they were."""

from collections.abc import Mapping, Sequence
from hashlib import blake2b
from typing import NamedTuple

from helpdesk.calendars import ALWAYS_OPEN, BusinessCalendar
from helpdesk.models import Calendar
from reports.ledger.asking import query
from reports.ledger.events import LedgerRow
from tickets.models import Inbox


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
    ((said,),) = query(
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


def hours_of(events: Sequence[LedgerRow], hours: Mapping[int, Hours]) -> Hours:
    """The opening hours of the inbox a ticket came to."""
    first = next((event for event in events if event.verb == "ticket.created"), None)
    inbox = first.facts.get("inbox") if first else None
    return hours.get(inbox, NO_HOURS) if inbox is not None else NO_HOURS
