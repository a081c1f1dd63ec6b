"""Getting in: the first steps of a new house, a second factor, a passkey; and the settings as everybody sees them."""

import os
import re
from collections.abc import Callable
from typing import Any

import pytest
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value, yield_hotp_counters_from_time
from playwright.sync_api import Page, expect

from helpdesk import second_factor
from helpdesk.models import Agent
from tests.journeys.conftest import House, Seat, soon
from tests.journeys.test_for_everybody import wrong
from tests.pictures import png
from tickets.models import Brand, Inbox, InboxAccess, Tag, Ticket
from tickets.operations import sorting

pytestmark = [pytest.mark.journey, pytest.mark.django_db(transaction=True)]
PASSWORD = "a long enough sentence"
#: a folder for pictures of what is tested, when somebody wants to look
SHOTS = os.environ.get("SHOTS", "")


@pytest.fixture(autouse=True)
def _asked_anew() -> None:
    second_factor.forget()


def shot(page: Page, name: str) -> None:
    if SHOTS:
        page.screenshot(path=f"{SHOTS}/{name}.png", full_page=True)


def with_password(agent: Agent) -> Agent:
    agent.set_password(PASSWORD)
    agent.save()
    return agent


def sign_in(page: Page, origin: str, agent: Agent) -> None:
    page.goto(f"{origin}/accounts/login/")
    page.get_by_label("Email").fill(agent.email)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()


def sign_out(page: Page, origin: str) -> None:
    page.goto(f"{origin}/accounts/logout/")
    page.get_by_role("button", name="Sign out").click()


def test_the_first_steps(house: House, sit: Callable[..., Seat], inbox: Inbox, admin: Agent) -> None:
    page = sit(admin).page
    page.goto("/")
    guide = page.get_by_role("region", name="First steps")
    expect(guide.get_by_role("listitem")).to_have_count(4)
    assert wrong(page) == []
    shot(page, "guide")
    guide.get_by_role("button", name="Send it").click()
    soon(page, Ticket.objects.exists)
    page.goto("/")
    expect(page.get_by_role("link", name=re.compile("My first ticket"))).to_be_visible()
    page.goto("/settings/")
    expect(page.get_by_text("1 of 4 done")).to_be_visible()
    page.get_by_role("button", name="Put this away").click()
    page.goto("/settings/")
    expect(page.get_by_role("button", name="Show the first steps")).to_be_visible()


def test_signing_in_with_a_second_factor(house: House, sit: Callable[..., Seat], ana: Agent) -> None:
    page, origin = sit().page, house.address
    sign_in(page, origin, with_password(ana))
    page.goto(f"{origin}/settings/you/signing-in/")
    shot(page, "signing-in")
    page.get_by_role("link", name="Set up").click()
    assert wrong(page) == []
    shot(page, "second-factor")
    page.get_by_role("link", name="Set up").click()
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Continue").click()
    secret = page.locator("code.secret").inner_text()
    assert wrong(page) == []
    shot(page, "authenticator-app")
    page.get_by_label("Authenticator code").fill(code(secret))
    page.get_by_role("button", name="Use this app").click()
    expect(page.get_by_role("list", name="Unused codes").get_by_role("listitem")).to_have_count(10)
    assert wrong(page) == []
    shot(page, "recovery-codes")
    sign_out(page, origin)
    sign_in(page, origin, ana)
    assert wrong(page) == []
    shot(page, "second-factor-asked")
    recovery = page.get_by_label("Code")
    recovery.fill(code(secret, 1))
    page.get_by_role("button", name="Sign in", exact=True).click()
    expect(page.get_by_role("navigation", name="Main")).to_be_visible()


def code(secret: str, later: int = 0) -> str:
    """What the app shows now; each code works once, so the next one `later`.

    Not the first that we take: it is the last half minute's, and no longer taken as soon as this one ends.
    """
    _last, now, _next = yield_hotp_counters_from_time()
    return format_hotp_value(hotp_value(secret, now + later))


