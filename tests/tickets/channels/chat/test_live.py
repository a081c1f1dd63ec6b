"""The widget's stream: that there is something new, told to the right browsers at once, and to nobody else."""

import http.client
import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest

from helpdesk.models import Agent
from helpdesk.tasks import drain_events
from tests.tickets.channels.chat.rig import SITE, Browser
from tests.web import served
from tickets import presence, tasks
from tickets.channels.chat import presence as here
from tickets.models import ChannelAccount, Ticket
from tickets.operations import chatting, replying, status
from tickets.presence import Doing

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def address(transactional_db: None) -> Iterator[str]:
    with served() as address:
        yield address


class Line:
    """One browser's connection."""

    def __init__(
        self, address: str, key: str, token: Any, *, origin: str = SITE, after: int = 0, method: str = "POST",
        **headers: str,
    ) -> None:  # fmt: skip
        self.connection = http.client.HTTPConnection(urlsplit(address).netloc, timeout=10)
        body = json.dumps({"token": token, "after": after})
        self.connection.request(method, f"/chat/{key}/live", body, headers={"Origin": origin, **headers})
        self.response = self.connection.getresponse()

    def next(self) -> tuple[str, int]:
        """The next event that is not about typing or nothing: its name and id."""
        name, number = "", 0
        while True:
            line = self.response.readline().decode().rstrip("\n")
            if line.startswith("event: "):
                name = line[7:]
            elif line.startswith("id: "):
                number = int(line[4:])
            elif not line and name:
                return name, number

    def close(self) -> None:
        self.response.close()
        self.connection.close()


def turned_away(*args: Any, **more: Any) -> http.client.HTTPResponse:
    """What is answered to who hears nothing; nobody waits for more."""
    line = Line(*args, **more)
    line.close()
    return line.response


def test_an_answer_is_told_to_its_visitor_and_only_that_it_is_there(
    address: str, dora: Browser, emil: Browser, ana: Agent
) -> None:
    dora.say("Where is my parcel?")
    emil.say("And mine?")
    lines = [Line(address, one.key, one.token, after=one.read()[-1]["seq"]) for one in (dora, emil)]
    assert [line.next()[0] for line in lines] == ["hello", "hello"]
    for ticket in Ticket.objects.order_by("pk"):
        replying.reply(ticket, text=f"For {ticket.pk}", actor=ana)
        tasks.deliver_posts()
    for line, browser in zip(lines, (dora, emil), strict=True):
        assert line.next() == ("message", browser.read()[-1]["seq"])
        line.close()


def test_who_comes_back_hears_at_once_of_what_they_missed_and_of_nothing_else(
    address: str, dora: Browser, ana: Agent
) -> None:
    last = dora.say("Where is my parcel?").json()["message"]["seq"]
    replying.reply(Ticket.objects.get(), text="On its way.", actor=ana)
    tasks.deliver_posts()
    line = Line(address, dora.key, dora.token, **{"Last-Event-ID": str(last)})
    kind, latest = line.next()
    assert kind == "message" and [one["text"] for one in dora.read(after=last)] == ["On its way."]
    line.close()
    again = Line(address, dora.key, dora.token, after=latest)
    assert again.next() == ("hello", latest)
    again.close()


def test_the_visitor_is_here_while_connected_and_sees_who_types_an_answer(
    address: str, dora: Browser, ana: Agent
) -> None:
    dora.say("Where is my parcel?")
    ticket = Ticket.objects.get()
    assert not here.around([ticket.pk])[ticket.pk].is_here
    line = Line(address, dora.key, dora.token, after=10**9)
    assert line.next()[0] == "hello"
    assert here.around([ticket.pk])[ticket.pk].is_here
    audience = f"inbox:{ticket.inbox_id}"
    presence.come(ticket.pk, audience=audience, agent=ana.pk, seat="a", doing=Doing.NOTE)
    assert dora.ask("messages", after=0).json()["typing"] == 0, "what is written among ourselves is nobody's matter"
    presence.come(ticket.pk, audience=audience, agent=ana.pk, seat="a", doing=Doing.REPLY)
    assert line.next()[0] == "typing"
    assert dora.ask("messages", after=0).json()["typing"] > 0
    line.close()


