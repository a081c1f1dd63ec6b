"""explain_mail shows what was read, to people and to programs, and never dies."""

# ruff: noqa: E501 - mails have long lines
import io
import json
import sys

import pytest

from tests.tickets.channels.email.mails import mail, multipart, text_mail
from tickets.channels.email.explaining import explanation, facts_of
from tickets.channels.email.parsing import parse
from tickets.management.commands import explain_mail

KEYS = {
    "from_addr", "from_name", "to", "cc", "subject", "date_utc", "message_id", "in_reply_to", "references", "text", "new_text",
    "new_text_with_signature", "attachments", "inline_images", "is_auto_reply", "is_bounce", "bounced_address", "charset",
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
    ],
)  # fmt: skip
def test_people_are_told_what_would_happen_and_why(raw, words):
    told = explanation(parse(raw))
    assert words in told
    for title in ("From", "Subject", "What is new", "Attachments", "What the helpdesk would do"):
        assert f"{title}\n" in told


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
