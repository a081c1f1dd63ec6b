"""explain_mail shows what was read, to people and to programs, and never dies."""

# ruff: noqa: E501 - mails have long lines
import io
import json
import sys

import pytest
from django.core.management import call_command

from tests.tickets.channels.email.mails import mail, multipart, text_mail
from tickets.channels.email.explaining import explanation, facts_of
from tickets.channels.email.parsing import parse
from tickets.management.commands import explain_mail

KEYS = {
    "from_addr", "from_name", "to", "cc", "subject", "date_utc", "message_id", "in_reply_to", "references", "text", "new_text",
    "new_text_with_signature", "attachments", "inline_images", "is_auto_reply", "is_bounce", "bounced_address", "charset",
    "marks", "recipients", "invitation", "bounces", "is_delay", "is_feedback_report", "feedback_type", "is_disposition",
    "original_message_id", "automated_reason", "warnings",
}  # fmt: skip


def test_the_facts_are_json_with_these_keys():
    facts = facts_of(multipart("Content-Type: text/plain\n\nHi", "Content-Type: image/png; name=a.png\n\nx"))
    assert set(facts) == KEYS
    assert set(facts["attachments"][0]) == {"filename", "content_type", "size", "sha256"}
    json.dumps(facts)


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        (mail(auto_submitted="auto-replied"), "kept and shown as automated, nothing answered, because Auto-Submitted: auto-replied"),
        (mail(From="a@x.test, b@x.test"), "cannot be trusted: From names more than one mailbox."),
        (mail(in_reply_to="<ours@desk.test>"), "continue the ticket of the message <ours@desk.test>"),
        (mail(), "open a new ticket"),
        (text_mail("Unable to deliver.\n<gone@x.test>: user unknown", From="MAILER-DAEMON@x.test", subject="failure notice"), "could not be delivered to gone@x.test"),
        (multipart("Content-Type: message/feedback-report\n\nFeedback-Type: abuse\nOriginal-Rcpt-To: d@x.test", content_type="multipart/report; report-type=feedback-report; boundary=edge"), "complaint (abuse): d@x.test did not want a message of ours"),
        (multipart("Content-Type: message/disposition-notification\n\nOriginal-Message-ID: <ours@desk.test>", content_type="multipart/report; report-type=disposition-notification; boundary=edge"), "read receipt for the message <ours@desk.test>"),
        (multipart("Content-Type: text/calendar; method=REQUEST\n\nBEGIN:VCALENDAR\nBEGIN:VEVENT\nSUMMARY:Lunch\nDTSTART:20260203T110000Z"), "Lunch, 2026-02-03 11:00:00+00:00"),
        (multipart("Content-Type: text/calendar; method=REQUEST\n\nBEGIN:VCALENDAR\nBEGIN:VEVENT\nSUMMARY:Fair\nDTSTART;VALUE=DATE:20260203\nDURATION:P2D"), "Fair, 2026-02-03 to 2026-02-05"),
        (text_mail("-----BEGIN PGP MESSAGE-----\n\nhQ\n-----END PGP MESSAGE-----"), "It is encrypted"),
    ],
)  # fmt: skip
def test_people_are_told_what_would_happen_and_why(raw, words):
    told = explanation(parse(raw))
    assert words in told
    for title in ("From", "Subject", "What is new", "Attachments", "What it is besides", "What the helpdesk would do"):
        assert f"{title}\n" in told


def test_the_facts_of_an_invitation_are_json_too():
    raw = multipart(
        "Content-Type: text/calendar; method=REQUEST\n\nBEGIN:VCALENDAR\nBEGIN:VEVENT\nSUMMARY:Lunch\nDTSTART;VALUE=DATE:20260203"
    )
    facts = json.loads(json.dumps(facts_of(raw)))
    assert (facts["invitation"]["summary"], facts["invitation"]["start"], facts["marks"]) == ("Lunch", "2026-02-03", ["invitation"])  # fmt: skip


def test_a_mail_over_the_caps_is_explained_as_it_would_be_shown(tmp_path, capsys):
    (tmp_path / "long.eml").write_bytes(mail("Hello", x_long="x" * 300_000))
    call_command("explain_mail", tmp_path / "long.eml")
    told = capsys.readouterr().out
    assert "dora@customer.test" in told
    assert "too large or too complex" in told


def test_the_stream_answers_every_line_and_survives_what_cannot_be_read(tmp_path, monkeypatch):
    good, deep = tmp_path / "good.eml", tmp_path / "deep.eml"
    good.write_bytes(mail())
    deep.write_bytes(b"X: " + b"x" * 300_000 + b"\n\nHi")
    lines = f"{good}\n/nowhere/at/all\n\n{tmp_path}\n{deep}\n{good}\n".encode()
    out = io.BytesIO()
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(lines)))
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(out, write_through=True))
    explain_mail.stream()
    answers = [json.loads(line) for line in out.getvalue().splitlines()]
    assert ["error" in answer for answer in answers] == [False, True, True, True, False]
    assert answers[0]["subject"] == "Help"


def test_the_command_asks_for_no_checks():
    assert explain_mail.Command.requires_system_checks == []
