"""Our receiving server for a test, and a client that says exactly what the test wants said."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager

from tickets.channels.email.receiving import Receiver


@contextmanager
def receiving(*, speaks_lmtp: bool = False) -> Iterator[tuple[str, int]]:
    """The server on a port of its own, with the settings as they are now."""
    receiver = Receiver("127.0.0.1", 0, speaks_lmtp=speaks_lmtp)
    receiver.start()
    try:
        yield receiver.address
    finally:
        receiver.stop()


class Line:
    """A bare connection: what is said goes out byte for byte, and replies are read whole."""

    def __init__(self, where: tuple[str, int], seconds: float = 10) -> None:
        self.socket = socket.create_connection(where, seconds)
        self._file = self.socket.makefile("rb")
        self.greeting = self.reply()

    def __enter__(self) -> "Line":
        return self

    def __exit__(self, *error: object) -> None:
        self._file.close()
        self.socket.close()

    def say(self, words: bytes) -> str:
        """Send these bytes and read one reply."""
        self.socket.sendall(words)
        return self.reply()

    def reply(self) -> str:
        """One reply of any number of lines; "" when the line is cut."""
        rows = []
        while row := self._file.readline().decode():
            rows.append(row.rstrip("\r\n"))
            if row[3:4] != "-":
                break
        return "\n".join(rows)

    def envelope(self, *recipients: str, greeting: bytes = b"EHLO test", sender: str = "dora@customer.example") -> None:
        """Everything up to DATA."""
        assert self.say(greeting + b"\r\n").startswith("250")
        assert self.say(f"MAIL FROM:<{sender}>\r\n".encode()).startswith("250")
        for recipient in recipients or ("support@demo.localhost",):
            assert self.say(f"RCPT TO:<{recipient}>\r\n".encode()).startswith("250")
        assert self.say(b"DATA\r\n").startswith("354")
