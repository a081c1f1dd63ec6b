"""Addresses as recipients: what somebody typed, whether it can be sent to, and how a page shows who it is."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from email.utils import parseaddr
from functools import lru_cache

from django.conf import settings
from django.utils.translation import gettext as _

from tickets import minting
from tickets.channels.email import addresses
from tickets.models import Inbox
from tickets.operations.status import NotPossible

#: how many people one message may go to
MOST = 50
_ROBOTS = frozenset(
    "mailer-daemon postmaster noreply no-reply donotreply do-not-reply bounce bounces notification".split()
)


@dataclass(frozen=True, slots=True)
class Chosen:
    """Whom a message goes to, as bare addresses in the order somebody put them."""

    to: tuple[str, ...] = ()
    cc: tuple[str, ...] = ()
    bcc: tuple[str, ...] = ()

    @property
    def everybody(self) -> tuple[str, ...]:
        return (*self.to, *self.cc, *self.bcc)

    @property
    def as_a_set(self) -> tuple[frozenset[str], ...]:
        """Equal for what goes to the same people in the same roles."""
        return tuple(frozenset(a.lower() for a in part) for part in (self.to, self.cc, self.bcc))


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody on a message; `marks` are of: new, unverified, bouncing."""

    address: str
    name: str = ""
    marks: tuple[str, ...] = ()

    @property
    def called(self) -> str:
        """The short way to say who it is."""
        return self.name or self.address


@dataclass(frozen=True, slots=True)
class Offer:
    """Somebody a mail named who gets nothing unless an agent includes them; `by` says who named them."""

    address: str
    name: str
    by: str


@dataclass(frozen=True, slots=True)
class Recipients:
    """Who gets it; who was on the last message and does not; whom one may include."""

    to: tuple[Person, ...] = ()
    cc: tuple[Person, ...] = ()
    bcc: tuple[Person, ...] = ()
    left: tuple[Person, ...] = ()
    offered: tuple[Offer, ...] = ()

    @property
    def chosen(self) -> Chosen:
        return Chosen(*(tuple(person.address for person in part) for part in (self.to, self.cc, self.bcc)))


def check(given: Chosen) -> Chosen:
    """These recipients in the form we send to, each once. Raises NotPossible with the first that cannot be."""
    found: dict[str, str] = {}
    parts = []
    for part in (given.to, given.cc, given.bcc):
        kept = []
        for written in part:
            address = addresses.normal(written)
            if not address or not re.search(r"@[^@.]+\.[^@]+|@localhost\Z|@\[", address):
                raise NotPossible(_("“%(address)s” is not an e-mail address.") % {"address": written[:100]})
            if address.lower() not in found:
                found[address.lower()] = address
                kept.append(address)
        parts.append(tuple(kept))
    if len(found) > MOST:
        raise NotPossible(_("One message goes to at most %(most)s people.") % {"most": MOST})
    for address in our_own(found):
        raise NotPossible(_("%(address)s is our own address: the answer would come back here.") % {"address": address})
    return Chosen(*parts)


def split(text: str) -> list[str]:
    """The addresses somebody typed or pasted, one after the other; what is no address comes back as it was."""
    found = []
    for piece in map(str.strip, re.findall(r'(?:[^,;\n"]|"[^"\n]*"?)+', text[:20_000])):
        if not piece:
            continue
        name_and_address = re.search(r"<([^<>]*)>\s*\Z", piece)
        words = piece.split()
        if name_and_address:
            found.append(name_and_address[1].strip())
        elif len(words) > 1 and all("@" in word for word in words):
            found.extend(words)
        else:
            found.append(piece)
    return list(dict.fromkeys(found))


def our_own(candidates: Iterable[str], among: Iterable[str] | None = None) -> list[str]:
    """Those of some addresses whose mail comes to us: inboxes, what stands behind their plus, signed addresses.

    `among` are the addresses of all inboxes, where they are at hand.
    """
    candidates = [address.lower() for address in candidates]
    if not candidates:
        return []
    known = Inbox.objects.values_list("address", flat=True) if among is None else among
    inboxes = {address.lower() for address in known}
    inboxes.add(_address_in(settings.DEFAULT_FROM_EMAIL))
    reply_domain = settings.MAIL_REPLY_DOMAIN
    return [
        address
        for address in candidates
        if re.sub(r"\+[^@]*@", "@", address) in inboxes
        or minting.is_signed(address)
        or (reply_domain and address.endswith(f"@{reply_domain}"))
    ]


@lru_cache(maxsize=8)
def _address_in(header: str) -> str:
    return parseaddr(header)[1].lower()


def is_robot(address: str) -> bool:
    """Whether nobody reads what is sent there, going by its name."""
    return address.lower().partition("@")[0].partition("+")[0] in _ROBOTS
