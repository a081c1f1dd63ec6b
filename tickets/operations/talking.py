"""What comes in by a channel other than email: put on its ticket, once, in the order it was said.

`receive` takes what a raw body says happened (`tickets.channels.protocol`) and writes it in one transaction. A talk is
held while it is written to, so that two webhooks of one customer make one ticket.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from itertools import accumulate

from django.db import transaction
from django.utils.translation import gettext as _
from psycopg.types.numeric import Int8

from helpdesk import clock, statements
from helpdesk.events import draft, record, record_many
from helpdesk.failpoints import reach
from helpdesk.models import Event, File, Team
from helpdesk.prepared import Prepared, columns, insert, made, update
from tickets import courtesies, texts
from tickets.channels import directory, protocol
from tickets.channels.protocol import Called, Deleted, Edited, Happened, Person, Reported, Said
from tickets.models import (
    Attachment,
    ChannelMessage,
    ContactPoint,
    Conversation,
    Customer,
    Delivery,
    DeliveryState,
    Inbox,
    Message,
    MessageKind,
    RawMessage,
    RawState,
    Status,
    Ticket,
    TicketType,
)
from tickets.operations import calls, locking, loops, sending, status, writing_down

#: how far the network's clock is believed beside our own
BELIEVED = timedelta(minutes=10)
#: an echo of an answer that is just being handed on is looked at again after that
SOON = timedelta(seconds=3)
#: so many of our messages are looked at when the customer has read "all until then"
MARKED = 20
#: of a text that opens a ticket without a subject
SUBJECT = 80


@dataclass(frozen=True, slots=True)
class Heard:
    """A raw body and what it says, or why nobody can tell."""

    raw: RawMessage
    happened: Sequence[Happened] = ()
    problem: str = ""


class _Early(Exception):
    """It may be the echo of what we are handing on this moment."""


@transaction.atomic
def receive(heard: Heard) -> None:
    """Write down what one raw body says. What somebody else settled meanwhile stays as they settled it."""
    transaction.on_commit(lambda: reach("in.tx_committed"))
    raw = RawMessage.objects.select_for_update(of=("self",)).select_related("inbox__account").get(pk=heard.raw.pk)
    if raw.state != RawState.RECEIVED:
        return
    if heard.problem:
        raw.state, raw.reason, raw.reason_code = RawState.PARKED, heard.problem[:2000], "unreadable"
    else:
        try:
            with transaction.atomic():
                _take_all(raw, heard.happened)
        except _Early:
            raw.lease_until, raw.attempts = clock.now() + SOON, max(raw.attempts - 1, 0)
            raw.save(update_fields=["lease_until", "attempts"])
            return
    raw.lease_until = None
    raw.save(update_fields=["state", "reason", "reason_code", "lease_until", "said", "sender", "subject"])
    reach("in.tx_before_commit")


def _take_all(raw: RawMessage, happened: Sequence[Happened]) -> None:
    raw.state, raw.reason, raw.reason_code = RawState.RECORDED, "", ""
    for one in happened:
        message, is_new = _take(raw, one)
        if is_new and message is not None:
            raw.state, raw.said = RawState.DONE, raw.said or message
        elif isinstance(one, Said | Called) and raw.state == RawState.RECORDED:
            raw.state = RawState.DUPLICATE
        said = one.said if isinstance(one, Called) else one
        if isinstance(said, Said) and (not said.is_ours or isinstance(one, Called)):
            raw.sender, raw.subject = said.sender.address[:320], texts.line(said.subject or said.text, 300)


def _take(raw: RawMessage, one: Happened) -> tuple[Message | None, bool]:
    """Do what one happening asks for. Gives its message, and whether that is new here."""
    match one:
        case Said():
            return hear(raw.inbox, one, at=raw.received_at, raw=raw)
        case Edited(said=said):
            return _edit(raw.inbox, said, raw)
        case Deleted():
            return _delete(raw.inbox, one), False
        case Reported():
            return _report(raw.inbox, one), False
        case Called():
            return calls.take(raw.inbox, one, raw)


def hear(
    inbox: Inbox, said: Said, *, at: datetime | None = None, raw: RawMessage | None = None
) -> tuple[Message | None, bool]:
    """Put what somebody said on the ticket of their talk, or on a new one. Twice is once: (the message, is it new).

    None where it was taken back before it came.
    """
    if said.is_ours:
        return _hear_ours(inbox, said, at=at, raw=raw)
    row, is_new = hear_of(inbox, said, at=at, raw=raw)
    return row.message, is_new


@transaction.atomic(savepoint=False)
def _hear_ours(inbox: Inbox, said: Said, *, at: datetime | None, raw: RawMessage | None) -> tuple[Message | None, bool]:
    at = _when(said.at, at or clock.now())
    locking.hold(f"talk {inbox.pk} {said.thread}")
    if known := _known(inbox, said.identifier):
        return known.message, False
    if not Conversation.objects.filter(inbox=inbox, thread=said.thread[:255]).exists():
        return None, False  # our own word begins no talk
    return _ours(inbox, talk_of(inbox, said, at), said, at, raw), True


@transaction.atomic(savepoint=False)
def hear_of(
    inbox: Inbox, said: Said, *, at: datetime | None = None, raw: RawMessage | None = None
) -> tuple[ChannelMessage, bool]:
    """As `hear`, of what customers say: gives the row by which their network knows it."""
    at = _when(said.at, at or clock.now())
    locking.hold(f"talk {inbox.pk} {said.thread}")
    known = _known(inbox, said.identifier)
    if known is not None:
        return known, False
    talk = talk_of(inbox, said, at)
    point = talk.point if said.sender.address == talk.point.address else point_of(inbox, said.sender)
    if said.language and not point.customer.language and point.customer.is_current:
        Customer.objects.filter(pk=point.customer_id, language="").update(language=said.language[:10])
    ticket, follows = ticket_of(talk)
    is_new = ticket is None
    if ticket is None:
        ticket = open_for(inbox, talk, said, at, follows)
    elif ticket.inbox_id == inbox.pk:
        ticket.inbox = inbox
    message = _write(ticket, said, at, raw, point=point, why="follow_up" if follows else "new" if is_new else "talk")
    drafts = [writing_down.created(ticket, actor=None)] if is_new else []
    drafts.append(
        draft(
            "message.received", ticket, actor=None, at=at, message=message.pk, customer=point.customer_id,
            automated=said.is_automated, channel=inbox.channel,
        )
    )  # fmt: skip
    drafts += _move(ticket, message, said, at)
    row = remember(talk, ticket, message, said, at)
    record_many(drafts, audiences=[ticket.ledger_audience] * len(drafts))
    return row, True


def _when(there: datetime | None, here: datetime) -> datetime:
    """When it was said: the network's word where it is near our own, so that two webhooks may overtake each other."""
    return there if there is not None and here - BELIEVED <= there <= here else here


