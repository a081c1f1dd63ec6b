"""What the reader found in a mail, as plain facts, and what the helpdesk would do with it, in words."""

import hashlib
from typing import Any

from tickets.channels.email.parsing import ParsedMail, parse


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
