"""Bytes in, plain data out: what a mail is, who it claims to be from, what it says that is new.

Nothing here touches a database, and nothing a stranger writes makes it raise, except mail over our caps.
"""

import re
from collections.abc import Callable
from dataclasses import replace
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
    marks,
    plain,
    quoting,
    reports,
    tree,
)
from tickets.channels.email.addresses import Address
from tickets.channels.email.body import ParsedAttachment
from tickets.channels.email.identity import content_hash
from tickets.channels.email.invitations import Invitation
from tickets.channels.email.limits import MailTooComplex
from tickets.channels.email.parsed import ParsedMail
from tickets.channels.email.reports import RecipientReport

__all__ = [
    "Address", "Invitation", "MailTooComplex", "ParsedAttachment", "ParsedMail", "RecipientReport", "content_hash",
    "parse", "parse_plain",
]  # fmt: skip

_T = TypeVar("_T")

_RETURN_PATH = re.compile(r"<([^<>]*)>")
# Where a mail says whom it was sent to besides To and Cc: mostly what servers noted on the way.
_RECIPIENT_HEADERS = (
    "bcc", "delivered-to", "x-original-to", "x-delivered-to", "envelope-to", "x-envelope-to",
    "apparently-to", "resent-to", "resent-cc", "x-forwarded-to", "x-rcpt-to", "x-real-to",
)  # fmt: skip
_MAX_RECIPIENTS = 1000


def parse(raw: bytes, *, trusted_authserv_id: str = "") -> ParsedMail:
    """Read a mail. Raises MailTooComplex for one over the caps, MemoryError when there is too little, nothing else."""
    limits.check(raw)
    warnings: list[str] = []
    return _guarded(
        lambda: _parse(raw, trusted_authserv_id), lambda: _unread(_plain_body(raw).text, warnings), warnings, "The mail"
    )


def parse_plain(raw: bytes, *, trusted_authserv_id: str = "", reason: str = "") -> ParsedMail:
    """Read of a mail over the caps what is simple: its header and the beginning of its text. Raises nothing.

    It has no attachments, is marked `too_complex`, and warns with the reason. `sender` is None where the header is too
    long to say that there is just one From.
    """
    warnings: list[str] = []
    return _guarded(
        lambda: _parse_plain(raw, trusted_authserv_id, reason), lambda: _unread("", warnings), warnings, "The mail"
    )


def _parse_plain(raw: bytes, trusted_authserv_id: str, reason: str) -> ParsedMail:
    root, content, doubt = plain.read(raw)
    warnings = [f"{reason} Only the beginning of its text is shown.".strip()]
    mail = _assembled(root, content, trusted_authserv_id, warnings, lambda _subject, _sender: None)
    if doubt:
        mail = replace(mail, sender=None, sender_problem=doubt)
    return replace(mail, marks=(*mail.marks, marks.TOO_COMPLEX))


def _parse(raw: bytes, trusted_authserv_id: str) -> ParsedMail:
    root, warning = tree.read(raw)
    warnings = [warning] if warning else []
    content = _guarded(lambda: body.read(root), lambda: _plain_body(raw), warnings, "The body")
    warnings += content.warnings

    def bounce(subject: str, sender: Address | None) -> bounces.Bounce | None:
        return bounces.read(
            root, raw, text=content.text, subject=subject, sender=sender, return_path=_return_path(root)
        )

    return _assembled(root, content, trusted_authserv_id, warnings, bounce)


