"""Live updates: what changes is told, at once, to those who may know."""

import http.client
import json
import time
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

    def __init__(self, address: str, session: str = "", *, query: str = "", last: str = "") -> None:
        self.connection = http.client.HTTPConnection(urlsplit(address).netloc, timeout=10)
        headers = {"Cookie": f"{settings.SESSION_COOKIE_NAME}={session}"} if session else {}
        if last:
            headers["Last-Event-ID"] = last
        self.connection.request("GET", f"/live/{query}", headers=headers)
        self.response = self.connection.getresponse()
        #: until when it heard everything, in the server's words
        self.last = ""

    def until(self, kind: str) -> list[dict]:
        """Read on until an event of this kind; its data."""
        current = ""
        while True:
            line = self.response.readline().decode().rstrip("\n")
            if line.startswith("event: "):
                current = line[7:]
            elif line.startswith("id: "):
                self.last = line[4:]
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


def test_what_happened_between_a_page_and_its_stream_is_told_first(address, as_agent, ana, ticket, monkeypatch):
    monkeypatch.setattr(live, "MARGIN_SECONDS", 0)
    session = as_agent(ana).cookies[settings.SESSION_COOKIE_NAME].value
    earlier = listening(address, as_agent(ana))
    time.sleep(1.3)  # quiet for so long that a page may say it is a second older: its request takes a while to come in
    drawn = time.time()
    status.resolve(ticket, actor=ana)
    earlier.until("change")
    resolved = [{"verb": "ticket.resolved", "ticket": ticket.pk}]
    # a page that was asked for before
    late = Ear(address, session, query=f"?age={(time.time() - drawn + 1) * 1000}")
    assert late.until("missed") == resolved
    # one whose line broke off in between: it says what it heard last, whatever it said of its age at first
    broken = Ear(address, session, query="?age=0", last=str(drawn))
    assert broken.until("missed") == resolved
    # what nobody remembers costs one look at everything
    old = Ear(address, session, query="?age=86400000")
    assert old.until("anew") == {}
    for ear in (earlier, late, broken, old):
        ear.close()


@pytest.mark.parametrize("query", ["?age=inf", "?age=nan", "?age=x", "?age=", ""])
def test_who_does_not_say_how_old_they_are_hears_from_now_on(query):
    assert live._since({"headers": [], "query_string": query[1:].encode()}) is None


def test_what_was_missed_is_told_to_those_who_may_know(ana, ben, inbox):
    notice = {"verb": "ticket.created", "stream": 1, "audience": f"inbox:{inbox.pk}", "event": 1}
    told = [live._written([notice], live._audiences(one), one.pk, "missed") for one in (ana, ben)]
    assert b"event: missed" in told[0] and told[1] == b""


def test_what_was_told_is_kept_for_a_while_only(monkeypatch):
    hub = live.Hub()
    assert hub.missed(0) == [], "nobody is subscribed yet: everybody will be told to fetch anew"
    hub._tell(None)
    begun = hub.whole_since
    notice = {"verb": "ticket.created", "stream": 1, "audience": "inbox:1", "event": 1}
    for number in range(live.RECENT_LENGTH + 1):
        hub._tell([{**notice, "event": number}])
    assert len(hub.recent) == live.RECENT_LENGTH
    assert hub.missed(begun) is None
    assert hub.missed(hub.recent[-1][0])[-1]["event"] == live.RECENT_LENGTH
    later = hub.recent[-1][0] + live.RECENT_SECONDS + 1
    monkeypatch.setattr(live.time, "time", lambda: later)
    hub._tell([notice])
    assert len(hub.recent) == 1 and hub.missed(later) == [notice]
    hub._tell([{**notice, "audience": "visitor:1"}])
    assert len(hub.recent) == 1, "what is nobody's of the house is not kept"


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
