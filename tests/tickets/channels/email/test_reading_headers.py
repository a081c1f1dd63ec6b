"""Headers, honest and damaged, become clean text, addresses, ids and instants."""

from datetime import UTC, datetime

import pytest

from tests.tickets.channels.email.mails import mail, text_mail
from tickets.channels.email.parsing import Address, parse


@pytest.mark.parametrize(
    ("raw", "subject"),
    [
        ("Plain words", "Plain words"),
        ("=?utf-8?q?Gr=C3=BC=C3=9Fe?=", "Grüße"),
        ("=?UTF-8?B?R3LDvMOfZQ==?=", "Grüße"),
        ("=?UTF-8?B?R3LDvMOfZQ?=", "Grüße"),
        ("=?utf-8?b?R3LD?= =?utf-8?b?vMOfZQ==?=", "Grüße"),
        ("=?iso-8859-1?q?Caf=E9?= =?utf-8?q?_=E2=82=AC?=", "Café €"),
        ("=?us-ascii?q?How_are_you??=", "How are you?"),
        ("=?utf-8*en?q?Hi?=", "Hi"),
        ("=?no-such-charset?q?Caf=C3=A9?=", "Café"),
        ("folded\n over\n\tlines", "folded over lines"),
        ("=?utf-8?q?broken", "=?utf-8?q?broken"),
        ("=?iso-2022-jp?B?GyRCLSEbKEI=?=", "①"),
        ("\x1b$B$3$s$K$A$O\x1b(B", "こんにちは"),
        ("e\u0301", "é"),
    ],
)
def test_a_subject_is_decoded(raw, subject):
    assert parse(mail(subject=raw)).subject == subject


@pytest.mark.parametrize(("raw", "subject"), [("Grüße".encode(), "Grüße"), ("Grüße".encode("latin-1"), "Grüße")])
def test_a_raw_8_bit_subject_is_read(raw, subject):
    assert (
        parse(b"From: a@x.test\nContent-Type: text/plain; charset=iso-8859-1\nSubject: " + raw + b"\n\nHi").subject
        == subject
    )


def test_t13_1_a_line_break_hidden_in_a_subject_becomes_a_space():
    assert parse(mail(subject="=?utf-8?q?a=0D=0ABcc:_e=40x?=")).subject == "a Bcc: e@x"


def test_t13_2_a_line_break_hidden_in_a_name_becomes_a_space():
    assert parse(mail(From="=?utf-8?q?a=0D=0ABcc=3A_e=40x?= <dora@x.test>")).sender == Address(
        "a Bcc: e@x", "dora@x.test"
    )


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("dora@x.test", Address("", "dora@x.test")),
        ("<dora@x.test>", Address("", "dora@x.test")),
        ("Dora <Dora@X.Test>", Address("Dora", "Dora@x.test")),
        ('"Dora, the \\"first\\"" <dora@x.test>', Address('Dora, the "first"', "dora@x.test")),
        ("=?utf-8?q?D=C3=B6ra?= <dora@x.test>", Address("Döra", "dora@x.test")),
        ('"=?utf-8?q?D=C3=B6ra?=" <dora@x.test>', Address("Döra", "dora@x.test")),
        ("dora@x.test (Dora Example)", Address("Dora Example", "dora@x.test")),
        ("Dora(a (nested) comment) <dora@x.test>", Address("Dora", "dora@x.test")),
        ('"C1@known.test" <dora@x.test>', Address("C1@known.test", "dora@x.test")),
        ("dora@x.test <dora@x.test>", Address("dora@x.test", "dora@x.test")),
        ("Döra <döra@bücher.test>", Address("Döra", "döra@bücher.test")),
        ('"dora"@x.test', Address("", "dora@x.test")),
        ("dora..x@x.test", Address("", "dora..x@x.test")),
        ("dora@[192.0.2.1]", Address("", "dora@[192.0.2.1]")),
    ],
)
def test_one_honest_mailbox_is_the_sender(raw, expected):
    read = parse(mail(From=raw))
    assert (read.sender, read.sender_problem) == (expected, "")


