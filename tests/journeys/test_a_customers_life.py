"""A customer is found, edited, found to be two, made one, taken apart, and forgotten."""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.journeys.conftest import House, Seat
from tests.journeys.test_for_everybody import wrong
from tickets.models import Customer, CustomField, Ticket
from tickets.operations import customers

pytestmark = [pytest.mark.journey, pytest.mark.django_db(transaction=True)]


def test_a_customers_life(house: House, sit: Callable[..., Seat], ticket: Ticket, ana: Any, admin: Any) -> None:
    CustomField.objects.create(about="customer", key="plan", name="Plan", kind="choice", choices=["Gold", "Silver"])
    dora = ticket.customer
    customers.create(name="Dora Diaz", address="dora@home.example", actor=ana)
    page = sit(admin).page

    # found as one types
    page.goto("/customers/")
    page.get_by_label("Name or address").press_sequentially("dora@cust")
    expect(page.locator("#found tbody tr")).to_have_count(1)
    assert wrong(page) == []
    page.get_by_role("link", name="Dora Diaz").click()

    # a field is answered where it stands, the rest on a page of its own
    page.get_by_label("Plan").select_option("Gold")
    expect(page.locator(".toast")).to_contain_text("Saved.")
    page.get_by_role("link", name="Edit").click()
    page.get_by_label("Organisation").fill("Acme")
    page.get_by_role("button", name="Save").click()
    expect(page.locator(".page-head")).to_contain_text("Acme")
    dora.refresh_from_db()
    assert dora.fields == {"plan": "Gold"}

    # they are one person; no, they are not
    page.get_by_role("link", name="Compare and merge").click()
    page.get_by_label("Why they are one person").fill("She said so")
    page.get_by_role("button", name="Merge them").click()
    expect(page.locator(".points").first).to_contain_text("dora@home.example")
    assert wrong(page) == []
    page.keyboard.press("z")
    expect(page.locator(".points").first).not_to_contain_text("dora@customer.example")
    assert Customer.objects.filter(merged_into=None).count() == 2

    # a deleted note comes back
    page.goto(f"/customers/{dora.pk}/")
    page.get_by_label("What colleagues should know").fill("Likes tea")
    page.get_by_role("button", name="Add the note").click()
    page.get_by_role("button", name="Delete this note").click()
    expect(page.locator(".customer-note")).to_have_count(0)
    page.get_by_role("button", name="Undo").click()
    expect(page.locator(".customer-note")).to_contain_text("Likes tea")

    # forgotten, once the word is typed
    page.locator(".page-head details.menu summary").click()
    page.get_by_role("link", name="Erase").click()
    assert wrong(page) == []
    page.get_by_label("Type").fill("erase")
    page.get_by_role("button", name="Erase for good").click()
    expect(page.locator(".toast")).to_contain_text("Erased")
    page.goto(f"/tickets/{ticket.pk}/")
    expect(page.locator("#panel")).to_contain_text("Erased customer")
    assert "order" not in page.locator("#reading").inner_text()
