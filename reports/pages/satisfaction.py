"""Satisfaction: what customers said, who did not answer, where and why it was low."""

from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from functools import partial
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from feedback.models import ReasonCode
from helpdesk import clock
from reports import charts, periods
from reports.charts import Series
from reports.counting import answers, changes
from reports.counting.answers import BAD, OUTCOMES, Anonymous, Answers, Asked, Share
from reports.counting.statistics import wilson
from reports.metrics.satisfaction import SMALLEST_CELL
from reports.metrics.satisfaction import csat as csat_of
from reports.pages import page
from reports.pages.feelings import (
    NO_DRAWING,
    drawn_tile,
    few,
    inbox_names,
    interval,
    interval_line,
    language_name,
    mixed,
    share_tile,
    split_chart,
    team_names,
    yes_no,
)
from reports.reading import BEHIND, Behind, Filter, units
from reports.showing import annotations
from reports.showing.blocks import Change, Chart, Line, Report, Section, Tile
from reports.showing.words import (
    UNKNOWN,
    channel_name,
    days,
    definition_url,
    number,
    percent,
    reason_name,
    slice_name,
    tickets_url,
    unit_name,
)
from reports.showing.words import answers as answers_said

KIND = "csat"

BEHIND["csat_low"] = Behind(
    gettext_lazy("Low answers"),
    lambda chosen: answers.answered(chosen, KIND).filter(score__range=BAD[KIND]),
    "-answered_at", ("score", "answered_at"), is_of_answers=True,
)  # fmt: skip


@page("satisfaction", gettext_lazy("Satisfaction"),
      gettext_lazy("Were customers satisfied, where were they not, and can we believe it?"), "experience")  # fmt: skip
def build(chosen: Filter) -> Report:
    """What customers answered, who did not, and why it was low."""
    found = answers.answers(chosen, KIND)
    asked = answers.asked_and_answered(chosen, KIND)
    other = chosen.compared()
    before = answers.answers(other, KIND) if other else None
    asked_before = answers.asked_and_answered(other, KIND) if other else None
    silent = answers.held_back(chosen, KIND)
    return Report(
        chosen=chosen,
        taken_at=clock.now(),
        answer=_answer(found, asked),
        sections=[
            Section(tiles=_tiles(found, asked, before, asked_before), charts=_main_charts(found)),
            _silence(chosen, found, asked),
            _where(chosen, found),
            _why(chosen, found),
            _anonymous(answers.anonymous(chosen, KIND)),
        ],
        left_out=_left_out(silent),
        basis=[
            _("Answers count on the day they were given, whenever the customer was asked."),
            _("Only customers whose ticket was resolved are asked."),
            _("Where one customer answered several times, each answer counts."),
            *mixed(found),
        ],
    )


def _answer(found: Answers, asked: Asked) -> list[str]:
    if found.guard.hides:
        return [found.guard.said]
    low, high = wilson(found.good, found.n) or (0.0, 1.0)
    said = [
        _("%(share)s of those who answered were satisfied (%(n)s; %(interval)s).")
        % {"share": percent(found.good / found.n), "n": answers_said(found.n), "interval": interval(low, high)}
    ]
    if asked.rate.rate is not None and asked.rate.rate < 1 and not asked.guard.hides:
        said.append(
            _("%(rate)s of those asked answered: of what the others think, this says nothing.")
            % {"rate": percent(asked.rate.rate)}
        )
    return said


# ---------------------------------------------------------------------- in numbers


