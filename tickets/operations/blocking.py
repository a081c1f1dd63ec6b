"""Blocking a customer: what they send is spam from now on."""

from django.db import transaction

from helpdesk.events import record
from helpdesk.models import Agent
from tickets.models import Customer
from tickets.operations import customers
from tickets.operations.status import must_work_tickets


def block(customer: Customer, *, actor: Agent | None) -> Customer:
    """Let what this customer sends be spam from now on. Blocking twice is blocking once."""
    return _set(customer, True, actor)


def unblock(customer: Customer, *, actor: Agent | None) -> Customer:
    """Hear this customer again."""
    return _set(customer, False, actor)


@transaction.atomic
def _set(customer: Customer, is_blocked: bool, actor: Agent | None) -> Customer:
    must_work_tickets(actor)
    customer = customers.hold(customer)
    if customer.is_blocked == is_blocked:
        return customer
    customer.is_blocked = is_blocked
    customer.save(update_fields=["is_blocked"])
    record("customer.blocked" if is_blocked else "customer.unblocked", customer, actor=actor)
    return customer
