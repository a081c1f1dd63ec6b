"""What was done and what was said in each channel, topic or team: counts, times and satisfaction side by side.

Satisfaction of few is hidden here, once for all who show it.
"""

from collections import Counter, defaultdict
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, QuerySet

from reports import privacy, reading
from reports.counting.figures import FEW
from reports.ledger.columns import Ordered, Packed, tallied, together, unpack
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
    """The answers of the period by a column of theirs, adjusted for the mix of another one. Two queries, or three."""
    rows = tallied(reading.answered(chosen), by, within, "score", n=Count("*"))
    cells: dict[Key, dict[Key, Counter[int]]] = defaultdict(lambda: defaultdict(Counter))
    for group, kind, score, n in rows:
        cells[group][kind][score] += n
    whole = {group: satisfaction.csat(sum(kinds.values(), Counter())) for group, kinds in cells.items()}
    guard = privacy.guard(chosen, reading.answered, sum(one.n for one in whole.values()))
    sizes = {by: {group: one.n for group, one in whole.items()}}
    hidden = frozenset(whole) if guard.hides else privacy.cells(chosen, reading.answered, sizes)[by]
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
    #: what came in and does not count
    left_out: int = 0

    def groups(self, said: Answers) -> list[Key]:
        """Those with anything at all, the most tickets first."""
        known = {*self.came, *self.first_response, *self.resolution, *said.of}
        return sorted(known, key=lambda key: (-self.came.get(key, 0), str(key)))


def worked(chosen: Filter, by: str, also: str | None = None) -> tuple[Worked, Worked]:
    """By one column and by another one (by the same, where none is named). Three queries, each along its index."""
    pair = (by, also or by)
    came = tallied(reading.created(chosen), "in_volume", *_named(pair), n=Count("*"))
    replied = _times(reading.replied(chosen), pair, "frt_s")
    resolved = _times(reading.measured(chosen), pair, "resolution_s")

    left_out = sum(n for in_volume, *_keys, n in came if not in_volume)

    def side(place: int) -> Worked:
        counts: Counter[Key] = Counter()
        for in_volume, *keys, n in came:
            if in_volume:
                counts[keys[place]] += n
        return Worked(dict(counts), _by(replied, place), _by(resolved, place), left_out)

    return side(0), side(1 if also else 0)


def _named(pair: tuple[str, str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(pair))


def _times(rows: "QuerySet[Any]", pair: tuple[str, str], column: str) -> list[tuple[tuple[Key, ...], Ordered]]:
    read = tallied(rows, *_named(pair), packed=Packed(column))
    return [(tuple(keys), unpack(packed)) for *keys, packed in read]


def _by(read: Sequence[tuple[tuple[Key, ...], Ordered]], i: int) -> dict[Key, Ordered]:
    parts: dict[Key, list[Ordered]] = defaultdict(list)
    for keys, values in read:
        parts[keys[i]].append(values)
    return {key: together(some) for key, some in parts.items()}
