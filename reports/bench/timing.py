"""Taking time: the median of calls beside their floor, calls a second of several clients, and how a figure is said."""

import json
import os
import sys
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Any

from reports.bench import goals

#: nothing is repeated longer than that, whatever was asked
LONGEST_SECONDS = 60.0
#: of what takes seconds each time, so many calls are enough, and so long is warm
FEWEST, ENOUGH_SECONDS, WARM_SECONDS = 9, 20.0, 10.0
_MOST_CALLS = 50_000


@dataclass(frozen=True, slots=True)
class Effort:
    """How much work a figure may be: calls for a median, seconds of load, mails to take in."""

    times: int = 60
    seconds: float = 6.0
    mails: int = 1000


USUAL = Effort()


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure and its floor, in the same unit. `more` tells apart figures of one kind: clients, workers, days."""

    what: str
    size: str
    unit: str  # "median_ms" or "per_s"
    value: float
    floor: float
    said: str
    more: dict[str, Any] = field(default_factory=dict)

    @property
    def ratio(self) -> float:
        return self.value / self.floor if self.floor else 0.0


@dataclass(frozen=True, slots=True)
class Medians:
    """Milliseconds: of a call, of its floor, and of the processor in the call, which a busy machine changes less."""

    call: float
    floor: float
    cpu: float


def tell_median(what: str, size: str, found: Medians, said: str, **more: Any) -> None:
    """Print a median and its floor."""
    more["cpu_ms"] = _rounded(found.cpu)
    tell(Figure(what, size, "median_ms", found.call, found.floor, said, more))


def tell(figure: Figure) -> None:
    """Print a figure for people and for programs."""
    if figure.unit == "median_ms":
        words = f"{figure.value:8.1f} ms       floor {figure.floor:8.2f} ms    {figure.ratio:6.1f} times the floor"
        if "cpu_ms" in figure.more:
            words += f", processor {figure.more['cpu_ms']} ms"
    else:
        words = f"{figure.value:8.1f} a second floor {figure.floor:8.1f} a second {figure.ratio:5.2f} of the floor"
        if "cpu_ms" in figure.more:
            words += f", processor {figure.more['cpu_ms']} ms each"
    load = round(os.getloadavg()[0], 2)
    line = {
        "what": figure.what, "size": figure.size, figure.unit: _rounded(figure.value),
        "floor": _rounded(figure.floor), "ratio": _rounded(figure.ratio), **figure.more, "load": load,
    }  # fmt: skip
    if goal := goals.of(figure.what, figure.unit, figure.more):
        is_met = goal.is_met(figure.unit, figure.value, figure.ratio)
        words += f"   {goal.said(figure.unit)}{'' if is_met else ': not met'}"
        line |= {"goal": goal.bound, "met": is_met}
    say(f"  {figure.said:<44}{words}")
    say(f"BENCH {json.dumps(line)}")


def say(words: str) -> None:
    """A line at once, also into a pipe."""
    sys.stdout.write(words + "\n")
    sys.stdout.flush()


def _rounded(value: float) -> float:
    return float(f"{value:.4g}")


def medians(call: Callable[[], Any], floor: Callable[[], Any], effort: Effort) -> Medians:
    """How long a call takes and its floor, in turns so that both meet the same noise."""
    until = time.perf_counter() + WARM_SECONDS
    for _warm in range(min(10, effort.times)):
        call()
        floor()
        if time.perf_counter() > until:
            break
    taken: list[tuple[float, float, float]] = []
    began_all = time.perf_counter()
    while len(taken) < effort.times:
        spent = time.perf_counter() - began_all
        if taken and spent > (ENOUGH_SECONDS if len(taken) >= FEWEST else LONGEST_SECONDS):
            break
        began, worked = time.perf_counter(), time.thread_time()
        call()
        ended, rested = time.perf_counter(), time.thread_time()
        floor()
        taken.append((ended - began, time.perf_counter() - ended, rested - worked))
    return Medians(*(median(column) * 1000 for column in zip(*taken, strict=True)))


def per_second(clients: Sequence[Callable[[], Any]], seconds: float) -> tuple[float, int]:
    """How often a second several clients at once get done what each does again and again, and how often in all."""
    counts = [0] * len(clients)
    failures: list[BaseException] = []
    ready = threading.Barrier(len(clients) + 1)
    until = [0.0]

    def work(number: int, call: Callable[[], Any]) -> None:
        try:
            call()
            ready.wait(30)
            while time.perf_counter() < until[0] and counts[number] < _MOST_CALLS and not failures:
                call()
                counts[number] += 1
        except BaseException as error:
            failures.append(error)
            ready.abort()

    threads = [threading.Thread(target=work, args=(i, call), daemon=True) for i, call in enumerate(clients)]
    for thread in threads:
        thread.start()
    until[0] = time.perf_counter() + LONGEST_SECONDS
    try:
        ready.wait(60)
    except threading.BrokenBarrierError:
        pass
    began = time.perf_counter()
    until[0] = began + min(seconds, LONGEST_SECONDS)
    for thread in threads:
        thread.join(LONGEST_SECONDS * 2)
    took = time.perf_counter() - began
    if failures:
        raise failures[0]
    return sum(counts) / took, sum(counts)
