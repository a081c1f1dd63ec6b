"""Meta: what WhatsApp, Messenger and Instagram say in their webhooks, who may say it, and what errors mean."""

import json
from dataclasses import replace
from datetime import timedelta
from email import message_from_bytes
from typing import Any

import httpx
import pytest
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st

from helpdesk.models import Agent
from tests.tickets.channels.meta.rig import BUSINESS_ID, PHONE_ID, SECRET, TOKEN, VERIFY, MetaRig, error
from tests.tickets.channels.rigs import picture
from tickets import tasks
from tickets.channels.meta import CHANNEL, splitting, trouble
from tickets.channels.meta.adapter import _shown, sign
from tickets.channels.protocol import (
    Account,
    Deleted,
    Edited,
    Forged,
    Later,
    OutgoingFile,
    Post,
    Refused,
    Reported,
    Request,
    Said,
    TokenDead,
    Unreadable,
)
from tickets.models import Customer, Delivery, DeliveryState, Message, RawMessage
from tickets.operations import posting, replying
from tickets.operations.status import NotPossible

SECRETS = {"token": TOKEN, "app_secret": SECRET, "verify_token": VERIFY}
URL = "https://desk.example/channels/meta/key/"
WHATSAPP = Account(1, "+1555", {"product": "whatsapp", "account_id": PHONE_ID}, SECRETS, {}, URL)
PAGE = replace(WHATSAPP, config={"product": "messenger", "account_id": "10001", "app_id": "4242"})
INSTAGRAM = replace(WHATSAPP, config={"product": "instagram", "account_id": "17841"})


# ---------------------------------------------------------------------- who may say it


def asked(body: bytes, signature: str) -> Request:
    return Request("POST", {}, {"x-hub-signature-256": signature}, body, URL)


def test_t23_1_what_is_not_signed_with_the_apps_secret_is_refused() -> None:
    body = b'{"object": "page", "entry": []}'
    right = sign(SECRET, body).decode()
    assert CHANNEL.verify(PAGE, asked(body, right)) == []
    wrong = ["", "sha256=", right[:-1], right.removeprefix("sha256="), right.upper(), "ünsigned",
             sign("", body).decode(), "sha1=" + right[7:]]  # fmt: skip
    for signature in wrong:
        with pytest.raises(Forged):
            CHANNEL.verify(PAGE, asked(body, signature))
    with pytest.raises(Forged):
        CHANNEL.verify(PAGE, asked(body + b" ", right))
    with pytest.raises(Forged):
        CHANNEL.verify(replace(PAGE, secrets={}), asked(body, sign("", body).decode()))


def test_the_handshake_answers_who_knows_the_verify_token() -> None:
    query = {"hub.mode": "subscribe", "hub.verify_token": VERIFY, "hub.challenge": "1158201444"}
    assert CHANNEL.greet(PAGE, Request("GET", query, {}, b"", URL)) == b"1158201444"
    assert CHANNEL.greet(PAGE, Request("POST", query, {}, b"", URL)) is None
    assert CHANNEL.greet(PAGE, Request("GET", {}, {}, b"", URL)) is None
    for token in ("", "guess", VERIFY + "x", "ü"):
        with pytest.raises(Forged):
            CHANNEL.greet(PAGE, Request("GET", {**query, "hub.verify_token": token}, {}, b"", URL))
    with pytest.raises(Forged):
        CHANNEL.greet(replace(PAGE, secrets={}), Request("GET", {**query, "hub.verify_token": ""}, {}, b"", URL))


# ---------------------------------------------------------------------- WhatsApp


def whatsapp(message: dict[str, Any], **value: Any) -> list[Any]:
    """What a webhook with this message says, by way of its raw body."""
    base = {"from": "491701", "id": "wamid.1", "timestamp": "1772000000"}
    contacts = [{"profile": {"name": "Dora Lind"}, "wa_id": "491701"}]
    told = {"metadata": {"phone_number_id": PHONE_ID}, "contacts": contacts, "messages": [{**base, **message}], **value}
    return read(WHATSAPP, "whatsapp_business_account", {"changes": [{"field": "messages", "value": told}]})


