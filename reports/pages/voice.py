"""What customers say: topics by volume and tone, week by week, and what became of complaints."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from urllib.parse import urlencode

from django.db.models import Count, F, Q, QuerySet, TextField
from django.db.models.functions import Cast
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from feedback.models import Complaint, Remark, Topic
from helpdesk import clock
from reports import charts, periods, reading
from reports.charts import Series
from reports.charts.named import LEFT, named, short
from reports.charts.ranges import Range, ranges
from reports.counting import changes
from reports.counting.figures import FEW
from reports.counting.statistics import percentiles, wilson
from reports.metrics.satisfaction import SMALLEST_CELL
from reports.pages import page
from reports.pages.parts import NO_DRAWING, count, few, interval_line, share_line, tile
from reports.periods import Period
from reports.privacy import Guard, guard, hidden_cells
from reports.reading import Filter, Slice, within
from reports.showing.blocks import Chart, Line, Report, Section, Tile
from reports.showing.words import UNKNOWN, definition_url, number, percent, slice_name, spell, unit_name

IS_BAD = Q(tone=-1)
#: more topics are in the table alone
MOST_BARS = 12
MOST_TOPICS = 50


@page("voice", gettext_lazy("Voice"), gettext_lazy("What do customers talk about, and in which tone?"), "experience")
def build(chosen: Filter) -> Report:
    """Topics by volume and tone, remarks week by week, complaints."""
    at = clock.now()
    found = _by_topic(chosen)
    n, bad = _totals(chosen)
    watch = guard(chosen, _guarded, n)
    return Report(
        chosen=chosen,
        taken_at=at,
        answer=_answer(n, bad, found, watch),
        sections=[
            Section(
                tiles=_tiles(chosen, n, bad, watch),
                charts=[_topics(chosen, found, watch), *_tones(found, watch), *_weeks(chosen, watch)],
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
    found = found.exclude(response__is_doubtful=True)  # as a machine presses buttons
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


def _totals(chosen: Filter) -> tuple[int, int]:
    sums = remarks(chosen).aggregate(n=Count("pk"), bad=Count("pk", filter=IS_BAD))
    return sums["n"], sums["bad"]


Counted = Mapping[int | None, tuple[int, int]]


def _by_topic(chosen: Filter) -> Counted:
    """By topic (None for no topic) how many remarks, and how many of them bad."""
    rows = (
        remarks(chosen).order_by().values("found_topics__topic")
        .annotate(n=Count("pk", distinct=True), bad=Count("pk", filter=IS_BAD, distinct=True)).order_by("-n")
    )  # fmt: skip
    return {row["found_topics__topic"]: (row["n"], row["bad"]) for row in rows[:MOST_TOPICS]}


def said_remarks(n: int) -> str:
    return ngettext("%(n)s remark", "%(n)s remarks", n) % {"n": number(n)}


def _answer(n: int, bad: int, found: Counted, watch: Guard) -> list[str]:
    if not n:
        return [_("Nobody said anything in this period.")]
    said = [_("Customers made %(n)s.") % {"n": said_remarks(n)}]
    known = [key for key in found if key is not None and found[key][0] >= SMALLEST_CELL]
    if known and not watch.hides:
        names = dict(Topic.objects.filter(pk__in=known[:1]).values_list("pk", "name"))
        said.append(_("Most often they speak of %(topic)s (%(share)s).")
                    % {"topic": names[known[0]], "share": percent(found[known[0]][0] / n)})  # fmt: skip
    if not watch.hides:
        said.append(_("%(share)s of all are bad.") % {"share": percent(bad / n)})
    return said


def _tiles(chosen: Filter, n: int, bad: int, watch: Guard) -> list[Tile]:
    other = chosen.compared()
    before = _totals(other) if other else None
    volume = changes.count_change(before[0], n, compare=chosen.compare) if before else None
    tone = (
        changes.share_change((before[1], before[0]), (bad, n), compare=chosen.compare, better="less",
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


def _topics(chosen: Filter, found: Counted, watch: Guard) -> Chart:
    names = dict(Topic.objects.values_list("pk", "name"))
    other = chosen.compared()
    before = _by_topic(other) if other else {}
    title = _("What do they talk about?")
    rows, cells, drawn = [], [], []
    hidden = _hidden(found, watch)
    for key, (n, bad) in found.items():
        name = names.get(key, "") if key is not None else _("no topic")
        interval = None if key in hidden else wilson(bad, n)
        share = bad / n if interval else None
        change = changes.count_change(before.get(key, (0, 0))[0], n, compare=chosen.compare).said if other else ""
        rows.append({
            "name": name, "label": name, "url": _list_url(chosen, key),
            "cells": [number(n), percent(share) if interval else _("too few"),
                      percent(interval.low) if interval else UNKNOWN, percent(interval.high) if interval else UNKNOWN,
                      *([change] if other else [])],
        })  # fmt: skip
        cells.append((n, share, interval and interval.low, interval and interval.high, *([change] if other else [])))
        drawn.append((name, n, number(n), "quiet" if key is None else ""))
    svg = (
        named(key="topics", title=title, about=", ".join(f"{name}: {said}" for name, _n, said, _tone in drawn),
              rows=drawn[:MOST_BARS]) if drawn else NO_DRAWING
    )  # fmt: skip
    return Chart(
        "topics", title, svg,
        [_("Topic"), _("Remarks"), _("Bad"), _("at least"), _("at most"), *([_("Compared")] if other else [])],
        rows, cells, ["remarks", "bad_share", "bad_low", "bad_high", *(["change"] if other else [])],
        definition_url("remarks"), _("Each topic leads to its remarks."),
    )  # fmt: skip


def _hidden(found: Counted, watch: Guard) -> frozenset[int | None]:
    """The topics whose tone is not shown: of few remarks, and those by which subtraction would show that of few."""
    return frozenset(found) if watch.hides else hidden_cells({key: n for key, (n, _bad) in found.items()})


def _tones(found: Counted, watch: Guard) -> list[Chart]:
    """The share of bad ones by topic; nothing where no topic has enough."""
    names: dict[int | None, str] = {None: _("no topic")}
    names.update(Topic.objects.values_list("pk", "name"))
    known = [
        (str(names.get(key, "")), n, bad / n, interval)
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


def _weeks(chosen: Filter, watch: Guard) -> list[Chart]:
    _fine, unit = reading.units(chosen)
    slices = reading.cut(chosen, unit)
    sums = {
        row["slice"]: (row["n"], row["bad"])
        for row in remarks(chosen).annotate(slice=Slice("said_at", slices)).order_by().values("slice")
        .annotate(n=Count("pk"), bad=Count("pk", filter=IS_BAD))
    }  # fmt: skip
    counts = [sums.get(i, (0, 0)) for i in range(1, len(slices) + 1)]
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


def _complaints(chosen: Filter, at: datetime) -> Section:
    choice = Q(ticket__inbox__in=chosen.inboxes) & within("received_at", chosen.period)
    for column, value in (("team", chosen.team), ("channel", chosen.channel), ("topic__topic", chosen.topic)):
        if value:
            choice &= Q(**{f"ticket__{column}": value})
    found = Complaint.objects.standing().filter(choice)
    in_time = Q(acknowledged_at__lte=F("acknowledge_by"))
    decided = Q(decided_at__isnull=False)
    sums = found.aggregate(
        n=Count("pk"),
        timed=Count("pk", filter=Q(acknowledged_at__isnull=False) | Q(acknowledge_by__lt=at)),
        in_time=Count("pk", filter=in_time), decided=Count("pk", filter=decided),
        upheld=Count("pk", filter=decided & Q(finding__in=[Complaint.Finding.UPHELD, Complaint.Finding.PARTLY])),
        closed=Count("pk", filter=Q(closed_at__isnull=False)), agreed=Count("pk", filter=Q(is_agreed=True)),
    )  # fmt: skip
    if not sums["n"]:
        return Section(title=_("Complaints"), key="complaints", notes=[_("No complaint was received in this period.")])
    spans = [
        (decided_at - received_at).total_seconds()
        for received_at, decided_at in found.filter(decided).values_list("received_at", "decided_at")[:10_000]
        if decided_at is not None
    ]
    return Section(
        title=_("Complaints"), key="complaints", tiles=_complaint_tiles(chosen, sums, spans),
        charts=[_reasons(found)],
    )  # fmt: skip


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


def _reasons(found: "QuerySet[Complaint]") -> Chart:
    rows = (
        found.order_by().values("reason__name", "reason__department__name", "reason__in_control")
        .annotate(n=Count("pk")).order_by("-n", "reason__name")[:30]
    )  # fmt: skip
    control = {True: _("yes"), False: _("no"), None: _("not decided")}
    said = [
        (row["reason__name"] or _("not said"), row["reason__department__name"] or UNKNOWN,
         control[row["reason__in_control"]] if row["reason__name"] else UNKNOWN, row["n"])
        for row in rows
    ]  # fmt: skip
    return Chart(
        "complaint_reasons", _("Why did they complain?"), NO_DRAWING,
        [_("Reason"), _("Department"), _("In the service team's control"), _("Complaints")],
        [{"name": reason, "label": reason, "url": "", "cells": [department, whose, number(n)]}
         for reason, department, whose, n in said],
        [tuple(row[1:]) for row in said], ["department", "in_control", "complaints"], definition_url("complaints"),
        is_wide=True,
    )  # fmt: skip
