"""Loyalty: who would recommend us, and who stays."""

from collections.abc import Iterator, Sequence

from django.urls import reverse
from django.utils import formats
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from feedback.models import Retention
from reports import charts
from reports.charts import Series, cohorts
from reports.counting import changes
from reports.counting.figures import FEW
from reports.counting.loyalty_figures import Month, Recommendation, Staying, recommendation, staying
from reports.counting.statistics import wilson
from reports.metrics.loyalty import compound_churn
from reports.metrics.satisfaction import SMALLEST_CELL
from reports.pages import page
from reports.pages.parts import alike
from reports.reading import Filter
from reports.showing.blocks import Chart, Line, Report, Section, Tile
from reports.showing.words import UNKNOWN, answers, bound, definition_url, number, percent


@page("loyalty", gettext_lazy("Loyalty"), gettext_lazy("Would customers recommend us, and do they stay?"), "experience")
def build(chosen: Filter) -> Report:
    """Recommendation in the period, and retention up to its last whole month."""
    asked, stays = recommendation(chosen), staying(chosen)
    other = chosen.compared()
    before = recommendation(other) if other else None
    return Report(
        chosen=chosen,
        taken_at=stays.taken_at,
        answer=[*_said_of_nps(asked), *_said_of_staying(stays)],
        sections=[
            Section(
                tiles=[_nps(asked, before, chosen), _rate(asked, before, chosen)], charts=list(_distribution(asked)),
                title=_("Recommendation"), key="recommendation",
            ),
            Section(
                tiles=[_customers(stays, chosen), _churn(stays, chosen), _annual(stays), _returned(stays, chosen)],
                charts=[*_flow(stays), *_triangle(stays), *_plans(stays)], title=_("Staying"), key="staying",
                about=mode_in_words(stays),
            ),
        ],
        basis=[
            _("One answer a customer, the last one in the period."),
            alike(),
            _("Customers are those of the whole house: inbox, team, channel and topic narrow the answers only."),
        ],
    )  # fmt: skip


def mode_in_words(stays: Staying) -> str:
    """Who counts as a customer."""
    idle = number(stays.rule.idle_days)
    if stays.rule.mode == Retention.Mode.CONTRACT:
        return _("A customer by contract: from joined to lapsed or cancelled.")
    if stays.rule.mode == Retention.Mode.ACTIVITY:
        return _("A customer by activity: for %(n)s days after the last event of the account.") % {"n": idle}
    return _(
        "Proxy: whoever opened a ticket in the last %(n)s days stands for a customer, since no other system "
        "has told us who is one. People who are content do not write."
    ) % {"n": idle}


def _proxy(stays: Staying) -> list[str]:
    return [_("proxy: who wrote to us lately")] if stays.rule.is_proxy else []


# ---------------------------------------------------------------------- words


def _said_of_nps(asked: Recommendation) -> Iterator[str]:
    nps = asked.nps
    if asked.guard.hides or nps.score is None or nps.adjusted is None:
        yield _("Too few answered the question whether they would recommend us to say anything.")
        return
    yield _("The recommendation stands at %(score)s points, between %(low)s and %(high)s (%(n)s).") % {
        "score": points(nps.score), "low": points(nps.adjusted.low), "high": points(nps.adjusted.high),
        "n": answers(nps.n),
    }  # fmt: skip


def _said_of_staying(stays: Staying) -> Iterator[str]:
    month = stays.last
    if month.start < SMALLEST_CELL:
        yield _("Too few customers are known to say who stays.")
        return
    facts = {"n": number(month.start), "month": month_name(month), "kept": number(month.retained),
             "share": percent(month.retained / month.start)}  # fmt: skip
    if stays.rule.is_proxy:
        yield (
            _("By the proxy, of %(n)s customers at the start of %(month)s %(kept)s were there at its end (%(share)s).")
            % facts
        )
    else:
        yield _("Of %(n)s customers at the start of %(month)s, %(kept)s stayed to its end (%(share)s).") % facts


def points(score: float) -> str:
    """A net promoter score with its sign."""
    return changes.signed(score, number)


def month_name(month: Month) -> str:
    return formats.date_format(month.first, "YEAR_MONTH_FORMAT")


def _short(month: Month) -> str:
    return formats.date_format(month.first, "M Y")


def finely(share: float | None) -> str:
    """A small share with one decimal: of churn the decimals matter."""
    if share is None:
        return UNKNOWN
    return bound(_("%(n)s %%") % {"n": formats.number_format(100 * share, 1)})


