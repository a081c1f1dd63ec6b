"""How figures are said: lengths of time, shares, numbers, days; the same on every page, in exports and in mails."""

from collections.abc import Mapping
from datetime import date, datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

from babel.dates import format_skeleton
from django.urls import reverse
from django.utils import formats
from django.utils.functional import Promise
from django.utils.translation import get_language, gettext_lazy, ngettext, to_locale
from django.utils.translation import gettext as _

from feedback.models import Reason
from helpdesk import channel_names
from reports import periods
from reports.forms import FilterForm
from reports.periods import Period, Unit
from reports.reading import Filter

UNKNOWN = "—"


def spell(seconds: float | None) -> str:
    """A length of time in at most two units: 40 s, 4 min, 2 h 5 min, 3 d 4 h."""
    return UNKNOWN if seconds is None else _spelt(seconds, get_language())


@lru_cache(maxsize=8192)
def _spelt(seconds: float, _language: str | None) -> str:
    whole = round(seconds)
    if whole < 60:
        return _("%(n)d s") % {"n": whole}
    minutes = round(seconds / 60)
    if minutes < 60:
        return _("%(n)d min") % {"n": minutes}
    if minutes < 48 * 60:
        hours, rest = divmod(minutes, 60)
        said = _("%(n)d h") % {"n": hours}
        return said + " " + _("%(n)d min") % {"n": rest} if rest else said
    days, rest = divmod(round(minutes / 60), 24)
    said = _("%(n)d d") % {"n": days}
    return said + " " + _("%(n)d h") % {"n": rest} if rest and days < 10 else said


def percent(share: float | None) -> str:
    """A share as whole percents."""
    return UNKNOWN if share is None else bound(_("%(n)d %%") % {"n": round(share * 100)})


def bound(said: str) -> str:
    """A number that stays on one line with its sign."""
    return said.replace(" ", "\N{NO-BREAK SPACE}")


def number(value: float | None) -> str:
    """A number with the reader's separators."""
    return UNKNOWN if value is None else _with_separators(round(value), get_language())


@lru_cache(maxsize=4096)
def _with_separators(value: int, _language: str | None) -> str:
    return formats.number_format(value, use_l10n=True, force_grouping=True)


def tickets(n: int) -> str:
    return ngettext("%(n)s ticket", "%(n)s tickets", n) % {"n": number(n)}


def answers(n: int) -> str:
    return ngettext("%(n)s answer", "%(n)s answers", n) % {"n": number(n)}


def days(chosen: Filter) -> str:
    """The days of a report in words."""
    if chosen.first == chosen.last:
        return formats.date_format(chosen.first, "DATE_FORMAT")
    return _("%(first)s to %(last)s") % {
        "first": formats.date_format(chosen.first, "DATE_FORMAT"),
        "last": formats.date_format(chosen.last, "DATE_FORMAT"),
    }


def choice(form: FilterForm, chosen: Filter | None = None) -> str:
    """What was chosen, and what it is compared with, in words; `chosen` where a page looks at days of its own."""
    chosen = chosen or form.filter
    other = chosen.compared()
    beside = _("compared with %(days)s") % {"days": days(other)} if other else ""
    return " · ".join(filter(None, [days(chosen), chosen.zone, *form.names().values(), beside]))


def slice_name(one: Period, zone: str, unit: Unit) -> str:
    """A slice as it is named below an axis."""
    first = periods.local_day(one.start, zone)
    if unit == "month":
        return formats.date_format(first, "M Y")
    if unit in ("quarter", "year"):
        return one.label
    return day_name(first)


def day_name(day: date) -> str:
    """A day of a year that is known from around it, short: Oct 31, 31. Okt."""
    return _short_day(day, get_language())


@lru_cache(maxsize=4096)
def _short_day(day: date, language: str | None) -> str:
    return format_skeleton("MMMd", day, locale=to_locale(language or "en"))


def moment_name(at: datetime, zone: ZoneInfo) -> str:
    """A moment of a list, in the report's zone: Oct 31, 2026, 2:05 p.m."""
    local = at.astimezone(zone)
    day = format_skeleton("yMMMd", local.date(), locale=to_locale(get_language() or "en"))
    return f"{day}, {formats.time_format(local, 'TIME_FORMAT')}"


LEFT_OUT: Mapping[str, str | Promise] = {
    "spam": gettext_lazy("spam"),
    "deleted": gettext_lazy("deleted"),
    "merged": gettext_lazy("merged into another ticket"),
    "imported": gettext_lazy("imported from elsewhere"),
    "bulk_closed": gettext_lazy("closed in bulk"),
    "no_customer": gettext_lazy("started by us without an answer, or left by the customer"),
}


#: what became of a ticket, for first contact resolution; and how many replies it took
LABELS: Mapping[str, str | Promise] = {
    "fcr_confirmed": gettext_lazy("first contact, confirmed"),
    "fcr_operational": gettext_lazy("first contact, not asked"),
    "customer_says_no": gettext_lazy("customer: not solved"),
    "not_one_reply": gettext_lazy("not exactly one reply"),
    "reopened": gettext_lazy("reopened"),
    "repeat_contact": gettext_lazy("customer wrote again"),
    "follow_up": gettext_lazy("follows an earlier ticket"),
    "unresolved": gettext_lazy("not resolved"),
    "window_open": gettext_lazy("too young to judge"),
    "excluded": gettext_lazy("does not count"),
    "zero": gettext_lazy("no reply"),
    "one": gettext_lazy("exactly one reply"),
    "two": gettext_lazy("two, or one and reopened"),
    "multi": gettext_lazy("more replies"),
}


def label_name(label: str) -> str:
    return str(LABELS.get(label, label))


def channel_name(channel: str | None) -> str:
    return channel_names.name_of(channel) if channel else _("unknown channel")


def reason_name(reason: str | None) -> str:
    """Why somebody was not asked."""
    return str(dict(Reason.choices).get(reason or "", reason or _("no reason given")))


def unit_name(unit: Unit) -> str:
    return {
        "day": _("Day"), "week": _("Week from"), "month": _("Month"), "quarter": _("Quarter"), "year": _("Year"),
    }[unit]  # fmt: skip


# ---------------------------------------------------------------------- addresses


def definition_url(key: str) -> str:
    return f"{reverse('report_definitions')}#{key}"


def tickets_url(key: str, chosen: Filter) -> str:
    """The list of the tickets behind a number."""
    return f"{reverse('report_tickets', args=[key])}?{chosen.query()}"
