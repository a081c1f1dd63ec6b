"""The table of `make faults`: what was done for each row of the matrix, and what the ledger said."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

HEAD = ("row", "tests", "rounds", "mails", "kills", "violations", "recovery p95", "injected")


@dataclass
class Line:
    """The sums of a row."""

    tests: int = 0
    rounds: int = 0
    mails: int = 0
    kills: int = 0
    violations: int = 0
    recoveries: list[float] = field(default_factory=list)
    injected: list[str] = field(default_factory=list)

    def add(self, figures: dict[str, Any]) -> None:
        self.tests += 1
        for name in ("rounds", "mails", "kills"):
            setattr(self, name, getattr(self, name) + figures[name])
        self.violations += len(figures["violations"])
        self.recoveries += figures["recoveries"]
        if figures["injected"] and figures["injected"] not in self.injected:
            self.injected.append(figures["injected"])


def p95(values: list[float]) -> float | None:
    """The 95th percentile, by nearest rank."""
    ordered = sorted(values)
    return ordered[max(0, -(-95 * len(ordered) // 100) - 1)] if ordered else None


def lines(figures: Iterable[dict[str, Any]]) -> dict[str, Line]:
    """The sums of each row, and of all."""
    rows: dict[str, Line] = defaultdict(Line)
    for one in figures:
        for name in one["rows"]:
            rows[name].add(one)
        rows["all"].add({**one, "injected": ""})
    return rows


def text(figures: Iterable[dict[str, Any]]) -> str:
    """The table, for a terminal."""
    rows = [HEAD]
    for name, line in sorted(lines(figures).items()):
        late = p95(line.recoveries)
        rows.append(
            (
                name, str(line.tests), str(line.rounds), f"{line.mails:,}", str(line.kills), str(line.violations),
                "" if late is None else f"{late:.1f} s", "; ".join(line.injected),
            )
        )  # fmt: skip
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEAD) - 1)]
    return "\n".join(
        "  ".join([*(cell.ljust(width) for cell, width in zip(row, widths, strict=False)), row[-1][:100]])
        for row in rows
    )