def customers_url(which: str, chosen: Filter) -> str:
    """The customers behind a number."""
    return f"{reverse('report_customers', args=[which])}?{chosen.query()}"


# ---------------------------------------------------------------------- recommendation


def _nps(asked: Recommendation, before: Recommendation | None, chosen: Filter) -> Tile:
    nps, label = asked.nps, _("Recommendation (NPS)")
    count = Line("nps.n", _("NPS: how many customers answered"), nps.n, "answers", answers(nps.n))
    if asked.guard.hides or nps.score is None or nps.adjusted is None:
        lead = Line("nps", label, None, "points", UNKNOWN)
        return Tile(lead, [count] if asked.guard.why != "difference" else [], [asked.guard.said], definition_url("nps"))
    change = None
    if before is not None and not before.guard.hides:
        change = changes.nps_change(before.nps, nps, compare=chosen.compare)
    low, high = nps.adjusted
    companions = [
        count,
        Line("nps.interval", _("NPS: confidence interval (95 in 100)"), None, "points",
             _("between %(low)s and %(high)s") % {"low": points(low), "high": points(high)}, nps.n, low, high),
        *(
            Line(f"nps.{key}", name, n / nps.n, "share", f"{percent(n / nps.n)} {what}", nps.n)
            for key, name, n, what in (
                ("promoters", _("NPS: promoters (9 and 10)"), nps.promoters, _("promoters")),
                ("passives", _("NPS: passives (7 and 8)"), nps.passives, _("passives")),
                ("detractors", _("NPS: detractors (0 to 6)"), nps.detractors, _("detractors")),
            )
        ),
    ]  # fmt: skip
    notes = [_("few answers")] if nps.n < FEW else []
    if change is not None and change.difference and not change.is_clear:
        notes.append(
            _("A difference of %(size)s points is within chance with so many answers.")
            % {"size": number(abs(change.difference))}
        )
    lead = Line("nps", label, nps.score, "points", points(nps.score), nps.n, low, high, change)
    return Tile(lead, companions, notes, definition_url("nps"), customers_url("answered", chosen))


def _rate(asked: Recommendation, before: Recommendation | None, chosen: Filter) -> Tile:
    rate = asked.rate
    change = None
    if before is not None:
        change = changes.share_change(
            (before.rate.answered, before.rate.delivered), (rate.answered, rate.delivered), compare=chosen.compare
        )
    lead = Line("nps_response_rate", _("Response rate"), rate.rate, "share", percent(rate.rate), rate.delivered,
                change=change)  # fmt: skip
    said = _("%(answered)s of %(asked)s asked answered") % {
        "answered": number(rate.answered), "asked": number(rate.delivered)
    }  # fmt: skip
    line = Line("nps_response_rate.n", _("Response rate: how many were asked"), rate.delivered, "answers", said)
    return Tile(lead, [line], (), definition_url("nps_response_rate"))


def _distribution(asked: Recommendation) -> Iterator[Chart]:
    if asked.guard.hides:
        return
    title, counts = _("What did they answer?"), asked.distribution
    yield Chart(
        "nps", title,
        charts.distribution(
            key="nps", title=title, about=", ".join(f"{score}: {number(n)}" for score, n in counts.items()),
            rows=[(str(score), n, _tone(score)) for score, n in sorted(counts.items(), reverse=True)],
        ),
        [_("Score"), _("Answers")],
        [{"name": str(score), "label": score, "cells": [number(n)], "url": ""} for score, n in counts.items()],
        [(n,) for n in counts.values()], ["answers"], definition_url("nps"),
        _("Promoters gave 9 or 10, detractors 0 to 6."),
    )  # fmt: skip


def _tone(score: int) -> str:
    return "good" if score >= 9 else "bad" if score <= 6 else "quiet"


# ---------------------------------------------------------------------- staying


def _people(n: int) -> str:
    return ngettext("%(n)s customer", "%(n)s customers", n) % {"n": number(n)}


def _customers(stays: Staying, chosen: Filter) -> Tile:
    month = stays.last
    lead = Line("customers", _("Customers"), stays.now, "customers", number(stays.now), stays.now)
    lines = [
        Line("customers.start", _("Customers a month before"), month.start, "customers",
             _("a month before %(n)s") % {"n": number(month.start)}),
        Line("customers.new", _("New customers"), month.new, "customers", _("%(n)s new") % {"n": number(month.new)}),
        Line("customers.lost", _("Customers lost"), month.lost, "customers",
             _("%(n)s lost") % {"n": number(month.lost)}),
    ]  # fmt: skip
    notes = [_("at the end of %(month)s") % {"month": month_name(month)}, *_proxy(stays)]
    return Tile(lead, lines, notes, definition_url("customers"), customers_url("there", chosen))


