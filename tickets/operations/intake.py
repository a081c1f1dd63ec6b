"""Mail coming in: stored raw, claimed in batches, read, and put where it belongs in one transaction.

`store` commits before anybody acknowledges. `claim` leases rows to a worker; `receive` turns a batch of read mails
into customers, tickets, messages and events, or leaves a reason where it cannot.
"""

import hashlib
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import accumulate
from typing import Any

from django.db import IntegrityError, connection, transaction
from django.db.models import F, Q

from helpdesk import clock
from helpdesk.bulk import update_rows
from helpdesk.events import draft, record_many
from helpdesk.failpoints import reach
from helpdesk.models import Event, File
from tickets import texts
from tickets.channels.email.parsing import ParsedMail
from tickets.models import (
    Attachment,
    AwaitedMessage,
    ContactPoint,
    Customer,
    Delivery,
    Inbox,
    Message,
    MessageKind,
    RawMessage,
    RawState,
    Status,
    Ticket,
)
from tickets.operations import status, threading

LEASE = timedelta(seconds=60)
#: after that many lost leases a mail is parked: it kills whoever reads it
PATIENCE = 5
#: how much mail is held in memory at once; a larger one is read alone
MOST_BYTES = 32 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Read:
    """A raw mail and what was read of it, or why nothing could be."""

    raw: RawMessage
    mail: ParsedMail | None
    content_hash: bytes = b""
    problem: str = ""


@transaction.atomic
def store(
    *, inbox: Inbox, content: bytes, source: str, source_key: str = "", envelope_from: str = "",
    envelope_to: Sequence[str] = (), is_history: bool = False, arrived_at: datetime | None = None,
) -> RawMessage | None:  # fmt: skip
    """Keep a mail as it came: once this commits, it is ours. None when the source gave it to us before.

    `is_history` marks a mail that was there before we came: it answers, times and asks nothing. `arrived_at` is when
    the source had it.
    """
    raw = RawMessage(
        inbox=inbox,
        source=source,
        source_key=source_key or uuid.uuid4().hex,
        envelope_from=envelope_from[:320],
        envelope_to=[address.lower()[:320] for address in envelope_to][:100],
        is_history=is_history,
        arrived_at=arrived_at,
        content=content,
        size=len(content),
        sha256=hashlib.sha256(content).digest(),
    )
    if not _kept(raw):
        known = RawMessage.objects.filter(inbox=inbox, source=source, source_key=raw.source_key)
        if raw.sha256 in [bytes(digest) for digest in known.values_list("sha256", flat=True)]:
            return None
        # another mail under a name that was given before: by another server, or by a broken one
        raw.source_key = f"{raw.source_key} {raw.sha256.hex()[:32]}"
        if not _kept(raw):
            return None
    transaction.on_commit(_ring, robust=True)
    return raw


def _kept(raw: RawMessage) -> bool:
    try:
        with transaction.atomic():
            raw.save(force_insert=True)
    except IntegrityError:
        return False
    return True


def _ring() -> None:
    from helpdesk.doorbell import ring
    from tickets.tasks import receive_mail

    ring(receive_mail)


@transaction.atomic
def claim(limit: int) -> list[RawMessage]:
    """Lease up to `limit` waiting mails. One that a worker died of is leased alone, and parked after five deaths."""
    now = clock.now()
    free = Q(lease_until=None) | Q(lease_until__lt=now)
    waiting = RawMessage.objects.select_for_update(skip_locked=True, of=("self",)).filter(free, state=RawState.RECEIVED)
    sizes = list(waiting.filter(attempts=0).order_by("id").values_list("pk", "size")[:limit])
    fitting = sum(1 for so_far in accumulate(size for _pk, size in sizes) if so_far <= MOST_BYTES)
    within = [pk for pk, _size in sizes[: max(1, fitting)]]
    raws = list(RawMessage.objects.filter(pk__in=within).select_related("inbox").order_by("id")) if within else []
    if not raws:
        raws = list(waiting.select_related("inbox").order_by("attempts", "id")[:1])
        if raws and raws[0].attempts >= PATIENCE:
            park(raws[0], "Reading this mail failed five times. It is kept here as it came.")
            return []
    RawMessage.objects.filter(pk__in=[r.pk for r in raws]).update(attempts=F("attempts") + 1, lease_until=now + LEASE)
    return raws


def park(raw: RawMessage, reason: str) -> None:
    """Set a mail aside where people see it; it can be replayed."""
    waiting = RawMessage.objects.filter(pk=raw.pk, state=RawState.RECEIVED)
    waiting.update(state=RawState.PARKED, reason=reason, lease_until=None)