def _tiles(found: Answers, asked: Asked, before: Answers | None, asked_before: Asked | None) -> list[Tile]:
    chosen, why = found.chosen, found.guard.said
    compare = partial(changes.share_change, compare=chosen.compare)

    def shown(one: Answers, k: int) -> tuple[int, int]:
        return k, 0 if one.guard.hides else one.n

    good = bad = rate = None
    if before and asked_before:
        good = compare(shown(before, before.good), shown(found, found.good), smallest=SMALLEST_CELL)
        bad = compare(shown(before, before.bad), shown(found, found.bad), smallest=SMALLEST_CELL, better="less")
        rate = compare((asked_before.rate.answered, asked_before.rate.delivered),
                       (asked.rate.answered, asked.rate.delivered))  # fmt: skip
    mean = csat_of(found.scores).mean
    more = [] if mean is None or why else [
        Line("csat.mean", _("CSAT: mean of 1 to 5"), round(mean, 2), "score",
             _("mean %(mean)s of 5") % {"mean": f"{mean:.1f}"}, found.n)]  # fmt: skip
    solved = found.splits["is_solved"]
    yes, no = solved.get(True), solved.get(False)
    tiles = [
        share_tile(chosen, "csat", _("Satisfied customers (CSAT)"), found.good, found.n, definition="csat",
                   why_hidden=why, change=good, behind="csat", more=more),
        share_tile(chosen, "csat_low", _("Dissatisfied (1 or 2)"), found.bad, found.n, definition="csat_low",
                   why_hidden=why, change=bad, behind="csat_low"),
        rate_tile(chosen, asked, rate),
        *drawn_tile(found, "csat"),
    ]  # fmt: skip
    told = sum(one.n for one in (yes, no) if one)
    if told:
        hidden = why or (_("Not shown: too few said so.") if any(one and one.is_hidden for one in (yes, no)) else "")
        tiles.append(share_tile(chosen, "csat_solved", _("Problem solved, they said"), yes.n if yes else 0, told,
                                definition="csat_solved", why_hidden=hidden))  # fmt: skip
    late = found.splits["is_after_reminder"].get(True)
    if late and late.n and not late.is_hidden and not why:
        tiles.append(share_tile(chosen, "csat_reminded", _("Answered after a reminder"), late.n, found.n,
                                definition="csat_reminded"))  # fmt: skip
    return tiles


def rate_tile(chosen: Filter, asked: Asked, change: Change | None, *, behind: str = "response_rate") -> Tile:
    rate = asked.rate
    lead = Line("response_rate", _("Response rate"), rate.rate, "share", percent(rate.rate), rate.delivered, rate.low,
                rate.high, change)  # fmt: skip
    lines = [
        Line("response_rate.n", _("Response rate: customers asked"), rate.delivered, "customers",
             _("%(answered)s of %(asked)s asked in this period answered so far")
             % {"answered": number(rate.answered), "asked": number(rate.delivered)}, rate.delivered),
        *([interval_line(lead)] if rate.low is not None else []),
    ]  # fmt: skip
    return Tile(lead, lines, (), definition_url("response_rate"),
                tickets_url(behind, chosen) if behind else "")  # fmt: skip


def _main_charts(found: Answers) -> list[Chart]:
    if found.guard.hides:
        return []
    return [over_time(found, "satisfaction", "csat", _("How many customers were satisfied?"), _("satisfied")),
            _distribution(found)]  # fmt: skip


