"""What the reader found in a mail, as plain facts, and what the helpdesk would do with it, in words."""

import hashlib
from dataclasses import asdict
from typing import Any

from tickets.channels.email import marks
from tickets.channels.email.parsing import Invitation, ParsedAttachment, ParsedMail, parse

_MARKS = {
    marks.ENCRYPTED: "It is encrypted; the sealed part is attached.",
    marks.SIGNED: "It is signed; the signature is attached and was not checked.",
    marks.INVITATION: "It is an invitation.",
    marks.TOO_COMPLEX: "It is too large or too complex to be read whole.",
    marks.FEEDBACK_REPORT: "It is a complaint that a provider passes on.",
}


def facts_of(raw: bytes) -> dict[str, Any]:
    """The facts of a mail as JSON can carry them."""
    return facts(parse(raw))


def facts(mail: ParsedMail) -> dict[str, Any]:
    """The facts of a mail that was read."""
    claimed = mail.claimed_sender
    return {
        "from_addr": claimed.address if claimed else "",
        "from_name": claimed.name if claimed else "",
        "to": [one.address for one in mail.to],
        "cc": [one.address for one in mail.cc],
        "subject": mail.subject,
        "date_utc": mail.date.isoformat() if mail.date else None,
        "message_id": mail.message_id,
        "in_reply_to": mail.in_reply_to[0] if mail.in_reply_to else None,
        "references": list(mail.references),
        "text": mail.text,
        "new_text": mail.new_text,
        "new_text_with_signature": mail.new_text_with_signature,
        "attachments": [
            {
                "filename": one.filename,
                "content_type": one.content_type,
                "size": len(one.content),
                "sha256": hashlib.sha256(one.content).hexdigest(),
            }
            for one in mail.attachments
        ],
        "inline_images": sum(one.is_inline and one.content_type.startswith("image/") for one in mail.attachments),
        "is_auto_reply": mail.is_auto_reply,
        "is_bounce": mail.is_bounce,
        "bounced_address": list(mail.bounced_addresses),
        "charset": mail.charset,
        "marks": list(mail.marks),
        "recipients": list(mail.recipients),
        "invitation": _invitation_facts(mail.invitation) if mail.invitation else None,
        "bounces": [asdict(one) for one in mail.bounces],
        "is_delay": mail.is_delay,
        "is_feedback_report": mail.is_feedback_report,
        "feedback_type": mail.feedback_type,
        "is_disposition": mail.is_disposition,
        "original_message_id": mail.original_message_id,
        "automated_reason": mail.automated_reason,
        "warnings": list(mail.warnings),
    }


def _invitation_facts(invitation: Invitation) -> dict[str, Any]:
    return asdict(invitation) | {
        "start": invitation.start.isoformat() if invitation.start else None,
        "end": invitation.end.isoformat() if invitation.end else None,
    }


def explanation(mail: ParsedMail) -> str:
    """The mail for people: who, what, which files, and what would become of it and why."""
    return "\n\n".join(
        f"{title}\n{_indented(text)}"
        for title, text in (
            ("From", _sender(mail)),
            ("Subject", mail.subject or "(none)"),
            ("What is new", mail.new_text or "(nothing)"),
            ("Attachments", _files(mail)),
            ("What it is besides", _besides(mail)),
            ("What the helpdesk would do", outcome(mail)),
        )
    )


def outcome(mail: ParsedMail) -> str:
    """What would become of the mail, and why. Which ticket it belongs to is not for the reader to say."""
    if mail.is_bounce:
        return _bounce_outcome(mail)
    if mail.is_feedback_report:
        return _complaint_outcome(mail)
    if mail.is_disposition:
        return f"Would be noted as a read receipt for {_original(mail)}. Nothing is answered."
    if mail.automated_reason:
        said = f"Would be kept and shown as automated, nothing answered, because {_quoted(mail.automated_reason)}"
    elif mail.sender_problem:
        said = f"Would be held back until an agent looks, because From cannot be trusted: {mail.sender_problem}"
    elif mail.authentication == "fail":
        said = "Would be held back until an agent looks, because our mail server says that the sender is not genuine."
    elif mail.in_reply_to or mail.references:
        answered = (mail.in_reply_to or mail.references[-1:])[0]
        said = f"Would continue the ticket of the message <{answered}>, if that is ours; else open a new one."
    else:
        said = "Would open a new ticket, because it answers no message."
    return "\n".join([said, *(f"Note: {warning}" for warning in mail.warnings)])


def _quoted(reason: str) -> str:
    return f"{reason[0].lower()}{reason[1:]}" if reason.startswith(("The ", "It ")) else reason.rstrip(".") + "."


def _bounce_outcome(mail: ParsedMail) -> str:
    who = ", ".join(mail.bounced_addresses) or "an unnamed recipient"
    what = {"failed": "could not be delivered to", "delayed": "is delayed on its way to"}.get(mail.bounce_action)
    status = f" ({mail.bounce_status})" if mail.bounce_status else ""
    if what is None:
        return f"Would be noted as a delivery report: {mail.bounce_action}{status}. Nothing is answered."
    which = _original(mail)
    lines = ["Would be attached to the message it speaks of; no ticket, no answer."]
    lines.append(f"{which[0].upper()}{which[1:]} {what} {who}{status}.")
    if len(mail.bounces) > 1:
        lines += [f"{one.address}: {one.action} {one.status}".rstrip() for one in mail.bounces]
    return "\n".join(lines)


def _complaint_outcome(mail: ParsedMail) -> str:
    who = ", ".join(mail.bounced_addresses) or "An unnamed recipient"
    return f"Would be noted as a complaint ({mail.feedback_type}): {who} did not want {_original(mail)}. No answer."


def _original(mail: ParsedMail) -> str:
    return f"the message <{mail.original_message_id}>" if mail.original_message_id else "a message of ours"


def _besides(mail: ParsedMail) -> str:
    """The marks in words, and the event of an invitation."""
    lines = [_MARKS[mark] for mark in mail.marks if mark in _MARKS]
    if mail.invitation:
        event = mail.invitation
        when = " to ".join(str(one) for one in (event.start, event.end) if one)
        lines.append(", ".join(part for part in (event.summary, when, event.location) if part))
    return "\n".join(lines) or "(nothing)"


def _sender(mail: ParsedMail) -> str:
    claimed = mail.claimed_sender
    if claimed is None:
        return f"(nobody) {mail.sender_problem}"
    named = f"{claimed.name} <{claimed.address}>" if claimed.name else claimed.address
    return f"{named}\nNot to be believed: {mail.sender_problem}" if mail.sender_problem else named


def _files(mail: ParsedMail) -> str:
    return "\n".join(_file(one) for one in mail.attachments) or "(none)"


def _file(one: ParsedAttachment) -> str:
    shown = ", shown in the text" if one.is_inline else ""
    return f"{one.filename} ({one.content_type}, {len(one.content):,} bytes{shown})"


def _indented(text: str) -> str:
    return "\n".join(f"  {line}".rstrip() for line in text.split("\n"))
