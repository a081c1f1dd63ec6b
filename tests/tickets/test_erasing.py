"""Forgetting a customer: nothing of who they are or of what was said is anywhere, and every figure is as it was."""

import io
import json
import zipfile
from collections.abc import Callable
from datetime import datetime, timedelta
from email.message import EmailMessage
from typing import Any

import pytest
import time_machine
from django.apps import apps
from django.core.files.storage import default_storage
from django.db import connection, transaction
from django.db.utils import DatabaseError
from django.test import Client, TestCase

from feedback import nonces
from feedback.models import Invitation, Response, Survey
from feedback.operations import answering, inviting, mailing
from helpdesk import clock
from helpdesk.events import record
from helpdesk.models import Agent, Event, File
from reports import reading
from reports.counting import figures
from reports.ledger import rebuilding
from reports.models import SurveyFacts, TicketFacts
from tests.conftest import mail
from tests.tickets.test_notifications import want
from tickets import exporting, tasks
from tickets.models import (
    Attachment,
    ContactPoint,
    Customer,
    CustomerNote,
    CustomField,
    Draft,
    Inbox,
    Message,
    OutgoingMail,
    Participant,
    RawMessage,
    SearchWord,
    Ticket,
)  # fmt: skip
from tickets.operations import (
    answering_fields,
    assignment,
    bulk,
    customer_notes,
    customers,
    drafting,
    enclosing,
    erasing,
    forwarding,
    indexing,
    intake,
    merging,
    merging_customers,
    naming,
    notice_mails,
    opening,
    participants,
    replying,
    sending,
    status,
    undo,
)  # fmt: skip
from tickets.operations.recipients import Chosen
from tickets.operations.replying import Upload
from tickets.operations.status import NotPossible

#: what is looked for afterwards, in every text there is
SECRETS = ("dora@customer.example", "dora@home.example", "Diaz", "Canaryword", "canaryword")


def with_file() -> bytes:
    message = EmailMessage()
    message["From"], message["To"] = "Dora Diaz <dora@customer.example>", "support@demo.localhost"
    message["Subject"], message["Message-ID"] = "Canaryword", "<canaryword@customer.example>"
    message.set_content("My order is Canaryword.\n\n-- \nDora Diaz\ndora@home.example")
    message.add_attachment(b"canaryfile", maintype="text", subtype="plain", filename="Canaryword.txt")
    return message.as_bytes()


@pytest.fixture
def story(
    inbox: Inbox, billing: Inbox, ana: Agent, ben: Agent, send_mail_in: Callable[..., RawMessage], settle: Any,
    dora: Customer,
) -> Ticket:  # fmt: skip
    """Dora's life with us: mail with a file, answers, notes, drafts, forwards, bounces, surveys, another self."""
    Survey.objects.create(name="Satisfaction", delay_minutes=0)
    CustomField.objects.create(about="customer", key="plan", name="Plan")
    raw = send_mail_in(with_file())
    assert raw.said is not None, raw.reason
    ticket = raw.said.ticket
    send_mail_in(with_file())  # the same again
    customers.change(dora, actor=ana, answers={"plan": "Canaryword"})
    note = customer_notes.add(dora, text="Canaryword", actor=ana)
    customer_notes.delete(note, actor=ana)
    customer_notes.add(dora, text="Canaryword again", actor=ana)
    dee = customers.create(name="Dee Diaz", address="dora@home.example", actor=ana)
    send_mail_in(mail(sender="Dee Diaz <dora@home.example>", subject="Canaryword too", text="Canaryword"))
    merging_customers.merge(dee, dora, actor=ana, reason="Canaryword")
    replying.reply(ticket, text="About your Canaryword.", actor=ana)
    replying.add_note(ticket, text="Canaryword note", actor=ana, files=[Upload("n.txt", "text/plain", b"canaryfile 2")])
    drafting.save(ticket, actor=ana, kind="reply", content=drafting.Content("Canaryword draft"))
    enclosing.attach(ticket, actor=ana, kind="reply", uploads=[Upload("d.txt", "text/plain", b"canaryfile 3")])
    opened = ticket.messages.earliest("pk")
    forwarding.forward(ticket, message=opened, text="Canaryword?", to=Chosen(("frida@maker.example",)), actor=ana)
    # she takes part elsewhere, and is named there
    other = opening.open_ticket(
        inbox=billing, address="emil@other.example", name="Emil", subject="Mine", text="Ask dora@customer.example.",
        actor=ben, once="emil",
    )  # fmt: skip
    participants.add(other, address="dora@customer.example", actor=ben)
    participants.remove(other, address="dora@customer.example", actor=ben)
    participants.add(other, address="dora@customer.example", actor=ben)
    replying.reply(other, text="Hello both", to=Chosen(("emil@other.example",), ("dora@customer.example",)), actor=ben)
    # a mail that waits, and one that came back
    intake.store(inbox=inbox, content=mail(subject="Canaryword waits"), source="test")
    [*claimed] = sending.claim(20)
    for delivery in claimed:
        if delivery.recipient == "dora@customer.example" and delivery.mail.ticket_id == ticket.pk:
            sending.refused(delivery, "550 no dora@customer.example here", for_good=True)
        else:
            sending.sent(delivery, "250 OK")
    status.resolve(ticket, actor=ana)
    settle()
    ContactPoint.objects.update(is_bouncing=False)
    if not Invitation.objects.filter(ticket=ticket).exclude(state="suppressed").exists():
        Invitation.objects.all().delete()
        inviting.invite(Event.objects.filter(verb="ticket.resolved").latest("id"))
    mailing.send_due()
    for invitation in Invitation.objects.exclude(state="suppressed"):
        sent_at, until = clock.now() - timedelta(hours=1), clock.now() + timedelta(days=9)
        Invitation.objects.filter(pk=invitation.pk).update(state="sent", sent_at=sent_at, expires_at=until)
        invitation.refresh_from_db()
        answering.respond(invitation, nonce=nonces.make(invitation), score=2, comment="Canaryword")
    settle()
    indexing.write(Ticket.objects.values_list("pk", flat=True))
    return ticket


