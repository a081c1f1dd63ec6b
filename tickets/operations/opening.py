"""Opening a ticket by other ways than mail: the API, a form, an agent who took a call."""

import hashlib
from collections.abc import Sequence

from django.db import transaction
from django.utils.translation import gettext as _

from helpdesk import clock
from helpdesk.events import draft, record_many
from helpdesk.models import Agent, File, Team
from helpdesk.prepared import Prepared, insert
from tickets import texts
from tickets.models import Attachment, ContactPoint, Customer, Inbox, Message, MessageKind, Ticket
from tickets.operations import locking, writing_down
from tickets.operations.replying import Upload
from tickets.operations.status import NotPossible

MOST_TEXT = 200_000

_teams_of = Prepared(lambda place: Team.objects.filter(inboxes=place(int))[:2])
_points_of = Prepared(
    lambda place: ContactPoint.objects.filter(
        customer__contact_points__channel="email", customer__contact_points__address=place(str)
    ).order_by("id"),
    related="customer",
)


def open_ticket(
    *,
    inbox: Inbox,
    address: str,
    name: str = "",
    subject: str,
    text: str,
    actor: Agent | None,
    channel: str = "api",
    once: str | None = None,
    files: Sequence[Upload] = (),
) -> Ticket:
    """Open a ticket with what a customer said, and make the customer if this address is new.

    `actor` is the agent who passes it on; None when the customer wrote it themselves, in a form. `once` makes a repeat
    of the same request return the first ticket. Raises NotPossible for an inbox out of use, an address that is none,
    or nothing said.
    """
    address, text = texts.line(address, 320).lower(), texts.clean(text)
    if not inbox.is_active:
        raise NotPossible(_("This inbox is no longer in use."))
    if "@" not in address.strip("@"):
        raise NotPossible(_("The customer's address is not an e-mail address."))
    if not text and not files:
        raise NotPossible(_("There is nothing in it yet."))
    if len(text) > MOST_TEXT:
        raise NotPossible(_("That is too long: a message has at most 200,000 characters."))
    # nothing is refused beyond this line, so the caller's transaction needs no savepoint
    with transaction.atomic(savepoint=False):
        key = _once(inbox, actor, once) if once else None
        if key and (done := _opened_before(key)):
            return done
        point = _contact_point(address, name)
        ticket, message = _write(inbox, point, name, subject, text, channel, key)
        _attach(message, files)
        received = draft(
            "message.received", ticket, actor=actor, at=message.created_at, message=message.pk,
            customer=point.customer_id, automated=False, channel=channel,
        )  # fmt: skip
        record_many([writing_down.created(ticket, actor=actor), received], audiences=[ticket.ledger_audience] * 2)
    return ticket


def _write(
    inbox: Inbox, point: ContactPoint, name: str, subject: str, text: str, channel: str, key: str | None
) -> tuple[Ticket, Message]:
    at = clock.now()
    teams = _teams_of(inbox.pk)
    ticket = Ticket(
        inbox=inbox,
        customer=point.customer,
        subject=texts.line(subject),
        channel=channel,
        team=teams[0] if len(teams) == 1 else None,
        created_at=at,
        updated_at=at,
        waiting_since=at,
        snippet=texts.snippet(text),
    )
    # the message's number is drawn with the ticket's, which spares writing the ticket twice
    insert(ticket, last_message_id="nextval(pg_get_serial_sequence('tickets_message', 'id'))")
    message = Message(
        pk=ticket.last_message_id,
        ticket=ticket,
        kind=MessageKind.INCOMING,
        sender=point,
        sender_name=texts.line(name, 200) or point.customer.name,
        channel=channel,
        subject=ticket.subject,
        text=text,
        matched_by="new",
        created_at=at,
        once=key,
    )
    insert(message)
    return ticket, message


def _once(inbox: Inbox, actor: Agent | None, once: str) -> str:
    return f"open:{inbox.pk}:{actor.pk if actor else 0}:{hashlib.sha256(once.encode()).hexdigest()[:40]}"


def _opened_before(key: str) -> Ticket | None:
    """The ticket of an earlier request with this key. One that is under way is waited for."""
    locking.hold(key)
    return Ticket.objects.select_related("inbox", "customer").filter(messages__once=key).first()


def _contact_point(address: str, name: str) -> ContactPoint:
    """Whose address this is. A new one is made under intake's own lock, so that two ways in make one customer."""
    if point := _known(address):
        return point
    locking.hold(f"from {address}")
    if point := _known(address):
        return point
    customer = Customer.objects.create(name=texts.line(name, 200))
    point = ContactPoint.objects.create(customer=customer, channel="email", address=address)
    customer._prefetched_objects_cache = {"contact_points": [point]}  # type: ignore[attr-defined]
    return point


def _known(address: str) -> ContactPoint | None:
    """The contact point of this address, its customer and all their other addresses, in one query."""
    points = _points_of(address)
    point = next((point for point in points if (point.channel, point.address) == ("email", address)), None)
    if point is not None:
        point.customer._prefetched_objects_cache = {"contact_points": points}  # type: ignore[attr-defined]
    return point


def _attach(message: Message, files: Sequence[Upload]) -> None:
    stored = File.objects.store_many([f.content for f in files])
    Attachment.objects.bulk_create(
        Attachment(
            message=message,
            file=kept,
            filename=texts.filename(f.filename),
            content_type=texts.media_type(f.content_type),
        )
        for f, kept in zip(files, stored, strict=True)
    )
