"""What goes with satisfaction. Association, never cause."""

from collections.abc import Hashable, Mapping
from dataclasses import dataclass

from reports.counting.statistics import share
from reports.metrics.satisfaction import Csat

# ---------------------------------------------------------------------- comparing like with like


@dataclass(frozen=True, slots=True)
class Standardised:
    """One group's satisfaction as it is, by stratum, and as it would be with everybody's mix."""

    crude: float | None
    by_stratum: Mapping[Hashable, float | None]
    standardised: float | None


@dataclass(frozen=True, slots=True)
class MixAdjustment:
    groups: Mapping[Hashable, Standardised]
    crude_winner: Hashable | None
    standardised_winner: Hashable | None

    @property
    def is_reversal(self) -> bool:
        """Whether adjusting for the mix turns the order round (Simpson)."""
        winners = (self.crude_winner, self.standardised_winner)
        return None not in winners and winners[0] != winners[1]


def mix_adjusted(groups: Mapping[Hashable, Mapping[Hashable, Csat]]) -> MixAdjustment:
    """Groups compared on the mix of strata they have in common, weighted by all answers."""
    # in one order, so that the sums below come out the same each time
    strata = sorted({stratum for cells in groups.values() for stratum, cell in cells.items() if cell.n}, key=str)
    common = [s for s in strata if all(s in cells and cells[s].n for cells in groups.values())]
    weights = {stratum: sum(cells[stratum].n for cells in groups.values()) for stratum in common}
    total = sum(weights.values())
    found = {
        name: Standardised(
            crude=share(sum(cell.satisfied for cell in cells.values()), sum(cell.n for cell in cells.values())),
            by_stratum={stratum: cell.share for stratum, cell in cells.items()},
            standardised=share(sum((cells[s].share or 0.0) * weights[s] for s in common), total),
        )
        for name, cells in groups.items()
    }
    return MixAdjustment(
        found,
        _winner({name: one.crude for name, one in found.items()}),
        _winner({name: one.standardised for name, one in found.items()}),
    )


def _winner(scores: Mapping[Hashable, float | None]) -> Hashable | None:
    known = {name: score for name, score in scores.items() if score is not None}
    best = [name for name, score in known.items() if score == max(known.values())]
    return best[0] if len(best) == 1 else None


# ---------------------------------------------------------------------- who did not answer


@dataclass(frozen=True, slots=True)
class NonResponse:
    """Satisfaction as answered, weighted to the mix of those asked, and the bounds no assumption can beat."""

    crude: float | None
    poststratified: float | None  # None when a stratum has nobody's answer
    response_rate: float | None
    rate_by_stratum: Mapping[Hashable, float | None]
    bound_low: float | None
    bound_high: float | None


def nonresponse(population: Mapping[Hashable, int], answers: Mapping[Hashable, Csat]) -> NonResponse:
    """How far the silent could move the figure. `population` is everybody by stratum, `answers` who answered."""
    n = sum(cell.n for cell in answers.values())
    total = sum(population.values())
    p = share(sum(cell.satisfied for cell in answers.values()), n)
    rate = share(n, total)
    weighted: float | None = 0.0 if total else None
    for stratum, size in population.items():
        cell = answers.get(stratum)
        if size and weighted is not None:
            weighted = None if cell is None or cell.share is None else weighted + cell.share * size / total
    return NonResponse(
        crude=p,
        poststratified=weighted,
        response_rate=rate,
        rate_by_stratum={s: share(answers[s].n if s in answers else 0, size) for s, size in population.items()},
        bound_low=None if rate is None else rate * (p or 0.0),
        bound_high=None if rate is None else rate * (p or 0.0) + 1 - rate,
    )