def texts() -> dict[str, str]:
    """Every row of every table as text, by the table's name: bytes as what they spell."""
    found = {}
    with connection.cursor() as cursor:
        cursor.execute("SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'")
        for (table,) in cursor.fetchall():
            cursor.execute(
                "SELECT column_name FROM information_schema.columns WHERE table_name = %s AND data_type = 'bytea'",
                [table],
            )
            blobs = "".join(f" || encode(coalesce(\"{c}\", ''), 'escape')" for (c,) in cursor.fetchall())
            cursor.execute(f"SELECT coalesce(string_agg(one::text{blobs}, chr(10)), '') FROM \"{table}\" one")
            found[table] = cursor.fetchone()[0]
    return found


def where(secret: str) -> list[str]:
    return sorted(table for table, words in texts().items() if secret in words)


def report(now: datetime) -> Any:
    """What the report says at a moment."""
    day = now.date()
    chosen = reading.Filter(day - timedelta(days=30), day, "UTC", tuple(Inbox.objects.values_list("pk", flat=True)))
    with time_machine.travel(now, tick=False):
        return repr(figures.service(chosen))


def test_nothing_is_left_anywhere(
    story: Ticket, admin: Agent, settle: Any, django_capture_on_commit_callbacks: Any
) -> None:
    assert all(where(secret) for secret in SECRETS), "the story left them nowhere"
    stored = list(File.objects.values_list("sha256", flat=True))
    assert stored
    with django_capture_on_commit_callbacks(execute=True):
        erasing.erase(story.customer, actor=admin)
    settle()
    assert {secret: where(secret) for secret in SECRETS} == {secret: [] for secret in SECRETS}
    assert not File.objects.exists()
    assert not any(default_storage.exists(File.name_of(sha256)) for sha256 in stored)
    assert not SearchWord.objects.filter(word__startswith="canary").exists()
    assert not Draft.objects.exists() and not CustomerNote.objects.exists() and not Attachment.objects.exists()
    story.refresh_from_db()
    assert str(story.customer) == "Erased customer"
    assert {customer.display_name for customer in Customer.objects.filter(erased_at__isnull=False)} == {
        "Erased customer"
    }