def _churn(stays: Staying, chosen: Filter) -> Tile:
    month, label = stays.last, _("Churn in the month")
    if month.start < SMALLEST_CELL:
        lead = Line("churn", label, None, "share", UNKNOWN, month.start)
        return Tile(lead, (), [_("Too few customers at its start.")], definition_url("churn"))
    interval, change = month.interval, None
    assert interval is not None
    if chosen.compare:
        was = stays.before(chosen.compare)
        change = changes.share_change(
            (was.lost, was.start), (month.lost, month.start), compare=chosen.compare, better="less",
            smallest=SMALLEST_CELL,
        )  # fmt: skip
    lead = Line("churn", label, month.churn, "share", finely(month.churn), month.start, interval.low, interval.high,
                change)  # fmt: skip
    kept = month.retained / month.start
    lines = [
        Line("churn.n", _("Churn: of how many"), month.start, "customers",
             _("%(lost)s of %(start)s") % {"lost": number(month.lost), "start": _people(month.start)}),
        Line("churn.interval", _("Churn: confidence interval (95 in 100)"), None, "share",
             _("between %(low)s and %(high)s") % {"low": finely(interval.low), "high": finely(interval.high)},
             month.start, interval.low, interval.high),
        Line("retention", _("Retention in the month"), kept, "share", _("%(share)s stayed") % {"share": finely(kept)},
             month.start),
    ]  # fmt: skip
    return Tile(
        lead, lines, [month_name(month), *_proxy(stays)], definition_url("churn"), customers_url("lost", chosen)
    )


def _annual(stays: Staying) -> Tile:
    month, label = stays.last, _("Churn in a year at this rate")
    churn, interval = month.churn, month.interval
    if month.start < SMALLEST_CELL or churn is None or interval is None:
        return Tile(Line("churn.annual", label, None, "share", UNKNOWN, month.start), (), (), definition_url("churn"))
    annual, low, high = (compound_churn(rate) for rate in (churn, interval.low, interval.high))
    lead = Line("churn.annual", label, annual, "share", percent(annual), month.start, low, high)
    said = _("between %(low)s and %(high)s") % {"low": percent(low), "high": percent(high)}
    line = Line("churn.annual.interval", _("Churn in a year: confidence interval (95 in 100)"), None, "share", said,
                month.start, low, high)  # fmt: skip
    return Tile(lead, [line], [_("compounded: 1 − (1 − churn)¹²")], definition_url("churn"))


def _returned(stays: Staying, chosen: Filter) -> Tile:
    month = stays.last
    lead = Line("reactivated", _("Came back"), month.reactivated, "customers", number(month.reactivated))
    notes = [_("had left before; not counted as retained")]
    return Tile(lead, (), notes, definition_url("churn"), customers_url("back", chosen))


def _flow(stays: Staying) -> Iterator[Chart]:
    months = stays.months[-12:]
    if not any(one.start or one.new for one in months):
        return
    title, names = _("Who came, and who left?"), [_short(one) for one in months]
    series = [
        Series(_("new"), [one.new for one in months], "good"),
        Series(_("came back"), [one.reactivated for one in months], "second"),
        Series(_("lost"), [one.lost for one in months], "bad"),
    ]
    yield Chart(
        "flow", title,
        charts.bars(
            key="flow", title=title, labels=names, series=series, say=number,
            about=_("In the last month %(new)s came, %(back)s came back, %(lost)s left.") % {
                "new": number(stays.last.new), "back": number(stays.last.reactivated),
                "lost": number(stays.last.lost)},
        ),
        [_("Month"), _("Customers at its start"), _("Stayed"), _("Lost"), _("Churn"), _("at least"), _("at most"),
         _("New"), _("Came back")],
        [{"name": month_name(one), "label": one.first.isoformat(), "url": "", "cells": _words(one)} for one in months],
        [(one.start, one.retained, one.lost, _known(one, one.churn), *_bounds(one), one.new, one.reactivated)
         for one in months],
        ["start", "retained", "lost", "churn", "churn_low", "churn_high", "new", "reactivated"],
        definition_url("churn"),
    )  # fmt: skip


