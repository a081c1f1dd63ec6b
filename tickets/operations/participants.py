"""Who takes part in a ticket besides its customer. Only an agent says so; a mail merely suggests."""

from collections.abc import Collection

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from helpdesk import clock
from helpdesk.events import history, record
from helpdesk.models import Agent, Event
from tickets import texts
from tickets.models import Message, Participant, Ticket
from tickets.operations import recipients
from tickets.operations.recipients import Chosen
from tickets.operations.status import NotPossible, must_work_tickets


@transaction.atomic
def add(
    ticket: Ticket, *, address: str, name: str = "", actor: Agent | None, message: Message | None = None
) -> Participant:
    """Let somebody take part: they get later answers and may write. `message` is the answer that included them.

    Adding somebody who takes part changes nothing. Raises NotPossible for what is no address, or our own.
    """
    must_work_tickets(actor, ticket)
    ticket = Ticket.objects.locked(ticket.pk)
    [address] = recipients.check(Chosen(to=(address.strip(),))).to
    if ticket.customer.contact_points.filter(channel="email", address=address.lower()).exists():
        raise NotPossible(_("%(address)s is the customer's own address.") % {"address": address})
    person, is_new = Participant.objects.get_or_create(
        ticket=ticket, address=address.lower(), defaults={"name": texts.line(name, 200), "is_confirmed": True}
    )
    if not is_new and person.is_confirmed:
        return person
    was_suggested = not is_new
    if was_suggested:
        person.is_confirmed = True
        person.save(update_fields=["is_confirmed"])
    _touch(ticket)
    record(
        "ticket.participant_added", ticket, actor=actor, participant=person.pk, address=person.address,
        was_suggested=was_suggested, message=message.pk if message else None,
    )  # fmt: skip
    return person


@transaction.atomic
def remove(ticket: Ticket, *, address: str, actor: Agent | None) -> None:
    """Let somebody no longer take part, or drop a suggestion. Removing who is not there changes nothing."""
    must_work_tickets(actor, ticket)
    ticket = Ticket.objects.locked(ticket.pk)
    person = Participant.objects.filter(ticket=ticket, address=address.strip().lower()).first()
    if person is None:
        return
    known = person.pk
    person.delete()
    _touch(ticket)
    record(
        "ticket.participant_removed", ticket, actor=actor, participant=known, address=person.address,
        was_confirmed=person.is_confirmed,
    )  # fmt: skip


def include(ticket: Ticket, chosen: Chosen, *, actor: Agent, message: Message) -> None:
    """Confirm everybody an answer openly includes for the first time. Part of sending it."""
    theirs = set(ticket.customer.contact_points.filter(channel="email").values_list("address", flat=True))
    known = set(ticket.participants.filter(is_confirmed=True).values_list("address", flat=True))
    for address in (*chosen.to, *chosen.cc):
        if address.lower() not in theirs | known:
            add(ticket, address=address, actor=actor, message=message)


def exclude_again(
    ticket: Ticket, message: Message, *, actor: Agent, elsewhere: tuple[Ticket, Collection[int]] | None = None
) -> None:  # fmt: skip
    """Undo what `include` did for a message that was taken back: who was a suggestion is one again.

    `elsewhere` is a ticket this one went into, and who came along.
    """
    for event in history(ticket.number, ["ticket.participant_added"]).filter(facts__message=message.pk):
        _exclude(ticket, ticket.participants.filter(pk=event.facts["participant"]), event, actor)
        if elsewhere is not None:
            there, came = elsewhere
            _exclude(there, there.participants.filter(pk__in=came, address=event.facts["address"]), event, actor)


def _exclude(ticket: Ticket, people: QuerySet[Participant], added: Event, actor: Agent) -> None:
    person = people.filter(is_confirmed=True).first()
    if person is None:
        return
    pk = person.pk
    if added.facts.get("was_suggested"):
        person.is_confirmed = False
        person.save(update_fields=["is_confirmed"])
    else:
        person.delete()
    record(
        "ticket.participant_removed", ticket, actor=actor, participant=pk, address=added.facts["address"],
        was_confirmed=True,
    )  # fmt: skip


def _touch(ticket: Ticket) -> None:
    Ticket.objects.filter(pk=ticket.pk).update(updated_at=clock.now())