def over_time(found: Answers, page_key: str, key: str, title: str, said: str) -> Chart:
    """The share of good answers, slice by slice, with its band."""
    chosen = found.chosen
    _unit, coarse = units(chosen)
    names = [slice_name(one, chosen.zone, coarse) for one, _scores, _hidden in found.slices]
    shown = []
    for _period, scores, is_hidden in found.slices:
        n = scores.total()
        good = answers.count(scores, answers.GOOD[found.kind])
        shown.append(None if is_hidden or not n else (n, good / n, *(wilson(good, n) or (0.0, 1.0))))
    spans = [(periods.local_day(one.start, chosen.zone), periods.local_day(one.end, chosen.zone))
             for one, _scores, _hidden in found.slices]  # fmt: skip
    marks = annotations.marks(annotations.of(chosen), spans)
    svg = charts.shares(
        key=key, title=title,
        about=_("%(share)s %(said)s, from %(n)s: %(days)s.") % {
            "share": percent(found.good / found.n), "said": said, "n": answers_said(found.n), "days": days(chosen)},
        labels=names, series=Series(said, [one[1] if one else None for one in shown]),
        low=[one[2] if one else None for one in shown], high=[one[3] if one else None for one in shown], say=percent,
        marks=marks,
    )  # fmt: skip
    rows, cells = [], []
    for i, ((period, scores, is_hidden), name, one) in enumerate(zip(found.slices, names, shown, strict=True)):
        first = periods.local_day(period.start, chosen.zone)
        last = periods.local_day(period.end - timedelta(microseconds=1), chosen.zone)
        url = f"{reverse('report', args=[page_key])}?{chosen.on(first, last).query()}" if len(names) > 1 else ""
        said_n = number(scores.total()) if one else _("too few") if is_hidden and scores else number(0)
        row = [said_n, *(percent(value) for value in one[1:])] if one else [said_n, UNKNOWN, UNKNOWN, UNKNOWN]
        rows.append({"name": name, "label": period.label, "cells": row, "url": url if one else "",
                     "mark": marks.get(i, "")})  # fmt: skip
        cells.append(one or (None if is_hidden and scores else 0, None, None, None))
    hides = any(is_hidden and scores for _p, scores, is_hidden in found.slices)
    return Chart(
        key, title, svg, [unit_name(coarse), _("Answers"), said.capitalize(), _("at least"), _("at most")], rows,
        cells, [f"{key}_n", f"{key}_share", f"{key}_low", f"{key}_high"], definition_url(key),
        " ".join([_("The band is the confidence interval (95 in 100)."),
                  *([_("Gaps: too few answers to show.")] if hides else [])]),
    )  # fmt: skip


def _distribution(found: Answers) -> Chart:
    return distribution(found, "scores", _("What did they answer?"), "csat")


def distribution(found: Answers, key: str, title: str, definition: str) -> Chart:
    """How often each score was given, best first."""
    low, high = answers.SCALE[found.kind]
    good, bad = answers.GOOD[found.kind], BAD[found.kind]

    def tone(score: int) -> str:
        return "good" if good[0] <= score <= good[1] else "bad" if bad[0] <= score <= bad[1] else "quiet"

    counts = [(score, found.scores[score]) for score in range(high, low - 1, -1)]
    return Chart(
        key, title,
        charts.distribution(
            key=key, title=title, about=", ".join(f"{score}: {number(n)}" for score, n in counts),
            rows=[(str(score), n, tone(score)) for score, n in counts],
        ),
        [_("Score"), _("Answers")],
        [{"name": str(score), "label": score, "cells": [number(n)], "url": ""} for score, n in counts],
        [(n,) for _score, n in counts], ["answers"], definition_url(definition),
    )  # fmt: skip


# ---------------------------------------------------------------------- who did not answer