_known_as = Prepared(
    lambda place: ChannelMessage.objects.filter(inbox=place(int), identifier=place(str)), related="message"
)


def _known(inbox: Inbox, identifier: str) -> ChannelMessage | None:
    return next(iter(_known_as(inbox.pk, identifier[:255])), None)


# ---------------------------------------------------------------------- whose talk it is


def talk_of(inbox: Inbox, said: Said, at: datetime) -> Conversation:
    """The talk, made if it is new. Its advisory lock is held."""
    with statements.cursor() as cursor:
        cursor.execute(_holding(), [Int8(inbox.pk), said.thread[:255]])
        row = cursor.fetchone()
    talk = None
    if row is not None:
        ends = list(accumulate(len(columns(model)) for model in (Conversation, ContactPoint)))
        talk, point = made(Conversation, row[: ends[0]]), made(ContactPoint, row[ends[0] : ends[1]])
        talk.inbox, talk.point, point.customer = inbox, point, made(Customer, row[ends[1] :])
    if talk is None:
        point = point_of(inbox, said.sender)
        talk = Conversation.objects.create(
            inbox=inbox, thread=said.thread[:255], point=point, is_public=said.is_public, created_at=at
        )
    return talk


@lru_cache(maxsize=1)
def _holding() -> str:
    parts = (("t", Conversation), ("p", ContactPoint), ("c", Customer))
    wanted = ", ".join(f'{sign}."{name}"' for sign, model in parts for name in columns(model))
    return f"""
        SELECT {wanted} FROM tickets_conversation t JOIN tickets_contactpoint p ON p.id = t.point_id
        JOIN tickets_customer c ON c.id = p.customer_id
        WHERE t.inbox_id = %s AND t.thread = %s FOR NO KEY UPDATE OF t
    """  # noqa: S608 - names of columns only