def test_what_is_others_stays(story: Ticket, admin: Agent) -> None:
    erasing.erase(story.customer, actor=admin)
    other = Ticket.objects.get(subject="Mine")
    assert other.customer.name == "Emil"
    assert "Ask [erased]." in other.messages.earliest("pk").text
    assert other.messages.filter(text="Hello both").exists()
    assert OutgoingMail.objects.filter(ticket=other, to=["emil@other.example"]).exists()


def test_mail_of_others_that_waits_to_be_read_is_not_lost(
    story: Ticket, admin: Agent, inbox: Inbox, settle: Any
) -> None:
    content = mail(
        sender="Emil <emil@other.example>", subject="Please help", Cc="dora@customer.example",
        Message_ID="<waits@other.example>", text="Nobody has read this.",
    )  # fmt: skip
    intake.store(inbox=inbox, content=content, source="test")
    erasing.erase(story.customer, actor=admin)
    tasks.receive_mail()
    assert Message.objects.filter(text="Nobody has read this.").exists()
    assert not Message.objects.filter(subject="Canaryword waits").exists()


def test_every_figure_is_as_it_was(story: Ticket, admin: Agent, settle: Any) -> None:
    now = clock.now()

    def state() -> Any:
        facts_now = [list(model.objects.order_by("pk").values()) for model in (TicketFacts, SurveyFacts)]
        return report(now), facts_now

    before, events = state(), Event.objects.count()
    scores = list(Response.objects.values_list("score", flat=True))
    assert before[1][0] and scores == [2]
    erasing.erase(story.customer, actor=admin)
    settle()
    assert state() == before
    list(rebuilding.rebuild_alone())
    assert state() == before, "folded anew from the ledger it is the same"
    assert list(Response.objects.values_list("score", flat=True)) == scores
    assert Event.objects.count() == events + 1
    erased = Event.objects.get(verb="customer.erased")
    assert set(erased.facts) == {"tickets", "messages", "files", "customers"}


def test_erasing_twice_is_erasing_once_and_for_admins_only(story: Ticket, ana: Agent, admin: Agent) -> None:
    with pytest.raises(NotPossible):
        erasing.erase(story.customer, actor=ana)
    erasing.erase(story.customer, actor=admin)
    erasing.erase(story.customer, actor=admin)
    assert Event.objects.filter(verb="customer.erased").count() == 1
    customer = Customer.objects.get(pk=story.customer_id)
    for change in (
        lambda: customers.change(customer, actor=admin, name="Dora"),
        lambda: customers.add_address(customer, address="dora@customer.example", actor=admin),
        lambda: customer_notes.add(customer, text="It was Dora", actor=admin),
        lambda: merging_customers.unmerge(customer.merged_here.get(), actor=admin),
    ):
        with pytest.raises(NotPossible):
            change()


def test_a_later_mail_from_there_is_somebody_new(
    story: Ticket, admin: Agent, send_mail_in: Callable[..., RawMessage]
) -> None:
    erasing.erase(story.customer, actor=admin)
    raw = send_mail_in(mail(subject="Hello again", Message_ID="<new@customer.example>"))
    assert raw.said is not None and raw.said.ticket.customer != story.customer


def test_the_ledger_still_refuses_any_other_change(story: Ticket) -> None:
    for change in (
        "UPDATE helpdesk_event SET facts = '{}'", "DELETE FROM helpdesk_event",
        "SELECT set_config('helpdesk.redacting', 'yes', true); UPDATE helpdesk_event SET verb = 'x'",
        "SELECT set_config('helpdesk.redacting', 'yes', true); DELETE FROM helpdesk_event",
    ):  # fmt: skip
        with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(change)


def test_a_longer_address_around_theirs_is_another(
    db: None, dora: Customer, ticket: Ticket, admin: Agent, ana: Agent
) -> None:
    words = "not-dora@customer.example, dora@customer.example.org and DORA@customer.example."
    opening.open_ticket(
        inbox=ticket.inbox, address="emil@other.example", subject="S", text=words, actor=ana, once="1"
    )  # fmt: skip
    erasing.erase(dora, actor=admin)
    said = Message.objects.get(ticket__subject="S").text
    assert said == "not-dora@customer.example, dora@customer.example.org and [erased]."


