"""Service → experience: what goes with a good answer, where the cliff is, and whether the mix explains it."""

from collections.abc import Callable, Hashable
from math import exp, log
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from helpdesk import clock
from reports import privacy
from reports.charts.dots import Dot, dots
from reports.counting import answers, changes
from reports.counting.driving import (
    EVENTS_A_PARAMETER,
    FACTS,
    Drivers,
    Fact,
    Found,
    Regression,
    drivers,
    regression,
    rows_of,
)
from reports.metrics.links import ENOUGH, Contrast
from reports.metrics.satisfaction import SMALLEST_CELL
from reports.pages import page
from reports.pages.feelings import NO_DRAWING, language_name, share_tile, topic_names
from reports.pages.parts import alike
from reports.pages.satisfaction import rate_tile
from reports.reading import BEHIND, Behind, Filter
from reports.showing.blocks import Chart, Report, Section, Tile
from reports.showing.words import UNKNOWN, channel_name, definition_url, number, percent
from reports.showing.words import answers as answers_said

BEHIND["drivers"] = Behind(
    gettext_lazy("Answers looked at"), rows_of, "-answered_at",
    ("score", "answered_at", "frt_s", "resolution_s"), is_of_answers=True,
)  # fmt: skip
#: the axis of odds ratios: halves and doubles, as logarithms
ODDS = tuple(log(ratio) for ratio in (1 / 16, 1 / 4, 1, 4, 16))


@page("drivers", gettext_lazy("Service → experience"),
      gettext_lazy("Which service goes with satisfied customers?"), "joined", asks=("outcome", "model"))  # fmt: skip
def build(chosen: Filter) -> Report:
    """Each fact of the service beside the answers, crude and with the mix held fixed."""
    found = drivers(chosen)
    words = _Words(found)
    sections = [Section(tiles=_tiles(found))]
    if not found.guard.hides:
        sections += [
            Section(charts=[words.overview()], key="links", title=_("What goes with it?"),
                    notes=[*words.reversals(), *([] if found.clear or words.all_thin() else [_("No clear link.")])]),
            Section(charts=[words.chart(fact.key) for fact in FACTS] + [words.chart("channel"), words.chart("topic")],
                    key="facts", title=_("One by one"),
                    about=_("Full dots: as answered. Hollow dots: with everybody's mix of channels and topics.")),
        ]  # fmt: skip
        if chosen.model:
            sections.append(_model(regression(chosen, found.n), words))
    return Report(
        chosen=chosen,
        taken_at=clock.now(),
        answer=[found.guard.said] if found.guard.hides else words.answer(),
        sections=[*sections, Section(title=_("Before you conclude"), key="traps", notes=_traps())],
        basis=[
            _("Answers given in the period, each with what was done on its ticket until now."),
            alike(),
            _("Of %(n)d comparisons at most one in ten called clear is expected to be chance (Benjamini–Hochberg).")
            % {"n": found.tested},
        ],
    )


def _traps() -> list[str]:
    return [
        _("Goes with is not because of: hard cases get more replies and are handed on more, and they also end worse."),
        _("Only customers whose ticket was resolved are asked; whoever gave up is not in these numbers."),
        _("Those who answer are not everybody: look at the response rate."),
        _("One customer with many answers counts many times here; the regression allows for it."),
    ]


def _tiles(found: Drivers) -> list[Tile]:
    chosen = found.chosen
    other, change = chosen.compared(), None
    if other:
        before = answers.answered(other, found.kind)
        hides = found.guard.hides or privacy.guard(other, rows_of).hides
        low, high = answers.GOOD[found.kind]
        n = 0 if hides else before.count()
        good = 0 if hides else before.filter(score__range=(low, high)).count()
        change = changes.share_change((good, n), (found.good, 0 if hides else found.n), compare=chosen.compare,
                                      smallest=SMALLEST_CELL)  # fmt: skip
    label = _("Satisfied (4 or 5)") if found.kind == "csat" else _("Found it easy (5 to 7)")
    asked = answers.asked_and_answered(chosen, found.kind)
    return [
        share_tile(chosen, "drivers", label, found.good, found.n, definition="drivers", why_hidden=found.guard.said,
                   change=change, behind="drivers"),
        rate_tile(chosen, asked, None, behind=""),
    ]  # fmt: skip


