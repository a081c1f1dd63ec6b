"""What was done for those who answered, counted beside their answers: what the driver view is made of.

One walk along the answers counts every fact by channel and topic; the regression reads one row for each customer and
pattern of facts.
"""

from collections import Counter
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Func, IntegerField, Q, QuerySet
from django.db.models.functions import Abs, Mod
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from reports import privacy
from reports.counting import answers
from reports.counting.answers import DAY, GOOD
from reports.counting.grouping import Bucket, grouped
from reports.counting.statistics import Logistic, logistic
from reports.metrics import links
from reports.metrics.links import Contrast, Group, Step
from reports.models import SurveyFacts
from reports.privacy import Guard
from reports.reading import Filter

Words = str | Promise
HOUR = DAY // 24
#: the regression reads at most so many answers; more are drawn by lot, customer by customer
MOST = 50_000
#: of the rarer of both answers there must be so many for each parameter
EVENTS_A_PARAMETER = 10


@dataclass(frozen=True, slots=True)
class Fact:
    """One fact of the service: its column, where its buckets begin, how they are called, and the one contrast that
    was chosen before anybody looked: the first `split` buckets against the rest."""

    key: str
    name: Words
    column: str
    edges: tuple[int, ...]
    buckets: tuple[Words, ...]
    split: int
    one: Words
    other: Words


