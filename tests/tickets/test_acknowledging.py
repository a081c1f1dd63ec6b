"""Acknowledgements: whoever opened a ticket is told once that it arrived, and no stranger reads another's words."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage

import pytest
import time_machine
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import translation
from django.utils.formats import date_format

from feedback.models import Survey
from helpdesk import clock
from helpdesk.models import Event
from reports.models import TicketFacts
from tests import timetable
from tests.conftest import mail
from tests.smtp_sink import Sink, smtp_sink
from tickets.models import AcknowledgementText, Delivery, Inbox, Message, OutgoingMail
from tickets.operations import acknowledging, intake, loops, opening, replying, status
from tickets.tasks import receive_mail

#: a Monday in office hours, in Berlin
MONDAY = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
VOUCHED = "mx.demo.localhost; dmarc=pass header.from=customer.example"


@pytest.fixture
def sink(settings):
    with smtp_sink(settings) as sink:
        yield sink


@pytest.fixture
def at_nine():
    with time_machine.travel(MONDAY, tick=False) as traveller:
        yield traveller


@pytest.fixture
def inbox(inbox: Inbox, settings) -> Inbox:
    """It acknowledges; our mail server's word on senders is believed."""
    settings.TRUSTED_AUTHSERV_ID = "mx.demo.localhost"
    inbox.acknowledges = True
    inbox.save()
    return inbox


@pytest.fixture
def flow(settle) -> Callable[[], None]:
    """Everything is read, heard and sent."""
    return lambda: timetable.pass_on(settle)


@pytest.fixture
def drained(settle) -> Callable[[], None]:
    """Everything is read, heard and sent, and the clock started every sweep of its timetable twice."""
    return lambda: timetable.run_twice(settle)


def read(content: bytes) -> EmailMessage:
    message = message_from_bytes(content, policy=policy.default)
    assert isinstance(message, EmailMessage)
    return message


def text_of(message: EmailMessage, kind: str = "plain") -> str:
    body = message.get_body((kind,))
    assert body is not None
    return str(body.get_content()).replace("\r\n", "\n")


def only(sink: Sink) -> EmailMessage:
    [(_recipients, content)] = sink.accepted
    return read(content)


def reasons() -> list[str]:
    return [e.facts["reason"] for e in Event.objects.filter(verb="message.unacknowledged").order_by("id")]


# --- that it is sent ------------------------------------------------------------------------------------------------


def test_who_opens_a_ticket_is_told_once_that_it_arrived(at_nine, sink, send_mail_in, drained, verbs):
    raw = send_mail_in(mail(Message_ID="<first@customer.example>"))
    drained()
    drained()
    message, ticket = only(sink), raw.said.ticket
    assert sink.accepted[0][0] == ["dora@customer.example"]
    assert message["Subject"] == f"We received your message [#{ticket.number}]"
    assert message["Auto-Submitted"] == "auto-replied" and message["X-Auto-Response-Suppress"] == "All"
    assert message["Precedence"] is None and message["List-Unsubscribe"] is None
    assert message["In-Reply-To"] == message["References"] == "<first@customer.example>"
    assert f"#{ticket.number}" in text_of(message) and "by Monday, 14:00 (CET)" in text_of(message)
    assert '<html lang="en" dir="ltr">' in text_of(message, "html")
    assert verbs(ticket) == ["ticket.created", "message.received", "message.acknowledged", "message.sent"]


def test_the_thread_says_when_it_went_and_to_whom(at_nine, sink, send_mail_in, drained, as_agent, ana):
    raw = send_mail_in(mail())
    browser = as_agent(ana)
    for _ in range(2):
        drained()
    page = browser.get(raw.said.ticket.get_absolute_url()).content.decode()
    assert "Acknowledgement sent at 9 a.m. to dora@customer.example" in page


def test_the_thread_says_why_none_went(at_nine, send_mail_in, drained, sink, as_agent, ana):
    raw = send_mail_in(mail(Auto_Submitted="auto-replied"))
    drained()
    page = as_agent(ana).get(raw.said.ticket.get_absolute_url()).content.decode()
    assert "No acknowledgement: a machine wrote it" in page and not sink.accepted