def read(account: Account, what: str, entry: dict[str, Any]) -> list[Any]:
    body = json.dumps({"object": what, "entry": [{"id": account.config["account_id"], **entry}]}).encode()
    return [one for raw in splitting.raws(body) for one in CHANNEL.parse(account, raw.content)]


@pytest.mark.parametrize(
    ("message", "text"),
    [
        ({"type": "text", "text": {"body": "Hello"}}, "Hello"),
        ({"type": "button", "button": {"text": "Yes", "payload": "Y"}}, "Yes"),
        ({"type": "interactive", "interactive": {"type": "button_reply", "button_reply": {"id": "1", "title": "Go"}}},
         "Go"),
        ({"type": "interactive", "interactive": {"type": "list_reply", "list_reply": {
            "id": "2", "title": "Blue", "description": "The sea"}}}, "Blue – The sea"),
        ({"type": "interactive", "interactive": {"type": "nfm_reply", "nfm_reply": {"response_json": '{"a": 1}'}}},
         '{"a": 1}'),
        ({"type": "location", "location": {"latitude": 52.5, "longitude": 13.4, "name": "Shop", "address": "A 1"}},
         "Shop\nA 1\nhttps://www.openstreetmap.org/?mlat=52.5&mlon=13.4"),
        ({"type": "contacts", "contacts": [{"name": {"formatted_name": "Emil E"}, "phones": [{"phone": "+491"}]}]},
         "Emil E +491"),
        ({"type": "order", "order": {"text": "Quick!", "product_items": [
            {"product_retailer_id": "lamp", "quantity": 2}]}}, "2 × lamp\nQuick!"),
        ({"type": "unsupported", "errors": [{"code": 131051}]}, "(A message of a kind WhatsApp does not hand on.)"),
    ],
)  # fmt: skip
def test_what_is_said_on_whatsapp_is_read(message: dict[str, Any], text: str) -> None:
    (said,) = whatsapp(message)
    assert isinstance(said, Said) and said.text == text
    assert (said.identifier, said.thread, said.sender.name, said.sender.handle) == (
        "wamid.1", "491701", "Dora Lind", "+491701",
    )  # fmt: skip
    assert said.sender.vouched == {"phone": "+491701", "sms": "+491701"}


@pytest.mark.parametrize("kind", ["image", "video", "audio", "document", "sticker"])
def test_files_on_whatsapp_come_by_their_id(kind: str) -> None:
    (said,) = whatsapp({"type": kind, kind: {"id": "77", "mime_type": "image/png; x=1", "caption": "Look"}})
    (file,) = said.files
    assert (said.text, file.reference, file.content_type, file.filename) == ("Look", "77", "image/png", f"{kind}.png")


@pytest.mark.parametrize(
    "message",
    [
        {"type": "reaction", "reaction": {"message_id": "wamid.0", "emoji": "👍"}},
        {"type": "system", "system": {"type": "user_changed_number", "body": "…"}},
        {"type": "unsupported", "unsupported": {"type": "edit"}},
    ],
)
def test_reactions_and_what_whatsapp_itself_says_are_no_speech(message: dict[str, Any]) -> None:
    assert whatsapp(message) == []


def test_what_whatsapp_may_invent_tomorrow_is_kept_where_people_see_it() -> None:
    with pytest.raises(Unreadable, match="hologram"):
        whatsapp({"type": "hologram", "hologram": {}})


def test_edits_and_revocations_name_the_first_message() -> None:
    (edited,) = whatsapp({"type": "edit", "id": "wamid.2", "edit": {
        "original_message_id": "wamid.1", "message": {"type": "text", "text": {"body": "Better"}}}})  # fmt: skip
    assert isinstance(edited, Edited) and (edited.said.identifier, edited.said.text) == ("wamid.1", "Better")
    gone = whatsapp({"type": "revoke", "id": "wamid.3", "revoke": {"original_message_id": "wamid.1"}})
    assert gone == [Deleted("wamid.1", "491701")]


