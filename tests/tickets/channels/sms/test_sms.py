"""SMS: what Twilio's signature is worth, what its messages say, and that who asked not to be texted is not."""

import base64
import hmac
from collections.abc import Iterator
from datetime import timedelta
from ipaddress import ip_network
from typing import Any

import httpx
import pytest
import time_machine
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st

from helpdesk import clock, content
from helpdesk.models import Agent, Team
from tests.tickets.channels.rigs import network, picture
from tests.tickets.channels.sms.rig import NUMBER, SID, TOKEN, SmsRig
from tickets import tasks
from tickets.channels.protocol import (
    Account,
    File,
    Forged,
    Post,
    Refused,
    Reported,
    Request,
    Said,
    TokenDead,
    Unknowable,
    Unreadable,
)
from tickets.channels.sms import CHANNEL
from tickets.channels.sms.adapter import _look, sign
from tickets.channels.sms.segments import segments
from tickets.models import ChannelAccount, Delivery, DeliveryState, Inbox, Message, RawMessage
from tickets.operations import enclosing, posting, replying
from tickets.operations.enclosing import Upload
from tickets.operations.status import NotPossible

URL = "https://desk.example/channels/sms/key/"
ACCOUNT = Account(1, NUMBER, {"sid": SID, "number": NUMBER}, {"token": TOKEN}, {}, URL)
SM = "SM" + "a" * 32
PICTURE = picture()


def asked(body: str, signature: str, url: str = URL) -> Request:
    return Request("POST", {}, {"x-twilio-signature": signature}, body.encode(), url)


def signed(body: str, url: str = URL) -> Request:
    pairs = [tuple(one.split("=")) for one in body.split("&")]
    return asked(body, sign(TOKEN, url, pairs).decode(), url)  # type: ignore[arg-type]


def test_the_signature_is_twilios_own() -> None:
    told = {"To": "+2", "From": "+1", "Body": "Hi"}
    by_hand = hmac.new(TOKEN.encode(), (URL + "BodyHiFrom+1To+2").encode(), "sha1").digest()
    assert sign(TOKEN, URL, list(told.items())) == base64.b64encode(by_hand)


def test_t23_1_what_is_not_signed_is_refused_whatever_is_missing_or_changed() -> None:
    right = signed(f"MessageSid={SM}&From=%2B1&Body=Hi".replace("%2B", ""))
    assert CHANNEL.verify(ACCOUNT, right)[0].key == SM
    signature = right.headers["x-twilio-signature"]
    wrong = [
        asked(right.body.decode(), ""),
        asked(right.body.decode() + "&x=1", signature),
        asked(right.body.decode(), signature, URL + "?more=1"),
        asked(right.body.decode(), "ünsigned"),
        asked("", signature),
    ]
    for one in wrong:
        with pytest.raises(Forged):
            CHANNEL.verify(ACCOUNT, one)
    with pytest.raises(Forged):
        nobody = Account(1, "", {}, {}, {}, URL)
        CHANNEL.verify(nobody, asked("a=b", sign("", URL, [("a", "b")]).decode()))


def test_the_address_may_be_signed_with_its_port() -> None:
    body = f"MessageSid={SM}"
    with_port = sign(TOKEN, "https://desk.example:443/channels/sms/key/", [("MessageSid", SM)]).decode()
    assert CHANNEL.verify(ACCOUNT, asked(body, with_port))


def parsed(**told: str) -> Any:
    body = httpx.QueryParams({"MessageSid": SM, **told})
    return list(CHANNEL.parse(ACCOUNT, str(body).encode()))


def test_a_text_is_said_and_its_sender_is_their_number() -> None:
    (said,) = parsed(From="+49171", To=NUMBER, Body="Grüße 👋", NumMedia="0")
    assert isinstance(said, Said)
    assert (said.identifier, said.thread, said.text) == (SM, "+49171", "Grüße 👋")
    assert (said.sender.address, said.sender.claimed, said.sender.vouched) == ("+49171", {"phone": "+49171"}, {})


