"""Sessions, guessing and promoting oneself: threats T24, T25, T26 and T31 as tests."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.contrib.auth import hashers
from django.test import Client
from django.urls import reverse

from helpdesk import clock
from helpdesk.models import Agent, ApiToken, Event
from helpdesk.operations import tokens
from tickets.models import Inbox, Ticket

PASSWORD = "a long enough sentence"


@pytest.fixture
def nia(ana: Agent) -> Agent:
    ana.set_password(PASSWORD)
    ana.save()
    return ana


def sign_in(agent: Agent, **headers: str) -> Client:
    browser = Client(headers=headers)
    browser.post(reverse("account_login"), {"login": agent.email, "password": PASSWORD})
    return browser


def is_in(browser: Client) -> bool:
    return browser.get("/").status_code == 200


def test_one_sees_and_ends_ones_other_sessions(nia: Agent, ben: Agent, as_agent: Callable[[Agent], Client]) -> None:
    here = sign_in(nia, user_agent="Mozilla/5.0 (X11; Linux) Gecko Firefox/140")
    phone = sign_in(nia, user_agent="Mozilla/5.0 (iPhone) Version/18 Safari/604")
    laptop = sign_in(nia, user_agent="Mozilla/5.0 (Windows NT) Chrome/150")
    page = here.get(reverse("settings_signing_in"))
    assert all(name in page.content.decode() for name in ("Firefox, Linux", "Safari, iPhone", "Chrome, Windows"))
    iphone = next(one["session"] for one in page.context["own"] if "iPhone" in one["name"])
    assert as_agent(ben).post(reverse("settings_session_end", args=[iphone.pk])).status_code == 404
    here.post(reverse("settings_session_end", args=[iphone.pk]))
    assert (is_in(here), is_in(phone), is_in(laptop)) == (True, False, True)
    here.post(reverse("settings_sessions_end"))
    assert (is_in(here), is_in(laptop)) == (True, False)


def test_t31_1_sessions_end_with_the_password_the_role_and_signing_out(
    nia: Agent, admin: Agent, as_agent: Callable[[Agent], Client], team: Any
) -> None:
    here, there = sign_in(nia), sign_in(nia)
    before = here.cookies[django_settings.SESSION_COOKIE_NAME].value
    new = "another long sentence"
    here.post(reverse("account_change_password"), {"oldpassword": PASSWORD, "password1": new, "password2": new})
    assert is_in(here) and not is_in(there)
    assert here.cookies[django_settings.SESSION_COOKIE_NAME].value != before
    form = {"name": nia.name, "email": nia.email, "role": "lead", "teams": [team.pk], "zone": "UTC", "language": ""}
    as_agent(admin).post(reverse("settings_agents_edit", args=[nia.pk]), form)
    assert Agent.objects.get(pk=nia.pk).role == "lead" and not is_in(here)
    nia.set_password(PASSWORD)
    nia.save()
    browser = sign_in(nia)
    kept = browser.cookies[django_settings.SESSION_COOKIE_NAME].value
    browser.post(reverse("account_logout"))
    thief = Client()
    thief.cookies[django_settings.SESSION_COOKIE_NAME] = kept
    assert not is_in(thief)


def test_t31_1_cookies_are_for_the_server_alone(nia: Agent) -> None:
    cookie = sign_in(nia).cookies[django_settings.SESSION_COOKIE_NAME]
    assert cookie["httponly"] and cookie["samesite"] == "Lax"
    assert django_settings.BASE_URL.startswith("https://") == django_settings.SESSION_COOKIE_SECURE


PROMOTING = {
    "role": "admin", "is_active": "", "teams": ["1"], "is_staff": "on", "is_superuser": "on", "email": "x@x.example",
    "password": "x", "id": "1", "created_at": "2020-01-01", "limited_to": "", "hides_guide": "on", "keys": "{}",
}  # fmt: skip


@pytest.mark.parametrize("page", ["settings_profile", "settings_working"])
def test_t24_1_nobody_promotes_themselves(page: str, ana: Agent, as_agent: Callable[[Agent], Client]) -> None:
    def guarded() -> dict[str, Any]:
        ana.refresh_from_db()
        names = ("role", "is_active", "email", "password", "id", "created_at", "hides_guide", "keys")
        return {**{name: getattr(ana, name) for name in names}, "teams": set(ana.teams.all())}

    was = guarded()
    form = {"name": "Ana", "language": "", "zone": "UTC", "signature": "", "theme": "dark", "after_act": "stay"}
    assert as_agent(ana).post(reverse(page), {**form, **PROMOTING}).status_code == 302
    assert guarded() == was


def test_t24_1_an_invitation_makes_nobody_more_than_invited(
    lou: Agent, admin: Agent, as_agent: Callable[[Agent], Client]
) -> None:
    from helpdesk.operations import people

    secret = people.invite(lou, actor=admin)
    browser = Client()
    browser.get(reverse("invitation", args=[secret]))
    browser.post(reverse("invitation_accept"), {**PROMOTING, "name": "Lou", "password": PASSWORD})
    kept = Agent.objects.get(pk=lou.pk)
    assert (kept.role, kept.email, kept.is_active) == ("light", lou.email, True) and kept.check_password(PASSWORD)


def program(secret: str) -> dict[str, Any]:
    return {"headers": {"authorization": f"Bearer {secret}"}, "content_type": "application/json"}


def test_t25_1_a_key_opens_no_more_than_it_says(
    ana: Agent, admin: Agent, ticket: Ticket, billing: Inbox, inbox: Inbox, as_agent: Callable[[Agent], Client]
) -> None:
    path = f"/api/v1/tickets/{ticket.pk}/"
    _token, reading = tokens.issue(ana, name="reads", may_write=False)
    assert Client().get(path, **program(reading)).status_code == 200
    for method, part, body in (
        ("post", "messages/", {"kind": "note", "text": "Hi"}), ("post", "resolution/", {}),
        ("delete", "resolution/", {}), ("post", "tags/", {"name": "x"}), ("put", "status/", {"status": "pending"}),
    ):  # fmt: skip
        assert getattr(Client(), method)(path + part, body, **program(reading)).status_code == 403
    # an admin's key for another inbox
    _token, elsewhere = tokens.issue(admin, name="billing", inboxes=[billing.pk])
    assert Client().get(path, **program(elsewhere)).status_code == 404
    found = Client().get("/api/v1/inboxes/", **program(elsewhere)).json()["results"]
    assert [one["id"] for one in found] == [billing.pk]
    assert Client().get("/api/v1/tickets/", **program(elsewhere)).json()["results"] == []
    assert Client().get(f"/api/v1/customers/{ticket.customer_id}/", **program(elsewhere)).status_code == 404
    # in the address, run out, of somebody who left
    assert Client().get(f"{path}?token={reading}&access_token={reading}").status_code == 401
    _token, old = tokens.issue(ana, name="old", expires_at=clock.now() - timedelta(seconds=1))
    assert Client().get(path, **program(old)).status_code == 401
    Agent.objects.filter(pk=ana.pk).update(is_active=False)
    assert Client().get(path, **program(reading)).status_code == 401


def test_t25_1_a_key_is_shown_once_and_its_making_is_known(ana: Agent, as_agent: Callable[[Agent], Client]) -> None:
    browser = as_agent(ana)
    answer = browser.post(reverse("settings_tokens"), {"name": "Export", "may": "read", "days": "30"})
    secret = answer.context["secret"]
    assert secret in answer.content.decode() and "no-store" in answer["Cache-Control"]
    assert secret not in browser.get(reverse("settings_tokens")).content.decode()
    token = ApiToken.objects.get()
    assert not token.may_write and token.expires_at and secret not in (token.digest, token.hint)
    event = Event.objects.get(verb="apitoken.created")
    assert secret not in str(event.facts) and event.facts["may_write"] is False


def test_t26_1_strangers_and_agents_are_told_the_same(nia: Agent, monkeypatch: Any) -> None:
    hashed: list[str] = []
    asked = hashers.ScryptPasswordHasher.encode
    monkeypatch.setattr(
        hashers.ScryptPasswordHasher, "encode", lambda self, *a, **k: (hashed.append(""), asked(self, *a, **k))[1]
    )
    pages, costs = [], []
    for email in (nia.email, "nobody@demo.localhost"):
        hashed.clear()
        answer = Client().post(reverse("account_login"), {"login": email, "password": "a wrong password"})
        pages.append((answer.status_code, answer.content.decode().replace(email, "")))
        costs.append(len(hashed))
    assert costs[0] == costs[1] == 1, "an unknown address is as much work as a known one"
    strip = lambda page: "".join(part for part in page[1].splitlines() if "csrf" not in part)  # noqa: E731
    assert pages[0][0] == pages[1][0] and strip(pages[0]) == strip(pages[1])
    resets = [
        Client().post(reverse("account_reset_password"), {"email": email})
        for email in (nia.email, "nobody@demo.localhost")
    ]
    assert len({(answer.status_code, answer["Location"]) for answer in resets}) == 1


def test_t26_2_guessing_is_slowed_down_whatever_address_one_claims(nia: Agent) -> None:
    browser = Client()
    for n in range(6):
        page = browser.post(
            reverse("account_login"), {"login": nia.email, "password": f"guess {n}"},
            headers={"x-forwarded-for": f"203.0.113.{n}"},
        ).content.decode()  # fmt: skip
    assert "Too many" in page
    assert not is_in(sign_in(nia)), "not even the right one, for a while"
    assert Event.objects.filter(verb="agent.sign_in_failed", subject_id=nia.pk).exists()


def test_t26_4_a_very_long_password_costs_nothing(nia: Agent, monkeypatch: Any) -> None:
    monkeypatch.setattr(hashers.ScryptPasswordHasher, "encode", lambda *a, **k: pytest.fail("it was hashed"))
    answer = Client().post(reverse("account_login"), {"login": nia.email, "password": "x" * 100_000})
    assert answer.status_code == 200 and "at most 4096 characters" in answer.content.decode()


def test_who_signs_in_is_written_down(nia: Agent) -> None:
    sign_in(nia)
    event = Event.objects.get(verb="agent.signed_in")
    assert (event.actor_id, event.facts) == (nia.pk, {"ip": "127.0.0.1", "by": ["password"]})


def test_the_theme_is_in_the_page_before_any_script(ana: Agent, as_agent: Callable[[Agent], Client]) -> None:
    browser = as_agent(ana)
    assert "data-theme=" not in browser.get("/settings/").content.decode()
    browser.post(reverse("settings_theme"), {"theme": "dark"})
    assert 'data-theme="dark"' in browser.get("/settings/").content.decode()
    browser.post(reverse("settings_theme"), {"theme": "red"})
    assert Agent.objects.get(pk=ana.pk).theme == "dark"


def test_being_away_shows_at_the_foot_of_the_rail(ana: Agent, as_agent: Callable[[Agent], Client]) -> None:
    browser = as_agent(ana)
    browser.post(reverse("settings_away"), {"away": "1"})
    assert Agent.objects.get(pk=ana.pk).is_away and "data-away" in browser.get("/settings/").content.decode()
    browser.post(reverse("settings_away"), {"away": "0"})
    assert list(Event.objects.values_list("verb", flat=True)) == ["agent.went_away", "agent.came_back"]
