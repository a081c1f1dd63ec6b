"""Holidays that are added to business hours."""

from collections.abc import Iterable

from django.db import transaction

from helpdesk.events import record
from helpdesk.holiday_files import Holiday
from helpdesk.models import Agent, Calendar, SpecialDay


@transaction.atomic
def add(calendar: Calendar, holidays: Iterable[Holiday], *, actor: Agent) -> int:
    """Close on these days. A day that has hours or a name of its own keeps them. Returns how many are new."""
    calendar = Calendar.objects.select_for_update(no_key=True).get(pk=calendar.pk)
    known = set(calendar.special_days.values_list("date", flat=True))
    new = {one.date: one for one in holidays if one.date not in known}
    if not new:
        return 0
    SpecialDay.objects.bulk_create(SpecialDay(calendar=calendar, date=day, name=one.name) for day, one in new.items())
    added = sorted(f"{day} {one.name}" for day, one in new.items())
    record("calendar.changed", calendar, actor=actor, fields=["holidays"], added=added[:50], count=len(added))
    return len(new)
