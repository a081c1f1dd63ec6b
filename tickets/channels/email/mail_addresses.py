"""Addresses as a mail that goes out writes them."""

import re
from email.errors import MessageError
from email.headerregistry import Address

import idna

from tickets import texts
from tickets.models import Delivery

_ADDRESS = re.compile(r"[^\s<>,;:\"()\[\]\\\x00-\x1f\x7f-\x9f@]+@[^\s<>,;:\"()\[\]\\@\x00-\x1f\x7f-\x9f]+\Z")


class NotAnAddress(ValueError):
    """A recipient nobody can send to."""


class NeedsUtf8(NotAnAddress):
    """An address with other letters before the @, which only a server that speaks SMTPUTF8 takes (RFC 6531)."""


def ascii_domain(address: str) -> str:
    """An address with its domain as DNS spells it (IDNA 2008); as it is where that cannot be."""
    local, at, domain = address.rpartition("@")
    if domain.isascii():
        return address
    try:
        return f"{local}{at}{idna.encode(domain, uts46=True).decode()}"
    except idna.IDNAError:
        return address


def has_other_letters(address: str) -> bool:
    """Whether it can be written in a mail of SMTPUTF8 only."""
    return not ascii_domain(address).isascii()


def mailbox(address: str, name: str = "") -> Address:
    """An address header's value, with its name made harmless. Raises NotAnAddress."""
    spelled = ascii_domain(address)
    if not _ADDRESS.match(spelled):
        raise NotAnAddress(f"{address!r} is not an address mail can be sent to.")
    local, _at, domain = spelled.rpartition("@")
    try:
        return Address(display_name=texts.line(name, 100), username=local, domain=domain)
    except (ValueError, MessageError) as error:  # what a parser stumbles over
        raise NotAnAddress(f"{address!r} is not an address mail can be sent to.") from error


def needs_utf8(delivery: Delivery) -> bool:
    """Whether the mail names an address that only a server of SMTPUTF8 takes."""
    mail = delivery.mail
    named = [delivery.recipient, mail.inbox.address, *mail.to, *mail.cc, *([mail.reply_to] if mail.reply_to else [])]
    return any(has_other_letters(address) for address in named)