def test_that_a_chat_is_over_is_told_to_its_visitor(address: str, dora: Browser, ana: Agent) -> None:
    last = dora.say("Where is my parcel?").json()["message"]["seq"]
    line = Line(address, dora.key, dora.token, after=last)
    assert line.next()[0] == "hello"
    status.resolve(Ticket.objects.get(), actor=ana)
    drain_events()
    assert line.next()[0] == "ended"
    line.close()


def test_t22_3_a_page_elsewhere_hears_nothing(address: str, dora: Browser, chat: ChannelAccount) -> None:
    dora.say("My secret")
    for origin in ("https://evil.example", "null", "https://shop.example.evil.example"):
        refused = turned_away(address, dora.key, dora.token, origin=origin)
        assert refused.status == 403 and "access-control-allow-origin" not in dict(refused.headers)
    assert turned_away(address, "made-up", dora.token).status == 404
    assert turned_away(address, dora.key, dora.token, method="GET").status == 405


@pytest.mark.parametrize("token", ["", None, [], True, "x" * 65, "*", "talk:1"])
def test_t22_1_without_a_token_of_ones_own_nobody_listens(address: str, dora: Browser, token: Any) -> None:
    dora.say("My secret")
    assert turned_away(address, dora.key, token).status == 401


def test_whose_token_ended_hears_no_more(address: str, dora: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tickets.channels.chat.stream.RECHECK_SECONDS", 0)
    dora.say("Hi")
    line = Line(address, dora.key, dora.token, after=10**9)
    assert line.next()[0] == "hello"
    dora.ask("goodbye")
    from helpdesk import live
    from tickets.models import Visitor

    visitor = Visitor.objects.get()
    assert visitor.talk
    live.publish([live.Notice("chat.message", None, f"talk:{visitor.talk.pk}", 0)])
    assert line.response.read() == b""
    line.close()
    assert chatting.known(visitor.inbox, "") is None


def test_one_browser_has_some_lines_and_not_any_number(
    address: str, dora: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tickets.channels.chat.stream.MOST_OF_ONE", 2)
    dora.say("Hi")
    lines = [Line(address, dora.key, dora.token) for _ in range(2)]
    assert [line.next()[0] for line in lines] == ["message", "message"]
    assert turned_away(address, dora.key, dora.token).status == 429
    for line in lines:
        line.close()


def test_agents_hear_of_no_talk_by_its_own_name(address: str, as_agent: Any, admin: Agent, dora: Browser) -> None:
    from helpdesk import live
    from tests.helpdesk.test_live import listening

    ear = listening(address, as_agent(admin))
    live.publish([live.Notice("chat.message", None, "talk:1", 0), live.Notice("presence.changed", 5, "inbox:1", 0)])
    assert ear.until("change") == [{"verb": "presence.changed", "ticket": 5}]
    ear.close()


def test_who_was_known_before_they_said_anything_hears_of_their_first_talk(
    address: str, dora: Browser, chat: ChannelAccount, ana: Agent
) -> None:
    from tests.tickets.channels.chat.test_talking_to_the_widget import signed

    dora.boot(identity=signed())
    line = Line(address, dora.key, dora.token)
    assert line.next() == ("hello", 0)
    last = dora.say("Where is my parcel?").json()["message"]["seq"]
    assert line.next() == ("message", last)
    replying.reply(Ticket.objects.get(), text="On its way.", actor=ana)  # no worker is needed
    kind, latest = line.next()
    assert kind == "message" and latest > last and dora.read()[-1]["text"] == "On its way."
    line.close()
