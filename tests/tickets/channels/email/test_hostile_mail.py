"""No mail stalls the reader, overflows it or makes it fail."""

# ruff: noqa: E501 - mails have long lines
import time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.tickets.channels.email.mails import html_mail, mail, multipart, text_mail
from tickets.channels.email.parsing import MailTooComplex, ParsedMail, content_hash, parse


def nested(depth: int) -> bytes:
    out = ['From: a@x.test\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary="b0"\n\n']
    out += [f'--b{n}\nContent-Type: multipart/mixed; boundary="b{n + 1}"\n\n' for n in range(depth)]
    return ("".join(out) + f"--b{depth}\n\nHi\n").encode()


EMPTY_PARTS = b"From: a@x.test\nContent-Type: multipart/mixed; boundary=b\n\n" + b"--b\n\n" * 100_000 + b"--b--\n"
MANY_FILES = multipart(*["Content-Type: application/x-thing\n\nx"] * 201)


#: seconds of processor; what grows with the square of the input takes minutes, what grows with its length a moment
TOO_LONG = 8


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (nested(300), "nested"),
        (nested(2000), "nested"),
        (EMPTY_PARTS, "parts"),
        (MANY_FILES, "attachments"),
        (b"X-Long: " + b"x" * 300_000 + b"\n\nHi", "header"),
        (b"From: a@x.test\n\n" + b"x" * (50 * 1024 * 1024), "bytes"),
    ],
    ids=["T38.1-300-deep", "T38.1-2000-deep", "T38.1-100000-parts", "files", "header", "size"],
)
def test_t38_1_a_mail_over_the_caps_is_refused_in_words(raw, reason):
    started = time.process_time()
    with pytest.raises(MailTooComplex, match=reason):
        parse(raw)
    assert time.process_time() - started < TOO_LONG


def test_t38_1_a_mail_within_the_caps_is_read():
    assert parse(nested(45)).text.strip() == "Hi"


def test_t38_1_two_thousand_parentheses_in_from_are_read():
    read = parse(b"From: " + b"(" * 2000 + b"\nSubject: s\n\nHi")
    assert (read.sender, read.subject, read.text) == (None, "s", "Hi")


def test_t38_2_mails_within_mails_are_kept_whole_and_not_opened():
    inner = "Content-Type: message/rfc822\n\n" * 60 + "Subject: innermost\n\nHi"
    read = parse(multipart("Content-Type: text/plain\n\nSee attached", inner))
    assert [one.content_type for one in read.attachments] == ["message/rfc822"]


SLOW_TEXTS = {
    "T39.1-on-at-wrote": "a on at wrote" * 4000,
    "T39.1-marks": ">" * 1_000_000,
    "T39.1-on": "On " * 340_000,
    "T39.1-spaces": " " * 100_000 + "\nend",
    "colons": "x:\n" * 20_000,
    "labels": "From:\n" * 20_000,
    "attributions": "On 1/1/2026 10:00 a <a@x.test> wrote\n" * 20_000,
    "closings": "Thanks\n" * 10_000,
    "begins": "begin 644 a\nM\n" * 20_000,
}


@pytest.mark.parametrize("body", SLOW_TEXTS.values(), ids=SLOW_TEXTS.keys())
def test_t39_1_no_text_takes_more_than_its_length(body):
    started = time.process_time()
    read = parse(text_mail("Hello\n" + body))
    assert time.process_time() - started < TOO_LONG
    assert read.text == "Hello\n" + body


def test_t39_1_a_local_part_of_50_kb_is_read_at_once():
    started = time.process_time()
    read = parse(mail(From="x" + ".a" * 25_000 + "@x.test"))
    assert time.process_time() - started < TOO_LONG
    assert read.sender is None
    assert read.sender_problem


SLOW_HTML = {
    "nested": "<div>" * 100_000 + "x",
    "rows": "<table>" + "<tr><td>x" * 20_000,
    "items": "<li>x" * 20_000,
    "attributes": "<div " + " ".join(f"a{n}=1" for n in range(30_000)) + ">x",
    "quoted-attributes": "<div " + " ".join(f'a{n}=">"' for n in range(30_000)) + ">x",
    "options": "<select>" + "<option>" * 50_000,
    "formatting": "<p>" + "".join(f"<b id={n}>" for n in range(1000)) + "</p>" + "<p>x</p>" * 5000,
    "brackets": "<" * 300_000,
    "lists": "<ul>" * 1200 + "<li>x" * 5000,
}


@pytest.mark.parametrize("body", SLOW_HTML.values(), ids=SLOW_HTML.keys())
def test_no_html_takes_more_than_its_length(body):
    started = time.process_time()
    parse(html_mail(body))
    assert time.process_time() - started < TOO_LONG


@pytest.mark.parametrize(
    "charset", ["punycode", "idna", "zlib", "hex", "unicode_escape", "utf-7", "iso8859-99", "x-" * 30, ""]
)
def test_a_charset_that_is_none_costs_no_text(charset):
    assert parse(mail("caf\u00e9 +AOk-", content_type=f"text/plain; charset={charset}")).text


WORDS = [
    b"From: ", b"Content-Type: multipart/mixed; boundary=b\n", b"--b\n", b"--b--", b"\n\n", b"\r\n", b"=?utf-8?q?", b"?=",
    b"<", b">", b'"', b"(", b"\\", b"@", b"*0*=utf-8''%00", b"charset=utf-7", b"Content-Transfer-Encoding: base64\n",
    b"Content-Type: text/html\n\n<p>", b"begin 644 x\n", b"> ", b"On 1/1/2026 10:00 wrote:\n", b"\xff\xfe", b"\x00",
    b"Content-Type: message/delivery-status\n\n", b"Final-Recipient: rfc822;", b"X-Failed-Recipients: ", b"From: MAILER-DAEMON\n",
]  # fmt: skip


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.one_of(
        st.binary(max_size=500),
        st.lists(st.one_of(st.sampled_from(WORDS), st.binary(max_size=12)), max_size=40).map(b"".join),
    )
)
def test_any_bytes_are_read(raw):
    read = parse(raw)
    assert isinstance(read, ParsedMail)
    assert not [warning for warning in read.warnings if "could not be read" in warning]
    for text in (read.text, read.new_text, read.html, read.subject, read.message_id, read.sender_problem):
        assert "\x00" not in text
        text.encode()
    assert len(content_hash(raw)) == 32


MODEL = multipart(
    'Content-Type: text/plain; charset="iso-8859-1"\nContent-Transfer-Encoding: quoted-printable\n\nGr=FC=DFe\n\nOn Mon wrote:\n> hi',
    "Content-Type: text/html\n\n<p>Hi<blockquote>x</blockquote>",
    "Content-Type: image/png; name*0*=utf-8''%E2%82; name*1*=%AC.png\nContent-Transfer-Encoding: base64\n\niVBORw0KGgo=",
    message_id="<a@x.test>",
    references="<b@x.test> <c@x.test>",
    date="Tue, 03 Feb 2026 14:05:06 +0100",
    subject="=?utf-8?b?R3LDvMOfZQ==?=",
)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.lists(
        st.tuples(
            st.integers(0, len(MODEL) - 1), st.integers(0, 30), st.one_of(st.sampled_from(WORDS), st.binary(max_size=4))
        ),
        min_size=1,
        max_size=12,
    )
)
def test_a_damaged_mail_is_read(changes):
    raw = MODEL
    for place, removed, added in changes:
        raw = raw[:place] + added + raw[place + removed :]
    assert not [warning for warning in parse(raw).warnings if "could not be read" in warning]
