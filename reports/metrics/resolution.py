"""How long matters took, how often they came back, and how many replies they needed."""

from collections import Counter
from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal, NamedTuple

from reports.counting.statistics import Percentiles, percentiles, share
from reports.ledger.ticket_facts import TicketFacts

Label = Literal[
    "fcr_confirmed",
    "fcr_operational",
    "reopened",
    "repeat_contact",
    "follow_up",
    "unresolved",
    "customer_says_no",
    "not_one_reply",
    "window_open",
    "excluded",
]
SUCCESSES: frozenset[Label] = frozenset({"fcr_confirmed", "fcr_operational"})
JUDGED: frozenset[Label] = SUCCESSES | {"reopened", "repeat_contact", "customer_says_no", "not_one_reply"}


def sample(tickets: Iterable[TicketFacts]) -> list[TicketFacts]:
    """The tickets whose resolution is measured: resolved now, not bulk-closed, not abandoned, not out."""
    return [ticket for ticket in tickets if ticket.in_quality and ticket.resolution_s is not None]


def full_resolution(tickets: Iterable[TicketFacts]) -> Percentiles:
    """From the earliest contact to the last resolution, of tickets resolved now."""
    return percentiles(ticket.resolution_s for ticket in sample(tickets))


def first_resolution(tickets: Iterable[TicketFacts]) -> Percentiles:
    """From the earliest contact to the first resolution, whatever happened since."""
    return percentiles(ticket.first_resolution_s for ticket in tickets if ticket.in_quality)


# ---------------------------------------------------------------------- reopening


@dataclass(frozen=True, slots=True)
class Reopens:
    """Tickets reopened among tickets resolved at least once; net leaves courtesy reopenings out."""

    solved: int
    reopened: int
    reopened_net: int
    times: int
    rate_raw: float | None
    rate_net: float | None
    per_solved: float | None


def reopens(tickets: Iterable[TicketFacts]) -> Reopens:
    """How often resolved tickets came back, counted in tickets and not in events."""
    solved = [ticket for ticket in tickets if ticket.in_quality and ticket.resolutions]
    raw = sum(ticket.reopens > 0 for ticket in solved)
    net = sum(ticket.net_reopens > 0 for ticket in solved)
    times = sum(ticket.reopens for ticket in solved)
    n = len(solved)
    return Reopens(n, raw, net, times, share(raw, n), share(net, n), share(times, n))


# ---------------------------------------------------------------------- touches


@dataclass(frozen=True, slots=True)
class Touches:
    """Resolved tickets by the number of public human replies they took."""

    zero: int
    one: int
    two: int
    multi: int

    @property
    def solved(self) -> int:
        return self.zero + self.one + self.two + self.multi

    @property
    def one_touch_rate(self) -> float | None:
        return share(self.one, self.solved)


def touches(tickets: Iterable[TicketFacts]) -> Touches:
    """One-touch is exactly one reply and no net reopening; solving without any reply is apart."""
    counts = Counter(ticket.touches for ticket in tickets if ticket.in_quality)
    return Touches(counts["zero"], counts["one"], counts["two"], counts["multi"])


# ---------------------------------------------------------------------- first contact resolution


class Verdict(NamedTuple):
    """What became of one ticket, and what the log alone says."""

    label: Label
    log_agrees: bool


@dataclass(frozen=True, slots=True)
class FirstContact:
    """First contact resolution. Net: of resolved and mature tickets; gross adds the unresolved ones."""

    labels: Mapping[Any, Label]
    successes: int
    judged: int
    unresolved: int
    survey_answers: int
    survey_agrees: int

    @property
    def net(self) -> float | None:
        return share(self.successes, self.judged)

    @property
    def gross(self) -> float | None:
        return share(self.successes, self.judged + self.unresolved)

    @property
    def agreement(self) -> float | None:
        """How often the customer's own answer agrees with the log."""
        return share(self.survey_agrees, self.survey_answers)


def first_contact(
    tickets: Mapping[Any, TicketFacts],
    *,
    as_of: datetime,
    window: timedelta = timedelta(days=7),
    answers: Mapping[Any, bool] | None = None,
) -> FirstContact:
    """Which tickets were done with one reply and stayed done, whatever the channel of a next contact.

    `answers` says, by ticket, what the customer answered to "Was your problem solved?". Where a topic is unknown any
    other ticket of the customer counts as the same matter: the conservative reading.
    """
    answers = answers or {}
    others = _by_customer(tickets)
    verdicts = {
        key: _verdict(key, ticket, others.get(ticket.customer, ()), as_of, window, answers.get(key))
        for key, ticket in tickets.items()
    }
    labels = {key: verdict.label for key, verdict in verdicts.items()}
    judged = [key for key, label in labels.items() if label in JUDGED]
    answered = [key for key in judged if key in answers]
    return FirstContact(
        labels=labels,
        successes=sum(labels[key] in SUCCESSES for key in judged),
        judged=len(judged),
        unresolved=sum(label == "unresolved" for label in labels.values()),
        survey_answers=len(answered),
        survey_agrees=sum(answers[key] == verdicts[key].log_agrees for key in answered),
    )


Contacts = Iterable[tuple[Hashable, TicketFacts]]


def _by_customer(tickets: Mapping[Any, TicketFacts]) -> dict[Hashable, list[tuple[Hashable, TicketFacts]]]:
    found: dict[Hashable, list[tuple[Hashable, TicketFacts]]] = {}
    for key, ticket in tickets.items():
        if ticket.customer is not None and ticket.in_volume and ticket.is_contact:
            found.setdefault(ticket.customer, []).append((key, ticket))
    return found


def _verdict(
    key: Hashable, ticket: TicketFacts, others: Contacts, as_of: datetime, window: timedelta, answer: bool | None
) -> Verdict:
    if not ticket.in_quality:
        return Verdict("excluded", False)
    same = [one for other, one in others if other != key and _same_matter(ticket, one)]
    if ticket.follow_up_of is not None or any(_follows(ticket, one, window) for one in same):
        return Verdict("follow_up", False)
    if not ticket.resolutions:
        return Verdict("unresolved", False)
    solved_at = ticket.resolutions[0].at
    closes_at = solved_at + window
    if as_of < closes_at:
        return Verdict("window_open", False)
    if ticket.replies_before_first_resolution != 1:
        return Verdict("not_one_reply", False)
    if any(not back.courtesy and back.at < closes_at for back in ticket.reopenings):
        return Verdict("reopened", False)
    if any(ticket.created_at < one.created_at < closes_at for one in same):
        return Verdict("repeat_contact", False)
    if answer is None:
        return Verdict("fcr_operational", True)
    return Verdict("fcr_confirmed" if answer else "customer_says_no", True)


def _same_matter(one: TicketFacts, other: TicketFacts) -> bool:
    return one.topic is None or other.topic is None or one.topic == other.topic


def _follows(ticket: TicketFacts, earlier: TicketFacts, window: timedelta) -> bool:
    """Whether a ticket came while an earlier one was open or within the window after it was resolved."""
    if ticket.created_at <= earlier.created_at:
        return False
    if not earlier.resolutions:
        return earlier.left_at is None or ticket.created_at < earlier.left_at + window
    return ticket.created_at < earlier.resolutions[-1].at + window
