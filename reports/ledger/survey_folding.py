"""Folding the survey events of one ticket into one row an asking. Pure: events in, facts out, no database."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from reports.ledger.folding import LedgerEvent, standing
from reports.ledger.ticket_facts import TicketFacts

State = Literal["invited", "sent", "bounced", "answered", "expired", "suppressed"]
#: tickets whose answers count for nothing
UNCOUNTED = frozenset({"spam", "deleted", "imported"})


@dataclass(slots=True)
class SurveyFacts:
    """One asking and its answer; or one that was held back or taken back, with the reason."""

    event: int
    ticket: int | None
    invitation: Any
    survey: Any
    kind: str | None
    state: State
    reason: str | None
    counts: bool
    inbox: Any
    channel: str | None
    team: Any
    agent: Any
    invited_at: datetime
    sent_at: datetime | None = None
    answered_at: datetime | None = None
    score: int | None = None
    has_comment: bool = False
    customer: Any = None
    topic: str | None = None
    language: str | None = None
    is_solved: bool | None = None
    low_reason: Any = None
    department: Any = None
    in_control: bool | None = None
    is_after_reminder: bool = False
    percent: int = 100
    # what was done on its ticket
    frt_s: int | None = None
    frt_business_s: int | None = None
    resolution_s: int | None = None
    open_s: int | None = None
    next_response_max_s: int | None = None
    replies: int | None = None
    people: int | None = None
    handoffs: int | None = None
    channel_switches: int | None = None
    net_reopens: int | None = None

    @property
    def is_delivered(self) -> bool:
        """Sent and not bounced. Who answered was reached, whatever a machine on the way said."""
        return self.sent_at is not None and self.state != "bounced"


def fold_surveys(ticket: int, events: Iterable[LedgerEvent], facts: TicketFacts) -> list[SurveyFacts]:
    """Every asking on a ticket, from all its events in ledger order and the facts folded from them."""
    askings: list[SurveyFacts] = []
    by_invitation: dict[Any, SurveyFacts] = {}
    counts = facts.klass not in UNCOUNTED
    team: Any = None
    agent: Any = None
    for event in standing(list(events)):
        verb, said = event.verb, event.facts
        if verb in ("ticket.created", "ticket.assigned") and "team" in said:
            team = said["team"]
        elif verb == "message.replied" and not said.get("automated"):
            agent = event.actor_id
        elif not verb.startswith("survey."):
            continue
        elif (known := by_invitation.get(said.get("invitation"))) is not None:
            _take_in(known, event)
        elif verb in ("survey.invited", "survey.suppressed"):
            held_back = verb == "survey.suppressed"
            asking = SurveyFacts(
                event=event.id,
                ticket=ticket,
                invitation=said.get("invitation"),
                survey=said.get("survey"),
                kind=said.get("kind"),
                state="suppressed" if held_back else "invited",
                reason=said.get("reason") if held_back else None,
                # ballots are counted by themselves: nobody can tell which of these were answered
                counts=counts and not said.get("anonymous"),
                inbox=facts.inbox,
                channel=facts.channel,
                team=team,
                agent=agent,
                invited_at=event.at,
                customer=facts.customer,
                topic=facts.topic,
                language=said.get("language"),
                percent=said.get("percent") or 100,
                frt_s=facts.frt_s,
                frt_business_s=facts.frt_business_s,
                resolution_s=facts.resolution_s,
                open_s=facts.waits.open_s,
                next_response_max_s=facts.next_response_max_s,
                replies=facts.replies,
                people=facts.people,
                handoffs=facts.handoffs,
                channel_switches=facts.channel_switches,
                net_reopens=facts.net_reopens,
            )
            askings.append(asking)
            if asking.invitation is not None:
                by_invitation[asking.invitation] = asking
    return askings


def fold_loose(events: Iterable[LedgerEvent], *, customer: int | None) -> SurveyFacts | None:
    """An asking about no ticket, from all events of its invitation in ledger order; None before it was invited.

    `customer` is who was asked, by whatever number they are known now.
    """
    asking: SurveyFacts | None = None
    for event in events:
        said = event.facts
        if asking is not None:
            _take_in(asking, event)
        elif event.verb in ("survey.invited", "survey.suppressed"):
            held_back = event.verb == "survey.suppressed"
            asking = SurveyFacts(
                event=event.id,
                ticket=None,
                invitation=said.get("invitation"),
                survey=said.get("survey"),
                kind=said.get("kind"),
                state="suppressed" if held_back else "invited",
                reason=said.get("reason") if held_back else None,
                counts=not said.get("anonymous"),
                inbox=said.get("inbox"),
                channel=said.get("channel"),
                team=None,
                agent=None,
                invited_at=event.at,
                customer=customer if customer is not None else said.get("customer"),
                language=said.get("language"),
                percent=said.get("percent") or 100,
            )
    return asking


def solved(askings: Iterable[SurveyFacts]) -> bool | None:
    """What the customer said last to "Was your problem solved?"; not what a machine pressed."""
    known = [one for one in askings if one.answered_at and one.is_solved is not None]
    said = [(one.answered_at, one.is_solved) for one in known]
    return max(said)[1] if said else None


def _take_in(asking: SurveyFacts, event: LedgerEvent) -> None:
    """What became of an asking."""
    if event.verb == "survey.invited":  # what held it back is over
        if asking.state == "suppressed":
            asking.state, asking.reason = "invited", None
    elif event.verb == "survey.sent":
        asking.sent_at = asking.sent_at or event.at
        if asking.state == "invited":
            asking.state = "sent"
    elif event.verb == "survey.left_to_mail":  # nobody saw it in the chat: it is asked anew
        if asking.state == "sent":
            asking.state, asking.sent_at = "invited", None
    elif event.verb == "survey.bounced":
        if asking.state != "answered":
            asking.state = "bounced"
    elif event.verb == "survey.expired":
        if asking.state in ("invited", "sent"):
            asking.state = "expired"
    elif event.verb in ("survey.suppressed", "survey.cancelled"):
        if asking.state == "invited":
            asking.state, asking.reason = "suppressed", event.facts.get("reason")
    elif event.verb == "survey.answered" and event.facts.get("doubtful"):
        _unanswer(asking)
    elif event.verb == "survey.answered":
        asking.state = "answered"
        asking.sent_at = asking.sent_at or asking.invited_at
        asking.answered_at = asking.answered_at or event.at
        asking.score = event.facts.get("score")
        asking.kind = event.facts.get("kind") or asking.kind
        asking.is_solved = event.facts.get("solved")
        asking.is_after_reminder = bool(event.facts.get("after_reminder"))
        _blame(asking, event.facts)
    elif event.verb == "survey.explained":
        _blame(asking, event.facts)
    elif event.verb == "survey.commented":
        asking.has_comment = bool(event.facts.get("has_comment", True))


def _unanswer(asking: SurveyFacts) -> None:
    """A machine pressed the buttons: this person was asked and has not answered, until they do so anew."""
    asking.state = "sent"
    asking.sent_at = asking.sent_at or asking.invited_at
    asking.answered_at = asking.score = asking.is_solved = None
    asking.low_reason = asking.department = asking.in_control = None
    asking.is_after_reminder = asking.has_comment = False


def _blame(asking: SurveyFacts, said: Mapping[str, Any]) -> None:
    """Why the score was low, and whose matter that is; a later word counts."""
    if "reason" in said:
        asking.low_reason, asking.department = said["reason"], said.get("department")
        asking.in_control = said.get("in_control")
