"""Whom to leave alone: one ledger of asking for each person, over all surveys. Everything here only reads."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from feedback.models import AskedBy, Complaint, Invitation, OptOut, Reason, Recovery, RecoveryState, Survey, SurveyKind
from helpdesk.events import history
from tickets.channels import directory
from tickets.models import ContactPoint, Conversation, MessageKind, Ticket
from tickets.operations import budget, chatting, posting, sending

#: recommendation is asked no more often than that, whatever a survey says
NPS_APART = timedelta(days=90)
_FURTHEST = timedelta(days=730)

#: what an event that takes the ticket out of our sight means, and the one that brings it back
_GONE = {
    "ticket.spammed": Reason.SPAM,
    "ticket.deleted": Reason.DELETED,
    "ticket.merged": Reason.MERGED,
}
_BACK = {"ticket.unspammed": Reason.SPAM, "ticket.restored": Reason.DELETED, "ticket.unmerged": Reason.MERGED}

#: why the budget of unrequested mail refuses, in our words; whoever had their mail of the day was asked enough
_REFUSED = {
    "no_address": Reason.NO_ADDRESS,
    "robot": Reason.BOUNCING,
    "bouncing": Reason.BOUNCING,
    "ours": Reason.INTERNAL,
    "spent": Reason.SPENT,
}


@dataclass(frozen=True, slots=True)
class Way:
    """By which way somebody is asked: into a talk of theirs, or by mail; `address` is "" where there is none."""

    address: str
    talk: Conversation | None = None

    @property
    def is_at_home(self) -> bool:
        """They are in our own chat: there one asks at its end, or never."""
        return self.talk is not None and directory.of(self.talk.inbox.channel).can.is_at_home

    @property
    def channel(self) -> str:
        return self.talk.inbox.channel if self.talk else "email"


def way_to(ticket: Ticket, survey: Survey) -> Way:
    """Where the customer of a ticket is asked: where they last wrote, if that is private and carries links, else by
    mail. In live chat while they are there. Whether the network still lets us write shows when it is sent."""
    mail = Way(_mailed(ticket))
    if survey.asks_by == AskedBy.MAIL or survey.is_anonymous:
        return mail
    theirs = ticket.messages.filter(kind=MessageKind.INCOMING, is_automated=False)
    last = theirs.order_by("-created_at", "-pk").values_list("channel", flat=True).first() or ticket.channel
    if mail.address and not posting.is_talk(last):
        return mail
    talk = next((route.talk for route in posting.routes(ticket) if route.talk and _may_ask_in(route)), None)
    return Way(talk.point.address, talk) if talk else mail


def _mailed(ticket: Ticket) -> str:
    """Where they get mail. What anybody could have typed is no address before one of us wrote there: a survey names
    what the ticket is about, and that was typed, too."""
    address = next(iter(sending.recipients(ticket)), "")
    if address and address == sending.claimed(ticket):
        answers = ticket.messages.filter(kind=MessageKind.REPLY, withdrawn_at=None, to__contains=[address])
        return address if answers.exists() else ""
    return address


def _may_ask_in(route: posting.Route) -> bool:
    """Private, with room for a link; and what is said at home is seen by who is there only."""
    can = route.can
    if can.is_at_home:
        return route.talk is not None and chatting.is_here(route.talk)
    return can.carries_links and not (can.is_read_only or route.is_public or can.is_public)


def why_not(customer_id: int, ticket: Ticket | None, recipient: str, *, channel: str = "email") -> Reason | None:
    """Why a customer should not be asked at all, after this ticket or after none, however long ago they last were.

    A recovery stands in the way while it goes on, also of the question about itself: that was reopened, then.
    """
    if ticket and (reason := _out_of_sight(ticket)):
        return reason
    if OptOut.objects.filter(customer=customer_id).exists():
        return Reason.OPTED_OUT
    if ticket and not ticket.messages.filter(kind=MessageKind.INCOMING, is_automated=False).exists():
        return Reason.NEVER_WROTE
    if not recipient:
        return Reason.NO_ADDRESS
    if ContactPoint.objects.filter(channel=channel, address=recipient, is_bouncing=True).exists():
        return Reason.BOUNCING
    # a colleague who writes to us is not a customer, and an inbox that answers itself is a loop
    if channel == "email" and (reason := because(budget.never(recipient))):
        return reason
    if Complaint.objects.filter(ticket__customer=customer_id, closed_at=None, withdrawn_at=None).exists():
        return Reason.COMPLAINT
    if Recovery.objects.filter(customer=customer_id).exclude(state=RecoveryState.CLOSED).exists():
        return Reason.RECOVERY
    return None


def because(refusal: str) -> Reason | None:
    """What a refusal of the budget of unrequested mail means for a survey; None where it refused nothing."""
    return _REFUSED.get(refusal, Reason.THROTTLED) if refusal else None


def too_soon(customer_id: int, survey: Survey, at: datetime) -> Reason | None:
    """Whether this person is asked, or was, too near to `at`; exactly the time they are to be left alone is enough.

    Of two askings both surveys' times to leave people alone count. What was held back, taken back or not delivered
    bothered nobody.
    """
    near = Invitation.objects.bothering(customer_id).filter(
        occasion_at__gt=at - _FURTHEST, occasion_at__lt=at + _FURTHEST
    )
    known = [(other.survey, other.occasion_at) for other in near.select_related("survey")]
    return reason_between(survey, at, known)


def reason_between(survey: Survey, at: datetime, others: Iterable[tuple[Survey, datetime]]) -> Reason | None:
    """Why an asking is too near to these others; the reason that holds for every survey goes first."""
    reason = None
    for other, then in others:
        between = abs(at - then)
        if between < apart(survey, other):
            return Reason.THROTTLED
        if survey.kind == other.kind == SurveyKind.NPS and between < NPS_APART:
            reason = Reason.THROTTLED_KIND
    return reason


def apart(survey: Survey, other: Survey) -> timedelta:
    """How long a person is left alone between an asking of the one survey and of the other."""
    return timedelta(days=max(survey.cool_down_days, other.cool_down_days))


def _out_of_sight(ticket: Ticket) -> Reason | None:
    """Spam, deleted, merged or imported, as the ledger has it."""
    gone: set[Reason] = set()
    for event in history(ticket.number, ["ticket.created", *_GONE, *_BACK]):
        if event.verb == "ticket.created" and event.facts.get("imported"):
            return Reason.IMPORTED
        if event.verb in _GONE:
            gone.add(_GONE[event.verb])
        elif event.verb in _BACK:
            gone.discard(_BACK[event.verb])
    return next((reason for reason in _GONE.values() if reason in gone), None)
