"""Which inbox an address stands for: its own, one behind a plus, or one of our signed addresses."""

from collections.abc import Iterable

from django.conf import settings
from django.db.models.functions import Lower

from tickets import minting
from tickets.models import Delivery, Inbox, Message, OutgoingMail, Ticket


def find(addresses: Iterable[str]) -> dict[str, Inbox]:
    """Address -> the active inbox it stands for. Addresses nobody here has are absent."""
    wanted = list(dict.fromkeys(addresses))
    names = {address.lower() for address in wanted} | {_bare(address) for address in wanted}
    inboxes = Inbox.objects.active().annotate(lower=Lower("address")).filter(lower__in=names)
    by_address: dict[str, Inbox] = {inbox.lower: inbox for inbox in inboxes}
    found = {}
    for address in wanted:
        if inbox := _own(address, by_address) or _signed(address):
            found[address] = inbox
    return found


def _bare(address: str) -> str:
    """Lower case, without what follows a plus: support+42@x is for support@x."""
    local, _, domain = address.lower().rpartition("@")
    return f"{local.partition('+')[0]}@{domain}"


def _own(address: str, by_address: dict[str, Inbox]) -> Inbox | None:
    if inbox := by_address.get(address.lower()):
        return inbox
    inbox = by_address.get(_bare(address))
    return inbox if inbox and inbox.plus_addresses else None


def _signed(address: str) -> Inbox | None:
    """The inbox of a signed address on MAIL_REPLY_DOMAIN, found through its token."""
    domain = address.lower().rpartition("@")[2]
    if not settings.MAIL_REPLY_DOMAIN or domain != settings.MAIL_REPLY_DOMAIN:
        return None
    if (claim := minting.note_claim(address)) and claim.is_ours:
        ticket = Ticket.objects.select_related("inbox").filter(pk=claim.ticket).first()
        return ticket.inbox if ticket and ticket.inbox.is_active else None
    signed = minting.read_address(address)
    if signed is None:
        return None
    inbox = _bounced(signed.token) if signed.kind == "bounce" else _answered(signed.token)
    return inbox if inbox and inbox.is_active else None


def _bounced(token: str) -> Inbox | None:
    delivery = Delivery.objects.select_related("mail__inbox").filter(token=token).first()
    return delivery.mail.inbox if delivery else None


def _answered(token: str) -> Inbox | None:
    """Whose mail has this token as the local part of its Message-ID."""
    # the unique column's pattern index answers this one; the domain is the inbox's address's when it was sent
    mail = OutgoingMail.objects.select_related("inbox", "ticket__inbox").filter(message_id__startswith=f"{token}@")
    if sent := mail.first():
        return sent.ticket.inbox if sent.ticket else sent.inbox
    domains = {address.rpartition("@")[2] for address in Inbox.objects.values_list("address", flat=True)}
    said = Message.objects.select_related("ticket__inbox").filter(message_id__in=[f"{token}@{d}" for d in domains])
    message = said.exclude(kind="incoming").first()
    return message.ticket.inbox if message else None