def test_signing_in_with_a_passkey(house: House, sit: Callable[..., Seat], ana: Agent) -> None:
    seat = sit()
    page, origin = seat.page, house.address.replace("127.0.0.1", "localhost")
    device = seat.context.new_cdp_session(page)
    device.send("WebAuthn.enable")
    device.send(
        "WebAuthn.addVirtualAuthenticator",
        {"options": {"protocol": "ctap2", "transport": "internal", "hasResidentKey": True,
                     "hasUserVerification": True, "isUserVerified": True, "automaticPresenceSimulation": True}},
    )  # fmt: skip
    sign_in(page, origin, with_password(ana))
    page.goto(f"{origin}/accounts/2fa/webauthn/add/")
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Continue").click()
    assert wrong(page) == []
    shot(page, "add-passkey")
    page.get_by_label("Passwordless").check()
    page.get_by_role("button", name="Add a passkey").click()
    expect(page.get_by_role("list", name="Unused codes")).to_be_visible()
    sign_out(page, origin)
    page.goto(f"{origin}/accounts/login/")
    shot(page, "login")
    page.get_by_role("button", name="Sign in with a passkey").click()
    expect(page.get_by_role("navigation", name="Main")).to_be_visible()


def test_settings_are_for_everybody(
    house: House, sit: Callable[..., Seat], inbox: Inbox, admin: Agent, ana: Agent, ticket: Any
) -> None:
    from helpdesk.models import File

    sorting.tag(ticket, name="refund", actor=ana)
    logo = File.objects.store(png(32, 32))
    brand = Brand.objects.create(name="Acme", colour="#ffcc00", logo=logo, logo_type="image/png", footer="Acme Ltd")
    InboxAccess.objects.create(inbox=inbox, agent=ana, level="light")
    page = sit(admin).page
    faults = {}
    for name, address in {
        "home": "/settings/", "you": "/settings/you/", "working": "/settings/you/working/",
        "agents": "/settings/agents/",
        "agent": f"/settings/agents/{ana.pk}/", "tokens": "/settings/tokens/", "audit": "/settings/audit/",
        "security": "/settings/security/", "people": f"/settings/inboxes/{inbox.pk}/people/",
        "tags": "/settings/tags/",
        "tag": f"/settings/tags/{Tag.objects.get().pk}/", "brands": "/settings/brands/",
        "brand": f"/settings/brands/{brand.pk}/", "signing in": "/settings/you/signing-in/",
    }.items():  # fmt: skip
        page.set_viewport_size({"width": 1440, "height": 900})
        answer = page.goto(address)
        assert answer and answer.ok, address
        for width in (1440, 390):
            page.set_viewport_size({"width": width, "height": 900})
            shot(page, f"{name}-{width}")
            faults[f"{name} {width}"] = wrong(page)
            wide = page.evaluate("document.documentElement.scrollWidth")
            if wide > width:
                faults[f"{name} {width}"].append(f"scrolls sideways: {wide}")
    assert {name: found for name, found in faults.items() if found} == {}
    page.set_viewport_size({"width": 1440, "height": 900})
    page.goto("/settings/")
    page.get_by_label("Find a setting").fill("passkey")
    expect(page.locator(".cards a:visible")).to_have_count(1)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Signing in", level=1)).to_be_visible()


def test_who_is_invited_comes_in(house: House, sit: Callable[..., Seat], admin: Agent, mailoutbox: Any) -> None:
    page = sit(admin).page
    page.goto("/settings/agents/new/")
    page.get_by_label("Name", exact=True).fill("Nia Berg")
    page.get_by_label("Email").fill("nia@demo.localhost")
    page.locator("main form button.primary").click()
    expect(page.locator("main")).to_contain_text("Nia Berg")
    [mail] = mailoutbox
    theirs = sit(is_new=True).page
    theirs.goto(re.search(r"/accounts/invitation/\S+", mail.body)[0])  # type: ignore[index]
    theirs.locator("[name=password]").fill(PASSWORD)
    theirs.keyboard.press("Enter")
    expect(theirs.get_by_role("link", name="Queue", exact=True)).to_be_visible()
    assert Agent.objects.get(email="nia@demo.localhost").has_usable_password()
