"""Who is on a ticket: seen by those who may see it, never by oneself, and gone by itself."""

import json
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.conf import settings as django_settings
from django.test import Client

from helpdesk import clock, live
from helpdesk.models import Agent
from helpdesk.operations import people
from tests.helpdesk.test_live import Ear, listening
from tests.web import served
from tickets import presence
from tickets.models import Ticket
from tickets.presence import Doing


@pytest.fixture(autouse=True)
def nobody() -> None:
    """Numbers begin anew with each test's database; what an earlier test said of them is forgotten."""
    live._client = None
    for key in live.client().scan_iter(f"{django_settings.INSTANCE}:presence:*"):
        live.client().delete(key)


def be(client: Client, ticket: Ticket, doing: str = "viewing", seat: str = "a1") -> int:
    return client.post("/presence/", {"ticket": ticket.number, "doing": doing, "seat": seat}).status_code


def faces(client: Client, *numbers: int) -> dict[str, Any]:
    return client.get("/presence/", {"tickets": ",".join(map(str, numbers))}).json()


def test_a_colleague_sees_who_is_there_and_nobody_sees_themselves(ticket, ana, chloe, as_agent):
    anas, chloes = as_agent(ana), as_agent(chloe)
    assert be(anas, ticket) == 204
    assert faces(anas, ticket.number) == {}
    shown = faces(chloes, ticket.number)[str(ticket.number)]
    assert f"{ana.name} is viewing" in shown["faces"] and shown["typing"] == ""
    assert be(chloes, ticket, "reply") == 204
    shown = faces(anas, ticket.number)[str(ticket.number)]
    assert shown["typing"] == f"{chloe.name} is typing a reply"
    assert be(chloes, ticket, "note") == 204
    assert faces(anas, ticket.number)[str(ticket.number)]["typing"] == f"{chloe.name} is typing a note"


def test_t22_a_foreign_ticket_is_nowhere_and_shows_nobody(ticket, ana, ben, as_agent):
    be(as_agent(ana), ticket)
    assert be(as_agent(ben), ticket) == 404
    assert faces(as_agent(ben), ticket.number) == {}
    assert [one.agent for one in presence.around([ticket.number], but=0)[ticket.number]] == [ana.pk]
    assert be(as_agent(ana), Ticket(number=ticket.number + 99)) == 404


@pytest.mark.parametrize("word", ["%", "*", "../1", "__all__", "1 OR 1=1", "-1", "", "٣", "9" * 40])
def test_t22_1_no_wildcard_names_a_ticket(word, ticket, ana, chloe, as_agent):
    be(as_agent(chloe), ticket)
    client = as_agent(ana)
    assert client.post("/presence/", {"ticket": word, "doing": "viewing", "seat": "a"}).status_code == 404
    assert client.get("/presence/", {"tickets": word}).json() == {}


@pytest.mark.parametrize(
    ("doing", "seat"), [("dancing", "a"), ("viewing", "a:b"), ("viewing", ""), ("viewing", "a" * 33)]
)
def test_what_no_page_says_is_refused(doing, seat, ticket, ana, as_agent):
    assert be(as_agent(ana), ticket, doing, seat) == 400
    assert presence.around([ticket.number], but=0) == {}


def test_t22_3_another_site_cannot_say_that_one_is_here(ticket, ana, as_agent):
    cookies = as_agent(ana).cookies
    elsewhere = Client(enforce_csrf_checks=True)
    elsewhere.cookies = cookies
    body = {"ticket": ticket.number, "doing": "viewing", "seat": "a"}
    assert elsewhere.post("/presence/", body).status_code == 403
    assert elsewhere.post("/presence/", body, headers={"Origin": "https://thief.example"}).status_code == 403
    assert presence.around([ticket.number], but=0) == {}


def test_it_expires_by_itself_typing_first(ticket, ana):
    began = clock.now()
    with time_machine.travel(began, tick=False) as time_now:
        presence.come(ticket.number, audience="", agent=ana.pk, seat="a", doing=Doing.REPLY)
        assert [p.doing for p in presence.around([ticket.number], but=0)[ticket.number]] == [Doing.REPLY]
        time_now.shift(timedelta(seconds=presence.TYPING_SECONDS + 1))
        assert [p.doing for p in presence.around([ticket.number], but=0)[ticket.number]] == [Doing.VIEWING]
        time_now.shift(timedelta(seconds=presence.VIEWING_SECONDS))
        assert presence.around([ticket.number], but=0) == {}


