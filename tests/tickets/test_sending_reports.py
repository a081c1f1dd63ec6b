"""What became of a mail after it was sent, and what people do when it did not arrive."""

from collections.abc import Callable

import pytest

from helpdesk.models import Agent, Event
from tests.smtp_sink import Sink, smtp_sink
from tickets.models import ContactPoint, Customer, Delivery, DeliveryState, Inbox, Message, Ticket
from tickets.operations import replying, sending, status
from tickets.operations.recipients import Chosen
from tickets.operations.status import NotPossible
from tickets.tasks import deliver


@pytest.fixture
def sink(settings):
    with smtp_sink(settings) as sink:
        yield sink


@pytest.fixture
def out(db: None, ticket: Ticket, ana: Agent) -> Delivery:
    """The delivery of Ana's answer, taken by the next server."""
    replying.reply(ticket, text="It ships today.", actor=ana)
    [delivery] = sending.claim(10)
    assert sending.begin_transmission(delivery) and sending.sent(delivery, "250 2.0.0 OK")
    return fresh(delivery)


def fresh(delivery: Delivery) -> Delivery:
    return Delivery.objects.select_related("mail__ticket", "mail__inbox").get(pk=delivery.pk)


def put(delivery: Delivery, state: str) -> Delivery:
    Delivery.objects.filter(pk=delivery.pk).update(state=state)
    return fresh(delivery)


BOTH = Chosen(("dora@customer.example",), ("dan@customer.example",), ())
STATES = [state.value for state in DeliveryState]
MOVES = {
    ("sending", "delivered"): "delivered", ("sent", "delivered"): "delivered", ("uncertain", "delivered"): "delivered",
    ("delayed", "delivered"): "delivered", ("failed", "delivered"): "delivered",
    ("sending", "delayed"): "delayed", ("sent", "delayed"): "delayed", ("uncertain", "delayed"): "delayed",
    ("sending", "failed"): "bounced", ("sent", "failed"): "bounced", ("uncertain", "failed"): "bounced",
    ("delayed", "failed"): "bounced", ("delivered", "failed"): "bounced",
    ("sending", "relayed"): "sent", ("uncertain", "relayed"): "sent",
    ("sending", "expanded"): "sent", ("uncertain", "expanded"): "sent",
}  # fmt: skip


@pytest.mark.parametrize("action", ["delivered", "delayed", "failed", "relayed", "expanded"])
@pytest.mark.parametrize("state", STATES)
def test_a_report_moves_what_it_can_be_about_and_its_repetition_nothing(out: Delivery, state: str, action) -> None:  # type: ignore[no-untyped-def]
    Delivery.objects.filter(pk=out.pk).update(attempts=0)
    then = MOVES.get((state, action), state)
    assert sending.reported(put(out, state), action=action, status_code="5.0.0") is (then != state)
    assert fresh(out).state == then
    last = Event.objects.latest("id").pk
    assert not sending.reported(fresh(out), action=action, status_code="5.0.0")
    assert Event.objects.latest("id").pk == last


def test_a_bounce_is_told_and_shown_and_moves_nothing_else(out: Delivery, ticket: Ticket, ana: Agent, verbs) -> None:  # type: ignore[no-untyped-def]
    status.resolve(ticket, actor=ana)
    before = Ticket.objects.get(pk=ticket.pk)
    assert sending.reported(out, action="failed", status_code="5.1.1", words="550 5.1.1 no such user")
    after = Ticket.objects.get(pk=ticket.pk)
    assert (after.status, after.waiting_since, after.updated_at) == ("resolved", None, before.updated_at)
    assert after.has_undelivered
    event = Event.objects.get(verb="message.bounced")
    assert event.facts == {
        "message": out.mail.said_id, "delivery": out.pk, "mail": out.mail_id, "purpose": "reply", "status": "5.1.1"
    }  # fmt: skip
    point = ContactPoint.objects.get(address="dora@customer.example")
    assert point.is_bouncing and point.bounced_at and "no such user" in point.bounce_reason


@pytest.mark.parametrize("code", ["4.2.2", "5.7.1", "5.3.4", "5.2.3", ""])
def test_what_is_not_about_the_mailbox_marks_no_address(out: Delivery, code: str) -> None:
    sending.reported(out, action="failed", status_code=code)
    assert not ContactPoint.objects.get(address="dora@customer.example").is_bouncing


def test_a_mail_that_arrives_shows_that_the_address_is_good(out: Delivery) -> None:
    ContactPoint.objects.update(is_bouncing=True, bounce_reason="full")
    sending.reported(out, action="delivered", status_code="2.0.0")
    point = ContactPoint.objects.get(address="dora@customer.example")
    assert (point.is_bouncing, point.bounced_at, point.bounce_reason) == (False, None, "")


