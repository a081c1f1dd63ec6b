"""Which ticket a mail joins, and why; and what a mail never does: change who may see a ticket."""

from datetime import timedelta

import pytest

from helpdesk import clock
from tests.conftest import mail
from tickets import minting
from tickets.models import ContactPoint, Message, MessageKind, RawState, SideConversation, Status, Ticket
from tickets.operations import intake, replying, status
from tickets.tasks import receive_mail

DORA = "Dora Diaz <dora@customer.example>"


@pytest.fixture(autouse=True)
def _trusted(settings):
    settings.TRUSTED_AUTHSERV_ID = "mx.desk.test"


def verdict(word: str, domain: str = "customer.example") -> str:
    return f"mx.desk.test; dmarc={word} header.from={domain}"


def passed(sender: str = DORA, **headers: str) -> bytes:
    """A mail whose sender's domain vouches for them."""
    domain = sender.rpartition("@")[2].strip(">")
    return mail(sender, Authentication_Results=verdict("pass", domain), **headers)


@pytest.fixture
def answer(ticket, ana) -> Message:
    return replying.reply(ticket, text="It ships today.", actor=ana)


# --- the order of belief ------------------------------------------------------------------------------------------


def test_an_address_of_ours_that_carries_a_signature_finds_the_ticket_without_any_header(answer, inbox, send_mail_in):
    address = minting.signed_address(inbox, "reply", answer.message_id.partition("@")[0])
    said = send_mail_in(mail(subject="Something", to=address, Message_ID="<r@x.example>")).said
    assert (said.ticket, said.matched_by) == (answer.ticket, "reply_address")


def test_the_envelopes_recipient_counts_like_the_headers(answer, inbox):
    address = minting.signed_address(inbox, "reply", answer.message_id.partition("@")[0])
    raw = intake.store(inbox=inbox, content=mail(Message_ID="<r@x.example>"), source="smtp", envelope_to=[address])
    receive_mail()
    raw.refresh_from_db()
    assert raw.said.ticket == answer.ticket


def test_a_reference_line_in_the_text_survives_providers_that_rename_mails(answer, send_mail_in):
    text = f"Thanks!\n\n> It ships today.\n> Ref: {answer.message_id.partition('@')[0]}\n"
    said = send_mail_in(mail(text=text, Message_ID="<r@x.example>", In_Reply_To="<renamed@provider.example>")).said
    assert (said.ticket, said.matched_by) == (answer.ticket, "marker")


def test_a_reference_line_that_somebody_made_up_finds_nothing(answer, send_mail_in):
    made_up = "a" * 26 + "." + "b" * 16
    said = send_mail_in(mail(text=f"Ref: {made_up}", Message_ID="<r@x.example>")).said
    assert said.ticket != answer.ticket


def test_a_number_in_the_subject_joins_for_somebody_known_whom_their_domain_vouches_for(ticket, send_mail_in):
    said = send_mail_in(passed(subject=f"About [#{ticket.number}]", Message_ID="<n@x.example>")).said
    assert (said.ticket, said.matched_by) == (ticket, "subject")


@pytest.mark.parametrize("word", ["none", "unknown", ""])
def test_a_number_in_the_subject_is_nothing_without_that(ticket, send_mail_in, word):
    headers = {"Authentication_Results": verdict(word)} if word else {}
    said = send_mail_in(mail(subject=f"About [#{ticket.number}]", Message_ID="<n@x.example>", **headers)).said
    assert said.ticket != ticket


def test_t04_1_a_stranger_who_knows_the_number_gets_a_ticket_of_their_own(ticket, send_mail_in):
    said = send_mail_in(passed("s@x.test", subject=f"Re: [#{ticket.number}] hi", Message_ID="<n@x.test>")).said
    assert said.ticket != ticket and said.ticket.customer != ticket.customer


def test_in_reply_to_is_believed_before_references(ticket, answer, send_mail_in):
    other = send_mail_in(mail(subject="Other", text="other", Message_ID="<other@customer.example>")).said
    said = send_mail_in(
        mail(In_Reply_To="<other@customer.example>", References=f"<{answer.message_id}>", Message_ID="<r@x.example>")
    ).said
    assert (said.ticket, said.matched_by) == (other.ticket, "in_reply_to")


# --- strangers ----------------------------------------------------------------------------------------------------


