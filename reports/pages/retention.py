"""Service → retention: whether customers stay, by how they were served."""

from collections.abc import Sequence

from django.utils import formats
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from feedback.accounts import Rule
from feedback.models import Retention
from helpdesk import clock
from reports.charts.dots import Dot, dots
from reports.counting import changes
from reports.counting.aftermath import HORIZONS, Aftermath, Cohort, aftermath
from reports.counting.changes import signed
from reports.counting.figures import FEW
from reports.counting.statistics import Difference, newcombe, wilson
from reports.metrics.satisfaction import SMALLEST_CELL
from reports.metrics.served import SERVED
from reports.pages import page
from reports.pages.feelings import interval_line
from reports.reading import Filter
from reports.showing.blocks import Chart, Line, Report, Section, Tile
from reports.showing.words import UNKNOWN, definition_url, number, percent


@page("retention", gettext_lazy("Service → retention"),
      gettext_lazy("Do customers stay, depending on how we served them?"), "joined")  # fmt: skip
def build(chosen: Filter) -> Report:
    """Customers by how they were served in a window, and who of them still is one 90, 180 and 365 days after it."""
    rule = Rule.of_the_house(chosen.zone)
    found = aftermath(chosen, HORIZONS, rule)
    other = chosen.compared()
    before = aftermath(other, HORIZONS, rule) if other else [None] * len(found)
    return Report(
        chosen=chosen,
        taken_at=clock.now(),
        answer=_answer(found, rule),
        sections=[
            *(_section(one, was, chosen) for one, was in zip(found, before, strict=True)),
            Section(title=_("Before you conclude"), key="traps", notes=_traps(rule)),
        ],
        basis=[
            who_in_words(rule),
            _("By cohort: the same customers at the beginning and at the end. Who left and came back by then stayed."),
            _("Inbox, team, channel and topic narrow the service looked at, not the customers."),
        ],
    )


def who_in_words(rule: Rule) -> str:
    """Who counts as a customer."""
    if rule.mode == Retention.Mode.CONTRACT:
        return _("A customer by contract: from joined to lapsed or cancelled.")
    if rule.mode == Retention.Mode.ACTIVITY:
        return _("A customer by activity: for %(n)d days after the last event of the account.") % {"n": rule.idle_days}
    return _("Proxy: whoever wrote in the last %(n)d days stands for a customer.") % {"n": rule.idle_days}


def name_of(served: str) -> str:
    return {"none": _("no contact"), "good": _("good service"), "poor": _("poor service"),
            "recovered": _("poor, then recovered")}[served]  # fmt: skip


def _traps(rule: Rule) -> list[str]:
    said = [
        _("Goes with is not because of: who is about to leave also writes differently, and big customers write more."),
        _("Customers who left during the window are not in it: they had no time to be served or to stay."),
        _("No contact is not good service: who does not write may be content, or gone in thought."),
    ]
    if rule.is_proxy:
        said.insert(0, _("This is a proxy: writing to us makes a customer here, so staying means writing again, and "
                         "happy customers who need nothing look lost. Tell us of account events to know."))  # fmt: skip
    return said


# ---------------------------------------------------------------------- in words and numbers


def compared(one: Aftermath, served: str, with_: str) -> Difference | None:
    """How retention after one service differs from that after another; None where too few can be shown."""
    first, second = one.cohorts[with_], one.cohorts[served]
    if min(first.customers, second.customers) < SMALLEST_CELL or first.is_hidden or second.is_hidden:
        return None
    return newcombe(first.stayed, first.customers, second.stayed, second.customers)


def _answer(found: Sequence[Aftermath], rule: Rule) -> list[str]:
    said = [_("By a proxy, for want of account events:")] if rule.is_proxy else []
    for one in found:
        change = compared(one, "poor", "good")
        if change is None:
            continue
        good, poor = one.cohorts["good"], one.cohorts["poor"]
        facts = {"days": one.days, "good": percent(good.stayed / good.customers),
                 "poor": percent(poor.stayed / poor.customers)}  # fmt: skip
        if change.high < 0:
            said.append(_("Poor service goes with leaving: %(days)d days later %(poor)s were still customers, against "
                          "%(good)s after good service.") % facts)  # fmt: skip
        elif change.low > 0:
            said.append(_("%(days)d days later more stayed after poor service (%(poor)s) than after good (%(good)s): "
                          "look at who they are before believing it.") % facts)  # fmt: skip
        else:
            said.append(_("No clear link after %(days)d days: %(poor)s stayed after poor service, %(good)s after good.")
                        % facts)  # fmt: skip
    if len(said) == int(rule.is_proxy):
        return [_("Too few customers were served well and poorly to say.")]
    return said[: 2 + int(rule.is_proxy)]


