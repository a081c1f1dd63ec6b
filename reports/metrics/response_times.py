"""How long customers waited for an answer."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from reports.counting.statistics import Percentiles, Survival, kaplan_meier, percentiles, share
from reports.ledger.ticket_facts import TicketFacts, seconds
from reports.periods import Period


def first_response(durations: Iterable[float | None]) -> Percentiles:
    """First response times: unanswered (None) ones are in no percentile, see `cohort` for them."""
    return percentiles(durations)


def next_response(durations: Iterable[float | None]) -> Percentiles:
    """Times from the oldest unanswered customer message after a reply to the next human reply."""
    return percentiles(durations)


def share_under(durations: Iterable[float | None], limit: float) -> float | None:
    """The share of known durations below a limit."""
    known = [duration for duration in durations if duration is not None]
    return share(sum(duration < limit for duration in known), len(known))


def wait_for_first_reply(facts: TicketFacts, as_of: datetime) -> tuple[int, bool] | None:
    """The time to the first reply and whether it came: an unanswered ticket is censored at its age.

    It stops ageing when it leaves the backlog or its visitor leaves. None when no first reply is owed.
    """
    if not facts.in_volume or facts.initiated_by == "agent":
        return None
    if facts.frt_s is not None and facts.first_reply_at is not None and facts.first_reply_at <= as_of:
        return facts.frt_s, True
    until = min(moment for moment in (as_of, facts.left_at, facts.abandoned_at) if moment is not None)
    return seconds(facts.started_at, until), False


def replied_in(tickets: Iterable[TicketFacts], period: Period) -> Percentiles:
    """First response times of the tickets first answered in a period, whenever they came: the operations view."""
    return percentiles(ticket.frt_s for ticket in tickets if ticket.in_volume and ticket.first_reply_at in period)


@dataclass(frozen=True, slots=True)
class Cohort:
    """The tickets that came in a period, how many are answered so far, and their survival curve."""

    n: int
    answered: int
    survival: Survival

    @property
    def median(self) -> float | None:
        return self.survival.median


def cohort(tickets: Iterable[TicketFacts], period: Period, as_of: datetime) -> Cohort:
    """First response of the tickets created in a period, the unanswered ones censored: the customer view.

    The number may still move until all of them are answered.
    """
    waits = [wait_for_first_reply(ticket, as_of) for ticket in tickets if ticket.created_at in period]
    observations = [wait for wait in waits if wait is not None]
    return Cohort(len(observations), sum(answered for _, answered in observations), kaplan_meier(observations))


@dataclass(frozen=True, slots=True)
class Abandonment:
    conversations: int
    abandoned: int
    rate: float | None


def abandonment(tickets: Iterable[TicketFacts], channel: str | None = "chat") -> Abandonment:
    """The share of chats whose visitor left before any human reply."""
    chats = [
        ticket
        for ticket in tickets
        if ticket.in_volume and ticket.initiated_by != "agent" and channel in (None, ticket.channel)
    ]
    gone = sum(chat.abandoned_at is not None for chat in chats)
    return Abandonment(len(chats), gone, share(gone, len(chats)))