def test_pictures_come_by_reference() -> None:
    more = {"MediaUrl0": "https://api.twilio.com/ME0", "MediaContentType0": "image/jpeg", "MediaUrl1": "https://x/1"}
    (said,) = parsed(From="+49171", Body="", NumMedia="2", **more)
    assert [(one.content_type, one.reference) for one in said.files] == [
        ("image/jpeg", "https://api.twilio.com/ME0"), ("", "https://x/1"),
    ]  # fmt: skip
    (odd,) = parsed(From="+49171", Body="", NumMedia="²")
    assert odd.files == ()


def test_stop_and_start_close_and_open_the_talk() -> None:
    for told in ({"Body": " Stop "}, {"Body": "no more", "OptOutType": "STOP"}):
        (said,) = parsed(From="+49171", **told)
        assert said.facts == {"talk": {"opted_out": True}} and said.is_automated
    (said,) = parsed(From="+49171", Body="START")
    assert said.facts == {"talk": {"opted_out": False}} and not said.is_automated
    (said,) = parsed(From="+49171", Body="please stop calling")
    assert said.facts == {} and not said.is_automated


@pytest.mark.parametrize(
    ("status", "code", "action"),
    [("delivered", "", "delivered"), ("undelivered", "30003", "failed"), ("failed", "99999", "failed"),
     ("read", "", "read"), ("sent", "", None), ("queued", "", None)],
)  # fmt: skip
def test_what_became_of_an_answer_is_reported(status: str, code: str, action: str | None) -> None:
    found = parsed(MessageStatus=status, ErrorCode=code, To="+49171", From=NUMBER)
    assert [one.action for one in found if isinstance(one, Reported)] == ([action] if action else [])
    assert all(bool(one.words) == (action == "failed") for one in found)


@given(st.binary(max_size=300) | st.text(max_size=200).map(str.encode))
def test_whatever_comes_is_read_or_unreadable(content: bytes) -> None:
    try:
        CHANNEL.parse(ACCOUNT, content)
    except Unreadable:
        pass
    with pytest.raises(Forged):
        CHANNEL.verify(ACCOUNT, Request("POST", {}, {"x-twilio-signature": "x"}, content, URL))


@pytest.mark.parametrize(
    ("status", "code", "trouble"),
    [(400, 21610, Refused), (400, 21211, Refused), (401, 20003, TokenDead), (403, 20005, TokenDead)],
)
def test_codes_are_told_apart(status: int, code: int, trouble: type[Exception]) -> None:
    with pytest.raises(trouble):
        _look(httpx.Response(status, json={"code": code}))
    _look(httpx.Response(429, json={"code": 20429}))
    _look(httpx.Response(500, content=b"<html>"))


@pytest.mark.parametrize(
    ("text", "count"),
    [("", 1), ("a" * 160, 1), ("a" * 161, 2), ("€" * 80, 1), ("€" * 81, 2), ("я" * 70, 1), ("я" * 71, 2),
     ("👋" * 35, 1), ("👋" * 36, 2), ("a" * 1600, 11)],
)  # fmt: skip
def test_segments_are_counted_as_telephones_do(text: str, count: int) -> None:
    assert segments(text) == count


# ---------------------------------------------------------------------- with an account


@pytest.fixture
def rig(team: Team, settings: Any, db: None) -> Iterator[SmsRig]:
    settings.FETCH_ALLOW = [ip_network("127.0.0.0/8")]
    made = SmsRig()
    with network(made.answer) as made.net:
        address, config, _secrets = made.setting()
        made.inbox = Inbox.objects.create(name="Texts", channel="sms")
        made.inbox.teams.add(team)
        made.account = ChannelAccount(inbox=made.inbox, kind="sms", address=address, config=config)
        made.account.sealed = f'{{"token": "{TOKEN}"}}'
        made.account.save()
        yield made


