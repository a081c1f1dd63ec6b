"""The one ledger: what the mail servers wrote down, held against the database.

`check` returns every violation of the invariants of docs/reliability.md, with ids. It believes nothing the helpdesk
says of itself: what came is known from who gave it, what went out from who took it.
"""

import hashlib
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from email import message_from_bytes, policy
from typing import Any

from helpdesk import clock
from helpdesk.models import Event, PendingEvent
from tests.faults.smtp_server import Accepted
from tickets.models import Delivery, DeliveryState, Message, MessageKind, OutgoingMail, RawMessage, RawState

EXPLAINED = {str(state) for state in RawState} - {str(RawState.RECEIVED)}
ON_THE_WAY = {str(DeliveryState.QUEUED), str(DeliveryState.SENDING)}
#: the next server said that it took it (whatever came of it later)
TAKEN = {"sent", "delivered", "delayed", "bounced"}
PATIENCE = timedelta(minutes=15)


@dataclass(frozen=True)
class Violation:
    """An invariant that does not hold, and of what."""

    invariant: str
    words: str
    ids: tuple[Any, ...] = ()

    def __str__(self) -> str:
        return f"{self.invariant}: {self.words} {list(self.ids) if self.ids else ''}".strip()


@dataclass(frozen=True)
class Given:
    """A mail of somebody else's: the copies of it that must have been kept, and that may."""

    inbox: int
    content: bytes
    least: int = 1
    most: int = 1
    #: whether somebody heard us say that it is ours
    acknowledged: bool = False
    #: whether it is an ordinary mail that must be on a ticket, whatever lay beside it
    ordinary: bool = True

    @property
    def key(self) -> tuple[int, str]:
        return self.inbox, hashlib.sha256(self.content).hexdigest()


@dataclass
class Books:
    """What the world wrote down."""

    given: list[Given] = field(default_factory=list)
    accepted: list[Accepted] = field(default_factory=list)
    #: numbers of replies that an agent was told are on their way
    promised: list[int] = field(default_factory=list)
    #: Message-IDs of replies that were taken back before they went, or rolled back
    taken_back: list[str] = field(default_factory=list)
    #: Message-IDs a person ordered to be sent once more
    ordered_again: list[str] = field(default_factory=list)
    #: numbers of messages somebody saw on a ticket
    seen: set[int] = field(default_factory=set)


def check(books: Books, *, now: datetime | None = None) -> list[Violation]:
    """Every violation, once all queues were given the time to drain; `now` where the test's clock was ahead."""
    now = now or clock.now()
    return [
        *_nothing_lost(books), *_nothing_doubled(), *_sent_once(books), *_no_reply_lost(books, now),
        *_no_ghosts(books), *_explained(books), *_neighbours(books), *_heard(), *_in_order(books),
    ]  # fmt: skip


def _nothing_lost(books: Books) -> list[Violation]:
    """I1: kept byte for byte, as often as it was given. I10: what we said 250 to is there."""
    rows = defaultdict(list)
    broken = []
    for raw in RawMessage.objects.all():
        digest = hashlib.sha256(bytes(raw.content)).hexdigest()
        rows[raw.inbox_id, digest].append(raw.pk)
        if bytes(raw.sha256).hex() != digest:
            broken.append(Violation("I1", "the bytes of a raw mail do not match their hash", (raw.pk,)))
    for given in books.given:
        kept = rows.get(given.key, [])
        if len(kept) < given.least:
            broken.append(Violation("I1", "a mail was lost", (_name(given),)))
            if given.acknowledged:
                broken.append(Violation("I10", "a mail we acknowledged is not there", (_name(given),)))
        if len(kept) > given.most:
            broken.append(Violation("I1", "a mail was kept more often than it was given", tuple(kept)))
    return broken


def _name(given: Given) -> str:
    return str(message_from_bytes(given.content)["Message-ID"] or given.key[1][:12])


def _nothing_doubled() -> list[Violation]:
    """I2: one visible message for (inbox, Message-ID, content)."""
    messages = Message.objects.filter(kind=MessageKind.INCOMING).exclude(raw=None).select_related("raw", "ticket")
    visible = defaultdict(list)
    of_raw = defaultdict(list)
    for message in messages:
        raw = message.raw
        assert raw is not None
        visible[raw.inbox_id, raw.message_id, bytes(raw.content_hash or b"")].append(message.pk)
        of_raw[raw.pk].append(message.pk)
    acknowledged = Counter(OutgoingMail.objects.filter(purpose="acknowledgement").values_list("ticket_id", flat=True))
    return [
        *(
            Violation("I2", "a mail is on tickets twice", tuple(pks))
            for found in (visible, of_raw)
            for pks in found.values()
            if len(pks) > 1
        ),
        *(Violation("I2", "a ticket was acknowledged twice", (pk,)) for pk, times in acknowledged.items() if times > 1),
    ]


def _sent_once(books: Books) -> list[Violation]:
    """I3: nobody got it twice, and what we say of it is what happened."""
    count = Counter((mail.message_id, recipient) for mail in books.accepted for recipient in mail.recipients)
    broken = [
        Violation("I3", "a mail was accepted more than once", (message_id, recipient, times))
        for (message_id, recipient), times in count.items()
        if times > 1 + books.ordered_again.count(message_id)
    ]
    for delivery in Delivery.objects.select_related("mail"):
        times = count.get((delivery.mail.message_id, delivery.recipient.lower()), 0)
        if delivery.state in TAKEN and not times:
            broken.append(Violation("I4", "said to be sent, and nobody got it", (delivery.pk,)))
        if delivery.state not in TAKEN | {"uncertain"} and times:
            broken.append(Violation("I3", f"accepted by the next server, and {delivery.state}", (delivery.pk,)))
    return broken