def test_a_copy_holds_everything_of_theirs_and_nothing_of_others(story: Ticket, admin: Agent) -> None:
    customer = Customer.objects.get(pk=story.customer_id)
    with exporting.archive(customer, erasing.subject_of(customer)) as made, zipfile.ZipFile(made) as packed:
        data = json.loads(packed.read("data.json"))
        page = packed.read("index.html").decode()
        names = packed.namelist()
        assert any(packed.read(name) == b"canaryfile" for name in names)
        mails = [name for name in names if name.endswith("mail.eml")]
        assert mails and b"Canaryword" in packed.read(mails[0])
    assert {point["address"] for point in data["customer"]["addresses"]} == {
        "dora@customer.example",
        "dora@home.example",
    }
    assert data["customer"]["fields"] == {"Plan": "Canaryword"} and data["customer"]["also_known_as"] == ["Dee Diaz"]
    said = [message["text"] for ticket in data["tickets"] for message in ticket["messages"]]
    assert any("My order is Canaryword." in text for text in said) and "About your Canaryword." in said
    assert data["other"]["Survey answers"][0]["comment"] == "Canaryword"
    assert "About your Canaryword." in page and "Emil" not in page


def test_the_pages_ask_for_the_word_and_are_admins_only(
    story: Ticket, ana: Agent, admin: Agent, as_agent: Callable[[Agent], Client]
) -> None:
    url = f"/customers/{story.customer_id}/"
    assert as_agent(ana).get(f"{url}erase/").status_code == 403
    assert as_agent(ana).post(f"{url}export").status_code == 403
    browser = as_agent(admin)
    copy = browser.post(f"{url}export")
    assert copy["Content-Type"] == "application/zip" and "no-store" in copy["Cache-Control"]
    assert zipfile.ZipFile(io.BytesIO(b"".join(copy.streaming_content))).testzip() is None  # type: ignore[attr-defined]
    assert Event.objects.filter(verb="customer.exported").count() == 1
    said = browser.get(f"{url}erase/").content.decode()
    assert "2 addresses" in said and "Survey answers: 1" in said
    assert browser.post(f"{url}erase/", {"word": "yes"}).status_code == 422
    assert not Customer.objects.filter(erased_at__isnull=False).exists()
    assert browser.post(f"{url}erase/", {"word": " Erase "})["Location"] == "/customers/"
    for page in (url, f"/tickets/{story.pk}/", "/customers/", "/"):
        assert browser.get(page).status_code == 200
    assert "Erased customer" in browser.get(url).content.decode()


def test_every_table_with_words_is_swept_or_named_as_a_setting() -> None:
    swept = {model.__name__ for model in erasing._tables()}
    all_of_them = {model.__name__ for model in apps.get_app_config("tickets").get_models()}
    assert all_of_them - swept == {"ChannelAccount", "Inbox", "Mailbox", "OutgoingServer", "SearchWord"}


def test_what_agents_were_mailed_of_it_is_gone_too(
    ticket: Ticket, ana: Agent, chloe: Agent, admin: Agent, settle: Any
) -> None:
    settle()
    want(ana, "assigned", "mail")
    assignment.assign(ticket, agent=ana, team=None, actor=chloe)
    settle()
    with time_machine.travel(clock.now() + timedelta(minutes=3), tick=True):
        assert notice_mails.send_due() == 1
    told = OutgoingMail.objects.get(purpose="notice")
    assert ticket.subject in told.subject and ticket.subject in told.text
    erasing.erase(ticket.customer, actor=admin)
    told.refresh_from_db()
    assert (told.subject, told.text, told.html, told.reply_to) == ("", "", "", "")
    assert told.deliveries.get().state == "cancelled", "an empty letter goes to nobody"


def test_what_was_said_on_their_ticket_is_gone_where_it_went_into_anothers(
    ticket: Ticket, inbox: Inbox, ana: Agent, admin: Agent
) -> None:
    replying.reply(ticket, text="Your Canaryword is ready, Ms Diaz.", actor=ana)
    other = opening.open_ticket(
        inbox=inbox, address="emil@other.example", name="Emil", subject="Mine", text="Emil's.", actor=ana, once="emil"
    )  # fmt: skip
    merging.merge(ticket, into=other, actor=ana)
    replying.reply(other, text="To you both, later.", actor=ana)
    customer = ticket.customer
    with exporting.archive(customer, erasing.subject_of(customer)) as made, zipfile.ZipFile(made) as packed:
        data = json.loads(packed.read("data.json"))
    said = {message["text"] for ticket in data["tickets"] for message in ticket["messages"]}
    assert "Your Canaryword is ready, Ms Diaz." in said and "Emil's." not in said
    erasing.erase(customer, actor=admin)
    assert where("Canaryword") == []
    assert set(other.messages.values_list("text", flat=True)) == {"", "Emil's.", "To you both, later."}


