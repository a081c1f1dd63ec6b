"""Every channel keeps the protocol: one suite for every folder of `tickets/channels`, played by its rig.

Email has ways of its own and is held to the same cases by its own tests. Live chat is at home: what is said is on its
ticket once the browser is answered, and what a network may do to an answer nobody does.
"""

import json
from collections.abc import Iterator
from datetime import timedelta
from ipaddress import ip_network
from typing import Any

import pytest
import time_machine

from helpdesk import clock, failpoints
from helpdesk.models import Agent, Event, Team
from tests.tickets.channels.rigs import Rig, network, rig_of
from tickets import tasks
from tickets.channels import directory
from tickets.models import (
    ChannelAccount,
    Conversation,
    Delivery,
    DeliveryState,
    Inbox,
    Message,
    MessageKind,
    RawMessage,
    RawState,
    Status,
    Ticket,
)
from tickets.operations import posting, replying, status, withdrawing
from tickets.operations.enclosing import Upload
from tickets.operations.status import NotPossible

pytestmark = pytest.mark.django_db

KINDS = [kind for kind, channel in directory.every().items() if not channel.is_apart]
PICTURE = b"\x89PNG\r\n\x1a\n a picture"


class Killed(BaseException):
    """The process ends here."""


@pytest.fixture(params=KINDS)
def rig(request: pytest.FixtureRequest, team: Team, settings: Any) -> Iterator[Rig]:
    settings.FETCH_ALLOW = [ip_network("127.0.0.0/8")]
    made = rig_of(request.param)
    with network(made.answer) as made.net:
        address, config, secrets = made.setting()
        made.inbox = Inbox.objects.create(name=f"Our {made.kind}", channel=made.kind)
        made.inbox.teams.add(team)
        made.account = ChannelAccount(inbox=made.inbox, kind=made.kind, address=address, config=config)
        made.account.sealed = json.dumps(secrets)
        made.account.save()
        yield made


def take_in() -> None:
    tasks.receive_posts()


def hand_on() -> None:
    tasks.deliver_posts()


def heard(rig: Rig, number: int, text: str, **more: Any) -> Message:
    """The customer writes, and it is on its ticket."""
    rig.say(number, text, **more)
    take_in()
    return Message.objects.filter(kind=MessageKind.INCOMING).latest("pk")


def answer(rig: Rig, message: Message, ana: Agent, text: str, **more: Any) -> Delivery:
    said = replying.reply(message.ticket, text=text, actor=ana, **more)
    return Delivery.objects.get(mail__said=said)


def needs_answers(rig: Rig) -> None:
    if rig.channel.can.is_read_only:
        pytest.skip("nothing is sent on this channel; that sending is refused is tested below")
    if rig.channel.can.answers_by_mail:
        pytest.skip("it is answered by mail: tested below, and by the tests of mail")


def needs_a_network(rig: Rig) -> None:
    needs_answers(rig)
    if rig.channel.can.is_at_home:
        pytest.skip("no network stands between")


def later(seconds: float) -> Any:
    return time_machine.travel(clock.now() + timedelta(seconds=seconds))


# ---------------------------------------------------------------------- in


def test_what_is_said_becomes_a_ticket_on_its_customers_timeline(rig: Rig) -> None:
    message = heard(rig, 1, "Where is my parcel?")
    ticket = message.ticket
    assert (message.text, message.channel, ticket.channel, ticket.inbox) == (
        "Where is my parcel?", rig.kind, rig.kind, rig.inbox,
    )  # fmt: skip
    assert (
        ticket.status == Status.OPEN and ticket.waiting_since and message.sender and message.sender.channel == rig.kind
    )
    assert ticket.customer == message.sender.customer and ticket.customer.name
    events = Event.objects.filter(stream_id=ticket.pk).order_by("id").values_list("verb", flat=True)
    assert list(events) == ["ticket.created", "message.received"]
    assert rig.channel.can.is_at_home or RawMessage.objects.get().state == RawState.DONE


def test_the_same_twice_is_once(rig: Rig) -> None:
    heard(rig, 1, "Where is my parcel?")
    heard(rig, 1, "Where is my parcel?")
    assert Message.objects.count() == 1
    assert Event.objects.filter(verb="message.received").count() == 1


def test_one_talk_is_one_ticket_and_another_talk_is_another(rig: Rig) -> None:
    first = heard(rig, 1, "Where is my parcel?")
    again = heard(rig, 2, "It is blue.")
    other = heard(rig, 3, "I have a question, too.", thread="t2")
    assert first.ticket == again.ticket != other.ticket
    assert Conversation.objects.count() == 2


def test_what_comes_in_the_wrong_order_is_all_there(rig: Rig) -> None:
    heard(rig, 2, "It is blue.")
    heard(rig, 1, "Where is my parcel?")
    assert set(Message.objects.values_list("text", flat=True)) == {"Where is my parcel?", "It is blue."}
    assert Ticket.objects.count() == 1


