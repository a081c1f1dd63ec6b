"""Handing mail to the next server, one recipient a transaction, and telling what became of it."""

import contextlib
import math
import smtplib
import ssl
import time
from collections.abc import Iterable

import structlog
from django.conf import settings

from helpdesk.failpoints import reach
from tickets.channels.email.composing import NotAnAddress, ascii_domain, compose
from tickets.models import Delivery
from tickets.operations import sending

log = structlog.get_logger(__name__)


def connect() -> smtplib.SMTP:
    """A session with the server EMAIL_URL names, encrypted and signed in as it says. Raises OSError, SMTPException."""
    context = ssl.create_default_context()
    if settings.EMAIL_USE_SSL:
        session: smtplib.SMTP = smtplib.SMTP_SSL(
            settings.EMAIL_HOST, settings.EMAIL_PORT, timeout=settings.EMAIL_TIMEOUT, context=context
        )
    else:
        session = smtplib.SMTP(settings.EMAIL_HOST, settings.EMAIL_PORT, timeout=settings.EMAIL_TIMEOUT)
    session.ehlo_or_helo_if_needed()
    if settings.EMAIL_USE_TLS:
        session.starttls(context=context)
        session.ehlo()
    if settings.EMAIL_HOST_USER:
        session.login(settings.EMAIL_HOST_USER, settings.EMAIL_HOST_PASSWORD)
    return session


def deliver_all(deliveries: Iterable[Delivery], until: float = math.inf) -> None:
    """Send claimed deliveries over one session; each ends settled, whatever happens to the others.

    Those whose turn has not come when the monotonic clock reads `until` go back into the queue.
    """
    session: smtplib.SMTP | None = None
    away = ""
    for delivery in deliveries:
        if time.monotonic() >= until:
            sending.hand_back(delivery)
            continue
        try:
            content = compose(delivery)
        except Exception as error:  # whatever is wrong with this mail, the others go out
            if not isinstance(error, NotAnAddress | OSError):
                log.exception("a mail could not be written", delivery=delivery.pk)
            sending.refused(delivery, str(error), for_good=isinstance(error, NotAnAddress))
            continue
        try:
            # a server that was away a moment ago is not waited for again and again, once for each mail
            if session is None and not away:
                session = connect()
                reach("out.connected", session.sock)
        except (OSError, smtplib.SMTPException) as error:
            log.warning("the mail server is away", error=str(error))
            away = f"The mail server could not be reached: {error}"
        if session is None:
            sending.refused(delivery, away, for_good=False)
            continue
        session = _deliver(session, delivery, content)
    if session is not None:
        with contextlib.suppress(OSError, smtplib.SMTPException):
            session.quit()


def _deliver(session: smtplib.SMTP, delivery: Delivery, content: bytes) -> smtplib.SMTP | None:
    """One transaction. Returns the session while it is still good, else None."""
    try:
        _expect(session.mail(ascii_domain(delivery.mail.inbox.address)))
        _expect(session.rcpt(ascii_domain(delivery.recipient)))
        reach("out.rcpt", session.sock)
        code, answer = session.docmd("DATA")
        if code != 354:
            raise smtplib.SMTPResponseException(code, answer)
        reach("out.data_begin", session.sock)
    except smtplib.SMTPResponseException as error:
        words = f"{error.smtp_code} {_words(error.smtp_error)}"
        sending.refused(delivery, words, for_good=500 <= error.smtp_code < 600)
        return _reset(session)
    except (OSError, smtplib.SMTPException) as error:
        sending.refused(delivery, f"The connection broke before anything was sent: {error}", for_good=False)
        return None
    if not sending.begin_transmission(delivery):
        session.close()
        return None
    try:
        session.send(_stuffed(content))
        reach("out.dot_sent", session.sock)
        code, answer = session.getreply()
        reach("out.250_seen", session.sock)
    except (OSError, smtplib.SMTPException) as error:
        sending.unknowable(delivery, f"The connection broke after the mail was handed over: {error}")
        return None
    if code == 250:
        sending.sent(delivery, f"{code} {_words(answer)}")
        reach("out.recorded", session.sock)
        return session
    sending.refused(delivery, f"{code} {_words(answer)}", for_good=500 <= code < 600)
    return _reset(session)


def _expect(reply: tuple[int, bytes]) -> None:
    if reply[0] not in (250, 251):
        raise smtplib.SMTPResponseException(*reply)


def _words(answer: bytes | str) -> str:
    return answer.decode(errors="replace") if isinstance(answer, bytes) else answer


def _stuffed(content: bytes) -> bytes:
    """The content as it travels: dots at line starts doubled, ended by a line with a dot (RFC 5321 §4.5.2)."""
    lines = content.replace(b"\r\n", b"\n").replace(b"\r", b"\n").rstrip(b"\n").split(b"\n")
    return b"".join((b"." + row if row.startswith(b".") else row) + b"\r\n" for row in lines) + b".\r\n"


def _reset(session: smtplib.SMTP) -> smtplib.SMTP | None:
    try:
        session.rset()
    except (OSError, smtplib.SMTPException):
        return None
    return session
