"""The business hours of inboxes, kept for half a minute: a list asks once a row."""

import time
from collections.abc import Mapping, Set
from datetime import UTC, datetime, timedelta

from django.db.models.signals import post_save
from django.dispatch import receiver

from helpdesk.calendars import ALWAYS_OPEN, BusinessCalendar
from helpdesk.models import Calendar
from tickets.models import Brand, Inbox

KEPT_SECONDS = 30
INBOX_SECONDS = 5
#: nobody is looked for who has waited longer than that
LONGEST = timedelta(days=3650)

_calendars: dict[int, tuple[float, BusinessCalendar]] = {}
_inboxes: dict[str, tuple[float, dict[int, Inbox]]] = {}


def business(calendar_id: int | None) -> BusinessCalendar:
    """A calendar's arithmetic."""
    if calendar_id is None:
        return ALWAYS_OPEN
    kept = _calendars.get(calendar_id)
    if kept is None or kept[0] < time.monotonic():
        kept = (time.monotonic() + KEPT_SECONDS, Calendar.objects.get(pk=calendar_id).business)
        _calendars[calendar_id] = kept
    return kept[1]


def inboxes(wanted: Set[int]) -> Mapping[int, Inbox]:
    """Inboxes as rows show them, some seconds old at most; asked anew where one of those wanted is not among them."""
    kept = _inboxes.get("all")
    if kept is None or kept[0] < time.monotonic() or not wanted <= kept[1].keys():
        kept = (time.monotonic() + INBOX_SECONDS, Inbox.objects.defer("signature").in_bulk())
        _inboxes["all"] = kept
    return kept[1]


def calendars_of_inboxes() -> dict[int, int | None]:
    """Each inbox and the calendar it keeps."""
    return {pk: inbox.calendar_id for pk, inbox in inboxes(set()).items()}


@receiver(post_save, sender=Inbox)
@receiver(post_save, sender=Calendar)
@receiver(post_save, sender=Brand)
def _changed(**_: object) -> None:
    forget()


def waiting_at_least(calendar: BusinessCalendar, now: datetime, seconds: int) -> datetime | None:
    """The instant before which whoever began to wait has waited `seconds` open seconds by `now`.

    Half open: waiting has begun strictly before it. None where nobody can have waited that long.
    """
    end = int(now.timestamp() // 1)
    if seconds <= 0:
        return _instant(end + 1)
    step = max(seconds, 3600)
    while calendar.seconds_between(_instant(end - step), now) < seconds:
        if step > LONGEST.total_seconds():
            return None
        step *= 4
    far, near = end - step, end  # far has waited long enough, near has not
    while near - far > 1:
        middle = (far + near) // 2
        if calendar.seconds_between(_instant(middle), now) >= seconds:
            far = middle
        else:
            near = middle
    return _instant(far + 1)


def forget() -> None:
    """Look anew the next time."""
    _calendars.clear()
    _inboxes.clear()


def _instant(moment: int) -> datetime:
    return datetime.fromtimestamp(moment, UTC)
