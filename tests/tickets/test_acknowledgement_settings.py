"""The page on which an inbox learns to acknowledge: its texts, the mail they make, and who would have got one."""

from datetime import UTC, datetime

import pytest
import time_machine
from django.test import Client

from helpdesk.models import Event
from tests.conftest import mail
from tickets.models import AcknowledgementText, ContactPoint, Inbox
from tickets.operations import intake
from tickets.tasks import receive_mail

MONDAY = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


@pytest.fixture
def browser(admin, as_agent) -> Client:
    return as_agent(admin)


@pytest.fixture
def at_nine():
    with time_machine.travel(MONDAY, tick=False) as traveller:
        yield traveller


def url(inbox: Inbox, more: str = "") -> str:
    return f"/settings/inboxes/{inbox.pk}/acknowledgement/{more}"


def texts(inbox: Inbox) -> dict[str, tuple[str, str]]:
    return {t.language: (t.text, t.text_out_of_hours) for t in inbox.acknowledgement_texts.all()}


def test_a_switch_and_texts_by_language_are_kept_with_an_event(inbox, browser):
    words = {"acknowledges": "on", "within_en": "Got it: {{ticket.number}}", "outside_en": "Later, {{ expected }}"}
    answer = browser.post(url(inbox), {**words, "new_language": "fr", "new_within": "Merci"})
    assert answer.status_code == 302
    inbox.refresh_from_db()
    assert inbox.acknowledges
    assert texts(inbox) == {"en": ("Got it: {{ticket.number}}", "Later, {{ expected }}"), "fr": ("Merci", "")}
    assert "acknowledges" in Event.objects.get(verb="inbox.changed").facts["fields"]
    page = browser.get(url(inbox)).content.decode()
    assert "French" in page and "Later, {{ expected }}" in page


def test_a_text_taken_away_means_our_own_words(inbox, browser):
    AcknowledgementText.objects.create(inbox=inbox, language="en", text="Got it")
    AcknowledgementText.objects.create(inbox=inbox, language="fr", text="Merci")
    browser.post(url(inbox), {"within_en": " ", "within_fr": "Merci !"})
    assert texts(inbox) == {"fr": ("Merci !", "")}


@pytest.mark.parametrize(
    "given, said",
    [
        ({"within_en": "Dear {{customer.name}}"}, "There is no field {{customer.name}}"),
        ({"within_en": "{% if x %}{{ticket.number}} {{ }}"}, "There is no field {{}}"),
        ({"outside_en": "Closed"}, "Say here too what it says"),
        ({"new_within": "Merci"}, "Which language is it?"),
        ({"new_language": "tlh", "new_within": "Qapla"}, "Select a valid choice"),
        ({"within_en": "x" * 4001}, "at most 4000"),
    ],
)
def test_what_could_not_be_sent_is_not_kept_and_not_lost(inbox, browser, given, said):
    answer = browser.post(url(inbox), {"acknowledges": "on", **given})
    page = answer.content.decode()
    assert answer.status_code == 422 and said in page
    assert next(iter(given.values()))[:20] in page or "new_language" in given
    inbox.refresh_from_db()
    assert not inbox.acknowledges and not texts(inbox)


def test_the_preview_shows_unsaved_words_as_they_would_be_sent(at_nine, inbox, browser):
    words = {"within_en": "Hello from {{inbox.name}}: #{{ticket.number}}, {{expected}}", "preview_language": "en"}
    page = browser.post(url(inbox, "preview"), words).content.decode()
    assert "Hello from Support: #1042, by Monday, 14:00 (CET)" in page
    assert "We received your message [#1042]" in page and "Where is my order?" not in page
    assert (
        "Re: Where is my order?"
        in browser.post(url(inbox, "preview"), {**words, "preview_vouched": "1"}).content.decode()
    )
    assert page.count('class="specimen"') == 2 and "Outside business hours" in page
    assert not texts(inbox)


def test_an_inbox_that_never_closes_has_one_preview(inbox, browser):
    Inbox.objects.update(calendar=None)
    page = browser.get(url(inbox)).content.decode()
    assert page.count('class="specimen"') == 1 and "At any hour" in page and "within 4 hours" in page


def test_the_preview_is_safe_whatever_is_typed(inbox, browser):
    page = browser.post(url(inbox, "preview"), {"within_en": "<script>alert(1)</script>", "preview_language": "en"})
    assert "<script>" not in page.content.decode()


def test_the_page_tells_who_would_have_got_one_and_why_others_not(at_nine, inbox, browser, ana):
    for sender, headers in (
        ("dora@customer.example", {}),
        ("dora+2@customer.example", {}),
        ("bot@shop.example", {"Auto_Submitted": "auto-generated"}),
        ("gone@customer.example", {}),
        ("ana@demo.localhost", {}),
    ):
        intake.store(inbox=inbox, content=mail(sender, subject=sender, **headers), source="test")
    receive_mail()
    ContactPoint.objects.filter(address="gone@customer.example").update(is_bouncing=True)
    page = browser.get(url(inbox)).content.decode()
    rows = page[page.index("<tbody>") :]
    for address, verdict in (
        ("dora@customer.example", "yes"),
        ("dora+2@customer.example", "no: this address had its mail from us within 24 hours"),
        ("bot@shop.example", "no: a machine wrote it"),
        ("gone@customer.example", "no: the address does not take mail"),
        ("ana@demo.localhost", "no: the address is one of ours"),
    ):
        assert f"{address}</td><td>{verdict}</td>" in rows
    assert "Of the latest 5 new tickets of the last 24 hours, 1 would get one today." in page
    assert not Event.objects.filter(verb__contains="acknowledged").exists(), "looking sends and records nothing"


def test_a_flood_and_a_quiet_inbox_are_said_on_the_page(at_nine, inbox, browser, settings):
    settings.MAIL_FLOOD_PER_HOUR = 1
    Inbox.objects.update(is_quiet=True)
    for number in range(2):
        intake.store(inbox=inbox, content=mail(f"p{number}@flood.example", str(number)), source="test")
    receive_mail()
    page = browser.get(url(inbox)).content.decode()
    assert "Unusually many new tickets came from flood.example" in page
    assert "This inbox answers nothing by itself" in page


def test_the_tab_is_among_the_inboxs_own(inbox, browser):
    page = browser.get(f"/settings/inboxes/{inbox.pk}/").content.decode()
    assert f'href="{url(inbox)}"' in page
