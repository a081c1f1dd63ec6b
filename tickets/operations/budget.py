"""One budget of what nobody asked for: acknowledgements, surveys and notices, over all channels together.

What goes to one address of a person counts for all of them, whichever network it is on.

Whoever types a stranger's address into every form of ours makes us send that stranger one mail a day, whatever we are
asked to send, and however the address is spelt. What answers somebody (a reply of an agent) is asked for and is not
counted here.
"""

import re
import unicodedata
from collections.abc import Iterable
from datetime import datetime, timedelta
from email.utils import parseaddr

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Q

from helpdesk import clock
from helpdesk.models import Agent
from tickets import minting
from tickets.models import ContactPoint, Inbox, OutgoingMail, Unrequested
from tickets.operations.locking import advisory_key

DAY = timedelta(hours=24)
#: mails in 24 hours to an address nobody ever vouched for
MOST_UNVERIFIED = 1
#: and to one that somebody did; of each purpose one
MOST_VERIFIED = 3
#: rows older than that say nothing any more
KEPT = timedelta(days=30)

#: nobody reads there, or whoever does is a machine
_ROBOT = re.compile(
    r"(?:no-?_?reply|do-?_?not-?_?reply|mailer-?daemon|postmaster|abuse|bounces?|autoreply|auto-?responder|listserv"
    r"|majordomo|owner-.*|.*-(?:bounces?|owner|request|confirm))(?:[._+=-].*)?"
)
_GMAIL = "gmail.com"
_SAME_DOMAIN = {"googlemail.com": _GMAIL}


def key(address: str) -> str:
    """An address without what its owner, or anybody else, can vary at will and still reach the same person.

    Case, what follows a plus, quotes, the spelling of an international domain, and the dots Gmail overlooks.
    """
    local, _, domain = unicodedata.normalize("NFKC", address).strip().casefold().rpartition("@")
    local = local.strip('"')
    local = local.partition("+")[0] or local
    domain = _ascii(domain.strip().rstrip("."))
    domain = _SAME_DOMAIN.get(domain, domain)
    if domain == _GMAIL:
        local = local.replace(".", "")
    return f"{local}@{domain}"[:320]


def _ascii(domain: str) -> str:
    try:
        return domain.encode("idna").decode().lower()
    except UnicodeError:
        return domain


def key_on(channel: str, address: str) -> str:
    """As `key`, for an address of any channel."""
    return key(address) if channel == "email" else f"{channel} {address.strip().casefold()}"[:320]


def _keys_of(channel: str, address: str, point: ContactPoint | None) -> set[str]:
    """Under which names this person was written to: all their addresses."""
    mine = {key_on(channel, address)}
    if point is not None:
        others = ContactPoint.objects.filter(customer=point.customer_id).values_list("channel", "address")
        mine |= {key_on(*other) for other in others[:200]}
    return mine


def lock(addresses: Iterable[str], *, channel: str = "email") -> None:
    """Make whoever else would draw on the budgets of these addresses wait until this transaction ends.

    Who locks several locks them all at once, here: they are taken in one order, so that nobody waits in a circle.
    """
    lock_all((channel, address) for address in addresses)


def lock_all(addresses: Iterable[tuple[str, str]]) -> None:
    """As `lock`, for addresses of several channels: (channel, address) of each."""
    addresses = list(addresses)
    names = {key_on(channel, address) for channel, address in addresses}
    for channel in {channel for channel, _address in addresses}:
        spelt = [one.lower() if channel == "email" else one for there, one in addresses if there == channel]
        known = ContactPoint.objects.filter(channel=channel, address__in=spelt).values_list("customer", flat=True)
        # and the person, so that two of their addresses do not get something at once
        names |= {f"of customer {customer}" for customer in known}
    numbers = sorted({advisory_key(f"budget {name}") for name in names})
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(k) FROM unnest(%s::bigint[]) AS k", [numbers])


