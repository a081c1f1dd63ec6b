"""The figures of loyalty: who would recommend us, and who stayed."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db import connection
from django.db.models import Count, Exists, OuterRef, Q, QuerySet

from feedback import accounts
from feedback.accounts import Rule, Stay
from reports import periods, privacy, reading
from reports.counting.statistics import Interval, share, wilson
from reports.ledger import arrays
from reports.ledger.columns import tallied
from reports.ledger.packs import NULL
from reports.metrics import loyalty, satisfaction
from reports.metrics.loyalty import Nps
from reports.metrics.satisfaction import ResponseRate
from reports.models import SurveyFacts
from reports.privacy import Guard
from reports.reading import Filter
from tickets.models import CustomField

#: how many months back cohorts are shown
MONTHS = 12
#: the custom field of organisations that says what they pay for
PLAN = "plan"


# ---------------------------------------------------------------------- recommendation


def asked_nps(chosen: Filter) -> "QuerySet[SurveyFacts]":
    """Customers asked in the period whether they would recommend us, whom it reached."""
    return _nps(chosen).filter(reading.within("sent_at", chosen.period), is_delivered=True)


def answered_nps(chosen: Filter) -> "QuerySet[SurveyFacts]":
    """What they answered in the period; a customer's last answer only, however often they were asked."""
    answers = _all_answers(chosen)
    at, event = OuterRef("answered_at"), OuterRef("event")
    later = answers.filter(Q(answered_at__gt=at) | Q(answered_at=at, event__gt=event), customer=OuterRef("customer"))
    return answers.filter(~Exists(later))


def _all_answers(chosen: Filter) -> "QuerySet[SurveyFacts]":
    return _nps(chosen).filter(reading.within("answered_at", chosen.period), score__isnull=False)


def _nps(chosen: Filter) -> "QuerySet[SurveyFacts]":
    return SurveyFacts.objects.filter(reading.choice(chosen), counts=True, kind="nps")


@dataclass(frozen=True, slots=True)
class Recommendation:
    """The net promoter score of one answer a customer, with all that was asked."""

    nps: Nps
    distribution: Mapping[int, int]
    rate: ResponseRate
    guard: Guard


def recommendation(chosen: Filter) -> Recommendation:
    """Three queries along two indexes."""
    counts = _last_scores(chosen)
    [(asked, answered)] = tallied(asked_nps(chosen), n=Count("*"), answered=Count("answered_at"))
    n = sum(counts.values())
    return Recommendation(
        loyalty.nps(counts), {score: counts.get(score, 0) for score in range(11)},
        satisfaction.response_rate(asked, answered), privacy.guard(chosen, answered_nps, n),
    )  # fmt: skip


def _last_scores(chosen: Filter) -> dict[int, int]:
    """How many customers gave each score last. Counted where the answers are kept: a year has enough to fill a minute
    here."""
    frame = arrays.of(_all_answers(chosen), "answered_at", "event", "customer", "score")
    if frame is not None:
        return _last_packed(frame)
    sql, params = answered_nps(chosen).values("score").query.sql_with_params()
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT score, count(*) FROM ({sql}) answers GROUP BY score", params)  # noqa: S608 - Django's
        return dict(cursor.fetchall())


def _last_packed(frame: arrays.Frame) -> dict[int, int]:
    import numpy as np

    customers = frame["customer"].data
    order = np.lexsort((frame["event"].data, frame["answered_at"].data, customers))
    by_customer = customers[order]
    # nobody's answers are each of somebody else
    is_last = np.append(by_customer[1:] != by_customer[:-1], True) if len(order) else np.zeros(0, dtype=bool)
    is_last |= by_customer == NULL
    scores, n = np.unique(frame["score"].data[order][is_last], return_counts=True)
    return dict(zip(scores.tolist(), n.tolist(), strict=True))


# ---------------------------------------------------------------------- staying


@dataclass(frozen=True, slots=True)
class Month:
    """Customers from the first of a month to the first of the next: the same people above and below the line."""

    first: date
    start: int
    retained: int
    new: int
    reactivated: int

    @property
    def lost(self) -> int:
        return self.start - self.retained

    @property
    def churn(self) -> float | None:
        return share(self.lost, self.start)

    @property
    def interval(self) -> Interval | None:
        return wilson(self.lost, self.start)