def point_of(inbox: Inbox, person: Person) -> ContactPoint:
    """Whose address this is on this channel. A new one is a new customer's, unless the network vouches for more.

    What the network vouches for (a verified e-mail address) makes it the address of who has that one already.
    """
    address = person.address[:320]
    points = ContactPoint.objects.select_related("customer")
    if point := points.filter(channel=inbox.channel, address=address).first():
        _name(point.customer, person)
        return point
    locking.hold(f"from {inbox.channel} {address}")
    if point := points.filter(channel=inbox.channel, address=address).first():
        return point
    customer, by = _vouched_for(person)
    if customer is None:
        customer = Customer.objects.create(name=texts.line(person.name or person.handle, 200))
    point = ContactPoint.objects.create(
        customer=customer,
        channel=inbox.channel,
        address=address,
        is_verified=True,
        handle=texts.line(person.handle, 200),
    )
    if by:
        record("customer.address_added", customer, actor=None, point=point.pk, channel=point.channel, by=by)
    return point


def _vouched_for(person: Person) -> tuple[Customer | None, str]:
    """Who has an address the network vouches for already, and by which channel."""
    for channel, address in person.vouched.items():
        known = ContactPoint.objects.filter(channel=channel, address=address.lower()[:320], customer__erased_at=None)
        if point := known.select_related("customer").first():
            return point.customer, channel
    return None, ""


def _name(customer: Customer, person: Person) -> None:
    """Who told us no name until now has one."""
    name = texts.line(person.name or person.handle, 200)
    if name and not customer.name and customer.is_current:
        Customer.objects.filter(pk=customer.pk, name="").update(name=name)
        customer.name = name


def ticket_of(talk: Conversation) -> tuple[Ticket | None, Ticket | None]:
    """The ticket a talk goes on with, locked; and the closed one a new ticket follows."""
    number = talk.ticket_id
    for _hop in range(20):
        if number is None:
            return None, None
        ticket = Ticket.objects.locked(number)
        if ticket.merged_into_id is None:
            break
        number = ticket.merged_into_id
    if ticket.is_closed:
        return None, ticket
    return ticket, None


def open_for(inbox: Inbox, talk: Conversation, said: Said, at: datetime, follows: Ticket | None) -> Ticket:
    teams = list(Team.objects.filter(inboxes=inbox.pk)[:2])
    customer = talk.point.customer
    ticket = Ticket(
        inbox=inbox, customer=customer, channel=inbox.channel, follow_up_of=follows, created_at=at, updated_at=at,
        subject=texts.line(said.subject) or texts.line(texts.snippet(said.text), SUBJECT),
        team=teams[0] if len(teams) == 1 else None,
        initiated_by="agent" if said.is_ours else "customer", type=TicketType.TASK if _is_to_call_back(said) else "",
    )  # fmt: skip
    if customer.is_blocked:
        ticket.status, ticket.removed_at = Status.SPAM, at
    insert(ticket)
    return ticket


def _is_to_call_back(said: Said) -> bool:
    """A call of theirs that nobody took is a task."""
    return bool(said.facts.get("call")) and not said.is_ours and said.facts["call"]["outcome"] != "answered"


# ---------------------------------------------------------------------- what was said


def _write(
    ticket: Ticket, said: Said, at: datetime, raw: RawMessage | None, *, point: ContactPoint | None, why: str,
    kind: MessageKind = MessageKind.INCOMING,
) -> Message:  # fmt: skip
    missing = any(one.content is None for one in said.files)
    marks = [mark for mark, is_so in (("file_missing", missing), ("elsewhere", said.is_ours)) if is_so]
    message = Message(
        ticket=ticket, kind=kind, sender=point, channel=ticket.inbox.channel, subject=texts.line(said.subject),
        sender_name=texts.line(said.sender.name or said.sender.handle, 200), text=texts.clean(said.text),
        html=said.html.replace("\x00", ""), marks=marks, is_automated=said.is_automated, matched_by=why,
        claimed_at=said.at, created_at=at, raw=raw,
    )  # fmt: skip
    insert(message)
    enclose(message, said.files)
    return message


