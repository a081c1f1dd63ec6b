"""Customers who may be one person, each with the reason why we think so."""

import difflib
import re
from collections import defaultdict
from dataclasses import dataclass

from django.utils.translation import gettext as _

from helpdesk.models import Agent
from tickets import domains
from tickets.models import ContactPoint, Customer, CustomerMerge, MessageKind, Ticket
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