def test_who_asked_not_to_be_texted_is_not_until_they_ask_again(rig: SmsRig, ana: Agent) -> None:
    rig.say(1, "Where is my parcel?")
    tasks.receive_posts()
    ticket = Message.objects.get().ticket
    waiting = replying.reply(ticket, text="On its way.", actor=ana)
    rig.say(2, "STOP")
    tasks.receive_posts()
    tasks.deliver_posts()
    delivery = Delivery.objects.get(mail__said=waiting)
    assert rig.taken == [] and delivery.state == DeliveryState.FAILED and "not to be texted" in delivery.answer
    ticket.refresh_from_db()
    assert ticket.waiting_since is None
    assert "not to be texted" in posting.routes(ticket)[0].closed
    with pytest.raises(NotPossible):
        replying.reply(ticket, text="Please reconsider.", actor=ana, template={"key": "x"})
    rig.say(3, "START")
    tasks.receive_posts()
    replying.reply(ticket, text="Welcome back.", actor=ana)
    tasks.deliver_posts()
    assert [one.text for one in rig.taken] == ["Welcome back."]


def test_what_became_of_an_answer_is_shown_at_it(rig: SmsRig, ana: Agent) -> None:
    rig.say(1, "Where is my parcel?")
    tasks.receive_posts()
    replying.reply(Message.objects.get().ticket, text="On its way.", actor=ana)
    tasks.deliver_posts()
    sid = Delivery.objects.get().receipts[0]
    assert rig.tell({"MessageSid": sid, "MessageStatus": "undelivered", "ErrorCode": "30006", "To": "+1"}) == 200
    tasks.receive_posts()
    delivery = Delivery.objects.get()
    assert delivery.state in (DeliveryState.FAILED, DeliveryState.BOUNCED) and "landline" in delivery.answer


def test_the_password_goes_to_the_provider_alone(rig: SmsRig) -> None:
    account = posting.account_of(rig.inbox)
    other: list[Any] = []
    with network(lambda one: (other.append(one), (200, b"x", {"Content-Type": "image/png"}))[1]) as elsewhere:
        CHANNEL.fetch(account, File("", "image/png", None, f"{elsewhere.url}/a.png"))
        rig.answer = lambda one: (302, b"", {"Location": f"{elsewhere.url}/moved"})  # type: ignore[method-assign]
        rig.net.answer = rig.answer
        got = CHANNEL.fetch(account, File("", "image/png", None, f"{rig.net.url}/Media/ME1"))
    assert got.content == b"x" and "Authorization" in rig.net.asked[-1].headers
    assert len(other) == 2 and not any("Authorization" in one.headers for one in other)


def test_a_webhook_is_thanked_in_the_providers_own_words(rig: SmsRig) -> None:
    told = rig.message(1, "Hello")
    signature = sign(TOKEN, posting.webhook_url(rig.account), list(told.items())).decode()
    answer = Client().post(f"/channels/sms/{rig.account.key}/", told, headers={"X-Twilio-Signature": signature})
    assert answer.status_code == 401, "a multipart form is not what was signed"
    assert not RawMessage.objects.exists()
    assert rig.tell(told) == 200 and rig.tell(told) == 200
    assert RawMessage.objects.count() == 1


def test_connecting_asks_for_the_number_and_says_where_we_are(rig: SmsRig) -> None:
    account = Account(1, "", rig.account.config, {"token": TOKEN}, {}, "https://desk.example/channels/sms/key/")
    assert CHANNEL.connected(account) == NUMBER
    assert rig.net.asked[-1].method == "POST" and b"SmsUrl=https%3A%2F%2Fdesk.example" in rig.net.asked[-1].body
    with pytest.raises(Refused):
        CHANNEL.connected(Account(1, "", {**rig.account.config, "number": "+491"}, {"token": TOKEN}, {}, ""))
    with pytest.raises(TokenDead):
        CHANNEL.connected(Account(1, "", rig.account.config, {"token": "another"}, {}, ""))