def enclose(message: Message, files: Sequence[protocol.File]) -> None:
    """Its files, as far as they could be had."""
    there = [one for one in files if one.content is not None]
    if not there:
        return
    stored = File.objects.store_many([one.content or b"" for one in there])
    Attachment.objects.bulk_create(
        Attachment(
            message=message, file=kept, filename=texts.filename(one.filename),
            content_type=texts.media_type(one.content_type),
        )
        for one, kept in zip(there, stored, strict=True)
    )  # fmt: skip


def _move(ticket: Ticket, message: Message, said: Said, at: datetime) -> list[Event]:
    """What it does to its ticket: it opens it again, wakes it, starts the clock. Machines and spam start nothing."""
    drafts: list[Event] = []
    ticket.updated_at, ticket.last_message_id = at, message.pk
    ticket.snippet = texts.snippet(message.text)
    if not said.is_automated and ticket.status != Status.SPAM:
        if ticket.status != Status.OPEN and loops.may_reopen(ticket, at=clock.now()):
            change = status.apply(ticket, Status.OPEN, clock.now())
            if change["was"] == Status.TRASH:
                drafts += writing_down.out_of_the_trash(ticket)
            else:
                drafts.append(draft(status.VERBS[Status.OPEN], ticket, actor=None, **change))
        if ticket.is_snoozed and not said.files and courtesies.is_mere_thanks(message.text, names=_names(message)):
            message.marks = [*message.marks, "thanks"]
            message.save(update_fields=["marks"])
        else:
            ticket.snoozed_until = None
            if ticket.status == Status.OPEN:
                ticket.waiting_since = ticket.waiting_since or at
    update(ticket)
    return drafts


def _names(message: Message) -> list[str]:
    authors = Message.objects.filter(ticket=message.ticket_id, author__isnull=False)
    return [message.sender_name, *authors.values_list("author__name", flat=True).distinct()]


def remember(talk: Conversation, ticket: Ticket, message: Message, said: Said, at: datetime) -> ChannelMessage:
    row = ChannelMessage(
        inbox_id=talk.inbox_id, identifier=said.identifier[:255], conversation=talk, message=message,
        url=said.url[:500], facts=dict(said.facts),
    )  # fmt: skip
    insert(row)
    talk.ticket = ticket
    talk.heard_at = max(talk.heard_at or at, at) if not said.is_ours else talk.heard_at
    if said.facts.get("talk"):
        talk.facts = {**talk.facts, **said.facts["talk"]}
    claimed = {what: word for what, word in said.sender.claimed.items() if word != said.sender.address}
    if claimed and not said.is_ours:
        talk.facts = {**talk.facts, "claimed": claimed}
    update(talk, "ticket", "heard_at", "facts")
    return row


def _ours(inbox: Inbox, talk: Conversation, said: Said, at: datetime, raw: RawMessage | None) -> Message | None:
    """Our own account wrote it there and not through us: it is an answer all the same, and the customer waits no more.

    While something of ours is being handed on in this talk, it may be that.
    """
    on_its_way = Delivery.objects.filter(mail__conversation=talk, state=DeliveryState.SENDING)
    if on_its_way.exists():
        raise _Early
    ticket, _follows = ticket_of(talk)
    if ticket is None:  # nobody asked for it: a post of our own is no ticket
        return None
    message = _write(ticket, said, at, raw, point=None, why="talk", kind=MessageKind.REPLY)
    ticket.updated_at, ticket.last_message_id, ticket.waiting_since = at, message.pk, None
    ticket.snippet = texts.snippet(message.text)
    ticket.save(update_fields=["updated_at", "last_message_id", "waiting_since", "snippet"])
    record("message.replied", ticket, actor=None, at=at, message=message.pk, automated=False, elsewhere=True)
    remember(talk, ticket, message, said, at)
    return message


# ---------------------------------------------------------------------- what became of it


def _edit(inbox: Inbox, said: Said, raw: RawMessage) -> tuple[Message | None, bool]:
    """The sender changed it: what stood before is kept beside it."""
    locking.hold(f"talk {inbox.pk} {said.thread}")
    known = _known(inbox, said.identifier)
    if known is None:
        return hear(inbox, said, at=raw.received_at, raw=raw)
    if known.message is not None and not _wrote(known.message, said):
        return known.message, False
    return amend(known, said), False


