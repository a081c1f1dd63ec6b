"""Whom to ask, and which answers count: the rules of surveys as figures read them."""

from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

Decision = Literal["send", "opted_out", "throttled_any", "throttled_kind"]
SCALES: Mapping[str, tuple[int, int]] = {"csat": (1, 5), "ces1": (1, 5), "ces2": (1, 7), "nps": (0, 10)}


@dataclass(frozen=True, slots=True)
class Occasion:
    """A moment at which a customer could be asked."""

    id: Hashable
    customer: Hashable
    kind: str
    at: datetime
    opted_out: bool = False


def throttle(
    occasions: Iterable[Occasion], *, any_days: float = 14, kind_days: Mapping[str, float] | None = None
) -> list[tuple[Hashable, Decision]]:
    """Whether each occasion is taken, in the order of time. Exactly the limit is enough; a suppressed occasion does
    not restart it."""
    kind_days = kind_days if kind_days is not None else {"nps": 90}
    last: dict[Hashable, datetime] = {}
    last_of_kind: dict[tuple[Hashable, str], datetime] = {}
    decisions: list[tuple[Hashable, Decision]] = []
    for one in sorted(occasions, key=lambda occasion: occasion.at):
        key = (one.customer, one.kind)
        decision: Decision = "send"
        if one.opted_out:
            decision = "opted_out"
        elif one.customer in last and one.at - last[one.customer] < timedelta(days=any_days):
            decision = "throttled_any"
        elif key in last_of_kind and one.at - last_of_kind[key] < timedelta(days=kind_days.get(one.kind, any_days)):
            decision = "throttled_kind"
        if decision == "send":
            last[one.customer] = last_of_kind[key] = one.at
        decisions.append((one.id, decision))
    return decisions


@dataclass(frozen=True, slots=True)
class Hit:
    """One request for a survey page: only a POST with the page's nonce and a sound token says anything."""

    invitation: Hashable
    at: datetime
    method: str
    score: int | None
    from_page: bool
    token_ok: bool = True


def answers(
    sent: Mapping[Any, tuple[datetime, str]],
    hits: Iterable[Hit],
    *,
    settles: timedelta = timedelta(seconds=2),
    changeable: timedelta = timedelta(days=7),
    expires: timedelta = timedelta(days=30),
) -> dict[Hashable, int]:
    """The score that stands for each answered invitation. `sent` says when each was sent and of which kind.

    Scanners fetch every link: a fetch never answers, nor does anything within two seconds of delivery. The last score
    given within seven days of the first one wins.
    """
    scores: dict[Hashable, int] = {}
    first: dict[Hashable, datetime] = {}
    for hit in sorted(hits, key=lambda one: one.at):
        if hit.invitation not in sent or hit.method.upper() != "POST" or not hit.from_page or not hit.token_ok:
            continue
        sent_at, kind = sent[hit.invitation]
        low, high = SCALES.get(kind, SCALES["csat"])
        if hit.score is None or not low <= hit.score <= high:
            continue
        if not settles <= hit.at - sent_at <= expires:
            continue
        if hit.at - first.setdefault(hit.invitation, hit.at) <= changeable:
            scores[hit.invitation] = hit.score
    return scores