def test_t04_2_t05_1_a_strangers_answer_is_a_ticket_of_its_own_that_names_the_other(ticket, answer, ana, send_mail_in):
    raw = send_mail_in(passed("s@x.test", In_Reply_To=f"<{answer.message_id}>", Message_ID="<s@x.test>"))
    assert raw.said.ticket != ticket and raw.belongs_to == ticket
    assert raw.said.marks == ["stranger"] and raw.reason_code == "stranger"
    ticket.refresh_from_db()
    assert ticket.customer.contact_points.get().address == "dora@customer.example"
    later = replying.reply(ticket, text="Still today.", actor=ana)
    later.refresh_from_db()
    assert (later.to, later.cc) == (["dora@customer.example"], [])


def test_t02_2_a_machine_at_the_reply_address_gets_a_ticket_of_its_own(answer, inbox, send_mail_in):
    address = minting.signed_address(inbox, "reply", answer.message_id.partition("@")[0])
    said = send_mail_in(mail("no-reply@vendor.test", text="Your code is 123456", to=address)).said
    assert said.ticket != answer.ticket


def test_t03_6_mail_from_an_agent_is_a_customers_mail(ticket, answer, ana, send_mail_in):
    said = send_mail_in(mail(ana.email, text="Answer them this", In_Reply_To=f"<{answer.message_id}>")).said
    assert said.kind == MessageKind.INCOMING and said.author is None and said.ticket != ticket


def test_t06_1_headers_in_our_own_name_do_nothing_when_they_come_from_outside(ticket, send_mail_in):
    raw = send_mail_in(
        mail(
            X_Helpdesk_Ticket=str(ticket.number), X_Helpdesk_Skip="1", X_Helpdesk_Loop="forged", X_Desk_Skip="yes",
            X_Helpdesk_Author="ana@demo.localhost", Message_ID="<c@customer.example>", text="Real question",
        )
    )  # fmt: skip
    assert raw.state == RawState.DONE and raw.said.ticket != ticket
    assert raw.said.kind == MessageKind.INCOMING and not raw.said.is_automated


# --- who may see what -----------------------------------------------------------------------------------------------


def test_t01_1_a_forged_reply_is_held_back_and_adds_nobody(ticket, ana, send_mail_in):
    forged = mail(
        DORA, In_Reply_To="<first@customer.example>", Cc="evil@x.test", Message_ID="<f@x.test>",
        Authentication_Results=verdict("fail"),
    )  # fmt: skip
    raw = send_mail_in(forged)
    assert (raw.state, raw.reason_code, raw.belongs_to) == (RawState.QUARANTINED, "authentication", ticket)
    assert ticket.messages.count() == 1 and not ticket.participants.exists()
    message = replying.reply(ticket, text="Hello", actor=ana)
    message.refresh_from_db()
    assert (message.to, message.cc) == (["dora@customer.example"], [])


def test_t01_2_somebody_copied_is_suggested_and_gets_nothing_before_an_agent_says_so(ticket, ana, send_mail_in):
    send_mail_in(
        passed(In_Reply_To="<first@customer.example>", Cc="Eve <evil@x.test>", Message_ID="<c@customer.example>")
    )
    suggested = ticket.participants.get()
    assert (suggested.address, suggested.is_confirmed) == ("evil@x.test", False)
    assert suggested.suggested_by == "dora@customer.example"
    message = replying.reply(ticket, text="Hello", actor=ana)
    message.refresh_from_db()
    assert (message.to, message.cc) == (["dora@customer.example"], [])
    heard = send_mail_in(passed("evil@x.test", In_Reply_To="<first@customer.example>", Message_ID="<e@x.test>")).said
    assert heard.ticket != ticket


def test_our_own_addresses_are_never_suggested(inbox, billing, send_mail_in):
    raw = send_mail_in(
        mail(to="support@demo.localhost, support+x@demo.localhost", Cc="billing@demo.localhost, a@b.test")
    )
    assert list(raw.said.ticket.participants.values_list("address", flat=True)) == ["a@b.test"]


def test_t01_4_a_follow_up_of_a_closed_ticket_brings_only_the_people_of_its_own_mail(ticket, ana, send_mail_in):
    ticket.participants.create(address="old@x.test", is_confirmed=True)
    status.close(ticket, actor=ana)
    said = send_mail_in(passed(In_Reply_To="<first@customer.example>", Cc="new@x.test", Message_ID="<f@x.test>")).said
    assert (said.ticket.follow_up_of, said.matched_by) == (ticket, "follow_up")
    assert list(said.ticket.participants.values_list("address", "is_confirmed")) == [("new@x.test", False)]


