"""What the pages are put together from: tiles of counts, shares and times, each said the same way everywhere."""

from collections.abc import Iterable, Sequence

from django.utils.safestring import mark_safe
from django.utils.translation import gettext as _

from reports.counting.figures import FEW
from reports.counting.statistics import Percentiles, wilson
from reports.metrics.satisfaction import SMALLEST_CELL
from reports.reading import BEHIND, Filter
from reports.showing.blocks import Change, Line, Tile
from reports.showing.words import answers, definition_url, number, percent, spell, tickets, tickets_url

#: a chart that is a table only
NO_DRAWING = mark_safe("")


def tile(
    chosen: Filter, lead: Line, companions: Iterable[Line] = (), notes: Sequence[str] = (), *, definition: str = "",
    behind: str = "",
) -> Tile:  # fmt: skip
    """A number with its definition and, where there is a list, the tickets it counts."""
    listed = tickets_url(behind, chosen) if behind in BEHIND else ""
    return Tile(lead, tuple(companions), notes, definition_url(definition or behind or lead.key), listed)


def count(key: str, label: str, n: int | None, unit: str = "tickets", change: Change | None = None) -> Line:
    return Line(key, label, n, unit, number(n), n, change=change)


def times(
    chosen: Filter, key: str, label: str, calendar: Percentiles, business: Percentiles | None, *, basis: str,
    behind: str = "", change: Change | None = None, unit: str = "tickets",
) -> Tile:  # fmt: skip
    """A median with its 90th percentile, how many, and the same in business hours."""
    lead = Line(f"{key}.median", _("%(what)s: median") % {"what": label}, calendar.p50, "seconds",
                spell(calendar.p50), calendar.n, change=change)  # fmt: skip
    lines = [
        Line(f"{key}.n", _("%(what)s: how many") % {"what": label}, calendar.n, unit,
             tickets(calendar.n) if unit == "tickets" else answers(calendar.n), calendar.n),
        Line(f"{key}.p90", _("%(what)s: 90th percentile") % {"what": label}, calendar.p90, "seconds",
             _("9 of 10 within %(time)s") % {"time": spell(calendar.p90)}, calendar.n),
    ]  # fmt: skip
    notes = [basis]
    if business is not None and business.n:
        lines += [
            Line(f"{key}.business.median", _("%(what)s in business hours: median") % {"what": label}, business.p50,
                 "seconds", _("in business hours: %(time)s") % {"time": spell(business.p50)}, business.n),
            Line(f"{key}.business.p90", _("%(what)s in business hours: 90th percentile") % {"what": label},
                 business.p90, "seconds",
                 _("in business hours, 9 of 10 within %(time)s") % {"time": spell(business.p90)}, business.n),
        ]  # fmt: skip
        if business.n < calendar.n:
            notes.append(_("business hours are known for %(n)s of them") % {"n": number(business.n)})
    elif calendar.n:
        notes.append(_("business hours are not set"))
    return tile(chosen, lead, lines, notes, definition=key, behind=behind or key)


def alike() -> str:
    """What a page says that shows answers and does not weigh them."""
    return _(
        "Answers count alike, whatever share of its tickets a survey asks about; Satisfaction and Effort weigh them."
    )


def share_line(
    key: str, label: str, k: int, n: int, *, said: str = "", smallest: int = 0, change: Change | None = None
) -> Line:  # fmt: skip
    """A share with its interval; unknown where fewer than `smallest` were counted."""
    interval = wilson(k, n) if n >= max(smallest, 1) else None
    if interval is None:
        return Line(key, label, None, "share", percent(None), n, change=change)
    return Line(key, label, k / n, "share", said or percent(k / n), n, interval.low, interval.high, change)


def share(
    chosen: Filter, key: str, label: str, k: int, n: int, *, of: str, notes: Sequence[str] = (), behind: str = "",
    definition: str = "", change: Change | None = None, more: Iterable[Line] = (),
) -> Tile:  # fmt: skip
    """A share with how many of how many, and its interval. `of` says what they are."""
    lead = share_line(key, label, k, n, change=change)
    lines = []
    if n:
        said = _("%(k)s of %(n)s %(of)s") % {"k": number(k), "n": number(n), "of": of}
        lines.append(Line(f"{key}.n", _("%(what)s: of how many") % {"what": label}, n, "tickets", said, n))
    if lead.low is not None:
        lines.append(interval_line(key, label, lead))
    return tile(chosen, lead, [*lines, *more], [*notes, *few(n)], definition=definition or key, behind=behind)


def interval_line(key: str, label: str, lead: Line) -> Line:
    return Line(f"{key}.interval", _("%(what)s: confidence interval (95 in 100)") % {"what": label}, None, "share",
                _("between %(low)s and %(high)s") % {"low": percent(lead.low), "high": percent(lead.high)},
                lead.n, lead.low, lead.high)  # fmt: skip


def few(n: int) -> list[str]:
    return [_("few, so chance has a say")] if SMALLEST_CELL <= n < FEW else []
