"""The customer beside their ticket: what an agent should know, and only what they may see."""

from collections.abc import Callable
from typing import Any

from django.db import connection
from django.db.models import prefetch_related_objects
from django.test import RequestFactory
from django.test.utils import CaptureQueriesContext

from feedback.models import Invitation, Response, Survey
from helpdesk import clock
from helpdesk.models import Agent
from tests.conftest import mail
from tickets import customer_card
from tickets.models import Customer, CustomField, Inbox, RawMessage, Ticket
from tickets.operations import customer_notes, opening
from tickets.templatetags import panel


def shown(ticket: Ticket, agent: Agent) -> tuple[customer_card.Card, str]:
    ticket = Ticket.objects.select_related("customer__organisation").get(pk=ticket.pk)
    prefetch_related_objects([ticket], "customer__contact_points")
    card = customer_card.of(ticket.customer, agent, ticket)
    request = RequestFactory().get("/")
    request.user = agent
    return card, panel.customer_card(card, ticket.number, request)


def test_a_newcomer_is_one(ticket: Ticket, ana: Agent) -> None:
    card, page = shown(ticket, ana)
    assert card.know == "first ticket"
    assert (card.open_tickets, card.contacts, card.notes) == ([], [], [])
    assert [panel.title for panel in card.panels] == ["Account"]  # the way to their timeline
    assert "dora@customer.example" in page


def test_what_an_agent_should_know_stands_there(
    ticket: Ticket, ana: Agent, send_mail_in: Callable[..., RawMessage]
) -> None:
    CustomField.objects.create(about="customer", key="plan", name="Plan")
    Customer.objects.update(fields={"plan": "Gold"})
    customer_notes.pin(customer_notes.add(ticket.customer, text="Calls at noon", actor=ana), actor=ana)
    customer_notes.add(ticket.customer, text="Unpinned", actor=ana)
    for n in range(4):
        send_mail_in(mail(subject=f"Again {n}", text=f"words number {n}"))
    Ticket.objects.filter(subject="Again 1").update(low_score=1)
    Customer.objects.update(is_blocked=True)
    ticket.customer.refresh_from_db()
    survey = Survey.objects.create(name="Satisfaction")
    asked = Invitation.objects.create(
        survey=survey, ticket=ticket, customer=ticket.customer, occasion_id=1, occasion_at=clock.now(),
        due_at=clock.now(), state="answered", language="en",
    )  # fmt: skip
    Response.objects.create(invitation=asked, score=2)
    card, page = shown(ticket, ana)
    assert card.know == "blocked, was dissatisfied lately, 5 tickets in 30 days"
    assert [one.subject for one in card.contacts] == ["Again 3", "Again 2", "Again 1"]
    assert len(card.open_tickets) == 4 and card.tickets == 5
    for words in ("Gold", "Calls at noon", "words number 3", "Surveys", "5 tickets in all"):
        assert words in page
    assert "Unpinned" not in page


def test_nothing_foreign_is_shown_or_counted(ticket: Ticket, ana: Agent, ben: Agent, billing: Inbox) -> None:
    opening.open_ticket(
        inbox=billing, address="dora@customer.example", subject="Canary", text="Canary", actor=ben, once="1"
    )  # fmt: skip
    card, page = shown(ticket, ana)
    assert card.tickets == 1 and card.know == "first ticket"
    assert "Canary" not in page


def test_a_light_collaborator_changes_no_field(ticket: Ticket, lou: Agent) -> None:
    CustomField.objects.create(about="customer", key="plan", name="Plan")
    assert "<form" not in shown(ticket, lou)[1]


def test_it_costs_the_same_however_much_there_is(
    ticket: Ticket, ana: Agent, send_mail_in: Callable[..., RawMessage]
) -> None:
    send_mail_in(mail(subject="Another"))

    def cost() -> Any:
        with CaptureQueriesContext(connection) as asked:
            shown(ticket, ana)
        return len(asked)

    before = cost()
    for n in range(6):
        send_mail_in(mail(subject=f"Again {n}"))
        customer_notes.pin(customer_notes.add(ticket.customer, text="Note", actor=ana), actor=ana)
        CustomField.objects.create(about="customer", key=f"f{n}", name=f"F{n}")
    assert cost() == before <= 13