def _section(one: Aftermath, before: Aftermath | None, chosen: Filter) -> Section:
    title = _("%(days)d days later") % {"days": one.days}
    about = _("Served from %(first)s to %(last)s, customers on the day after; still customers on %(seen)s?") % {
        "first": formats.date_format(one.first, "DATE_FORMAT"), "last": formats.date_format(one.last, "DATE_FORMAT"),
        "seen": formats.date_format(one.seen_on, "DATE_FORMAT")}  # fmt: skip
    key = f"after-{one.days}"
    if not one.customers:
        return Section(title=title, about=about, key=key, notes=[_("Nobody was a customer then, as far as we know.")])
    if not one.knows_service:
        return Section(title=title, about=about, key=key, notes=[_("Nobody was served then, as far as we know.")])
    if before is not None and not before.knows_service:
        before = None
    tiles = [_tile(one, served, before, chosen) for served in SERVED]
    notes = [said for served in ("poor", "recovered", "none") if (said := _against(one, served))]
    return Section(title=title, about=about, key=key, tiles=tiles, charts=[_chart(one)], notes=notes)


def _shown(one: Cohort) -> bool:
    return not one.is_hidden and one.customers >= SMALLEST_CELL


def _tile(one: Aftermath, served: str, before: Aftermath | None, chosen: Filter) -> Tile:
    cohort, key = one.cohorts[served], f"retention_{one.days}_{served}"
    label = _("Stayed %(days)d days: %(served)s") % {"days": one.days, "served": name_of(served)}
    url = definition_url("retention_served")
    if not _shown(cohort):
        note = _("Too few customers to show.") if cohort.customers else _("Nobody.")
        return Tile(Line(key, label, None, "share", UNKNOWN, None if cohort.is_hidden else cohort.customers), [],
                    [note], url)  # fmt: skip
    change = None
    if before is not None:
        was = before.cohorts[served]
        change = changes.share_change((was.stayed, was.customers if _shown(was) else 0),
                                      (cohort.stayed, cohort.customers), compare=chosen.compare,
                                      smallest=SMALLEST_CELL)  # fmt: skip
    low, high = wilson(cohort.stayed, cohort.customers) or (0.0, 1.0)
    share = cohort.stayed / cohort.customers
    lead = Line(key, label, share, "share", percent(share), cohort.customers, low, high, change)
    count = Line(f"{key}.n", _("%(what)s: of how many customers") % {"what": label}, cohort.customers, "customers",
                 _("%(k)s of %(n)s customers") % {"k": number(cohort.stayed), "n": number(cohort.customers)},
                 cohort.customers)  # fmt: skip
    return Tile(lead, [count, interval_line(lead)], [_("few customers")] if cohort.customers < FEW else [], url)


def _against(one: Aftermath, served: str) -> str:
    change = compared(one, served, "good")
    if change is None:
        return ""
    facts = {
        "served": name_of(served).capitalize(), "points": signed(change.value, _points),
        "low": signed(change.low, _points), "high": signed(change.high, _points),
    }  # fmt: skip
    if change.distinguishable:
        return _("%(served)s against good service: %(points)s points (%(low)s to %(high)s).") % facts
    return _("%(served)s against good service: no clear link (%(low)s to %(high)s points).") % facts


def _points(share: float) -> str:
    return number(100 * share)


def _chart(one: Aftermath) -> Chart:
    rows: list[dict[str, object]] = []
    cells: list[tuple[object, ...]] = []
    drawn: list[Dot] = []
    for served in SERVED:
        cohort, name = one.cohorts[served], name_of(served)
        if not _shown(cohort):
            said = _("too few") if cohort.customers else number(0)
            rows.append({"name": name, "label": name, "cells": [said, *[UNKNOWN] * 3], "url": ""})
            cells.append((None if cohort.customers else 0, None, None, None))
            drawn.append(Dot(name, None, None, None, said))
            continue
        low, high = wilson(cohort.stayed, cohort.customers) or (0.0, 1.0)
        share = cohort.stayed / cohort.customers
        rows.append({"name": name, "label": name, "url": "",
                     "cells": [number(cohort.customers), percent(share), percent(low), percent(high)]})  # fmt: skip
        cells.append((cohort.customers, share, low, high))
        drawn.append(Dot(name, share, low, high, number(cohort.customers)))
    key, title = f"retention_{one.days}", _("Who stayed %(days)d days?") % {"days": one.days}
    svg = dots(
        key=key, title=title, rows=drawn, say=percent,
        about=_("Share still customers by how they were served, each with its interval (95 in 100)."),
    )  # fmt: skip
    return Chart(
        key, title, svg, [_("Service"), _("Customers"), _("Stayed"), _("at least"), _("at most")], rows, cells,
        ["customers", "stayed", "low", "high"], definition_url("retention_served"),
    )  # fmt: skip
