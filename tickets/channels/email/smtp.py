"""Handing mail to the next SMTP server, one recipient a transaction, and telling what became of it.

The mail is sent whole but for its last dot; then the delivery says `transmitting` in the database; then the dot goes
out. So whatever breaks before is tried again, and only the wait for the answer to the dot leaves the outcome unknown.
"""

import smtplib
import time
from collections.abc import Sequence

import structlog
from django.conf import settings

from helpdesk.failpoints import reach
from tickets.channels.email.book import Book
from tickets.channels.email.composing import envelope_sender
from tickets.channels.email.mail_addresses import NeedsUtf8, NotAnAddress, ascii_domain, needs_utf8
from tickets.channels.email.servers import Server
from tickets.channels.email.smtp_pool import POOL
from tickets.channels.email.smtp_session import Session, SignInRefused, words
from tickets.models import Delivery
from tickets.models.mailbox import SignIn

log = structlog.get_logger(__name__)

#: how long a server may take for the envelope, and for taking in the content (RFC 5321 §4.5.3.2, all steps together);
#: the answer to the final dot is waited for as long as EMAIL_TIMEOUT says, ten minutes at least
ENVELOPE_SECONDS, CONTENT_SECONDS = 300, 300
#: a server that fails so often in a row is away, and not waited for again once for each mail
STRIKES = 2
#: they do not let us write from an address with a token in it
_plain: set[Server] = set()
_ABOUT_THE_SENDER = ("5.1.7", "5.1.8", "5.7.", "5.2.252")


def send_all(deliveries: Sequence[Delivery], server: Server, book: Book, until: float) -> None:
    """Send claimed deliveries over one connection; each ends settled, whatever happens to the others.

    Those whose turn has not come when the monotonic clock reads `until` go back into the queue.
    """
    waiting, session, strikes, works = list(deliveries), None, 0, False
    while waiting:
        if time.monotonic() >= until:
            book.hand_back(waiting)
            break
        delivery, *rest = waiting
        try:
            session = session or open_session(server, book)
            strikes = 0
            session = _one(session, delivery, book)
            if not works and session:
                works = True
                book.works(waiting)
        except SignInRefused as refusal:
            book.pause(waiting, server, refusal)
            break
        except (OSError, smtplib.SMTPException) as error:
            session, strikes = None, strikes + 1
            lost = waiting if strikes >= STRIKES else [delivery]
            book.away(lost, server, error)
            for each in lost:
                book.refused(each, f"The mail server could not be reached: {error}", for_good=False)
            rest = rest if lost is not waiting else []
        waiting = rest
    if session is not None:
        POOL.give(session)


def open_session(server: Server, book: Book) -> Session:
    """A connection that is signed in; a token the server does not take is renewed once. Raises what `connect` does."""
    secret = book.secret(server)
    try:
        return POOL.take(server, secret)
    except SignInRefused:
        if server.sign_in == SignIn.PASSWORD:
            raise
        return POOL.take(server, book.secret(server, refused=secret))


def _one(session: Session, delivery: Delivery, book: Book) -> Session | None:
    """One transaction; never raises but SignInRefused. Returns the session while it is still good, else None."""
    session.used += 1
    began = False
    try:
        content = _content(session, delivery, book)
        if content is None:
            return session
        session.allow(min(ENVELOPE_SECONDS, settings.EMAIL_TIMEOUT))
        _envelope(session, delivery, content)
        _hand_over(session, content)
        began = book.begin(delivery)
        if not began:
            session.close()
            return None
        return _end(session, delivery, book)
    except smtplib.SMTPResponseException as error:
        if error.smtp_code == 530:
            raise SignInRefused(f"530 {words(error.smtp_error)}") from error
        return _refused(session, delivery, book, error.smtp_code, words(error.smtp_error))
    except (OSError, smtplib.SMTPException) as error:
        if began:
            book.unknowable(delivery, f"The connection broke after the mail was handed over: {error}")
        else:
            book.refused(delivery, f"The connection broke before anything was sent: {error}", for_good=False)
    except Exception as error:  # a defect of ours; whatever is wrong with this mail, the others go out
        log.exception("a mail could not be sent", delivery=delivery.pk)
        if began:
            book.unknowable(delivery, f"It broke after the mail was handed over: {error}")
        else:
            book.refused(delivery, str(error), for_good=False)
    session.close()
    return None


