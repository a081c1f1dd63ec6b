"""Outgoing mail as bytes: text and HTML, threading headers, and nothing in a header that could start a new one."""

import re
from collections.abc import Sequence
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import EmailPolicy
from email.utils import format_datetime

from django.template.loader import render_to_string

from tickets import texts
from tickets.models import Attachment, Delivery, OutgoingMail

_ID = re.compile(r"[^\s<>\x00-\x1f\x7f]{1,900}\Z")
_ADDRESS = re.compile(r"[^\s<>,;:\"()\\\x00-\x1f\x7f]+@[^\s<>,;:\"()\\@\x00-\x1f\x7f]+\Z")


_AS_THEY_ARE = {"message-id", "in-reply-to", "references", "list-unsubscribe", "list-unsubscribe-post"}


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


class NotAnAddress(ValueError):
    """A recipient nobody can send to."""


def ascii_domain(address: str) -> str:
    """An address with its domain as DNS spells it; as it is where that cannot be."""
    local, at, domain = address.rpartition("@")
    try:
        return f"{local}{at}{domain.encode('idna').decode()}" if not domain.isascii() else address
    except UnicodeError:
        return address


def mailbox(address: str, name: str = "") -> Address:
    """An address header's value. Raises NotAnAddress."""
    if not _ADDRESS.match(address):
        raise NotAnAddress(f"{address!r} is not an address mail can be sent to.")
    try:
        return Address(display_name=texts.line(name, 100), addr_spec=ascii_domain(address))
    except (ValueError, MessageError) as error:  # letters beyond ASCII before the @, and what a parser stumbles over
        raise NotAnAddress(f"{address!r} is not an address mail can be sent to.") from error


def compose(delivery: Delivery) -> bytes:
    """The mail of a delivery, the same bytes' worth at every attempt. Raises NotAnAddress."""
    mail = delivery.mail
    message = EmailMessage(policy=POLICY)
    message["From"] = mailbox(mail.inbox.address, mail.inbox.sender_name or mail.inbox.name)
    message["To"] = [mailbox(address) for address in mail.to]
    if mail.cc:
        message["Cc"] = [mailbox(address) for address in mail.cc]
    message["Subject"] = texts.line(mail.subject)
    message["Date"] = format_datetime(mail.created_at)
    message["Message-ID"] = f"<{mail.message_id}>"
    if _ID.match(mail.in_reply_to):
        message["In-Reply-To"] = f"<{mail.in_reply_to}>"
    if ids := [i for i in mail.references if _ID.match(i)]:
        message["References"] = " ".join(f"<{i}>" for i in ids)
    for name, value in mail.headers.items():
        message[name] = texts.line(str(value), 900)
    message.set_content(_text(mail), cte="quoted-printable")
    message.add_alternative(_html(mail), subtype="html", cte="quoted-printable")
    for attachment in _attachments(mail):
        maintype, _, subtype = attachment.content_type.partition("/")
        message.add_attachment(
            attachment.file.read(), maintype=maintype or "application", subtype=subtype or "octet-stream",
            filename=attachment.filename,
        )  # fmt: skip
    return message.as_bytes()


def _text(mail: OutgoingMail) -> str:
    signature = mail.inbox.signature.strip() if mail.said_id else ""
    return f"{mail.text}\n\n-- \n{signature}\n" if signature else f"{mail.text}\n"


def _html(mail: OutgoingMail) -> str:
    if mail.html:
        return mail.html
    return render_to_string(
        "tickets/mail/reply.html",
        {
            "body": texts.paragraphs(mail.text),
            "signature": texts.paragraphs(mail.inbox.signature) if mail.said_id else "",
        },
    )


def _attachments(mail: OutgoingMail) -> Sequence[Attachment]:
    if mail.said_id is None:
        return ()
    return list(Attachment.objects.filter(message_id=mail.said_id).select_related("file"))
