"""The guard of small numbers: what may be shown of what people answered.

Fewer than five answers are never shown, and neither are answers that subtraction of what is shown would give away:
between the cells of a table and its total, between two choices of filters, and, for anonymous answers, between two
periods. The rules and their limits: docs/decisions/0013.
"""

from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, Literal

from django.db.models import Count, Min, QuerySet
from django.utils.translation import gettext as _

from reports.counting.grouping import grouped
from reports.ledger.columns import how_many, tallied
from reports.metrics.satisfaction import SMALLEST_CELL, suppressed
from reports.reading import Filter

#: the filters that narrow a choice; each is a column of the facts
DIMENSIONS = ("inbox", "team", "channel", "topic")
Why = Literal["", "few", "difference", "person"]


@dataclass(frozen=True, slots=True)
class Guard:
    """Whether the answers of a choice may be shown, and if not, why."""

    n: int
    why: Why = ""

    @property
    def hides(self) -> bool:
        return bool(self.why)

    @property
    def said(self) -> str:
        """Why nothing is shown, in words; nothing of the numbers."""
        if self.why == "difference":
            return _(
                "Not shown: this choice differs from a wider one by so few answers that people could be recognised."
            )
        if self.why == "person":
            return _(
                "Not shown: all of this is one colleague's, and figures of one person are theirs and their leads'."
            )
        if self.why == "few" and self.n:
            return _("Not shown below %(n)d answers: chance would speak, and people could be recognised.") % {
                "n": SMALLEST_CELL
            }
        return _("Nobody has answered in this period.") if self.why else ""


def guard(chosen: Filter, rows: "Callable[[Filter], QuerySet[Any]]", n: int | None = None) -> Guard:
    """Whether the answers that `rows` finds for a choice may be shown. One query; none without a filter if `n` says
    how many they are; one more for a team, where the reader leads nobody."""
    narrowed = tuple(name for name in DIMENSIONS if getattr(chosen, name) not in (None, ""))
    wide = replace(chosen, inboxes=chosen.seen, inbox=None, team=None, channel=None, topic=None)
    if not narrowed:
        return judge({}, [((), how_many(rows(wide)) if n is None else n)])
    found = tallied(rows(wide), *narrowed, n=Count("*"))
    made = judge({name: getattr(chosen, name) for name in narrowed}, [(row[:-1], row[-1]) for row in found])
    if not made.hides and chosen.team is not None and of_one_person(chosen, rows(chosen), "team"):
        return Guard(made.n, "person")
    return made


def of_one_person(chosen: Filter, rows: "QuerySet[Any]", column: str) -> frozenset[Any]:
    """The values of a column whose answers are all about one colleague, who is not the reader: figures of single people
    are their own. None for leads, who see those of their inboxes. `rows` say whose they are by `agent`."""
    if chosen.is_lead:
        return frozenset()
    found = rows.order_by().values_list(column).annotate(people=Count("agent", distinct=True), who=Min("agent"))
    return frozenset(value for value, people, who in found if people == 1 and who != chosen.reader)


def of_one_of(chosen: Filter, found: Iterable[tuple[Any, Any]]) -> frozenset[Any]:
    """As `of_one_person`, of values with whose answers those are."""
    if chosen.is_lead:
        return frozenset()
    people: dict[Any, set[Any]] = {}
    for value, who in found:
        people.setdefault(value, set()).update({who} - {None})
    return frozenset(value for value, those in people.items() if len(those) == 1 and those != {chosen.reader})


def and_these(hidden: frozenset[Any], sizes: Mapping[Any, int], more: frozenset[Any]) -> frozenset[Any]:
    """The cells to hide when these are to be, too, however large: never one alone, which subtraction would show."""
    if not more - hidden:
        return hidden
    hidden |= more
    rest = sorted((key for key, n in sizes.items() if n and key not in hidden), key=lambda key: (sizes[key], str(key)))
    return hidden | frozenset(rest[:1]) if len([key for key in hidden if sizes.get(key)]) == 1 else hidden


def cells(
    chosen: Filter, rows: "Callable[[Filter], QuerySet[Any]]", sizes: Mapping[str, Mapping[Any, int]]
) -> dict[str, frozenset[Any]]:
    """Which cells of tables of one choice to hide: by each column of `sizes` those whose answers are too few, or whose
    choice as one more filter would have to be hidden. One query where the choice is narrow, none where not; one more
    for teams, where the reader leads nobody."""
    narrowed = tuple(name for name in DIMENSIONS if getattr(chosen, name) not in (None, ""))
    found = {column: hidden_cells(of) for column, of in sizes.items()}
    if "team" in sizes and len(sizes["team"]) > 1:
        found["team"] = and_these(found["team"], sizes["team"], of_one_person(chosen, rows(chosen), "team"))
    if not narrowed:
        return found
    wide = replace(chosen, inboxes=chosen.seen, inbox=None, team=None, channel=None, topic=None)
    asked = {name: getattr(chosen, name) for name in narrowed}
    further = [column for column in sizes if column not in narrowed]
    sets = [(*narrowed, column) for column in further]
    for column, counts in zip(further, grouped(rows(wide), sets, {"n": None}) if sets else [], strict=True):
        counted = [(key, n) for key, (n,) in counts.items()]
        found[column] |= {value for value in sizes[column] if judge({**asked, column: value}, counted).hides}
    return found


def judge(choice: Mapping[str, Hashable], counts: Iterable[tuple[Sequence[Hashable], int]]) -> Guard:
    """The rule itself. `counts` are the answers of the widest choice by the values of the filters in `choice`."""
    wanted = tuple(choice.values())
    #: by which of the filters an answer meets
    boxes: Counter[tuple[bool, ...]] = Counter()
    #: the answers that meet all other filters, by the value of this one
    beside: list[Counter[Hashable]] = [Counter() for _name in wanted]
    for values, n in counts:
        meets = tuple(value == want for value, want in zip(values, wanted, strict=True))
        boxes[meets] += n
        for i, value in enumerate(values):
            if all(met for j, met in enumerate(meets) if j != i):
                beside[i][value] += n
    n = boxes[tuple(True for _name in wanted)]
    if n < SMALLEST_CELL:
        return Guard(n, "few")
    if any(0 < size < SMALLEST_CELL for size in boxes.values()):
        return Guard(n, "difference")
    for values_of, want in zip(beside, wanted, strict=True):
        if want in hidden_cells(values_of):
            return Guard(n, "difference")
    return Guard(n)


def hidden_cells(sizes: Mapping[Any, int], smallest: int = SMALLEST_CELL) -> frozenset[Any]:
    """Which cells of a published total to hide: those below the minimum, and further ones, the smallest first, until
    those hidden are together so many that their sum may be known. Empty cells hide nothing."""
    known = {key: n for key, n in sizes.items() if n}
    hidden = {key for key, reason in suppressed(known, smallest).items() if reason}
    for key in sorted(known, key=lambda key: (known[key], str(key))):
        if not hidden or sum(known[one] for one in hidden) >= smallest:
            break
        hidden.add(key)
    return frozenset(hidden)


def whole_blocks(weeks: Iterable[tuple[date, int]], smallest: int = SMALLEST_CELL) -> list[list[date]]:
    """Neighbouring weeks, in order, put together until each block holds enough answers; a rest that does not yet is
    left out. What is shown in whole blocks differs, for any two periods, by whole blocks."""
    blocks: list[list[date]] = []
    block: list[date] = []
    n = 0
    for week, answers in weeks:
        block.append(week)
        n += answers
        if n >= smallest:
            blocks.append(block)
            block, n = [], 0
    return blocks
