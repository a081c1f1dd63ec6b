"""Brands as customers see them, tags put in order, and who sees an inbox."""

from collections.abc import Callable
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from feedback import mail as survey_mail
from feedback.models import Invitation, InvitationState, Survey
from helpdesk import clock
from helpdesk.models import Agent, Event
from tests.pictures import png
from tickets import acknowledgements, brands
from tickets.models import Brand, Inbox, InboxAccess, Macro, SavedView, Tag, Ticket
from tickets.operations import sorting, tagging
from tickets.operations.status import NotPossible

LOGO = png(8, 8)
FORM = {"name": "Acme", "colour": "#ffee00", "website": "https://acme.example", "footer": "Acme Ltd, London"}


@pytest.fixture
def brand(as_agent: Callable[[Agent], Client], admin: Agent, inbox: Inbox) -> Brand:
    upload = SimpleUploadedFile("logo.png", LOGO, "image/png")
    form = {**FORM, "logo_file": upload, "inboxes": [inbox.pk]}
    answer = as_agent(admin).post(reverse("settings_brands_new"), form)
    assert answer.status_code == 302, answer.context["form"].errors
    inbox.refresh_from_db()
    return Brand.objects.get()


@pytest.mark.parametrize("colour", ["#ffee00", "#000000", "#ffffff", "#7f7f7f", "#1f5f8b", "#ff0000"])
def test_whatever_the_colour_it_can_be_read(colour: str) -> None:
    for paper in brands.PAPERS:
        shade = brands.readable(colour, paper)
        assert brands.contrast(shade, paper) >= 4.5 and brands.contrast(shade, brands.ink_on(shade)) >= 4.5
    assert brands.readable("#1f5f8b", "#ffffff") == "#1f5f8b", "what is readable stays as it is"


def test_a_logo_is_served_as_the_picture_it_is(brand: Brand, client: Client) -> None:
    answer = client.get(reverse("brand_logo", args=[brand.pk]))
    assert answer.content == LOGO and answer["Content-Type"] == "image/png"
    assert answer["X-Content-Type-Options"] == "nosniff" and "sandbox" in answer["Content-Security-Policy"]
    css = client.get(reverse("brand_css", args=[brand.pk]))
    assert css["Content-Type"].startswith("text/css") and "--brand:#" in css.content.decode()


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("logo.png", b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>"),
        ("logo.png", b"GIF89a" + b"\0" * 20),
        ("logo.png", b"\x89PNG\r\n\x1a\n<html>"),
        ("logo.png", LOGO + b"\0" * 210_000),
        ("logo.png", png(2001, 8)),
    ],
)
def test_t16_what_is_no_small_picture_is_no_logo(
    name: str, content: bytes, as_agent: Callable[[Agent], Client], admin: Agent
) -> None:
    form = {**FORM, "logo_file": SimpleUploadedFile(name, content, "image/png")}
    answer = as_agent(admin).post(reverse("settings_brands_new"), form)
    assert answer.status_code == 422 and not Brand.objects.exists()


def test_surveys_and_acknowledgements_look_like_the_brand(brand: Brand, ticket: Ticket, client: Client) -> None:
    ticket = Ticket.objects.get(pk=ticket.pk)
    invitation = Invitation.objects.create(
        survey=Survey.objects.create(name="S"), ticket=ticket, customer=ticket.customer, occasion_id=1,
        occasion_at=clock.now(), due_at=clock.now(), state=InvitationState.SENT, language="en",
    )  # fmt: skip
    page = client.get(reverse("survey", args=[invitation.token])).content.decode()
    assert reverse("brand_css", args=[brand.pk]) in page and "Acme Ltd, London" in page and "survey-logo" in page
    written = survey_mail.write(invitation)
    assert "Acme Ltd, London" in written.text and "Acme" in written.html
    assert brands.readable(brand.colour, "#ffffff") in written.html
    about = acknowledgements.About(ticket.pk, clock.now())
    said = acknowledgements.write(ticket.inbox, about, "en", {}, at=clock.now())
    assert said.text.endswith("Acme Ltd, London") and "Acme" in said.html


def test_a_tag_is_renamed_everywhere(ticket: Ticket, admin: Agent) -> None:
    sorting.tag(ticket, name="refnud", actor=admin)
    view = SavedView.objects.create(
        name="R", owner=admin, conditions=[{"field": "tag", "is": "any_of", "value": ["refnud", "vip"]}]
    )
    macro = Macro.objects.create(name="M", owner=admin, actions=[{"do": "tag", "tag": "refnud"}])
    tagging.rename(Tag.objects.get(), to="Refund", actor=admin)
    view.refresh_from_db()
    macro.refresh_from_db()
    assert list(ticket.tags.values_list("name", flat=True)) == ["refund"]
    assert view.conditions[0]["value"] == ["refund", "vip"] and macro.actions == [{"do": "tag", "tag": "refund"}]
    assert Event.objects.get(verb="tag.renamed").facts == {"name": "refund", "was": "refnud"}


def test_two_tags_become_one_and_each_ticket_knows(
    ticket: Ticket, admin: Agent, verbs: Any, as_agent: Callable[[Agent], Client]
) -> None:
    sorting.tag(ticket, name="return", actor=admin)
    old, new = Tag.objects.get(), Tag.objects.create(name="refund")
    page = as_agent(admin).get(reverse("settings_tag", args=[old.pk])).content.decode()
    assert "On 1 ticket." in page
    with pytest.raises(NotPossible):
        tagging.rename(old, to="refund", actor=admin)
    answer = as_agent(admin).post(reverse("settings_tag", args=[old.pk]), {"act": "merge", "into": new.pk})
    assert answer.status_code == 302
    assert list(ticket.tags.all()) == [new] and not Tag.objects.filter(name="return").exists()
    assert verbs(ticket)[-2:] == ["ticket.untagged", "ticket.tagged"]
    as_agent(admin).post(reverse("settings_tag", args=[new.pk]), {"act": "delete"})
    assert not Tag.objects.exists() and verbs(ticket)[-1] == "ticket.untagged"
    page = as_agent(admin).get(reverse("settings_audit")).content.decode()
    assert "merged a tag" in page and "deleted a tag" in page


def test_the_inbox_says_who_sees_it_and_why(
    inbox: Inbox, ana: Agent, ben: Agent, lou: Agent, admin: Agent, as_agent: Callable[[Agent], Client]
) -> None:
    browser, url = as_agent(admin), reverse("settings_inboxes_people", args=[inbox.pk])

    def seen() -> dict[str, tuple[str, str]]:
        return {one.agent.name: (one.may, one.why) for one in browser.get(url).context["people"]}

    assert seen() == {
        "Ada Admin": ("everything", "admin"), "Ana Silva": ("work tickets", "team Support"),
        "Lou Novak": ("read and note", "team Support"),
    }  # fmt: skip
    browser.post(url, {"agent": ben.pk, "level": "light"})
    browser.post(url, {"agent": ana.pk, "level": "none"})
    assert seen()["Ben Okafor"] == ("read and note", "by name")
    assert seen()["Ana Silva"] == ("nothing", "by name, beside team Support")
    assert browser.post(url, {"agent": lou.pk, "level": "agent"}).status_code == 422
    assert "changed what somebody may do in it" in browser.get(reverse("settings_audit")).content.decode()
    browser.post(reverse("settings_inboxes_people_forget", args=[inbox.pk, ana.pk]))
    assert seen()["Ana Silva"] == ("work tickets", "team Support")
    assert InboxAccess.objects.count() == 1
    assert Event.objects.filter(verb="inbox.access_changed").count() == 3