def test_a_report_that_overtakes_our_own_record_counts_and_nothing_is_sent_again(
    db: None, ticket: Ticket, ana: Agent, verbs
) -> None:  # type: ignore[no-untyped-def]
    replying.reply(ticket, text="It ships today.", actor=ana)
    [delivery] = sending.claim(10)
    sending.begin_transmission(delivery)
    assert sending.reported(delivery, action="failed", status_code="5.1.1", words="550 No")
    assert not sending.sent(delivery, "250 OK")
    assert fresh(delivery).state == DeliveryState.BOUNCED
    assert verbs(ticket)[-2:] == ["message.sent", "message.bounced"]
    assert sending.claim(10) == []


def test_a_server_that_put_us_off_and_delivered_all_the_same_gets_it_once(db: None, ticket: Ticket, ana: Agent) -> None:
    replying.reply(ticket, text="It ships today.", actor=ana)
    [delivery] = sending.claim(10)
    sending.refused(delivery, "451 later", for_good=False)
    assert sending.reported(fresh(delivery), action="delivered")
    assert fresh(delivery).state == DeliveryState.DELIVERED


def test_uncertain_is_certain_once_it_is_reported(db: None, ticket: Ticket, ana: Agent) -> None:
    replying.reply(ticket, text="It ships today.", actor=ana)
    [delivery] = sending.claim(10)
    sending.unknowable(delivery, "Silence")
    assert Ticket.objects.get().has_undelivered
    sending.reported(fresh(delivery), action="relayed")
    assert not Ticket.objects.get().has_undelivered and fresh(delivery).state == DeliveryState.SENT


def test_people_are_told_once_after_half_an_hour_of_refusals(db: None, ticket: Ticket, ana: Agent, verbs) -> None:  # type: ignore[no-untyped-def]
    replying.reply(ticket, text="It ships today.", actor=ana)
    for attempt in range(1, 8):
        Delivery.objects.update(due_at=ticket.created_at)
        [delivery] = sending.claim(10)
        sending.refused(delivery, "450 4.2.0 greylisted", for_good=False)
        assert verbs(ticket).count("message.delayed") == (attempt >= 4)


# --- sending again ----------------------------------------------------------------------------------------------------


def test_what_failed_is_sent_again_under_the_same_name(
    sink: Sink, db: None, ticket: Ticket, ana: Agent, verbs: Callable
) -> None:
    sink.rcpt["dora@customer.example"] = "550 5.1.1 no such user"
    message = replying.reply(ticket, text="It ships today.", actor=ana)
    deliver()
    failed = Delivery.objects.get()
    assert failed.state == "failed" and Ticket.objects.get().has_undelivered
    sink.rcpt.clear()
    sending.retry(failed, actor=ana)
    sending.retry(failed, actor=ana)
    assert not Ticket.objects.get().has_undelivered
    deliver()
    [(_to, content)] = sink.accepted
    assert f"<{message.message_id}>".encode() in content
    assert fresh(failed).state == "sent" and verbs(ticket).count("message.retried") == 1


def test_what_arrived_is_not_sent_again(out: Delivery, ana: Agent, lou: Agent) -> None:
    with pytest.raises(NotPossible):
        sending.retry(out, actor=ana)
    with pytest.raises(NotPossible):
        sending.retry(put(out, "failed"), actor=lou)
    assert fresh(out).state == "failed"


# --- another address --------------------------------------------------------------------------------------------------


def test_the_right_address_gets_the_same_mail_and_becomes_the_customers(
    sink: Sink, db: None, ticket: Ticket, ana: Agent, dora: Customer, verbs: Callable
) -> None:
    sink.rcpt["dora@customer.example"] = "550 5.1.1 no such user"
    message = replying.reply(ticket, text="It ships today.", actor=ana)
    deliver()
    wrong = Delivery.objects.get()
    new = sending.correct(wrong, address="Dora@New.example", actor=ana)
    assert sending.correct(fresh(wrong), address="dora@new.example", actor=ana).pk == new.pk
    assert not Ticket.objects.get().has_undelivered
    deliver()
    [(to, content)] = sink.accepted
    assert to == ["dora@new.example"] and b"To: dora@new.example\r\n" in content
    assert f"<{message.message_id}>".encode() in content
    assert list(dora.contact_points.values_list("address", flat=True)) == ["dora@customer.example", "dora@new.example"]
    assert Message.objects.get(pk=message.pk).to == ["dora@new.example"]
    assert verbs(ticket).count("message.corrected") == 1
    assert sending.recipients(ticket) == ["dora@new.example"]


def test_an_address_is_kept_only_if_wanted_and_nobodys(out: Delivery, ana: Agent, dora: Customer) -> None:
    emil = Customer.objects.create(name="Emil")
    ContactPoint.objects.create(customer=emil, address="emil@stranger.example")
    sending.correct(put(out, "bounced"), address="emil@stranger.example", actor=ana)
    assert dora.contact_points.count() == emil.contact_points.count() == 1
    other = Delivery.objects.get(recipient="emil@stranger.example")
    sending.correct(put(other, "failed"), address="dora@new.example", actor=ana, remember=False)
    assert dora.contact_points.count() == 1
    assert not sending.undelivered().exists()


