"""Bytes in, plain data out: what a mail is, who it claims to be from, what it says that is new.

Nothing here touches a database, and nothing a stranger writes makes it raise, except mail over our caps.
"""

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from tickets.channels.email import (
    addresses,
    authentication,
    automated,
    body,
    bounces,
    charsets,
    headers,
    history,
    limits,
    quoting,
    tree,
)
from tickets.channels.email.addresses import Address
from tickets.channels.email.body import ParsedAttachment
from tickets.channels.email.limits import MailTooComplex

__all__ = ["Address", "MailTooComplex", "ParsedAttachment", "ParsedMail", "content_hash", "parse"]

_T = TypeVar("_T")

_IDENTITY = (
    b"from", b"sender", b"reply-to", b"to", b"cc", b"date", b"subject", b"message-id", b"in-reply-to", b"references",
    b"mime-version", b"content-type", b"content-transfer-encoding",
)  # fmt: skip
_HEADER_END = re.compile(rb"\r?\n\r?\n")
_FOLD = re.compile(rb"\r?\n(?=[ \t])")
_RETURN_PATH = re.compile(r"<([^<>]*)>")


@dataclass(frozen=True, slots=True)
class ParsedMail:
    """One mail, read. Strings hold no control characters and no lone surrogates, so they can be stored as they are."""

    message_id: str  # without <>, "" when there is none
    in_reply_to: tuple[str, ...]
    references: tuple[str, ...]
    sender: Address | None  # the one strict From mailbox; None when there is not exactly one
    sender_problem: str  # why From must not be believed; "" when nothing speaks against it
    reply_to: tuple[Address, ...]
    to: tuple[Address, ...]
    cc: tuple[Address, ...]
    subject: str
    date: datetime | None  # what the sender's clock said, in UTC; for display only
    text: str  # the whole body
    new_text: str  # without quoted history and signature
    new_text_with_signature: str
    html: str  # as it came: sanitise before showing
    charset: str
    attachments: tuple[ParsedAttachment, ...]
    is_auto_reply: bool
    is_bounce: bool
    bounced_addresses: tuple[str, ...]
    bounce_status: str  # RFC 3464, such as 5.1.1
    bounce_action: str  # RFC 3464: failed, delayed, delivered, relayed, expanded
    original_message_id: str  # of the mail that a bounce speaks of
    automated_reason: str  # why nothing may answer by itself; "" for a mail from a person
    is_list: bool
    authentication: str  # pass, fail or unknown, said by our own mail server
    return_path: str
    warnings: tuple[str, ...]
    claimed_sender: Address | None = None  # the best guess at From, to be shown; address "" when only a name is given


def parse(raw: bytes, *, trusted_authserv_id: str = "") -> ParsedMail:
    """Read a mail. Raises MailTooComplex for one over the caps, and nothing else."""
    limits.check(raw)
    warnings: list[str] = []
    return _guarded(
        lambda: _parse(raw, trusted_authserv_id), lambda: _unread(_plain_body(raw).text, warnings), warnings, "The mail"
    )


