"""Complaints and read receipts are told from delivery reports, and each names the mail it speaks of."""

# ruff: noqa: E501 - mails have long lines
import pytest

from tests.tickets.channels.email.mails import multipart, text_mail
from tickets.channels.email.parsing import parse

ORIGINAL = (
    "Content-Type: message/rfc822\n\nFrom: support@desk.test\nTo: dora@x.test\nMessage-ID: <ours@desk.test>\n\nHi"
)
HEADERS = "Content-Type: text/rfc822-headers\n\nFrom: support@desk.test\nTo: Dora <dora@x.test>\nMessage-ID: <ours@desk.test>\n"


def complaint(fields: str, original: str = ORIGINAL, report_type: str = "feedback-report") -> bytes:
    return multipart(
        "Content-Type: text/plain\n\nThis is an email abuse report.",
        f"Content-Type: message/feedback-report\n\n{fields}",
        original,
        content_type=f"multipart/report; report-type={report_type}; boundary=edge",
        From="complaints@provider.test",
        subject="FW: Your question",
    )


@pytest.mark.parametrize("original", [ORIGINAL, HEADERS])
@pytest.mark.parametrize("report_type", ["feedback-report", "Feedback-Report", "abuse"])
def test_a_complaint_names_its_kind_its_recipient_and_our_mail(original, report_type):
    read = parse(
        complaint(
            "Feedback-Type: abuse\nUser-Agent: x/1\nVersion: 1\nOriginal-Rcpt-To: <Dora@x.test>\nOriginal-Mail-From: <bounce@desk.test>",
            original,
            report_type,
        )
    )
    assert (read.is_feedback_report, read.feedback_type, read.marks) == (True, "abuse", ("feedback_report",))
    assert (read.bounced_addresses, read.original_message_id) == (("Dora@x.test",), "ours@desk.test")
    assert (read.is_bounce, read.is_auto_reply, read.is_delay, read.bounces) == (False, False, False, ())
    assert read.automated_reason.startswith("multipart/report")


@pytest.mark.parametrize(
    ("fields", "kind"),
    [
        ("Feedback-Type: fraud", "fraud"),
        ("Feedback-Type: NOT-SPAM", "not-spam"),
        ("User-Agent: x", "other"),
        ("", "other"),
    ],
)
def test_a_complaint_without_a_recipient_is_about_who_the_mail_was_for(fields, kind):
    read = parse(complaint(fields, HEADERS))
    assert (read.feedback_type, read.bounced_addresses) == (kind, ("dora@x.test",))


def test_a_person_who_attaches_a_complaint_is_a_person():
    raw = multipart(
        "Content-Type: text/plain\n\nWhat is this?", "Content-Type: message/feedback-report\n\nFeedback-Type: abuse\n"
    )
    read = parse(raw)
    assert (read.is_feedback_report, read.automated_reason) == (False, "")


def receipt(fields: str, **more: str) -> bytes:
    return multipart(
        "Content-Type: text/plain\n\nYour message was displayed.",
        f"Content-Type: message/disposition-notification\n\n{fields}",
        **{
            "content_type": "multipart/report; report-type=disposition-notification; boundary=edge",
            "subject": "Read: Your question",
            **more,
        },
    )


def test_a_read_receipt_names_our_mail_and_is_no_bounce():
    read = parse(
        receipt(
            "Reporting-UA: x\nFinal-Recipient: rfc822;dora@x.test\nOriginal-Message-ID: <ours@desk.test>\n"
            "Disposition: manual-action/MDN-sent-manually; displayed"
        )
    )
    assert (read.is_disposition, read.original_message_id) == (True, "ours@desk.test")
    assert (read.is_bounce, read.is_auto_reply, read.bounced_addresses) == (False, False, ())
    assert read.automated_reason.startswith("multipart/report")


def test_a_read_receipt_that_came_back_undelivered_says_so_as_a_receipt():
    read = parse(receipt("Disposition: automatic-action/MDN-sent-automatically; deleted", return_path="<>"))
    assert (read.is_disposition, read.is_bounce) == (True, False)


def test_a_receipt_without_an_id_is_about_the_mail_it_answers():
    read = parse(
        receipt("Disposition: manual-action/MDN-sent-manually; displayed", references="<a@x> <ours@desk.test>")
    )
    assert read.original_message_id == "ours@desk.test"


def test_an_ordinary_mail_is_neither():
    read = parse(text_mail("Hello", in_reply_to="<ours@desk.test>"))
    assert (read.is_disposition, read.is_feedback_report, read.original_message_id) == (False, False, "")