def _silence(chosen: Filter, found: Answers, asked: Asked) -> Section:
    title, silence = _("Those who did not answer"), asked.silence
    if asked.guard.hides or silence.crude is None or silence.bound_low is None or silence.bound_high is None:
        return Section(title=title, key="silence", notes=[asked.guard.said or _("Nobody has answered in this period.")])
    bounds = Line("csat_bounds", _("What is possible"), None, "share",
                  _("%(low)s to %(high)s") % {"low": percent(silence.bound_low), "high": percent(silence.bound_high)},
                  asked.rate.delivered, silence.bound_low, silence.bound_high)  # fmt: skip
    weighted = Line("csat_weighted", _("Weighted to those asked"), silence.poststratified, "share",
                    percent(silence.poststratified), asked.rate.answered)  # fmt: skip
    crude = Line("csat_asked", _("As answered, of those asked in this period"), silence.crude, "share",
                 _("as answered: %(share)s") % {"share": percent(silence.crude)}, asked.rate.answered)  # fmt: skip
    if silence.poststratified is None:
        note = _("A whole group was silent, so nothing can stand for it.")
    elif asked.is_by_channel:
        note = _("as if each channel and each outcome had answered as often as it was asked")
    else:
        note = _("as if each outcome had answered as often as it was asked; by channel some groups were silent")
    said = _(
        "At a response rate of %(rate)s, “%(share)s satisfied” is compatible with anything from %(low)s to %(high)s of "
        "all customers asked: the low end if every silent one was not satisfied, the high end if every one was."
    ) % {"rate": percent(asked.rate.rate), "share": percent(silence.crude), "low": percent(silence.bound_low),
         "high": percent(silence.bound_high)}  # fmt: skip
    tiles = [
        Tile(bounds, [], [_("if all the silent ones were dissatisfied, or all satisfied")],
             definition_url("csat_bounds")),
        Tile(weighted, [crude], [note, *few(asked.rate.answered)], definition_url("csat_weighted")),
    ]  # fmt: skip
    tables = [
        _rate_table("rate_by_channel", _("Who answers, by channel?"), _("Channel"), channel_name, asked.by_channel),
        _rate_table("rate_by_outcome", _("Who answers, by when it was resolved?"), _("Resolved"), outcome_name,
                    asked.by_outcome),
    ]  # fmt: skip
    return Section(tiles=tiles, charts=tables, title=title, key="silence", notes=[said])


def outcome_name(outcome: str) -> str:
    return dict(zip(OUTCOMES, (_("came back"), _("within a day"),
                               _("after a day or more"), _("unknown")), strict=True))[outcome]  # fmt: skip


def _rate_table(
    key: str, title: str, column: str, name_of: Callable[[Any], str], of: Mapping[Any, tuple[int, Share]]
) -> Chart:
    rows: list[dict[str, object]] = []
    cells: list[tuple[object, ...]] = []
    for value, (n, one) in of.items():
        name = name_of(value)
        shown = None if one.is_hidden or not one.n else one.good / one.n
        answered = None if one.is_hidden else one.n
        said = [number(n), _("too few") if one.is_hidden else number(one.n),
                UNKNOWN if answered is None else percent(answered / n), percent(shown)]  # fmt: skip
        rows.append({"name": name, "label": name, "cells": said, "url": ""})
        cells.append((n, answered, None if answered is None else answered / n, shown))
    return Chart(key, title, NO_DRAWING, [column, _("Asked"), _("Answered"), _("Response rate"), _("Satisfied")],
                 rows, cells, ["asked", "answered", "response_rate", "satisfied"],
                 definition_url("response_rate"))  # fmt: skip


# ---------------------------------------------------------------------- where and why


def _where(chosen: Filter, found: Answers) -> Section:
    splits, said = found.splits, _("Satisfied")
    here = reverse("report", args=["satisfaction"])
    made: Sequence[Chart | None] = () if found.guard.hides else (
        split_chart("csat_by_channel", _("By channel"), splits["channel"], channel_name, column=_("Channel"), said=said,
                    definition="csat", url=lambda value: f"{here}?{chosen.query(channel=value)}"),
        split_chart("csat_by_inbox", _("By inbox"), splits["inbox"], inbox_names(splits["inbox"]), column=_("Inbox"),
                    said=said, definition="csat", url=lambda value: f"{here}?{chosen.query(inbox=value)}"),
        split_chart("csat_by_team", _("By team"), splits["team"], team_names(splits["team"]), column=_("Team"),
                    said=said, definition="csat", url=lambda value: f"{here}?{chosen.query(team=value)}"),
        split_chart("csat_by_language", _("By language"), splits["language"], language_name, column=_("Language"),
                    said=said, definition="csat",
                    note=_("People of different languages use the same scale differently: compare each with itself.")),
        split_chart("csat_by_solved", _("Was the problem solved?"), splits["is_solved"], yes_no, column=_("Solved"),
                    said=said, definition="csat_solved"),
    )  # fmt: skip
    charts_ = [one for one in made if one]
    notes = [] if charts_ else [found.guard.said or _("All answers are of one channel, inbox, team and language.")]
    return Section(charts=charts_, title=_("Where"), key="where", notes=notes)