def _assembled(
    root: tree.Part,
    content: body.Body,
    trusted_authserv_id: str,
    warnings: list[str],
    read_bounce: Callable[[str, Address | None], bounces.Bounce | None],
) -> ParsedMail:
    subject = headers.decoded(root.first("subject"), content.charset)
    sender, sender_problem = addresses.strict_sender(root.all("from"), content.charset)
    to, cc = (addresses.addresses_in(root.all(name), content.charset) for name in ("to", "cc"))
    return_path = _return_path(root)
    in_reply_to = headers.message_ids(root.first("in-reply-to")) if root.first("in-reply-to") else ()
    references = headers.message_ids(" ".join(root.all("references"))) if root.all("references") else ()
    complaint = _guarded(lambda: reports.complaint(root), lambda: None, warnings, "The complaint")
    receipt = _guarded(lambda: reports.receipt(root), lambda: None, warnings, "The receipt")
    bounce = None
    if complaint is None and receipt is None:
        bounce = _guarded(lambda: read_bounce(subject, sender), lambda: None, warnings, "The delivery report")
    invitation = _guarded(lambda: marks.invitation(root), lambda: None, warnings, "The invitation")
    marked = _marks(root, content, invitation, complaint)
    divided = _divided(content, marked, subject, warnings)
    report = bounce or complaint or receipt
    known = (references or in_reply_to)[-1:] if report else ()
    automatic = automated.is_reply(root, subject, divided.new_text, return_path)
    return ParsedMail(
        message_id=headers.message_id(root.first("message-id")) if root.first("message-id") else "",
        in_reply_to=in_reply_to,
        references=references,
        sender=sender,
        sender_problem=sender_problem,
        reply_to=addresses.addresses_in(root.all("reply-to"), content.charset),
        to=to,
        cc=cc,
        subject=subject,
        date=headers.date(root.first("date")) if root.first("date") else None,
        text=content.text,
        new_text=divided.new_text,
        new_text_with_signature=divided.new_text_with_signature,
        html=content.html,
        charset=content.charset,
        attachments=content.attachments,
        is_auto_reply=report is None and bool(automatic),
        is_bounce=bounce is not None,
        bounced_addresses=bounce.recipients if bounce else complaint.recipients if complaint else (),
        bounce_status=bounce.status if bounce else "",
        bounce_action=bounce.action if bounce else "",
        original_message_id=(report.original_message_id if report else "") or "".join(known),
        automated_reason=automated.reason(
            root, subject, sender, return_path, text=divided.new_text, automatic=automatic
        )
        or ("delivery report" if bounce else ""),
        is_list=automated.is_list(root),
        authentication=_verdict(root, trusted_authserv_id, sender, sender_problem),
        return_path=return_path or "",
        warnings=tuple(warnings),
        claimed_sender=sender or addresses.claimed_sender(root.all("from"), content.charset),
        marks=marked,
        recipients=_recipients(root, (*to, *cc)),
        invitation=invitation,
        bounces=bounce.reports if bounce else (),
        is_delay=bounce is not None and bounce.action == reports.DELAYED,
        is_feedback_report=complaint is not None,
        feedback_type=complaint.kind if complaint else "",
        is_disposition=receipt is not None,
    )


def _divided(content: body.Body, marked: tuple[str, ...], subject: str, warnings: list[str]) -> quoting.Split:
    """What is new in a body; all of it where a defect of ours keeps it from being divided."""
    text, line = content.answer_text, content.history_line
    if marks.SIGNED in marked and (bare := marks.without_armour(text)) != text:
        text, line = bare, None
    return _guarded(
        lambda: quoting.split(text, forward=history.is_forward(subject), history_line=line),
        lambda: quoting.Split(content.text, content.text, False), warnings, "The quotation",
    )  # fmt: skip


def _marks(
    root: tree.Part, content: body.Body, invitation: Invitation | None, complaint: reports.Complaint | None
) -> tuple[str, ...]:
    found = list(marks.of(root, content.text))
    if invitation is not None and invitation.method:
        found.append(marks.INVITATION)
    if complaint is not None:
        found.append(marks.FEEDBACK_REPORT)
    return tuple(found)


def _recipients(root: tree.Part, named: tuple[Address, ...]) -> tuple[str, ...]:
    values = [value for name in _RECIPIENT_HEADERS if name in root.fields for value in root.all(name)]
    noted = addresses.addresses_in(values) if values else ()
    return tuple(dict.fromkeys(one.address.lower() for one in (*named, *noted)))[:_MAX_RECIPIENTS]


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
    except (MailTooComplex, MemoryError):
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