def test_an_answer_is_not_acknowledged(at_nine, sink, send_mail_in, drained, ana, verbs):
    ticket = send_mail_in(mail(Message_ID="<1@customer.example>")).said.ticket
    drained()
    at_nine.shift(timedelta(days=2))
    send_mail_in(mail(text="And now?", Message_ID="<2@customer.example>", In_Reply_To="<1@customer.example>"))
    drained()
    assert len(sink.accepted) == 1
    assert not {"message.unacknowledged"} & set(verbs(ticket))


def test_whose_domain_vouches_for_them_gets_their_own_subject_back(at_nine, sink, send_mail_in, drained):
    references = "<a@customer.example> <b@customer.example>"
    send_mail_in(mail(Message_ID="<c@customer.example>", References=references, Authentication_Results=VOUCHED))
    drained()
    message = only(sink)
    assert message["Subject"] == "Re: My order"
    assert message["References"] == f"{references} <c@customer.example>"
    assert "just answer this mail" in text_of(message)


def test_it_is_given_up_after_a_day(at_nine, sink, send_mail_in, flow):
    sink.rcpt["dora@customer.example"] = "450 4.2.0 greylisted"
    send_mail_in(mail())
    for _ in range(14):
        flow()
        at_nine.shift(timedelta(hours=2))
    assert Delivery.objects.get().state == "failed"


# --- T09: to nobody else --------------------------------------------------------------------------------------------


def test_t09_1_of_five_on_the_ticket_only_who_wrote_it_gets_our_automatic_mail(
    at_nine, sink, send_mail_in, drained, ana
):
    Survey.objects.create(name="Satisfaction", delay_minutes=0)
    colleagues = [f"colleague{n}@customer.example" for n in range(3)]
    ticket = send_mail_in(mail(Cc=", ".join(colleagues), Reply_To="other@elsewhere.example")).said.ticket
    for address in colleagues:
        ticket.participants.update_or_create(address=address, defaults={"is_confirmed": True})
    drained()
    assert [recipients for recipients, _ in sink.accepted] == [["dora@customer.example"]]
    assert only(sink)["Cc"] is None
    sink.accepted.clear()
    replying.reply(ticket, text="It ships today.", actor=ana)
    drained()
    assert sorted(recipient for recipients, _ in sink.accepted for recipient in recipients) == sorted(
        ["dora@customer.example", *colleagues]
    )
    sink.accepted.clear()
    at_nine.shift(timedelta(days=1, minutes=1))
    status.resolve(ticket, actor=ana)
    drained()
    assert [recipients for recipients, _ in sink.accepted] == [["dora@customer.example"]]
    assert only(sink)["Auto-Submitted"] == "auto-generated"


# --- T10: nobody's words to a stranger ------------------------------------------------------------------------------

SPAM = {
    "subject": "You won 1000 USD at evil-casino.example",
    "name": "Claim Your Prize",
    "text": "Click https://evil-casino.example/win now, before midnight",
}


def test_t10_1_strangers_get_nothing_of_what_was_submitted_by_mail(at_nine, sink, inbox, drained, settings):
    settings.MAIL_FLOOD_PER_HOUR = 0
    for number in range(50):
        content = mail(
            f"{SPAM['name']} <victim{number}@somewhere.example>", SPAM["subject"], SPAM["text"],
            Message_ID=f"<Claim-Your-Prize/evil-casino?{number}@evil-casino.example>",
            References="<evil-casino@evil-casino.example>", Reply_To="win@evil-casino.example",
        )  # fmt: skip
        intake.store(inbox=inbox, content=content, source="test")
    drained()
    assert len(sink.accepted) == 50
    numbers = set(map(str, Message.objects.values_list("ticket_id", flat=True)))
    for recipients, content in sink.accepted:
        message = read(content)
        whole = str(message) + text_of(message) + text_of(message, "html")
        assert not [word for word in ("casino", "Claim", "Prize", "midnight", "http") if word in whole]
        assert not re.search(r"\b(won|USD)\b", whole)  # letters in a row are in random names, too
        assert not list(message.iter_attachments()) and len(recipients) == 1
        assert message["Subject"].removeprefix("We received your message [#").removesuffix("]") in numbers


