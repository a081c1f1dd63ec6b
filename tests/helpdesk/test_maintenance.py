"""Django's admin is a door to look through: for admins, lately identified, who change nothing and learn no secret."""

import time
from collections.abc import Callable
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from django.db import models
from django.test import Client
from django.urls import URLPattern, get_resolver, reverse

from helpdesk import maintenance
from helpdesk.crypto import EncryptedTextField
from helpdesk.models import Agent
from helpdesk.operations import tokens
from tickets.models import Inbox, Ticket

Browser = Callable[[Agent], Client]
SITE = next(one for one in get_resolver().url_patterns if getattr(one, "app_name", "") == "admin")
LISTS = [f"admin:{one.name}" for one in SITE.url_patterns if (one.name or "").endswith("_changelist")]


def test_it_is_admins_only_and_reads_whatever_the_method(
    ticket: Ticket, ana: Agent, chloe: Agent, admin: Agent, as_agent: Browser, client: Client
) -> None:
    row = reverse("admin:tickets_ticket_change", args=[ticket.pk])
    addresses = ["/maintenance/", "/maintenance/tickets/", reverse("admin:tickets_ticket_changelist"), row]
    for address in addresses:
        assert client.get(address)["Location"].startswith("/accounts/login/")
        for who in (ana, chloe):
            assert as_agent(who).get(address).status_code == 403
            assert as_agent(who).post(address, {"subject": "Mine"}).status_code == 403
        mine = as_agent(admin)
        assert mine.get(address).status_code == 200
        for method in ("post", "put", "patch", "delete"):
            assert getattr(mine, method)(address).status_code == 405
    for gone in ("add/", f"{ticket.pk}/delete/", f"{ticket.pk}/history/"):
        assert as_agent(admin).get(f"/maintenance/tickets/ticket/{gone}").status_code in (302, 404)


def test_every_table_is_listed_and_guarded(ticket: Ticket, ana: Agent, admin: Agent, as_agent: Browser) -> None:
    assert len(LISTS) > 40
    mine, other = as_agent(admin), as_agent(ana)
    for name in LISTS:
        assert mine.get(reverse(name)).status_code == 200, name
        assert other.get(reverse(name)).status_code == 403, name
    assert all(isinstance(one, URLPattern) for one in SITE.url_patterns)


def test_lists_are_searched_and_narrowed(ticket: Ticket, admin: Agent, as_agent: Browser) -> None:
    address = reverse("admin:tickets_ticket_changelist")
    assert "My order" in as_agent(admin).get(address, {"q": str(ticket.pk)}).content.decode()
    assert "My order" not in as_agent(admin).get(address, {"status__exact": "closed"}).content.decode()


def test_no_secret_is_shown(inbox: Inbox, ana: Agent, admin: Agent, as_agent: Browser) -> None:
    token, secret = tokens.issue(ana, name="A program")
    inbox.webhook_secret = "sesame-opens"
    inbox.save()
    mine = as_agent(admin)
    pages = [
        mine.get(reverse(f"admin:{name}_change", args=[pk])).content.decode()
        for name, pk in (("helpdesk_apitoken", token.pk), ("tickets_inbox", inbox.pk), ("helpdesk_agent", ana.pk))
    ]
    assert "A program" in pages[0] and "support@demo.localhost" in pages[1] and ana.email in pages[2]
    for unsaid in (secret, token.digest, "sesame-opens", ana.password):
        assert not any(unsaid in page for page in pages)


def test_no_column_with_a_secret_is_on_any_page() -> None:
    site = maintenance.door()
    for model, looked_at in site._registry.items():
        for field in model._meta.fields:
            is_hidden = field.name not in looked_at.fields and field.name not in looked_at.list_display
            assert is_hidden or not isinstance(field, EncryptedTextField | models.BinaryField), field
            assert is_hidden or not any(
                word in field.name for word in ("password", "secret", "token", "digest", "session")
            ), field
    known = {model._meta.label_lower for model in site._registry}
    assert not known & {
        "mfa.authenticator",
        "sessions.session",
        "usersessions.usersession",
        "tickets.caughtmail",
        "feedback.ballot",
    }


def _identified(client: Client, **record: Any) -> None:
    session = client.session
    session["account_authentication_methods"] = [record]
    session.save()


@pytest.mark.parametrize(
    ("method", "ago", "leads"),
    [("mfa", 60, None), ("mfa", 3600, "mfa_reauthenticate"), ("password", 60, "mfa_reauthenticate")],
)
def test_who_has_a_second_factor_shows_it_anew(
    admin: Agent, as_agent: Browser, method: str, ago: int, leads: str | None
) -> None:
    Authenticator.objects.create(user=admin, type=Authenticator.Type.TOTP, data={})
    client = as_agent(admin)
    _identified(client, method=method, at=time.time() - ago)
    answer = client.get("/maintenance/")
    if leads is None:
        assert answer.status_code == 200
    else:
        assert answer["Location"] == f"{reverse(leads)}?next=%2Fmaintenance%2F"


def test_who_has_none_shows_the_password_anew(admin: Agent, as_agent: Browser) -> None:
    admin.set_password("a long enough sentence")
    admin.save()
    client = as_agent(admin)
    assert client.get("/maintenance/")["Location"].startswith(reverse("account_reauthenticate"))
    _identified(client, method="password", at=time.time())
    assert client.get("/maintenance/").status_code == 200


def test_its_pages_need_nothing_our_policy_forbids(ticket: Ticket, admin: Agent, as_agent: Browser) -> None:
    for address in ("/maintenance/", reverse("admin:tickets_ticket_change", args=[ticket.pk])):
        answer = as_agent(admin).get(address)
        page = answer.content.decode()
        assert "script-src 'self'" in answer["Content-Security-Policy"]
        assert "<style" not in page and " style=" not in page and " onclick=" not in page
