"""What a mail of ours says: words, signature, history, pictures and headers, and nothing anybody smuggled in."""

from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

import pytest
from django.utils import timezone, translation
from django.utils.formats import date_format

from helpdesk.models import Agent, File
from tests.conftest import mail
from tests.smtp_sink import smtp_sink
from tickets import minting, signatures
from tickets.channels.email.composing import compose
from tickets.models import Attachment, Customer, Delivery, Inbox, Message, MessageKind, OutgoingMail, Ticket
from tickets.operations import replying, sending
from tickets.operations.recipients import Chosen
from tickets.tasks import deliver

PNG = b"\x89PNG\r\n\x1a\n" + bytes(64)


@pytest.fixture
def sink(settings):
    with smtp_sink(settings) as sink:
        yield sink


def read(content: bytes) -> EmailMessage:
    return message_from_bytes(content, policy=policy.default)  # type: ignore[return-value]


def written(message: Message) -> EmailMessage:
    """The mail of an answer, as it would travel."""
    delivery = Delivery.objects.select_related("mail__inbox", "mail__said").filter(mail__said=message).first()
    assert delivery is not None
    return read(compose(delivery))


def text_of(made: EmailMessage) -> str:
    part = made.get_body(("plain",))
    assert part is not None
    return part.get_content().replace("\r\n", "\n")


def html_of(made: EmailMessage) -> str:
    part = made.get_body(("html",))
    assert part is not None
    return part.get_content()


# --- signatures -------------------------------------------------------------------------------------------------------


def test_a_signature_has_its_fields_filled_in_once(db: None, inbox: Inbox, ana: Agent, ticket: Ticket) -> None:
    ana.signature = "Ask {{ticket.number}} for {{inbox.name}}"
    inbox.signature = "{{agent.name}} of {{ inbox.name }} <{{inbox.address}}>, #{{ticket.number}}\n{{agent.signature}}"
    assert signatures.render(inbox, ana, ticket) == (
        f"Ana Silva of Support <support@demo.localhost>, #{ticket.pk}\nAsk {{{{ticket.number}}}} for {{{{inbox.name}}}}"
    )


@pytest.mark.parametrize(
    "text",
    [
        "{{ticket.__class__.__mro__}}", '{% include "/etc/passwd" %}', "{% debug %}", "{{settings.SECRET_KEY}}",
        "{{ticket.assignee.password}}", "{{agent.password}}", "{0.__globals__}", "{agent.name}", "%(agent)s", "${HOME}",
        "{{agent.name|length}}", "{{ agent . name }}",
    ],
)  # fmt: skip
def test_t34_1_a_signature_is_no_program(db: None, inbox: Inbox, ana: Agent, ticket: Ticket, text: str) -> None:
    inbox.signature = text
    assert signatures.render(inbox, ana, ticket) == text


def test_t34_3_a_name_is_no_program_either(db: None, inbox: Inbox, ana: Agent, ticket: Ticket) -> None:
    ana.name = "{0.__globals__} {{inbox.address}} {% debug %}"
    inbox.signature = "{{agent.name}}"
    assert signatures.render(inbox, ana, ticket) == ana.name


def test_what_was_written_does_not_change_with_the_settings(db: None, inbox: Inbox, ana: Agent, ticket: Ticket) -> None:
    inbox.signature = "Yours, {{agent.name}}"
    inbox.save()
    message = replying.reply(Ticket.objects.get(), text="Hello", actor=ana)
    first = compose(Delivery.objects.select_related("mail__inbox").get())
    Inbox.objects.update(signature="Other words")
    Agent.objects.update(name="Another")
    again = compose(Delivery.objects.select_related("mail__inbox").get())
    assert first == again and "Yours, Ana Silva" in text_of(written(message))


# --- history ----------------------------------------------------------------------------------------------------------