def test_what_they_wrote_on_tickets_of_others_is_in_their_copy(
    ticket: Ticket, inbox: Inbox, ana: Agent, dora: Customer
) -> None:
    other = opening.open_ticket(
        inbox=inbox, address="emil@other.example", name="Emil", subject="Mine", text="Emil's.", actor=ana, once="emil"
    )  # fmt: skip
    late = Message.objects.create(
        ticket=other, kind="incoming", sender=dora.contact_points.get(), sender_name="Dora Diaz", text="I agree."
    )
    with exporting.archive(dora, erasing.subject_of(dora)) as made, zipfile.ZipFile(made) as packed:
        data = json.loads(packed.read("data.json"))
    [elsewhere] = [one for one in data["tickets"] if one["number"] == other.number]
    assert [one["text"] for one in elsewhere["messages"]] == [late.text]
    assert "subject" not in elsewhere


def test_what_they_wrote_last_on_a_ticket_of_another_is_in_no_list_and_no_search(
    ticket: Ticket, inbox: Inbox, ana: Agent, admin: Agent, dora: Customer
) -> None:
    other = opening.open_ticket(
        inbox=inbox, address="emil@other.example", name="Emil", subject="Mine", text="Emil's.", actor=ana, once="emil"
    )  # fmt: skip
    Message.objects.create(ticket=other, kind="incoming", sender=dora.contact_points.get(), text="Canaryword it is.")
    Ticket.objects.filter(pk=other.pk).update(snippet="Canaryword it is.")
    indexing.write([other.pk])
    assert "tickets_searchdocument" in where("canaryword")
    erasing.erase(dora, actor=admin)
    assert where("Canaryword") == where("canaryword") == []


def test_answers_to_fields_are_in_no_act_that_was_done(ticket: Ticket, ana: Agent, admin: Agent, settle: Any) -> None:
    CustomField.objects.create(about="ticket", key="phone", name="Phone")
    act = {"do": "field", "key": "phone", "value": "Canaryword"}
    replying.add_note(ticket, text="A note", actor=ana, acts=[act])
    ticket.refresh_from_db()
    bulk.run(bulk.ask(actor=ana, act={**act, "value": "Canaryword 2"}, tickets=[ticket.pk], once="1").pk)
    assert where("Canaryword")
    erasing.erase(ticket.customer, actor=admin)
    settle()
    assert where("Canaryword") == []


def test_an_answer_does_not_come_back_by_taking_back_its_removal(ticket: Ticket, ana: Agent, admin: Agent) -> None:
    CustomField.objects.create(about="ticket", key="phone", name="Phone")
    answering_fields.set_field(ticket, key="phone", value="Canaryword", actor=ana)
    with TestCase.captureOnCommitCallbacks(execute=True):
        answering_fields.set_field(ticket, key="phone", value=None, actor=ana)
    removed = Event.objects.filter(verb="ticket.answered").latest("id")
    erasing.erase(ticket.customer, actor=admin)
    with pytest.raises(NotPossible):
        undo.undo(ticket, removed, actor=ana)
    assert Ticket.objects.get(pk=ticket.pk).fields == {}


@pytest.fixture
def named(ticket: Ticket, billing: Inbox, ana: Agent, ben: Agent, dora: Customer) -> Ticket:
    """A ticket of Emil's on which Dora takes part, and is spoken of by him and by us."""
    ContactPoint.objects.create(customer=dora, channel="phone", address="+491701234567")
    other = opening.open_ticket(
        inbox=billing, address="emil@other.example", name="Emil", subject="About Dora Diaz",
        text="On Monday Dora Diaz wrote:\n> Dora\n> Diaz, call (0170) 123 45-67 or +49 (0)170 1234567 or "
        "0049170/1234567\n"
        "Dora said so, Diaz, Dora that is; ask Theodora Diazzo at 0170 12345678.",
        actor=ben, once="emil",
    )  # fmt: skip
    participants.add(other, address="dora@customer.example", actor=ben)
    replying.add_note(other, text="DORA DIAZ rang: +49 170 123 4567.", actor=ben)
    Message.objects.filter(ticket=other, kind="incoming").update(html="<p><b>Dora</b>, Dora&nbsp;Diaz</p>")
    drafting.save(other, actor=ben, kind="reply", content=drafting.Content("As Dora Diaz says"))
    return other


