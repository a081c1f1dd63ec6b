"""From a raw mail to what the intake operation understands, guarded: whatever is in it, an answer comes out.

A mail is read here, under a limit on its processor time. One that may kill whoever reads it is tried in a child first.
"""

import structlog
from django.conf import settings

from tickets.channels.email import limits, trial, watchdog
from tickets.channels.email.parsing import MailTooComplex, ParsedMail, content_hash, parse, parse_plain
from tickets.models import RawMessage
from tickets.operations.intake import Read

log = structlog.get_logger(__name__)

#: seconds of processor for one mail; the slowest honest one takes a few hundredths of that
SECONDS = 10
#: from so many bytes or parts on a mail is tried before it is read
LARGE = 8 * 1024 * 1024
MANY_PARTS = 300


def read(raw: RawMessage) -> Read:
    """Read one stored mail.

    One over our caps comes back read plainly (`parse_plain`) if it names one sender. What cannot be read, or takes its
    reader down with it, comes back with the reason, to be parked.
    """
    content = bytes(raw.content)
    if not content or content.isspace():
        return Read(raw, None, problem="It is empty.")
    try:
        if _is_suspicious(raw, content):
            limits.check(content)  # what is over a cap is read plainly, and that kills nobody
            problem = trial.problem_of(
                lambda: _parsed(content), trial.Limits(processor=SECONDS, memory=_memory(content))
            )
            if problem:
                log.warning("a mail was too much for whoever tried to read it", raw=raw.pk, problem=problem)
                return Read(raw, None, problem=problem)
        return watchdog.within(SECONDS, lambda: Read(raw, _parsed(content), content_hash(content)))
    except watchdog.TooSlow:
        log.warning("a mail took too long to read", raw=raw.pk)
        return Read(raw, None, problem=f"Reading it takes more than {SECONDS} seconds of processor time.")
    except MemoryError:
        return Read(raw, None, problem="Reading it takes more memory than there is.")
    except MailTooComplex as error:
        return _plain(raw, content, error.reason)
    except Exception as error:  # a defect of ours must not stop the mails behind it
        log.exception("a mail could not be read", raw=raw.pk)
        return Read(raw, None, problem=f"Reading it failed: {error!r}"[:2000])


def _parsed(content: bytes) -> ParsedMail:
    return parse(content, trusted_authserv_id=settings.TRUSTED_AUTHSERV_ID)


def _is_suspicious(raw: RawMessage, content: bytes) -> bool:
    """Whether a mail may be more than a reader survives: a worker failed on it before, or it is large."""
    return raw.attempts >= 1 or len(content) > LARGE or content.count(b"\n--") > MANY_PARTS


def _memory(content: bytes) -> int:
    return trial.Limits().memory + 8 * min(len(content), limits.MAX_BYTES)


def _plain(raw: RawMessage, content: bytes, reason: str) -> Read:
    """A mail over our caps as a ticket with the mail as it came, where it can be told who sent it."""
    mail = parse_plain(content, trusted_authserv_id=settings.TRUSTED_AUTHSERV_ID, reason=reason)
    if mail.sender is None or mail.sender_problem:
        return Read(raw, None, problem=f"It is larger or more complex than we read: {reason}")
    return Read(raw, mail, content_hash(content))