def _why(chosen: Filter, found: Answers) -> Section:
    title = _("Why it was low")
    if found.guard.hides or not found.bad:
        return Section(title=title, key="why", notes=[found.guard.said or _("Nobody gave 1 or 2.")])
    known = dict(ReasonCode.objects.filter(pk__in=[pk for pk in found.reasons if pk]).values_list("pk", "name"))
    low = [
        _counts("csat_reasons", _("For which reason?"), _("Reason"),
                [(known.get(pk) or _("no reason yet"), n) for pk, n in found.reasons.items()], found.bad),
        _counts("csat_control", _("Could the service team have prevented it?"), _("In the team's control"),
                [({True: _("yes"), False: _("no")}.get(value, _("not decided yet")), n)  # type: ignore[arg-type]
                 for value, n in found.control.items()], found.bad),
    ]  # fmt: skip
    about = _("Of %(n)s of 1 or 2.") % {"n": answers_said(found.bad)}
    return Section(charts=low, title=title, about=about, key="why")


def _counts(key: str, title: str, column: str, counts: Sequence[tuple[str, int | None]], total: int) -> Chart:
    rows = [
        {"name": name, "label": name, "url": "",
         "cells": [number(n) if n is not None else _("too few"), percent(n / total) if n and total else UNKNOWN]}
        for name, n in counts
    ]  # fmt: skip
    return Chart(key, title, NO_DRAWING, [column, _("Low answers"), _("Share")], rows,
                 [(n, n / total if n and total else None) for _name, n in counts], ["n", "share"],
                 definition_url(key))  # fmt: skip


def _anonymous(found: Anonymous) -> Section:
    title = _("Anonymous answers")
    about = _("Of anonymous surveys, and in none of the numbers above.")
    if found.has_filter:
        said = _("Nobody knows which team, channel or topic they are of: choose none of these to see them.")
        return Section(title=title, about=about, key="anonymous", notes=[said])
    notes = []
    if found.is_elsewhere:
        notes.append(_("An anonymous survey is counted only where all inboxes it asks in are chosen."))
    if not found.asked and not found.waiting:
        notes = notes or [_("No anonymous survey was asked in this period.")]
        return Section(title=title, key="anonymous", notes=notes)
    if found.waiting:
        notes.append(_("%(n)s asked are not counted: their links still work, or their week reaches out of the period, "
                       "or has too few answers.") % {"n": number(found.waiting)})  # fmt: skip
    tiles = []
    if found.n >= SMALLEST_CELL:
        low, high = wilson(answers.count(found.scores, answers.GOOD[KIND]), found.n) or (0.0, 1.0)
        good = answers.count(found.scores, answers.GOOD[KIND]) / found.n
        lead = Line("csat_anonymous", _("Satisfied, anonymous"), good, "share", percent(good), found.n, low, high)
        counted = Line("csat_anonymous.n", _("Anonymous: how many answers"), found.n, "answers",
                    _("%(n)s of %(asked)s asked") % {"n": answers_said(found.n), "asked": number(found.asked)},
                    found.n)  # fmt: skip
        tiles.append(Tile(lead, [counted, interval_line(lead)], few(found.n), definition_url("csat_anonymous")))
    return Section(tiles=tiles, title=title, about=about, key="anonymous", notes=notes)


def _left_out(silent: dict[str | None, int]) -> list[tuple[Line, str]]:
    return [
        (Line(f"csat.not_asked.{reason}", _("Not asked: %(reason)s") % {"reason": reason_name(reason)}, n, "customers",
              _("%(n)s not asked (%(reason)s)") % {"n": number(n), "reason": reason_name(reason)}, n), "")
        for reason, n in silent.items()
    ]  # fmt: skip