class _Words:
    """What is said of facts and their buckets."""

    def __init__(self, found: Drivers) -> None:
        self.found = found
        self.known: dict[str, Fact] = {fact.key: fact for fact in FACTS}
        self.topic: Callable[[Any], str] = topic_names(found.facts["topic"].order)
        self.good = _("satisfied") if found.kind == "csat" else _("found it easy")

    def name(self, key: str) -> str:
        return {"channel": _("Channel"), "topic": _("Topic"), "language": _("Language")}.get(key) or str(
            self.known[key].name)  # fmt: skip

    def bucket(self, key: str, bucket: Hashable) -> str:
        if key == "channel":
            return channel_name(bucket)  # type: ignore[arg-type]
        if key == "topic":
            return self.topic(bucket)
        return _("unknown") if bucket is None else str(self.known[key].buckets[bucket])  # type: ignore[call-overload]

    def sides(self, key: str, what: Hashable) -> tuple[str, str]:
        if key in self.known:
            return str(self.known[key].one), str(self.known[key].other)
        return f"{self.name(key)}: {self.bucket(key, what)}", _("all others")

    # ---------------------------------------------------------------- sentences

    def all_thin(self) -> bool:
        return all(one.is_thin for of in self.found.facts.values() for one in of.contrasts.values())

    def clear(self) -> list[tuple[str, Hashable, Contrast]]:
        """What stands out, the strongest first."""
        made = [(key, what, self.found.facts[key].contrasts[what]) for key, what in self.found.clear]
        return sorted(made, key=lambda one: (-abs(log(one[2].odds.pooled or 1)), one[0], str(one[1])))

    def answer(self) -> list[str]:
        if self.all_thin():
            return [_("Too few answers to say (%(n)s).") % {"n": answers_said(self.found.n)}]
        facts = [one for one in self.clear() if one[0] in self.known][:2]
        if not facts:
            return [_("No clear link between what we did and what they felt, from %(n)s.")
                    % {"n": answers_said(self.found.n)}]  # fmt: skip
        said = [self.sentence(*one) for one in facts]
        cliffs = [
            self.cliff(key) for key, _step in sorted(self.found.cliffs.items(), key=lambda one: one[1].change.value)
        ]
        return said + cliffs[:1]

    def sentence(self, key: str, what: Hashable, one: Contrast) -> str:
        first, second = self.sides(key, what)
        better = (one.odds.pooled or 1) > 1
        words = (
            _("More customers are %(good)s with %(one)s (%(share)s) than with %(other)s (%(rest)s).") if better
            else _("Fewer customers are %(good)s with %(one)s (%(share)s) than with %(other)s (%(rest)s).")
        )  # fmt: skip
        if one.is_reversed:
            words = _("With the mix held fixed, %(one)s turns round against %(other)s: crude %(share)s and %(rest)s.")
        return words % {"good": self.good, "one": first, "other": second, "share": percent(one.good / one.n),
                        "rest": percent(one.good_other / one.n_other)}  # fmt: skip

    def cliff(self, key: str) -> str:
        step, groups = self.found.cliffs[key], self.found.facts[key].groups
        return _("The steepest fall by “%(fact)s”: from %(first)s (%(before)s) to %(second)s (%(after)s).") % {
            "fact": self.name(key), "before": self.bucket(key, step.before), "after": self.bucket(key, step.after),
            "first": percent(groups[step.before].share), "second": percent(groups[step.after].share)}  # fmt: skip

    def reversals(self) -> list[str]:
        return [
            _("Held fixed, it turns round: %(what)s. The crude numbers are made by the mix.")
            % {"what": self.sides(key, what)[0]}
            for key, of in self.found.facts.items() for what, one in of.contrasts.items()
            if one.is_reversed and (key, what) in self.found.clear
        ]  # fmt: skip

    def verdict(self, key: str, what: Hashable, one: Contrast) -> str:
        if one.is_thin:
            return _("too few answers to say")
        if (key, what) not in self.found.clear:
            return _("no clear link")
        return _("goes with more") if (one.odds.pooled or 1) > 1 else _("goes with fewer")

    # ---------------------------------------------------------------- drawings

    def overview(self) -> Chart:
        rows: list[dict[str, object]] = []
        cells: list[tuple[object, ...]] = []
        drawn: list[Dot] = []
        for key, of in self.found.facts.items():
            for what, one in of.contrasts.items():
                first, second = self.sides(key, what)
                verdict = self.verdict(key, what, one)
                name = _("%(one)s, against %(other)s") % {"one": first, "other": second}
                odds = one.odds
                values: tuple[float | None, ...] = (None,) * 4
                dot = Dot(self.name(key), None, None, None, _("too few"))
                if not one.is_thin and odds.pooled and odds.low and odds.high:
                    values = (odds.crude, odds.pooled, odds.low, odds.high)
                    tone = "" if (key, what) in self.found.clear else "quiet"
                    dot = Dot(self.name(key), log(odds.pooled), log(odds.low), log(odds.high), verdict, None, tone)
                rows.append({"name": name, "label": name, "url": f"#chart-drivers_{key}",
                             "cells": [*map(_times, values), verdict]})  # fmt: skip
                cells.append((*values, verdict))
                if key in self.known:
                    drawn.append(dot)
        title = _("How do the odds of a good answer differ?")
        svg = dots(
            key="drivers_links", title=title, rows=drawn, say=lambda value: _times(exp(value)), steps=ODDS,
            reference=0, about=_("Odds ratios with channel and topic held fixed, and their intervals (95 in 100)."),
            right=84,
        )  # fmt: skip
        return Chart(
            "drivers_links", title, svg,
            [_("Compared"), _("Odds, crude"), _("Mix held fixed"), _("at least"), _("at most"), _("In words")], rows,
            cells, ["odds_crude", "odds_adjusted", "odds_low", "odds_high", "verdict"], definition_url("drivers_links"),
            _("×2: of ten good for each bad one there are twenty. Pale: may be chance. %(n)d answers on each side are "
              "needed to say anything.") % {"n": ENOUGH},
        )  # fmt: skip

    def chart(self, key: str) -> Chart:
        of = self.found.facts[key]
        rows: list[dict[str, object]] = []
        cells: list[tuple[object, ...]] = []
        drawn: list[Dot] = []
        for bucket in of.order:
            n = of.sizes.get(bucket, 0)
            if not n and (bucket is None or key not in self.known):
                continue
            name = self.bucket(key, bucket)
            group = of.groups.get(bucket)
            if group is None:
                said = _("too few") if bucket in of.hidden else number(0)
                rows.append({"name": name, "label": name, "cells": [said, *[UNKNOWN] * 4], "url": ""})
                cells.append((None if bucket in of.hidden else 0, None, None, None, None))
                drawn.append(Dot(name, None, None, None, said))
                continue
            rows.append({"name": name, "label": name, "url": "",
                         "cells": [number(group.n), percent(group.share), percent(group.low), percent(group.high),
                                   percent(group.standardised)]})  # fmt: skip
            cells.append((group.n, group.share, group.low, group.high, group.standardised))
            drawn.append(Dot(name, group.share, group.low, group.high, number(group.n), group.standardised))
        title = self.name(key)
        about = _("Share of good answers by bucket, each with its interval (95 in 100) and how many answered.")
        return Chart(
            f"drivers_{key}", title, dots(key=f"drivers_{key}", title=title, about=about, rows=drawn, say=percent),
            [title, _("Answers"), self.good.capitalize(), _("at least"), _("at most"), _("Mix held fixed")], rows,
            cells, ["n", "share", "low", "high", "standardised"], definition_url("drivers_buckets"),
            self.note(key, of),
        )  # fmt: skip

    def note(self, key: str, of: Found) -> str:
        said = []
        if key in self.known:
            one = of.contrasts["split"]
            if one.is_thin:
                said.append(_("Too few answers to say."))
            else:
                is_clear = (key, "split") in self.found.clear
                first, second = self.sides(key, "split")
                unclear = _("No clear link: %(one)s, against %(other)s.") % {"one": first, "other": second}
                said.append(self.sentence(key, "split", one) if is_clear else unclear)
            if key in self.found.cliffs:
                said.append(self.cliff(key))
        return " ".join(said)


