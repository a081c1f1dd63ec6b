"""What was not done at a moment, and what went in and out: from the stays of tickets in the backlog.

The same numbers as `metrics.flow`, which takes whole tickets; the tests hold both beside each other.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from math import ceil, floor
from typing import Any

from django.db.models import BigIntegerField, Case, F, Func, Value, When

from reports.columns import Packed, quantile
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

    kinds = {
        "entry": Case(*[When(entered_by=kind, then=Value(i)) for i, kind in enumerate(_ENTERED)], default=Value(-1),
                      output_field=BigIntegerField()),
        "exit": Case(*[When(left_by=kind, then=Value(i)) for i, kind in enumerate(_LEFT)], default=Value(-1),
                     output_field=BigIntegerField()),
    }  # fmt: skip
    last = max([period.end, *moments])
    touching = stays(chosen).filter(entered_at__lt=last).annotate(
        start=_Seconds(F("started_at")), came=_Seconds(F("entered_at")), gone=_Seconds(F("left_at")), **kinds
    )  # fmt: skip
    columns = []
    # apart, so that each is read along the index of those that left
    for rows in (touching.filter(left_at__gte=min([period.start, *moments])), touching.filter(left_at=None)):
        read = rows.aggregate(
            start_=Packed("start"), came_=Packed("came"), gone_=Packed("gone"), entry_=Packed("entry"),
            exit_=Packed("exit"),
        )  # fmt: skip
        start, came, gone, entry, exit_ = (
            np.frombuffer(bytes(read[name] or b""), dtype=">i8").astype(np.int64)
            for name in ("start_", "came_", "gone_", "entry_", "exit_")
        )
        columns.append((start, came, gone if len(gone) == len(came) else np.full(len(came), _NEVER), entry, exit_))
    start, came, gone, entry, exit_ = (np.concatenate(both) for both in zip(*columns, strict=True))

    def inside(moment: datetime) -> "np.ndarray[tuple[int], np.dtype[np.bool_]]":
        instant = ceil(moment.timestamp())
        return (came < instant) & (gone >= instant)

    def standing(moment: datetime) -> Backlog:
        ages: Any = np.sort(np.maximum(floor(moment.timestamp()) - start[inside(moment)], 0))
        return Backlog(len(ages), quantile(ages, 0.5), quantile(ages, 0.9), int(ages[-1]) if len(ages) else None)

    begins, ends = ceil(period.start.timestamp()), ceil(period.end.timestamp())
    entered = {kind: int(np.sum((entry == i) & (came >= begins) & (came < ends))) for i, kind in enumerate(_ENTERED)}
    left = {kind: int(np.sum((exit_ == i) & (gone >= begins) & (gone < ends))) for i, kind in enumerate(_LEFT)}
    flow = Flow(
        opening=int(inside(period.start).sum()),
        created=entered["created"], reopened=entered["reopened"], restored=entered["restored"],
        solved=left["solved"] + left["bulk_closed"], bulk_closed=left["bulk_closed"], removed=left["removed"],
        closing=int(inside(period.end).sum()),
    )  # fmt: skip
    return flow, [At(moment, standing(moment)) for moment in moments]
