"""Which inbox an address stands for."""

import pytest

from helpdesk import clock
from tickets import minting
from tickets.channels.email.recipients import find
from tickets.models import Delivery, OutgoingMail
from tickets.operations import replying, sending

REPLIES = "r.demo.localhost"


def name_of(address: str) -> str:
    inbox = find([address]).get(address)
    return inbox.name if inbox else ""


@pytest.fixture
def reply_domain(settings):
    settings.MAIL_REPLY_DOMAIN = REPLIES


@pytest.mark.parametrize(
    "address, name",
    [
        ("support@demo.localhost", "Support"), ("SUPPORT@Demo.LOCALHOST", "Support"),
        ("support+anything+more@demo.localhost", "Support"), ("+@demo.localhost", ""),
        ("support@elsewhere.example", ""), ("support", ""), ("", ""), ("@", ""),
    ],
)  # fmt: skip
def test_an_inbox_has_its_address_and_what_stands_behind_a_plus(inbox, address, name):
    assert name_of(address) == name


def test_an_inbox_may_do_without_plus_addresses(inbox):
    inbox.plus_addresses = False
    inbox.save()
    assert name_of("support@demo.localhost") == "Support" and name_of("support+x@demo.localhost") == ""


def test_an_inbox_with_a_plus_of_its_own_comes_first(inbox, billing):
    billing.address = "support+billing@demo.localhost"
    billing.save()
    assert name_of("support+billing@demo.localhost") == "Billing"


def test_a_closed_inbox_has_no_address(inbox):
    inbox.is_active = False
    inbox.save()
    assert name_of("support@demo.localhost") == ""


def test_a_reply_address_leads_to_the_inbox_of_the_ticket(ticket, ana, billing, reply_domain):
    message = replying.reply(ticket, text="It ships today.", actor=ana, once="1")
    token = message.message_id.partition("@")[0]
    address = f"r-{token}@{REPLIES}"
    assert name_of(address) == name_of(address.upper()) == "Support"
    ticket.inbox = billing
    ticket.save()
    assert name_of(address) == "Billing", "the ticket moved"


def test_a_reply_address_is_known_by_the_message_alone(ticket, ana, reply_domain):
    message = replying.reply(ticket, text="It ships today.", actor=ana, once="1")
    OutgoingMail.objects.all().delete()
    assert name_of(f"r-{message.message_id.partition('@')[0]}@{REPLIES}") == "Support"


def test_a_bounce_address_leads_to_the_inbox_that_sent(inbox, reply_domain):
    mail = sending.enqueue(
        inbox=inbox, ticket=None, to="dora@customer.example", subject="x", text="x", purpose=OutgoingMail.Purpose.SURVEY
    )
    token = minting.token()
    Delivery.objects.filter(mail=mail).update(token=token, settled_at=clock.now())
    assert name_of(f"b-{token}@{REPLIES}") == "Support"


@pytest.mark.parametrize("letter", ["r", "b", "p"])
def test_a_token_of_ours_that_nobody_knows_is_nobody(inbox, reply_domain, letter):
    assert name_of(f"{letter}-{minting.token()}@{REPLIES}") == ""


def test_a_made_up_token_asks_the_database_nothing_more(inbox, reply_domain, django_assert_num_queries):
    with django_assert_num_queries(1):
        assert name_of(f"r-{'a' * 26}.{'b' * 16}@{REPLIES}") == ""


def test_without_a_reply_domain_its_addresses_are_nobody(ticket, ana, settings):
    message = replying.reply(ticket, text="It ships today.", actor=ana, once="1")
    settings.MAIL_REPLY_DOMAIN = ""
    assert name_of(f"r-{message.message_id.partition('@')[0]}@{REPLIES}") == ""


def test_a_signed_address_behind_a_plus_is_the_inbox_s_whatever_became_of_its_ticket(inbox):
    address = minting.signed_address(inbox, "reply", minting.token())
    assert address.startswith("support+r-") and name_of(address) == "Support"
