"""Effort: how easy it was for customers, beside what goes with it: coming back, being handed on, waiting."""

from functools import partial

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from helpdesk import clock
from reports.counting import answers, changes
from reports.counting.answers import BAD, Answers, Asked, Done
from reports.counting.figures import FEW
from reports.counting.statistics import newcombe, wilson
from reports.metrics.satisfaction import SMALLEST_CELL, ces2
from reports.pages import page
from reports.pages.feelings import (
    NO_DRAWING,
    drawn_tile,
    interval,
    interval_line,
    mixed,
    share_tile,
    split_chart,
    topic_names,
)
from reports.pages.satisfaction import distribution, over_time, rate_tile
from reports.reading import BEHIND, Behind, Filter
from reports.showing.blocks import Change, Chart, Line, Report, Section, Tile
from reports.showing.words import (
    UNKNOWN,
    channel_name,
    definition_url,
    number,
    percent,
    reason_name,
    spell,
    tickets_url,
)
from reports.showing.words import answers as answers_said

KIND = "ces2"

BEHIND["ces"] = Behind(
    gettext_lazy("Answers on effort"), answers.rows_of(KIND), "-answered_at", ("score", "answered_at"),
    is_of_answers=True,
)  # fmt: skip
BEHIND["ces_high"] = Behind(
    gettext_lazy("High effort"),
    lambda chosen: answers.answered(chosen, KIND).filter(score__range=BAD[KIND]),
    "-answered_at", ("score", "answered_at"), is_of_answers=True,
)  # fmt: skip


@page("effort", gettext_lazy("Effort"), gettext_lazy("How easy did we make it, and what goes with effort?"),
      "experience")  # fmt: skip
def build(chosen: Filter) -> Report:
    """Effort as answered, and what was done on the tickets of those who had much of it."""
    found = answers.answers(chosen, KIND)
    asked = answers.asked_and_answered(chosen, KIND)
    other = chosen.compared()
    before = answers.answers(other, KIND) if other else None
    asked_before = answers.asked_and_answered(other, KIND) if other else None
    done = answers.done(chosen, KIND)
    beside, clear = _beside(found, done)
    charts = [] if found.guard.hides else [
        over_time(found, "effort", "ces", _("How many found it easy?"), _("found it easy")),
        distribution(found, "ces_scores", _("What did they answer?"), "ces"),
    ]  # fmt: skip
    silent = answers.held_back(chosen, KIND)
    return Report(
        chosen=chosen,
        taken_at=clock.now(),
        answer=_answer(found, clear),
        sections=[
            Section(tiles=_tiles(found, asked, before, asked_before), charts=charts),
            beside,
            _where(chosen, found),
        ],
        left_out=[
            (Line(f"ces.not_asked.{reason}", _("Not asked: %(reason)s") % {"reason": reason_name(reason)}, n,
                  "customers", _("%(n)s not asked (%(reason)s)") % {"n": number(n), "reason": reason_name(reason)},
                  n), "")
            for reason, n in silent.items()
        ],
        basis=[
            _("Effort is CES 2.0: “made it easy”, from 1 (strongly disagree) to 7 (strongly agree)."),
            _("It is never put together with another version of the question."),
            _("Answers count on the day they were given."),
            *mixed(found),
        ],
    )  # fmt: skip


def _answer(found: Answers, clear: list[str]) -> list[str]:
    if found.guard.hides:
        return [found.guard.said]
    low, high = wilson(found.good, found.n) or (0.0, 1.0)
    said = [
        _("%(share)s of those who answered found it easy (%(n)s; %(interval)s), and %(bad)s had high effort.")
        % {"share": percent(found.good / found.n), "n": answers_said(found.n), "interval": interval(low, high),
           "bad": percent(found.bad / found.n)}
    ]  # fmt: skip
    return said + ([_("More often where effort was high: %(facts)s.") % {"facts": ", ".join(clear)}] if clear else [])


def _tiles(found: Answers, asked: Asked, before: Answers | None, asked_before: Asked | None) -> list[Tile]:
    chosen, why = found.chosen, found.guard.said
    compare = partial(changes.share_change, compare=chosen.compare)

    def shown(one: Answers, k: int) -> tuple[int, int]:
        return k, 0 if one.guard.hides else one.n

    mean = good = bad = rate = None
    if before and asked_before:
        good = compare(shown(before, before.good), shown(found, found.good), smallest=SMALLEST_CELL)
        bad = compare(shown(before, before.bad), shown(found, found.bad), smallest=SMALLEST_CELL, better="less")
        rate = compare((asked_before.rate.answered, asked_before.rate.delivered),
                       (asked.rate.answered, asked.rate.delivered))  # fmt: skip
        if not found.guard.hides and not before.guard.hides:
            mean = changes.mean_change(before.scores.items(), found.scores.items(), say=_score, compare=chosen.compare,
                                       smallest=FEW)  # fmt: skip
    return [
        _mean_tile(found, mean),
        share_tile(chosen, "ces", _("Found it easy (5 to 7)"), found.good, found.n, definition="ces", why_hidden=why,
                   change=good, behind="ces"),
        share_tile(chosen, "ces_high", _("High effort (1 to 3)"), found.bad, found.n, definition="ces_high",
                   why_hidden=why, change=bad, behind="ces_high"),
        rate_tile(chosen, asked, rate, behind=""),
        *drawn_tile(found, "ces"),
    ]  # fmt: skip