def _content(session: Session, delivery: Delivery, book: Book) -> bytes | None:
    """The mail as this server can take it; None when it cannot be, which the delivery then says."""
    utf8 = needs_utf8(delivery) and session.has_extn("smtputf8")
    try:
        content = book.compose(delivery, utf8=utf8)
    except NeedsUtf8 as error:
        book.refused(delivery, str(error), for_good=True, status_code="5.6.7")
        return None
    except NotAnAddress as error:
        book.refused(delivery, str(error), for_good=True, status_code="5.1.3")
        return None
    except Exception as error:  # whatever is wrong with this mail, the others go out
        log.exception("a mail could not be written", delivery=delivery.pk)
        book.refused(delivery, str(error), for_good=False)
        return None
    most = session.esmtp_features.get("size", "")
    if most.isdigit() and 0 < int(most) < len(content):
        size, limit = len(content) / 1e6, int(most) / 1e6
        book.refused(
            delivery, f"It has {size:.1f} MB; the mail server takes {limit:.1f} MB.", for_good=True,
            status_code="5.3.4",
        )  # fmt: skip
        return None
    return content


def _envelope(session: Session, delivery: Delivery, content: bytes) -> None:
    """MAIL and RCPT. A server that does not know our address with a token is offered the inbox's own."""
    sender, plain = envelope_sender(delivery), ascii_domain(delivery.mail.inbox.address)
    if sender and session.server in _plain:
        sender = plain
    utf8 = needs_utf8(delivery) and session.has_extn("smtputf8")
    session.command_encoding = "ascii"
    options = ["SMTPUTF8", "BODY=8BITMIME"] if utf8 else []
    if "size" in session.esmtp_features:
        options.append(f"SIZE={len(content)}")
    code, answer = session.mail(sender, options)
    if code >= 500 and sender not in ("", plain) and _is_about_the_sender(words(answer)):
        session.rset()
        code, answer = session.mail(plain, options)
        if code == 250:
            _plain.add(session.server)
    _expect(code, answer)
    _expect(*session.rcpt(ascii_domain(delivery.recipient)))
    reach("out.rcpt", session.sock)


def _is_about_the_sender(answer: str) -> bool:
    return answer.startswith(_ABOUT_THE_SENDER) or not answer[:4].replace(".", "").strip().isdigit()


def _hand_over(session: Session, content: bytes) -> None:
    """DATA, and all of the mail but the line with the dot that ends it: nobody may deliver it yet."""
    code, answer = session.docmd("DATA")
    if code != 354:
        raise smtplib.SMTPResponseException(code, answer)
    reach("out.data_begin", session.sock)
    session.allow(min(CONTENT_SECONDS, settings.EMAIL_TIMEOUT))
    session.send(_stuffed(content))


def _end(session: Session, delivery: Delivery, book: Book) -> Session | None:
    """The dot, and the answer to it."""
    session.allow(settings.EMAIL_TIMEOUT)
    session.send(b".\r\n")
    reach("out.dot_sent", session.sock)
    code, answer = session.getreply()
    reach("out.250_seen", session.sock)
    if code == 250:
        book.sent(delivery, f"{code} {words(answer)}")
        return session
    if words(answer).startswith(("5.7.60", "5.2.252")):  # the account may not write from our address with a token
        _plain.add(session.server)
        book.refused(delivery, f"{code} {words(answer)}", for_good=False)
        return _reset(session)
    return _refused(session, delivery, book, code, words(answer))


def _refused(session: Session, delivery: Delivery, book: Book, code: int, answer: str) -> Session | None:
    book.refused(delivery, f"{code} {answer}", for_good=500 <= code < 600)
    if code == 421:
        session.close()
        return None
    return _reset(session)


def _expect(code: int, answer: bytes) -> None:
    if code not in (250, 251):
        raise smtplib.SMTPResponseException(code, answer)


def _stuffed(content: bytes) -> bytes:
    """The content as it travels, but for the dot that ends it: dots at line starts doubled (RFC 5321 §4.5.2)."""
    lines = content.replace(b"\r\n", b"\n").replace(b"\r", b"\n").rstrip(b"\n").split(b"\n")
    return b"".join((b"." + row if row.startswith(b".") else row) + b"\r\n" for row in lines)


def _reset(session: Session) -> Session | None:
    try:
        session.allow(30)
        session.rset()
    except (OSError, smtplib.SMTPException):
        session.close()
        return None
    return session
