"""Mail that waits for a person, decided in a browser; and an inbox that goes quiet while everybody looks elsewhere."""

import hashlib
import time

import pytest
from playwright.sync_api import Page, expect

from helpdesk import clock
from tests.conftest import mail
from tests.journeys.conftest import PATIENCE_MS, House
from tests.journeys.test_on_a_phone import PHONE, is_wider_than_the_screen
from tickets.models import Inbox, Mailbox, RawMessage, RawState, Ticket
from tickets.operations import health

pytestmark = [pytest.mark.journey, pytest.mark.django_db(transaction=True)]
FAILED = "mx.demo.localhost; dmarc=fail header.from=customer.example"


def parked(inbox: Inbox, subject: str) -> RawMessage:
    """A mail our reader once stumbled over and would not any more."""
    content = mail(subject=subject, text="My lamp is broken.")
    return RawMessage.objects.create(
        inbox=inbox, source="smtp", source_key=subject, content=content, size=len(content), subject=subject,
        sender="dora@customer.example", sha256=hashlib.sha256(content).digest(), state=RawState.PARKED,
        reason="Reading it failed: a defect of ours.", reason_code="defect",
    )  # fmt: skip


def log_row(page: Page, subject: str):  # type: ignore[no-untyped-def]
    return page.get_by_role("row").filter(has_text=subject)


def test_a_parked_mail_is_read_again_and_becomes_a_ticket(house: House, sit, ana, inbox):  # type: ignore[no-untyped-def]
    parked(inbox, "Broken lamp")
    page = sit(ana).page
    page.goto("/")
    page.get_by_role("link", name="1 mail waits for a person to decide").click()
    expect(page.get_by_role("heading", name="Incoming mail")).to_be_visible()
    expect(log_row(page, "Broken lamp")).to_contain_text("a defect of ours")

    log_row(page, "Broken lamp").get_by_role("link", name="Broken lamp").click()
    expect(page.get_by_text("My lamp is broken.")).to_be_visible()
    page.get_by_role("button", name="Read it again").press("Enter")
    # the page follows by itself until the mail is where it belongs
    expect(page.get_by_role("status").filter(has_text="On a ticket")).to_be_visible()
    expect(page.locator("#mail-state")).to_contain_text("Read again: Ana Silva")
    page.get_by_role("link", name=f"Ticket #{Ticket.objects.get().number}").click()
    expect(page.locator("#thread")).to_contain_text("My lamp is broken.")


def test_a_quarantined_mail_is_let_in_from_a_phone(house: House, sit, ana, settings):  # type: ignore[no-untyped-def]
    settings.TRUSTED_AUTHSERV_ID = "mx.demo.localhost"
    house.write("Is this really Dora?", "Please send my order elsewhere.", Authentication_Results=FAILED)
    page = sit(ana, **PHONE).page
    page.goto("/intake/?state=waiting")
    until = time.monotonic() + PATIENCE_MS / 1000
    while not log_row(page, "Is this really Dora?").count():
        assert time.monotonic() < until, "the mail is not in the log"
        page.reload()
    assert not is_wider_than_the_screen(page)
    page.get_by_role("link", name="Is this really Dora?").tap()
    expect(page.locator("#mail-state")).to_contain_text("Quarantined")
    expect(page.get_by_text("Please send my order elsewhere.")).to_be_visible()
    assert not is_wider_than_the_screen(page)
    page.get_by_role("link", name="Show the raw mail").tap()
    expect(page.get_by_text("Authentication-Results: mx.demo.localhost")).to_be_visible()
    assert not is_wider_than_the_screen(page)
    page.go_back()
    page.get_by_role("button", name="Let it in").tap()
    expect(page.get_by_role("status").filter(has_text="On a ticket")).to_be_visible()
    assert Ticket.objects.get().subject == "Is this really Dora?"


def test_what_is_searched_is_found_and_what_needs_nothing_is_put_away(house: House, sit, ana, inbox):  # type: ignore[no-untyped-def]
    for subject in ("Broken lamp", "Advertisement"):
        parked(inbox, subject)
    page = sit(ana).page
    page.goto("/intake/")
    page.get_by_label("Sender, subject, Message-ID or recipient").fill("advert dora@customer.example")
    page.keyboard.press("Enter")
    expect(log_row(page, "Advertisement")).to_be_visible()
    expect(log_row(page, "Broken lamp")).to_have_count(0)
    page.get_by_role("link", name="Advertisement").click()
    page.get_by_role("button", name="It needs nothing").click()
    expect(page.locator("#mail-state")).to_contain_text("Dismissed: Ana Silva")
    page.goto("/intake/?state=waiting")
    expect(log_row(page, "Broken lamp")).to_be_visible()
    expect(log_row(page, "Advertisement")).to_have_count(0)


def test_an_inbox_that_goes_quiet_is_told_on_the_page_that_is_open(house: House, sit, ana, ben, inbox):  # type: ignore[no-untyped-def]
    ana_sits, ben_sits = sit(ana), sit(ben)
    for page in (ana_sits.page, ben_sits.page):
        page.goto("/")
        expect(page.locator("html")).to_have_attribute("data-live", "on")
    mailbox = Mailbox.objects.create(
        inbox=inbox, host="imap.example.org", username="support", checked_at=clock.now(),
        error="imap.example.org refused the password. Enter it anew.",
    )  # fmt: skip
    health.examine(inbox)
    told = ana_sits.page.get_by_role("alert").filter(has_text="Support is not receiving mail since")
    expect(told).to_contain_text("refused the password. Enter it anew.")
    expect(ana_sits.page.locator("#list")).to_be_in_viewport()
    expect(ben_sits.page.get_by_text("is not receiving mail")).to_have_count(0)
    told.get_by_role("link", name="Inbox health").click()
    expect(ana_sits.page.get_by_role("row").filter(has_text="support@demo.localhost")).to_contain_text("in trouble")

    Mailbox.objects.filter(pk=mailbox.pk).update(error="")
    health.examine(inbox)
    expect(ana_sits.page.get_by_role("alert")).to_have_count(0)