@dataclass(frozen=True, slots=True)
class Cohort:
    """Customers of whom a month was the first, and how many of them were there at each first of a month since."""

    first: date
    size: int
    #: there without a break since they came
    stayed: Sequence[int]
    #: back after a break
    back: Sequence[int]
    is_hidden: bool


@dataclass(frozen=True, slots=True)
class Plan:
    """The customers whose organisation has this answer, over the last months together."""

    name: str
    customers: int
    #: customer-months at risk, and how many of these ended
    months: int
    lost: int
    is_hidden: bool

    @property
    def churn(self) -> float | None:
        return share(self.lost, self.months)


@dataclass(frozen=True, slots=True)
class Staying:
    """Everybody who was a customer in the last two years."""

    rule: Rule
    taken_at: datetime
    months: Sequence[Month]
    cohorts: Sequence[Cohort]
    plans: Sequence[Plan]
    plan_name: str
    #: customers at the last boundary
    now: int

    @property
    def last(self) -> Month:
        return self.months[-1]

    def before(self, compare: str) -> Month:
        """The month the last one is compared with."""
        return self.months[-13] if compare == "year" else self.months[-2]


def boundaries(last: date) -> list[date]:
    """The firsts of two years of months, the latest one not after the day after `last`."""
    end = periods.first_day(last + timedelta(days=1), "month")
    found = [end]
    for _month in range(2 * MONTHS):
        found.append(periods.first_day(found[-1] - timedelta(days=1), "month"))
    return found[::-1]


def staying(chosen: Filter) -> Staying:
    """Retention by month and by cohort, up to the last first of a month in the choice. Four queries, or three."""
    rule, firsts = Rule.of_the_house(chosen.zone), boundaries(chosen.last)
    field = CustomField.objects.filter(about=CustomField.About.ORGANISATION, key=PLAN, is_active=True).first()
    counted, counted_at = accounts.known_stays(firsts, rule, plan=PLAN if field else "")
    ends = len(firsts) - 1
    stays = [one for one in counted if one.first >= 0]
    sizes: Counter[int] = Counter()
    for one in counted:
        if one.first < 0:
            sizes[one.cohort] += one.customers
    shown = range(ends - MONTHS, ends)
    hidden = privacy.hidden_cells({k: sizes[k] for k in shown if sizes[k]})
    return Staying(
        rule, counted_at, [_month(stays, k, firsts) for k in range(ends)],
        [_cohort(stays, k, ends, firsts[k], sizes[k], is_hidden=k in hidden) for k in shown if sizes[k]],
        _plans(stays, ends) if field else [], field.name if field else "",
        sum(one.customers for one in stays if one.first <= ends < one.last),
    )  # fmt: skip


def _month(stays: Sequence[Stay], k: int, firsts: Sequence[date]) -> Month:
    start = retained = new = reactivated = 0
    for one in stays:
        if one.first <= k < one.last:
            start += one.customers
            retained += one.customers if one.last > k + 1 else 0
        elif one.first == k + 1:
            reactivated += one.customers if one.is_return else 0
            new += 0 if one.is_return else one.customers
    return Month(firsts[k], start, retained, new, reactivated)


def _cohort(stays: Iterable[Stay], k: int, ends: int, first: date, size: int, *, is_hidden: bool) -> Cohort:
    mine = [one for one in stays if one.cohort == k]
    after = range(k + 1, ends + 1)

    def there(at: int, *, is_return: bool) -> int:
        return sum(one.customers for one in mine if one.is_return == is_return and one.first <= at < one.last)

    return Cohort(
        first,
        size,
        [there(at, is_return=False) for at in after],
        [there(at, is_return=True) for at in after],
        is_hidden,
    )


def _plans(stays: Iterable[Stay], ends: int) -> list[Plan]:
    now: Counter[str] = Counter()
    months: dict[str, int] = defaultdict(int)
    lost: dict[str, int] = defaultdict(int)
    for one in stays:
        name = one.plan or ""
        now[name] += one.customers if one.first <= ends < one.last else 0
        begin = max(one.first, ends - MONTHS)
        months[name] += one.customers * max(min(one.last, ends) - begin, 0)
        lost[name] += one.customers if begin < one.last <= ends else 0
    hidden = privacy.hidden_cells({name: n for name, n in now.items() if months[name]})
    return [
        Plan(name, now[name], months[name], lost[name], name in hidden)
        for name in sorted(months, key=lambda name: (not name, -now[name], name)) if months[name]
    ]  # fmt: skip