def test_the_latest_of_what_was_said_stands_below(db: None, ticket: Ticket, ana: Agent, send_mail_in: Any) -> None:
    replying.reply(ticket, text="First answer", actor=ana)
    replying.add_note(ticket, text="Secret among us", actor=ana)
    Message.objects.create(ticket=ticket, kind=MessageKind.REPLY, text="Taken back", withdrawn_at=ticket.created_at)
    Message.objects.create(ticket=ticket, kind=MessageKind.FORWARD, text="Said aside")
    Message.objects.create(ticket=ticket, kind=MessageKind.INCOMING, text="I am on holiday", is_automated=True)
    message = replying.reply(ticket, text="Second answer", actor=ana)
    made = written(message)
    text, html = text_of(made), html_of(made)
    assert text.index("Second answer") < text.index("> First answer") < text.index("> Where is my order?")
    assert "Support wrote:\n> First answer" in text and "Dora Diaz wrote:\n> Where is my order?" in text
    assert "<blockquote" in html and "Where is my order?" in html
    for hidden in ("Secret among us", "Taken back", "Said aside", "I am on holiday"):
        assert hidden not in text and hidden not in html


def test_history_is_in_the_customers_language_and_can_be_switched_off(
    db: None, ticket: Ticket, ana: Agent, inbox: Inbox
) -> None:
    Customer.objects.update(language="de")
    said = ticket.messages.get()
    text = text_of(written(replying.reply(Ticket.objects.get(), text="Hello", actor=ana)))
    with translation.override("de"), timezone.override("Europe/Berlin"):
        assert date_format(timezone.localtime(said.created_at), "DATETIME_FORMAT") in text
    inbox.quotes_history = False
    inbox.save()
    message = replying.reply(Ticket.objects.get(), text="Hello", actor=ana)
    assert "> " not in text_of(written(message))


def test_t01_2_who_joined_later_is_shown_nothing_older(db: None, ticket: Ticket, ana: Agent, send_mail_in: Any) -> None:
    """The quoted thread in the next answer contains nothing older than the approval."""
    ticket.participants.create(address="eve@customer.example", is_confirmed=True)
    message = replying.reply(ticket, text="Welcome", actor=ana)
    assert "Where is my order?" not in text_of(written(message))
    raw = send_mail_in(
        mail(text="Thank you both", In_Reply_To=f"<{message.message_id}>", Message_ID="<2@customer.example>")
    )
    assert raw.said is not None and raw.said.ticket_id == ticket.pk
    text = text_of(written(replying.reply(ticket, text="And now?", actor=ana)))
    assert "> Thank you both" in text and "> Welcome" in text and "Where is my order?" not in text


def test_t01_2_a_stranger_put_in_the_copy_is_shown_no_history(db: None, ticket: Ticket, ana: Agent) -> None:
    to = Chosen(("dora@customer.example",), (), ("stranger@x.example",))
    message = replying.reply(ticket, text="Look here", actor=ana, to=to)
    made = written(message)
    assert "Where is my order?" not in text_of(made) and "Where is my order?" not in html_of(made)


def test_what_the_customer_wrote_is_shown_as_text(db: None, ticket: Ticket, ana: Agent) -> None:
    Message.objects.update(text='<script>alert(1)</script>\n<img src="x" onerror="alert(1)">')
    html = html_of(written(replying.reply(ticket, text="Hello", actor=ana)))
    assert "<script" not in html and "<img" not in html and "&lt;script&gt;" in html


def test_a_forward_quotes_the_original_in_full(db: None, sink: Any, ticket: Ticket, ana: Agent) -> None:
    original = ticket.messages.get()
    Message.objects.filter(pk=original.pk).update(full_text="Where is my order?\n\n> It ships on Monday.")
    said = Message.objects.create(
        ticket=ticket, kind=MessageKind.FORWARD, author=ana, text="Can you look?",
        message_id=minting.message_id("demo.localhost"),
    )  # fmt: skip
    sending.enqueue_forward(said, to=["carrier@post.example"], subject="Fwd: My order")
    deliver()
    [(to, content)] = sink.accepted
    made = read(content)
    assert to == ["carrier@post.example"] and made["Subject"] == "Fwd: My order" and made["In-Reply-To"] is None
    text = text_of(made)
    assert "Can you look?" in text and "From: Dora Diaz <dora@customer.example>" in text
    assert "> It ships on Monday." in text


