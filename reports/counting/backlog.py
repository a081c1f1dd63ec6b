"""What was not done at a moment, and what went in and out: from the stays of tickets in the backlog.

The same numbers as `metrics.flow`, which takes whole tickets; the tests hold both beside each other.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from math import ceil, floor
from typing import Any

from django.db.models import BigIntegerField, Case, F, Func, Q, Value, When

from reports.ledger import arrays
from reports.ledger.arrays import split
from reports.ledger.columns import Packed, quantile
from reports.ledger.packs import Column
from reports.metrics.flow import Backlog, Flow
from reports.periods import Period
from reports.reading import Filter, stays

_NEVER = 2**60
_ENTERED = ("created", "reopened", "restored")
_LEFT = ("solved", "bulk_closed", "removed")


@dataclass(frozen=True, slots=True)
class At:
    """The backlog at a moment."""

    moment: datetime
    backlog: Backlog


class _Seconds(Func):
    """Whole seconds since 1970, as the fold counts them."""

    template = "floor(date_part('epoch', %(expressions)s))::int8"
    output_field = BigIntegerField()


def follow(chosen: Filter, period: Period, moments: Sequence[datetime]) -> tuple[Flow, list[At]]:
    """What entered and left in a period, and the backlog just before each moment, in order of time. Two statements.

    The stays that touch the period are read packed, each column in the same order. Opening and closing are counted
    from who was inside, not from the movements: the sum must hold, and is looked at.
    """
    import numpy as np

    last, first = max([period.end, *moments]), min([period.start, *moments])
    start, came, gone, entry, exit_ = _packed(chosen, first, last) or _read(chosen, first, last)
    begins, ends = ceil(period.start.timestamp()), ceil(period.end.timestamp())
    instants = np.array([ceil(moment.timestamp()) for moment in moments], dtype=np.int64)
    # who was inside at which of the moments: most stays lie between two of them
    at_first, after_last = (np.searchsorted(instants, times, side="right") for times in (came, gone))
    inside = np.flatnonzero(at_first < after_last)
    times_seen = (after_last - at_first)[inside]
    places = np.repeat(at_first[inside] - np.concatenate(([0], np.cumsum(times_seen)[:-1])), times_seen)
    starts = split(np.repeat(start[inside], times_seen), places + np.arange(len(places)), len(moments))

    def standing(moment: datetime, starts: Any) -> Backlog:
        ages: Any = np.maximum(floor(moment.timestamp()) - starts[::-1], 0)
        return Backlog(len(ages), quantile(ages, 0.5), quantile(ages, 0.9), int(ages[-1]) if len(ages) else None)

    def inside_at(instant: int) -> int:
        return int(np.count_nonzero((came < instant) & (gone >= instant)))

    entered = np.bincount(entry[(came >= begins) & (came < ends)] + 1, minlength=len(_ENTERED) + 1).tolist()[1:]
    left = np.bincount(exit_[(gone >= begins) & (gone < ends)] + 1, minlength=len(_LEFT) + 1).tolist()[1:]
    flow = Flow(
        opening=inside_at(begins),
        **dict(zip(_ENTERED, entered, strict=True)),
        solved=left[0] + left[1], bulk_closed=left[1], removed=left[2],
        closing=inside_at(ends),
    )  # fmt: skip
    return flow, [At(moment, standing(moment, some)) for moment, some in zip(moments, starts, strict=True)]


def _packed(chosen: Filter, first: datetime, last: datetime) -> "tuple[Any, ...] | None":
    """Start, entry, exit in seconds, and how they came and left, of the stays that touch a stretch of time."""
    import numpy as np

    rows = stays(chosen).filter(Q(left_at__gte=first) | Q(left_at=None), entered_at__lt=last)
    frame = arrays.of(rows, "started_at", "entered_at", "left_at", "entered_by", "left_by")
    if frame is None:
        return None
    left = frame["left_at"]

    def places(column: Column, kinds: Sequence[str]) -> Any:
        of = [kinds.index(value) if value in kinds else -1 for value in column.values]
        return np.array(of, dtype=np.int64)[column.data]

    return (
        frame["started_at"].data // 1_000_000, frame["entered_at"].data // 1_000_000,
        np.where(left.known(), left.data // 1_000_000, _NEVER),
        places(frame["entered_by"], _ENTERED), places(frame["left_by"], _LEFT),
    )  # fmt: skip


def _read(chosen: Filter, first: datetime, last: datetime) -> "tuple[Any, ...]":
    """The same by PostgreSQL."""
    import numpy as np

    kinds = {
        "entry": Case(*[When(entered_by=kind, then=Value(i)) for i, kind in enumerate(_ENTERED)], default=Value(-1),
                      output_field=BigIntegerField()),
        "exit": Case(*[When(left_by=kind, then=Value(i)) for i, kind in enumerate(_LEFT)], default=Value(-1),
                     output_field=BigIntegerField()),
    }  # fmt: skip
    touching = stays(chosen).filter(entered_at__lt=last).annotate(
        start=_Seconds(F("started_at")), came=_Seconds(F("entered_at")), gone=_Seconds(F("left_at")), **kinds
    )  # fmt: skip
    columns = []
    # apart, so that each is read along the index of those that left
    for rows in (touching.filter(left_at__gte=first), touching.filter(left_at=None)):
        read = rows.aggregate(
            start_=Packed("start"), came_=Packed("came"), gone_=Packed("gone"), entry_=Packed("entry"),
            exit_=Packed("exit"),
        )  # fmt: skip
        start, came, gone, entry, exit_ = (
            np.frombuffer(bytes(read[name] or b""), dtype=">i8").astype(np.int64)
            for name in ("start_", "came_", "gone_", "entry_", "exit_")
        )
        columns.append((start, came, gone if len(gone) == len(came) else np.full(len(came), _NEVER), entry, exit_))
    return tuple(np.concatenate(both) for both in zip(*columns, strict=True))