def test_t10_1_what_anybody_could_have_typed_into_a_form_is_not_answered_at_all(
    at_nine, sink, inbox, drained, settings
):
    for number in range(500):
        opening.open_ticket(
            inbox=inbox, address=f"victim{number}@somewhere{number}.example", actor=None, channel="form", **SPAM
        )
    drained()
    assert not sink.accepted and not OutgoingMail.objects.exists()
    assert reasons() == ["anonymous"] * 500


def test_a_form_is_acknowledged_to_an_address_that_was_proved_and_still_quotes_nothing(
    at_nine, sink, inbox, drained, dora
):
    dora.contact_points.update(is_verified=True)
    opening.open_ticket(inbox=inbox, address="dora@customer.example", actor=None, channel="form", **SPAM)
    drained()
    assert only(sink)["Subject"].startswith("We received your message [#")
    assert "casino" not in sink.accepted[0][1].decode()


def test_t10_2_two_hundred_tickets_for_one_victim_make_one_mail_and_an_alarm(at_nine, sink, inbox, flow, drained):
    for number in range(200):
        content = mail("victim@somewhere.example", f"Subject {number}", SPAM["text"], Message_ID=f"<{number}@x.y>")
        intake.store(inbox=inbox, content=content, source="test")
        if number % 20 == 0:
            flow()
    drained()
    assert len(sink.accepted) == 1
    assert reasons().count("spent") + reasons().count("flood") == 199
    assert [e.facts for e in Event.objects.filter(verb="inbox.flooded")] == [
        {"domain": "somewhere.example", "tickets": 61}
    ]


# --- when not -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "headers, reason",
    [
        ({"Auto_Submitted": "auto-replied"}, "automated"),
        ({"Auto_Submitted": "auto-generated"}, "automated"),
        ({"Auto_Submitted": "auto-notified; owner-email=x@y.example"}, "automated"),
        ({"X_Autoreply": "yes"}, "automated"),
        ({"Precedence": "auto_reply"}, "automated"),
        ({"Return_Path": "<>"}, "automated"),
        ({"Precedence": "bulk"}, "list"),
        ({"Precedence": "junk"}, "list"),
        ({"List_Id": "<news.example>"}, "list"),
        ({"List_Unsubscribe": "<https://news.example/out>"}, "list"),
        ({"sender": "MAILER-DAEMON@mx.example"}, "robot"),
        ({"sender": "no-reply@shop.example"}, "robot"),
        ({"sender": "support@demo.localhost"}, "ours"),
        ({"sender": "Ana <ana@demo.localhost>"}, "ours"),
    ],
)
def test_machines_and_ourselves_are_not_answered(at_nine, sink, ana, send_mail_in, drained, headers, reason):
    raw = send_mail_in(mail(**headers))
    assert raw.said is not None, "it is kept and shown"
    drained()
    assert not sink.accepted and reasons() == [reason]


@pytest.mark.parametrize("value", ["no", "NO (a person wrote this)", "No; x=y"])
def test_t11_7_who_says_that_no_machine_wrote_it_is_a_person(at_nine, sink, send_mail_in, drained, value):
    content = mail().replace(b"Subject:", f"auto-submitted: {value}\nSubject:".encode())
    raw = send_mail_in(content)
    drained()
    assert not raw.said.is_automated and len(sink.accepted) == 1


def test_x_auto_response_suppress_is_a_wish_of_programs_people_use(at_nine, sink, send_mail_in, drained):
    send_mail_in(mail(X_Auto_Response_Suppress="All"))
    drained()
    assert len(sink.accepted) == 1


