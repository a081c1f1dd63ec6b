"""The second factor: enrolling, signing in with it, losing it, and everybody needing one."""

import re
from collections.abc import Callable

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value, yield_hotp_counters_from_time
from django.test import Client
from django.urls import reverse

from helpdesk import second_factor
from helpdesk.models import Agent, Event, House
from helpdesk.operations import people

PASSWORD = "a long enough sentence"


@pytest.fixture(autouse=True)
def _looked_at_anew() -> None:
    second_factor.forget()


@pytest.fixture
def nia(ana: Agent) -> Agent:
    ana.set_password(PASSWORD)
    ana.save()
    return ana


def code(secret: str) -> str:
    """What an authenticator app shows now."""
    return format_hotp_value(hotp_value(secret, next(iter(yield_hotp_counters_from_time()))))


def sign_in(agent: Agent, password: str = PASSWORD) -> Client:
    browser = Client()
    browser.post(reverse("account_login"), {"login": agent.email, "password": password})
    return browser


def enrol(browser: Client) -> tuple[str, list[str]]:
    """Set up an authenticator app as the pages lead there; its secret, and the recovery codes."""
    asked = browser.get(reverse("mfa_activate_totp"))
    if asked.status_code == 302:  # is it you?
        asked = browser.post(asked["Location"], {"password": PASSWORD}, follow=True)
    found = re.search(r'class="secret">([A-Z2-7]+)<', asked.content.decode())
    assert found, asked.content.decode()
    page = browser.post(reverse("mfa_activate_totp"), {"code": code(found[1])}, follow=True).content.decode()
    return found[1], re.findall(r"<li>(\d{8})</li>", page)


@pytest.mark.django_db(transaction=True)
def test_an_authenticator_app_is_asked_for_when_signing_in(nia: Agent) -> None:
    browser = sign_in(nia)
    secret, codes = enrol(browser)
    assert len(codes) == 10 and second_factor.has_one(nia)
    assert Event.objects.filter(verb="agent.second_factor_added", subject_id=nia.pk).count() == 2
    stored = Authenticator.objects.get(user=nia, type="totp").data["secret"]
    assert secret not in stored

    new = sign_in(nia)
    assert new.get("/").status_code == 302, "the password alone opens nothing"
    wrong = new.post(reverse("mfa_authenticate"), {"code": "000000"})
    assert wrong.status_code == 200 and "Incorrect code" in wrong.content.decode()
    assert Event.objects.filter(verb="agent.sign_in_failed", facts__by="second factor").exists()
    new.post(reverse("mfa_authenticate"), {"code": codes[0]})
    assert new.get("/").status_code == 200

    again = sign_in(nia)
    again.post(reverse("mfa_authenticate"), {"code": codes[0]})
    assert again.get("/").status_code == 302, "a recovery code works once"


@pytest.mark.django_db(transaction=True)
def test_t26_codes_cannot_be_tried_without_end(nia: Agent) -> None:
    secret, _codes = enrol(sign_in(nia))
    thief = sign_in(nia)
    for _try in range(6):
        page = thief.post(reverse("mfa_authenticate"), {"code": "000000"}).content.decode()
    assert "Too many" in page
    assert thief.post(reverse("mfa_authenticate"), {"code": code(secret)}).status_code == 200
    assert thief.get("/").status_code == 302, "not even with the right one, for a while"


@pytest.mark.django_db(transaction=True)
def test_adding_one_asks_who_it_is(nia: Agent) -> None:
    from django.contrib.auth import get_user_model

    browser = sign_in(nia)
    for page in ("mfa_activate_totp", "mfa_add_webauthn"):
        answer = browser.get(reverse(page))
        assert answer.status_code == 302 and "reauthenticate" in answer["Location"]
    assert get_user_model() is Agent


def test_where_everybody_needs_one_nothing_else_opens(nia: Agent, admin: Agent) -> None:
    people.require_second_factor(required=True, actor=admin)
    second_factor.forget()
    browser = sign_in(nia)
    assert browser.get("/")["Location"] == reverse("mfa_index")
    assert browser.get("/settings/")["Location"] == reverse("mfa_index")
    assert browser.get("/api/v1/tickets/").status_code == 403
    assert browser.get("/", headers={"HX-Request": "true"})["HX-Redirect"] == reverse("mfa_index")
    assert browser.get(reverse("mfa_index")).status_code == 200
    enrol(browser)
    assert browser.get("/").status_code == 200


def test_the_last_one_cannot_be_taken_off_where_it_is_needed(nia: Agent, admin: Agent) -> None:
    browser = sign_in(nia)
    enrol(browser)
    people.require_second_factor(required=True, actor=admin)
    second_factor.forget()
    assert "add another" in browser.get(reverse("mfa_deactivate_totp")).content.decode()
    browser.post(reverse("mfa_deactivate_totp"))
    assert second_factor.has_one(nia)


def test_an_admin_resets_what_somebody_lost(nia: Agent, admin: Agent, as_agent: Callable[[Agent], Client]) -> None:
    browser = sign_in(nia)
    enrol(browser)
    as_agent(admin).post(reverse("settings_agents_factor", args=[nia.pk]))
    assert not second_factor.has_one(nia) and browser.get("/").status_code == 302
    event = Event.objects.get(verb="agent.second_factor_reset")
    assert (event.actor_id, event.subject_id) == (admin.pk, nia.pk)
    assert sign_in(nia).get("/").status_code == 200


def test_an_admin_without_one_locks_nobody_out(admin: Agent, as_agent: Callable[[Agent], Client]) -> None:
    answer = as_agent(admin).post(reverse("settings_security"), {"requires_second_factor": "on"})
    assert answer.status_code == 422 and not House.objects.the().requires_second_factor
