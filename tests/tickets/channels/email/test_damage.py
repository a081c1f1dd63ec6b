"""Mails that were damaged on the way, by other programs or on purpose are read as far as they can be, and never fail."""

# ruff: noqa: E501 - mails have long lines
import dataclasses

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.tickets.channels.email.mails import html_mail, mail, multipart, text_mail
from tests.tickets.channels.email.replies import LANGUAGES
from tests.tickets.channels.email.test_containers import CODEPAGE, FILE, LONG_NAME, container, winmail
from tests.tickets.channels.email.test_invitations import OUTLOOK_ZONE, calendar
from tickets.channels.email.parsing import Address, MailTooComplex, ParsedMail, parse, parse_plain


def test_of_a_header_that_is_there_twice_the_first_counts():
    raw = (
        b"From: dora@x.test\nSubject: first\nSubject: second\nDate: Tue, 03 Feb 2026 14:05:06 +0100\nDate: nonsense\n"
        b"Message-ID: <a@x>\nMessage-ID: <b@x>\nIn-Reply-To: <c@x>\nIn-Reply-To: <d@x>\n"
        b"Content-Type: text/plain; charset=utf-8\nContent-Type: text/html\n\nHello"
    )
    read = parse(raw)
    assert (read.subject, read.message_id, read.in_reply_to, read.html) == ("first", "a@x", ("c@x",), "")
    assert read.date is not None


def test_all_recipients_of_a_header_that_is_there_twice_count():
    read = parse(b"From: dora@x.test\nTo: a@x.test\nTo: b@x.test\n\nHello")
    assert read.to == (Address("", "a@x.test"), Address("", "b@x.test"))


@pytest.mark.parametrize(
    "raw",
    [
        b"From: dora@x.test\x00\nSubject: a\x00b\n\nHel\x00lo",
        b"\x00From: dora@x.test\nSubject: ab\n\nHello",
        b"From: dora@x.test\nSubject: =?utf-8?q?a=00b?=\n\nHello",
        b"From: dora@x.test\nSubject: ab\nContent-Type: text/html; charset=utf-16\n\n" + "<p>Hello".encode("utf-16"),
    ],
)
def test_nul_bytes_reach_nobody(raw):
    read = parse(raw)
    assert "Hello" in read.text.replace("\x00", "")
    assert "\x00" not in repr(dataclasses.astuple(read)).replace("\\x00", "\x00")


@pytest.mark.parametrize(
    ("body", "parameters", "text"),
    [
        ("One \ntwo.", "; format=flowed", "One two."),
        ("One \ntwo.", "; format=flowed; delsp=no", "One two."),
        ("One \ntwo.", "; FORMAT=Flowed; DelSp=YES", "Onetwo."),
        ("One \ntwo.", "", "One \ntwo."),
        ("> One \n> two.\n>> three \n>> four", "; format=flowed", "> One two.\n>> three four"),
        ("> One \ntwo.", "; format=flowed", "> One \ntwo."),
        (" From here\n >not a quote", "; format=flowed", "From here\n>not a quote"),
        ("One\n-- \nDora", "; format=flowed", "One\n-- \nDora"),
    ],
)
def test_flowed_text_is_joined_as_its_standard_says(body, parameters, text):
    assert parse(mail(body, content_type=f"text/plain; charset=utf-8{parameters}")).text == text


@pytest.mark.parametrize(
    ("content", "declared"),
    [
        ("Grüße aus Köln, schöne Straße".encode("cp1252"), "utf-8"),
        ("Grüße aus Köln, schöne Straße".encode(), "iso-8859-1x"),
        ("Grüße aus Köln, schöne Straße".encode("cp1252"), "us-ascii"),
        ("Grüße aus Köln, schöne Straße".encode(), "ascii"),
        ("Grüße aus Köln, schöne Straße".encode(), "default"),
        ("Grüße aus Köln, schöne Straße".encode(), "utf8mb4"),
        ("Grüße aus Köln, schöne Straße".encode("cp1252"), "8bit"),
    ],
)
def test_a_text_is_read_whatever_charset_it_claims(content, declared):
    assert parse(mail(content, content_type=f"text/plain; charset={declared}")).text == "Grüße aus Köln, schöne Straße"


@pytest.mark.parametrize(
    "html",
    [
        '<div>It works.</div><div id="x_x_divRplyFwdMsg">Old words</div>',
        '<div>It works.</div><hr id="zwchr" data-marker="__DIVIDER__"><div>Old words</div>',
        '<div>It works.</div><div name="messageReplySection">Old words</div>',
        '<div>It works.</div><div class="ydp5yahoo_quoted">Old words</div>',
        '<div>It works.</div><div class="gmail_quote"><div class="gmail_attr">3. leden 2026 14:05 &lt;ana@desk.test&gt;:</div><blockquote class="gmail_quote">Old words</blockquote></div>',
        '<div>It works.</div><div name="quote" style="border-left:2px solid #C3D9E5"><div><b>Gesendet:</b> Dienstag<br><b>Von:</b> Ana<br><b>An:</b> dora@x.test<br><b>Betreff:</b> Hilfe</div><div>Old words</div></div>',
    ],
)
def test_the_markup_of_other_programs_ends_what_is_new(html):
    read = parse(html_mail(html))
    assert read.new_text == "It works."
    assert "Old words" in read.text


