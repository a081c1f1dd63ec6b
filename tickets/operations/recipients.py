"""Who gets an answer: read from the message it answers, and marked where a reader should look twice."""

from collections.abc import Sequence
from functools import cached_property
from typing import NamedTuple

from django.conf import settings
from django.utils.translation import gettext as _

from helpdesk.models import Agent
from helpdesk.prepared import Prepared
from tickets import domains, hours, kept
from tickets.channels.email import addresses
from tickets.models import Message, MessageKind, Participant, Ticket
from tickets.operations import sending
from tickets.operations.addressees import (
    MOST,
    Chosen,
    Offer,
    Person,
    Recipients,
    check,
    is_robot,
    our_own,
    split,
)
from tickets.operations.status import NotPossible

__all__ = [
    "MOST", "Chosen", "Offer", "Person", "Recipients", "answered_by", "check", "decide", "describe", "is_robot",
    "our_own", "split", "suggest",
]  # fmt: skip


_answered_by = Prepared(
    lambda place: Message.objects.filter(
        ticket=place(int), kind=MessageKind.INCOMING, is_automated=False, withdrawn_at=None
    ).exclude(marks__contains=["stranger"]).order_by("-created_at", "-id")[:1],
    related="sender",
)  # fmt: skip


def answered_by(ticket: Ticket) -> Message | None:
    """The message an answer answers unless somebody chose another: the latest a person we know wrote."""
    message = next(iter(_answered_by(ticket.pk)), None)
    if message is not None:
        message.ticket = ticket
    return message


def latest_answerable(said: Sequence[Message]) -> Message | None:
    """As `answered_by`, of messages that are at hand, oldest first."""
    return next(
        (
            message
            for message in reversed(said)
            if message.kind == MessageKind.INCOMING and not message.is_automated and "stranger" not in message.marks
        ),
        None,
    )


def suggest(ticket: Ticket, answered: Message | None, *, said: Sequence[Message] | None = None) -> Recipients:
    """Who an answer to this message goes to, by itself.

    To: where its sender wants answers, if their word can be trusted; the sender, if they are the customer or somebody
    an agent confirmed; else the customer. Copies: everybody confirmed. Whom a mail merely names is offered, except on
    a ticket's first mail, when it is authenticated and nobody answered yet. `said` are the ticket's messages, oldest
    first, where they are at hand: then it is a page that asks, and who is a colleague may be some seconds old.
    """
    circle = _Circle(ticket, answered, said)
    return circle.described(circle.by_default())


def describe(ticket: Ticket, answered: Message | None, chosen: Chosen) -> Recipients:
    """The same of recipients somebody chose."""
    return _Circle(ticket, answered).described(chosen)


def decide(ticket: Ticket, answered: Message | None, given: Chosen | None) -> Chosen:
    """Whom an answer goes to: what was given, checked, or what the answered message says. Raises NotPossible.

    Nobody at all is right only where the customer has no address.
    """
    suggested = suggest(ticket, answered).chosen
    if given is None:
        return suggested
    checked = check(given)
    if not checked.to and suggested.to:
        raise NotPossible(_("Nobody stands in To. Say who gets this answer."))
    return checked


class _Utterance(NamedTuple):
    """What is asked of a public message."""

    pk: int
    kind: str
    sender__address: str | None
    sender_name: str
    authentication: str
    to: list[str]
    cc: list[str]
    bcc: list[str]


def _public(ticket: Ticket) -> list[_Utterance]:
    said = ticket.messages.filter(
        kind__in=[MessageKind.INCOMING, MessageKind.REPLY], withdrawn_at=None, is_automated=False
    )
    return [_Utterance(*row) for row in said.order_by("created_at", "id").values_list(*_Utterance._fields)]


def _is_public(message: Message) -> bool:
    return message.kind in (MessageKind.INCOMING, MessageKind.REPLY) and not message.is_automated


def _utterance(one: Message) -> _Utterance:
    address = one.sender.address if one.sender else None
    return _Utterance(one.pk, one.kind, address, one.sender_name, one.authentication, one.to, one.cc, one.bcc)


