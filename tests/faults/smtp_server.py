"""A next mail server that does what a test tells it to, at any stage, and keeps a journal of what it accepted."""

import socket
import socketserver
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from email import message_from_bytes

STAGES = ("banner", "ehlo", "mail", "rcpt", "data", "dot", "rset", "quit", "auth")
_ORDINARY = {
    "banner": "220 next.example ESMTP", "mail": "250 2.1.0 OK", "rcpt": "250 2.1.5 OK", "data": "354 Go ahead",
    "dot": "250 2.0.0 Taken", "rset": "250 2.0.0 OK", "quit": "221 2.0.0 Bye",
    "ehlo": "250-next.example\r\n250-8BITMIME\r\n250-AUTH PLAIN LOGIN\r\n250 ENHANCEDSTATUSCODES",
    "auth": "235 2.7.0 Welcome",
}  # fmt: skip


@dataclass
class Rule:
    """What is different at one stage: the answer, how long it takes, or that none comes."""

    stage: str
    reply: str = ""
    #: only where this recipient is spoken of
    recipient: str = ""
    #: how often; negative: for ever
    times: int = 1
    #: seconds before the answer
    wait: float = 0
    #: cut the connection instead of answering
    cut: bool = False
    #: bytes a second
    pace: float = 0

    def __post_init__(self) -> None:
        assert self.stage in STAGES, self.stage


@dataclass(frozen=True)
class Accepted:
    """A mail this server took responsibility for. What its answer came to, the client may never have heard."""

    sender: str
    recipients: tuple[str, ...]
    content: bytes
    at: float

    @property
    def message_id(self) -> str:
        return str(message_from_bytes(self.content)["Message-ID"] or "").strip().strip("<>")


@dataclass
class Journal:
    """What came to pass: accepted mails, and how often each stage was reached."""

    accepted: list[Accepted] = field(default_factory=list)
    stages: dict[str, int] = field(default_factory=dict)
    open: int = 0


class Session(socketserver.StreamRequestHandler):
    """One connection."""

    server: "Server"
    disable_nagle_algorithm = True

    def handle(self) -> None:
        self.server.journal.open += 1
        try:
            self._converse()
        except (OSError, _Cut):
            pass
        finally:
            self.server.journal.open -= 1

    def _converse(self) -> None:
        self._answer("banner")
        sender, recipients = "", list[str]()
        while line := self.rfile.readline(4096):
            words = line.decode("latin-1").strip()
            verb = words.split(" ")[0].upper()
            if verb in ("EHLO", "HELO"):
                self._answer("ehlo")
            elif verb == "MAIL":
                sender, recipients = _address(words), []
                self._answer("mail")
            elif verb == "RCPT":
                if self._answer("rcpt", _address(words)).startswith("2"):
                    recipients.append(_address(words))
            elif verb == "DATA":
                if self._answer("data", recipients[-1] if recipients else "").startswith("3"):
                    self._take(sender, recipients)
            elif verb == "AUTH":
                self._answer("auth")
            elif verb == "QUIT":
                self._answer("quit")
                return
            else:
                self._answer("rset")

    def _take(self, sender: str, recipients: list[str]) -> None:
        """Read the content. Accepted is accepted when the answer is decided, whether or not anybody hears it."""
        lines = list[bytes]()
        while (line := self.rfile.readline()) not in (b".\r\n", b""):
            lines.append(line[1:] if line.startswith(b".") else line)
        if line == b"":
            return  # no final dot: whatever came is not ours (RFC 5321 §4.1.1.4)
        rule = self.server.rule_for("dot", recipients[-1] if recipients else "")
        reply = (rule.reply if rule else "") or _ORDINARY["dot"]
        if reply.startswith("2"):
            accepted = Accepted(sender, tuple(recipients), b"".join(lines), time.time())
            self.server.journal.accepted.append(accepted)
        self._say("dot", reply, rule)

    def _answer(self, stage: str, recipient: str = "") -> str:
        rule = self.server.rule_for(stage, recipient)
        reply = (rule.reply if rule else "") or _ORDINARY[stage]
        self._say(stage, reply, rule)
        return reply

    def _say(self, stage: str, reply: str, rule: Rule | None) -> None:
        stages = self.server.journal.stages
        stages[stage] = stages.get(stage, 0) + 1
        if rule and rule.wait:
            self.server.over.wait(rule.wait)
        if rule and rule.cut:
            with suppress(OSError):
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")
                self.connection.close()
            raise _Cut
        octets = reply.encode() + b"\r\n"
        if rule and rule.pace:
            for octet in octets:
                if self.server.over.wait(1 / rule.pace):
                    raise _Cut
                self.wfile.write(bytes([octet]))
        else:
            self.wfile.write(octets)
        if reply.startswith("421"):
            raise _Cut


class _Cut(Exception):
    """The connection is over."""


def _address(words: str) -> str:
    return words.partition("<")[2].partition(">")[0].lower()


class Server(socketserver.ThreadingTCPServer):
    """The server. Change `rules` at any time."""

    daemon_threads = True
    allow_reuse_address = True
    request_queue_size = 64

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Session)
        self.rules: list[Rule] = []
        self.journal = Journal()
        self.over = threading.Event()
        self._lock = threading.Lock()

    @property
    def port(self) -> int:
        return self.server_address[1]

    def rule_for(self, stage: str, recipient: str) -> Rule | None:
        """The first rule for this stage that is not used up."""
        with self._lock:
            for rule in self.rules:
                if rule.stage == stage and rule.times and (not rule.recipient or rule.recipient == recipient):
                    rule.times -= 1
                    return rule
        return None

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that went away is nothing to tell of."""


@contextmanager
def smtp_server() -> Iterator[Server]:
    """Run one."""
    server = Server()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.over.set()
        server.shutdown()
        server.server_close()
        thread.join(5)
