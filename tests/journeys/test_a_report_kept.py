"""A lead reads a report on a phone, writes down what happened, keeps the report, and gets it by mail."""

from datetime import timedelta

import pytest
from playwright.sync_api import expect

from helpdesk import clock
from reports.models import SavedReport
from reports.tasks import mail_reports
from tests.journeys.conftest import House

pytestmark = [pytest.mark.journey, pytest.mark.django_db(transaction=True)]


def test_from_the_menu_to_the_mail(house: House, sit, chloe, ticket):  # type: ignore[no-untyped-def]
    page = sit(chloe, width=390, height=844, script=False).page
    page.goto("/reports/")
    page.locator(".report-switch summary").click()
    page.locator(".report-switch").get_by_role("link", name="Annotations").click()
    page.get_by_label("What happened").fill("The hub broke down")
    page.get_by_role("button", name="Write it down").click()
    expect(page.get_by_role("link", name="The hub broke down")).to_be_visible()

    page.goto("/reports/?period=7")
    expect(page.locator("#chart-volume .chart-mark title")).to_contain_text("The hub broke down")
    page.get_by_role("link", name="Save").click()
    page.get_by_label("Name").fill("Our week")
    page.get_by_label("Mail it").select_option("daily")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("link", name="Our week", exact=True)).to_be_visible()

    SavedReport.objects.update(next_at=clock.now() - timedelta(minutes=1))
    mail_reports()
    letter = house.caught(chloe.email, having="Our week")
    pictures = [part for part in letter.walk() if part.get_content_type() == "image/png"]
    assert len(pictures) >= 3 and all(part["Content-ID"] for part in pictures)