def test_who_hides_their_number_is_known_by_the_id_that_stays() -> None:
    contacts = [{"profile": {"name": "Dora", "username": "dora"}, "user_id": "DE.134"}]
    base = {"type": "text", "text": {"body": "Hi"}, "from_user_id": "DE.134"}
    (hidden,) = whatsapp({**base, "from": None}, contacts=contacts)
    (shown,) = whatsapp(base, contacts=[{**contacts[0], "wa_id": "491701"}])
    assert hidden.thread == shown.thread == hidden.sender.address == shown.sender.address == "DE.134"
    assert (hidden.sender.handle, hidden.sender.vouched, hidden.facts) == ("@dora", {}, {"talk": {}})
    assert shown.facts == {"talk": {"phone": "491701"}}
    with pytest.raises(Unreadable):
        whatsapp({**base, "from": None, "from_user_id": None}, contacts=[])


def test_what_colleagues_write_in_the_app_is_ours() -> None:
    echo = {"from": "15550783881", "to": "491701", "id": "wamid.9", "timestamp": "1772000000", "type": "text",
            "text": {"body": "Done."}}  # fmt: skip
    (said,) = whatsapp({}, messages=[], message_echoes=[echo])
    assert (said.is_ours, said.thread, said.text) == (True, "491701", "Done.")


@pytest.mark.parametrize(
    ("status", "action"),
    [("sent", None), ("delivered", "delivered"), ("read", "read"), ("played", "read"), ("failed", "failed")],
)
def test_statuses_are_reports(status: str, action: str | None) -> None:
    told = {"id": "wamid.OUT1", "status": status, "recipient_id": "491701", "timestamp": "1772000000"}
    if status == "failed":
        told["errors"] = [{"code": 131047, "title": "Re-engagement message"}]  # type: ignore[assignment]
    found = whatsapp({}, messages=[], statuses=[told])
    assert [one.action for one in found] == ([action] if action else [])
    assert all(("24 hours" in one.words) == (status == "failed") for one in found)


def test_a_batch_is_one_raw_body_for_each_event_and_the_same_again_has_the_same_key() -> None:
    one, other = ({"id": f"wamid.{n}", "type": "text", "from": "1", "timestamp": "1"} for n in (1, 2))
    status = {"id": "wamid.1", "status": "read"}
    value = {"metadata": {"phone_number_id": "1"}, "messages": [one, other], "statuses": [status]}
    changes = [{"field": "messages", "value": value}, {"field": "account_update", "value": {"event": "X"}}]
    body = json.dumps({"object": "whatsapp_business_account", "entry": [{"id": "2", "changes": changes}]}).encode()
    found = splitting.raws(body)
    assert len(found) == 4 == len({raw.key for raw in found})
    assert [raw.key for raw in splitting.raws(body)] == [raw.key for raw in found]


def test_what_is_for_another_number_is_kept_where_people_see_it() -> None:
    with pytest.raises(Unreadable, match="another account"):
        whatsapp({"type": "text", "text": {"body": "Hi"}}, metadata={"phone_number_id": "999"})


# ---------------------------------------------------------------------- Messenger and Instagram


def said_to(account: Account, **event: Any) -> list[Any]:
    base = {"sender": {"id": "PSID"}, "recipient": {"id": account.config["account_id"]}, "timestamp": 1772000000000}
    what = "page" if account is PAGE else "instagram"
    return read(account, what, {"messaging": [{**base, **event}]})


@pytest.mark.parametrize("account", [PAGE, INSTAGRAM])
def test_messages_attachments_and_replies_are_read(account: Account) -> None:
    attachments = [
        {"type": "image", "payload": {"url": "https://cdn.example/a.jpg?x=1"}},
        {"type": "location", "title": "Here", "payload": {"coordinates": {"lat": 1, "long": 2}}},
        {"type": "share", "payload": {"url": "https://www.instagram.com/p/1", "title": "A post"}},
    ]
    message = {"mid": "m_1", "text": "Hello", "attachments": attachments, "reply_to": {"mid": "m_0"}}
    (said,) = said_to(account, message=message)
    assert (said.identifier, said.thread, said.sender.address, said.answers) == ("m_1", "PSID", "PSID", "m_0")
    assert [file.reference for file in said.files] == ["https://cdn.example/a.jpg?x=1"]
    assert said.text.startswith("Hello\nHere\nhttps://www.openstreetmap.org/") and said.text.endswith(
        "A post\nhttps://www.instagram.com/p/1"
    )


