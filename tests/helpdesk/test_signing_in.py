"""Signing in, and what ends a session."""

from collections.abc import Callable

import pytest
from django.conf import settings as django_settings
from django.test import Client
from django.urls import reverse

from helpdesk.models import Agent

PASSWORD = "a long enough sentence"


@pytest.fixture
def ana_with_password(ana: Agent) -> Agent:
    ana.set_password(PASSWORD)
    ana.save()
    return ana


def sign_in(agent: Agent, following: str = "") -> tuple[Client, str]:
    browser = Client()
    address = reverse("account_login") + (f"?next={following}" if following else "")
    answer = browser.post(address, {"login": agent.email, "password": PASSWORD, "next": following})
    assert answer.status_code == 302
    return browser, answer["Location"]


def test_signing_in_gives_a_session_nobody_knew_before(ana_with_password: Agent) -> None:
    browser = Client()
    browser.session["x"] = 1
    planted = browser.session.session_key
    browser.post(reverse("account_login"), {"login": ana_with_password.email, "password": PASSWORD})
    assert browser.cookies[django_settings.SESSION_COOKIE_NAME].value != planted
    assert browser.get("/").status_code == 200


@pytest.mark.parametrize(
    "following",
    ["//evil.example", "/\\evil.example", "https:evil.example", "javascript:alert(1)", "%2f%2fevil.example"],
)  # fmt: skip
def test_signing_in_leads_nowhere_else(ana_with_password: Agent, following: str) -> None:
    _browser, leads_to = sign_in(ana_with_password, following)
    assert leads_to in ("/", "%2f%2fevil.example")


def test_changing_the_password_ends_every_other_session(ana_with_password: Agent) -> None:
    here, there = sign_in(ana_with_password)[0], sign_in(ana_with_password)[0]
    new = "another long sentence"
    form = {"oldpassword": PASSWORD, "password1": new, "password2": new}
    assert here.post(reverse("account_change_password"), form).status_code == 302
    assert here.get("/").status_code == 200
    assert there.get("/").status_code == 302


def test_who_left_is_signed_out_at_once(ana_with_password: Agent) -> None:
    browser = sign_in(ana_with_password)[0]
    Agent.objects.update(is_active=False)
    assert browser.get("/").status_code == 302
    assert browser.get("/api/v1/tickets/").status_code in (401, 403)


def test_agents_do_not_change_the_address_they_sign_in_with(
    as_agent: Callable[[Agent], Client], ana: Agent, admin: Agent
) -> None:
    browser = as_agent(ana)
    for path in ("/accounts/email/", "/accounts/confirm-email/", "/accounts/confirm-email/key/", "/accounts/signup/"):
        assert browser.get(path).status_code == 404 or "signup" in path
        browser.post(path, {"email": "New@elsewhere.example", "action_add": ""})
        browser.post(path, {"email": "New@elsewhere.example", "action_primary": ""})
    ana.refresh_from_db()
    assert ana.email == "ana@demo.localhost"
    from allauth.account.models import EmailAddress

    assert not EmailAddress.objects.filter(email__icontains="elsewhere").exists()


def test_a_mail_server_that_is_away_is_said_and_tells_nobody_apart(
    settings, ana_with_password: Agent, as_agent: Callable[[Agent], Client], admin: Agent
) -> None:
    settings.EMAIL_BACKEND, settings.EMAIL_PORT = "django.core.mail.backends.smtp.EmailBackend", 1
    answers = [
        Client().post(reverse("account_reset_password"), {"email": email}, follow=True)
        for email in (ana_with_password.email, "nobody@demo.localhost")
    ]
    assert [a.status_code for a in answers] == [200, 200]
    assert all("could not be sent" in a.content.decode() for a in answers)
    answer = as_agent(admin).post(
        reverse("settings_agents_new"),
        {"name": "Nia", "email": "nia@demo.localhost", "role": "agent", "zone": "UTC", "is_active": "on"},
        follow=True,
    )
    assert answer.status_code == 200 and "could not be sent" in answer.content.decode()


def test_a_password_mail_waits_seconds_not_minutes(settings, ana_with_password: Agent, monkeypatch) -> None:
    import smtplib

    waits = []

    class Away(smtplib.SMTP):
        def __init__(self, *args, timeout, **kwargs):
            waits.append(timeout)
            raise TimeoutError("timed out")

    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    monkeypatch.setattr(smtplib, "SMTP", Away)
    Client().post(reverse("account_reset_password"), {"email": ana_with_password.email})
    assert waits and max(waits) <= 20
