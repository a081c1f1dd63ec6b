"""Which ticket a mail belongs to, and why.

Order of belief (reliability.md §2): our signed address, In-Reply-To, References from the right, our reference line in
the text; then mails that answer the same unseen mail, then mails that answer this one and overtook it; then a number in
the subject, for somebody known whom their domain vouches for; else a new ticket. Never the words of the subject. Only
the customer of a ticket and its confirmed participants may join it, and only who was asked joins a side conversation.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from django.db import connection
from django.db.models import Q

from tickets import minting
from tickets.channels.email.naming import Named, Names
from tickets.models import AwaitedMessage, Message, MessageKind, OutgoingMail, Participant, SideConversation, Ticket

Key = tuple[int, str]
"""An inbox and a Message-ID: identifiers mean something only in the inbox that saw them."""

#: the words of Message.matched_by
WHY = (
    "new", "reply_address", "in_reply_to", "references", "marker", "subject", "same_thread", "overtaken", "same_id",
    "follow_up", "stranger", "report", "agent",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Known:
    """Where a mail we saw is: its ticket, the message it became, and the side conversation that is part of.

    A mail of the same batch has no message yet, but its text.
    """

    ticket: Ticket
    message: int | None = None
    side: int | None = None
    text: str = ""


@dataclass(frozen=True, slots=True)
class Match:
    """Where a mail belongs. `named` is the ticket it speaks of where its sender has no say."""

    ticket: Ticket | None
    why: str
    side: int | None = None
    named: Ticket | None = None


@dataclass(slots=True)
class Threads:
    """What is known about the identifiers a batch of mails speaks of; a batch adds its own as it goes."""

    #: a mail we saw -> where it is
    said: dict[Key, Known] = field(default_factory=dict)
    #: (a mail named but never seen, the address that named it) -> the ticket that waits for it
    awaited: dict[tuple[Key, str], Ticket] = field(default_factory=dict)
    #: ticket -> addresses that may speak on it
    voices: dict[int, set[str]] = field(default_factory=lambda: defaultdict(set))
    #: side conversation -> addresses that were asked
    asked: dict[int, set[str]] = field(default_factory=dict)
    #: number -> the one object that stands for this ticket in the batch
    tickets: dict[int, Ticket] = field(default_factory=dict)
    #: a mail's own id -> (inbox, ticket) of every mail we saw with that id
    seen: dict[str, list[tuple[int, int]]] = field(default_factory=lambda: defaultdict(list))

    def ticket(self, number: int) -> Ticket:
        """A ticket of this batch, or one locked now. Raises Ticket.DoesNotExist."""
        if number not in self.tickets:
            final = _finals({number}).get(number, number)
            if final not in self.tickets:
                self.tickets[final] = Ticket.objects.locked(final)
                _hear_voices(self, {final})
            self.tickets[number] = self.tickets[final]
        return self.tickets[number]

    def learn(self, ticket: Ticket, inbox: int, message_id: str, names: Names, sender: str, text: str = "") -> None:
        """Remember a mail of this batch, so that the next one can answer it, or turn out to be the same."""
        if message_id:
            self.said.setdefault((inbox, message_id), Known(ticket, text=text))
        for identifier in names.awaited:
            if (inbox, identifier) not in self.said:
                self.awaited.setdefault(((inbox, identifier), sender), ticket)
        self.voices[id(ticket)].add(sender)

    def may_speak(self, ticket: Ticket, sender: str) -> bool:
        """Whether an address takes part in a ticket."""
        return sender in self.voices[id(ticket)]

    def find(self, inbox: int, message_id: str, names: Names, sender: str, *, is_vouched_for: bool) -> Match:
        """The ticket of a mail and why, or none and why not. `is_vouched_for`: the sender's domain stands for them."""
        named: Ticket | None = None
        for one in names.ids:
            if known := self.said.get((inbox, one.identifier)):
                if known.side is not None:
                    if sender in self.asked.get(known.side, ()):
                        return Match(known.ticket, one.why, side=known.side)
                elif self.may_speak(known.ticket, sender):
                    return Match(known.ticket, one.why)
                named = named or known.ticket
        for one in names.ids:
            if ticket := self.awaited.get(((inbox, one.identifier), sender)):
                return Match(ticket, "same_thread")
        if message_id and (ticket := self.awaited.get(((inbox, message_id), sender))):
            return Match(ticket, "overtaken")
        for number in names.numbers if is_vouched_for else ():
            numbered = self.tickets.get(number)
            if numbered is not None and numbered.inbox_id == inbox and self.may_speak(numbered, sender):
                return Match(numbered, "subject")
        return Match(None, "stranger" if named is not None else "new", named=named)


