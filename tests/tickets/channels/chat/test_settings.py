"""Setting a chat up: where it runs, what it says, and the line to copy."""

import pytest
from django.test import Client

from tickets.channels.chat.forms import ChatForm
from tickets.models import ChannelAccount, Inbox

pytestmark = pytest.mark.django_db


def test_the_queue_names_addresses_to_mail_to_and_a_chat_has_none(as_agent, chat, inbox, ana) -> None:  # type: ignore[no-untyped-def]
    assert list(as_agent(ana).get("/").context["addresses"]) == [inbox.address]


def test_an_admin_adds_a_chat_and_copies_its_line(as_agent, admin, team, inbox) -> None:  # type: ignore[no-untyped-def]
    client: Client = as_agent(admin)
    assert b"Live chat" in client.get("/settings/inboxes/channels/").content
    answer = client.post(
        "/settings/inboxes/channels/chat/",
        {
            "inbox-name": "Shop chat", "inbox-response_target_minutes": 5, "inbox-teams": [team.pk],
            "inbox-mails_through": inbox.pk, "inbox-is_active": "on",
            "allowed_origins": "https://shop.example\nhttps://*.shop.example", "colour": "#aa0000",
            "questions": "Order number*\n", "texts": "send = Go\nfr.send = Envoyer", "peeks": "on",
            "identity_secret": "s" * 40,
        },
    )  # fmt: skip
    chat = Inbox.objects.get(channel="chat")
    assert answer.status_code == 302, answer.content
    account = ChannelAccount.objects.get(inbox=chat)
    assert account.config["allowed_origins"] == ["https://shop.example", "https://*.shop.example"]
    assert account.config["texts"] == {"send": "Go", "fr.send": "Envoyer"} and account.config["theme"] == "auto"
    assert account.secrets == {"identity_secret": "s" * 40} and "identity_secret" not in account.config
    page = client.get(answer["Location"]).content.decode()
    assert f"/chat/{account.key}/widget.js" in page and "s" * 40 not in page
    assert "https://*.shop.example" in page and "fr.send = Envoyer" in page
    # the same again, as its own page sends it, changes nothing
    kept = dict(account.config)
    again = client.post(
        answer["Location"],
        {**{k: v for k, v in kept.items() if v not in (None, False)},
         "allowed_origins": "\n".join(kept["allowed_origins"]), "questions": "Order number*",
         "texts": "send = Go\nfr.send = Envoyer"},
    )  # fmt: skip
    assert again.status_code == 302
    account = ChannelAccount.objects.get(inbox=chat)
    assert account.config == kept and account.secrets == {"identity_secret": "s" * 40}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("allowed_origins", ""), ("allowed_origins", "shop.example"), ("allowed_origins", "https://shop.example/path"),
        ("allowed_origins", "*"), ("allowed_origins", "https://*"), ("allowed_origins", "https://*.com"),
        ("colour", "red"), ("colour", "#12345"), ("texts", "no such text = Hi"), ("texts", "send"),
        ("questions", "a\nb\nc\nd\ne\nf"), ("identity_secret", "short"),
    ],
)  # fmt: skip
def test_what_makes_no_sense_is_said_at_its_field(field: str, value: str) -> None:
    form = ChatForm({"allowed_origins": "https://shop.example", field: value})
    assert not form.is_valid() and field in form.errors


def test_the_page_to_try_it_is_there_in_development_only(settings, chat: ChannelAccount) -> None:  # type: ignore[no-untyped-def]
    settings.MAIL_CATCHER = True
    assert chat.key in Client().get("/chat/demo/").content.decode()
    settings.MAIL_CATCHER = False
    assert Client().get("/chat/demo/").status_code == 404