def test_stories_say_what_they_are() -> None:
    (reply,) = said_to(INSTAGRAM, message={"mid": "1", "text": "Nice", "reply_to": {"story": {"url": "https://s"}}})
    assert reply.text == "Answers your story: https://s\nNice"
    mention = {"type": "story_mention", "payload": {"url": "https://cdn.example/s"}}
    (said,) = said_to(INSTAGRAM, message={"mid": "2", "attachments": [mention]})
    assert said.text == "Mentioned you in a story." and said.files[0].reference == "https://cdn.example/s"
    (odd,) = said_to(INSTAGRAM, message={"mid": "3", "is_unsupported": True})
    assert odd.text.startswith("(A message of a kind")


def test_edits_unsending_buttons_and_reports() -> None:
    (edited,) = said_to(PAGE, message_edit={"mid": "m_1", "text": "Better", "num_edit": 1})
    assert isinstance(edited, Edited) and edited.said.text == "Better"
    assert said_to(INSTAGRAM, message_edit={"mid": "m_1", "num_edit": 0}) == []
    assert said_to(INSTAGRAM, message={"mid": "m_1", "is_deleted": True}) == [Deleted("m_1", "PSID")]
    (pressed,) = said_to(PAGE, postback={"mid": "m_2", "title": "Get started", "payload": "GO"})
    assert (pressed.identifier, pressed.text) == ("m_2", "Get started")
    assert said_to(PAGE, delivery={"mids": ["m_3"], "watermark": 1}) == [Reported("m_3", "delivered")]
    assert said_to(INSTAGRAM, read={"mid": "m_3"}) == [Reported("m_3", "read")]
    (read_until,) = said_to(PAGE, read={"watermark": 1772000000000})
    assert (read_until.thread, read_until.until.year) == ("PSID", 2026)
    for quiet in ("reaction", "referral", "optin", "account_linking"):
        assert said_to(PAGE, **{quiet: {"mid": "m_3"}}) == []


def test_an_echo_is_ours_elsewhere_unless_we_sent_it() -> None:
    echo = {"sender": {"id": "10001"}, "recipient": {"id": "PSID"}}
    (said,) = said_to(PAGE, **echo, message={"mid": "m_1", "is_echo": True, "text": "From the app", "app_id": 263902})
    assert (said.is_ours, said.thread, said.sender.address) == (True, "PSID", "PSID")
    assert said_to(PAGE, **echo, message={"mid": "m_2", "is_echo": True, "text": "x", "app_id": 4242}) == []
    assert said_to(PAGE, **echo, message={"mid": "m_3", "is_echo": True, "metadata": "helpdesk a.0"}) == []


def test_comments_and_what_another_app_handles_say_nothing() -> None:
    assert read(PAGE, "page", {"changes": [{"field": "feed", "value": {}}]}) == []
    assert read(PAGE, "page", {"standby": [{"message": {"mid": "1"}}]}) == []


# ---------------------------------------------------------------------- whatever comes


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(
        st.sampled_from(["type", "text", "id", "from", "message", "messages", "event", "mid", "attachments", "read",
                         "value", "contacts", "timestamp", "status", "errors", "edit", "sender", "image", "payload"]),
        inner, max_size=5),
    max_leaves=12,
)  # fmt: skip


@given(anything, st.sampled_from([WHATSAPP, PAGE, INSTAGRAM]), st.sampled_from(["message", "status", "event", "value"]))
def test_whatever_comes_is_read_or_unreadable(told: Any, account: Account, name: str) -> None:
    product, of = account.config["product"], account.config["account_id"]
    wholes = [told, {"product": product, "account": of, name: told}]
    shaped = {"object": "page", "entry": [{"messaging": [told], "changes": [{"value": told}]}]}
    contents = [raw.content for raw in splitting.raws(json.dumps(shaped).encode())]
    for content in [*contents, *(json.dumps(one).encode() for one in wholes)]:
        try:
            CHANNEL.parse(account, content)
        except Unreadable:
            pass