def _known(month: Month, share: float | None) -> float | None:
    return share if month.start >= SMALLEST_CELL else None


def _bounds(month: Month) -> tuple[float | None, float | None]:
    interval = month.interval
    return (None, None) if interval is None or month.start < SMALLEST_CELL else (interval.low, interval.high)


def _words(month: Month) -> list[str]:
    return [number(month.start), number(month.retained), number(month.lost), finely(_known(month, month.churn)),
            *map(finely, _bounds(month)), number(month.new), number(month.reactivated)]  # fmt: skip


def _triangle(stays: Staying) -> Iterator[Chart]:
    if not stays.cohorts:
        return
    title, most = _("Of those who came in a month, how many are still there?"), len(stays.cohorts[0].stayed)
    rows: list[cohorts.Row] = []
    lines: list[dict[str, object]] = []
    cells: list[Sequence[object]] = []
    for one in stays.cohorts:
        name = formats.date_format(one.first, "M Y")
        if one.is_hidden:
            rows.append(cohorts.Row(name, _("few"), [(None, "", _("too few to show"))] * len(one.stayed)))
            lines.append({"name": name, "label": one.first.isoformat(), "url": "",
                          "cells": [_("too few"), *[UNKNOWN] * most]})  # fmt: skip
            cells.append((None, *[None] * most))
            continue
        shares = [n / one.size for n in one.stayed]
        rows.append(
            cohorts.Row(name, number(one.size), [
                (share, percent(share), _told(name, month, n, back, one.size))
                for month, (share, n, back) in enumerate(zip(shares, one.stayed, one.back, strict=True), 1)
            ])
        )  # fmt: skip
        said = [percent(share) + (_(" (+%(n)s back)") % {"n": number(back)} if back else "")
                for share, back in zip(shares, one.back, strict=True)]  # fmt: skip
        lines.append({"name": name, "label": one.first.isoformat(), "url": "",
                      "cells": [number(one.size), *said, *[""] * (most - len(said))]})  # fmt: skip
        cells.append((one.size, *shares, *[None] * (most - len(shares))))
    heads = [str(month) for month in range(1, most + 1)]
    yield Chart(
        "cohorts", title,
        cohorts.triangle(
            key="cohorts", title=title, size_title="n", heads=heads, rows=rows,
            axis=_("at the first of the month, so many months on"),
            about=_("A row is a month of joining, a column a month since; the same numbers are in the table."),
        ),
        [_("Came in"), _("Customers"), *[_("Month %(n)s") % {"n": head} for head in heads]], lines, cells,
        ["n", *[f"month_{head}" for head in heads]], definition_url("cohorts"),
        _("Without a break since they came; who left and came back stands in the table."), is_wide=True,
    )  # fmt: skip


def _told(name: str, month: int, n: int, back: int, size: int) -> str:
    said = _("%(name)s, month %(month)s: %(n)s of %(size)s still there") % {
        "name": name, "month": month, "n": number(n), "size": number(size)
    }  # fmt: skip
    return said + (_(", %(n)s came back") % {"n": number(back)} if back else "")


def _plans(stays: Staying) -> Iterator[Chart]:
    if not stays.plan_name or not stays.plans:
        return
    rows: list[dict[str, object]] = []
    cells: list[Sequence[object]] = []
    for one in stays.plans:
        name = one.name or _("none, or unknown")
        interval = wilson(one.lost, one.months)
        if one.is_hidden or interval is None:
            rows.append({"name": name, "label": one.name, "url": "", "cells": [_("too few"), *[UNKNOWN] * 5]})
            cells.append((None,) * 6)
            continue
        rows.append({
            "name": name, "label": one.name, "url": "",
            "cells": [number(one.customers), number(one.months), number(one.lost), finely(one.churn),
                      finely(interval.low), finely(interval.high)],
        })  # fmt: skip
        cells.append((one.customers, one.months, one.lost, one.churn, interval.low, interval.high))
    yield Chart(
        "plans", _("Churn a month by %(field)s") % {"field": stays.plan_name}, charts.NOTHING,
        [stays.plan_name, _("Customers now"), _("Customer-months"), _("Lost"), _("Churn a month"), _("at least"),
         _("at most")],
        rows, cells, ["customers", "customer_months", "lost", "churn", "churn_low", "churn_high"],
        definition_url("plans"), _("Over the last 12 months. Plans whose intervals overlap are not in any order."),
        is_wide=True,
    )  # fmt: skip
