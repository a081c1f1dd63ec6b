"""A conversation with an SMTP server that cannot last longer than it is allowed to, however slowly the other speaks."""

import functools
import smtplib
import socket
import ssl
import time
from typing import Any

from django.conf import settings

from tickets.channels.email.servers import Server
from tickets.models.mailbox import Security, SignIn

#: until a connection stands: greeting, encryption, sign-in
OPENING_SECONDS = 120
#: an answer longer than that is none
_MOST_ANSWER = 64 * 1024


class NoEncryption(smtplib.SMTPException):
    """The server does not offer the encryption it must have; nothing is said in the open instead."""


class SignInRefused(Exception):
    """The server does not let us in, and will not until somebody changes something."""


class Session(smtplib.SMTP):
    """A connection to one server. `allow` says how long the next steps may take together."""

    def __init__(self, server: Server) -> None:
        super().__init__(local_hostname=_our_name(), timeout=OPENING_SECONDS)
        self.server = server
        self.used = 0
        self.idle_since = 0.0
        self._deadline = 0.0
        self._context = tls_context()
        self._host = server.host  # smtplib checks the certificate's name against it

    def allow(self, seconds: float) -> None:
        """From now on, everything until the next call may take so many seconds."""
        self._deadline = time.monotonic() + seconds

    def remaining(self) -> float:
        """The seconds that are left. Raises TimeoutError when there are none."""
        if (left := self._deadline - time.monotonic()) <= 0:
            raise TimeoutError("it took too long")
        return left

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        line = socket.create_connection((host, port), min(self.remaining(), settings.EMAIL_TIMEOUT))
        if self.server.security == Security.TLS:
            line.settimeout(self.remaining())
            return self._context.wrap_socket(line, server_hostname=host)
        return line

    def send(self, s: Any) -> None:
        if self.sock:
            self.sock.settimeout(self.remaining())
        super().send(s)

    def getreply(self) -> tuple[int, bytes]:
        if self.file is None and self.sock:
            self.file = _Lines(self)
        elif isinstance(self.file, _Lines):
            self.file.left = _MOST_ANSWER
        try:
            return super().getreply()
        except smtplib.SMTPServerDisconnected as error:
            if isinstance(error.__context__, TimeoutError):  # smtplib takes both for one thing
                raise TimeoutError("it took too long") from error
            raise

    def hang_up(self) -> None:
        """End the connection, politely if that is quick."""
        try:
            if self.sock:
                self.allow(2)
                self.quit()
        except (OSError, smtplib.SMTPException):
            pass
        finally:
            self.close()


class _Lines:
    """The server's lines, read with the session's patience and not with one for each byte."""

    def __init__(self, session: Session) -> None:
        self._session, self._line = session, session.sock
        self._kept = b""
        self.left = _MOST_ANSWER

    def readline(self, limit: int) -> bytes:
        while b"\n" not in self._kept and len(self._kept) < limit:
            assert self._line is not None
            self._line.settimeout(self._session.remaining())
            more = self._line.recv(8192)
            if not more:
                break
            self.left -= len(more)
            if self.left < 0:
                raise OSError("its answer never ends")
            self._kept += more
        end = self._kept.find(b"\n") + 1 or len(self._kept)
        row, self._kept = self._kept[: min(end, limit)], self._kept[min(end, limit) :]
        return row

    def close(self) -> None:
        self._line = None


def connect(server: Server, secret: str, *, seconds: float = OPENING_SECONDS) -> Session:
    """A session, encrypted and signed in as the server's settings say.

    Raises SignInRefused, NoEncryption, OSError or SMTPException.
    """
    session = Session(server)
    try:
        session.allow(min(seconds, settings.EMAIL_TIMEOUT))
        code, answer = session.connect(server.host, server.port)
        if code != 220:
            raise smtplib.SMTPConnectError(code, answer)
        session.ehlo_or_helo_if_needed()
        if server.security == Security.STARTTLS:
            if not session.has_extn("starttls"):
                raise NoEncryption("STARTTLS is not offered")
            session.starttls(context=session._context)
            session.ehlo_or_helo_if_needed()
        if server.username:
            _sign_in(session, server, secret)
    except BaseException:
        session.close()
        raise
    return session


def _sign_in(session: Session, server: Server, secret: str) -> None:
    try:
        if server.sign_in == SignIn.PASSWORD:
            session.login(server.username, secret)
        else:
            session.auth("XOAUTH2", lambda challenge=None: secret if challenge is None else "")
    except smtplib.SMTPAuthenticationError as error:
        if 400 <= error.smtp_code < 500:
            raise
        raise SignInRefused(f"{error.smtp_code} {words(error.smtp_error)}") from error
    except smtplib.SMTPNotSupportedError as error:
        raise SignInRefused(str(error)) from error


def words(answer: bytes | str) -> str:
    """A server's answer as text."""
    return answer.decode(errors="replace") if isinstance(answer, bytes) else answer


def tls_context() -> ssl.SSLContext:
    """Certificates are checked, names too."""
    return ssl.create_default_context()


@functools.lru_cache(maxsize=1)
def _our_name() -> str:
    return socket.getfqdn()
