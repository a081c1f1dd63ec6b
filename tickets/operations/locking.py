"""What is locked before what (decision 12), and locks on things that have no row yet."""

import hashlib
from collections.abc import Callable, Iterable

from django.db import transaction
from django.utils.translation import gettext as _
from psycopg.types.numeric import Int8

from helpdesk import statements
from tickets.models import Customer, Ticket
from tickets.operations.status import NotPossible

_TRIES = 5


def hold_tickets_and_customers(
    wanted: Callable[[], tuple[Iterable[int], Iterable[int]]],
) -> tuple[dict[int, Ticket], dict[int, Customer]]:
    """Lock what `wanted` names, tickets before customers as everybody does.

    What came to be theirs while we waited is not taken out of turn: all is let go and begun anew. Raises NotPossible
    where that never ends.
    """
    for _try in range(_TRIES):
        held = transaction.savepoint()
        numbers, pks = (set(some) for some in wanted())
        tickets, customers = Ticket.objects.all_locked(numbers), Customer.objects.all_locked(pks)
        now_numbers, now_pks = (set(some) for some in wanted())
        if now_numbers <= numbers and now_pks <= pks:
            transaction.savepoint_commit(held)
            return {number: one for number, one in tickets.items() if number in now_numbers}, customers
        transaction.savepoint_rollback(held)  # which lets go of the locks as well
    raise NotPossible(_("Too much is happening with this customer right now. Try again."))


def hold_both(one: Ticket, other: Ticket) -> tuple[Ticket, Ticket]:
    """Two tickets, locked in the order of their numbers. Raises NotPossible where one is gone."""
    locked = Ticket.objects.all_locked([one.pk, other.pk])
    if one.pk not in locked or other.pk not in locked:
        raise NotPossible(_("That ticket is gone."))
    return locked[one.pk], locked[other.pk]


def advisory_key(key: str) -> int:
    """The number of a PostgreSQL advisory lock that stands for `key`."""
    return int.from_bytes(hashlib.blake2b(key.encode(), digest_size=8).digest(), "big", signed=True)


def hold(key: str) -> None:
    """Wait for this lock and keep it until the transaction ends."""
    with statements.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [Int8(advisory_key(key))])
