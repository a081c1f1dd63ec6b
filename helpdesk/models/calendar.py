"""Business calendars: when a team is at work. Versioned, because yesterday's numbers keep yesterday's hours."""

import json
from functools import lru_cache

from django.db import models
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _

from helpdesk.calendars import BusinessCalendar


class Calendar(models.Model):
    """Opening hours in a time zone."""

    name = models.CharField(_("name"), max_length=80, unique=True)
    zone = models.CharField(_("time zone"), max_length=64, default="UTC")

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    @cached_property
    def business(self) -> BusinessCalendar:
        """The calendar as arithmetic understands it. Two queries, once an object; equal hours are one calendar."""
        versions = [
            {"valid_from": v.valid_from.isoformat() if v.valid_from else None, "weekly": v.weekly}
            for v in self.versions.all()
        ]
        days = list(self.special_days.all())
        return _read(
            json.dumps(
                {
                    "zone": self.zone,
                    "versions": versions,
                    "holidays": [d.date.isoformat() for d in days if not d.hours],
                    "special": {d.date.isoformat(): d.hours for d in days if d.hours},
                }
            )
        )


@lru_cache(maxsize=64)
def _read(config: str) -> BusinessCalendar:
    """Whoever reads the same hours gets the same calendar, with the days it has worked out: they take milliseconds."""
    return BusinessCalendar.from_config(json.loads(config))


class CalendarVersion(models.Model):
    """The weekly hours in force from a day on. `weekly` is {"mon": [["09:00", "17:00"]], …}."""

    calendar = models.ForeignKey(Calendar, models.CASCADE, related_name="versions")
    valid_from = models.DateField(_("in force from"), null=True, blank=True)
    weekly = models.JSONField(_("opening hours"), default=dict)

    class Meta:
        ordering = [models.F("valid_from").asc(nulls_first=True)]
        constraints = [
            models.UniqueConstraint(
                fields=["calendar", "valid_from"], name="calendar_version_once", nulls_distinct=False
            )
        ]


class SpecialDay(models.Model):
    """A day with its own hours; none means closed."""

    calendar = models.ForeignKey(Calendar, models.CASCADE, related_name="special_days")
    date = models.DateField(_("date"))
    name = models.CharField(_("name"), max_length=80, blank=True)
    hours = models.JSONField(_("opening hours"), default=list, blank=True)

    class Meta:
        ordering = ["date"]
        constraints = [models.UniqueConstraint(fields=["calendar", "date"], name="special_day_once")]
