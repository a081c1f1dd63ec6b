"""Live updates: what changes is told, at once, to those who may know."""

import http.client
import json
from urllib.parse import urlsplit

import pytest
from django.conf import settings
from django.db import connection

from helpdesk import live
from tests.conftest import mail
from tests.web import served
from tickets.operations import status


class Ear:
    """One open page's connection."""

    def __init__(self, address: str, session: str = "") -> None:
        self.connection = http.client.HTTPConnection(urlsplit(address).netloc, timeout=10)
        headers = {"Cookie": f"{settings.SESSION_COOKIE_NAME}={session}"} if session else {}
        self.connection.request("GET", "/live/", headers=headers)
        self.response = self.connection.getresponse()

    def until(self, kind: str) -> list[dict]:
        """Read on until an event of this kind; its data."""
        current = ""
        while True:
            line = self.response.readline().decode().rstrip("\n")
            if line.startswith("event: "):
                current = line[7:]
            elif line.startswith("data: ") and current == kind:
                return json.loads(line[6:])

    def close(self) -> None:
        self.response.close()
        self.connection.close()


@pytest.fixture
def address(transactional_db):
    with served() as address:
        yield address


def listening(address: str, client) -> Ear:
    ear = Ear(address, client.cookies[settings.SESSION_COOKIE_NAME].value)
    ear.until("anew")  # said once the subscription stands
    return ear


def test_a_stranger_hears_nothing(address):
    ear = Ear(address)
    assert ear.response.status == 401 and ear.response.read() == b""
    ear.close()


def test_a_new_mail_is_told_without_being_asked_for(address, as_agent, ana, send_mail_in):
    ear = listening(address, as_agent(ana))
    raw = send_mail_in(mail())
    told = ear.until("change")
    assert {"verb": "ticket.created", "ticket": raw.said.ticket_id} in told
    ear.close()


def test_another_team_hears_nothing_of_it(address, as_agent, ana, ben, billing, send_mail_in):
    bens = listening(address, as_agent(ben))
    send_mail_in(mail())
    theirs = send_mail_in(mail(to="billing@demo.localhost", Message_ID="<b@x.example>"), to=billing)
    told = bens.until("change")
    assert {notice["ticket"] for notice in told} == {theirs.said.ticket_id}
    bens.close()


def test_only_ids_travel(address, as_agent, ana, ticket):
    ear = listening(address, as_agent(ana))
    status.resolve(ticket, actor=ana)
    assert ear.until("change") == [{"verb": "ticket.resolved", "ticket": ticket.pk}]
    ear.close()


def test_redis_away_costs_live_updates_only(transactional_db, settings, ticket, ana, monkeypatch):
    monkeypatch.setattr(live, "_client", None)
    settings.REDIS_URL = "redis://127.0.0.1:9/0"
    assert status.resolve(ticket, actor=ana).is_resolved
    monkeypatch.setattr(live, "_client", None)
    connection.close()


def test_a_strange_cookie_beside_ours_does_not_matter(transactional_db, ana, as_agent):
    session = as_agent(ana).session.session_key
    found = live._identify(f'a:b[c]=1; x={{"y": 2}}; {settings.SESSION_COOKIE_NAME}={session}')
    assert found is not None and found[0] == ana.pk


def test_who_was_deactivated_or_changed_their_password_elsewhere_hears_no_more(transactional_db, ana, as_agent):
    for change in ("is_active", "password"):
        ana.is_active = True
        ana.save()
        cookie = f"{settings.SESSION_COOKIE_NAME}={as_agent(ana).session.session_key}"
        assert live._identify(cookie) is not None
        if change == "password":
            ana.set_password("a new one, long enough")
        else:
            ana.is_active = False
        ana.save()
        assert live._identify(cookie) is None