def take(address: str, purpose: OutgoingMail.Purpose, *, at: datetime | None = None) -> bool:
    """Whether a mail of our own accord may go to an address now; if so, it is counted, in the caller's transaction."""
    return not draw(address, purpose, at=at)


@transaction.atomic
def draw(
    address: str, purpose: OutgoingMail.Purpose, *, at: datetime | None = None, channel: str = "email"
) -> str:  # fmt: skip
    """As `take`, with the reason in a word where it may not: "" means it may, and is counted."""
    lock([address], channel=channel)
    at = at or clock.now()
    if reason := refusal(address, purpose, at=at, channel=channel):
        return reason
    Unrequested.objects.create(key=key_on(channel, address), purpose=purpose, at=at)
    return ""


def give_back(address: str, purpose: OutgoingMail.Purpose, *, channel: str = "email") -> None:
    """What was counted last was seen by nobody and is taken away: it does not count."""
    taken = Unrequested.objects.filter(key=key_on(channel, address), purpose=purpose)
    taken.filter(pk__in=taken.order_by("-at", "-pk").values("pk")[:1]).delete()


def _point(channel: str, address: str) -> ContactPoint | None:
    spelt = address.lower() if channel == "email" else address
    return ContactPoint.objects.filter(channel=channel, address=spelt).first()


def refusal(address: str, purpose: OutgoingMail.Purpose, *, at: datetime, channel: str = "email") -> str:
    """Why nothing may go there, in a word; "" when it may. Only looks.

    `no_address`, `robot`, `ours`, `bouncing`, or `spent`: the budget of this address is used up.
    """
    if reason := never(address) if channel == "email" else "" if address else "no_address":
        return reason
    point = _point(channel, address)
    if point is not None and point.is_bouncing:
        return "bouncing"
    # No bound above: who waited for the lock with a time read before it must see what was taken meanwhile.
    mine = _keys_of(channel, address, point)
    lately = list(Unrequested.objects.filter(key__in=mine, at__gt=at - DAY).values_list("purpose", flat=True))
    if point is None or not point.is_verified:
        return "spent" if len(lately) >= MOST_UNVERIFIED else ""
    return "spent" if purpose in lately or len(lately) >= MOST_VERIFIED else ""


def never(address: str) -> str:
    """Why no mail of our own accord ever goes to an address; "" for an address like any other."""
    local, at, domain = address.rpartition("@")
    if not (local and at and domain):
        return "no_address"
    if _ROBOT.fullmatch(local.lower()):
        return "robot"
    return "ours" if is_ours(address) else ""


def is_ours(address: str) -> bool:
    """Whether an inbox, an agent or the helpdesk itself would get what is sent there, whatever follows a plus."""
    sought = key(address)
    domain = sought.rpartition("@")[2]
    if minting.is_signed(address) or domain == settings.MAIL_REPLY_DOMAIN:
        return True
    if sought == key(parseaddr(str(settings.DEFAULT_FROM_EMAIL))[1]):
        return True
    return inbox_at(address) is not None or agent_at(address) is not None


def inbox_at(address: str) -> Inbox | None:
    """The inbox that gets what is sent there, in use or not."""
    sought = key(address)
    return next((inbox for inbox in Inbox.objects.order_by("pk") if key(inbox.address) == sought), None)


def agent_at(address: str) -> Agent | None:
    """The agent who gets what is sent there."""
    sought = key(address)
    domain = sought.rpartition("@")[2]
    spelt = Q(email__iexact=address) | Q(email__iendswith=f"@{domain}")
    for other, one in _SAME_DOMAIN.items():
        if one == domain:
            spelt |= Q(email__iendswith=f"@{other}")
    return next((agent for agent in Agent.objects.active().filter(spelt) if key(agent.email) == sought), None)


def forget_old(*, at: datetime | None = None) -> int:
    """Drop what no longer counts. Returns how many rows that were."""
    return Unrequested.objects.filter(at__lt=(at or clock.now()) - KEPT).delete()[0]