def amend(known: ChannelMessage, said: Said) -> Message | None:
    """Let a message say what its sender made of it. One that says so already stays as it is."""
    message, text = known.message, texts.clean(said.text)
    facts = {**known.facts, **said.facts}
    if message is None or (message.text == text and known.facts == facts) or "erased" in message.marks:
        return message
    ticket = Ticket.objects.locked(message.ticket_id)
    known.edited_at = clock.now()
    if message.text != text:
        facts["before"] = [*known.facts.get("before", []), message.text][-20:]
    known.facts = facts
    known.save(update_fields=["edited_at", "facts"])
    message.text, message.html, message.marks = text, said.html, list(dict.fromkeys([*message.marks, "edited"]))
    message.save(update_fields=["text", "html", "marks"])
    if ticket.last_message_id == message.pk:
        Ticket.objects.filter(pk=ticket.pk).update(snippet=texts.snippet(text))
    record("message.edited", ticket, actor=None, message=message.pk)
    return message


def _wrote(message: Message, said: Said) -> bool:
    """Whether a message is its editor's own: some networks hand on what anybody in a room claims to edit."""
    if message.sender is None:
        return said.is_ours
    return message.sender.address == said.sender.address[:320]


def _delete(inbox: Inbox, gone: Deleted) -> Message | None:
    """The sender took it back. It is marked; where the network's rules want it, its words go as well."""
    locking.hold(f"talk {inbox.pk} {gone.thread}")
    known = _known(inbox, gone.identifier)
    if known is None:
        ChannelMessage.objects.create(inbox=inbox, identifier=gone.identifier[:255], deleted_at=clock.now())
        return None
    message = known.message
    if message is None or known.deleted_at:
        return message
    ticket = Ticket.objects.locked(message.ticket_id)
    known.deleted_at = clock.now()
    message.marks = [*message.marks, "deleted"]
    if directory.of(inbox.channel).can.honours_deletions:
        message.text, message.full_text, message.html, known.facts = "", "", "", {}
        Attachment.objects.filter(message=message).delete()
        RawMessage.objects.filter(pk=message.raw_id or 0).update(content=b"", size=0, reason_code="taken_back")
        if ticket.last_message_id == message.pk:
            Ticket.objects.filter(pk=ticket.pk).update(snippet=_("(taken back)"))
    known.save(update_fields=["deleted_at", "facts"])
    message.save(update_fields=["text", "full_text", "html", "marks"])
    record("message.taken_back", ticket, actor=None, message=message.pk)
    return message


def _report(inbox: Inbox, report: Reported) -> Message | None:
    """The network says what became of an answer of ours. One of a message we do not know says nothing."""
    if report.until is not None:
        _report_until(inbox, report, report.until)
        return None
    known = _known(inbox, report.identifier)
    message = known.message if known else None
    if known is None or (message is None and known.mail_id is None):
        return None
    found = Delivery.objects.select_related("mail__ticket", "mail__inbox")
    of_it = {"mail__said": message} if message is not None else {"mail": known.mail_id}
    delivery = found.filter(**of_it).first()
    if delivery is None:
        return None
    action = "failed" if report.action == "failed" else "delivered"
    sending.reported(delivery, action=action, words=report.words)  # type: ignore[arg-type]
    if report.action == "read":
        seen(delivery)
    return message


def _report_until(inbox: Inbox, report: Reported, until: datetime) -> None:
    """It is so of all we said in a talk until then: a network that keeps a mark instead of naming messages."""
    ours = Delivery.objects.select_related("mail__ticket", "mail__inbox").filter(
        mail__inbox=inbox, mail__conversation__thread=report.thread[:255], seen_at=None, sent_at__lte=until,
        state__in=[DeliveryState.SENT, DeliveryState.DELIVERED],
    )  # fmt: skip
    for delivery in ours.order_by("-pk")[:MARKED]:
        sending.reported(delivery, action="delivered", words="")
        if report.action == "read":
            seen(delivery)


def seen(delivery: Delivery) -> None:
    """The customer saw it, for the first time."""
    if Delivery.objects.filter(pk=delivery.pk, seen_at=None).update(seen_at=clock.now()):
        sending.tell("message.seen", delivery)