def test_a_null_envelope_sender_is_a_machine(at_nine, sink, inbox, drained):
    intake.store(inbox=inbox, content=mail(), source="smtp", envelope_from="")
    drained()
    assert not sink.accepted and reasons() == ["automated"]


def test_a_quiet_inbox_and_one_that_acknowledges_nothing_keep_silent_about_it(at_nine, sink, inbox, drained, verbs):
    for change in ({"is_quiet": True}, {"is_quiet": False, "acknowledges": False}):
        Inbox.objects.filter(pk=inbox.pk).update(**change)
        intake.store(inbox=Inbox.objects.get(), content=mail(text=str(change)), source="test")
        drained()
    assert Message.objects.count() == 2
    assert not sink.accepted and not Event.objects.filter(verb__contains="acknowledged").exists()


def test_history_is_never_answered(at_nine, sink, inbox, drained):
    intake.store(inbox=inbox, content=mail(), source="imap", is_history=True)
    drained()
    assert Message.objects.exists() and not sink.accepted and not reasons()


def test_after_an_outage_yesterdays_mail_makes_no_storm(at_nine, sink, inbox, drained):
    for hours in (25, 23):
        intake.store(
            inbox=inbox,
            content=mail(f"p{hours}@x.example"),
            source="imap",
            arrived_at=clock.now() - timedelta(hours=hours),
        )
    drained()
    assert [recipients for recipients, _ in sink.accepted] == [["p23@x.example"]] and reasons() == ["old"]


def test_what_waited_a_day_to_be_heard_is_not_answered_any_more(at_nine, sink, send_mail_in, drained):
    send_mail_in(mail())
    at_nine.shift(timedelta(hours=24, seconds=1))
    drained()
    assert not sink.accepted and reasons() == ["old"]


def test_a_mail_whose_domain_disowns_it_is_not_answered_even_when_let_in(at_nine, sink, send_mail_in, drained):
    raw = send_mail_in(mail(Authentication_Results="mx.demo.localhost; dmarc=fail header.from=customer.example"))
    assert raw.state == "quarantined"
    intake.replay(raw, force=True)
    drained()
    assert Message.objects.exists() and not sink.accepted and reasons() == ["unauthenticated"]


def test_a_ticket_an_agent_opened_is_not_acknowledged(at_nine, sink, inbox, drained, ana):
    opening.open_ticket(inbox=inbox, address="dora@customer.example", subject="Call", text="Hi", actor=ana)
    drained()
    assert not sink.accepted and reasons() == ["agent"]


def test_hearing_of_a_message_twice_acknowledges_it_once(at_nine, sink, send_mail_in, drained):
    message = send_mail_in(mail()).said
    first = acknowledging.acknowledge(message)
    assert first is not None and acknowledging.acknowledge(message) is None
    assert acknowledging.acknowledge_all([message.pk]) == 0
    drained()
    assert len(sink.accepted) == 1 and Event.objects.filter(verb="message.acknowledged").count() == 1


def test_of_an_enormous_mail_only_the_headers_are_looked_at(at_nine, send_mail_in):
    raw = send_mail_in(mail(text="x " * 2_000_000, List_Id="<l.example>"))
    with CaptureQueriesContext(connection) as asked:
        assert loops.machine(raw) == "list"
    assert len(asked) == 1 and "substring" in asked[0]["sql"].lower()


# --- what it says ---------------------------------------------------------------------------------------------------

GERMAN = "Hallo, wo bleibt meine Bestellung? Ich warte seit einer Woche."