def test_what_was_taken_without_a_name_may_or_may_not_have_arrived(rig: SmsRig) -> None:
    rig.net.answer = lambda one: (200, b"<html>", {})
    with pytest.raises(Unknowable):
        CHANNEL.deliver(posting.account_of(rig.inbox), Post("k", "+1", "+1", "Hello"))


def sends_pictures(rig: SmsRig, settings: Any) -> None:
    settings.BASE_URL = "https://desk.example"
    rig.account.config = {**rig.account.config, "pictures": True}
    rig.account.save()


def test_a_picture_goes_by_an_address_that_gives_it_for_some_hours(rig: SmsRig, ana: Agent, settings: Any) -> None:
    sends_pictures(rig, settings)
    rig.say(1, "What does it look like?")
    tasks.receive_posts()
    ticket = Message.objects.get().ticket
    (route,) = posting.routes(ticket)
    assert route.can.files == ("image/jpeg", "image/png", "image/gif")
    with pytest.raises(NotPossible):
        replying.reply(ticket, text="Look", actor=ana, files=[Upload("a.pdf", "application/pdf", b"%PDF")])
    pictures = [Upload("a.png", "image/png", PICTURE), Upload("b.png", "image/png", PICTURE)]
    said = replying.reply(ticket, text="Like this:", actor=ana, files=pictures)
    tasks.deliver_posts()
    assert [one.text for one in rig.taken] == ["Like this:", ""]
    urls = [url for taken in rig.taken for url, _content in taken.files]
    assert len(set(urls)) == 2 and all(url.startswith("https://desk.example/content/sent/") for url in urls)

    def got(url: str) -> Any:
        return Client().get(url.removeprefix("https://desk.example"))

    there = got(urls[0])
    assert (there.status_code, there["Content-Type"], there.content) == (200, "image/png", PICTURE)
    assert "sandbox" in there["Content-Security-Policy"]
    assert got(urls[0][:-1] + ("A" if urls[0][-1] != "A" else "B")).status_code == 404
    with time_machine.travel(clock.now() + timedelta(hours=5)):
        assert got(urls[0]).status_code == 404, "it does not live for ever"
    other = content.address("content_sent_file", said.attachments.first().pk, 0)  # type: ignore[union-attr]
    assert Client().get(other).status_code == 404, "an address is made for one answer"
    Message.objects.filter(pk=said.pk).update(withdrawn_at=clock.now())
    assert got(urls[0]).status_code == 404


def test_no_picture_goes_where_nobody_could_fetch_it_or_the_number_sends_none(rig: SmsRig, settings: Any) -> None:
    assert CHANNEL.capabilities(posting.account_of(rig.inbox)).files == ()
    sends_pictures(rig, settings)
    assert CHANNEL.capabilities(posting.account_of(rig.inbox)).files
    settings.BASE_URL = "http://localhost:8000"
    assert CHANNEL.capabilities(posting.account_of(rig.inbox)).files == ()
    assert CHANNEL.connected(posting.account_of(rig.inbox)) == NUMBER
    rig.can_mms = False
    with pytest.raises(Refused, match="pictures"):
        CHANNEL.connected(posting.account_of(rig.inbox))


def test_what_a_text_costs_is_shown_while_it_is_written(rig: SmsRig, ana: Agent, as_agent: Any) -> None:
    rig.say(1, "Where is my parcel?")
    tasks.receive_posts()
    number = Message.objects.get().ticket_id
    page = as_agent(ana).get(f"/tickets/{number}/").content.decode()
    assert "data-measured" in page

    def told(text: str) -> str:
        return as_agent(ana).post(f"/tickets/{number}/parts", {"text": text}).content.decode()

    assert "Counts as 2 SMS." in told("x" * 161)
    assert "Goes out as 2 messages" in told("word " * 400) and "Counts as 14 SMS." in told("word " * 400)
    assert told("").strip() == ""
    picture = Upload("a.png", "image/png", b"a picture")
    enclosing.attach(Message.objects.get().ticket, uploads=[picture], actor=ana, kind="reply")
    assert "SMS carries no files." in told("Look"), "what its way does not carry is said before it is sent"
