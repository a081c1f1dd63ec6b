"""What the reader found in a mail, as plain facts, and what the helpdesk would do with it, in words."""

import hashlib
from typing import Any

from tickets.channels.email.parsing import ParsedAttachment, ParsedMail, parse


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
            ("What the helpdesk would do", outcome(mail)),
        )
    )


def outcome(mail: ParsedMail) -> str:
    """What would become of the mail, and why. Which ticket it belongs to is not for the reader to say."""
    if mail.is_bounce:
        return _bounce_outcome(mail)
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
    which = f"The message <{mail.original_message_id}>" if mail.original_message_id else "A message of ours"
    return f"Would be attached to the message it speaks of; no ticket, no answer.\n{which} {what} {who}{status}."


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