def _times(ratio: float | None) -> str:
    """An odds ratio: ×2 or, below one, ÷2."""
    if ratio is None:
        return UNKNOWN
    size = ratio if ratio >= 1 else 1 / ratio if ratio else 0
    said = f"{size:.0f}" if abs(size - round(size)) < 0.05 or size >= 20 else f"{size:.1f}"
    return f"×{said}" if ratio >= 1 or said == "1" else f"÷{said}"


def _model(found: Regression, words: _Words) -> Section:
    """The regression for those who want it, or why there is none."""
    title = _("Logistic regression")
    if found.refused:
        said = (
            _("Refused: a model with %(parameters)d parameters needs %(needed)d good and %(needed)d other answers "
              "(%(each)d a parameter), and of the rarer sort there are %(events)d.")
            % {"parameters": found.parameters, "needed": found.needed, "each": EVENTS_A_PARAMETER,
               "events": found.events} if found.refused == "few"
            else _("Refused: one of the facts decides the answer alone, so that there is no finite estimate.")
        )  # fmt: skip
        return Section(title=title, key="model", notes=[said])
    rows, cells = [], []
    for one in found.effects:
        name = words.name(one.key)
        if one.level == "":
            name = _("%(fact)s: each step up") % {"fact": name}
        elif one.level == "other":
            name = f"{name}: {_('all rarer ones')}"
        else:
            name = f"{name}: {language_name(one.level) if one.key == 'language' else words.bucket(one.key, one.level)}"
        verdict = _("no clear link") if one.low <= 1 <= one.high else (
            _("goes with more") if one.ratio > 1 else _("goes with fewer"))  # fmt: skip
        rows.append({"name": name, "label": name, "url": "",
                     "cells": [_times(one.ratio), _times(one.low), _times(one.high), verdict]})  # fmt: skip
        cells.append((one.ratio, one.low, one.high, verdict))
    note = _("%(n)s of %(customers)s customers; standard errors by customer. Channel, topic and language against the "
             "most frequent one.") % {"n": answers_said(found.n), "customers": number(found.customers)}  # fmt: skip
    if found.drawn < 1000:
        note += " " + _("Drawn by lot: %(n)d in a thousand customers.") % {"n": found.drawn}
    table = Chart(
        "drivers_model", _("With everything else held fixed"), NO_DRAWING,
        [_("Term"), _("Odds"), _("at least"), _("at most"), _("In words")], rows, cells,
        ["odds", "odds_low", "odds_high", "verdict"], definition_url("drivers_model"), note, is_wide=True,
    )  # fmt: skip
    return Section(charts=[table], title=title, key="model")
