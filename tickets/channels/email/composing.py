"""Outgoing mail as bytes: text and HTML, threading headers, and nothing in a header that could start a new one.

Everything a mail says was fixed when it was written, and so are its boundaries: every attempt sends the same bytes.
"""

import re
from collections.abc import Iterable, Sequence
from email.headerregistry import Address
from email.message import EmailMessage, MIMEPart
from email.policy import EmailPolicy
from email.utils import format_datetime
from hashlib import sha256

from django.template.loader import render_to_string
from django.utils.html import format_html

from helpdesk.models import File
from tickets import minting, rich_text, texts
from tickets.channels.email.mail_addresses import NeedsUtf8, NotAnAddress, ascii_domain, has_other_letters, mailbox
from tickets.models import Attachment, Delivery, MailPicture, OutgoingMail

__all__ = ["NeedsUtf8", "NotAnAddress", "Parts", "ascii_domain", "compose", "envelope_sender", "mailbox", "parts"]

_ID = re.compile(r"[^\s<>\x00-\x1f\x7f]{1,900}\Z")
_HEADER_NAME = re.compile(r"[A-Za-z][A-Za-z0-9-]*\Z")
_PICTURE = re.compile(r"\[image: ([^\]\n]{1,250})\]\Z")
_AS_THEY_ARE = {"message-id", "in-reply-to", "references", "list-unsubscribe", "list-unsubscribe-post", "content-id"}
_SHOWN = '<p><img src="cid:{}" alt="{}" style="max-width:100%;height:auto"></p>'
_Purpose = OutgoingMail.Purpose
#: mails people answer carry a word by which the answer finds its ticket, should a provider change the Message-ID
_REFERRED = (_Purpose.REPLY, _Purpose.FORWARD, _Purpose.ACKNOWLEDGEMENT)
#: nobody wants to hear that these did not arrive (RFC 3834 §3.3)
_UNANSWERED = (_Purpose.ACKNOWLEDGEMENT, _Purpose.NOTICE)


class _Policy(EmailPolicy):
    """As SMTP wants it; identifiers and links are folded between words and never encoded, however long they are."""

    def _fold(self, name: str, value: str, refold_binary: bool = False) -> str:
        if name.lower() not in _AS_THEY_ARE:
            return super()._fold(name, value, refold_binary)  # type: ignore[misc]
        rows = [f"{name}:"]
        for word in str(value).split():
            if len(rows[-1]) + len(word) >= 78 and rows[-1] != f"{name}:":
                rows.append("")
            rows[-1] += f" {word}"
        return "\r\n".join(rows) + "\r\n"


POLICY = _Policy(linesep="\r\n")
POLICY_UTF8 = _Policy(linesep="\r\n", utf8=True)


class Infected(NotAnAddress):
    """A file that nobody should be sent: as with an address that is none, trying again does not help."""


class Parts:
    """What a mail is made of, for SMTP and for providers' APIs alike."""

    def __init__(self, mail: OutgoingMail) -> None:
        self.mail = mail
        attachments = list(_attachments(mail))
        if infected := next((a for a in attachments if a.file.scan == File.Scan.INFECTED), None):
            raise Infected(f"{infected.filename} is infected ({infected.file.threat}): it is not sent.")
        named = {a.filename: a for a in reversed(attachments) if a.is_inline and _ID.match(a.content_id)}
        shown = {row[1] for line in mail.text.split("\n") if (row := _PICTURE.match(line.strip()))}
        if mail.html:
            self.pictures = [a for a in named.values() if f"cid:{a.content_id}" in mail.html]
        else:
            self.pictures = [a for name, a in named.items() if name in shown]
        self.files = [a for a in attachments if a not in self.pictures]

    @property
    def text(self) -> str:
        mail = self.mail
        signature = f"-- \n{mail.signature}" if mail.signature else ""
        word = f"Ref: {token}" if (token := _reference(mail)) else ""
        return "\n\n".join(part for part in (mail.text, signature, mail.quoted_text, word) if part) + "\n"

    @property
    def html(self) -> str:
        mail = self.mail
        if mail.html and not mail.said_id:
            return mail.html
        return render_to_string(
            "tickets/mail/reply.html",
            {
                "body": rich_text.in_mail(mail.html) if mail.html else _body(mail.text, self.pictures),
                "signature": texts.paragraphs(mail.signature),
                "quoted": mail.quoted_html,
                "reference": _reference(mail),
            },
        )

    def headers(self) -> dict[str, str]:
        """All but From, To, Cc, Reply-To and Subject."""
        mail = self.mail
        found = {"Date": format_datetime(mail.created_at), "Message-ID": f"<{mail.message_id}>"}
        if _ID.match(mail.in_reply_to):
            found["In-Reply-To"] = f"<{mail.in_reply_to}>"
        if ids := [i for i in mail.references if _ID.match(i)]:
            found["References"] = " ".join(f"<{i}>" for i in ids)
        more = {name: texts.line(str(value), 900) for name, value in mail.headers.items() if _HEADER_NAME.match(name)}
        return found | more


