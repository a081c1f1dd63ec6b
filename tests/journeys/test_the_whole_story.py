"""From a customer's first mail to the manager's report, on real parts, as the people in it live it."""

import csv
import io
import re
from datetime import timedelta

import pytest
from playwright.sync_api import Page, expect

from feedback.models import Response
from feedback.operations import answering
from helpdesk.models import Event
from tests.journeys.conftest import House, text_of, words, writing
from tickets.models import Message, Ticket

pytestmark = [pytest.mark.journey, pytest.mark.django_db(transaction=True)]


def row(page: Page, subject: str):  # type: ignore[no-untyped-def]
    return page.locator("#rows .row").filter(has_text=subject)


def said(page: Page):  # type: ignore[no-untyped-def]
    return page.locator("#thread")


def choose(page: Page, key: str, words: str) -> None:
    """Open a picker by its key, type, take what is found."""
    page.keyboard.press(key)
    expect(page.locator("dialog[open] [data-picker-filter]")).to_be_focused()
    page.keyboard.type(words)
    page.keyboard.press("Enter")
    expect(page.locator("dialog[open]")).to_have_count(0)


def test_from_a_mail_to_the_report(house: House, sit, survey, ana, ben, chloe, billing, monkeypatch):  # type: ignore[no-untyped-def]
    monkeypatch.setattr(answering, "TOO_SOON", timedelta(0))  # nobody here waits as people do (tests/feedback)
    ana.after_act = "stay"
    ana.set_password("lamps and more lamps")
    ana.save()
    ana_sits, ben_sits = sit(), sit(ben)
    page = ana_sits.page

    # Ana signs in and has the queue open; so has Ben, of another team
    page.goto("/")
    page.get_by_label("Email").fill(ana.email)
    page.get_by_label("Password").fill("lamps and more lamps")
    page.get_by_role("button", name="Sign in", exact=True).click()
    expect(page.get_by_role("heading", name="All open")).to_be_visible()
    expect(page.locator("html")).to_have_attribute("data-live", "on")
    ben_sits.page.goto("/")
    expect(ben_sits.page.locator("html")).to_have_attribute("data-live", "on")
    ben_heard = ears(ben_sits.page)

    # Dora's mail appears without a reload
    page.evaluate("window.notReloaded = true")
    house.write("Where is my lamp?", "I ordered it last week.\n\nDora", Message_ID="<lamp@customer.example>")
    expect(row(page, "Where is my lamp?")).to_be_visible()
    expect(page.locator("#views").get_by_role("link", name="All open")).to_contain_text("1")
    ticket = Ticket.objects.get()

    # Ana opens it and answers, without touching the mouse
    page.keyboard.press("j")
    expect(row(page, "Where is my lamp?").get_by_role("link")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(rf"/tickets/{ticket.number}/$"))
    expect(said(page)).to_contain_text("I ordered it last week.")
    page.keyboard.press("r")
    expect(writing(page)).to_be_focused()
    page.keyboard.type("It left our house on Monday. Is the address right?")
    page.keyboard.press("Control+Enter")
    expect(said(page)).to_contain_text("It left our house on Monday.")
    expect(words(page)).to_have_value("")
    expect(page.locator(".toast")).to_contain_text("Answer sent")

    # the customer's mail is one
    received = house.caught("dora@customer.example", having="It left our house on Monday")
    message = Message.objects.get(kind="reply")
    assert received["Subject"] == "Re: Where is my lamp?"
    assert received["Message-ID"] == f"<{message.message_id}>"
    assert received["In-Reply-To"] == "<lamp@customer.example>"
    assert "<lamp@customer.example>" in received["References"]
    assert received["From"].addresses[0].domain == "demo.localhost"
    assert received.get_body(("html",)) is not None and received.get_body(("plain",)) is not None
    assert received["Date"] and received["MIME-Version"] == "1.0"
    expect(page.locator(".delivery")).to_have_attribute("data-state", "sent")

    # her answer joins, before Ana's eyes; a stranger's does not, whatever it quotes
    house.answer(received, "Yes, it is. Thank you!")
    expect(said(page)).to_contain_text("Yes, it is. Thank you!")
    house.write(
        "Re: Where is my lamp?", "Send it to me instead.", sender="Emil <emil@stranger.example>",
        In_Reply_To=str(received["Message-ID"]), References=str(received["Message-ID"]),
    )  # fmt: skip
    expect(row(page, "emil@stranger.example").or_(row(page, "Emil"))).to_be_visible()
    expect(said(page)).not_to_contain_text("Send it to me instead.")
    assert Ticket.objects.count() == 2

    # assign, tag, take the tag back, tag again, note, resolve: all from the keyboard
    choose(page, "a", "chlo")
    expect(page.locator("#header")).to_contain_text("Chloe Martin")
    expect(page.locator(".toast").last).to_contain_text("Given to Chloe Martin")
    page.keyboard.press("z")
    expect(page.locator("#header")).to_contain_text("Ana Silva")
    choose(page, "y", "shipping")
    expect(page.locator("#header .ticket-tag")).to_contain_text("shipping")
    page.locator(".toast", has_text="Tagged shipping").get_by_role("button", name="Undo").click()
    expect(page.locator("#header .ticket-tag")).to_have_count(0)
    choose(page, "y", "shipping")
    expect(page.locator("#header .ticket-tag")).to_contain_text("shipping")
    page.keyboard.press("n")
    page.keyboard.type("The courier lost one last month, too.")
    page.keyboard.press("Control+Enter")
    expect(said(page).locator("[data-kind=note]")).to_contain_text("The courier lost one last month, too.")
    page.keyboard.press("e")
    expect(page.locator("#header")).to_have_attribute("data-status", "resolved")
    assert house.caught("dora@customer.example", having="How did we do?")
    for sentence in (
        "Ticket opened", "Ana Silva assigned it to Chloe Martin", "Ana Silva took it", "Ana Silva tagged it shipping",
        "Ana Silva took off the tag shipping", "Ana Silva resolved it", "The customer was asked how it was",
    ):  # fmt: skip
        expect(said(page)).to_contain_text(sentence)
    expect(said(page).locator("#unread")).to_have_count(0)  # nobody else wrote since
    assert "courier" not in "".join(text_of(house.caught("dora@customer.example")) or "")

    # the survey: scanners look, Dora answers, without a script
    asked = house.caught("dora@customer.example", having="How did we do?")
    links = re.findall(r"http://\S+/s/\S+\?score=\d", text_of(asked))
    assert [link[-1] for link in links] == ["5", "4", "3", "2", "1"]
    dora = sit(script=False, width=390, height=800).page
    for link in links:
        dora.goto(link)
        expect(dora.get_by_role("radio", checked=True)).to_have_value(link[-1])
    assert not Response.objects.exists() and not Event.objects.filter(verb="survey.answered").exists()
    dora.get_by_label("Anything you want to tell us").fill("Nobody told me it would take a week.")
    dora.get_by_role("button", name="Send my answer").click()
    expect(dora.get_by_role("heading", name="Thank you")).to_be_visible()
    response = Response.objects.get()
    assert (response.score, response.comment) == (1, "Nobody told me it would take a week.")

    # Ana sees it where she stands, and in the list
    expect(page.locator("#header")).to_contain_text("Rated 1")
    expect(page.locator("#panel")).to_contain_text("Nobody told me it would take a week.")
    page.keyboard.press("g")
    page.keyboard.press("l")
    expect(page.get_by_role("heading", name="Low scores")).to_be_visible()
    expect(row(page, "Where is my lamp?")).to_contain_text("Rated 1")

    # Ben saw and heard nothing of it
    assert ben_sits.page.goto(f"/tickets/{ticket.number}/").status == 404  # type: ignore[union-attr]
    ben_sits.expected.append("404")
    assert ben_heard == []

    # Chloe reads the report
    lead = sit(chloe).page
    lead.goto("/reports/")
    expect(lead.locator("#tile-created .tile-figure")).to_have_text("2")
    expect(lead.locator("#tile-resolved .tile-figure")).to_have_text("1")
    csat = lead.locator("#tile-csat")
    expect(csat).to_contain_text("1 answer")
    expect(csat).to_contain_text("Not shown below 5 answers")
    with lead.expect_download() as download:
        lead.get_by_role("link", name="CSV").click()
    lines = list(csv.reader(io.StringIO(download.value.path().read_text("utf-8-sig"))))
    figures = {line[0]: line for line in lines if line}
    assert "2" in figures["created"] and "1" in figures["resolved"], lines
    lead.locator("#tile-resolved .tile-figure a").click()
    lead.get_by_role("link", name="Where is my lamp?").click()
    expect(lead.get_by_role("heading", name="Where is my lamp?", level=1)).to_be_visible()


def ears(page: Page) -> list[str]:
    """What the server tells this page live, from now on."""
    heard: list[str] = []
    page.expose_function("heardLive", lambda detail: heard.append(str(detail)))
    page.evaluate("document.addEventListener('live', (event) => window.heardLive(JSON.stringify(event.detail)))")
    return heard
