"""Resolution: whether it was done at first contact, whether it came back, and what is not done."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, Q, Sum
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from helpdesk import clock
from reports import charts, periods, reading
from reports.charts import Series
from reports.charts.bins import bins
from reports.counting import backlog, changes, service_sets
from reports.counting.aggregates import those
from reports.counting.backlog import At
from reports.counting.service_sets import JUDGED, SUCCESSES
from reports.counting.statistics import share as share_of
from reports.ledger.columns import by_frequency, tallied
from reports.metrics.flow import Flow
from reports.metrics.resolution import Reopens, Touches
from reports.pages import page
from reports.pages.parts import NO_DRAWING, count, share, share_line, tile
from reports.periods import Period
from reports.reading import Filter
from reports.showing.blocks import Change, Chart, Line, Report, Section, Tile
from reports.showing.words import (
    LEFT_OUT,
    days,
    definition_url,
    label_name,
    number,
    percent,
    slice_name,
    spell,
    tickets,
    tickets_url,
    unit_name,
)


@dataclass(frozen=True, slots=True)
class FirstContact:
    """First contact resolution of the tickets that came in a period, as `metrics.resolution.first_contact` judges."""

    labels: Mapping[str, int]  # window_open for those too young to judge
    answers: int  # of the judged ones, whose customer said whether it was solved
    agrees: int
    confirmed: int
    #: what came in and does not count, by what became of it
    left_out: Mapping[str, int]

    @property
    def successes(self) -> int:
        return sum(self.labels.get(label, 0) for label in SUCCESSES)

    @property
    def judged(self) -> int:
        return sum(self.labels.get(label, 0) for label in JUDGED)

    @property
    def unresolved(self) -> int:
        return self.labels.get("unresolved", 0)

    @property
    def immature(self) -> int:
        return self.labels.get("window_open", 0)


@page("resolution", gettext_lazy("Resolution"),
      gettext_lazy("Was it done at first contact, did it come back, and what is not done?"), "service")  # fmt: skip
def build(chosen: Filter) -> Report:
    """First contact resolution, reopening, replies, backlog and flow."""
    at = clock.now()
    other = chosen.compared()
    contact, reopens, touches = first_contact(chosen, at), reopening(chosen), touching(chosen)
    before = (first_contact(other, at), reopening(other), touching(other)) if other else None
    span = Period(chosen.period.start, min(chosen.period.end, at)) if at > chosen.period.start else chosen.period
    unit, _coarse = reading.units(chosen)
    slices = reading.cut(chosen, unit)
    moments = [min(one.end, at) for one in slices if one.start < at]
    moved, standing = backlog.follow(chosen, span, moments)
    return Report(
        chosen=chosen,
        taken_at=at,
        answer=_answer(contact, reopens, moved),
        sections=[
            Section(
                title=_("First contact"), key="first-contact",
                tiles=_contact_tiles(chosen, contact, before[0] if before else None),
                charts=[_labels(contact), _touches(touches)],
            ),
            Section(
                title=_("Coming back"), key="coming-back",
                tiles=[*_reopen_tiles(chosen, reopens, before[1] if before else None),
                       *_touch_tiles(chosen, touches, before[2] if before else None)],
            ),
            Section(
                title=_("What is not done"), key="backlog", tiles=_backlog_tiles(chosen, standing, moved, at),
                charts=[*_backlog_charts(chosen, slices, standing), _flow(moved)],
                notes=[] if moved.is_balanced else [
                    _("These numbers do not add up: the facts of some tickets are being counted anew, or are wrong.")
                ],
            ),
        ],
        left_out=_left_out(chosen, contact.left_out),
        basis=[
            _("First contact: by when the ticket came. Reopening: by the first resolution. Replies: by the last one."),
            _("The backlog is taken at the end of local days. Calendar time."),
        ],
    )  # fmt: skip


# ---------------------------------------------------------------------- read


def first_contact(chosen: Filter, at: datetime) -> FirstContact:
    rows = tallied(
        reading.created(chosen), "klass", "in_volume", "fcr", "is_solved",
        mature=those(~Q(judged_at__gt=at) | Q(judged_at=None)), n=Count("*"),
    )  # fmt: skip
    labels: dict[str, int] = {}
    left_out: dict[str, int] = {}
    answers = agrees = confirmed = 0
    for klass, in_volume, label, is_solved, mature, n in rows:
        if not in_volume:
            left_out[klass] = left_out.get(klass, 0) + n
        if label not in JUDGED:  # neither needs time
            if label is not None:
                labels[label] = labels.get(label, 0) + n
            continue
        if n - mature:
            labels["window_open"] = labels.get("window_open", 0) + n - mature
        labels[label] = labels.get(label, 0) + mature
        if is_solved is not None:
            answers += mature
            # what the log alone says: "No" is the customer's word, the log would have called it done
            says_done = label in SUCCESSES or label == "customer_says_no"
            agrees += mature * (is_solved == says_done)
            confirmed += mature * (label == "fcr_confirmed")
    return FirstContact(
        {label: n for label, n in labels.items() if n}, answers, agrees, confirmed, by_frequency(left_out.items())
    )


def reopening(chosen: Filter) -> Reopens:
    [(n, raw, net, times)] = tallied(
        service_sets.solved(chosen),
        n=Count("*"), raw=those(Q(reopens__gt=0)), net=those(Q(net_reopens__gt=0)), times=Sum("reopens"),
    )  # fmt: skip
    times = times or 0
    return Reopens(n, raw, net, times, share_of(raw, n), share_of(net, n), share_of(times, n))


def touching(chosen: Filter) -> Touches:
    rows = reading.settled(chosen).filter(in_quality=True, touches__isnull=False)
    found = dict(tallied(rows, "touches", n=Count("*")))
    return Touches(*(found.get(name, 0) for name in ("zero", "one", "two", "multi")))


def _left_out(chosen: Filter, came: Mapping[str, int]) -> list[tuple[Line, str]]:
    """What came in and does not count, by what became of it; and what was closed in bulk."""
    found = [(klass, n, "") for klass, n in came.items()]
    bulk = reading.bulk_closed(chosen).count()
    if bulk:
        found.append(("bulk_closed", bulk, tickets_url("bulk_closed", chosen)))
    lines = []
    for reason, n, url in sorted(found, key=lambda one: -one[1]):
        words = str(LEFT_OUT.get(reason, reason))
        lines.append((Line(f"left_out.{reason}", _("Left out: %(reason)s") % {"reason": words}, n, "tickets",
                           f"{tickets(n)} {words}", n), url))  # fmt: skip
    return lines


# ---------------------------------------------------------------------- words and tiles


def _answer(contact: FirstContact, reopens: Reopens, moved: Flow) -> list[str]:
    said = []
    if contact.judged:
        said.append(
            _("%(share)s of what can be judged was done at first contact.")
            % {"share": percent(contact.successes / contact.judged)}
        )
    if reopens.solved:
        said.append(_("%(share)s came back after they were resolved.") % {"share": percent(reopens.rate_net)})
    if moved.closing > moved.opening:
        words = _("%(n)s are not done, %(more)s more than at the start.")
    elif moved.closing < moved.opening:
        words = _("%(n)s are not done, %(more)s fewer than at the start.")
    else:
        words = _("%(n)s are not done, as many as at the start.")
    said.append(words % {"n": tickets(moved.closing), "more": number(abs(moved.closing - moved.opening))})
    return said


def _contact_tiles(chosen: Filter, found: FirstContact, before: FirstContact | None) -> list[Tile]:
    def change(k: int, n: int, was_k: int, was_n: int) -> Change | None:
        return changes.share_change((was_k, was_n), (k, n), compare=chosen.compare) if before else None

    was = before or found
    gross_n = found.judged + found.unresolved
    gross = share_line("fcr.gross", _("First contact resolution, gross"), found.successes, gross_n)
    said = Line(
        gross.key,
        gross.label,
        gross.value,
        gross.unit,
        _("%(share)s with the %(n)s unresolved ones (gross)")
        % {"share": percent(gross.value), "n": number(found.unresolved)},
        gross.n,
        gross.low,
        gross.high,
    )
    immature = count("fcr.immature", _("First contact resolution: too young to judge"), found.immature)
    label = _("Done at first contact, confirmed")
    agree = share_line(
        "fcr.agreement", _("First contact resolution: survey agrees with the log"), found.agrees, found.answers
    )
    agreement = Line(agree.key, agree.label, agree.value, agree.unit,
                     _("their answer agrees with the log in %(share)s") % {"share": percent(agree.value)},
                     agree.n, agree.low, agree.high)  # fmt: skip
    return [
        share(
            chosen, "fcr", _("Done at first contact, observed"), found.successes, found.judged, of=_("judged tickets"),
            behind="fcr", more=[said],
            change=change(found.successes, found.judged, was.successes, was.judged),
        ),
        share(
            chosen, "fcr_confirmed", label, found.confirmed, found.answers,
            of=_("customers who said whether it was solved"),
            more=[agreement] if found.answers else [],
            notes=[] if found.answers else [_("Nobody was asked “Was your problem solved?”, or nobody answered.")],
            change=change(found.confirmed, found.answers, was.confirmed, was.answers),
        ),
        tile(chosen, immature, notes=[_("resolved less than 7 days ago")], definition="fcr", behind="fcr_immature"),
    ]  # fmt: skip


def _reopen_tiles(chosen: Filter, found: Reopens, before: Reopens | None) -> list[Tile]:
    raw = share_line("reopened.raw", _("Reopen rate with courtesies"), found.reopened, found.solved)
    said = Line(raw.key, raw.label, raw.value, raw.unit,
                _("%(share)s with those that only said thanks (raw)") % {"share": percent(raw.value)},
                raw.n, raw.low, raw.high)  # fmt: skip
    change = changes.share_change(
        (before.reopened_net, before.solved), (found.reopened_net, found.solved), compare=chosen.compare, better="less"
    ) if before else None  # fmt: skip
    return [share(chosen, "reopened", _("Reopened after resolving"), found.reopened_net, found.solved,
                  of=_("resolved tickets"), behind="reopened", more=[said] if found.solved else [], change=change,
                  notes=[_("what was resolved lately may still come back")])]  # fmt: skip


def _touch_tiles(chosen: Filter, found: Touches, before: Touches | None) -> list[Tile]:
    change = changes.share_change(
        (before.one, before.solved), (found.one, found.solved), compare=chosen.compare
    ) if before else None  # fmt: skip
    return [share(chosen, "touches", _("Done with exactly one reply"), found.one, found.solved,
                  of=_("resolved tickets"), behind="touches", change=change)]  # fmt: skip


def _backlog_tiles(chosen: Filter, standing: Sequence[At], moved: Flow, at: datetime) -> list[Tile]:
    if not standing:
        return []
    last = standing[-1]
    label = _("Not done now") if last.moment == at else _("Not done at the end")
    one = last.backlog
    lines = [
        Line("backlog.age", _("Backlog: median age"), one.age_p50_s, "seconds",
             _("half of them older than %(age)s") % {"age": spell(one.age_p50_s)}, one.n),
        Line("backlog.age_p90", _("Backlog: age, 90th percentile"), one.age_p90_s, "seconds",
             _("1 of 10 older than %(age)s") % {"age": spell(one.age_p90_s)}, one.n),
        Line("backlog.oldest", _("Backlog: the oldest"), one.oldest_age_s, "seconds",
             _("the oldest %(age)s") % {"age": spell(one.oldest_age_s)}, one.n),
    ] if one.n else []  # fmt: skip
    opening = count("backlog.opening", _("Not done at the start"), moved.opening)
    return [
        tile(chosen, count("backlog", label, one.n), lines, behind="open" if last.moment == at else "",
             definition="backlog"),
        tile(chosen, opening, definition="backlog"),
    ]  # fmt: skip


# ---------------------------------------------------------------------- charts


def _labels(found: FirstContact) -> Chart:
    order = (*SUCCESSES, "not_one_reply", "reopened", "repeat_contact", "customer_says_no", "unresolved", "follow_up",
             "window_open")  # fmt: skip
    rows = [(label, found.labels.get(label, 0)) for label in order]
    title = _("What became of the tickets?")
    total = sum(n for _label, n in rows)
    cells = [(n, n / total if total else None) for _label, n in rows]
    return Chart(
        "labels", title,
        bins(key="labels", title=title,
             about=", ".join(f"{label_name(label)}: {number(n)}" for label, n in rows if n),
             rows=[(label_name(label), n, "good" if label in SUCCESSES else "" if label in JUDGED else "quiet")
                   for label, n in rows], left=150),
        [_("What became of it"), _("Tickets"), _("Share")],
        [{"name": label_name(label), "label": label, "cells": [number(n), percent(of)], "url": ""}
         for (label, _n), (n, of) in zip(rows, cells, strict=True)],
        cells, ["n", "share"], definition_url("fcr"),
        _("The grey ones are in no share: not resolved, following an earlier ticket, or too young."),
    )  # fmt: skip


def _touches(found: Touches) -> Chart:
    rows = [("zero", found.zero), ("one", found.one), ("two", found.two), ("multi", found.multi)]
    title = _("How many replies did it take?")
    cells = [(n, share_of(n, found.solved)) for _name, n in rows]
    return Chart(
        "touches", title,
        bins(key="touches", title=title, about=", ".join(f"{label_name(name)}: {number(n)}" for name, n in rows),
             rows=[(label_name(name), n, "good" if name == "one" else "") for name, n in rows], left=150),
        [_("Replies"), _("Tickets"), _("Share")],
        [{"name": label_name(name), "label": name, "cells": [number(n), percent(of)], "url": ""}
         for (name, _n), (n, of) in zip(rows, cells, strict=True)],
        cells, ["n", "share"], definition_url("touches"),
    )  # fmt: skip


def _backlog_charts(chosen: Filter, slices: Sequence[Period], standing: Sequence[At]) -> list[Chart]:
    if not standing:
        return []
    unit, _coarse = reading.units(chosen)
    shown = slices[: len(standing)]
    names = [slice_name(one, chosen.zone, unit) for one in shown]
    urls = []
    for one in shown:
        first = periods.local_day(one.start, chosen.zone)
        last = periods.local_day(one.end - timedelta(microseconds=1), chosen.zone)
        urls.append(f"{reverse('report', args=['resolution'])}?{chosen.on(first, last).query()}")
    found = [one.backlog for one in standing]

    def table(said: Sequence[Sequence[str]]) -> list[dict[str, object]]:
        return [
            {"name": name, "label": one.label, "url": url if len(shown) > 1 else "", "cells": words}
            for name, one, url, words in zip(names, shown, urls, said, strict=True)
        ]

    ages = [(one.age_p50_s, one.age_p90_s, one.oldest_age_s) for one in found]
    title, second = _("How much was not done at the end?"), _("How old was it?")
    return [
        Chart(
            "backlog", title,
            charts.bars(key="backlog", title=title,
                        about=_("Unsolved tickets at the end of each: %(days)s.") % {"days": days(chosen)},
                        labels=names, series=[Series(_("not done"), [one.n for one in found])], say=number),
            [unit_name(unit), _("Not done")], table([[number(one.n)] for one in found]), [(one.n,) for one in found],
            ["backlog"], definition_url("backlog"), _("At the last moment of the local day."),
        ),
        Chart(
            "backlog_age", second,
            charts.lines(key="backlog_age", title=second,
                         about=_("Median and 90th percentile of the age: %(days)s.") % {"days": days(chosen)},
                         labels=names, lower=Series(_("half younger"), [one.age_p50_s for one in found]),
                         upper=Series(_("9 of 10 younger"), [one.age_p90_s for one in found], "second"), say=spell),
            [unit_name(unit), _("Median age"), _("90th percentile"), _("Oldest")],
            table([[spell(age) for age in one] for one in ages]), ages, ["age_median_s", "age_p90_s", "oldest_s"],
            definition_url("backlog"), _("Since first contact, calendar time."),
        ),
    ]  # fmt: skip


def _flow(moved: Flow) -> Chart:
    lines = [
        ("opening", _("Not done at the start"), moved.opening, ""),
        ("created", _("came in"), moved.created, "+"),
        ("reopened", _("came back"), moved.reopened, "+"),
        ("restored", _("restored from spam, trash or merging"), moved.restored, "+"),
        ("solved", _("resolved"), moved.solved - moved.bulk_closed, changes.MINUS),
        ("bulk_closed", _("closed in bulk"), moved.bulk_closed, changes.MINUS),
        ("removed", _("left as spam, deleted or merged"), moved.removed, changes.MINUS),
        ("closing", _("Not done at the end"), moved.closing, "="),
    ]  # fmt: skip
    return Chart(
        "flow", _("Where did it come from, where did it go?"), NO_DRAWING, [_("What"), _("Tickets")],
        [{"name": f"{sign} {words}".strip(), "label": key, "cells": [number(n)], "url": ""}
         for key, words, n, sign in lines],
        [(n,) for _key, _words, n, _sign in lines], ["tickets"], definition_url("flow"),
        _("It adds up.") if moved.is_balanced else _("It does not add up."),
    )  # fmt: skip