def parts(mail: OutgoingMail) -> Parts:
    """What a mail is made of; reads its attachments' rows."""
    return Parts(mail)


def envelope_sender(delivery: Delivery) -> str:
    """Where reports about this delivery go: an address of its own where the inbox can have one.

    Else the inbox's; and nobody for what must never be answered by machines.
    """
    mail = delivery.mail
    if delivery.token and (address := minting.signed_address(mail.inbox, "bounce", delivery.token)):
        return ascii_domain(address)
    return "" if mail.purpose in _UNANSWERED else ascii_domain(mail.inbox.address)


def compose(delivery: Delivery, *, utf8: bool = False) -> bytes:
    """The mail of a delivery, the same bytes at every attempt. Raises NotAnAddress.

    Without `utf8`, companions whose addresses have other letters are left out of the headers, as they cannot be
    written there; NeedsUtf8 is raised where it is the recipient's or our own.
    """
    mail = delivery.mail
    if not utf8 and (has_other_letters(delivery.recipient) or has_other_letters(mail.inbox.address)):
        raise NeedsUtf8(f"{delivery.recipient!r} has letters that the mail server cannot take (SMTPUTF8).")
    mailbox(delivery.recipient)
    made = Parts(mail)
    message = EmailMessage(policy=POLICY_UTF8 if utf8 else POLICY)
    message["From"] = mailbox(mail.inbox.address, mail.inbox.sender_name or mail.inbox.name)
    for name, addresses in (("To", mail.to), ("Cc", mail.cc), ("Reply-To", [mail.reply_to])):
        if named := _named(addresses, utf8):
            message[name] = named
    message["Subject"] = texts.line(mail.subject)
    for name, value in made.headers().items():
        message[name] = value
    message.set_content(made.text, cte="quoted-printable")
    message.add_alternative(made.html, subtype="html", cte="quoted-printable")
    _add_pictures(message, made.pictures)
    for attachment in made.files:
        maintype, subtype = _type(attachment)
        message.add_attachment(
            attachment.file.read(), maintype=maintype, subtype=subtype, filename=texts.filename(attachment.filename)
        )
    _fix_boundaries(message, mail.message_id)
    return message.as_bytes()


def _named(addresses: Iterable[str], utf8: bool) -> list[Address]:
    """The addresses of a header; one nobody could send to is left out and does not stop the others."""
    found = []
    for address in addresses:
        if address and (utf8 or not has_other_letters(address)):
            try:
                found.append(mailbox(address))
            except NotAnAddress:
                continue
    return found


def _add_pictures(message: EmailMessage, pictures: Sequence[Attachment | MailPicture]) -> None:
    alternatives = message.get_payload()
    assert isinstance(alternatives, list)
    html = alternatives[1]
    assert isinstance(html, MIMEPart)
    for picture in pictures:
        maintype, subtype = _type(picture)
        html.add_related(
            picture.file.read(), maintype=maintype, subtype=subtype, cid=f"<{picture.content_id}>",
            filename=texts.filename(picture.filename), disposition="inline",
        )  # fmt: skip


def _fix_boundaries(message: EmailMessage, message_id: str) -> None:
    for n, part in enumerate(message.walk()):
        if part.is_multipart():
            part.set_boundary(f"=_{sha256(f'{message_id} {n}'.encode()).hexdigest()[:32]}")


def _type(attachment: Attachment | MailPicture) -> tuple[str, str]:
    maintype, _, subtype = texts.media_type(attachment.content_type).partition("/")
    return maintype, subtype


def _reference(mail: OutgoingMail) -> str:
    token = mail.message_id.partition("@")[0]
    return token if mail.purpose in _REFERRED and minting.is_token(token) else ""


def _body(text: str, pictures: Sequence[Attachment | MailPicture]) -> str:
    """Plain text as HTML, with pictures where a line says [image: name]."""
    named = {picture.filename: picture for picture in pictures}
    blocks: list[str] = []
    rows: list[str] = []
    for row in text.split("\n"):
        found = _PICTURE.match(row.strip())
        picture = named.get(found[1]) if found else None
        if picture is None:
            rows.append(row)
            continue
        blocks.append(texts.paragraphs("\n".join(rows)))
        blocks.append(format_html(_SHOWN, picture.content_id, picture.filename))
        rows = []
    blocks.append(texts.paragraphs("\n".join(rows)))
    return "\n".join(block for block in blocks if block)


def _attachments(mail: OutgoingMail) -> Sequence[Attachment | MailPicture]:
    if mail.said_id is None:
        is_ours = mail.purpose == _Purpose.NOTICE and "cid:" in mail.html
        return list(mail.pictures.select_related("file")) if is_ours else ()
    return list(Attachment.objects.filter(message_id=mail.said_id).select_related("file"))