def load(inboxes: set[int], ids: Iterable[Named], own: set[str], numbers: Iterable[int] = ()) -> Threads:
    """Look up what a batch needs, in a fixed number of queries. Tickets come locked, in the order of their numbers."""
    threads = Threads()
    answers = {one.identifier for one in ids}
    wanted = set(numbers)
    if not answers and not own and not wanted:
        return threads
    rows = _messages(answers | own)
    here = [row for row in rows if row[0] in inboxes]
    for inbox, identifier, number, _message, _side in rows:
        if identifier in own:
            threads.seen[identifier].append((inbox, number))
    here += _our_own_accord({i for i in answers - {row[1] for row in here} if minting.is_ours(i)}, inboxes)
    waiting = list(
        AwaitedMessage.objects.filter(inbox__in=inboxes, identifier__in=answers | own).values_list(
            "inbox_id", "identifier", "address", "ticket_id"
        )
    )
    wanted |= {row[2] for row in here} | {row[-1] for row in waiting}
    if not wanted:
        return threads
    finals = _finals(wanted)
    wanted = (wanted - set(finals)) | set(finals.values())
    tickets = threads.tickets = Ticket.objects.all_locked(wanted)
    _hear_voices(threads, set(tickets))
    # what names a ticket that went into another means the other
    tickets.update({number: tickets[final] for number, final in finals.items() if final in tickets})
    for inbox, identifier, number, message, side in here:
        if number in tickets:
            threads.said.setdefault((inbox, identifier), Known(tickets[number], message, side))
    for inbox, identifier, address, number in waiting:
        if number in tickets:
            threads.awaited.setdefault(((inbox, identifier), address), tickets[number])
    sides = {row[4] for row in here if row[4] is not None}
    threads.asked = {
        pk: set(addresses)
        for pk, addresses in SideConversation.objects.filter(pk__in=sides).values_list("pk", "addresses")
    }
    return threads


def _finals(numbers: set[int]) -> dict[int, int]:
    """Of these tickets those that were merged, and where their matter goes on; one question, however long the chain."""
    if not numbers:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(
            """
            WITH RECURSIVE up(number, at, next, steps) AS (
                SELECT number, number, merged_into_id, 0 FROM tickets_ticket
                WHERE number = ANY(%s) AND merged_into_id IS NOT NULL
                UNION ALL
                SELECT up.number, t.number, t.merged_into_id, up.steps + 1
                FROM up JOIN tickets_ticket t ON t.number = up.next WHERE up.steps < 100
            ) SELECT number, at FROM up WHERE next IS NULL
            """,
            [list(numbers)],
        )
        return dict(cursor.fetchall())


_Row = tuple[int, str, int, int | None, int | None]


def _messages(ids: set[str]) -> list[_Row]:
    """(inbox, Message-ID, ticket, message, side conversation) of the messages with these ids.

    The mails of a chat or a network come and go through another inbox: they are known there.
    """
    found = Message.objects.filter(message_id__in=ids).exclude(kind=MessageKind.NOTE).order_by("pk")
    rows = found.values_list(
        "ticket__inbox_id", "ticket__inbox__mails_through", "message_id", "ticket_id", "pk", "side_id"
    )
    return [(through or inbox, *rest) for inbox, through, *rest in rows]  # type: ignore[misc]


def _our_own_accord(ids: set[str], inboxes: set[int]) -> Sequence[_Row]:
    """The same for mails of ours that are no message on a ticket: acknowledgements and surveys are answered too."""
    if not ids:
        return []
    mails = OutgoingMail.objects.filter(Q(said=None), message_id__in=ids, inbox__in=inboxes, ticket__isnull=False)
    return [
        (inbox, identifier, number, None, None)
        for inbox, identifier, number in mails.values_list("inbox_id", "message_id", "ticket_id")
        if number is not None
    ]


def _hear_voices(threads: Threads, numbers: set[int]) -> None:
    """Who may speak on these tickets: every address of the customer, and whom an agent confirmed."""
    points = Ticket.objects.filter(number__in=numbers).values_list("number", "customer__contact_points__address")
    for number, address in points:
        if address:
            threads.voices[id(threads.tickets[number])].add(address)
    confirmed = Participant.objects.filter(ticket__in=numbers, is_confirmed=True)
    for number, address in confirmed.values_list("ticket_id", "address"):
        threads.voices[id(threads.tickets[number])].add(address)
