"""Two people who change the same ticket and customer from both ends wait for each other in turn, never in a circle."""

import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection, transaction
from django.test import Client

from helpdesk.models import Agent, ApiToken
from tickets.models import Customer, ReadMark, Ticket
from tickets.operations import acting, blocking, bulk, erasing, linking, merging_customers, removing, undo

pytestmark = pytest.mark.django_db(transaction=True)


def _somebody_waits() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_stat_clear_snapshot()")  # or a transaction sees who waited when it first asked
        cursor.execute(
            "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database()"
            " AND wait_event_type = 'Lock')"
        )
        return bool(cursor.fetchone()[0])


def _at_once(
    monkeypatch: pytest.MonkeyPatch, name: str, first: Callable[[], Any], second: Callable[[], Any]
) -> list[BaseException]:
    """Begin `first`; when it comes to `blocking.<name>`, begin `second`, and go on when that waits for it."""
    failed: list[BaseException] = []

    def work(what: Callable[[], Any]) -> None:
        try:
            what()
        except BaseException as error:
            failed.append(error)
        finally:
            connection.close()

    other = threading.Thread(target=work, args=[second])
    real = getattr(blocking, name)

    def wait(customer: Customer, **more: Any) -> Customer:
        other.start()
        until = time.monotonic() + 10
        while other.is_alive() and not _somebody_waits() and time.monotonic() < until:
            time.sleep(0.01)
        return real(customer, **more)

    monkeypatch.setattr(blocking, name, wait)
    one = threading.Thread(target=work, args=[first])
    one.start()
    one.join()
    other.join()
    return failed


@pytest.fixture
def dee(db: None) -> Customer:
    return Customer.objects.create(name="Dee")


def _merge(ticket: Ticket, dee: Customer, admin: Agent) -> Callable[[], Any]:
    return lambda: merging_customers.merge(ticket.customer, dee, actor=admin)


def _unmerge(ticket: Ticket, dee: Customer, admin: Agent) -> Callable[[], Any]:
    made = merging_customers.merge(ticket.customer, dee, actor=admin)
    return lambda: merging_customers.unmerge(made, actor=admin)


def _erase(ticket: Ticket, dee: Customer, admin: Agent) -> Callable[[], Any]:
    return lambda: erasing.erase(ticket.customer, actor=admin)


@pytest.mark.parametrize("meanwhile", [_merge, _unmerge, _erase])
def test_blocking_the_sender_of_spam_and_changing_the_customer_never_wait_in_a_circle(
    ticket: Ticket, dee: Customer, ana: Agent, admin: Agent, monkeypatch: pytest.MonkeyPatch,
    meanwhile: Callable[[Ticket, Customer, Agent], Callable[[], Any]],
) -> None:  # fmt: skip
    other = meanwhile(ticket, dee, admin)
    assert _at_once(monkeypatch, "block", lambda: removing.spam(ticket, actor=ana, block=True), other) == []
    ticket.refresh_from_db()
    assert ticket.status == "spam"


def test_nor_does_taking_it_back(ticket: Ticket, dee: Customer, ana: Agent, admin: Agent, monkeypatch: Any) -> None:
    removing.spam(ticket, actor=ana, block=True)
    event = undo.latest(ana)
    assert event is not None
    back = lambda: undo.undo(ticket, event, actor=ana)  # noqa: E731
    assert _at_once(monkeypatch, "unblock", back, _merge(ticket, dee, admin)) == []
    ticket.refresh_from_db()
    assert (ticket.status, ticket.customer) == ("open", dee)


def test_a_change_to_many_tickets_holds_a_whole_part_before_it_begins(
    ticket: Ticket, dee: Customer, ana: Agent, monkeypatch: pytest.MonkeyPatch
) -> None:
    last = Ticket.objects.create(inbox=ticket.inbox, customer=dee)
    asked = bulk.ask(actor=ana, act={"do": "spam", "block": True}, tickets=[ticket.pk, last.pk], once="1")
    free: list[tuple[int, int]] = []

    def look() -> None:
        with transaction.atomic():
            tickets = Ticket.objects.select_for_update(skip_locked=True, of=("self",)).filter(pk=last.pk)
            customers = Customer.objects.select_for_update(skip_locked=True, of=("self",)).filter(pk=dee.pk)
            free.append((len(tickets), len(customers)))
        connection.close()

    real = acting.perform_held

    def perform(one: Ticket, *given: Any, **more: Any) -> Ticket:
        looking = threading.Thread(target=look)
        looking.start()
        looking.join()
        return real(one, *given, **more)

    monkeypatch.setattr(acting, "perform_held", perform)
    bulk.run(asked.pk)
    assert free == [(0, 0), (0, 0)]


def test_who_only_refers_to_a_ticket_does_not_wait(ticket: Ticket, ana: Agent) -> None:
    def mark() -> None:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SET LOCAL lock_timeout = '2s'")
            ReadMark.objects.create(agent=ana, ticket=ticket, message_id=1)
        connection.close()

    with transaction.atomic():
        Ticket.objects.locked(ticket.pk)
        marking = threading.Thread(target=mark)
        marking.start()
        marking.join()
    assert ReadMark.objects.filter(agent=ana).exists()


@pytest.mark.parametrize("method", ["post", "delete"])
def test_programs_that_link_tickets_hold_neither_while_they_wait_for_the_lower(
    ticket: Ticket, dee: Customer, ana: Agent, method: str
) -> None:
    higher = Ticket.objects.create(inbox=ticket.inbox, customer=dee)
    linking.link(higher, to=ticket, kind="related", actor=ana)
    _token, secret = ApiToken.objects.issue(ana, "test")
    client, answers = Client(headers={"Authorization": f"Bearer {secret}"}), []

    def ask() -> None:
        url = f"/api/v1/tickets/{higher.pk}/links/"
        if method == "post":
            made = client.post(url, {"ticket": ticket.pk, "kind": "parent"}, content_type="application/json")
        else:
            made = client.delete(f"{url}{ticket.pk}/")
        answers.append(made.status_code)
        connection.close()

    asking = threading.Thread(target=ask)
    with transaction.atomic():
        Ticket.objects.locked(ticket.pk)
        asking.start()
        until = time.monotonic() + 10
        while asking.is_alive() and not _somebody_waits() and time.monotonic() < until:
            time.sleep(0.01)
        free = Ticket.objects.select_for_update(skip_locked=True, of=("self",)).filter(pk=higher.pk)
        assert list(free) == [higher], "who waits for a lower ticket holds no higher one"
    asking.join()
    assert answers == [200]
