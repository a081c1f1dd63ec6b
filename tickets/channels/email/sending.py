"""Handing mail to the next server, one recipient a transaction, and telling what became of it."""

import contextlib
import smtplib
import ssl
from collections.abc import Iterable

import structlog
from django.conf import settings

from tickets.channels.email.composing import NotAnAddress, compose
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


def deliver_all(deliveries: Iterable[Delivery]) -> None:
    """Send claimed deliveries over one session; each ends settled, whatever happens to the others."""
    session: smtplib.SMTP | None = None
    for delivery in deliveries:
        try:
            content = compose(delivery)
        except (NotAnAddress, ValueError, OSError) as error:
            sending.refused(delivery, str(error), for_good=isinstance(error, NotAnAddress))
            continue
        try:
            session = session or connect()
        except (OSError, smtplib.SMTPException) as error:
            log.warning("the mail server is away", error=str(error))
            sending.refused(delivery, f"The mail server could not be reached: {error}", for_good=False)
            continue
        session = _deliver(session, delivery, content)
    if session is not None:
        with contextlib.suppress(OSError, smtplib.SMTPException):
            session.quit()


def _deliver(session: smtplib.SMTP, delivery: Delivery, content: bytes) -> smtplib.SMTP | None:
    """One transaction. Returns the session while it is still good, else None."""
    try:
        options = ["SMTPUTF8"] if not delivery.recipient.isascii() and session.has_extn("smtputf8") else []
        _expect(session.mail(delivery.mail.inbox.address, options))
        _expect(session.rcpt(delivery.recipient))
        code, answer = session.docmd("DATA")
        if code != 354:
            raise smtplib.SMTPResponseException(code, answer)
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
        code, answer = session.getreply()
    except (OSError, smtplib.SMTPException) as error:
        sending.unknowable(delivery, f"The connection broke after the mail was handed over: {error}")
        return None
    if code == 250:
        sending.sent(delivery, f"{code} {_words(answer)}")
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
