"""Connections kept open for some seconds within a process, so that the next mail need not sign in again."""

import smtplib
import threading
import time
from collections import defaultdict

from helpdesk.failpoints import reach
from tickets.channels.email.servers import Server
from tickets.channels.email.smtp_session import Session, connect

#: a connection rests so long, and carries so many mails
IDLE_SECONDS, MOST_MAILS, MOST_RESTING = 20, 100, 4


class Pool:
    """Resting connections by server. Whoever takes one has it alone until it is given back."""

    def __init__(self) -> None:
        self._resting: dict[Server, list[Session]] = defaultdict(list)
        self._lock = threading.Lock()

    def take(self, server: Server, secret: str) -> Session:
        """A connection that answers: one that rests, else a new one. Raises what `connect` raises."""
        while session := self._pop(server):
            if _answers(session):
                return session
            session.close()
        session = connect(server, secret)
        reach("out.connected", session.sock)
        return session

    def _pop(self, server: Server) -> Session | None:
        with self._lock:
            return self._resting[server].pop() if self._resting[server] else None

    def give(self, session: Session) -> None:
        """Let a connection rest that ended its last mail well; the worn ones are ended."""
        session.idle_since = time.monotonic()
        with self._lock:
            resting = self._resting[session.server]
            if session.sock and session.used < MOST_MAILS and len(resting) < MOST_RESTING:
                resting.append(session)
                return
        session.hang_up()

    def sweep(self, *, everything: bool = False) -> None:
        """End the connections that rested long enough."""
        before = time.monotonic() - IDLE_SECONDS
        with self._lock:
            old = [s for rows in self._resting.values() for s in rows if everything or s.idle_since < before]
            for session in old:
                self._resting[session.server].remove(session)
        for session in old:
            session.hang_up()


def _answers(session: Session) -> bool:
    """Whether a connection that rested is still there and ready for a new mail."""
    if time.monotonic() - session.idle_since > IDLE_SECONDS:
        session.hang_up()
        return False
    try:
        session.allow(10)
        return session.rset()[0] == 250
    except (OSError, smtplib.SMTPException):
        return False


POOL = Pool()
