"""Answering custom fields of a ticket."""

from typing import Any

from django.core.cache import cache
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from helpdesk import clock
from helpdesk.events import record
from helpdesk.models import Agent, Event
from tickets import fields
from tickets.models import CustomField, Ticket
from tickets.operations.status import NotPossible, must_work_tickets

#: what was answered before is kept so long for whoever takes the change back; the ledger holds no answers
_KEPT_SECONDS = 15 * 60


class NoAnswer(NotPossible):
    """What was given is no answer to this field."""

    def __init__(self, field: CustomField, why: str) -> None:
        self.field = field
        super().__init__(f"{field.name}: {why}")


@transaction.atomic
def set_field(ticket: Ticket, *, key: str, value: Any, actor: Agent | None) -> Ticket:
    """Answer a field as somebody gave it; None or "" takes the answer away.

    The event names the field and never the answers. Raises NotPossible for a field that is not asked here, NoAnswer for
    what is none.
    """
    must_work_tickets(actor, ticket)
    ticket = Ticket.objects.locked(ticket.pk)
    field = next((one.field for one in fields.for_ticket(ticket) if one.field.key == key), None)
    if field is None:
        raise NotPossible(_("There is no such field here."))
    try:
        answer = fields.clean_value(field, value)
    except ValidationError as why:
        raise NoAnswer(field, " ".join(why.messages)) from None
    was = ticket.fields.get(key)
    ticket.fields, changed = fields.changed(ticket.fields, {key: answer})
    if not changed:
        return ticket
    ticket.updated_at = clock.now()
    ticket.save(update_fields=["fields", "updated_at"])
    event = record("ticket.answered", ticket, actor=actor, key=key, name=field.name, is_empty=answer is None)
    transaction.on_commit(lambda: cache.set(_place(event), [was, answer], _KEPT_SECONDS), robust=True)
    return ticket


def before(ticket: Ticket, event: Event) -> Any:
    """What was answered before that event. Raises NotPossible when nobody knows any more, or it changed again."""
    if ticket.customer.erased_at:
        raise NotPossible(_("The customer of this ticket was erased."))
    kept = cache.get(_place(event))
    if not isinstance(kept, list):
        raise NotPossible(_("That was too long ago: nobody knows the answer before it."))
    was, answer = kept
    if ticket.fields.get(event.facts["key"]) != answer:
        raise NotPossible(_("Somebody has changed it since."))
    return was


def _place(event: Event) -> str:
    return f"field-before-{event.pk}"
