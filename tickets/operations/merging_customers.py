"""Two customers who are one person, made one; and made two again.

Addresses, tickets and notes move to the target; what the target lacks is filled in from the source, which stays as it
was, empty-handed, and says whom it became. What moved is kept with the merge, so that it can be undone exactly, save
for what has moved on since.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _
from psycopg.types.numeric import Int8

from helpdesk import clock, statements
from helpdesk.events import draft, record, record_many
from helpdesk.models import Agent
from tickets import fields, texts
from tickets.models import ContactPoint, Customer, CustomerMerge, CustomerNote, Ticket
from tickets.operations import locking
from tickets.operations.status import NotPossible, must_work_tickets

#: of a customer, filled in where the target has nothing
FILLED = ("name", "language", "organisation_id")


@dataclass(frozen=True, slots=True)
class Preview:
    """What a merge would do, as far as the agent may see."""

    source: Customer
    target: Customer
    addresses: list[str]
    tickets: int
    notes: int
    #: what the target gets, and what it has already: pairs of a title and the source's value
    filled: list[tuple[str, str]] = field(default_factory=list)
    left: list[tuple[str, str]] = field(default_factory=list)


def preview(source: Customer, target: Customer, agent: Agent) -> Preview:
    """What would move from one to the other. Only reads."""
    names = {"name": _("Name"), "language": _("Language"), "organisation": _("Organisation")}
    filled: list[tuple[str, str]] = []
    left: list[tuple[str, str]] = []
    for attribute, title in names.items():
        theirs, ours = getattr(source, attribute), getattr(target, attribute)
        if theirs and theirs != ours:
            (left if ours else filled).append((title, str(theirs)))
    for theirs, ours in zip(fields.for_customer(source), fields.for_customer(target), strict=True):
        if not theirs.is_empty and theirs.value != ours.value:
            (filled if ours.is_empty else left).append((theirs.field.name, theirs.text))
    return Preview(
        source, target, [point.address for point in source.contact_points.all()],
        Ticket.objects.visible_to(agent).filter(customer=source).count(), source.notes.standing().count(), filled, left,
    )  # fmt: skip


@transaction.atomic
def merge(source: Customer, target: Customer, *, actor: Agent | None, reason: str = "") -> CustomerMerge:
    """Let `source` be `target` from now on. Merging twice is merging once.

    Raises NotPossible for one and the same, and where one of them is another by now, or erased.
    """
    must_work_tickets(actor)
    if source.pk == target.pk:
        raise NotPossible(_("That is the same customer."))
    theirs = Ticket.objects.filter(customer=source)
    source, target, tickets = _locked(source.pk, target.pk, lambda: theirs.values_list("pk", flat=True))
    if source.merged_into_id == target.pk:
        return CustomerMerge.objects.get(source=source, undone_at=None)
    for one in (source, target):
        if one.erased_at:
            raise NotPossible(_("An erased customer cannot be merged."))
        if one.merged_into_id:
            raise NotPossible(_("%(name)s was merged into somebody else meanwhile.") % {"name": one.display_name})
    kept: dict[str, Any] = {
        "points": _ids(source.contact_points.all()),
        "notes": _ids(source.notes.all()),
        "tickets": tickets,
    }
    ContactPoint.objects.filter(pk__in=kept["points"]).update(customer=target)
    CustomerNote.objects.filter(pk__in=kept["notes"]).update(customer=target)
    _give(kept["tickets"], source, target, actor)
    kept["filled"] = _fill(source, target)
    if source.is_blocked and not target.is_blocked:
        kept["blocked"] = target.is_blocked = True
        target.save(update_fields=["is_blocked"])
        record("customer.blocked", target, actor=actor)
    source.merged_into = target
    source.save(update_fields=["merged_into"])
    merge = CustomerMerge.objects.create(
        source=source, target=target, by=actor, reason=texts.line(reason, 200), kept=kept
    )
    record("customer.merged", target, actor=actor, merge=merge.pk, source=source.pk, tickets=len(kept["tickets"]))
    return merge


@transaction.atomic
def unmerge(merge: CustomerMerge, *, actor: Agent | None) -> Customer:
    """Make them two again and return the one that is back. What moved on since stays where it is now.

    Raises NotPossible while the target is itself merged into another, or when one of them was erased.
    """
    must_work_tickets(actor)

    def back() -> Iterable[int]:
        moved = CustomerMerge.objects.get(pk=merge.pk).kept["tickets"]
        return Ticket.objects.filter(pk__in=moved, customer=merge.target_id).values_list("pk", flat=True)

    source, target, tickets = _locked(merge.source_id, merge.target_id, back)
    merge = CustomerMerge.objects.select_for_update().get(pk=merge.pk)
    if merge.undone_at is not None:
        return source
    if source.erased_at or target.erased_at:
        raise NotPossible(_("An erased customer does not come back."))
    if target.merged_into_id:
        raise NotPossible(_("%(name)s was merged later: undo that first.") % {"name": target.display_name})
    kept = merge.kept
    ContactPoint.objects.filter(pk__in=kept["points"], customer=target).update(customer=source)
    CustomerNote.objects.filter(pk__in=kept["notes"], customer=target).update(customer=source)
    _give(tickets, target, source, actor)
    _empty(source, target, kept["filled"])
    if kept.get("blocked") and target.is_blocked:
        target.is_blocked = False
        target.save(update_fields=["is_blocked"])
        record("customer.unblocked", target, actor=actor)
    source.merged_into = None
    source.save(update_fields=["merged_into"])
    merge.undone_at = clock.now()
    merge.save(update_fields=["undone_at"])
    record("customer.unmerged", target, actor=actor, merge=merge.pk, source=source.pk, tickets=len(tickets))
    return source


#: those of these tickets whose customer turned out to be somebody else
_LATE = """
    SELECT number FROM tickets_ticket t JOIN tickets_customer c ON c.id = t.customer_id
    WHERE number = ANY(%s) AND c.merged_into_id IS NOT NULL