def test_a_talk_goes_on_after_resolving_and_begins_anew_after_closing(rig: Rig, ana: Agent) -> None:
    first = heard(rig, 1, "Where is my parcel?")
    status.resolve(first.ticket, actor=ana)
    again = heard(rig, 2, "It still is not here.")
    assert again.ticket == first.ticket and again.ticket.status == Status.OPEN
    status.resolve(again.ticket, actor=ana)
    status.close(Ticket.objects.get(), actor=None)
    follow_up = heard(rig, 3, "Another thing.")
    assert follow_up.ticket != first.ticket and follow_up.ticket.follow_up_of == first.ticket
    assert follow_up.ticket.customer == first.ticket.customer


def test_an_edit_is_shown_and_what_stood_before_is_kept(rig: Rig) -> None:
    if not rig.channel.can.tells_edits:
        return _nobody_tells(rig, "edit")
    message = heard(rig, 1, "Where is my parcle?")
    rig.edit(1, "Where is my parcel?")
    take_in()
    message.refresh_from_db()
    assert message.text == "Where is my parcel?" and "edited" in message.marks
    assert message.abroad.get().facts["before"] == ["Where is my parcle?"]  # type: ignore[attr-defined]
    assert Message.objects.count() == 1
    return None


def test_an_edit_that_overtakes_its_message_is_the_message(rig: Rig) -> None:
    if not rig.channel.can.tells_edits:
        return _nobody_tells(rig, "edit")
    rig.edit(1, "Where is my parcel?")
    take_in()
    heard(rig, 1, "Where is my parcle?")
    assert [m.text for m in Message.objects.all()] == ["Where is my parcel?"]
    return None


def test_what_is_taken_back_says_so(rig: Rig) -> None:
    if not rig.channel.can.tells_deletions:
        return _nobody_tells(rig, "take_back")
    message = heard(rig, 1, "Never mind.")
    rig.take_back(1)
    take_in()
    message.refresh_from_db()
    assert "deleted" in message.marks
    assert message.text == ("" if rig.channel.can.honours_deletions else "Never mind.")
    return None


def test_what_is_taken_back_before_it_comes_does_not_come(rig: Rig) -> None:
    if not rig.channel.can.tells_deletions:
        return _nobody_tells(rig, "take_back")
    rig.take_back(1)
    take_in()
    rig.say(1, "Never mind.")
    take_in()
    assert not Message.objects.exists() and not Ticket.objects.exists()
    return None


def _nobody_tells(rig: Rig, what: str) -> None:
    """A channel that says it hears of no such thing has a rig that could not tell of it."""
    assert getattr(type(rig), what) is getattr(Rig, what), f"{rig.kind} hears of it: say so in its capabilities"


def test_a_file_comes_with_its_message(rig: Rig) -> None:
    message = heard(rig, 1, "Look:", file=PICTURE)
    if not message.attachments.exists():
        assert "file_missing" not in message.marks and not rig.channel.can.files
        return
    attachment = message.attachments.get()
    assert (attachment.file.read(), attachment.filename, attachment.content_type) == (PICTURE, "a.png", "image/png")


def test_what_nobody_can_read_is_kept_where_people_see_it(rig: Rig) -> None:
    for content in (b"", b"{", b"[]", b"null", b'{"type": "message", "id": [1]}', b"\xff\xfe", b'{"update_id": {}}'):
        RawMessage.objects.create(
            inbox=rig.inbox, source="webhook", source_key=content.hex(), content=content, size=len(content),
            sha256=bytes(32),
        )  # fmt: skip
    take_in()
    states = set(RawMessage.objects.values_list("state", flat=True))
    assert states <= {RawState.PARKED, RawState.RECORDED} and not Message.objects.exists()


def test_who_is_not_the_network_is_refused_and_nothing_is_kept(rig: Rig) -> None:
    if not rig.channel.has_webhook:
        assert type(rig).forge is Rig.forge
        return
    assert rig.forge() == 401
    assert not RawMessage.objects.exists()


@pytest.mark.parametrize("place", ["in.claimed", "in.parsed", "in.tx_before_commit", "in.tx_committed"])
def test_killed_while_it_comes_in_it_comes_in_once(rig: Rig, place: str) -> None:
    if rig.channel.can.is_at_home:
        if place in ("in.claimed", "in.parsed"):
            pytest.skip("nothing waits to be read")
        with killed_at(place):
            rig.say(1, "Where is my parcel?")
        rig.say(1, "Where is my parcel?")  # the browser had no answer
    else:
        rig.say(1, "Where is my parcel?")
        with killed_at(place):
            take_in()
        with later(120):
            take_in()
        assert RawMessage.objects.get().state == RawState.DONE
    assert Message.objects.count() == 1 and Ticket.objects.count() == 1


