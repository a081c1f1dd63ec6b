"""A mail that is more than words says so: encrypted, signed, sent to these."""

# ruff: noqa: E501 - mails have long lines
import base64

import pytest

from tests.tickets.channels.email.mails import mail, multipart, text_mail
from tickets.channels.email.parsing import parse

PGP_MIME = multipart(
    "Content-Type: application/pgp-encrypted\n\nVersion: 1",
    "Content-Type: application/octet-stream; name=encrypted.asc\n\n-----BEGIN PGP MESSAGE-----\n\nhQEM\n-----END PGP MESSAGE-----",
    content_type='multipart/encrypted; protocol="application/pgp-encrypted"; boundary=edge',
)
SIGNED_DATA = base64.b64encode(bytes.fromhex("308006092a864886f70d010702a080308002010131")).decode()
ENVELOPED = base64.b64encode(bytes.fromhex("308006092a864886f70d010703a080308002010031")).decode()


def smime(content: str, parameters: str = "") -> bytes:
    return mail(
        content,
        mime_version="1.0",
        content_type=f"application/pkcs7-mime; name=smime.p7m{parameters}",
        content_transfer_encoding="base64",
    )


def signed(kind: str) -> bytes:
    return multipart(
        "Content-Type: text/plain\n\nHello",
        f"Content-Type: {kind}; name=x\n\nMIIB",
        content_type=f'multipart/signed; protocol="{kind}"; boundary=edge',
    )


@pytest.mark.parametrize(
    ("raw", "marks"),
    [
        (PGP_MIME, ("encrypted",)),
        (smime(ENVELOPED, "; smime-type=enveloped-data"), ("encrypted",)),
        (smime(ENVELOPED, "; smime-type=authEnveloped-data"), ("encrypted",)),
        (smime(ENVELOPED), ("encrypted",)),
        (smime(SIGNED_DATA, "; smime-type=signed-data"), ("signed",)),
        (smime(SIGNED_DATA), ("signed",)),
        (smime("AAAA"), ()),
        (signed("application/pgp-signature"), ("signed",)),
        (signed("application/pkcs7-signature"), ("signed",)),
        (signed("application/x-pkcs7-signature"), ("signed",)),
        (text_mail("-----BEGIN PGP MESSAGE-----\n\nhQEM\n-----END PGP MESSAGE-----\n"), ("encrypted",)),
        (text_mail("Why do I see\n> -----BEGIN PGP MESSAGE-----\n> hQEM\nin your mail?"), ()),
        (text_mail("What does -----BEGIN PGP MESSAGE----- mean?"), ()),
        (text_mail("Hello"), ()),
    ],
)
def test_what_is_encrypted_or_signed_is_marked(raw, marks):
    assert parse(raw).marks == marks


def test_sealed_parts_are_kept_as_files():
    assert [one.filename for one in parse(PGP_MIME).attachments] == ["version.txt", "encrypted.asc"]
    assert parse(PGP_MIME).text == ""
    assert [one.filename for one in parse(smime(ENVELOPED)).attachments] == ["smime.p7m"]
    read = parse(signed("application/pgp-signature"))
    assert (read.text, [one.content for one in read.attachments]) == ("Hello", [b"MIIB"])


def test_what_is_new_in_a_text_signed_inline_is_its_words():
    body = (
        "-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\n\nIt works now.\n- - one\n\nOn 03/02/2026 14:05, Ana wrote:\n> Well?\n"
        "-----BEGIN PGP SIGNATURE-----\nVersion: 1\n\niQEz\n-----END PGP SIGNATURE-----\n"
    )
    read = parse(text_mail(body))
    assert read.new_text == "It works now.\n- one"
    assert (read.text, read.marks) == (body, ("signed",))


def test_everybody_a_mail_was_sent_to_is_named_once():
    raw = mail(
        to="Support <Support@Desk.test>, a@x.test",
        cc="b@x.test",
        delivered_to="support+7f3a@desk.test",
        x_original_to="<support+7F3A@desk.test>",
        envelope_to="c@x.test",
        apparently_to="d@x.test",
        resent_to="e@x.test",
    )
    assert parse(raw).recipients == (
        "support@desk.test", "a@x.test", "b@x.test", "support+7f3a@desk.test", "c@x.test", "d@x.test", "e@x.test",
    )  # fmt: skip


def test_a_server_that_noted_several_recipients_is_heard_in_full():
    raw = (
        b"From: a@x.test\nDelivered-To: one@desk.test\nDelivered-To: two@desk.test\nReceived: for <no@desk.test>\n\nHi"
    )
    assert parse(raw).recipients == ("one@desk.test", "two@desk.test")


def test_a_mail_to_nobody_has_no_recipients():
    assert parse(mail(to="undisclosed-recipients:;")).recipients == ()
