"""Calls: told by the telephone system, written down by hand, and called back."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from ipaddress import ip_network
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpdesk import clock
from helpdesk.models import Agent, Event, Team
from tests.tickets.channels.phone.rig import PhoneRig
from tests.tickets.channels.rigs import network
from tickets import tasks
from tickets.channels.phone import CHANNEL
from tickets.channels.phone.numbers import clean_number
from tickets.channels.protocol import Account, Called, Said, Unreadable
from tickets.models import (
    ChannelAccount,
    ContactPoint,
    Conversation,
    Customer,
    Inbox,
    Message,
    MessageKind,
    RawMessage,
    Ticket,
)
from tickets.operations import calls, status
from tickets.operations.status import NotPossible

ACCOUNT = Account(1, "+49301000", {"extensions": "101 = ana@example.com\n\n*7 = ben@example.com"}, {}, {})
BEGUN = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


def call(**more: Any) -> dict[str, Any]:
    return {
        "type": "call", "id": "c1", "direction": "in", "state": "missed", "from": "+49 30 123456", "to": "+49301000",
        **more,
    }  # fmt: skip


def parsed(**more: Any) -> Any:
    import json

    found = CHANNEL.parse(ACCOUNT, json.dumps(call(**more)).encode())
    return found[0] if found else None


@pytest.mark.parametrize(
    ("written", "kept"),
    [("+49 (0)30 / 12-34.56", "+4930123456"), ("0049 30 123456", "+4930123456"), ("030 123456", ""), ("+12", ""),
     ("+٣٤٥٦٧٨٩", ""), ("call me", "")],
)  # fmt: skip
def test_numbers_are_compared_with_their_countrys_code(written: str, kept: str) -> None:
    assert clean_number(written) == kept


def test_a_missed_call_is_said_by_its_caller() -> None:
    said = parsed()
    assert isinstance(said, Said) and said.sender.address == "+4930123456" == said.thread
    assert said.text == "Missed call" and said.facts["call"]["outcome"] == "missed"


def test_a_voicemail_has_its_recording_and_its_transcript() -> None:
    said = parsed(state="voicemail", recording="https://pbx.example/r/1.mp3?x=1", transcript="Please call me.")
    assert said.text == "Please call me." and said.files[0].filename == "call-c1.mp3"


def test_an_answered_call_says_how_long_and_by_whom() -> None:
    times = {"answered_at": BEGUN.isoformat(), "ended_at": (BEGUN + timedelta(seconds=90)).isoformat()}
    for agent, by in (("101", "ana@example.com"), ("Ben@example.com", "ben@example.com"), ("999", "")):
        called = parsed(state="ended", agent=agent, **times)
        assert isinstance(called, Called) and called.by == by and called.answered_at == BEGUN
        assert called.said.facts["call"]["seconds"] == 90


def test_who_ended_without_answering_was_missed_and_what_goes_on_is_not_written_down() -> None:
    assert parsed(state="ended").facts["call"]["outcome"] == "missed"
    assert parsed(state="ringing") is None and parsed(state="answered") is None


def test_callers_who_hide_their_number_are_each_somebody_else() -> None:
    assert parsed(**{"from": "anonymous"}).thread != parsed(**{"from": "anonymous", "id": "c2"}).thread


@pytest.mark.parametrize(
    "wrong",
    [{"state": "lost"}, {"direction": "up"}, {"from": "030 1"}, {"type": "message"}, {"recording": "file:///x"}],
)
def test_what_is_no_call_is_unreadable(wrong: dict[str, Any]) -> None:
    with pytest.raises(Unreadable):
        parsed(**wrong)


json_like: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(), lambda c: st.lists(c) | st.dictionaries(st.text(), c)
)


@given(st.dictionaries(st.sampled_from(["id", "from", "to", "recording", "transcript", "agent", "ended_at",
                                        "answered_at", "note", "name"]), json_like),
       st.sampled_from(["ended", "missed", "voicemail"]), st.sampled_from(["in", "out"]))  # fmt: skip
def test_whatever_comes_is_a_call_or_unreadable(fields: dict[str, Any], state: str, direction: str) -> None:
    try:
        parsed(**{**fields, "state": state, "direction": direction})
    except Unreadable:
        return


# ---------------------------------------------------------------------- on tickets


@pytest.fixture
def rig(team: Team, settings: Any) -> Iterator[PhoneRig]:
    import json

    settings.FETCH_ALLOW = [ip_network("127.0.0.0/8")]
    made = PhoneRig()
    with network(lambda asked: (200, b"sound", {"Content-Type": "audio/mpeg"})) as made.net:
        address, config, secrets = made.setting()
        made.inbox = Inbox.objects.create(name="Hotline", channel="phone")
        made.inbox.teams.add(team)
        made.account = ChannelAccount.objects.create(
            inbox=made.inbox, kind="phone", address=address, config=config, sealed=json.dumps(secrets)
        )
        yield made


@pytest.mark.django_db
def test_a_missed_call_is_a_task_that_waits(rig: PhoneRig) -> None:
    rig.tell(call())
    tasks.receive_posts()
    ticket = Ticket.objects.get()
    assert (ticket.type, ticket.status, ticket.subject) == ("task", "open", "Missed call") and ticket.waiting_since


@pytest.mark.django_db
def test_an_answered_call_is_asked_and_answered_at_once(rig: PhoneRig, ana: Agent) -> None:
    now = clock.now()
    rig.tell(call(state="ended", agent=ana.email, started_at=(now - timedelta(seconds=130)).isoformat(),
                  answered_at=(now - timedelta(seconds=120)).isoformat(), ended_at=now.isoformat()))  # fmt: skip
    tasks.receive_posts()
    ticket, message = Ticket.objects.get(), Message.objects.get()
    assert (message.kind, message.author, ticket.assignee) == (MessageKind.REPLY, ana, ana)
    assert ticket.waiting_since is None and ticket.initiated_by == "customer" and ticket.type == ""
    verbs = Event.objects.filter(stream_id=ticket.pk).order_by("id").values_list("verb", flat=True)
    assert list(verbs) == ["ticket.created", "message.received", "message.replied", "ticket.assigned"]
    assert Event.objects.get(verb="message.replied").at == message.created_at == ticket.created_at


@pytest.mark.django_db
def test_a_call_back_that_reaches_the_customer_answers_the_missed_call(rig: PhoneRig, ana: Agent) -> None:
    rig.tell(call())
    tasks.receive_posts()
    over = clock.now().isoformat()
    rig.tell(call(id="c2", direction="out", state="ended", to="+4930123456", agent=ana.email, answered_at=over))
    tasks.receive_posts()
    ticket = Ticket.objects.get()
    assert ticket.waiting_since is None and [m.kind for m in ticket.messages.all()] == ["incoming", "reply"]


@pytest.mark.django_db
def test_a_call_of_ours_that_nobody_takes_is_noted_and_answers_nothing(rig: PhoneRig, ana: Agent) -> None:
    rig.tell(call())
    rig.tell(call(id="c2", direction="out", state="missed", to="+4930123456", agent=ana.email))
    tasks.receive_posts()
    ticket = Ticket.objects.get()
    assert ticket.waiting_since and Message.objects.filter(kind=MessageKind.NOTE).count() == 1


@pytest.mark.django_db
def test_t19_a_recording_comes_through_the_gate(rig: PhoneRig, settings: Any) -> None:
    rig.tell(call(state="voicemail", recording=f"{rig.net.url}/r.mp3"))
    tasks.receive_posts()
    assert Message.objects.get().attachments.get().file.read() == b"sound"
    settings.FETCH_ALLOW = []
    rig.tell(call(id="c2", state="voicemail", recording=f"{rig.net.url}/r.mp3"))
    tasks.receive_posts()
    assert Message.objects.latest("pk").marks == ["file_missing"]


@pytest.mark.django_db
def test_a_stale_call_is_refused(rig: PhoneRig) -> None:
    body = call()
    assert rig.tell(body, ago=400) == 401 and rig.tell(body) == 200 and rig.tell(body) == 200
    assert RawMessage.objects.count() == 1


@pytest.mark.django_db
def test_a_call_is_written_down_by_hand(rig: PhoneRig, ana: Agent) -> None:
    dora = Customer.objects.create(name="Dora Lind")
    said = calls.log(actor=ana, direction="in", outcome="answered", text="Wants a refund.", customer=dora,
                     inbox=rig.inbox, number="+49 30 123456", seconds=60, once="k")  # fmt: skip
    again = calls.log(actor=ana, direction="in", outcome="answered", text="Wants a refund.", customer=dora,
                      inbox=rig.inbox, once="k")  # fmt: skip
    assert again == said and Ticket.objects.get().assignee == ana
    assert ContactPoint.objects.get(channel="phone").customer == dora
    noted = calls.log(actor=ana, direction="out", outcome="missed", ticket=said.ticket)
    assert noted.kind == MessageKind.NOTE and noted.ticket == said.ticket


@pytest.mark.django_db
def test_calling_back_is_a_task_that_comes_back_then(rig: PhoneRig, ana: Agent) -> None:
    dora, then = Customer.objects.create(name="Dora Lind"), clock.now() + timedelta(hours=2)
    said = calls.log(actor=ana, direction="in", outcome="voicemail", customer=dora, inbox=rig.inbox, call_back_at=then)
    ticket = Ticket.objects.get(pk=said.ticket_id)
    assert ticket.type == "task" and ticket.snoozed_until == then and ticket.waiting_since
    status.wake(ticket, actor=None)
    with pytest.raises(NotPossible):
        calls.call_back(ticket, at=clock.now() - timedelta(hours=1), actor=ana)


@pytest.mark.django_db
@pytest.mark.parametrize(
    "wrong",
    [{"text": ""}, {"seconds": -1}, {"at": datetime(2020, 1, 1, tzinfo=UTC)}, {"number": "12"}, {"inbox": None}],
)  # fmt: skip
def test_what_was_no_call_is_not_written_down(rig: PhoneRig, ana: Agent, wrong: dict[str, Any]) -> None:
    dora = Customer.objects.create(name="Dora Lind")
    right = {"direction": "in", "outcome": "answered", "text": "Hello.", "customer": dora, "inbox": rig.inbox}
    with pytest.raises(NotPossible):
        calls.log(actor=ana, **{**right, **wrong})  # type: ignore[arg-type]
    assert not Ticket.objects.exists()


@pytest.mark.django_db
def test_what_was_answered_on_the_network_itself_is_an_answer(rig: PhoneRig, ana: Agent) -> None:
    rig.tell(call())
    tasks.receive_posts()
    ticket, talk = Ticket.objects.get(), Conversation.objects.get()
    with pytest.raises(NotPossible):
        calls.answered_there(talk, ticket, text=" ", actor=ana)
    said = calls.answered_there(talk, ticket, text="Texted them.", actor=ana, once="k")
    assert calls.answered_there(talk, ticket, text="Texted them.", actor=ana, once="k") == said
    ticket.refresh_from_db()
    assert ticket.waiting_since is None and "elsewhere" in said.marks and ticket.assignee == ana
    assert Event.objects.filter(verb="message.replied", stream_id=ticket.pk).count() == 1