def test_an_address_its_domain_vouches_for_is_verified_and_another_is_not(send_mail_in):
    send_mail_in(passed("zoe@new.example", Message_ID="<1@x>"))
    send_mail_in(mail("yan@new.example", Message_ID="<2@x>"))
    assert dict(ContactPoint.objects.values_list("address", "is_verified")) == {
        "zoe@new.example": True, "yan@new.example": False,
    }  # fmt: skip
    send_mail_in(passed("yan@new.example", Message_ID="<3@x>"))
    assert ContactPoint.objects.get(address="yan@new.example").is_verified


# --- repeats --------------------------------------------------------------------------------------------------------


def test_t07_1_the_same_id_with_other_words_is_kept_and_flagged(ticket, send_mail_in):
    said = send_mail_in(mail("evil@x.test", text="Quite another thing", Message_ID="<first@customer.example>")).said
    assert said.marks == ["collision"] and said.ticket != ticket


def test_f60_a_copy_with_a_lists_footer_joins_and_moves_nothing(ticket, ana, send_mail_in, verbs):
    replying.reply(ticket, text="Done", actor=ana)
    status.resolve(ticket, actor=ana)
    text = "Where is my order?\n\nYou get this because you are on the list."
    said = send_mail_in(mail(text=text, Message_ID="<first@customer.example>")).said
    ticket.refresh_from_db()
    assert (said.ticket, said.marks, said.matched_by) == (ticket, ["probable_duplicate"], "same_id")
    assert ticket.status == Status.RESOLVED and Ticket.objects.count() == 1


def test_f60_a_mail_and_its_copy_through_a_list_read_at_once_are_one_ticket(inbox):
    for text in ("Where is my order?", "Where is my order?\n\n--\nThe list"):
        intake.store(inbox=inbox, content=mail(text=text, Message_ID="<one@x>"), source="test")
    receive_mail()
    assert Ticket.objects.count() == 1
    assert [m.marks for m in Message.objects.order_by("pk")] == [[], ["probable_duplicate"]]


def test_f60_one_mail_to_two_of_our_addresses_is_one_message_each_and_says_so(ticket, billing, send_mail_in, verbs):
    said = send_mail_in(mail(Message_ID="<first@customer.example>"), to=billing).said
    assert said.ticket.inbox == billing and said.marks == []
    assert verbs(said.ticket)[-1] == "ticket.copied"


# --- machines -------------------------------------------------------------------------------------------------------


def test_a_vacation_message_to_the_envelopes_sender_is_shown_on_its_ticket(ticket, ana, inbox, send_mail_in):
    answer = replying.reply(ticket, text="Today", actor=ana)
    delivery = answer.outgoing.deliveries.get()
    delivery.token = minting.token()
    delivery.save(update_fields=["token"])
    status.resolve(ticket, actor=ana)
    address = minting.signed_address(inbox, "bounce", delivery.token)
    raw = send_mail_in(mail(subject="Away", text="I am away", to=address, Auto_Submitted="auto-replied"))
    ticket.refresh_from_db()
    assert raw.said.ticket == ticket and raw.said.is_automated and ticket.is_resolved


def test_a_report_to_the_envelopes_sender_settles_that_delivery_whatever_address_it_names(ticket, ana, inbox):
    answer = replying.reply(ticket, text="Today", actor=ana)
    delivery = answer.outgoing.deliveries.get()
    delivery.token, delivery.state = minting.token(), "sent"
    delivery.save(update_fields=["token", "state"])
    report = (
        b"Return-Path: <>\nFrom: MAILER-DAEMON\nSubject: failure notice\nMessage-ID: <b@relay>\nMIME-Version: 1.0\n"
        b"Content-Type: multipart/report; report-type=delivery-status; boundary=b\n\n--b\n\nNo.\n"
        b"--b\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; relay\n\n"
        b"Final-Recipient: rfc822; forwarded@elsewhere.example\nAction: failed\nStatus: 5.2.2\n\n--b--\n"
    )
    to = [minting.signed_address(inbox, "bounce", delivery.token)]
    raw = intake.store(inbox=inbox, content=report, source="smtp", envelope_to=to)
    receive_mail()
    raw.refresh_from_db()
    delivery.refresh_from_db()
    assert (raw.state, raw.belongs_to, delivery.state, delivery.status_code) == ("recorded", ticket, "bounced", "5.2.2")