def _score(value: float | None) -> str:
    return UNKNOWN if value is None else f"{value:.1f}"


def _mean_tile(found: Answers, change: Change | None) -> Tile:
    label, figures = _("Effort score (CES 2.0)"), ces2(found.scores)
    if found.guard.hides or found.n < FEW or figures.mean_interval is None:
        lead = Line("ces_mean", label, None, "score", UNKNOWN, found.n)
        note = found.guard.said or _("A mean is shown from %(n)d answers on; look at what they answered below.") % {
            "n": FEW}  # fmt: skip
        return Tile(lead, [], [note], definition_url("ces_mean"))
    low, high = figures.mean_interval
    lead = Line("ces_mean", label, figures.mean, "score", _score(figures.mean), found.n, low, high, change)
    return Tile(lead, [interval_line(lead, _score)], [_("of 7; high is easy")], definition_url("ces_mean"),
                tickets_url("ces", found.chosen))  # fmt: skip


def _beside(found: Answers, done: dict[str, Done]) -> tuple[Section, list[str]]:
    """What was done for those who found it easy and for those who had high effort, side by side."""
    title, key = _("What goes with effort"), "beside"
    good, bad = done.get("good"), done.get("bad")
    if found.guard.hides or not good or not bad or min(good.n, bad.n) < SMALLEST_CELL:
        return Section(title=title, key=key, notes=[_("Too few answers to say.")]), []
    names = {"repeated": _("wrote again about the same"), "handed_over": _("handed on to somebody else"),
             "switched": _("went on by another channel"), "reopened": _("came back after it was resolved")}  # fmt: skip
    rows: list[dict[str, object]] = []
    cells: list[tuple[object, ...]] = []
    clear: list[str] = []
    for fact, name in names.items():
        change = newcombe(good.facts[fact], good.n, bad.facts[fact], bad.n)
        assert change is not None
        if change.low > 0 and min(good.n, bad.n) >= FEW:  # a handful is no headline
            clear.append(name)
        said = _("%(value)s points (%(low)s to %(high)s)") % {
            "value": changes.signed(change.value, _points), "low": changes.signed(change.low, _points),
            "high": changes.signed(change.high, _points)}  # fmt: skip
        shares = good.facts[fact] / good.n, bad.facts[fact] / bad.n
        rows.append({"name": name, "label": name, "url": "",
                     "cells": [percent(shares[0]), percent(shares[1]), said]})  # fmt: skip
        cells.append((*shares, change.value, change.low, change.high))
    for name, first, second, say in (
        (_("waited on us, median"), good.wait_p50, bad.wait_p50, spell),
        (_("replies, median"), good.replies_p50, bad.replies_p50, number),
    ):
        rows.append({"name": name, "label": name, "url": "", "cells": [say(first), say(second), UNKNOWN]})
        cells.append((first, second, None, None, None))
    table = Chart(
        "ces_beside", _("What was done for them?"), NO_DRAWING,
        [_("On their ticket"), _("Found it easy"), _("High effort"), _("Difference")], rows, cells,
        ["easy", "high_effort", "difference", "difference_low", "difference_high"], definition_url("ces_beside"),
        _("%(easy)s found it easy, %(high)s had high effort; who gave a 4 is in neither.") % {
            "easy": answers_said(good.n), "high": answers_said(bad.n)},
        is_wide=True,
    )  # fmt: skip
    notes = [_("What goes together need not be cause and effect: hard cases are also handed on more.")]
    return Section(charts=[table], title=title, key=key, notes=notes), clear


def _points(share: float) -> str:
    return number(100 * share)


def _where(chosen: Filter, found: Answers) -> Section:
    here, said, splits = reverse("report", args=["effort"]), _("Found it easy"), found.splits
    made = () if found.guard.hides else (
        split_chart("ces_by_channel", _("By channel"), splits["channel"], channel_name, column=_("Channel"), said=said,
                    definition="ces", url=lambda value: f"{here}?{chosen.query(channel=value)}"),
        split_chart("ces_by_topic", _("By topic"), splits["topic"], topic_names(splits["topic"]), column=_("Topic"),
                    said=said, definition="ces", url=lambda value: f"{here}?{chosen.query(topic=value)}"),
    )  # fmt: skip
    charts = [one for one in made if one]
    notes = [] if charts else [found.guard.said or _("All answers are of one channel and one topic.")]
    return Section(charts=charts, title=_("Where"), key="where", notes=notes)
