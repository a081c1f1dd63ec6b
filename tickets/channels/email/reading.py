"""From a raw mail to what the intake operation understands, guarded: whatever is in it, an answer comes out."""

import structlog
from django.conf import settings

from tickets.channels.email.parsing import MailTooComplex, content_hash, parse
from tickets.models import RawMessage
from tickets.operations.intake import Read

log = structlog.get_logger(__name__)


def read(raw: RawMessage) -> Read:
    """Read one stored mail. What cannot be read comes back with the reason, to be parked."""
    content = bytes(raw.content)
    if not content.strip():
        return Read(raw, None, problem="It is empty.")
    try:
        return Read(raw, parse(content, trusted_authserv_id=settings.TRUSTED_AUTHSERV_ID), content_hash(content))
    except MailTooComplex as error:
        return Read(raw, None, problem=f"It is larger or more complex than we read: {error}")
    except Exception as error:  # a defect of ours must not stop the mails behind it
        log.exception("a mail could not be read", raw=raw.pk)
        return Read(raw, None, problem=f"Reading it failed: {error!r}"[:2000])
