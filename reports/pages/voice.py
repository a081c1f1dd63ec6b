"""What customers say: topics by volume and tone, week by week, and what became of complaints."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlencode

from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet, TextField
from django.db.models.functions import Cast
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from feedback.models import Complaint, ReasonCode, Remark, Response, Topic
from helpdesk import clock
from reports import charts, periods, reading
from reports.charts import Series
from reports.charts.named import LEFT, named, short
from reports.charts.ranges import Range, ranges
from reports.counting import changes
from reports.counting.figures import FEW
from reports.counting.statistics import percentiles, wilson
from reports.ledger import arrays
from reports.ledger.arrays import Frame
from reports.ledger.gathering import gathered
from reports.ledger.packs import NULL, Column
from reports.metrics.satisfaction import SMALLEST_CELL
from reports.pages import page
from reports.pages.parts import NO_DRAWING, count, few, interval_line, share_line, tile
from reports.periods import Period
from reports.privacy import Guard, guard, hidden_cells
from reports.reading import Filter, within
from reports.showing.blocks import Chart, Line, Report, Section, Tile
from reports.showing.words import UNKNOWN, definition_url, number, percent, slice_name, spell, unit_name

#: the tone of a bad one
BAD = -1
#: more topics are in the table alone
MOST_BARS = 12
MOST_TOPICS = 50
MOST_REASONS = 30


@page("voice", gettext_lazy("Voice"), gettext_lazy("What do customers talk about, and in which tone?"), "experience")
def build(chosen: Filter) -> Report:
    """Topics by volume and tone, remarks week by week, complaints."""
    at = clock.now()
    said = read(chosen)
    found, n, bad = said.by_topic, said.n, said.bad
    watch = guard(chosen, _guarded, n)
    other = chosen.compared()
    before = read(other) if other else None
    names: dict[int | None, str] = {None: _("no topic"), **dict(Topic.objects.values_list("pk", "name"))}
    return Report(
        chosen=chosen,
        taken_at=at,
        answer=_answer(n, bad, found, names, watch),
        sections=[
            Section(
                tiles=_tiles(chosen, said, before, watch),
                charts=[_topics(chosen, found, before, names, watch), *_tones(found, names, watch),
                        *_weeks(chosen, said, watch)],
            ),
            _complaints(chosen, at),
        ],
        basis=[
            _("Remarks are counted by when they were said, with the topics they have now."),
            _("A remark may have several topics, so topics add up to more than all."),
        ],
    )  # fmt: skip


def remarks(chosen: Filter) -> "QuerySet[Remark]":
    """The remarks of a choice, said in its period."""
    found = Remark.objects.counting().filter(_choice(chosen), within("said_at", chosen.period))
    # as a machine presses buttons
    found = found.exclude(Exists(Response.objects.filter(pk=OuterRef("response"), is_doubtful=True)))
    if chosen.topic:
        found = found.filter(pk__in=Remark.objects.filter(found_topics__topic=int(chosen.topic)).values("pk"))
    return found


def _choice(chosen: Filter) -> Q:
    choice = Q(inbox__in=chosen.inboxes)
    if chosen.team is not None:
        choice &= Q(ticket__team=chosen.team)
    if chosen.channel:
        choice &= Q(ticket__channel=chosen.channel)
    return choice


def _guarded(chosen: Filter) -> "QuerySet[Remark]":
    return remarks(chosen).annotate(
        agent=F("response__agent"),
        team=F("ticket__team"),
        channel=F("ticket__channel"),
        topic=Cast("found_topics__topic", TextField()),
    )


Counted = Mapping[int | None, tuple[int, int]]
Names = Mapping[int | None, str]


@dataclass(frozen=True, slots=True)
class Said:
    """The remarks of a choice: how many, how many of them bad; the same by topic (None for no topic)."""

    n: int
    bad: int
    by_topic: Counted
    #: each remark once: `said_at`, and whether it `is_bad`
    remarks: Frame

    def by_slice(self, slices: Sequence[Period]) -> list[tuple[int, int]]:
        """How many and how many bad ones in each."""
        starts = [arrays.stamp(one.start) for one in slices]
        self.remarks.put(slice=arrays.bucketed(self.remarks["said_at"], starts))
        found = {key: (n, bad) for key, n, bad in arrays.tally_frame(self.remarks, ("slice",), _COUNTED)}
        return [found.get(i, (0, 0)) for i in range(1, len(slices) + 1)]


_COUNTED = {"n": Count("*"), "bad": Count("is_bad")}


def read(chosen: Filter) -> Said:
    """All that is counted of remarks, read once: a row for each remark and topic of it."""
    import numpy as np

    rows = remarks(chosen).annotate(topic=F("found_topics__topic")).order_by()
    frame = gathered(rows, number="id tone", moment="said_at", name="topic")
    frame.put(is_bad=Column("number", np.where(frame["tone"].data == BAD, 1, NULL)))
    is_first = np.zeros(frame.n, dtype=bool)
    is_first[np.unique(frame["id"].data, return_index=True)[1]] = True
    once = frame.where(is_first)
    [(n, bad)] = arrays.tally_frame(once, (), _COUNTED)
    by_topic = sorted(arrays.tally_frame(frame, ("topic",), _COUNTED), key=lambda row: (-row[1], row[0] or 0))
    return Said(n, bad, {topic: (n, bad) for topic, n, bad in by_topic[:MOST_TOPICS]}, once)


def said_remarks(n: int) -> str:
    return ngettext("%(n)s remark", "%(n)s remarks", n) % {"n": number(n)}


def _answer(n: int, bad: int, found: Counted, names: Names, watch: Guard) -> list[str]:
    if not n:
        return [_("Nobody said anything in this period.")]
    said = [_("Customers made %(n)s.") % {"n": said_remarks(n)}]
    known = [key for key in found if key is not None and found[key][0] >= SMALLEST_CELL]
    if known and not watch.hides:
        said.append(_("Most often they speak of “%(topic)s” (%(share)s).")
                    % {"topic": names[known[0]], "share": percent(found[known[0]][0] / n)})  # fmt: skip
    if not watch.hides:
        said.append(_("%(share)s of all are bad.") % {"share": percent(bad / n)})
    return said


def _tiles(chosen: Filter, said: Said, before: Said | None, watch: Guard) -> list[Tile]:
    n, bad = said.n, said.bad
    volume = changes.count_change(before.n, n, compare=chosen.compare) if before else None
    tone = (
        changes.share_change((before.bad, before.n), (bad, n), compare=chosen.compare, better="less",
                             smallest=SMALLEST_CELL) if before and not watch.hides else None
    )  # fmt: skip
    label = _("Bad remarks")
    lead = share_line("remarks_bad", label, bad, 0 if watch.hides else n, smallest=SMALLEST_CELL, change=tone)
    lines = [interval_line("remarks_bad", label, lead)] if lead.low is not None else []
    notes = [watch.said] if watch.hides else few(n)
    return [
        tile(chosen, count("remarks", _("Remarks"), n, "remarks", volume)),
        tile(chosen, lead, lines, notes, definition="remarks_bad"),
    ]


# ---------------------------------------------------------------------- topics


def _topics(chosen: Filter, found: Counted, before: Said | None, names: Names, watch: Guard) -> Chart:
    earlier = before.by_topic if before else {}
    title = _("What do they talk about?")
    rows, cells, drawn = [], [], []
    hidden = _hidden(found, watch)
    for key, (n, bad) in found.items():
        name = names.get(key, "")
        interval = None if key in hidden else wilson(bad, n)
        share = bad / n if interval else None
        change = changes.count_change(earlier.get(key, (0, 0))[0], n, compare=chosen.compare).said if before else ""
        rows.append({
            "name": name, "label": name, "url": _list_url(chosen, key),
            "cells": [number(n), percent(share) if interval else _("too few"),
                      percent(interval.low) if interval else UNKNOWN, percent(interval.high) if interval else UNKNOWN,
                      *([change] if before else [])],
        })  # fmt: skip
        cells.append((n, share, interval and interval.low, interval and interval.high, *([change] if before else [])))
        drawn.append((name, n, number(n), "quiet" if key is None else ""))
    svg = (
        named(key="topics", title=title, about=", ".join(f"{name}: {said}" for name, _n, said, _tone in drawn),
              rows=drawn[:MOST_BARS]) if drawn else NO_DRAWING
    )  # fmt: skip
    return Chart(
        "topics", title, svg,
        [_("Topic"), _("Remarks"), _("Bad"), _("at least"), _("at most"), *([_("Compared")] if before else [])],
        rows, cells, ["remarks", "bad_share", "bad_low", "bad_high", *(["change"] if before else [])],
        definition_url("remarks"), _("Each topic leads to its remarks."),
    )  # fmt: skip


def _hidden(found: Counted, watch: Guard) -> frozenset[int | None]:
    """The topics whose tone is not shown: of few remarks, and those by which subtraction would show that of few."""
    return frozenset(found) if watch.hides else hidden_cells({key: n for key, (n, _bad) in found.items()})


def _tones(found: Counted, names: Names, watch: Guard) -> list[Chart]:
    """The share of bad ones by topic; nothing where no topic has enough."""
    known = [
        (names.get(key, ""), n, bad / n, interval)
        for key, (n, bad) in found.items()
        if key not in _hidden(found, watch) and (interval := wilson(bad, n)) is not None
    ]
    if not known:
        return []
    title = _("Which topics have a bad tone?")
    drawn = [
        Range(short(name), share, interval.low, interval.high, percent(share), n < FEW)
        for name, n, share, interval in known[:MOST_BARS]
    ]
    return [Chart(
        "topic_tone", title,
        ranges(key="topic_tone", title=title, rows=drawn, left=LEFT,
               about=", ".join(f"{name}: {percent(share)}" for name, _n, share, _interval in known)),
        [_("Topic"), _("Remarks"), _("Bad"), _("at least"), _("at most")],
        [{"name": name, "label": name, "url": "",
          "cells": [number(n), percent(share), percent(interval.low), percent(interval.high)]}
         for name, n, share, interval in known],
        [(n, share, interval.low, interval.high) for _name, n, share, interval in known],
        ["remarks", "bad_share", "bad_low", "bad_high"], definition_url("remarks_bad"),
        _("The lines are confidence intervals (95 in 100); pale ones rest on few remarks."),
    )]  # fmt: skip


def _list_url(chosen: Filter, topic: int | None) -> str:
    """The remarks behind a row; nothing where the list knows no such filter."""
    if chosen.team is not None or chosen.channel or (chosen.topic and str(topic) != chosen.topic):
        return ""
    period = chosen.period
    asked = {
        "topic": "none" if topic is None else topic, "state": "all", "words": "any", "inbox": chosen.inbox or "",
        "since": period.start.isoformat(), "until": period.end.isoformat(),
    }  # fmt: skip
    return f"{reverse('voice')}?{urlencode(asked)}"


# ---------------------------------------------------------------------- week by week


def _weeks(chosen: Filter, said: Said, watch: Guard) -> list[Chart]:
    _fine, unit = reading.units(chosen)
    slices = reading.cut(chosen, unit)
    counts = said.by_slice(slices)
    names = [slice_name(one, chosen.zone, unit) for one in slices]
    title = _("How much do they say?")
    volume = Chart(
        "remarks_by_week", title,
        charts.bars(key="remarks_by_week", title=title,
                    about=", ".join(f"{name}: {number(n)}" for name, (n, _bad) in zip(names, counts, strict=True)),
                    labels=names, series=[Series(_("Remarks"), [n for n, _bad in counts])], say=number),
        [unit_name(unit), _("Remarks")], _rows(chosen, slices, names, [[number(n)] for n, _bad in counts]),
        [(n,) for n, _bad in counts], ["remarks"], definition_url("remarks"),
    )  # fmt: skip
    if watch.hides:
        return [volume]
    hidden = hidden_cells({i: n for i, (n, _bad) in enumerate(counts)})
    intervals = [None if i in hidden or not n else wilson(bad, n) for i, (n, bad) in enumerate(counts)]
    shares = [bad / n if found else None for (n, bad), found in zip(counts, intervals, strict=True)]
    title = _("How many of them are bad?")
    cells = [
        (n if found else None, share, found and found.low, found and found.high)
        for (n, _bad), share, found in zip(counts, shares, intervals, strict=True)
    ]
    tone = Chart(
        "tone_by_week", title,
        charts.shares(
            key="tone_by_week", title=title,
            about=", ".join(f"{name}: {percent(share)}" for name, share in zip(names, shares, strict=True)),
            labels=names, series=Series(_("Bad"), shares), low=[found.low if found else None for found in intervals],
            high=[found.high if found else None for found in intervals], say=percent,
        ),
        [unit_name(unit), _("Remarks"), _("Bad"), _("at least"), _("at most")],
        _rows(chosen, slices, names, [
            [number(n) if found else _("too few") if n else number(0), percent(share),
             percent(found.low) if found else UNKNOWN, percent(found.high) if found else UNKNOWN]
            for (n, _bad), share, found in zip(counts, shares, intervals, strict=True)
        ]),
        cells, ["remarks", "bad_share", "bad_low", "bad_high"], definition_url("remarks_bad"),
        _("The band is the confidence interval (95 in 100). Gaps: fewer than five remarks, or weeks "
          "that would give such a one away."),
    )  # fmt: skip
    return [volume, tone]


def _rows(
    chosen: Filter, slices: Sequence[Period], names: Sequence[str], words: Sequence[Sequence[str]]
) -> list[dict[str, object]]:
    return [
        {"name": name, "label": str(periods.local_day(one.start, chosen.zone)), "url": "", "cells": cells}
        for one, name, cells in zip(slices, names, words, strict=True)
    ]


# ---------------------------------------------------------------------- complaints


def complaints(chosen: Filter) -> Frame:
    """The complaints received in the period of a choice, with all that is counted of them."""
    choice = Q(ticket__inbox__in=chosen.inboxes) & within("received_at", chosen.period)
    for column, value in (("team", chosen.team), ("channel", chosen.channel), ("topic__topic", chosen.topic)):
        if value:
            choice &= Q(**{f"ticket__{column}": value})
    return gathered(
        Complaint.objects.standing().filter(choice).order_by(), word="finding", flag="is_agreed", name="reason",
        moment="received_at acknowledge_by acknowledged_at decided_at closed_at",
    )  # fmt: skip


def _complaints(chosen: Filter, at: datetime) -> Section:
    frame = complaints(chosen)
    if not frame.n:
        return Section(title=_("Complaints"), key="complaints", notes=[_("No complaint was received in this period.")])
    sums, spans = _counted(frame, at)
    return Section(
        title=_("Complaints"), key="complaints", tiles=_complaint_tiles(chosen, sums, spans),
        charts=[_reasons(frame)],
    )  # fmt: skip


def _counted(frame: Frame, at: datetime) -> tuple[dict[str, int], list[float]]:
    """How many complaints became what; and how many seconds it took to decide those that are decided."""
    acknowledged, due, decided = (frame[name] for name in ("acknowledged_at", "acknowledge_by", "decided_at"))
    is_decided = decided.known()
    is_timed = acknowledged.known() | (due.known() & (due.data < arrays.stamp(at)))
    is_in_time = acknowledged.known() & due.known() & (acknowledged.data <= due.data)
    upheld = {Complaint.Finding.UPHELD, Complaint.Finding.PARTLY}
    is_upheld = is_decided & frame["finding"].is_one_of(upheld)
    masks = {
        "timed": is_timed, "in_time": is_in_time, "decided": is_decided, "upheld": is_upheld,
        "closed": frame["closed_at"].known(), "agreed": frame["is_agreed"].data == 1,
    }  # fmt: skip
    spans = (decided.data - frame["received_at"].data)[is_decided] / 1_000_000
    return {"n": frame.n, **{name: int(mask.sum()) for name, mask in masks.items()}}, spans.tolist()


def _complaint_tiles(chosen: Filter, sums: Mapping[str, int], spans: Sequence[float]) -> list[Tile]:
    times = percentiles(spans)
    median = Line("complaints_decided.median", _("Time to decide a complaint: median"), times.p50, "seconds",
                  spell(times.p50), times.n)  # fmt: skip
    p90 = Line("complaints_decided.p90", _("Time to decide a complaint: 90th percentile"), times.p90, "seconds",
               _("9 of 10 within %(time)s") % {"time": spell(times.p90)}, times.n)  # fmt: skip
    left = sums["n"] - sums["decided"]
    waiting = Line("complaints_decided.open", _("Complaints not decided yet"), left, "complaints",
                   _("%(n)s not decided yet") % {"n": number(left)}, sums["n"])  # fmt: skip
    closed = Line("complaints.closed", _("Complaints closed"), sums["closed"], "complaints",
                  _("%(closed)s closed, %(agreed)s of them with the customer's consent")
                  % {"closed": number(sums["closed"]), "agreed": number(sums["agreed"])}, sums["n"])  # fmt: skip
    return [
        tile(chosen, count("complaints", _("Complaints"), sums["n"], "complaints"), [closed]),
        _share(chosen, "complaints_acknowledged", _("Acknowledged in time"), sums["in_time"], sums["timed"]),
        tile(chosen, median, [p90, waiting], definition="complaints_decided"),
        _share(chosen, "complaints_upheld", _("Upheld, wholly or partly"), sums["upheld"], sums["decided"]),
    ]


def _share(chosen: Filter, key: str, label: str, k: int, n: int) -> Tile:
    lead = share_line(key, label, k, n, smallest=SMALLEST_CELL)
    lines = [Line(f"{key}.n", _("%(what)s: of how many") % {"what": label}, n, "complaints",
                  _("of %(n)s") % {"n": number(n)}, n)]  # fmt: skip
    if lead.low is not None:
        lines.append(interval_line(key, label, lead))
    return tile(chosen, lead, lines, few(n) if lead.low is not None else [_("too few to say a share")], definition=key)


def _reasons(frame: Frame) -> Chart:
    counts = dict(arrays.tally_frame(frame, ("reason",), {"n": Count("*")}))
    control = {True: _("yes"), False: _("no"), None: _("not decided")}
    known = [
        (name, department or UNKNOWN, control[whose], counts[pk])
        for pk, name, department, whose
        in ReasonCode.objects.order_by("name").values_list("pk", "name", "department__name", "in_control")
        if pk in counts
    ]  # fmt: skip
    if None in counts:
        known.append((_("not said"), UNKNOWN, UNKNOWN, counts[None]))
    said = sorted(known, key=lambda row: -row[3])[:MOST_REASONS]
    return Chart(
        "complaint_reasons", _("Why did they complain?"), NO_DRAWING,
        [_("Reason"), _("Department"), _("In the service team's control"), _("Complaints")],
        [{"name": reason, "label": reason, "url": "", "cells": [department, whose, number(n)]}
         for reason, department, whose, n in said],
        [tuple(row[1:]) for row in said], ["department", "in_control", "complaints"], definition_url("complaints"),
        is_wide=True,
    )  # fmt: skip