class killed_at:  # noqa: N801 - reads as a sentence
    """The process dies at this place, the first time it comes there."""

    def __init__(self, place: str) -> None:
        self.place = place

    def __enter__(self) -> None:
        def hook(name: str, _line: Any) -> None:
            if name == self.place:
                failpoints.install(None)
                raise Killed

        failpoints.install(hook)

    def __exit__(self, kind: Any, error: Any, _trace: Any) -> bool:
        failpoints.install(None)
        return kind is None or kind is Killed


# ---------------------------------------------------------------------- out


def test_an_answer_reaches_the_customer_where_they_wrote(rig: Rig, ana: Agent) -> None:
    needs_answers(rig)
    message = heard(rig, 1, "Where is my parcel?")
    delivery = answer(rig, message, ana, "On its way.")
    hand_on()
    delivery.refresh_from_db()
    assert [one.text for one in rig.taken] == ["On its way."] and delivery.state == DeliveryState.SENT
    ticket = Ticket.objects.get()
    assert ticket.waiting_since is None and ticket.assignee == ana
    assert Message.objects.get(kind=MessageKind.REPLY).channel == rig.kind
    hand_on()
    assert len(rig.taken) == 1
    assert Event.objects.filter(verb="message.sent").count() == 1


def test_answers_of_a_talk_arrive_in_the_order_they_were_given(rig: Rig, ana: Agent) -> None:
    needs_a_network(rig)
    message = heard(rig, 1, "Where is my parcel?")
    answer(rig, message, ana, "One.")
    rig.mood = "away"
    hand_on()
    rig.mood = "takes"
    answer(rig, message, ana, "Two.")
    hand_on()  # the first waits for its next attempt, and the second for the first
    assert rig.taken == []
    with later(3700):
        hand_on()
    assert [one.text for one in rig.taken] == ["One.", "Two."]