@transaction.atomic
def replay(raw: RawMessage, *, force: bool = False) -> RawMessage:
    """Give a parked or quarantined mail another chance. `force` accepts a quarantined one as it is."""
    raw = RawMessage.objects.select_for_update().get(pk=raw.pk)
    if raw.state in (RawState.PARKED, RawState.QUARANTINED):
        raw.state, raw.attempts, raw.lease_until = RawState.RECEIVED, 0, None
        raw.reason, raw.is_released = "", raw.is_released or force
        raw.save(update_fields=["state", "attempts", "lease_until", "reason", "is_released"])
        transaction.on_commit(_ring, robust=True)
    return raw


@transaction.atomic
def receive(reads: Sequence[Read]) -> None:
    """Put a batch of read mails on their tickets. All or nothing: the caller tries one by one when it raises.

    What somebody else settled meanwhile, because our lease ran out, stays as they settled it.
    """
    transaction.on_commit(lambda: reach("in.tx_committed"))
    mine = RawMessage.objects.select_for_update().filter(pk__in=[r.raw.pk for r in reads], state=RawState.RECEIVED)
    still = set(mine.order_by("pk").values_list("pk", flat=True))
    batch = _Batch([read for read in reads if read.raw.pk in still])
    batch.sort_out()
    batch.write()
    reach("in.tx_before_commit")


@dataclass(slots=True)
class _Arrival:
    """One mail on its way to a ticket."""

    read: Read
    mail: ParsedMail
    message: Message
    ticket: Ticket
    is_new: bool
    human: bool
    reopened: dict[str, Any] | None = None