def test_their_full_name_and_number_go_out_of_what_others_said_where_they_took_part(
    named: Ticket, dora: Customer, admin: Agent
) -> None:
    indexing.write([named.pk])
    erasing.erase(dora, actor=admin)
    named.refresh_from_db()
    said, note = named.messages.order_by("pk")
    assert said.text == (
        "On Monday [erased] wrote:\n> [erased], call [erased] or [erased] or [erased]\n"
        "Dora said so, [erased] that is; ask Theodora Diazzo at 0170 12345678."
    )
    assert said.html == "<p><b>Dora</b>, [erased]</p>" and note.text == "[erased] rang: [erased]."
    assert named.subject == "About [erased]" and "Diaz" not in named.snippet.replace("Diazzo", "")
    assert Draft.objects.get(ticket=named).text == "As [erased] says"
    assert not SearchWord.objects.filter(word="diaz").exists()


def test_a_name_stays_where_it_may_mean_somebody_else(
    ticket: Ticket, inbox: Inbox, dora: Customer, ana: Agent, admin: Agent
) -> None:
    elsewhere = opening.open_ticket(
        inbox=inbox, address="emil@other.example", subject="S", text="A Dora Diaz is my neighbour.", actor=ana, once="1"
    )  # fmt: skip
    namesake = opening.open_ticket(
        inbox=inbox, address="dd@other.example", name="dora diaz", subject="S", text="Yours, Dora Diaz", actor=ana,
        once="2",
    )  # fmt: skip
    participants.add(namesake, address="dora@customer.example", actor=ana)
    erasing.erase(dora, actor=admin)
    assert elsewhere.messages.get().text == "A Dora Diaz is my neighbour."
    assert namesake.messages.get().text == "Yours, Dora Diaz"


def test_a_first_name_and_the_name_of_a_colleague_are_nobodys_traces(
    named: Ticket, dora: Customer, ana: Agent, admin: Agent
) -> None:
    Customer.objects.filter(pk=dora.pk).update(name="Dora")
    Message.objects.update(sender_name="Dora")
    replying.add_note(named, text="Ana Silva knows Dora.", actor=ana)
    Participant.objects.update(name=ana.name)
    erasing.erase(dora, actor=admin)
    assert named.messages.latest("pk").text == "Ana Silva knows Dora."


@pytest.mark.parametrize(
    ("name", "text", "left"),
    [
        ("Seán O'Brien", "Seán O\u2019Brien, O&#x27;Brien", "[erased], O&#x27;Brien"),
        ("Meier, Anna", "Anna Meier; Meier, Anna; Anna", "[erased]; [erased]; Anna"),
        ("Ann Lee (x)", "Ann Lee (x), Ann Lee", "[erased], Ann Lee"),
        ("J. Smith", "J. Smith", "J. Smith"),
        ("", "", ""),
    ],
)
def test_names_are_found_as_they_are_written(name: str, text: str, left: str) -> None:
    full = (name,) if naming._is_full(name) else ()
    pattern = naming.Called(full, (), ()).pattern()
    assert (pattern.sub("[erased]", text) if pattern else text) == left


def test_a_number_of_ours_that_looks_like_an_address_stays(ticket: Ticket, dora: Customer, admin: Agent) -> None:
    ContactPoint.objects.create(customer=dora, channel="telegram", address="123456789")
    other = opening.open_ticket(
        inbox=ticket.inbox, address="emil@other.example", subject="S", text="x", actor=admin, once="1"
    )  # fmt: skip
    counted = {"size": 123456789, "many": [123456789, 123456789], "of": "telegram:123456789, dora@customer.example"}
    event = record("ticket.tagged", other, actor=admin, **counted)
    erasing.erase(dora, actor=admin)
    event.refresh_from_db()
    assert event.facts == {**counted, "of": "telegram:[erased], [erased]"}
