"""The first-run guide: what it says is what is, and it goes away."""

from collections.abc import Callable

from django.test import Client
from django.urls import reverse

from helpdesk.models import Agent, Calendar, CalendarVersion
from tests.conftest import WEEKDAYS, make_agent
from tickets import guide
from tickets.models import Inbox, Ticket
from tickets.tasks import receive_mail


def done() -> list[bool]:
    return [step.is_done for step in guide.steps()]


def test_each_step_is_done_when_the_house_says_so(
    admin: Agent, inbox: Inbox, as_agent: Callable[[Agent], Client], team: object
) -> None:
    browser = as_agent(admin)
    assert done() == [False, False, False, False]
    page = browser.get("/").content.decode()
    assert "First steps" in page and "0 of 4 done" in page
    assert "First steps" in browser.get(reverse("settings_home")).content.decode()

    assert browser.post(reverse("guide_trial")).status_code == 302
    receive_mail()
    ticket = Ticket.objects.get()
    assert ticket.subject == "My first ticket" and ticket.customer.name == "Ada Admin"
    assert done() == [False, False, True, False]

    make_agent("nia@demo.localhost", "Nia", "agent")
    calendar = Calendar.objects.create(name="Shop", zone="UTC")
    CalendarVersion.objects.create(calendar=calendar, weekly=WEEKDAYS)
    assert done() == [False, True, True, True]


def test_it_is_put_away_and_brought_back(admin: Agent, inbox: Inbox, as_agent: Callable[[Agent], Client]) -> None:
    browser = as_agent(admin)
    browser.post(reverse("guide_shown"), {"hide": "1"})
    assert "First steps" not in browser.get("/").content.decode()
    assert "Show the first steps" in browser.get(reverse("settings_home")).content.decode()
    browser.post(reverse("guide_shown"), {"hide": "0"})
    assert "First steps" in browser.get("/").content.decode()


def test_it_concerns_admins_only(ana: Agent, inbox: Inbox, as_agent: Callable[[Agent], Client]) -> None:
    assert "First steps" not in as_agent(ana).get("/").content.decode()


def test_it_disappears_when_all_is_done(
    admin: Agent, ticket: Ticket, ana: Agent, as_agent: Callable[[Agent], Client]
) -> None:
    browser = as_agent(admin)
    browser.post(reverse("guide_trial"))
    CalendarVersion.objects.create(calendar=Calendar.objects.get(), valid_from="2026-01-01", weekly=WEEKDAYS)
    assert done() == [True] * 4
    assert guide.above_settings(admin) is None
    admin.hides_guide = True
    assert guide.above_settings(admin) is None