def _parse(raw: bytes, trusted_authserv_id: str) -> ParsedMail:
    root, warning = tree.read(raw)
    warnings = [warning] if warning else []
    content = _guarded(lambda: body.read(root), lambda: _plain_body(raw), warnings, "The body")
    warnings += content.warnings
    subject = headers.decoded(root.first("subject"), content.charset)
    sender, sender_problem = addresses.strict_sender(root.all("from"), content.charset)
    return_path = _return_path(root)
    in_reply_to = headers.message_ids(root.first("in-reply-to")) if root.first("in-reply-to") else ()
    references = headers.message_ids(" ".join(root.all("references"))) if root.all("references") else ()
    bounce = _guarded(
        lambda: bounces.read(
            root, raw, text=content.text, subject=subject, sender=sender, return_path=return_path,
            known_ids=references or in_reply_to,
        ),
        lambda: None, warnings, "The delivery report",
    )  # fmt: skip
    divided = _guarded(
        lambda: quoting.split(
            content.answer_text, forward=history.is_forward(subject), history_line=content.history_line
        ),
        lambda: quoting.Split(content.text, content.text, False), warnings, "The quotation",
    )  # fmt: skip
    return ParsedMail(
        message_id=headers.message_id(root.first("message-id")) if root.first("message-id") else "",
        in_reply_to=in_reply_to,
        references=references,
        sender=sender,
        sender_problem=sender_problem,
        reply_to=addresses.addresses_in(root.all("reply-to"), content.charset),
        to=addresses.addresses_in(root.all("to"), content.charset),
        cc=addresses.addresses_in(root.all("cc"), content.charset),
        subject=subject,
        date=headers.date(root.first("date")) if root.first("date") else None,
        text=content.text,
        new_text=divided.new_text,
        new_text_with_signature=divided.new_text_with_signature,
        html=content.html,
        charset=content.charset,
        attachments=content.attachments,
        is_auto_reply=bounce is None and bool(automated.is_reply(root, subject)),
        is_bounce=bounce is not None,
        bounced_addresses=bounce.recipients if bounce else (),
        bounce_status=bounce.status if bounce else "",
        bounce_action=bounce.action if bounce else "",
        original_message_id=bounce.original_message_id if bounce else "",
        automated_reason=automated.reason(root, subject, sender, return_path) or ("delivery report" if bounce else ""),
        is_list=automated.is_list(root),
        authentication=_verdict(root, trusted_authserv_id, sender, sender_problem),
        return_path=return_path or "",
        warnings=tuple(warnings),
        claimed_sender=sender or addresses.claimed_sender(root.all("from"), content.charset),
    )


def _unread(text: str, warnings: list[str]) -> ParsedMail:
    """A mail that a defect of ours kept from being read: its text, believed in nothing."""
    return ParsedMail(
        message_id="", in_reply_to=(), references=(), sender=None, sender_problem="The mail could not be read.",
        reply_to=(), to=(), cc=(), subject="", date=None, text=text, new_text=text, new_text_with_signature=text,
        html="", charset="", attachments=(), is_auto_reply=False, is_bounce=False, bounced_addresses=(),
        bounce_status="", bounce_action="", original_message_id="", automated_reason="unreadable", is_list=False,
        authentication=authentication.UNKNOWN, return_path="", warnings=tuple(warnings),
    )  # fmt: skip


def _guarded(read: Callable[[], _T], fallback: Callable[[], _T], warnings: list[str], what: str) -> _T:
    """What `read` answers; when a defect of ours makes it fail, the fallback and a warning: no mail may be lost."""
    try:
        return read()
    except MailTooComplex:
        raise
    except Exception as error:
        warnings.append(f"{what} could not be read ({type(error).__name__}).")
        return fallback()


def _plain_body(raw: bytes) -> body.Body:
    text = charsets.decode(raw)[0].replace("\0", "").replace("\r\n", "\n").partition("\n\n")[2]
    return body.Body(text=text, answer_text=text)


def _return_path(root: tree.Part) -> str | None:
    """The envelope sender a server wrote down: None when there is no such header, "" for the null one."""
    values = root.all("return-path")
    if not values:
        return None
    text = headers.clean(headers.raw_text(values[0][:1000]))
    match = _RETURN_PATH.search(text)
    return addresses.normal(match[1] if match else text)


def _verdict(root: tree.Part, trusted: str, sender: Address | None, problem: str) -> str:
    if not trusted or sender is None or problem:
        return authentication.UNKNOWN
    fields = [(name, str(value)) for name, value in root.raw_items()]
    return authentication.verdict(fields, trusted, sender.address.rpartition("@")[2])


def content_hash(raw: bytes) -> bytes:
    """What makes two deliveries the same mail: its identity headers and its body, whatever way it came.

    Trace headers, folding, line ends and the order of headers do not count.
    """
    end = _HEADER_END.search(raw)
    head, rest = (raw[: end.start()], raw[end.end() :]) if end else (raw, b"")
    fields: list[bytes] = []
    for line in _FOLD.sub(b"", head).split(b"\n"):
        name, colon, value = line.partition(b":")
        name = name.strip().lower()
        if colon and name in _IDENTITY:
            fields.append(name + b":" + b" ".join(value.split()))
    digest = hashlib.sha256(b"\n".join(sorted(fields)))
    digest.update(b"\n\n")
    digest.update(rest.replace(b"\r\n", b"\n").rstrip())
    return digest.digest()
