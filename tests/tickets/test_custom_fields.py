"""Custom fields: what may be answered, where each is asked, and how people set them up."""

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from django import forms
from django.core.exceptions import ValidationError
from django.test import Client

from helpdesk.models import Agent
from tickets import fields
from tickets.models import Customer, CustomField, Inbox, Ticket


def field(kind: str = "text", about: str = "ticket", **more: Any) -> CustomField:
    return CustomField.objects.create(**{"key": "plan", "name": "Plan", "kind": kind, "about": about, **more})


@pytest.mark.parametrize(
    ("kind", "given", "kept"),
    [
        ("text", "  gold ", "gold"), ("text", "", None), ("text", None, None), ("text", 5, "5"),
        ("number", "12", 12), ("number", "1.5", 1.5), ("number", 0, 0), ("number", "-3", -3), ("number", "1e3", 1000),
        ("choice", "GOLD", "Gold"), ("choice", "", None),
        ("date", "2026-03-01", "2026-03-01"), ("date", date(2026, 3, 1), "2026-03-01"),
        ("url", "https://shop.example/a?b=c", "https://shop.example/a?b=c"),
        ("url", "shop.example", "https://shop.example"), ("url", "HTTP://shop.example", "HTTP://shop.example"),
        ("checkbox", True, True), ("checkbox", "no", False), ("checkbox", "on", True), ("checkbox", "", None),
    ],
)  # fmt: skip
def test_an_answer_is_stored_as_what_it_is(kind: str, given: Any, kept: Any) -> None:
    assert fields.clean_value(CustomField(kind=kind, choices=["Gold", "Silver"]), given) == kept


@pytest.mark.parametrize(
    ("kind", "given"),
    [
        ("text", "x" * 501), ("text", ["a"]), ("text", {"a": 1}), ("number", "twelve"), ("number", "NaN"),
        ("number", "Infinity"), ("number", "9" * 40), ("number", True), ("number", [1]), ("choice", "Bronze"),
        ("date", "the first"), ("date", "2026-02-30"), ("url", "javascript:alert(1)"), ("url", "ftp://shop.example"),
        ("url", "https://"), ("url", "data:text/html,x"), ("checkbox", "perhaps"),
    ],
)  # fmt: skip
def test_what_is_no_answer_is_refused_in_words(kind: str, given: Any) -> None:
    with pytest.raises(ValidationError):
        fields.clean_value(CustomField(kind=kind, choices=["Gold"]), given)


def test_a_ticket_is_asked_what_its_inbox_asks(ticket: Ticket, billing: Inbox) -> None:
    everywhere, here = field(), field(key="order", name="Order", position=1)
    here.inboxes.add(ticket.inbox)
    field(key="invoice", name="Invoice").inboxes.add(billing)
    field(key="old", name="Old", is_active=False)
    field(about="customer")
    ticket.fields = {"plan": "gold"}
    assert [(one.field, one.value) for one in fields.for_ticket(ticket)] == [(everywhere, "gold"), (here, None)]


def test_what_is_required_and_not_answered_is_missing(ticket: Ticket) -> None:
    order = field(key="order", name="Order", is_required_to_resolve=True)
    sure = field("checkbox", key="sure", name="Sure", is_required_to_resolve=True)
    assert fields.missing(ticket) == [order, sure]
    ticket.fields = {"order": "A-1", "sure": False}
    assert fields.missing(ticket) == []


def test_answers_are_said_as_people_say_them(db: None) -> None:
    assert fields.format_value(CustomField(kind="checkbox"), False) == "no"
    assert fields.format_value(CustomField(kind="number"), 1.5) == "1.5"
    assert "2026" in fields.format_value(CustomField(kind="date"), "2026-03-01")
    assert fields.format_value(CustomField(kind="text"), None) == ""


def test_a_form_of_them_cleans_to_what_is_stored(dora: Customer) -> None:
    field("choice", "customer", choices=["Gold"])
    field("checkbox", "customer", key="vip", name="VIP")
    dora.fields = {"plan": "Bronze", "vip": True}
    form_fields = fields.form_fields(fields.for_customer(dora))
    form = type("F", (forms.Form,), dict(form_fields))({"field_plan": "gold", "field_vip": "false"})
    assert form.is_valid(), form.errors
    assert fields.answered(form.cleaned_data) == {"plan": "Gold", "vip": False}
    # what was a choice once is still shown
    assert "Bronze" in str(type("F", (forms.Form,), dict(form_fields))())


def test_only_what_is_otherwise_counts_as_changed() -> None:
    given = {"plan": "Gold", "size": 3}
    assert fields.changed(given, {"plan": "Gold", "size": None, "vip": False}) == (
        {"plan": "Gold", "vip": False}, ["size", "vip"],
    )  # fmt: skip


def test_an_admin_adds_a_field_and_its_key_never_changes(admin: Agent, as_agent: Callable[[Agent], Client]) -> None:
    browser = as_agent(admin)
    said = {"name": "Service plan", "about": "ticket", "kind": "choice", "choices": "Gold\n\n Silver \ngold",
            "position": "1", "is_active": "on"}  # fmt: skip
    assert browser.post("/settings/fields/new/", said).status_code == 302
    made = CustomField.objects.get()
    assert (made.key, made.choices) == ("service_plan", ["Gold", "Silver"])
    changed = {**said, "key": "other", "kind": "text", "about": "customer", "name": "Plan"}
    assert browser.post(f"/settings/fields/{made.pk}/", changed).status_code == 302
    made.refresh_from_db()
    assert (made.name, made.key, made.kind, made.about) == ("Plan", "service_plan", "choice", "ticket")
    assert "Plan" in browser.get("/settings/fields/").content.decode()


@pytest.mark.parametrize("wrong", [{"kind": "choice"}, {"key": "!!", "name": "??"}, {"key": "plan"}])
def test_a_field_that_makes_no_sense_is_refused(
    wrong: dict[str, str], admin: Agent, as_agent: Callable[[Agent], Client]
) -> None:
    field()
    said = {"name": "New", "about": "ticket", "kind": "text", "position": "0", "is_active": "on", **wrong}
    assert as_agent(admin).post("/settings/fields/new/", said).status_code == 422
    assert CustomField.objects.count() == 1