def test_it_speaks_the_language_of_the_mail_and_before_that_of_the_customer(
    at_nine, sink, inbox, send_mail_in, drained
):
    AcknowledgementText.objects.create(inbox=inbox, language="de", text="Danke! Nr. {{ticket.number}}, {{ expected }}.")
    AcknowledgementText.objects.create(
        inbox=inbox, language="fr", text="Merci ({{ inbox.name }}). Au plus tard : {{expected}}."
    )
    send_mail_in(mail("a@a.example", text=GERMAN))
    send_mail_in(mail("b@b.example", text="Bonjour, je n'ai pas reçu mon colis. Merci"))
    send_mail_in(mail("c@c.example", text="Hola, ¿dónde está mi pedido? Gracias"))
    raw = intake.store(inbox=inbox, content=mail("d@d.example", text=GERMAN), source="test")
    receive_mail()
    assert raw is not None
    raw.refresh_from_db()
    raw.said.ticket.customer.language = "fr-CA"
    raw.said.ticket.customer.save()
    drained()
    texts = {recipients[0][0]: text_of(read(content)) for recipients, content in sink.accepted}
    subjects = {recipients[0][0]: read(content)["Subject"] for recipients, content in sink.accepted}
    with translation.override("de"):
        assert f"Nr. {_number('a@a.example')}, " in texts["a"] and date_format(MONDAY, "l") in texts["a"]
    assert texts["b"].startswith("Merci (Support). Au plus tard : lundi, 14:00 (CET).")
    assert texts["d"].startswith("Merci")
    assert texts["c"].startswith("Thank you"), "we have no Spanish, so the house's language"
    assert subjects["b"] == f"Support [#{_number('b@b.example')}]", "no English words above French ones"


def _number(address: str) -> int:
    return Message.objects.get(sender__address=address).ticket_id


def test_outside_business_hours_it_says_so_and_promises_the_next_day(sink, inbox, send_mail_in, drained):
    AcknowledgementText.objects.create(
        inbox=inbox, language="de", text="Wir sind da.", text_out_of_hours="Wir sind weg. Antwort {{expected}}."
    )
    with time_machine.travel("2026-03-06T20:00:00Z", tick=False):  # a Friday evening
        send_mail_in(mail("a@a.example"))
        send_mail_in(mail("b@b.example", text=GERMAN))
        drained()
    english, german = (text_of(read(content)) for _recipients, content in sink.accepted)
    assert "are back on Monday, 09:00 (CET)" in english and "We will answer by Monday, 13:00 (CET)." in english
    assert german.startswith("Wir sind weg. Antwort ") and "13:00" in german


def test_without_business_hours_it_promises_a_length_of_time(at_nine, sink, inbox, send_mail_in, drained):
    Inbox.objects.filter(pk=inbox.pk).update(calendar=None, response_target_minutes=240)
    inbox.refresh_from_db()
    send_mail_in(mail())
    drained()
    assert "We will answer within 4 hours." in text_of(only(sink))


def test_what_the_clock_no_longer_allows_is_not_promised(at_nine, sink, send_mail_in, drained):
    send_mail_in(mail())
    at_nine.shift(timedelta(hours=20))
    drained()
    assert "We will answer as soon as we can." in text_of(only(sink))


def test_braces_in_a_name_are_no_field(at_nine, sink, inbox, send_mail_in, drained):
    Inbox.objects.filter(pk=inbox.pk).update(name="{{expected}} & <b>Sons</b>")
    inbox.refresh_from_db()
    AcknowledgementText.objects.create(inbox=inbox, language="en", text="{{inbox.name}} {{ticket.subject}}")
    send_mail_in(mail())
    drained()
    message = only(sink)
    assert text_of(message).startswith("{{expected}} & <b>Sons</b> {{ticket.subject}}")
    assert "&lt;b&gt;Sons" in text_of(message, "html")


def test_reports_know_nothing_of_acknowledgements(at_nine, inbox, settle):
    intake.store(inbox=inbox, content=mail("a@a.example"), source="test")
    intake.store(inbox=inbox, content=mail("b@b.example", List_Id="<l.example>"), source="test")
    receive_mail()
    at_nine.shift(60)
    settle()
    assert Event.objects.filter(verb__in=["message.acknowledged", "message.unacknowledged"]).count() == 2
    as_heard = list(TicketFacts.objects.order_by("pk").values())
    assert {row["last_event_at"] for row in as_heard} == {MONDAY}
    call_command("rebuild_facts")
    assert list(TicketFacts.objects.order_by("pk").values()) == as_heard
    assert not any(row["replies"] or row["automated_replies"] for row in as_heard)