def _no_reply_lost(books: Books, now: datetime) -> list[Violation]:
    """I4: every reply somebody was promised ends, or waits where people see it. I10: it is there at all."""
    broken = []
    for pk in books.promised:
        if not Message.objects.filter(pk=pk).exists():
            broken.append(Violation("I10", "a reply that was acknowledged is not there", (pk,)))
        elif not Delivery.objects.filter(mail__said=pk).exists():
            broken.append(Violation("I4", "a reply has nobody to go to", (pk,)))
    for delivery in Delivery.objects.filter(state__in=ON_THE_WAY):
        late = delivery.lease_until if delivery.state == DeliveryState.SENDING else delivery.due_at
        if late and now - late > PATIENCE:
            broken.append(Violation("I4", f"silently {delivery.state} for more than 15 minutes", (delivery.pk,)))
    return broken


def _no_ghosts(books: Books) -> list[Violation]:
    """I5: what went out is what is in the database, and nothing that was taken back."""
    ours = {mail.message_id: mail for mail in OutgoingMail.objects.all()}
    broken = []
    for accepted in books.accepted:
        mail = ours.get(accepted.message_id)
        if mail is None:
            broken.append(Violation("I5", "a mail went out that the database does not know", (accepted.message_id,)))
        elif _words(mail.text) not in _words(_body(accepted.content)):
            broken.append(Violation("I5", "a mail went out with other words", (accepted.message_id,)))
        if accepted.message_id in books.taken_back:
            broken.append(Violation("I5", "a mail went out that was taken back", (accepted.message_id,)))
    return broken


def _body(content: bytes) -> str:
    part = message_from_bytes(content, policy=policy.default).get_body(("plain",))
    return str(part.get_content()) if part else ""


def _words(text: str) -> str:
    return " ".join(text.split())


def _explained(books: Books) -> list[Violation]:
    """I6: every raw mail has an end with a reason, and the sum is what was given."""
    broken = []
    for raw in RawMessage.objects.all():
        if raw.state not in EXPLAINED:
            broken.append(Violation("I6", "a raw mail waits without end", (raw.pk,)))
        elif raw.state != RawState.DONE and not raw.reason:
            broken.append(Violation("I6", f"{raw.state} without a reason", (raw.pk,)))
        elif raw.state == RawState.DONE and not Message.objects.filter(raw=raw).exists():
            broken.append(Violation("I6", "said to be on a ticket, and on none", (raw.pk,)))
    given = {one.key for one in books.given}
    kept = {(raw.inbox_id, bytes(raw.sha256).hex()) for raw in RawMessage.objects.all()}
    sure = {one.key for one in books.given if one.least}
    if books.given and not sure <= kept <= given:
        broken.append(Violation("I6", f"{len(sure)} to {len(given)} mails were given, {len(kept)} are explained"))
    return broken


def _neighbours(books: Books) -> list[Violation]:
    """I7: an ordinary mail is on a ticket, whatever lay beside it."""
    placed = defaultdict(set)
    for raw in RawMessage.objects.all():
        placed[raw.inbox_id, bytes(raw.sha256).hex()].add(raw.state)
    return [
        Violation("I7", "an ordinary mail is on no ticket", (_name(given), sorted(placed[given.key])))
        for given in books.given
        if given.ordinary
        and placed[given.key]
        and RawState.DONE not in placed[given.key]
        # the same bytes may be on a ticket through another mail with the same identity
        and RawState.DUPLICATE not in placed[given.key]
    ]


def _heard() -> list[Violation]:
    """I11: nothing waits for a bell in Redis; every message and every end of a delivery is told exactly once."""
    broken = [Violation("I11", "an event nobody heard", (p.event_id,)) for p in PendingEvent.objects.all()]
    told = Counter(e.facts["message"] for e in Event.objects.filter(verb="message.received"))
    live = Message.objects.filter(kind=MessageKind.INCOMING).exclude(raw__is_history=True)
    broken += [
        Violation("I12", f"a message that was told {told[pk]} times", (pk,))
        for pk in live.values_list("pk", flat=True)
        if told[pk] != 1
    ]
    ends = Counter(
        e.facts["delivery"]
        for e in Event.objects.filter(verb__in=("message.sent", "message.failed", "message.uncertain"))
    )
    return broken + [
        Violation("I4", f"{delivery.state}, and nobody was told", (delivery.pk,))
        for delivery in Delivery.objects.filter(state__in=("sent", "failed", "uncertain"))
        if ends[delivery.pk] < 1
    ]


def _in_order(books: Books) -> list[Violation]:
    """I12: in a ticket, messages stand in the order in which we received them, and none disappears."""
    broken = []
    last: dict[int, tuple[datetime, int]] = {}
    for message in Message.objects.select_related("raw").order_by("ticket_id", "created_at", "id"):
        raw = message.raw
        if raw is not None and not raw.is_history and message.created_at != raw.received_at:
            broken.append(Violation("I12", "a message is not dated by our clock", (message.pk,)))
        place = (message.created_at, message.pk)
        if place <= last.get(message.ticket_id, (datetime.min.replace(tzinfo=place[0].tzinfo), 0)):
            broken.append(Violation("I12", "messages of a ticket have no order", (message.pk,)))
        last[message.ticket_id] = place
    gone = books.seen - set(Message.objects.filter(pk__in=books.seen).values_list("pk", flat=True))
    if gone:
        broken.append(Violation("I12", "messages were seen and are gone", tuple(sorted(gone))))
    books.seen |= set(Message.objects.values_list("pk", flat=True))
    return broken