REPORT = multipart(
    "Content-Type: text/plain\n\nYour message could not be delivered.",
    "Content-Type: message/delivery-status\n\nReporting-MTA: dns; x\n\nFinal-Recipient: rfc822; a@x.test\nAction: failed\nStatus: 5.1.1\nDiagnostic-Code: smtp; 550 no",
    "Content-Type: message/rfc822\n\nMessage-ID: <ours@desk.test>\nTo: a@x.test\n\nHi",
    content_type="multipart/report; report-type=delivery-status; boundary=edge",
    From="MAILER-DAEMON@x.test",
)
COMPLAINT = REPORT.replace(b"delivery-status", b"feedback-report").replace(b"Action: failed", b"Feedback-Type: abuse")
RECEIPT = REPORT.replace(b"delivery-status", b"disposition-notification")
INVITATION = multipart(
    "Content-Type: text/plain\n\nMeet",
    b"Content-Type: text/calendar; method=REQUEST\n\n"
    + calendar("SUMMARY:x", "DTSTART;TZID=W. Europe Standard Time:20260329T010000", "DURATION:PT1H", zone=OUTLOOK_ZONE),
    kind="alternative",
)
SEALED = multipart(
    "Content-Type: text/plain\n\n-----BEGIN PGP SIGNED MESSAGE-----\nHash: x\n\nHi\n-----BEGIN PGP SIGNATURE-----\nx\n-----END PGP SIGNATURE-----",
    "Content-Type: application/pkcs7-mime; name=smime.p7m\nContent-Transfer-Encoding: base64\n\nMIAGCSqGSIb3DQEHAqCAMIACAQExDzAN",
    content_type="multipart/signed; boundary=edge",
)
REPLY = text_mail(
    f"{LANGUAGES['de'].reply}\n\n{LANGUAGES['de'].lines['gmail']}\n> {LANGUAGES['de'].old}\n\n-- \nDora",
    in_reply_to="<a@x>",
    x_auto_response_suppress="All",
)
WINMAIL = winmail(container(CODEPAGE, FILE, LONG_NAME))
MODELS = [REPORT, COMPLAINT, RECEIPT, INVITATION, SEALED, REPLY, WINMAIL]
PIECES = [
    b"\n", b"\r\n", b"\r", b"\x00", b"\xff", b" ", b"--edge\n", b"--edge--\n", b"\n\n", b"; ", b'"', b"=", b":", b"<", b">",
    b"Content-Type: multipart/mixed; boundary=edge\n\n", b"From: b@x.test\n", b"Content-Transfer-Encoding: base64\n",
    b"Content-Type: message/rfc822\n\n", b"charset*0*=utf-8''%ff;", b"BEGIN:VEVENT\n", b"Action: delayed\n",
]  # fmt: skip


def damaged(data: st.DataObject, raw: bytes) -> bytes:
    """The mail with pieces cut out, doubled, swapped, put in, or its end missing."""
    for _ in range(data.draw(st.integers(1, 8))):
        start = data.draw(st.integers(0, len(raw)))
        end = min(len(raw), start + data.draw(st.integers(0, 200)))
        what = data.draw(st.sampled_from(["insert", "cut", "double", "move", "end"]))
        if what == "insert":
            raw = raw[:start] + data.draw(st.sampled_from(PIECES)) + raw[start:]
        elif what == "cut":
            raw = raw[:start] + raw[end:]
        elif what == "double":
            raw = raw[:end] + raw[start:end] + raw[end:]
        elif what == "move":
            raw = raw[:start] + raw[end:] + raw[start:end]
        elif start > len(raw) // 2:
            raw = raw[:start]
    return raw


def assert_storable(read: ParsedMail) -> None:
    """No text of it holds what a database refuses."""
    waiting: list[object] = [dataclasses.asdict(read)]
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            waiting.extend(value.values())
        elif isinstance(value, list | tuple):
            waiting.extend(value)
        elif isinstance(value, str):
            assert "\x00" not in value
            value.encode()


@pytest.mark.timeout(120)
@pytest.mark.parametrize(
    "model", MODELS, ids=["report", "complaint", "receipt", "invitation", "sealed", "reply", "winmail"]
)
@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_t39_1_no_damage_makes_a_mail_fail(model, data):
    raw = damaged(data, model)
    try:
        read = parse(raw, trusted_authserv_id="mx.desk.test")
    except MailTooComplex:
        read = None
    plain = parse_plain(raw)
    assert plain.marks[-1] == "too_complex"
    for one in (read, plain):
        if one is not None:
            assert [warning for warning in one.warnings if "could not be read" in warning] == []
            assert_storable(one)


@pytest.mark.timeout(120)
@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.one_of(st.binary(max_size=400), st.lists(st.sampled_from(PIECES), max_size=40).map(b"".join)))
def test_any_bytes_are_read_plainly(raw):
    plain = parse_plain(raw)
    assert [warning for warning in plain.warnings if "could not be read" in warning] == []
    assert_storable(plain)


SLOW = {
    "delimiters": b"Content-Type: multipart/mixed; boundary=b\n\n" + b"--b\n" * 250_000,
    "headers": b"From: a@x.test\n" + b"X: y\n" * 200_000,
    "folds": b"From: a@x.test\nX: y\n" + b" z\n" * 300_000,
    "no-header": b"x" * 1_000_000,
    "colons": b":" * 1_000_000,
    "blank": b"\n" * 1_000_000,
}


@pytest.mark.timeout(30)
@pytest.mark.parametrize("raw", SLOW.values(), ids=SLOW.keys())
def test_t38_1_no_mail_takes_long_to_be_read_plainly(raw):
    assert parse_plain(raw).marks == ("too_complex",)


def test_t07_1_a_mail_without_an_id_has_none():
    assert parse(mail("Hello")).message_id == ""
