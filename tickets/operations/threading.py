"""Which ticket a mail belongs to, and why.

Order of belief (design, reliability.md §2): In-Reply-To, then References from the right, then mails that answer the
same unseen mail, then mails that answer this one and overtook it; else a new ticket. Never the subject. Only the
customer of a ticket and its participants may join it.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from tickets.models import AwaitedMessage, Message, MessageKind, Participant, Ticket

Key = tuple[int, str]
"""An inbox and a Message-ID: identifiers mean something only in the inbox that saw them."""


@dataclass(slots=True)
class Threads:
    """What is known about the identifiers a batch of mails speaks of; a batch adds its own as it goes."""

    #: a mail we saw -> its ticket
    said: dict[Key, Ticket] = field(default_factory=dict)
    #: (a mail named but never seen, the address that named it) -> the ticket that waits for it
    awaited: dict[tuple[Key, str], Ticket] = field(default_factory=dict)
    #: ticket -> addresses that may speak on it
    voices: dict[int, set[str]] = field(default_factory=lambda: defaultdict(set))
    #: number -> the one object that stands for this ticket in the batch
    tickets: dict[int, Ticket] = field(default_factory=dict)

    def ticket(self, number: int) -> Ticket:
        """A ticket of this batch, or one locked now. Raises Ticket.DoesNotExist."""
        if number not in self.tickets:
            self.tickets[number] = Ticket.objects.locked(number)
        return self.tickets[number]

    def learn(self, ticket: Ticket, inbox: int, message_id: str, answers: Iterable[str], sender: str) -> None:
        """Remember a mail of this batch, so that the next one can answer it."""
        if message_id:
            self.said.setdefault((inbox, message_id), ticket)
        for identifier in answers:
            if (inbox, identifier) not in self.said:
                self.awaited.setdefault(((inbox, identifier), sender), ticket)
        self.voices[id(ticket)].add(sender)

    def may_speak(self, ticket: Ticket, sender: str) -> bool:
        """Whether an address takes part in a ticket."""
        return sender in self.voices[id(ticket)]

    def find(self, inbox: int, message_id: str, answers: Sequence[str], sender: str) -> tuple[Ticket | None, str]:
        """The ticket of a mail and why, or (None, why not). `answers` are the ids it names, most believed first."""
        stranger = False
        for number, identifier in enumerate(answers):
            if ticket := self.said.get((inbox, identifier)):
                if self.may_speak(ticket, sender):
                    return ticket, "in_reply_to" if number == 0 else "references"
                stranger = True
        for identifier in answers:
            if ticket := self.awaited.get(((inbox, identifier), sender)):
                return ticket, "same_thread"
        if message_id and (ticket := self.awaited.get(((inbox, message_id), sender))):
            return ticket, "overtaken"
        return None, "stranger" if stranger else "new"


def load(inboxes: set[int], answers: set[str], own: set[str]) -> Threads:
    """Look up what a batch needs, in five queries. Tickets come locked, in the order of their numbers."""
    threads = Threads()
    if not answers and not own:
        return threads
    rows = list(
        Message.objects.filter(message_id__in=answers, ticket__inbox__in=inboxes)
        .exclude(kind=MessageKind.NOTE)
        .values_list("ticket__inbox_id", "message_id", "ticket_id")
    )
    waiting = list(
        AwaitedMessage.objects.filter(inbox__in=inboxes, identifier__in=answers | own).values_list(
            "inbox_id", "identifier", "address", "ticket_id"
        )
    )
    numbers = {row[-1] for row in rows} | {row[-1] for row in waiting}
    if not numbers:
        return threads
    tickets = threads.tickets = {
        ticket.number: ticket
        for ticket in Ticket.objects.select_for_update(of=("self",)).filter(number__in=numbers).order_by("number")
    }
    for inbox, identifier, number in rows:
        threads.said.setdefault((inbox, identifier), tickets[number])
    for inbox, identifier, address, number in waiting:
        threads.awaited.setdefault(((inbox, identifier), address), tickets[number])
    for number, address in Ticket.objects.filter(number__in=numbers).values_list(
        "number", "customer__contact_points__address"
    ):
        if address:
            threads.voices[id(tickets[number])].add(address)
    for number, address in Participant.objects.filter(ticket__in=numbers).values_list("ticket_id", "address"):
        threads.voices[id(tickets[number])].add(address)
    return threads
