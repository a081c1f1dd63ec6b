"""What each figure should be on a quiet machine of two cores, printed beside it; some are asked of nobody."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Goal:
    """At most that many milliseconds, at least that many a second, or at least that part of the floor."""

    bound: float
    is_ratio: bool = False

    def said(self, unit: str) -> str:
        """In words."""
        if self.is_ratio:
            return f"goal ≥ {self.bound:g} of the floor"
        return f"goal ≤ {self.bound:g} ms" if unit == "median_ms" else f"goal ≥ {self.bound:g} a second"

    def is_met(self, unit: str, value: float, ratio: float) -> bool:
        """Whether a figure keeps it."""
        if self.is_ratio:
            return ratio >= self.bound
        return value <= self.bound if unit == "median_ms" else value >= self.bound


#: by what, unit, and the part, days, clients or workers that tell figures of one kind apart
_GOALS: Mapping[tuple[str, str, Any], Goal] = {
    ("queue", "median_ms", ""): Goal(15),
    ("queue", "per_s", 4): Goal(120),
    ("views", "median_ms", "tag"): Goal(15),
    ("views", "median_ms", "priority"): Goal(15),
    ("search", "median_ms", "rare"): Goal(100),
    ("search", "median_ms", "common"): Goal(200),
    ("ticket", "median_ms", ""): Goal(18),
    ("ticket", "median_ms", "reading"): Goal(18),
    ("ticket", "per_s", 4): Goal(100),
    ("report", "median_ms", 30): Goal(150),
    ("reports", "median_ms", 30): Goal(150),
    ("reports", "median_ms", 365): Goal(800),
    ("reports", "median_ms", "freshness"): Goal(5000),
    ("reports", "median_ms", "sweep"): Goal(5000),
    ("reports", "per_s", "rebuild"): Goal(20_000),
    ("surveys", "per_s", "scanners"): Goal(500),
    ("surveys", "per_s", "answers"): Goal(200),
    ("chat", "median_ms", "to_agent"): Goal(250),
    ("chat", "median_ms", "to_visitor"): Goal(250),
    ("intake", "per_s", 1): Goal(0.4, is_ratio=True),
    ("webhooks", "per_s", 2): Goal(300),
    ("api", "per_s", 1): Goal(80),
    ("api", "per_s", 8): Goal(300),
}


def of(what: str, unit: str, more: Mapping[str, Any]) -> Goal | None:
    """The goal of a figure, if it has one."""
    part = more.get("part") or more.get("days") or more.get("workers") or more.get("clients") or ""
    return _GOALS.get((what, unit, part))
