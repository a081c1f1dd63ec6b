"""What was done and what was said in each channel, topic or team: counts, times and satisfaction side by side.

Satisfaction of few is hidden here, once for all who show it.
"""

from collections import Counter, defaultdict
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass

from django.db.models import Count

from reports import privacy, reading
from reports.aggregates import measure_by
from reports.columns import Ordered
from reports.figures import FEW
from reports.metrics import satisfaction
from reports.metrics.drivers import MixAdjustment, mix_adjusted
from reports.metrics.satisfaction import Csat
from reports.privacy import Guard
from reports.reading import Filter

Key = Hashable


@dataclass(frozen=True, slots=True)
class Satisfied:
    """What the customers of one group said; nothing of it where it is hidden."""

    csat: Csat | None
    is_hidden: bool
    #: with the mix of kinds that all have; None where that cannot be said
    adjusted: float | None

    @property
    def is_few(self) -> bool:
        return self.csat is not None and self.csat.n < FEW


@dataclass(frozen=True, slots=True)
class Answers:
    """The satisfaction of every group, and how far it is a matter of the mix."""

    guard: Guard
    of: Mapping[Key, Satisfied]
    #: the kinds that all groups compared have answers in
    common: Sequence[Key]
    #: whether another group is the first when the mix is the same
    is_reversal: bool

    def get(self, key: Key) -> Satisfied:
        return self.of.get(key, Satisfied(None, is_hidden=False, adjusted=None))


def satisfied(chosen: Filter, by: str, within: str) -> Answers:
    """The answers of the period by a column of theirs, adjusted for the mix of another one. Two queries."""
    rows = reading.answered(chosen).order_by().values_list(by, within, "score").annotate(n=Count("*"))
    cells: dict[Key, dict[Key, Counter[int]]] = defaultdict(lambda: defaultdict(Counter))
    for group, kind, score, n in rows:
        cells[group][kind][score] += n
    whole = {group: satisfaction.csat(sum(kinds.values(), Counter())) for group, kinds in cells.items()}
    guard = privacy.guard(chosen, reading.answered, sum(one.n for one in whole.values()))
    hidden = frozenset(whole) if guard.hides else privacy.hidden_cells({group: one.n for group, one in whole.items()})
    # the few are in nobody's comparison: one answer in a kind would decide what all have in common
    compared = {
        group: {kind: satisfaction.csat(scores) for kind, scores in kinds.items()}
        for group, kinds in cells.items() if group not in hidden and whole[group].n >= FEW
    }  # fmt: skip
    adjusted = mix_adjusted(compared) if len(compared) > 1 else MixAdjustment({}, None, None)
    common = [
        kind for kind in {kind for kinds in compared.values() for kind in kinds}
        if all(kind in kinds and kinds[kind].n for kinds in compared.values())
    ]  # fmt: skip
    of = {
        group: Satisfied(
            None if group in hidden else one,
            is_hidden=group in hidden,
            adjusted=adjusted.groups[group].standardised if group in adjusted.groups else None,
        )
        for group, one in whole.items()
    }
    return Answers(guard, of, sorted(common, key=str), is_reversal=adjusted.is_reversal)


@dataclass(frozen=True, slots=True)
class Worked:
    """What came in, and how fast it was, by group."""

    came: Mapping[Key, int]
    first_response: Mapping[Key, Ordered]
    resolution: Mapping[Key, Ordered]

    def groups(self, said: Answers) -> list[Key]:
        """Those with anything at all, the most tickets first."""
        known = {*self.came, *self.first_response, *self.resolution, *said.of}
        return sorted(known, key=lambda key: (-self.came.get(key, 0), str(key)))


def worked(chosen: Filter, by: str) -> Worked:
    """Three queries, each along its index."""
    came = reading.came_in(chosen).order_by().values_list(by).annotate(n=Count("*"))
    return Worked(
        dict(came),
        measure_by(reading.replied(chosen), by, "frt_s"),
        measure_by(reading.measured(chosen), by, "resolution_s"),
    )
