"""Customers who may be one person, each with the reason why we think so."""

import difflib
import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Q
from django.utils.translation import gettext as _

from helpdesk.models import Agent
from tickets import domains
from tickets.models import ContactPoint, Conversation, Customer, CustomerMerge, MessageKind, Ticket
from tickets.models.message import Message

MOST = 5
#: of how many candidates of one sort we look closer
_LOOKED_AT = 200
#: who shares one of these shares nothing
_ROLES = frozenset(
    """
    accounting accounts admin billing buchhaltung contact einkauf hello help hola info invoice kontakt mail me no-reply
    noreply office order orders post postmaster sales service support team webmaster
    """.split()
)
_ADDRESS = re.compile(r"[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,5}")


@dataclass(frozen=True, slots=True)
class Twin:
    """A customer who may be the same person, and why."""

    customer: Customer
    reasons: list[str]


def of(customer: Customer, agent: Agent, *, most: int = MOST) -> list[Twin]:
    """Who else this customer may be, the likeliest first; a pair that was taken apart is not brought up again."""
    reasons: dict[int, list[str]] = defaultdict(list)
    mine = [point.address for point in customer.contact_points.all() if point.channel == "email"]
    name = customer.name.casefold().strip()
    if " " in name:
        for pk, other in Customer.objects.filter(name__ilike=customer.name).values_list("pk", "name")[:_LOOKED_AT]:
            if other.casefold().strip() == name:
                reasons[pk].append(_("the same name"))
    for address in mine[:5]:
        _by_address(address, name, reasons)
    _by_other_channels(customer, reasons)
    for address, pk in _signed(customer, agent, set(mine)):
        reasons[pk].append(_("a message is signed with %(address)s") % {"address": address})
    reasons.pop(customer.pk, None)
    if not reasons:
        return []
    for source, target in CustomerMerge.objects.filter(undone_at__isnull=False).filter(
        source__in=[customer.pk, *reasons], target__in=[customer.pk, *reasons]
    ).values_list("source_id", "target_id"):  # fmt: skip
        if customer.pk in (source, target):
            reasons.pop(target if source == customer.pk else source, None)
    found = Customer.objects.visible_to(agent).filter(pk__in=reasons, erased_at=None)
    ranked = sorted(
        found.select_related("organisation").prefetch_related("contact_points"),
        key=lambda one: (-len(reasons[one.pk]), one.pk),
    )
    return [Twin(one, list(dict.fromkeys(reasons[one.pk]))) for one in ranked[:most]]


def _by_address(address: str, name: str, reasons: dict[int, list[str]]) -> None:
    local, domain = address.rpartition("@")[0], domains.of(address)
    points = ContactPoint.objects.filter(channel="email")
    if len(local) > 3 and local not in _ROLES:
        same = points.filter(address__ilike=f"{local}@").values_list("customer_id", "address")[:_LOOKED_AT]
        for pk, other in same:
            if other.rpartition("@")[0] == local and other != address:
                reasons[pk].append(_("the same address but for its domain: %(address)s") % {"address": other})
    if name and domain not in domains.PUBLIC:
        near = points.filter(address__ilike=f"@{domain}", customer__merged_into=None)
        for pk, other, called in near.values_list("customer_id", "address", "customer__name")[:_LOOKED_AT]:
            if domains.of(other) == domain and _alike(name, called.casefold().strip()):
                reasons[pk].append(_("the same domain and nearly the same name"))


def _by_other_channels(customer: Customer, reasons: dict[int, list[str]]) -> None:
    """Who has the same number or name on another channel, or an address that one of the two says is theirs."""
    points = list(customer.contact_points.all())[:20]
    numbers = {digits for point in points if (digits := digits_of(point.address, point.channel))}
    handles = {point.handle.casefold() for point in points if _tells(point.handle)}
    others = ContactPoint.objects.exclude(customer=customer)
    if numbers:
        spelt = [*numbers, *(f"+{digits}" for digits in numbers)]
        for pk, address in others.filter(address__in=spelt).exclude(channel="email").values_list("customer", "address"):
            reasons[pk].append(_("the same number: %(number)s") % {"number": address})
    for handle in sorted(handles)[:5]:
        for pk, other in others.filter(handle__ilike=handle).values_list("customer", "handle")[:_LOOKED_AT]:
            if other.casefold() == handle:
                reasons[pk].append(_("the same name on another channel: %(handle)s") % {"handle": other})
    _by_claims(customer, points, reasons)


def digits_of(address: str, channel: str) -> str:
    """The number an address is; "" for what is none, or for a network's own names that are digits, too."""
    bare = address.removeprefix("+")
    is_number = bare.isdecimal() and 7 <= len(bare) <= 15 and (address[:1] == "+" or channel == "phone")
    return bare if is_number and channel != "email" else ""


def _tells(handle: str) -> bool:
    """Long enough to tell people apart, and no number."""
    return len(handle.strip("@")) > 4 and not handle.strip("+@ ").isdecimal() and " " not in handle.strip()


def _by_claims(customer: Customer, points: Sequence[ContactPoint], reasons: dict[int, list[str]]) -> None:
    """What people say is theirs, on a network that does not prove it."""
    said = Conversation.objects.filter(point__customer=customer, facts__has_key="claimed")
    for claimed in said.values_list("facts__claimed", flat=True)[:20]:
        for address in claimed.values() if isinstance(claimed, dict) else ():
            spelt = {str(address), str(address).lower()}
            for pk in ContactPoint.objects.filter(address__in=spelt).values_list("customer", flat=True):
                reasons[pk].append(_("they say that %(address)s is theirs") % {"address": address})
    mine = [point.address for point in points]
    says = Conversation.objects.filter(facts__has_key="claimed").exclude(point__customer=customer)
    about = Q(facts__claimed__email__in=mine) | Q(facts__claimed__phone__in=mine)
    for pk, claimed in says.filter(about).values_list("point__customer", "facts__claimed")[:_LOOKED_AT]:
        address = next((one for one in claimed.values() if one in mine), "")
        reasons[pk].append(_("they say that %(address)s is theirs") % {"address": address})


def _alike(one: str, other: str) -> bool:
    if not one or not other or one == other:
        return False
    words = set(one.split()), set(other.split())
    within = len(words[0] & words[1]) > 1 and (words[0] <= words[1] or words[1] <= words[0])
    return within or difflib.SequenceMatcher(None, one, other).ratio() > 0.84


def _signed(customer: Customer, agent: Agent, mine: set[str]) -> list[tuple[str, int]]:
    """Other customers' addresses below what this customer wrote last."""
    theirs = Ticket.objects.visible_to(agent).filter(customer=customer)
    said = Message.objects.filter(ticket__in=theirs, kind=MessageKind.INCOMING, is_automated=False)
    # a signature that was recognised stands in the full text only
    ends = said.order_by("-created_at", "-id").values_list("text", "full_text")[:10]
    named = {one.lower() for text, full in ends for one in _ADDRESS.findall((full or text)[:5000][-500:])} - mine
    found = ContactPoint.objects.filter(channel="email", address__in=list(named)[:50]).exclude(customer=customer)
    return list(found.values_list("address", "customer_id")) if named else []