def test_a_complaint_and_a_read_receipt_are_shown_beside_the_mail_they_speak_of(ticket, ana, send_mail_in):
    answer = replying.reply(ticket, text="Today", actor=ana)
    status.resolve(ticket, actor=ana)
    receipt = (
        f"From: dora@elsewhere.example\nSubject: Read: My order\nMessage-ID: <mdn@x>\nMIME-Version: 1.0\n"
        "Content-Type: multipart/report; report-type=disposition-notification; boundary=b\n\n--b\n\nRead.\n"
        "--b\nContent-Type: message/disposition-notification\n\nFinal-Recipient: rfc822; dora@customer.example\n"
        f"Original-Message-ID: <{answer.message_id}>\nDisposition: x/y; displayed\n\n--b--\n"
    ).encode()
    said = send_mail_in(receipt).said
    ticket.refresh_from_db()
    assert (said.ticket, said.is_automated, said.matched_by) == (ticket, True, "report") and ticket.is_resolved


def test_a_mail_too_tangled_to_read_is_a_ticket_with_what_could_be_read(send_mail_in, as_agent, ana):
    deep = b"".join(b"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n" % (n, n) for n in range(80))
    raw = send_mail_in(b"From: a@x.test\nSubject: Tangled\nMessage-ID: <t@x.test>\n" + deep)
    assert raw.state == RawState.DONE and raw.said.marks == ["too_complex"]
    page = as_agent(ana).get(f"/tickets/{raw.said.ticket_id}/").content.decode()
    assert "more tangled than we read" in page and f"/messages/{raw.said.pk}/raw" in page


def test_the_fourth_opening_within_an_hour_is_a_loop_and_only_kept(ticket, ana, send_mail_in):
    for number in range(5):
        status.resolve(ticket, actor=ana)
        send_mail_in(mail(In_Reply_To="<first@customer.example>", Message_ID=f"<{number}@x>", text=f"Again {number}"))
    ticket.refresh_from_db()
    assert ticket.is_resolved and ticket.messages.count() == 6 and ticket.waiting_since is None


# --- side conversations ---------------------------------------------------------------------------------------------


def test_an_answer_of_who_was_asked_stays_aside_and_wakes_a_ticket_on_hold(ticket, ana, send_mail_in, verbs):
    side = SideConversation.objects.create(ticket=ticket, addresses=["supplier@other.example"], created_by=ana)
    Message.objects.create(
        ticket=ticket, kind=MessageKind.FORWARD, author=ana, side=side, text="Can you?", message_id="fwd@demo.localhost"
    )
    status.hold(ticket, actor=ana)
    said = send_mail_in(mail("supplier@other.example", text="We can.", In_Reply_To="<fwd@demo.localhost>")).said
    ticket.refresh_from_db()
    assert (said.ticket, said.kind, said.side) == (ticket, MessageKind.ASIDE, side)
    assert ticket.status == Status.OPEN and verbs(ticket)[-2:] == ["message.answered_aside", "ticket.reopened"]
    stranger = send_mail_in(mail("boss@other.example", text="No.", In_Reply_To="<fwd@demo.localhost>")).said
    assert stranger.ticket != ticket


# --- history --------------------------------------------------------------------------------------------------------


def test_history_is_kept_and_starts_opens_and_counts_nothing(inbox, send_mail_in, verbs):
    long_ago = clock.now() - timedelta(days=400)
    raw = intake.store(inbox=inbox, content=mail(), source="imap", is_history=True, arrived_at=long_ago)
    receive_mail()
    raw.refresh_from_db()
    ticket = raw.said.ticket
    assert (ticket.status, ticket.waiting_since, ticket.created_at) == (Status.CLOSED, None, long_ago)
    assert verbs(ticket) == ["ticket.created", "message.imported"]


def test_history_that_belongs_to_a_live_ticket_changes_nothing_there(ticket, ana, inbox):
    status.resolve(ticket, actor=ana)
    updated = Ticket.objects.get().updated_at
    old = mail(text="Long ago", In_Reply_To="<first@customer.example>", Message_ID="<old@x>")
    intake.store(inbox=inbox, content=old, source="imap", is_history=True)
    receive_mail()
    ticket.refresh_from_db()
    assert ticket.is_resolved and ticket.updated_at == updated and ticket.messages.count() == 2
