"""What the pages about answers are put together from: shares with their interval, groups side by side, small numbers
hidden."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from django.utils.safestring import mark_safe
from django.utils.translation import get_language_info
from django.utils.translation import gettext as _

from feedback.models import Topic
from helpdesk.models import Team
from reports.charts.dots import Dot, dots
from reports.counting.answers import Answers, Share
from reports.counting.figures import FEW
from reports.counting.statistics import Interval, wilson
from reports.reading import Filter
from reports.showing.blocks import Change, Chart, Line, Tile
from reports.showing.words import UNKNOWN, answers, definition_url, number, percent, tickets_url
from tickets.models import Inbox

#: a chart that is a table only
NO_DRAWING = mark_safe("")


def interval(low: float | None, high: float | None, say: Callable[[float | None], str] = percent) -> str:
    return _("between %(low)s and %(high)s") % {"low": say(low), "high": say(high)}


def interval_line(lead: Line, say: Callable[[float | None], str] = percent) -> Line:
    label = _("%(what)s: confidence interval (95 in 100)") % {"what": lead.label}
    return Line(f"{lead.key}.interval", label, None, lead.unit, interval(lead.low, lead.high, say), lead.n, lead.low,
                lead.high)  # fmt: skip


def few(n: int) -> list[str]:
    return [_("few answers")] if n < FEW else []


def share_tile(
    chosen: Filter, key: str, label: str, k: int, n: int, *, definition: str, why_hidden: str = "",
    change: Change | None = None, behind: str = "", more: Iterable[Line] = (), notes: Sequence[str] = (),
) -> Tile:  # fmt: skip
    """A share of answers with its interval and how many; or why it is not shown."""
    count = Line(f"{key}.n", _("%(what)s: how many answers") % {"what": label}, n, "answers", answers(n), n)
    if why_hidden or not n:
        lead = Line(key, label, None, "share", UNKNOWN, n, change=change)
        return Tile(lead, [count], [why_hidden] if why_hidden else [], definition_url(definition))
    low, high = wilson(k, n) or Interval(0, 1)
    lead = Line(key, label, k / n, "share", percent(k / n), n, low, high, change)
    return Tile(lead, [count, interval_line(lead), *more], [*notes, *few(n)], definition_url(definition),
                tickets_url(behind, chosen) if behind else "")  # fmt: skip


def mixed(found: Answers) -> list[str]:
    """That surveys asked different shares of their tickets, where they did, and answers count alike all the same."""
    if not found.is_mixed:
        return []
    return [_("Surveys asked different shares of their tickets. Answers count alike, but for “Weighted by the lot”.")]


def drawn_tile(found: Answers, key: str) -> list[Tile]:
    """Where different shares of tickets were asked: the figure as if all had been. Nothing where they are the same."""
    if not found.is_mixed or found.guard.hides:
        return []
    label, made = _("Weighted by the lot"), found.weighted
    if made is None:
        lead = Line(f"{key}_drawn", label, None, "share", UNKNOWN, found.n)
        return [Tile(lead, [], [_("Not shown: too few answers with one of the shares.")], definition_url("drawn"))]
    lead = Line(f"{key}_drawn", label, made.share, "share", percent(made.share), found.n, made.low, made.high)
    shares = ", ".join(percent(one / 100) for one in sorted(found.drawn))
    notes = [_("as if every ticket had been asked about, and not %(shares)s of them") % {"shares": shares}]
    return [Tile(lead, [interval_line(lead)], notes, definition_url("drawn"))]


def split_chart(
    key: str, title: str, split: Mapping[Any, Share], names: Callable[[Any], str], *, column: str, said: str,
    definition: str, note: str = "", url: Callable[[Any], str] | None = None, is_wide: bool = False,
) -> Chart | None:  # fmt: skip
    """The share of good answers of each group with its interval; None where there is only one group."""
    if len(split) < 2:
        return None
    rows: list[dict[str, object]] = []
    cells: list[Sequence[object]] = []
    drawn: list[Dot] = []
    for value, one in split.items():
        name = names(value)
        if one.is_hidden or not one.n:
            said_n = _("too few") if one.is_hidden else number(0)
            rows.append({"name": name, "label": name, "cells": [said_n, *[UNKNOWN] * 3], "url": ""})
            cells.append((None if one.is_hidden else 0, None, None, None))
            drawn.append(Dot(name, None, None, None, said_n))
            continue
        low, high = wilson(one.good, one.n) or Interval(0, 1)
        ratio = one.good / one.n
        link = url(value) if url and value is not None else ""
        rows.append({"name": name, "label": name, "url": link,
                     "cells": [number(one.n), percent(ratio), percent(low), percent(high)]})  # fmt: skip
        cells.append((one.n, ratio, low, high))
        drawn.append(Dot(name, ratio, low, high, number(one.n)))
    about = _("%(said)s by %(column)s, each with its interval (95 in 100) and how many answered.") % {
        "said": said, "column": column}  # fmt: skip
    hides = any(one.is_hidden for one in split.values())
    return Chart(
        key, title, dots(key=key, title=title, about=about, rows=drawn, say=percent),
        [column, _("Answers"), said, _("at least"), _("at most")], rows, cells,
        [f"{key}_n", f"{key}_share", f"{key}_low", f"{key}_high"], definition_url(definition),
        " ".join([_("Where intervals overlap, the order may be chance."),
                  *([_("Too few: fewer than five answers, or so few that subtraction would show them.")] if hides
                    else []), *([note] if note else [])]),
        is_wide=is_wide,
    )  # fmt: skip


# ---------------------------------------------------------------------- names


def inbox_names(values: Iterable[Any]) -> Callable[[Any], str]:
    known = dict(Inbox.objects.filter(pk__in=[pk for pk in values if pk is not None]).values_list("pk", "name"))
    return lambda pk: known.get(pk, _("no inbox"))


def team_names(values: Iterable[Any]) -> Callable[[Any], str]:
    known = dict(Team.objects.filter(pk__in=[pk for pk in values if pk is not None]).values_list("pk", "name"))
    return lambda pk: known.get(pk, _("no team"))


def language_name(code: str | None) -> str:
    if not code:
        return _("unknown language")
    try:
        return str(get_language_info(code)["name_translated"])
    except KeyError:
        return code


def yes_no(value: bool | None) -> str:
    return {True: _("yes"), False: _("no")}.get(value, _("not said"))  # type: ignore[arg-type]


def topic_names(values: Iterable[Any]) -> Callable[[Any], str]:
    known = dict(
        Topic.objects.filter(pk__in=[int(pk) for pk in values if pk and pk.isdigit()]).values_list("pk", "name")
    )
    return lambda pk: known.get(int(pk), pk) if pk and pk.isdigit() else pk or _("no topic")