# --- pictures and files -----------------------------------------------------------------------------------------------


def attach(message: Message, name: str, *, cid: str = "", inline: bool = False) -> Attachment:
    [stored] = File.objects.store_many([PNG + name.encode()])
    return Attachment.objects.create(
        message=message, file=stored, filename=name, content_type="image/png", content_id=cid, is_inline=inline
    )


def test_a_picture_stands_where_the_text_names_it(db: None, ticket: Ticket, ana: Agent) -> None:
    message = replying.reply(ticket, text="See:\n[image: plan.png]\nThe door is left.", actor=ana)
    attach(message, "plan.png", cid="abc@demo.localhost", inline=True)
    attach(message, "other.png", cid="def@demo.localhost", inline=True)
    made = written(message)
    html = html_of(made)
    assert html.index("See:") < html.index('<img src="cid:abc@demo.localhost"') < html.index("The door is left.")
    assert "def@demo.localhost" not in html and "[image: plan.png]" in text_of(made)
    related = made.get_body(("related",))
    assert related is not None
    [picture] = [part for part in related.iter_attachments() if part.get_content_maintype() == "image"]
    assert picture["Content-ID"] == "<abc@demo.localhost>" and picture.get_content_disposition() == "inline"
    assert [part.get_filename() for part in made.iter_attachments()] == ["other.png"]


def test_every_attempt_sends_the_same_bytes(db: None, ticket: Ticket, ana: Agent) -> None:
    message = replying.reply(ticket, text="See:\n[image: plan.png]", actor=ana)
    attach(message, "plan.png", cid="abc@demo.localhost", inline=True)
    attach(message, "report.pdf")
    delivery = Delivery.objects.select_related("mail__inbox").get()
    assert compose(delivery) == compose(delivery)


# --- headers ----------------------------------------------------------------------------------------------------------

NASTY = "a\r\nBcc: e@x\x00\x1b[31m\x85\u2028b"


def test_t13_1_a_subject_with_a_line_end_starts_no_header(db: None, sink: Any, ticket: Ticket, ana: Agent) -> None:
    Ticket.objects.update(subject=NASTY.replace("\x00", ""))
    replying.reply(ticket, text="Hello", actor=ana)
    deliver()
    [(to, content)] = sink.accepted
    made = read(content)
    assert to == ["dora@customer.example"] and made["Bcc"] is None
    assert made["Subject"] == "Re: a Bcc: e@x [31m b"


def test_t13_2_a_name_with_a_line_end_starts_no_header(db: None, ticket: Ticket, ana: Agent) -> None:
    Customer.objects.update(name="x\r\nBcc: e@x")
    Message.objects.update(sender_name="x\r\nBcc: e@x\x1b")
    Inbox.objects.update(sender_name="Support\r\nBcc: e@x")
    Agent.objects.update(name="Ana\r\nBcc: e@x")
    made = written(replying.reply(Ticket.objects.get(), text="Hello", actor=ana))
    assert made["Bcc"] is None and len(made["To"].addresses) == 1
    assert made["From"].addresses[0].display_name == "Support Bcc: e@x"


def test_references_of_a_long_thread_keep_the_first_and_the_latest(db: None, ticket: Ticket, ana: Agent) -> None:
    ids = [f"{n}@customer.example" for n in range(40)]
    ticket.messages.update(references=ids)
    made = written(replying.reply(ticket, text="Hello", actor=ana))
    named = str(made["References"]).split()
    assert len(named) == 20 and named[0] == "<0@customer.example>" and named[-1] == "<first@customer.example>"