"""


@transaction.atomic(savepoint=False)
def take_along(tickets: Iterable[int]) -> None:
    """Give the target what was opened for a merged customer while they were being merged."""
    with statements.cursor() as cursor:
        cursor.execute(_LATE, [[Int8(pk) for pk in tickets]])
        late = [pk for (pk,) in cursor.fetchall()]
    if not late:
        return
    locked = Ticket.objects.all_locked(late)
    pairs = Customer.objects.filter(pk__in={ticket.customer_id for ticket in locked.values()})
    into = dict(pairs.values_list("pk", "merged_into"))
    people = Customer.objects.all_locked({*into, *filter(None, into.values())})
    for ticket in locked.values():
        source, target = people[ticket.customer_id], people.get(into[ticket.customer_id] or 0)
        if target is None:
            continue
        merge = CustomerMerge.objects.select_for_update().filter(source=source, undone_at=None).first()
        if merge is None or merge.target_id != target.pk:
            continue
        _give([ticket.pk], source, target, None)
        merge.kept["tickets"].append(ticket.pk)
        merge.save(update_fields=["kept"])


def standing_for(customer: Customer) -> Customer:
    """Who this customer is by now, however often they were merged."""
    seen = set()
    while customer.merged_into_id and customer.pk not in seen:
        seen.add(customer.pk)
        customer = Customer.objects.get(pk=customer.merged_into_id)
    return customer


def _locked(one: int, other: int, theirs: Callable[[], Iterable[int]]) -> tuple[Customer, Customer, list[int]]:
    """Both customers and these tickets, locked. Raises NotPossible when one of the customers is gone."""
    tickets, found = locking.hold_tickets_and_customers(lambda: (theirs(), (one, other)))
    if len(found) < 2:
        raise NotPossible(_("This customer is gone."))
    return found[one], found[other], sorted(tickets)


def _ids(things: Any) -> list[int]:
    return [thing.pk for thing in things]


def _give(tickets: list[int], was: Customer, to: Customer, actor: Agent | None) -> None:
    """Let locked tickets be another customer's, each with its event."""
    mine = list(Ticket.objects.filter(pk__in=tickets).only("number", "inbox_id"))
    Ticket.objects.filter(pk__in=tickets).update(customer=to)
    record_many(
        [draft("ticket.customer_changed", one, actor=actor, was=was.pk, to=to.pk) for one in mine],
        audiences=[one.ledger_audience for one in mine],
    )


def _fill(source: Customer, target: Customer) -> list[str]:
    filled = [name for name in FILLED if getattr(source, name) and not getattr(target, name)]
    for name in filled:
        setattr(target, name, getattr(source, name))
    new = {key: value for key, value in source.fields.items() if target.fields.get(key) in (None, "")}
    target.fields = {**target.fields, **new}
    target.save(update_fields=["name", "language", "organisation", "fields"])
    return [*filled, *(f"fields.{key}" for key in new)]


def _empty(source: Customer, target: Customer, filled: list[str]) -> None:
    """Take out of the target what was filled in and still says the same."""
    for name in filled:
        about, dot, key = name.partition(".")
        if dot:
            if target.fields.get(key) == source.fields.get(key):
                target.fields.pop(key, None)
        elif getattr(target, about) == getattr(source, about):
            setattr(target, about, None if about == "organisation_id" else "")
    target.save(update_fields=["name", "language", "organisation", "fields"])