@dataclass(slots=True)
class _Batch:
    reads: Sequence[Read]
    threads: threading.Threads = field(default_factory=threading.Threads)
    points: dict[str, ContactPoint] = field(default_factory=dict)
    new_customers: list[Customer] = field(default_factory=list)
    arrivals: list[_Arrival] = field(default_factory=list)
    bounced: list[str] = field(default_factory=list)
    teams: dict[int, int | None] = field(default_factory=dict)

    # --- deciding ---------------------------------------------------------------------------------------------------

    def sort_out(self) -> None:
        """Decide where each mail goes, in memory."""
        good = [read for read in self.reads if self._is_good(read)]
        if not good:
            return
        self._lock(good)
        done = self._already_done(good)
        self.threads = threading.load(
            {read.raw.inbox_id for read in good},
            {
                i
                for read in good
                for i in (*_answers(read.mail), read.mail.original_message_id if read.mail else "")
                if i
            },
            {read.mail.message_id for read in good if read.mail and read.mail.message_id},
        )
        self._load_points(good)
        for read in good:
            key = (read.raw.inbox_id, read.raw.message_id, read.content_hash)
            if key in done:
                read.raw.state, read.raw.reason = RawState.DUPLICATE, "The same mail came before."
                continue
            done.add(key)
            self._place(read)

    def _is_good(self, read: Read) -> bool:
        raw, mail = read.raw, read.mail
        if mail is None:
            raw.state, raw.reason = RawState.PARKED, read.problem
            return False
        raw.message_id = mail.message_id[:998]
        raw.content_hash = read.content_hash
        raw.subject = texts.line(mail.subject)
        raw.sender = mail.sender.address.lower()[:320] if mail.sender else ""
        released = raw.is_released
        if (mail.sender is None or mail.sender_problem or "@" not in raw.sender) and not (released and mail.sender):
            why = mail.sender_problem or "It names no sender."
            raw.state, raw.reason = RawState.QUARANTINED, f"Nobody can tell who sent it: {why}"
            return False
        if mail.authentication == "fail" and not released:
            raw.state = RawState.QUARANTINED
            raw.reason = "The sender's domain says this mail is not theirs (authentication failed)."
            return False
        return True

    def _lock(self, good: Sequence[Read]) -> None:
        """Serialise with other workers per sender and per thread, in one order, so that they cannot deadlock."""
        keys = set()
        for read in good:
            mail = read.mail
            keys.add(f"from {read.raw.sender}")
            keys.update(f"id {i}" for i in (*_answers(mail), read.raw.message_id) if i)
        numbers = sorted({advisory_key(key) for key in keys})
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(k) FROM unnest(%s::bigint[]) AS k", [numbers])

    def _already_done(self, good: Sequence[Read]) -> set[tuple[int, str, bytes]]:
        rows = RawMessage.objects.filter(
            state=RawState.DONE,
            inbox__in={r.raw.inbox_id for r in good},
            message_id__in={r.raw.message_id for r in good},
            content_hash__in={r.content_hash for r in good},
        ).values_list("inbox_id", "message_id", "content_hash")
        return {(inbox, message_id, bytes(digest or b"")) for inbox, message_id, digest in rows}

    def _load_points(self, good: Sequence[Read]) -> None:
        addresses = {read.raw.sender for read in good}
        self.points = {
            point.address: point
            for point in ContactPoint.objects.select_related("customer").filter(channel="email", address__in=addresses)
        }

    def _point(self, read: Read) -> ContactPoint:
        address = read.raw.sender
        point = self.points.get(address)
        if point is None:
            name = texts.line(read.mail.sender.name, 200) if read.mail and read.mail.sender else ""
            customer = Customer(name=name, created_at=read.raw.received_at)
            self.new_customers.append(customer)
            point = self.points[address] = ContactPoint(customer=customer, channel="email", address=address)
        return point

    def _place(self, read: Read) -> None:
        raw, mail = read.raw, read.mail
        assert mail is not None
        automated = mail.is_auto_reply or mail.is_bounce
        ticket, why = self._bounced_ticket(mail) if mail.is_bounce else (None, "")
        answers = _answers(mail)
        if ticket is None:
            ticket, why = self.threads.find(raw.inbox_id, mail.message_id, answers, raw.sender)
        point = self._point(read)
        follows = None
        # a machine's mail moves nothing, so a closed ticket takes it as it is
        if ticket is not None and ticket.is_closed and not automated:
            follows, ticket, why = ticket, None, "follow_up"
        is_new = ticket is None
        if ticket is None:
            ticket = Ticket(
                inbox=raw.inbox,
                customer=point.customer,
                subject=texts.line(mail.subject),
                channel="email",
                team_id=self._team_of(raw.inbox),
                follow_up_of=follows,
                created_at=raw.received_at,
            )
        message = self._message(read, mail, point, automated, why)
        arrival = _Arrival(read, mail, message, ticket, is_new, human=not automated)
        self._move(arrival)
        self.arrivals.append(arrival)
        self.threads.learn(ticket, raw.inbox_id, mail.message_id, answers, raw.sender)

    def _team_of(self, inbox: Inbox) -> int | None:
        """The team a new ticket belongs to: the inbox's, where it has just one. Asked once for each inbox."""
        if inbox.pk not in self.teams:
            teams = list(inbox.teams.all()[:2])
            self.teams[inbox.pk] = teams[0].pk if len(teams) == 1 else None
        return self.teams[inbox.pk]

    def _bounced_ticket(self, mail: ParsedMail) -> tuple[Ticket | None, str]:
        """The ticket whose mail bounced; only a Message-ID we minted, sent to that very address, is believed."""
        delivery = (
            Delivery.objects.select_related("mail__ticket")
            .filter(
                mail__message_id=mail.original_message_id, recipient__in=[a.lower() for a in mail.bounced_addresses]
            )
            .first()
            if mail.original_message_id and mail.bounced_addresses
            else None
        )
        if delivery is None or delivery.mail.ticket is None:
            return None, ""
        if mail.bounce_status.startswith("5") and mail.bounce_action == "failed":
            self.bounced.append(delivery.recipient)
        return self.threads.ticket(delivery.mail.ticket.pk), "bounce"

    def _message(self, read: Read, mail: ParsedMail, point: ContactPoint, automated: bool, why: str) -> Message:
        new = texts.clean(mail.new_text) or texts.clean(mail.text)
        whole = texts.clean(mail.text)
        return Message(
            kind=MessageKind.INCOMING,
            sender=point,
            sender_name=texts.line(mail.sender.name, 200) if mail.sender else "",
            channel="email",
            subject=texts.line(mail.subject),
            text=new,
            full_text=whole if whole != new else "",
            html=mail.html.replace("\x00", ""),
            to=[a.address for a in mail.to][:100],
            cc=[a.address for a in mail.cc][:100],
            message_id=mail.message_id[:998],
            in_reply_to=next(iter(_answers(mail)), "")[:998],
            references=list(mail.references)[:100],
            is_automated=automated,
            authentication=mail.authentication,
            matched_by=why,
            claimed_at=mail.date,
            created_at=read.raw.received_at,
            raw=read.raw,
        )

    def _move(self, arrival: _Arrival) -> None:
        """What the mail does to its ticket. Machines move nothing."""
        ticket, message = arrival.ticket, arrival.message
        ticket.updated_at = message.created_at
        if not arrival.human:
            if arrival.is_new:
                ticket.snippet = texts.snippet(message.text)
            return
        ticket.snippet = texts.snippet(message.text)
        if ticket.status != Status.OPEN:
            arrival.reopened = status.apply(ticket, Status.OPEN, clock.now())
        ticket.snoozed_until = None
        ticket.waiting_since = ticket.waiting_since or message.created_at

    # --- writing ----------------------------------------------------------------------------------------------------

    def write(self) -> None:
        """Write what was decided, in a number of statements that does not depend on the number of mails."""
        Customer.objects.bulk_create(self.new_customers)
        fresh = [point for point in self.points.values() if point.pk is None]
        for point in fresh:
            point.customer_id = point.customer.pk
        ContactPoint.objects.bulk_create(fresh)
        if self.bounced:
            ContactPoint.objects.filter(address__in=self.bounced).update(is_bouncing=True)
        self._write_tickets()
        self._write_messages()
        self._write_awaited()
        self._write_events()
        raws = [read.raw for read in self.reads]
        for raw in raws:
            raw.lease_until = None
        update_rows(raws, ["state", "reason", "message_id", "content_hash", "sender", "subject", "said", "lease_until"])

    def _write_tickets(self) -> None:
        seen: dict[int, Ticket] = {id(a.ticket): a.ticket for a in self.arrivals}
        new = [ticket for ticket in seen.values() if ticket.pk is None]
        for ticket in new:
            ticket.customer_id = ticket.customer.pk
        Ticket.objects.bulk_create(new)

    def _write_messages(self) -> None:
        for arrival in self.arrivals:
            arrival.message.ticket_id = arrival.ticket.pk
            arrival.message.sender_id = arrival.message.sender.pk if arrival.message.sender else None
        Message.objects.bulk_create([a.message for a in self.arrivals])
        touched: dict[int, Ticket] = {}
        for arrival in self.arrivals:
            arrival.ticket.last_message_id = arrival.message.pk
            touched[arrival.ticket.pk] = arrival.ticket
            raw = arrival.read.raw
            raw.state, raw.reason, raw.said = RawState.DONE, "", arrival.message
        update_rows(touched.values(), [*status.FIELDS, "snippet", "last_message_id"])
        parts = [(a.message, part) for a in self.arrivals for part in a.mail.attachments]
        files = File.objects.store_many([part.content for _, part in parts])
        Attachment.objects.bulk_create(
            Attachment(
                message=message,
                file=stored,
                filename=texts.filename(part.filename),
                content_type=texts.line(part.content_type, 100),
                content_id=texts.line(part.content_id, 255),
                is_inline=part.is_inline,
            )
            for (message, part), stored in zip(parts, files, strict=True)
        )

    def _write_awaited(self) -> None:
        """Remember which mails were named and never seen: they join when they come."""
        AwaitedMessage.objects.bulk_create(
            [
                AwaitedMessage(
                    inbox_id=a.read.raw.inbox_id, identifier=identifier[:998], address=a.read.raw.sender,
                    ticket_id=a.ticket.pk,
                )
                for a in self.arrivals
                for identifier in _answers(a.mail)
                if (a.read.raw.inbox_id, identifier) not in self.threads.said
            ],
            ignore_conflicts=True,
        )  # fmt: skip

    def _write_events(self) -> None:
        events: list[Event] = []
        audiences: list[str] = []
        for arrival in self.arrivals:
            ticket, message = arrival.ticket, arrival.message
            drafts = []
            if arrival.is_new:
                drafts.append(created(ticket, actor=None))
            drafts.append(
                draft(
                    "message.received", ticket, actor=None, at=message.created_at, message=message.pk,
                    customer=message.sender.customer_id if message.sender else None,
                    automated=message.is_automated, channel="email",
                )
            )  # fmt: skip
            if arrival.reopened:
                drafts.append(draft(status.VERBS[Status.OPEN], ticket, actor=None, **arrival.reopened))
            events.extend(drafts)
            audiences.extend([ticket.ledger_audience] * len(drafts))
        record_many(events, audiences=audiences)


def created(ticket: Ticket, *, actor) -> Event:  # type: ignore[no-untyped-def]
    """The event of a new ticket, drafted."""
    return draft(
        "ticket.created", ticket, actor=actor, at=ticket.created_at, channel=ticket.channel, inbox=ticket.inbox_id,
        team=ticket.team_id, customer=ticket.customer_id, initiated_by=ticket.initiated_by,
        **({"follow_up_of": ticket.follow_up_of_id} if ticket.follow_up_of_id else {}),
    )  # fmt: skip


def _answers(mail: ParsedMail | None) -> list[str]:
    """The ids a mail names, most believed first."""
    if mail is None:
        return []
    return list(dict.fromkeys([*mail.in_reply_to, *reversed(mail.references)]))[:50]


def advisory_key(key: str) -> int:
    """The number of a PostgreSQL advisory lock that stands for `key`."""
    return int.from_bytes(hashlib.blake2b(key.encode(), digest_size=8).digest(), "big", signed=True)