def test_redis_forgets_it_too(ticket, ana, monkeypatch):
    monkeypatch.setattr(presence, "VIEWING_SECONDS", 1)
    presence.come(ticket.number, audience="", agent=ana.pk, seat="a", doing=Doing.VIEWING)
    assert live.client().ttl(presence._key(ticket.number)) <= 2
    until = time.monotonic() + 5
    while live.client().exists(presence._key(ticket.number)):
        assert time.monotonic() < until
        time.sleep(0.1)


def test_closing_one_of_two_pages_leaves_one_there(ticket, ana, chloe, as_agent):
    be(as_agent(ana), ticket, seat="a1")
    be(as_agent(ana), ticket, seat="b2")
    be(as_agent(ana), ticket, "leave", seat="a1")
    assert faces(as_agent(chloe), ticket.number)
    be(as_agent(ana), ticket, "leave", seat="b2")
    assert faces(as_agent(chloe), ticket.number) == {}


def test_redis_away_means_nobody_is_seen_and_nothing_fails(ticket, ana, as_agent, settings, monkeypatch):
    monkeypatch.setattr(live, "_client", None)
    settings.REDIS_URL = "redis://127.0.0.1:9/0"
    assert be(as_agent(ana), ticket) == 204
    assert faces(as_agent(ana), ticket.number) == {}
    monkeypatch.setattr(live, "_client", None)


def test_an_agent_who_left_is_not_shown(ticket, ana, chloe, as_agent):
    be(as_agent(ana), ticket)
    Agent.objects.filter(pk=ana.pk).update(is_active=False)
    assert "Ana" not in json.dumps(faces(as_agent(chloe), ticket.number))


def test_asking_costs_two_questions_however_many_rows(ticket, ana, chloe, as_agent, django_assert_max_num_queries):
    be(as_agent(ana), ticket)
    client = as_agent(chloe)
    with django_assert_max_num_queries(5):  # session, agent, and ours
        faces(client, *range(1, 300))


def test_t22_news_of_who_is_there_reaches_those_who_may_see_the_ticket(
    transactional_db: None, ticket: Ticket, ana: Agent, ben: Agent, chloe: Agent, as_agent: Callable[[Agent], Client]
) -> None:
    with served() as address:
        chloes = listening(address, as_agent(chloe))
        bens = Ear(address, as_agent(ben).cookies[django_settings.SESSION_COOKIE_NAME].value)
        bens.until("hello")
        be(as_agent(ana), ticket)
        be(as_agent(ana), ticket)  # no news: nobody is told again
        be(as_agent(ana), ticket, "reply")
        told = chloes.until("change") + chloes.until("change")
        assert told == [{"verb": "presence.changed", "ticket": ticket.number}] * 2
        live.publish([live.Notice("over", None, f"inbox:{ticket.inbox_id}", 0)])
        assert chloes.until("change") == [{"verb": "over", "ticket": None}]
        bens.connection.sock.settimeout(0.5)  # type: ignore[union-attr]
        with pytest.raises(OSError):
            bens.until("change")
        chloes.close()
        bens.close()


def states(client: Client, ticket: Ticket) -> dict[str, str]:
    found = client.get("/presence/", {"people_of": ticket.number}).json()
    return {pk: one["state"] for pk, one in found.items()}


def test_the_list_of_who_can_be_given_a_ticket_says_who_is_here_away_and_offline(ticket, ana, chloe, as_agent):
    anas, chloes = as_agent(ana), as_agent(chloe)
    assert states(anas, ticket) == {str(ana.pk): "offline", str(chloe.pk): "offline"}
    with time_machine.travel(clock.now(), tick=False) as time_now:
        assert chloes.post("/presence/", {"ticket": "", "doing": "here", "seat": "a"}).status_code == 204
        assert states(anas, ticket)[str(chloe.pk)] == "here"
        people.go_away(chloe, is_away=True)
        assert states(anas, ticket)[str(chloe.pk)] == "away"
        people.go_away(chloe, is_away=False)
        time_now.shift(timedelta(seconds=presence.HERE_SECONDS + 1))
        assert states(anas, ticket)[str(chloe.pk)] == "offline"


def test_t22_who_may_not_see_a_ticket_learns_of_nobody_on_it(ticket, ben, as_agent):
    for number in (ticket.number, "*", "", ticket.number + 9):
        assert as_agent(ben).get("/presence/", {"people_of": number}).status_code == 404
