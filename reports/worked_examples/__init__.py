"""Worked examples of the figures: read, run through the product's own functions, and compared.

An example that cannot be read, that belongs to an unknown family or asks for something its family does not answer has
failed; nothing is ever skipped.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from reports.worked_examples.families import FAMILIES, Each, Known
from reports.worked_examples.vocabulary import Example

TOLERANCE = 1e-6


class Nothing:
    """The answer of a family that does not know what it is asked."""

    def __repr__(self) -> str:
        return "no answer"


NOTHING = Nothing()


@dataclass(frozen=True, slots=True)
class Mismatch:
    """One answer that is not the expected one."""

    key: str
    expected: Any
    got: Any


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one line: its example's name, what was wrong with it, or why it could not be run."""

    name: str
    family: str
    mismatches: tuple[Mismatch, ...] = ()
    problem: str = ""

    @property
    def passed(self) -> bool:
        return not self.mismatches and not self.problem


def check(lines: Iterable[str]) -> Iterator[Outcome]:
    """The outcome of every line that is not blank."""
    for number, line in enumerate(lines, start=1):
        if line.strip():
            yield _check_line(number, line)


def _check_line(number: int, line: str) -> Outcome:
    name = f"line {number}"
    try:
        case = json.loads(line, parse_constant=_refuse)
    except (ValueError, RecursionError) as error:
        return Outcome(name, "", problem=f"is not JSON: {error}")
    if not isinstance(case, dict):
        return Outcome(name, "", problem="is not an object with name, family, events and expected")
    name = str(case.get("name") or name)
    family = str(case.get("family") or "")
    events, expected = case.get("events"), case.get("expected")
    if not family or not isinstance(events, list) or not isinstance(expected, dict):
        return Outcome(name, family, problem="needs a family, a list of events and an object of expected answers")
    if family not in FAMILIES:
        return Outcome(name, family, problem=f"belongs to the unknown family “{family}”")
    asked = {key: value for key, value in expected.items() if not key.startswith("info_")}
    if not asked:
        return Outcome(name, family, problem="expects no answer")
    names = {key: tuple(value) if isinstance(value, dict) else () for key, value in asked.items()}
    try:
        answers = FAMILIES[family](Example(family, tuple(events), names))
    except Exception as error:
        return Outcome(name, family, problem=f"cannot be run: {_plain(error)}")
    found = (mismatch for key, value in asked.items() for mismatch in compare(key, value, answers.get(key, NOTHING)))
    return Outcome(name, family, mismatches=tuple(found))


def compare(key: str, expected: Any, got: Any) -> Iterator[Mismatch]:
    """Where an answer differs: whole numbers, words, yes and no and null exactly, other numbers within 1e-6.

    Two ways of writing the same instant are the same.
    """
    if isinstance(got, Each) and not isinstance(expected, Mapping):
        got = got.single
    if isinstance(expected, Mapping) and isinstance(got, Mapping):
        names = expected.keys() if isinstance(got, Known) else expected.keys() | got.keys()
        for name in sorted(names):
            if not name.startswith("info_"):
                yield from compare(f"{key}.{name}", expected.get(name, NOTHING), got.get(name, NOTHING))
    elif isinstance(expected, list) and isinstance(got, list | tuple) and len(expected) == len(got):
        for place, (one, other) in enumerate(zip(expected, got, strict=True)):
            yield from compare(f"{key}[{place}]", one, other)
    elif not _same(expected, got):
        yield Mismatch(key, expected, got)


def _same(expected: Any, got: Any) -> bool:
    if isinstance(expected, bool) or isinstance(got, bool) or expected is None or got is None:
        return expected is got
    if isinstance(expected, int) and isinstance(got, int | float):
        return expected == got
    if isinstance(expected, float) and isinstance(got, int | float):
        return abs(expected - got) <= TOLERANCE
    if isinstance(expected, str) and isinstance(got, str):
        return expected == got or (_instant(expected) is not None and _instant(expected) == _instant(got))
    return False


def _instant(text: str) -> datetime | None:
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return None
    return at if at.tzinfo is not None else None


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is not a number")


def _plain(error: Exception) -> str:
    if isinstance(error, KeyError):
        return f"it does not say “{error.args[0]}”"
    return str(error) or type(error).__name__
