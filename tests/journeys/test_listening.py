"""A complaint is heard: its topic said in one click, its steps taken, its words settled, its answer graded by keys."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction
from playwright.sync_api import expect

from feedback.models import QualityReview, Remark, Topic
from feedback.operations import complaining, remarks, topics
from helpdesk import clock
from tests.journeys.conftest import House, Seat
from tests.journeys.test_for_everybody import wrong
from tickets.operations import replying, sorting

pytestmark = [pytest.mark.journey, pytest.mark.django_db(transaction=True)]


def test_a_complaint_is_heard(
    house: House, sit: Callable[..., Seat], ana: Any, chloe: Any, ticket: Any, inbox: Any
) -> None:
    Topic.objects.create(name="Delivery", phrases="late\nparcel*\norder*")
    Topic.objects.create(name="Quality of the goods as they come", phrases="broken\ncup")
    Topic.objects.create(name="Billing", phrases="invoice*")
    topics.look_at([ticket.pk])
    sorting.retype(ticket, to="complaint", actor=ana)
    complaining.follow(ticket)
    remarks.hear_complaint(ticket.pk)
    for n in range(8):
        said = "My cup was broken." if n % 2 else "The parcel came late, and the invoice was wrong."
        one = Remark.objects.create(
            inbox=inbox, source="noted", noted_by=ana, text=said, tone=-1 if n < 3 else 1,
            said_at=clock.now() - timedelta(days=n),
        )  # fmt: skip
        with transaction.atomic():
            topics.look_at_remark(one)
    replying.reply(ticket, text="I am sorry. It left on Monday.", actor=ana)
    review = QualityReview.objects.create(ticket=ticket, agent=ana)
    faults = {}

    page = sit(ana).page
    page.goto(f"/tickets/{ticket.number}/")
    panel = page.locator("#panel")
    expect(panel).to_contain_text("found by “order”")
    panel.get_by_text("Another topic").click()
    panel.get_by_role("button", name="Billing").click()
    expect(panel).to_contain_text("said by an agent")
    panel.get_by_text("Say what was decided").click()
    panel.get_by_label("Finding").select_option("partly")
    panel.get_by_role("button", name="Save").click()
    expect(panel).to_contain_text("partly upheld")
    faults["ticket"] = wrong(page)
    panel.get_by_role("button", name="Yes").click()
    expect(panel).to_contain_text("with consent")

    page.goto("/feedback/voice/?tone=-1")
    expect(page.locator(".remark")).to_have_count(4)
    faults["voice"] = wrong(page)
    page.get_by_role("link", name="Open: Where is my order?").click()
    faults["remark"] = wrong(page)
    page.get_by_role("button", name="Settled").click()
    page.goto("/feedback/voice/?tone=-1")
    expect(page.locator(".remark")).to_have_count(3)

    page = sit(chloe).page
    for name, address in {
        "complaints": "/feedback/complaints/?show=all", "quality": "/feedback/quality/", "topics": "/settings/topics/",
        "rising": "/settings/topics/rising/", "voice in figures": "/reports/voice/?period=90",
        "quality in figures": "/reports/quality/",
    }.items():  # fmt: skip
        answer = page.goto(address)
        assert answer and answer.ok, address
        faults[name] = wrong(page)
    page.goto(f"/feedback/quality/{review.pk}/")
    faults["review"] = wrong(page)
    for key in "4344":
        page.keyboard.press(key)
    page.keyboard.type("Warm and short")
    page.get_by_role("button", name="Save and go on").click()
    expect(page.get_by_text("Ana Silva sees it first")).to_be_visible()
    review.refresh_from_db()
    assert (review.clear, review.correct, review.complete, review.kind) == (4, 3, 4, 4)
    assert review.comment == "Warm and short"
    assert {name: found for name, found in faults.items() if found} == {}
