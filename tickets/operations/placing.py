"""Deciding, for a batch of mails that were read, on which ticket each belongs and what it does there.

Everything is decided in memory from a fixed number of queries; `writing_down` writes it, in a fixed number too.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db import connection

from helpdesk import clock
from tickets import courtesies, minting, texts
from tickets.channels.email import naming
from tickets.channels.email.naming import Names
from tickets.channels.email.parsing import ParsedMail
from tickets.models import (
    ContactPoint,
    Customer,
    Inbox,
    Message,
    MessageKind,
    Participant,
    RawMessage,
    RawState,
    Status,
    Ticket,
)
from tickets.operations import agent_notes, health, loops, machine_mail, status, threading
from tickets.operations.locking import advisory_key
from tickets.operations.threading import Match

#: how many people one mail may suggest for its ticket
MOST_SUGGESTED = 20


@dataclass(frozen=True, slots=True)
class Read:
    """A raw mail and what was read of it, or why nothing could be."""

    raw: RawMessage
    mail: ParsedMail | None
    content_hash: bytes = b""
    problem: str = ""


@dataclass(slots=True)
class Coming:
    """A mail fit to be placed, and where it says it belongs."""

    read: Read
    mail: ParsedMail
    names: Names

    @property
    def raw(self) -> RawMessage:
        return self.read.raw


@dataclass(slots=True)
class Arrival:
    """One mail on its way to a ticket."""

    raw: RawMessage
    mail: ParsedMail
    names: Names
    message: Message
    ticket: Ticket
    is_new: bool
    #: it reopens, starts clocks and is answered: a person wrote it, now, and not for the second time
    moves: bool
    reopened: dict[str, Any] | None = None
    woken: bool = False
    #: it opens its ticket as spam: its sender is blocked
    spammed: bool = False
    #: tickets of other inboxes that got the same mail
    copies: Sequence[int] = ()


@dataclass(slots=True)
class Batch:
    """Mails and what becomes of them."""

    reads: Sequence[Read]
    threads: threading.Threads = field(default_factory=threading.Threads)
    points: dict[str, ContactPoint] = field(default_factory=dict)
    new_customers: list[Customer] = field(default_factory=list)
    vouched_for: list[ContactPoint] = field(default_factory=list)
    arrivals: list[Arrival] = field(default_factory=list)
    outcomes: list[machine_mail.Outcome] = field(default_factory=list)
    #: what agents answered to notifications
    notes: list[agent_notes.Note] = field(default_factory=list)
    #: and what only says so
    withheld: list[tuple[RawMessage, agent_notes.Refusal]] = field(default_factory=list)
    #: suggestions for tickets that may not exist yet
    suggested: list[tuple[Ticket, Participant]] = field(default_factory=list)
    teams: dict[int, int | None] = field(default_factory=dict)
    ours: frozenset[str] | None = None

    def sort_out(self) -> None:
        """Decide where each mail goes."""
        readable = [coming for read in self.reads if (coming := self._readable(read)) is not None]
        deliveries = machine_mail.load([(one.mail, one.names) for one in readable])
        comings = [
            one
            for one in readable
            if not self._is_about_our_mail(one, deliveries) and not self._is_for_a_note(one) and self._is_good(one)
        ]
        if not comings:
            return
        self._lock(comings)
        done = self._already_done(comings)
        self.threads = threading.load(
            {one.raw.inbox_id for one in comings},
            [name for one in comings for name in one.names.ids],
            {one.raw.message_id for one in comings if one.raw.message_id},
            _numbers(comings),
        )
        self._load_points(comings)
        for one in comings:
            key = (one.raw.inbox_id, one.raw.message_id, one.read.content_hash)
            if key in done:
                one.raw.state, one.raw.reason_code = RawState.DUPLICATE, "duplicate"
                one.raw.reason = "The same mail came before."
                continue
            done.add(key)
            self._place(one)

    # --- what can be placed at all ----------------------------------------------------------------------------------

    def _readable(self, read: Read) -> Coming | None:
        raw, mail = read.raw, read.mail
        if mail is None:
            raw.state, raw.reason, raw.reason_code = RawState.PARKED, read.problem, "unreadable"
            return None
        raw.message_id = mail.message_id[:998]
        raw.content_hash = read.content_hash
        raw.subject = texts.line(mail.subject)
        raw.sender = mail.sender.address.lower()[:320] if mail.sender else ""
        domain = raw.inbox.address.rpartition("@")[2]
        return Coming(read, mail, naming.names(mail, envelope_to=raw.envelope_to, domain=domain))

    def _is_about_our_mail(self, one: Coming, deliveries: machine_mail.Deliveries) -> bool:
        """Delivery reports and test mails of ours are understood here and become no message."""
        raw = one.raw
        if not raw.is_history and self._is_our_test_mail(one):
            raw.state, raw.reason, raw.reason_code = RawState.RECORDED, "A test mail of ours came back.", "probe"
            return True
        if outcomes := deliveries.outcomes(one.mail, one.names):
            self.outcomes += outcomes
            raw.state = RawState.RECORDED
            machine_mail.told(raw, outcomes)
            return True
        if answered := deliveries.answered(one.names):  # a vacation message goes to the envelope's sender
            known = naming.Named(answered.mail.message_id, "reply_address")
            one.names = Names((known, *one.names.ids), (), (), one.names.numbers)
        return False

    def _is_for_a_note(self, one: Coming) -> bool:
        """What an agent answers to a notification is a note of theirs, or is held back: never anything else."""
        if one.raw.is_history or one.raw.is_released:
            return False
        verdict = agent_notes.judge(one.raw, one.mail)
        if isinstance(verdict, agent_notes.Note):
            self.notes.append(verdict)
        elif verdict is not None:
            self.withheld.append((one.raw, verdict))
        return verdict is not None

    def _is_our_test_mail(self, one: Coming) -> bool:
        """By the address it was sent to, or, where an inbox has no such addresses, by what it sent itself."""
        raw, mail = one.raw, one.mail
        tokens = list(one.names.probe_tokens)
        if not tokens and raw.sender == raw.inbox.address.lower():
            tokens = [health.probe_token(message_id=mail.message_id, text=mail.text)]
        return any(health.probe_came_back(raw.inbox, token) for token in tokens if token)

    def _is_good(self, one: Coming) -> bool:
        raw, mail = one.raw, one.mail
        released = raw.is_released and mail.sender is not None
        if (mail.sender is None or mail.sender_problem or "@" not in raw.sender) and not released:
            why = mail.sender_problem or "It names no sender."
            raw.state, raw.reason_code = RawState.QUARANTINED, "sender"
            raw.reason = f"Nobody can tell who sent it: {why}"
            return False
        if mail.authentication == "fail" and not raw.is_released:
            raw.state, raw.reason_code = RawState.QUARANTINED, "authentication"
            raw.reason = "The sender's domain says this mail is not theirs (authentication failed)."
            raw.belongs_to = self._would_join(one)
            return False
        return True

    def _would_join(self, one: Coming) -> Ticket | None:
        """The ticket a mail that is held back speaks of, for whoever decides about it."""
        ids = [name.identifier for name in one.names.ids]
        found = (
            Message.objects.filter(message_id__in=ids, ticket__inbox=one.raw.inbox_id)
            if ids
            else Message.objects.none()
        )
        message = found.exclude(kind=MessageKind.NOTE).select_related("ticket").order_by("-pk").first()
        return message.ticket if message else None

    # --- what must be known -----------------------------------------------------------------------------------------

    def _lock(self, coming: Sequence[Coming]) -> None:
        """Serialise with other workers per sender and per thread, in one order, so that they cannot deadlock."""
        keys = set()
        for one in coming:
            keys.add(f"from {one.raw.sender}")
            keys.update(f"id {i}" for i in (*(n.identifier for n in one.names.ids), one.raw.message_id) if i)
        numbers = sorted({advisory_key(key) for key in keys})
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(k) FROM unnest(%s::bigint[]) AS k", [numbers])

    def _already_done(self, coming: Sequence[Coming]) -> set[tuple[int, str, bytes]]:
        rows = RawMessage.objects.filter(
            state=RawState.DONE,
            inbox__in={one.raw.inbox_id for one in coming},
            message_id__in={one.raw.message_id for one in coming},
            content_hash__in={one.read.content_hash for one in coming},
        ).values_list("inbox_id", "message_id", "content_hash")
        return {(inbox, message_id, bytes(digest or b"")) for inbox, message_id, digest in rows}

    def _load_points(self, coming: Sequence[Coming]) -> None:
        addresses = {one.raw.sender for one in coming}
        self.points = {
            point.address: point
            for point in ContactPoint.objects.select_related("customer").filter(channel="email", address__in=addresses)
        }

    def _point(self, one: Coming) -> ContactPoint:
        address = one.raw.sender
        point = self.points.get(address)
        is_vouched_for = one.mail.authentication == "pass"
        if point is None:
            name = texts.line(one.mail.sender.name, 200) if one.mail.sender else ""
            customer = Customer(name=name, created_at=one.raw.received_at)
            self.new_customers.append(customer)
            point = ContactPoint(customer=customer, channel="email", address=address, is_verified=is_vouched_for)
            self.points[address] = point
        elif is_vouched_for and not point.is_verified:
            point.is_verified = True
            if point.pk:
                self.vouched_for.append(point)
        return point

    # --- where it goes ----------------------------------------------------------------------------------------------

    def _place(self, one: Coming) -> None:
        raw, mail = one.raw, one.mail
        automated = mail.is_auto_reply or mail.is_bounce or mail.is_feedback_report or mail.is_disposition
        match, again = self._match(one)
        ticket, why = match.ticket, match.why
        point = self._point(one)
        follows = None
        moves = not automated and not again and not raw.is_history
        # what moves nothing is taken by a closed ticket as it is
        if ticket is not None and ticket.is_closed and moves and match.side is None:
            follows, ticket, why = ticket, None, "follow_up"
        is_new = ticket is None
        if is_new and not raw.is_released and (refusal := agent_notes.answers_a_notice(one.names)):
            self.withheld.append((raw, refusal))
            return
        if ticket is None:
            ticket = self._new_ticket(one, point, follows)
        message = _message(one, point, why, match.side)
        message.is_automated = automated
        message.marks = self._marks(one, match, again)
        raw.belongs_to = match.named
        copies = [number for inbox, number in self.threads.seen[raw.message_id] if inbox != raw.inbox_id]
        arrival = Arrival(raw, mail, one.names, message, ticket, is_new, moves, copies=copies[:5] if is_new else ())
        arrival.spammed = is_new and ticket.status == Status.SPAM
        self._move(arrival)
        if moves and match.side is None:
            self._suggest(one, ticket)
        self.arrivals.append(arrival)
        if match.side is None:
            self.threads.learn(ticket, raw.inbox_id, mail.message_id, one.names, raw.sender, message.text)

    def _match(self, one: Coming) -> tuple[Match, str]:
        """Where it belongs, and how it repeats a mail with the same Message-ID ("" when it does not)."""
        raw, mail = one.raw, one.mail
        if raw.is_released and raw.belongs_to_id:
            return Match(self.threads.ticket(raw.belongs_to_id), "agent"), ""
        known = self.threads.said.get((raw.inbox_id, raw.message_id)) if raw.message_id else None
        repeats = self._repeats(one, known) if known else ""
        if repeats == "probable_duplicate" and known and self.threads.may_speak(known.ticket, raw.sender):
            return Match(known.ticket, "same_id", side=known.side), repeats
        if reported := self._reported(one):
            return Match(reported, "report"), ""
        vouched = mail.authentication == "pass"
        match = self.threads.find(raw.inbox_id, mail.message_id, one.names, raw.sender, is_vouched_for=vouched)
        return match, repeats if repeats == "probable_duplicate" else ""

    def _reported(self, one: Coming) -> Ticket | None:
        """The ticket of the mail that a complaint or a read receipt speaks of: a machine's word, shown beside it."""
        ids = [name.identifier for name in one.names.ids if name.why == "report"]
        known = self.threads.said.get((one.raw.inbox_id, ids[0])) if ids and minting.is_ours(ids[0]) else None
        return known.ticket if known and known.side is None else None

    def _repeats(self, one: Coming, known: threading.Known) -> str:
        """Another mail had this Message-ID: the same words by another way, or something else under its name?"""
        before = known.text
        if known.message is not None:
            before = Message.objects.filter(pk=known.message).values_list("text", flat=True).first() or ""
        new = texts.clean(one.mail.new_text) or texts.clean(one.mail.text)
        same = bool(new and before) and (new.startswith(before) or before.startswith(new))
        return "probable_duplicate" if same else "collision"

    def _marks(self, one: Coming, match: Match, again: str) -> list[str]:
        marks = list(one.mail.marks)
        known = one.raw.message_id and (one.raw.inbox_id, one.raw.message_id) in self.threads.said
        if again:
            marks.append(again)
        elif known:
            marks.append("collision")
        if match.why == "stranger":
            marks.append("stranger")
        if one.raw.is_released and one.mail.authentication == "fail":
            marks.append("unverified")
        if one.mail.is_delay:
            marks.append("delay")
        return list(dict.fromkeys(marks))

    def _new_ticket(self, one: Coming, point: ContactPoint, follows: Ticket | None) -> Ticket:
        raw = one.raw
        at = (raw.arrived_at or raw.received_at) if raw.is_history else raw.received_at
        ticket = Ticket(
            inbox=raw.inbox,
            customer=point.customer,
            subject=texts.line(one.mail.subject),
            channel="email",
            team_id=self._team_of(raw.inbox),
            follow_up_of=follows,
            created_at=at,
            updated_at=at,
        )
        if raw.is_history:
            ticket.status, ticket.resolved_at = Status.CLOSED, at
        elif point.customer.is_blocked:
            ticket.status, ticket.removed_at = Status.SPAM, at
        return ticket

    def _team_of(self, inbox: Inbox) -> int | None:
        """The team a new ticket belongs to: the inbox's, where it has just one. Asked once for each inbox."""
        if inbox.pk not in self.teams:
            teams = list(inbox.teams.all()[:2])
            self.teams[inbox.pk] = teams[0].pk if len(teams) == 1 else None
        return self.teams[inbox.pk]

    def _move(self, arrival: Arrival) -> None:
        """What the mail does to its ticket. Machines, history, repeats and third parties start no clock."""
        ticket, message = arrival.ticket, arrival.message
        if not arrival.raw.is_history:
            ticket.updated_at = message.created_at
        if arrival.is_new or arrival.moves:
            ticket.snippet = texts.snippet(message.text)
        if not arrival.moves:
            return
        if message.kind == MessageKind.ASIDE:
            # whom we waited for has answered: the next step is ours again
            if ticket.status == Status.ON_HOLD:
                arrival.reopened = status.apply(ticket, Status.OPEN, clock.now())
            return
        if ticket.status == Status.SPAM:  # whoever sent spam sends more of it
            return
        # also out of the trash: what a customer writes to us is not thrown away unread
        if ticket.status != Status.OPEN and self._may_reopen(ticket):
            arrival.reopened = status.apply(ticket, Status.OPEN, clock.now())
        if ticket.is_snoozed and _only_thanks(arrival):
            message.marks = [*message.marks, "thanks"]
            return
        arrival.woken, ticket.snoozed_until = ticket.snoozed_until is not None, None
        if ticket.status == Status.OPEN:
            ticket.waiting_since = ticket.waiting_since or message.created_at

    def _may_reopen(self, ticket: Ticket) -> bool:
        return ticket.pk is None or loops.may_reopen(ticket, at=clock.now())

    def _suggest(self, one: Coming, ticket: Ticket) -> None:
        """Whom the sender copied may be made participants by an agent; the mail itself adds nobody (T01)."""
        if one.mail.is_list or one.raw.is_released:
            return
        others = [a for a in (*one.mail.to, *one.mail.cc) if "@" in a.address]
        if self.ours is None:
            self.ours = frozenset(address.lower() for address in Inbox.objects.values_list("address", flat=True))
        for other in others[: MOST_SUGGESTED * 2]:
            address = other.address.lower()[:320]
            bare = _without_plus(address)
            if address in self.ours or bare in self.ours or self.threads.may_speak(ticket, address):
                continue
            if address == one.raw.sender or minting.is_signed(address):
                continue
            person = Participant(
                address=address, name=texts.line(other.name, 200), suggested_by=one.raw.sender,
                added_at=one.raw.received_at,
            )  # fmt: skip
            self.suggested.append((ticket, person))