@given(st.binary(max_size=100))
def test_whatever_bytes_come_are_kept_as_they_are(body: bytes) -> None:
    (raw,) = splitting.raws(body)
    assert raw.content == body
    with pytest.raises(Unreadable):
        CHANNEL.parse(WHATSAPP, body)


# ---------------------------------------------------------------------- what errors mean


@pytest.mark.parametrize(
    ("code", "more", "kind", "words"),
    [
        (190, {}, TokenDead, "token"), (131031, {}, TokenDead, ""), (4, {}, Later, ""), (80007, {}, Later, ""),
        (130429, {}, Later, ""), (131056, {}, Later, ""), (1, {}, Later, ""), (2, {}, Later, ""),
        (131000, {}, Later, ""), (131047, {}, Refused, "24 hours"), (131026, {}, Refused, "not on WhatsApp"),
        (10, {"error_subcode": 2018278}, Refused, "24 hours"), (551, {}, Refused, "reached"),
        (200, {"error_subcode": 1545041}, Refused, "reached"), (139999, {}, Refused, "139999"),
    ],
)  # fmt: skip
def test_codes_are_told_apart(code: int, more: dict[str, Any], kind: type[Exception], words: str) -> None:
    _status, body, _headers = error(400, code, "Meta's words", **more)
    with pytest.raises(kind, match=words or None):
        trouble.look(httpx.Response(400, json=body))


def test_a_limit_rests_the_account_as_long_as_meta_says_and_a_pair_only_itself() -> None:
    usage = {"1": [{"type": "messenger", "call_count": 100, "estimated_time_to_regain_access": 5}]}
    _status, body, _headers = error(400, 80006, "Too many")
    with pytest.raises(Later) as limit:
        trouble.look(httpx.Response(400, json=body, headers={"X-Business-Use-Case-Usage": json.dumps(usage)}))
    assert limit.value.rests and limit.value.after == timedelta(minutes=5)
    with pytest.raises(Later) as pair:
        trouble.look(httpx.Response(400, json=error(400, 131056, "Too many")[1]))
    assert not pair.value.rests and pair.value.after
    trouble.look(httpx.Response(400, json=error(400, 100, "Invalid parameter")[1]))
    trouble.look(httpx.Response(502, content=b"<html>"))


# ---------------------------------------------------------------------- with an account


def as_page(rig: MetaRig, answers: Any) -> None:
    rig.account.config = {**rig.account.config, "product": "messenger", "account_id": "10001"}
    rig.account.save()
    rig.inbox.refresh_from_db()
    rig.net.answer = answers


def message_to_the_page(mid: str, text: str) -> dict[str, Any]:
    event = {"sender": {"id": "PSID"}, "recipient": {"id": "10001"}, "timestamp": 1, "message": {"mid": mid}}
    event["message"]["text"] = text  # type: ignore[index]
    return {"object": "page", "entry": [{"id": "10001", "time": 1, "messaging": [event]}]}


def test_the_handshake_reaches_through_the_web(rig: MetaRig) -> None:
    asked = {"hub.mode": "subscribe", "hub.verify_token": VERIFY, "hub.challenge": "77"}
    answer = Client().get(f"/channels/meta/{rig.account.key}/", asked)
    assert (answer.status_code, answer.content, answer["Content-Type"]) == (200, b"77", "text/plain; charset=utf-8")
    assert Client().get(f"/channels/meta/{rig.account.key}/", {**asked, "hub.verify_token": "x"}).status_code == 401


