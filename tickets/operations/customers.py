"""Changing what we know of a customer: name, language, organisation, answers, addresses.

Events say which fields changed and which address it was by its id; what stood there is never written into the ledger.
"""

from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from helpdesk.events import record
from helpdesk.models import Agent
from tickets import fields, texts
from tickets.models import ContactPoint, Customer, Organisation
from tickets.operations import locking
from tickets.operations.addressees import Chosen, check
from tickets.operations.status import NotPossible, must_work_tickets

#: stands for "as it is"
AS_IT_IS: Any = object()


class AddressTaken(NotPossible):
    """The address is another customer's: perhaps they are one person."""

    def __init__(self, other: Customer) -> None:
        self.other = other
        super().__init__(_("Another customer writes from this address."))


def hold(customer: Customer) -> Customer:
    """The customer, locked. Raises NotPossible for one who is another by now, or erased."""
    locked = Customer.objects.locked(customer.pk)
    if locked.erased_at:
        raise NotPossible(_("This customer was erased."))
    if locked.merged_into_id:
        raise NotPossible(_("This customer was merged into another one."))
    return locked


@transaction.atomic
def create(*, name: str, address: str, actor: Agent | None, organisation: Organisation | None = None) -> Customer:
    """A customer who has not written yet. Raises AddressTaken when somebody has this address."""
    must_work_tickets(actor)
    address = clean_address(address)
    locking.hold(f"from {address}")
    if point := ContactPoint.objects.select_related("customer").filter(channel="email", address=address).first():
        raise AddressTaken(point.customer)
    customer = Customer.objects.create(name=texts.line(name, 200), organisation=organisation)
    ContactPoint.objects.create(customer=customer, channel="email", address=address)
    record("customer.created", customer, actor=actor)
    return customer


@transaction.atomic
def change(
    customer: Customer, *, actor: Agent | None, name: str = AS_IT_IS, language: str = AS_IT_IS,
    organisation: Organisation | None = AS_IT_IS, answers: Mapping[str, Any] | None = None,
) -> Customer:  # fmt: skip
    """Change what is given; the rest stays. Answers are cleaned ones, by the keys of their fields."""
    must_work_tickets(actor)
    customer = hold(customer)
    changed = []
    for attribute, value in {
        "name": name if name is AS_IT_IS else texts.line(name, 200), "language": language, "organisation": organisation
    }.items():  # fmt: skip
        if value is not AS_IT_IS and getattr(customer, attribute) != value:
            setattr(customer, attribute, value)
            changed.append(attribute)
    save = list(changed)
    if answers:
        customer.fields, keys = fields.changed(customer.fields, answers)
        changed += [f"fields.{key}" for key in keys]
        save += ["fields"] if keys else []
    if changed:
        customer.save(update_fields=save)
        record("customer.changed", customer, actor=actor, fields=changed)
    return customer


def clean_address(address: str) -> str:
    """A mail address as we compare it. Raises NotPossible for what is none, or is our own."""
    [checked] = check(Chosen(to=(address.strip(),))).to
    return checked.lower()


@transaction.atomic
def add_address(customer: Customer, *, address: str, actor: Agent | None) -> ContactPoint:
    """Let mail from this address be theirs. Adding one they have changes nothing.

    Raises AddressTaken when it is another customer's, and NotPossible for what is no address.
    """
    must_work_tickets(actor)
    customer = hold(customer)
    address = clean_address(address)
    locking.hold(f"from {address}")
    point = ContactPoint.objects.select_related("customer").filter(channel="email", address=address).first()
    if point is not None and point.customer_id != customer.pk:
        raise AddressTaken(point.customer)
    if point is not None:
        return point
    point = ContactPoint.objects.create(customer=customer, channel="email", address=address)
    record("customer.address_added", customer, actor=actor, point=point.pk, channel=point.channel)
    return point


@transaction.atomic
def remove_address(point: ContactPoint, *, actor: Agent | None) -> None:
    """Take an address away. Raises NotPossible for their last one, and for one they wrote from: it tells who wrote."""
    must_work_tickets(actor)
    customer = hold(point.customer)
    found = customer.contact_points.filter(pk=point.pk).first()
    if found is None:
        return
    if customer.contact_points.count() == 1:
        raise NotPossible(_("This is their only address: add another one first."))
    if found.messages.exists():
        raise NotPossible(_("They wrote from this address, so it stays with what they wrote."))
    found.delete()
    record("customer.address_removed", customer, actor=actor, point=point.pk, channel=point.channel)


@transaction.atomic
def verify_address(point: ContactPoint, *, actor: Agent | None, is_verified: bool = True) -> ContactPoint:
    """Say that an address is really theirs, or that nobody knows."""
    must_work_tickets(actor)
    customer = hold(point.customer)
    found = customer.contact_points.filter(pk=point.pk).first()
    if found is None:
        raise NotPossible(_("This address is gone."))
    if found.is_verified == is_verified:
        return found
    found.is_verified = is_verified
    found.save(update_fields=["is_verified"])
    verb = "customer.address_verified" if is_verified else "customer.address_doubted"
    record(verb, customer, actor=actor, point=found.pk, channel=found.channel)
    return found


@transaction.atomic
def note_export(customer: Customer, *, tickets: int, actor: Agent) -> None:
    """Write down that a copy of all we keep of them was made."""
    record("customer.exported", customer, actor=actor, tickets=tickets)