class _Circle:
    """Everybody around a ticket, looked up once."""

    def __init__(self, ticket: Ticket, answered: Message | None, said: Sequence[Message] | None = None) -> None:
        self.ticket = ticket
        self.answered = answered if answered is not None and answered.kind == MessageKind.INCOMING else None
        points = [point for point in ticket.customer.contact_points.all() if point.channel == "email"]
        self.points = {point.address.lower(): point for point in points}
        self.participants: dict[str, Participant] = {p.address.lower(): p for p in ticket.participants.all()}
        self.confirmed = [p.address for p in self.participants.values() if p.is_confirmed]
        self.at_hand = said
        self.said = _public(ticket) if said is None else [_utterance(one) for one in said if _is_public(one)]
        inboxes = None if said is None else [one.address for one in hours.inboxes(set()).values()]
        self.ours = set(our_own(self._all_named(), inboxes))

    def _all_named(self) -> set[str]:
        named = {a for said in self.said for a in (said.sender__address, *said.to, *said.cc) if a}
        if self.answered is not None:
            named.update(self.answered.reply_to)
        return {address.lower() for address in named}

    @cached_property
    def colleagues(self) -> set[str]:
        if self.at_hand is not None:
            return self._all_named() & kept.agent_addresses()
        return set(Agent.objects.filter(email__in=self._all_named()).values_list("email", flat=True))

    @cached_property
    def customer(self) -> str:
        """Where the customer is reached."""
        return next(iter(sending.recipients(self.ticket, said=self.at_hand)), "")

    @cached_property
    def written_to(self) -> set[str]:
        """Whom answers of ours went to."""
        ours = (said for said in self.said if said.kind == MessageKind.REPLY)
        return {address.lower() for said in ours for address in (*said.to, *said.cc, *said.bcc)}

    def is_known(self, address: str) -> bool:
        participant = self.participants.get(address)
        return address in self.points or address in self.written_to or bool(participant and participant.is_confirmed)

    # --- by default -------------------------------------------------------------------------------------------------

    def by_default(self) -> Chosen:
        to, cc = self._first()
        cc += [a for a in self.confirmed if not is_robot(a)] + self._companions()
        to = self._fit(to) or self._fit([self.customer])
        taken = {address.lower() for address in to}
        return Chosen(tuple(to), tuple(a for a in self._fit(cc) if a.lower() not in taken)[: MOST - len(to)])

    def _first(self) -> tuple[list[str], list[str]]:
        """To, and who must not be forgotten for it."""
        sender = self.answered.sender.address if self.answered is not None and self.answered.sender else ""
        if point := self.points.get(sender.lower()):
            return self._reply_to(sender) or [self.customer if point.is_bouncing else sender], []
        if sender.lower() in {a.lower() for a in self.confirmed}:
            return self._reply_to(sender) or [sender], [self.customer]
        return [self.customer], []

    def _reply_to(self, sender: str) -> list[str]:
        """Where the sender wants answers, as far as it is surely them who asks: a stranger never takes their place."""
        assert self.answered is not None
        wanted = self._fit(self.answered.reply_to)[:5]
        if self.answered.authentication == "pass":
            return wanted
        return [a for a in wanted if a.lower() in self.points or self._is_confirmed(a) or _are_colleagues(a, sender)]

    def _is_confirmed(self, address: str) -> bool:
        return address.lower() in {a.lower() for a in self.confirmed}

    def _companions(self) -> list[str]:
        """Others on the answered message who get copies without being asked for."""
        named = self._named()
        if self._is_trusted_beginning():
            return [a for a in named if a.lower() not in self.colleagues]
        return [a for a in named if a.lower() in self.points]

    def _is_trusted_beginning(self) -> bool:
        """Whether it answers the ticket's very first mail, which is authenticated, and nobody answered yet."""
        first = self.said[0] if self.said else None
        return bool(
            self.answered is not None
            and first is not None
            and first.pk == self.answered.pk
            and self.answered.authentication == "pass"
            and not any(said.kind == MessageKind.REPLY for said in self.said)
        )

    def _named(self) -> list[str]:
        """Whom the answered message named beside us."""
        if self.answered is None:
            return []
        return [a for a in self._fit([*self.answered.to, *self.answered.cc]) if not is_robot(a)]

    def _fit(self, candidates: Sequence[str]) -> list[str]:
        """Addresses one can send to and that are not ours, each once."""
        found: dict[str, str] = {}
        for candidate in candidates:
            address = addresses.normal(candidate)
            if address and address.lower() not in self.ours:
                found.setdefault(address.lower(), address)
        return list(found.values())

    # --- as it is shown ---------------------------------------------------------------------------------------------

    def described(self, chosen: Chosen) -> Recipients:
        taken = {address.lower() for address in chosen.everybody}
        return Recipients(
            to=self._people(chosen.to),
            cc=self._people(chosen.cc),
            bcc=self._people(chosen.bcc),
            left=tuple(Person(a, self._name(a)) for a in self._last_present() if a.lower() not in taken),
            offered=tuple(offer for offer in self._offers() if offer.address.lower() not in taken),
        )

    def _people(self, addresses: Sequence[str]) -> tuple[Person, ...]:
        return tuple(self._person(address) for address in addresses)

    def _person(self, address: str) -> Person:
        lower = address.lower()
        verdicts = [said.authentication for said in self.said if (said.sender__address or "").lower() == lower]
        marks = [] if self.is_known(lower) else ["new"]
        if self._is_claimed(lower) and not verdicts:
            marks = ["unverified"]
        # where nobody checks senders, it says nothing of this one that nobody did
        if verdicts and (verdicts[-1] == "fail" or (settings.TRUSTED_AUTHSERV_ID and verdicts[-1] == "unknown")):
            marks.append("unverified")
        if (point := self.points.get(lower)) and point.is_bouncing:
            marks.append("bouncing")
        return Person(address, self._name(address), tuple(marks))

    def _is_claimed(self, lower: str) -> bool:
        """Whether it is what the customer typed into a form, and no address of theirs."""
        return lower not in self.points and lower == self.customer.lower()

    def _name(self, address: str) -> str:
        lower = address.lower()
        if lower in self.points or self._is_claimed(lower):
            return self.ticket.customer.name
        if (participant := self.participants.get(lower)) and participant.name:
            return participant.name
        names = [said.sender_name for said in self.said if (said.sender__address or "").lower() == lower]
        return names[-1] if names else ""

    def _last_present(self) -> list[str]:
        """Everybody on the latest message who could have got an answer."""
        if not self.said:
            return []
        last = self.said[-1]
        people = [last.sender__address or "", *last.to, *last.cc]
        if (last.sender__address or "").lower() not in self.points and last.kind == MessageKind.INCOMING:
            people.append(self.customer)
        present = [a for a in self._fit(people) if not is_robot(a) and a.lower() not in self.colleagues]
        # of the customer's own addresses one is enough
        return [a for a in present if a.lower() not in self.points or a == self.customer]

    def _offers(self) -> list[Offer]:
        by = self.answered.sender_name or str(self.answered.sender or "") if self.answered is not None else ""
        wanted = self._fit(self.answered.reply_to) if self.answered is not None else []
        offers = {a.lower(): Offer(a, self._name(a), by) for a in [*self._named(), *wanted]}
        for participant in self.participants.values():
            if not participant.is_confirmed and participant.address.lower() not in self.ours:
                who = self._name(participant.suggested_by) or participant.suggested_by or by
                offers[participant.address.lower()] = Offer(participant.address, participant.name, who)
        if self.answered is not None and self.answered.sender and "stranger" in self.answered.marks:
            address = self.answered.sender.address
            offers.setdefault(address.lower(), Offer(address, self.answered.sender_name, by))
        return [offer for lower, offer in offers.items() if lower not in self.colleagues and not is_robot(lower)]


def _are_colleagues(one: str, other: str) -> bool:
    """Whether two addresses are of one house, which vouches for both."""
    domain = one.lower().rpartition("@")[2]
    return domain == other.lower().rpartition("@")[2] and domain not in domains.PUBLIC