def test_somebody_on_messenger_is_named_by_meta_once(rig: MetaRig, ana: Agent) -> None:
    taken: list[Any] = []

    def answers(asked: Any) -> Any:
        if asked.method == "GET":
            return 200, {"first_name": "Dora", "last_name": "Lind", "id": "PSID"}, {}
        taken.append(asked)
        return 200, {"recipient_id": "PSID", "message_id": f"m_out{len(taken)}"}, {}

    as_page(rig, answers)
    assert rig.send(message_to_the_page("m_1", "Hello")) == 200
    assert rig.send(message_to_the_page("m_2", "Anybody?")) == 200
    tasks.receive_posts()
    ticket = Message.objects.latest("pk").ticket
    assert Customer.objects.get().name == "Dora Lind" and len(rig.net.asked) == 1
    assert "appsecret_proof" in rig.net.asked[0].path and TOKEN not in rig.net.asked[0].path
    long = "word " * 500
    upload = replying.Upload("form.png", "image/png", b"a picture")
    replying.reply(ticket, text=long, actor=ana, files=[upload])
    tasks.deliver_posts()
    assert [one.json["message"]["text"] for one in taken[:2]] == posting.parts_of(long, posting.capabilities(rig.inbox))
    head = f"Content-Type: {taken[2].headers['Content-Type']}\r\n\r\n".encode()
    form = {one.get_param("name", header="content-disposition"): one
            for one in message_from_bytes(head + taken[2].body).get_payload()}  # type: ignore[union-attr]  # fmt: skip
    assert json.loads(form["recipient"].get_payload()) == {"id": "PSID"}
    assert form["filedata"].get_payload(decode=True) == b"a picture" and len(taken) == 3
    seen = {
        "sender": {"id": "PSID"},
        "recipient": {"id": "10001"},
        "timestamp": 1,
        "read": {"watermark": 4102444800000},
    }
    assert rig.send({"object": "page", "entry": [{"id": "10001", "messaging": [seen]}]}) == 200
    tasks.receive_posts()
    assert Delivery.objects.get().seen_at


def test_nobody_is_held_up_by_a_name_that_cannot_be_had(rig: MetaRig) -> None:
    as_page(rig, lambda asked: error(400, 100, "No permission"))
    rig.send(message_to_the_page("m_1", "Hello"))
    tasks.receive_posts()
    assert Message.objects.get().text == "Hello" and Customer.objects.get().name == ""


def test_a_failure_reported_later_is_shown_at_the_answer(rig: MetaRig, ana: Agent) -> None:
    rig.say(1, "Hello")
    tasks.receive_posts()
    replying.reply(Message.objects.get().ticket, text="Hello, too", actor=ana)
    tasks.deliver_posts()
    failed = {"id": "wamid.OUT1", "status": "failed", "recipient_id": "1", "errors": [{"code": 131026}]}
    assert rig.tell(statuses=[failed]) == 200
    tasks.receive_posts()
    delivery = Delivery.objects.get()
    assert delivery.state in (DeliveryState.FAILED, DeliveryState.BOUNCED) and "not on WhatsApp" in delivery.answer


def test_a_replayed_batch_is_kept_once(rig: MetaRig) -> None:
    two = [rig.message(n, type="text", text={"body": str(n)}) for n in (1, 2)]
    assert rig.tell(*two) == 200 and rig.tell(*two) == 200 and rig.tell(two[1]) == 200
    assert RawMessage.objects.count() == 2


def test_who_hides_their_number_is_answered_by_their_id(rig: MetaRig) -> None:
    account = posting.account_of(rig.inbox)
    CHANNEL.deliver(account, Post("k", "DE.134", "DE.134", "Hello"))
    CHANNEL.deliver(account, Post("k", "DE.134", "DE.134", "Hello", facts={"phone": "491701"}))
    CHANNEL.deliver(account, Post("k", "g", "DE.134", "Hello", facts={"phone": "491701", "group": "g1"}))
    sent = [asked.json for asked in rig.net.asked]
    assert [one.get("recipient") or one["to"] for one in sent] == ["DE.134", "491701", "g1"]


