"""Which ticket a mail belongs to, and why.

Order of belief (design, reliability.md §2): In-Reply-To, then References from the right, then mails that answer the
same unseen mail, then mails that answer this one and overtook it; else a new ticket. Never the subject. Only the
customer of a ticket and its participants may join it.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

from tickets.models import Message, MessageKind, Participant, Ticket


@dataclass(slots=True)
class Threads:
    """What is known about the identifiers a batch of mails speaks of; a batch adds its own as it goes."""

    #: Message-ID -> its ticket
    said: dict[str, Ticket] = field(default_factory=dict)
    #: (Message-ID answered but never seen, sender's address) -> the ticket that waits for it
    awaited: dict[tuple[str, str], Ticket] = field(default_factory=dict)
    #: ticket -> addresses that may speak on it
    voices: dict[int, set[str]] = field(default_factory=lambda: defaultdict(set))

    def learn(self, ticket: Ticket, message_id: str, in_reply_to: Iterable[str], sender: str) -> None:
        """Remember a mail of this batch, so that the next one can answer it."""
        if message_id:
            self.said.setdefault(message_id, ticket)
        for identifier in in_reply_to:
            if identifier not in self.said:
                self.awaited.setdefault((identifier, sender), ticket)
        self.voices[id(ticket)].add(sender)

    def may_speak(self, ticket: Ticket, sender: str) -> bool:
        return sender in self.voices[id(ticket)]

    def find(self, message_id: str, answers: Iterable[str], sender: str) -> tuple[Ticket | None, str]:
        """The ticket of a mail and why, or (None, why not). `answers` are the ids it names, most believed first."""
        stranger = False
        answers = list(answers)
        for number, identifier in enumerate(answers):
            if ticket := self.said.get(identifier):
                if self.may_speak(ticket, sender):
                    return ticket, "in_reply_to" if number == 0 else "references"
                stranger = True
        for identifier in answers:
            if ticket := self.awaited.get((identifier, sender)):
                return ticket, "same_thread"
        if message_id and (ticket := self.awaited.get((message_id, sender))):
            return ticket, "overtaken"
        return None, "stranger" if stranger else "new"


def load(inboxes: set[int], identifiers: set[str], own_ids: set[str]) -> Threads:
    """Look up what a batch needs, in four queries. Tickets come locked, in the order of their numbers."""
    threads = Threads()
    if not identifiers and not own_ids:
        return threads
    rows = list(
        Message.objects.filter(message_id__in=identifiers, ticket__inbox__in=inboxes)
        .exclude(kind=MessageKind.NOTE)
        .values_list("message_id", "ticket_id")
    )
    waiting = list(
        Message.objects.filter(
            in_reply_to__in=identifiers | own_ids, kind=MessageKind.INCOMING, ticket__inbox__in=inboxes
        ).values_list("in_reply_to", "sender__address", "ticket_id")
    )
    numbers = {number for *_, number in rows} | {number for *_, number in waiting}
    tickets = {
        ticket.number: ticket
        for ticket in Ticket.objects.select_for_update(of=("self",)).filter(number__in=numbers).order_by("number")
    }
    for identifier, number in rows:
        threads.said.setdefault(identifier, tickets[number])
    for identifier, address, number in waiting:
        if address and identifier not in threads.said:
            threads.awaited.setdefault((identifier, address), tickets[number])
    for number, address in Ticket.objects.filter(number__in=numbers).values_list(
        "number", "customer__contact_points__address"
    ):
        if address:
            threads.voices[id(tickets[number])].add(address)
    for number, address in Participant.objects.filter(ticket__in=numbers).values_list("ticket_id", "address"):
        threads.voices[id(tickets[number])].add(address)
    return threads
