"""Surveys where customers wrote: a short message in their talk, within one budget for each person over all channels."""

import uuid
from collections.abc import Callable
from datetime import timedelta

import pytest

from feedback.models import AskedBy, Invitation, InvitationState, Reason, Survey
from feedback.operations import inviting, mailing
from helpdesk import clock
from helpdesk.models import Agent, Event, Team
from tickets.channels.protocol import Person, Said
from tickets.models import (
    ChannelAccount,
    ContactPoint,
    Conversation,
    Customer,
    Inbox,
    OutgoingMail,
    Ticket,
    Unrequested,
)
from tickets.operations import budget, status, talking

pytestmark = pytest.mark.django_db
SURVEY, NOTICE = OutgoingMail.Purpose.SURVEY, OutgoingMail.Purpose.NOTICE


@pytest.fixture
def bot(team: Team) -> Inbox:
    made = Inbox.objects.create(name="Bot", channel="telegram")
    made.teams.add(team)
    ChannelAccount.objects.create(inbox=made, kind="telegram", address="bot")
    return made


def wrote(inbox: Inbox, *, thread: str = "77", is_public: bool = False) -> Ticket:
    said, _new = talking.hear(inbox, Said(f"m {thread}", thread, Person(thread, "Dora"), "Hello?", is_public=is_public))
    assert said is not None
    return said.ticket


def ask(ticket: Ticket, ana: Agent) -> Invitation:
    status.resolve(ticket, actor=ana)
    made = inviting.invite(Event.objects.filter(verb="ticket.resolved").latest("id"))
    assert made is not None
    mailing.send_due()
    made.refresh_from_db()
    return made


def test_who_wrote_on_a_network_is_asked_there_with_one_link(bot: Inbox, ana: Agent, survey: Survey) -> None:
    made = ask(wrote(bot), ana)
    assert (made.state, made.channel, made.recipient) == (InvitationState.QUEUED, "telegram", "77")
    mail = OutgoingMail.objects.get(purpose=SURVEY)
    assert mail.conversation == Conversation.objects.get() and mail.text.count(made.get_absolute_url()) == 2
    assert mail.text.count("https://") + mail.text.count("http://") == 2  # to the question, and out of it
    mailing.send_due()
    assert OutgoingMail.objects.filter(purpose=SURVEY).count() == 1


def test_a_survey_by_mail_asks_nobody_without_an_address(bot: Inbox, ana: Agent, survey: Survey) -> None:
    Survey.objects.update(asks_by=AskedBy.MAIL)
    made = ask(wrote(bot), ana)
    assert (made.state, made.reason) == (InvitationState.SUPPRESSED, Reason.NO_ADDRESS)


def test_nobody_is_asked_in_public(bot: Inbox, ana: Agent, survey: Survey) -> None:
    made = ask(wrote(bot, is_public=True), ana)
    assert made.reason == Reason.NO_ADDRESS and not OutgoingMail.objects.filter(purpose=SURVEY).exists()


@pytest.mark.parametrize("has_mail", [False, True])
def test_a_talk_that_is_closed_meanwhile_is_left_for_the_mail(
    bot: Inbox, ana: Agent, survey: Survey, *, has_mail: bool
) -> None:
    Survey.objects.update(delay_minutes=60)
    ticket = wrote(bot)
    made = ask(ticket, ana)
    if has_mail:
        ContactPoint.objects.create(customer=ticket.customer, channel="email", address="dora@customer.example")
    ChannelAccount.objects.update(dead_since=clock.now())
    Invitation.objects.update(due_at=clock.now() - timedelta(minutes=1))
    mailing.send_due()
    made.refresh_from_db()
    if has_mail:
        assert (made.state, made.channel, made.recipient) == (InvitationState.QUEUED, "email", "dora@customer.example")
    else:
        assert (made.state, made.reason) == (InvitationState.CANCELLED, Reason.CLOSED)


def test_how_it_was_taken_there_is_heard(bot: Inbox, ana: Agent, survey: Survey, settle: Callable[[], None]) -> None:
    from tickets.operations import posting, sending

    made = ask(wrote(bot), ana)
    (delivery,) = posting.claim(1, inbox=bot.pk, lease=uuid.uuid4())
    sending.begin_transmission(delivery)
    sending.sent(delivery, "")
    settle()
    made.refresh_from_db()
    assert made.state == InvitationState.SENT and made.sent_at


# ---------------------------------------------------------------------- T10: one budget over all channels


def person(*channels: str, verified: bool = True) -> Customer:
    dora = Customer.objects.create(name="Dora")
    for channel in channels:
        address = "dora@customer.example" if channel == "email" else f"dora on {channel}"
        ContactPoint.objects.create(customer=dora, channel=channel, address=address, is_verified=verified)
    return dora


def test_t10_what_one_channel_took_is_gone_on_the_others() -> None:
    person("email", "telegram", "sms")
    assert budget.draw("dora on telegram", SURVEY, channel="telegram") == ""
    assert budget.draw("dora@customer.example", SURVEY) == "spent"
    assert budget.draw("dora on sms", SURVEY, channel="sms") == "spent"
    assert budget.draw("dora on sms", NOTICE, channel="sms") == ""


def test_t10_somebody_else_on_the_same_channel_has_a_budget_of_their_own() -> None:
    person("telegram")
    assert budget.draw("dora on telegram", SURVEY, channel="telegram") == ""
    assert budget.draw("ben on telegram", SURVEY, channel="telegram") == ""
    assert budget.draw("ben on telegram", NOTICE, channel="telegram") == "spent"  # nobody vouched for them


def test_t10_an_address_on_a_network_is_no_mail_address() -> None:
    assert budget.draw("dora@customer.example", SURVEY, channel="matrix") == ""
    assert budget.draw("dora@customer.example", SURVEY) == ""
    assert budget.draw("", SURVEY, channel="matrix") == "no_address"
    assert set(Unrequested.objects.values_list("key", flat=True)) == {
        "matrix dora@customer.example", "dora@customer.example",
    }  # fmt: skip


def test_t10_after_a_merge_there_is_one_budget() -> None:
    one, other = person("email"), person("telegram")
    assert budget.draw("dora@customer.example", SURVEY) == ""
    ContactPoint.objects.filter(customer=other).update(customer=one)
    assert budget.draw("dora on telegram", SURVEY, channel="telegram") == "spent"