def test_an_answer_that_is_too_long_goes_out_in_parts_or_not_at_all(rig: Rig, ana: Agent) -> None:
    needs_answers(rig)
    can = rig.channel.can
    if can.most_text is None:
        return
    message = heard(rig, 1, "Tell me everything.")
    long = " ".join(f"Sentence {n} of many." for n in range(can.most_text // 12))
    if not can.splits:
        with pytest.raises(NotPossible):
            answer(rig, message, ana, long)
        return
    answer(rig, message, ana, long)
    hand_on()
    parts = posting.parts_of(long, can)
    assert len(parts) > 1 and " ".join(parts) == long
    assert [one.text for one in rig.taken] == ([long] if can.is_at_home else parts)


def test_a_long_answer_that_was_interrupted_goes_on_where_it_ended(rig: Rig, ana: Agent) -> None:
    needs_answers(rig)
    can = rig.channel.can
    if can.most_text is None or not can.splits or can.is_at_home:
        return
    message = heard(rig, 1, "Tell me everything.")
    long = " ".join(f"Sentence {n} of many." for n in range(can.most_text // 12))
    answer(rig, message, ana, long)
    parts = posting.parts_of(long, can)

    def hook(name: str, _line: Any) -> None:
        if name == "out.handed_on":
            rig.mood = "away"

    failpoints.install(hook)
    hand_on()
    failpoints.install(None)
    rig.mood = "takes"
    with later(3700):
        hand_on()
    assert len(Delivery.objects.get().receipts) == len(set(Delivery.objects.get().receipts)) == len(parts)
    assert " ".join(one.text for one in rig.taken) == long


def test_a_file_goes_with_an_answer_or_is_refused_before_it_is_sent(rig: Rig, ana: Agent) -> None:
    needs_answers(rig)
    message = heard(rig, 1, "Send me the form.")
    upload = Upload("form.png", "image/png", PICTURE)
    if not rig.channel.can.files:
        with pytest.raises(NotPossible):
            answer(rig, message, ana, "Here.", files=[upload])
        assert not Delivery.objects.exists()
        return
    answer(rig, message, ana, "Here.", files=[upload])
    hand_on()
    assert rig.taken[-1].files == (("form.png", PICTURE),)


def test_after_the_networks_time_is_over_nothing_is_sent(rig: Rig, ana: Agent) -> None:
    window = rig.channel.can.window
    if window is None:
        return
    message = heard(rig, 1, "Where is my parcel?")
    with later(window.total_seconds() + 60), pytest.raises(NotPossible):
        answer(rig, message, ana, "On its way.")
    assert not Delivery.objects.exists() and rig.taken == []


def test_a_dead_token_stops_the_inbox_and_loses_nothing(rig: Rig, ana: Agent) -> None:
    needs_a_network(rig)
    message = heard(rig, 1, "Where is my parcel?")
    delivery = answer(rig, message, ana, "On its way.")
    rig.mood = "dead"
    hand_on()
    delivery.refresh_from_db()
    rig.account.refresh_from_db()
    assert rig.account.dead_since and rig.account.problem and delivery.state == DeliveryState.QUEUED
    assert Event.objects.filter(verb="inbox.disconnected").count() == 1
    rig.mood = "takes"
    hand_on()
    assert rig.taken == []
    posting.works_again(rig.account)
    hand_on()
    assert [one.text for one in rig.taken] == ["On its way."]


def test_a_network_that_asks_for_patience_is_left_alone(rig: Rig, ana: Agent) -> None:
    needs_a_network(rig)
    message = heard(rig, 1, "Where is my parcel?")
    answer(rig, message, ana, "On its way.")
    rig.mood = "limited"
    hand_on()
    asked = len(rig.net.asked)
    rig.mood = "takes"
    hand_on()
    assert len(rig.net.asked) == asked, "nobody asks while the network wants to be left alone"
    with later(60):
        hand_on()
    assert [one.text for one in rig.taken] == ["On its way."]


def test_what_the_network_refuses_is_shown_on_the_ticket(rig: Rig, ana: Agent) -> None:
    needs_a_network(rig)
    message = heard(rig, 1, "Where is my parcel?")
    delivery = answer(rig, message, ana, "On its way.")
    rig.mood = "refuses"
    hand_on()
    delivery.refresh_from_db()
    assert delivery.state == DeliveryState.FAILED and delivery.answer and Ticket.objects.get().has_undelivered


def test_what_nobody_answered_for_is_repeated_only_where_that_is_safe(rig: Rig, ana: Agent) -> None:
    needs_a_network(rig)
    message = heard(rig, 1, "Where is my parcel?")
    delivery = answer(rig, message, ana, "On its way.")
    rig.mood = "silent"
    hand_on()
    rig.mood = "takes"
    with later(3700):
        hand_on()
    delivery.refresh_from_db()
    assert len(rig.taken) == 1
    assert delivery.state in (DeliveryState.UNCERTAIN, DeliveryState.SENT)


@pytest.mark.parametrize("place", ["out.claimed", "out.handed_on"])
def test_killed_while_it_goes_out_it_goes_out_once_or_a_person_is_asked(rig: Rig, ana: Agent, place: str) -> None:
    needs_answers(rig)
    message = heard(rig, 1, "Where is my parcel?")
    delivery = answer(rig, message, ana, "On its way.")
    with killed_at(place):
        hand_on()
    with later(300):
        hand_on()
    delivery.refresh_from_db()
    is_safe = place == "out.claimed" or rig.channel.can.is_idempotent
    assert delivery.state == (DeliveryState.SENT if is_safe else DeliveryState.UNCERTAIN)
    assert len(rig.taken) == 1


def test_nothing_is_sent_where_nothing_can_be(rig: Rig, ana: Agent) -> None:
    if not rig.channel.can.is_read_only:
        return
    message = heard(rig, 1, "Not good.")
    with pytest.raises(NotPossible):
        answer(rig, message, ana, "Sorry.")


def test_where_answers_go_by_mail_they_go_to_the_address_that_was_given(rig: Rig, ana: Agent, inbox: Inbox) -> None:
    if not rig.channel.can.answers_by_mail:
        return
    Inbox.objects.filter(pk=rig.inbox.pk).update(mails_through=inbox)
    message = heard(rig, 1, "Where is my parcel?")
    delivery = answer(rig, message, ana, "On its way.")
    claimed = Conversation.objects.get().facts["claimed"]["email"]
    assert (delivery.recipient, delivery.mail.inbox, delivery.mail.conversation) == (claimed, inbox, None)


def test_an_answer_can_be_taken_back_before_it_is_handed_on(rig: Rig, ana: Agent) -> None:
    needs_answers(rig)
    message = heard(rig, 1, "Where is my parcel?")
    said = replying.reply(message.ticket, text="On its way.", actor=ana, delay=timedelta(seconds=10))
    withdrawing.withdraw(said, actor=ana)
    with later(30):
        hand_on()
    assert rig.taken == [] and Ticket.objects.get().waiting_since


def test_its_settings_form_hides_its_secrets(rig: Rig) -> None:
    _address, config, secrets = rig.setting()
    form: Any = rig.channel.form()({**config, **secrets})
    assert form.is_valid(), form.errors
    assert form.secrets({}) == secrets and not set(form.config()) & set(secrets)
    kept: Any = rig.channel.form()(config, known=frozenset(secrets))
    assert kept.is_valid() and kept.secrets(secrets) == secrets
    assert not any(value in kept.as_p() for value in secrets.values())
    assert rig.channel.form()({}).is_valid() != rig.needs_setting