@pytest.mark.parametrize(
    "address", ["", "dora", "dora@customer.example", "a@b.example\r\nBcc: e@x.example", "@x.example"]
)
def test_what_is_no_other_address_corrects_nothing(out: Delivery, ana: Agent, address: str) -> None:
    with pytest.raises(NotPossible):
        sending.correct(put(out, "failed"), address=address, actor=ana)
    assert Delivery.objects.count() == 1


def test_who_gets_it_already_does_not_get_it_twice(db: None, ticket: Ticket, ana: Agent) -> None:
    replying.reply(
        ticket, text="Hello", actor=ana, to=Chosen(("dora@customer.example",), ("dan@customer.example",), ())
    )
    wrong = Delivery.objects.get(recipient="dora@customer.example")
    there = sending.correct(put(wrong, "failed"), address="dan@customer.example", actor=ana)
    assert Delivery.objects.count() == 2 and there.recipient == "dan@customer.example"


# --- taking back ------------------------------------------------------------------------------------------------------


def test_a_mail_is_taken_back_before_anybody_began_to_send_it(sink: Sink, db: None, ticket: Ticket, ana: Agent) -> None:
    mail = replying.reply(ticket, text="Oops", actor=ana).outgoing
    assert sending.cancel(mail)
    assert not sending.cancel(mail)
    deliver()
    assert not sink.accepted and Delivery.objects.get().state == "cancelled"


@pytest.mark.parametrize("after", ["claimed", "refused", "sent"])
def test_what_somebody_began_to_send_is_not_taken_back(db: None, ticket: Ticket, ana: Agent, after: str) -> None:
    mail = replying.reply(ticket, text="Oops", actor=ana).outgoing
    [delivery] = sending.claim(10)
    if after == "refused":
        sending.refused(delivery, "451 later", for_good=False)
    if after == "sent":
        sending.sent(delivery, "250")
    state = Delivery.objects.get().state
    assert not sending.cancel(mail)
    assert Delivery.objects.get().state == state


# --- what is shown ----------------------------------------------------------------------------------------------------


def test_the_page_says_what_happened_and_offers_what_helps(
    out: Delivery, ticket: Ticket, ana: Agent, lou: Agent, as_agent
) -> None:  # type: ignore[no-untyped-def]
    sending.reported(out, action="failed", status_code="5.1.1", words="550 5.1.1 <dora> User unknown")
    page = as_agent(ana).get(f"/tickets/{ticket.pk}/").content.decode()
    assert "came back: the address does not exist" in page and "User unknown" in page
    assert f"/deliveries/{out.pk}/again" in page and f"/deliveries/{out.pk}/address" in page
    assert "data-can-reply" in page
    assert "data-can-reply" not in as_agent(lou).get(f"/tickets/{ticket.pk}/").content.decode()


def test_different_fates_are_told_apart(db: None, ticket: Ticket, ana: Agent, as_agent) -> None:  # type: ignore[no-untyped-def]
    replying.reply(
        ticket, text="Hello", actor=ana, to=Chosen(("dora@customer.example",), ("dan@customer.example",), ())
    )
    Delivery.objects.filter(recipient="dora@customer.example").update(state="delivered")
    Delivery.objects.filter(recipient="dan@customer.example").update(state="bounced", status_code="5.2.2")
    page = as_agent(ana).get(f"/tickets/{ticket.pk}/").content.decode()
    assert "not everybody got it" in page and "the mailbox is full" in page
    assert "<b>dora@customer.example</b>" in page


def test_what_did_not_arrive_has_a_list_and_a_badge(out: Delivery, ana: Agent, as_agent) -> None:  # type: ignore[no-untyped-def]
    browser = as_agent(ana)
    assert f"row-{out.mail.ticket_id}" not in browser.get("/?view=undelivered").content.decode()
    sending.reported(out, action="failed", status_code="5.1.1")
    page = browser.get("/?view=undelivered").content.decode()
    assert f"row-{out.mail.ticket_id}" in page and ">not delivered</span>" in page


def test_the_buttons_do_it_and_answer_with_the_thread(
    out: Delivery, inbox: Inbox, ana: Agent, ben: Agent, as_agent
) -> None:  # type: ignore[no-untyped-def]
    sending.reported(out, action="failed", status_code="5.1.1")
    browser, hx = as_agent(ana), {"HX-Request": "true"}
    assert as_agent(ben).post(f"/deliveries/{out.pk}/again").status_code == 404
    given = {f"address-{out.pk}": "dora@new.example", f"remember-{out.pk}": "1"}
    answer = browser.post(f"/deliveries/{out.pk}/address", given, headers=hx)
    assert answer.status_code == 200 and "sent to dora@new.example instead" in answer.content.decode()
    assert ContactPoint.objects.filter(address="dora@new.example").exists()
    assert browser.post(f"/deliveries/{out.pk}/again", headers=hx).status_code == 409
