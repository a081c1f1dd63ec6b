"""An admin connects a mailbox in a browser: looks at what is there, chooses folders, and nothing old is answered."""

import pytest
from playwright.sync_api import expect

from tests.conftest import mail
from tests.dovecot import dovecot
from tests.journeys.conftest import House
from tickets.models import Grant, Mailbox, RawMessage

pytestmark = [pytest.mark.journey, pytest.mark.django_db(transaction=True)]


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with dovecot(tmp_path_factory.mktemp("dovecot")) as server:
        server.deliver(*[mail(Message_ID=f"<{n}@x.example>") for n in range(12)])
        server.deliver(mail(), folder="Orders")
        yield server


def fill(page, server, password="secret"):
    page.get_by_label("fetched from a mailbox (IMAP)").check()
    page.get_by_label("IMAP server").fill(server.host)
    page.get_by_label("Port", exact=True).fill(str(server.port))
    page.get_by_role("combobox", name="Security", exact=True).select_option("none")
    page.get_by_label("User name", exact=True).fill(server.username)
    page.get_by_label("Password", exact=True).fill(password)


@pytest.mark.parametrize("script", [True, False])
def test_connecting_a_mailbox(house: House, sit, admin, inbox, server, script):
    seat = sit(admin, script=script)
    page = seat.page
    page.goto(f"/settings/inboxes/{inbox.pk}/")
    page.get_by_role("navigation", name="Settings of Support").get_by_role("link", name="Mail in").click()
    expect(page.get_by_text("deliver or forward this inbox's address")).to_be_visible()
    expect(page.get_by_label("IMAP server")).to_be_hidden()

    fill(page, server, "wrong")
    page.get_by_role("button", name="Test connection").click()
    expect(page.locator("#look")).to_contain_text("refused the user name or password")
    page.get_by_label("Password", exact=True).fill("secret")
    page.get_by_role("button", name="Test connection").click()
    expect(page.locator("#look")).to_contain_text("The connection works")
    expect(page.locator("#look")).to_contain_text("12 mails are in the chosen folders.")
    page.get_by_label("Orders").check()
    page.get_by_role("button", name="Save").click()
    expect(page.locator(".toast")).to_contain_text("Saved.")
    box = Mailbox.objects.get()
    assert [folder.name for folder in box.folders.all()] == ["INBOX", "Orders"]
    assert (box.start, box.password) == ("now", "secret") and not RawMessage.objects.exists()


def test_what_belongs_to_one_choice_shows_with_it_only(house: House, sit, admin, inbox, settings):
    settings.GOOGLE_CLIENT_ID = settings.GOOGLE_CLIENT_SECRET = "x"
    Grant.objects.create(provider="google", username="support@example.com", refresh_token="x")
    page = sit(admin, width=390).page
    page.goto(f"/settings/inboxes/{inbox.pk}/in/")
    page.get_by_label("fetched from a mailbox (IMAP)").check()
    expect(page.get_by_label("Password", exact=True)).to_be_visible()
    page.get_by_label("Google (OAuth2)").check()
    expect(page.get_by_label("Password", exact=True)).to_be_hidden()
    expect(page.get_by_role("link", name="Connect an account at Google")).to_be_visible()
    expect(page.get_by_label("Account")).to_contain_text("support@example.com (Google)")
    page.get_by_label("Microsoft (OAuth2)").check()
    expect(page.get_by_text("Microsoft does not know this helpdesk yet.")).to_be_visible()
    expect(page.get_by_text("/settings/inboxes/oauth/microsoft/callback")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