def test_people_are_no_machines(db: None, ticket: Ticket, ana: Agent) -> None:
    made = written(replying.reply(ticket, text="Hello", actor=ana))
    for name in ("Auto-Submitted", "X-Auto-Response-Suppress", "X-Helpdesk-Loop", "List-Unsubscribe", "Precedence"):
        assert made[name] is None


@pytest.mark.parametrize(
    "purpose, says", [("acknowledgement", "auto-replied"), ("notice", "auto-generated"), ("probe", "auto-generated")]
)
def test_machines_say_so_and_know_themselves_again(db: None, inbox: Inbox, purpose: Any, says: str) -> None:
    out = sending.enqueue(inbox=inbox, ticket=None, to="a@b.example", subject="x", text="x", purpose=purpose)
    made = read(compose(out.deliveries.select_related("mail__inbox").get()))
    assert made["Auto-Submitted"] == says and made["X-Auto-Response-Suppress"] == "All"
    assert minting.is_token(str(made["X-Helpdesk-Loop"])) and made["List-Unsubscribe"] is None


def test_an_answer_carries_its_name_in_its_body(db: None, ticket: Ticket, ana: Agent) -> None:
    message = replying.reply(ticket, text="Hello", actor=ana)
    token = message.message_id.partition("@")[0]
    made = written(message)
    assert text_of(made).rstrip().endswith(f"Ref: {token}") and f"Ref: {token}" in html_of(made)
    survey = sending.enqueue(
        inbox=ticket.inbox, ticket=ticket, to="a@b.example", subject="x", text="x",
        purpose=OutgoingMail.Purpose.SURVEY,
    )  # fmt: skip
    assert b"Ref:" not in compose(survey.deliveries.select_related("mail__inbox").get())


def test_addresses_nobody_can_write_to_fail_alone(db: None, sink: Any, ticket: Ticket, ana: Agent) -> None:
    replying.reply(ticket, text="Hello", actor=ana)
    mail_ = OutgoingMail.objects.get()
    bad = mail_.deliveries.create(recipient="a b@x", give_up_at=mail_.created_at)
    OutgoingMail.objects.update(cc=["a b@x"])
    deliver()
    assert [to for to, _ in sink.accepted] == [["dora@customer.example"]]
    bad.refresh_from_db()
    assert bad.state == "failed" and bad.status_code == "5.1.3"


def test_an_infected_file_is_not_sent_and_the_answer_says_so(ticket, ana, sink):  # type: ignore[no-untyped-def]
    message = replying.reply(ticket, text="Here", actor=ana, files=[replying.Upload("a.txt", "text/plain", b"bad")])
    File.objects.update(scan=File.Scan.INFECTED, threat="Test.Signature")
    deliver()
    delivery = message.outgoing.deliveries.get()
    assert delivery.state == "failed" and "Test.Signature" in delivery.answer
    assert not sink.accepted


def test_a_mail_without_subject_is_answered_under_its_own_first_words(db: None, ana: Agent, send_mail_in: Any) -> None:
    send_mail_in(
        mail("Dora <dora@customer.example>", "", "The left pedal of my bicycle squeaks, which one hears from far away.")
    )
    ticket = Ticket.objects.get()
    subject = str(written(replying.reply(ticket, text="Oil it.", actor=ana))["Subject"])
    assert " ".join(subject.split()) == "Re: The left pedal of my bicycle squeaks, which one hears from…"


def test_others_are_not_told_the_first_words_of_a_mail_without_subject(db: None, ana: Agent, send_mail_in: Any) -> None:
    send_mail_in(mail("Dora <dora@customer.example>", "", "Between us: my PIN is 1234."))
    ticket = Ticket.objects.get()
    answer = replying.reply(ticket, text="Oil it.", actor=ana, to=Chosen(to=("else@other.example",)))
    assert str(written(answer)["Subject"]) == f"Re: [#{ticket.number}]"