def _message(one: Coming, point: ContactPoint, why: str, side: int | None) -> Message:
    raw, mail = one.raw, one.mail
    new = texts.clean(mail.new_text) or texts.clean(mail.text)
    whole = texts.clean(mail.text)
    return Message(
        kind=MessageKind.INCOMING if side is None else MessageKind.ASIDE,
        sender=point,
        sender_name=texts.line(mail.sender.name, 200) if mail.sender else "",
        channel="email",
        subject=texts.line(mail.subject),
        text=new,
        full_text=whole if whole != new else "",
        html=mail.html.replace("\x00", ""),
        to=[a.address for a in mail.to][:100],
        cc=[a.address for a in mail.cc][:100],
        reply_to=[a.address for a in mail.reply_to if a.address.lower() != raw.sender][:10],
        side_id=side,
        message_id=mail.message_id[:998],
        in_reply_to=next((n.identifier for n in one.names.ids if n.why != "marker"), "")[:998],
        references=list(mail.references)[:100],
        authentication=mail.authentication,
        matched_by=why,
        claimed_at=mail.date,
        created_at=(raw.arrived_at or raw.received_at) if raw.is_history else raw.received_at,
        raw=raw,
    )


def _only_thanks(arrival: Arrival) -> bool:
    """Whether a customer says thank you to who put their ticket aside: it may sleep on."""
    ticket, message = arrival.ticket, arrival.message
    if arrival.mail.attachments:
        return False
    authors = Message.objects.filter(ticket=ticket.pk, author__isnull=False).values_list("author__name", flat=True)
    names = [message.sender_name, ticket.customer.name, *authors.distinct()]
    return courtesies.is_mere_thanks(message.text, names=names)


def _numbers(coming: Sequence[Coming]) -> set[int]:
    """Tickets to look at because of a number in a subject, or because an agent said so."""
    hinted = {n for one in coming if one.mail.authentication == "pass" for n in one.names.numbers}
    return hinted | {one.raw.belongs_to_id for one in coming if one.raw.is_released and one.raw.belongs_to_id}


def _without_plus(address: str) -> str:
    local, _, domain = address.rpartition("@")
    return f"{local.partition('+')[0]}@{domain}"