def test_sound_with_words_goes_as_a_document(rig: MetaRig) -> None:
    file = OutgoingFile("a.mp3", "audio/mpeg", b"la")
    for text in ("", "Listen"):
        CHANNEL.deliver(posting.account_of(rig.inbox), Post("k", "1", "1", text, files=(file,)))
    assert [asked.json["type"] for asked in rig.net.asked if asked.path.split("?")[0].endswith("messages")] == [
        "audio", "document",
    ]  # fmt: skip


def test_instagram_fetches_pictures_and_files_from_an_address_of_ours(rig: MetaRig, ana: Agent, settings: Any) -> None:
    settings.BASE_URL = "https://desk.example"
    taken: list[Any] = []

    def answers(asked: Any) -> Any:
        if asked.method == "GET":
            return 200, {"name": "Dora Lind", "username": "dora"}, {}
        taken.append(asked.json)
        return 200, {"recipient_id": "IGSID", "message_id": f"m_out{len(taken)}"}, {}

    as_page(rig, answers)
    rig.account.config = {**rig.account.config, "product": "instagram"}
    rig.account.save()
    event = {"sender": {"id": "IGSID"}, "recipient": {"id": "10001"}, "timestamp": 1,
             "message": {"mid": "m_1", "text": "What does it look like?"}}  # fmt: skip
    assert rig.send({"object": "instagram", "entry": [{"id": "10001", "time": 1, "messaging": [event]}]}) == 200
    tasks.receive_posts()
    ticket = Message.objects.get().ticket
    for wrong in (replying.Upload("a.zip", "application/zip", b"PK"),
                  replying.Upload("a.png", "image/png", bytes(8 * 1024 * 1024 + 1))):  # fmt: skip
        with pytest.raises(NotPossible):
            replying.reply(ticket, text="Look", actor=ana, files=[wrong])
    files = [replying.Upload("a.png", "image/png", picture()), replying.Upload("a.pdf", "application/pdf", b"%PDF-1.7")]
    replying.reply(ticket, text="Like this:", actor=ana, files=files)
    tasks.deliver_posts()
    words, *attached = [one["message"] for one in taken]
    assert words == {"text": "Like this:"} and "messaging_type" not in taken[0]
    assert [one["attachment"]["type"] for one in attached] == ["image", "file"]
    paths = [one["attachment"]["payload"]["url"].removeprefix("https://desk.example") for one in attached]
    got = [Client().get(path) for path in paths]
    assert [(one.status_code, one["Content-Type"]) for one in got] == [(200, "image/png"), (200, "application/pdf")]
    assert got[1]["Content-Disposition"].startswith("attachment") and b"".join(got[1].streaming_content) == b"%PDF-1.7"


def test_what_each_of_the_three_takes_is_known_before_it_is_sent() -> None:
    whatsapp, page, instagram = (CHANNEL.capabilities(one) for one in (WHATSAPP, PAGE, INSTAGRAM))
    assert "application/vnd.openxmlformats-officedocument.wordprocessingml.document".startswith(whatsapp.files)
    assert not any(kind.startswith(whatsapp.files) for kind in ("application/zip", "image/webp", "image/gif"))
    assert "application/zip".startswith(page.files) and not "application/zip".startswith(instagram.files)
    shown = [_shown(OutgoingFile("a", kind, bytes(size))) for kind, size in (
        ("image/png", 9), ("image/svg+xml", 9), ("image/png", 9_000_000), ("video/mp4", 9), ("text/plain", 9),
    )]  # fmt: skip
    assert shown == ["image", "file", "file", "video", "file"]
    nowhere = replace(INSTAGRAM, webhook_url="http://localhost/")
    assert CHANNEL.capabilities(nowhere).files == () and CHANNEL.capabilities(nowhere).most_text == 1000


def test_connecting_asks_who_we_are_and_subscribes(rig: MetaRig) -> None:
    account = posting.account_of(rig.inbox)
    assert CHANNEL.connected(account) == "+15550783881"
    assert rig.net.asked[-1].path.startswith(f"/{BUSINESS_ID}/subscribed_apps")
    with pytest.raises(TokenDead):
        CHANNEL.connected(replace(account, secrets={**account.secrets, "token": "an expired one of some length"}))