@pytest.mark.parametrize(
    ("raw", "sender"),
    [
        ("boss@corp.test <evil@x.test>", "evil@x.test"),
        ("<boss@corp.test>(<evil@x.test>)", "boss@corp.test"),
        ("boss@corp.test\x00@x.test", None),
        ("<boss@corp.test> <evil@x.test>", "boss@corp.test"),
        ("team: boss@corp.test;", "boss@corp.test"),
        ("<@relay.test:boss@corp.test>", "boss@corp.test"),
        ("boss@corp.test, evil@x.test", None),
        ("Boss boss@corp.test", "boss@corp.test"),
        ("=?utf-8?q?boss=40corp.test?=", None),
        ("=?utf-8?q?Boss_=3Cboss=40corp.test=3E?=", None),
        ("Nobody", None),
        ("", None),
    ],
)
def test_t08_1_a_from_that_parsers_read_differently_is_not_believed(raw, sender):
    read = parse(mail(From=raw))
    assert read.sender_problem
    assert (read.sender.address if read.sender else None) == sender


def test_t08_1_two_from_headers_name_nobody():
    read = parse(b"From: boss@corp.test\nFrom: evil@x.test\n\nHi")
    assert read.sender is None
    assert "two From" in read.sender_problem
    assert read.claimed_sender == Address("", "boss@corp.test")


def test_t08_1_a_verdict_about_another_from_is_a_failure():
    raw = mail(authentication_results="mx.desk.test; dmarc=pass header.from=corp.test")
    assert parse(raw, trusted_authserv_id="mx.desk.test").authentication == "fail"


def test_t08_3_a_known_address_in_a_name_is_only_a_name():
    assert parse(mail(From='"support@desk.test via x" <evil@x.test>')).sender.address == "evil@x.test"


def test_recipients_are_listed_once_each():
    read = parse(mail(to='a@x.test, "B" <b@x.test>; a@x.test', cc="Friends: c@x.test, d@x.test;, undisclosed:;"))
    assert [one.address for one in read.to] == ["a@x.test", "b@x.test"]
    assert [one.address for one in read.cc] == ["c@x.test", "d@x.test"]


def test_ids_lose_their_brackets():
    read = parse(
        mail(message_id="<one@x.test>", in_reply_to="Your mail of today <two@x.test>", references="<a@x>\n <b@x>")
    )
    assert (read.message_id, read.in_reply_to, read.references) == ("one@x.test", ("two@x.test",), ("a@x", "b@x"))


@pytest.mark.parametrize(
    "raw",
    [
        "Tue, 03 Feb 2026 14:05:06 +0100",
        "Tue, 3 Feb 2026 14:05:06 +0100 (CET)",
        "3 Feb 26 13:05:06 GMT",
        "2026-02-03T13:05:06Z",
        "Tue, 03 Feb 2026 14:05:06 +01:00",
        "Tue Feb  3 13:05:06 2026",
    ],
)
def test_a_date_is_an_instant_in_utc(raw):
    assert parse(mail(date=raw)).date == datetime(2026, 2, 3, 13, 5, 6, tzinfo=UTC)


@pytest.mark.parametrize("raw", ["", "yesterday", "Tue, 99 Foo 2026", "32 Dec 2026 25:61:61"])
def test_a_date_that_is_none_is_none(raw):
    assert parse(mail(date=raw)).date is None


def test_a_line_that_is_no_header_does_not_end_the_header():
    read = parse(b"From: dora@x.test\nthis is no header\nSubject: Still here\n\nBody")
    assert (read.subject, read.text) == ("Still here", "Body")


def test_strings_can_be_stored_as_they_are():
    read = parse(
        text_mail("a\x00b\ud800c".encode("utf-8", "surrogatepass").decode("utf-8", "replace"), subject="x\x00y")
    )
    assert "\x00" not in read.text + read.subject
    read.text.encode()


def test_t06_1_our_own_header_names_mean_nothing_when_they_come_from_outside():
    forged = parse(mail(x_desk_ticket="7", x_desk_skip="1", x_auto_generated="yes", message_id="<a@x>"))
    plain = parse(mail(message_id="<a@x>"))
    assert forged == plain