_WAITS = (_("under 1 h"), _("1 to 4 h"), _("4 to 24 h"), _("1 to 3 days"), _("3 days or more"))
_LONG = (_("under 4 h"), _("4 to 24 h"), _("1 to 3 days"), _("3 to 7 days"), _("7 days or more"))
FACTS = (
    Fact("first_response", _("First answer after"), "frt_s", (HOUR, 4 * HOUR, DAY, 3 * DAY), _WAITS, 2,
         _("a first answer within 4 h"), _("a later one")),
    Fact("next_response", _("Longest later wait"), "next_response_max_s", (HOUR, 4 * HOUR, DAY, 3 * DAY),
         _WAITS, 2, _("no later wait of 4 h or more"), _("a longer one")),
    Fact("resolution", _("Resolved after"), "resolution_s", (4 * HOUR, DAY, 3 * DAY, 7 * DAY), _LONG, 2,
         _("a resolution within a day"), _("a later one")),
    Fact("waiting", _("Waited on us in all"), "open_s", (4 * HOUR, DAY, 3 * DAY, 7 * DAY), _LONG, 2,
         _("less than a day of waiting on us"), _("a day or more")),
    Fact("replies", _("Replies it took"), "replies", (1, 2, 3, 4, 6),
         (_("none"), _("1 reply"), _("2 replies"), _("3 replies"), _("4 or 5"), _("6 or more")), 2,
         _("at most one reply"), _("more replies")),
    Fact("reopened", _("Came back"), "net_reopens", (1,), (_("stayed resolved"), _("came back")), 1,
         _("staying resolved"), _("coming back")),
    Fact("handoffs", _("Handed on"), "handoffs", (1, 2), (_("never"), _("once"), _("twice or more")), 1,
         _("never being handed on"), _("being handed on")),
    Fact("switches", _("Changed the channel"), "channel_switches", (1,), (_("one channel"), _("several channels")), 1,
         _("one channel"), _("several")),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Found:
    """What goes with good answers, by one fact."""

    key: str
    #: buckets in order; a name for each
    order: Sequence[Hashable]
    groups: Mapping[Hashable, Group]
    hidden: frozenset[Hashable]
    sizes: Mapping[Hashable, int]
    #: by what was compared with the rest; facts in order have one
    contrasts: Mapping[Hashable, Contrast]
    steps: Sequence[Step]


@dataclass(frozen=True, slots=True)
class Drivers:
    """The driver view of one choice."""

    chosen: Filter
    kind: str
    n: int
    good: int
    guard: Guard
    facts: Mapping[str, Found]
    cliffs: Mapping[str, Step]
    #: contrasts that stand out among all of them, by fact and by what was compared
    clear: frozenset[tuple[str, Hashable]]
    tested: int


def kind_of(chosen: Filter) -> str:
    return chosen.outcome if chosen.outcome in GOOD else "csat"


def rows_of(chosen: Filter) -> "QuerySet[SurveyFacts]":
    return answers.answered(chosen, kind_of(chosen))


def drivers(chosen: Filter) -> Drivers:
    """Every fact with its buckets, its contrast and its cliff. One query, and those of the guard."""
    kind = kind_of(chosen)
    rows = _bucketed(chosen)
    sets = [("channel", "topic"), *((f"b_{fact.key}", "channel", "topic") for fact in FACTS)]
    found = grouped(rows, sets, {"n": None, "good": Q(score__range=GOOD[kind])})
    places = found[0]
    n, good = (sum(counts[i] for counts in places.values()) for i in range(2))
    tables: dict[str, links.Table] = {}
    for fact, of in zip(FACTS, found[1:], strict=True):
        tables[f"b_{fact.key}"] = {(key[0], key[1:]): (counts[0], counts[1]) for key, counts in of.items()}
    for i, name in enumerate(("channel", "topic")):
        tables[name] = {(key[i], key[1 - i]): (counts[0], counts[1]) for key, counts in places.items()}
    hidden = privacy.cells(chosen, _bucketed, {column: _sizes(table) for column, table in tables.items()})
    made = {fact.key: _ordered(fact, tables[name], hidden[name]) for fact in FACTS for name in [f"b_{fact.key}"]}
    made |= {name: _named(name, tables[name], hidden[name]) for name in ("channel", "topic")}
    guard = privacy.guard(chosen, rows_of, n)
    tests = [(key, what, one.p) for key, of in made.items() for what, one in of.contrasts.items()
             if not one.is_thin and one.p is not None]  # fmt: skip
    outstanding = links.clear_of_chance([p for _key, _what, p in tests])
    clear = frozenset((key, what) for (key, what, _p), stands in zip(tests, outstanding, strict=True)
                      if stands and made[key].contrasts[what].odds.is_clear)  # fmt: skip
    cliffs = links.cliff({key: one.steps for key, one in made.items()})
    return Drivers(chosen, kind, n, good, guard, made, {str(key): step for key, step in cliffs.items()}, clear,
                   len(tests))  # fmt: skip


def _bucketed(chosen: Filter) -> "QuerySet[SurveyFacts]":
    return rows_of(chosen).annotate(**{f"b_{fact.key}": Bucket(fact.column, fact.edges) for fact in FACTS})


def _sizes(table: links.Table) -> dict[Hashable, int]:
    sizes: Counter[Hashable] = Counter()
    for (bucket, _stratum), (n, _good) in table.items():
        sizes[bucket] += n
    return dict(sizes)


def _ordered(fact: Fact, table: links.Table, hidden: frozenset[Any]) -> Found:
    sizes = _sizes(table)
    order = [*range(len(fact.buckets)), None]
    shown = links.groups(table, [bucket for bucket in order if bucket not in hidden])
    sides = set(range(fact.split)), set(range(fact.split, len(fact.buckets)))
    return Found(fact.key, order, shown, hidden, sizes, {"split": links.contrast(table, *sides)},
                 links.steps(shown, order[:-1]))  # fmt: skip


def _named(key: str, table: links.Table, hidden: frozenset[Any]) -> Found:
    """A fact without an order: each of its values against all others."""
    sizes = _sizes(table)
    order = sorted(sizes, key=lambda value: (-sizes[value], str(value)))
    known = [value for value in order if value not in hidden]
    contrasts = {value: links.contrast(table, {value}, set(order) - {value}) for value in known if value is not None}
    return Found(key, order, links.groups(table, known), hidden, sizes, contrasts if len(known) > 1 else {}, ())


# ---------------------------------------------------------------------- the regression


@dataclass(frozen=True, slots=True)
class Effect:
    """One term: its key, the level it stands for ("" for a step in order), and its odds ratio with its interval."""

    key: str
    level: str | None
    ratio: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Regression:
    """A logistic model with standard errors by customer; or why there is none."""

    n: int
    customers: int
    events: int
    parameters: int
    #: how many in a thousand customers were read
    drawn: int
    effects: Sequence[Effect] = ()
    refused: str = ""  # few, separated

    @property
    def needed(self) -> int:
        return EVENTS_A_PARAMETER * self.parameters


#: the facts the model holds, each as a step from one bucket to the next; chosen before anybody looked
COVARIATES = ("first_response", "resolution", "replies", "reopened", "handoffs")
#: and these by value, each against the most frequent one; values with too few answers are put together
LEVELS = ("channel", "topic", "language")


def regression(chosen: Filter, n: int) -> Regression:
    """The model of one choice with `n` answers. One query."""
    low, high = GOOD[kind_of(chosen)]
    known = {fact.key: fact for fact in FACTS}
    rows = rows_of(chosen).filter(customer__isnull=False)
    rows = rows.annotate(**{f"b_{key}": Bucket(known[key].column, known[key].edges) for key in COVARIATES})
    rows = rows.filter(**{f"b_{key}__isnull": False for key in COVARIATES})
    drawn = 1000 if n <= MOST else max(1, 1000 * MOST // n)
    if drawn < 1000:
        lot = Mod(Abs(Func("customer", function="hashint8", output_field=IntegerField())), 1000)
        rows = rows.annotate(lot=lot).filter(lot__lt=drawn)
    columns = ["customer", *(f"b_{key}" for key in COVARIATES), *LEVELS]
    found = list(
        rows.order_by().values_list(*columns).annotate(
            n=Count("event"), good=Count("event", filter=Q(score__gte=low, score__lte=high)))
    )  # fmt: skip
    return fitted(found, drawn)


def fitted(found: Sequence[tuple[Any, ...]], drawn: int = 1000) -> Regression:
    """The model of rows (customer, a bucket a covariate, a value a level, answers, good answers)."""
    total, good = sum(row[-2] for row in found), sum(row[-1] for row in found)
    events, customers = min(good, total - good), len({row[0] for row in found})
    first = 1 + len(COVARIATES)
    terms: list[tuple[str, str | None, int, Any]] = []
    for i, key in enumerate(COVARIATES, 1):
        if len({row[i] for row in found}) > 1:
            terms.append((key, "", i, None))
    for i, key in enumerate(LEVELS, first):
        counts: Counter[Any] = Counter()
        for row in found:
            counts[row[i]] += row[-2]
        kept = [value for value, n in counts.most_common() if n >= links.ENOUGH]
        terms += [(key, value, i, value) for value in kept[1:]]
        if kept and sum(n for value, n in counts.items() if value not in kept) >= links.ENOUGH:
            terms.append((key, "other", i, frozenset(counts) - frozenset(kept)))
    parameters = 1 + len(terms)
    shape = (total, customers, events, parameters, drawn)
    if events < EVENTS_A_PARAMETER * parameters or len(terms) == 0:
        return Regression(*shape, refused="few")
    model = logistic([(_columns(row, terms), row[-1], row[-2]) for row in found], [row[0] for row in found])
    if model is None:
        return Regression(*shape, refused="separated")
    return Regression(*shape, _effects(model, terms))


def _columns(row: tuple[Any, ...], terms: Sequence[tuple[str, str | None, int, Any]]) -> list[float]:
    made = [1.0]
    for key, _level, i, value in terms:
        if key in COVARIATES:
            made.append(float(row[i]))
        else:
            made.append(float(row[i] in value if isinstance(value, frozenset) else row[i] == value))
    return made


def _effects(model: Logistic, terms: Sequence[tuple[str, str | None, int, Any]]) -> list[Effect]:
    effects = []
    for column, (key, level, _i, _value) in enumerate(terms, 1):
        ratio, (low, high) = model.odds_ratio(column)
        effects.append(Effect(key, level, ratio, low, high))
    return effects
