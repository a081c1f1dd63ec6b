"""Asking a virus scanner: clamd's INSTREAM over TCP or a socket file, at CLAMD_URL. Without one nobody is asked."""

import socket
import struct
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import urlsplit

from django.conf import settings

from helpdesk.models import File

CONNECT_SECONDS = 5.0
#: the longest a scanner may think about one file
ANSWER_SECONDS = 60.0


class Away(Exception):
    """There is no scanner to ask: nothing was learned about the file."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the scanner said of a file, with the name of what it found, or why it could not tell."""

    scan: File.Scan
    threat: str = ""


def is_on() -> bool:
    """Whether files are scanned before they are handed out."""
    return bool(settings.CLAMD_URL)


def ask(parts: Iterable[bytes]) -> Verdict:
    """The scanner's verdict on a file, given in parts. Raises Away if there is none to ask.

    One that took the file and then said nothing failed at this file: else a file that chokes it would hold up all.
    """
    try:
        scanner = _connected()
    except OSError as error:
        raise Away(str(error)) from error
    with scanner:
        scanner.settimeout(ANSWER_SECONDS)
        try:
            _send(scanner, parts)
            return _read(_answer(scanner))
        except OSError as error:
            return Verdict(File.Scan.FAILED, str(error)[:200])


def _send(scanner: socket.socket, parts: Iterable[bytes]) -> None:
    try:
        scanner.sendall(b"zINSTREAM\0")
        for part in parts:
            if part:
                scanner.sendall(struct.pack(">I", len(part)) + part)
        scanner.sendall(struct.pack(">I", 0))
    except (BrokenPipeError, ConnectionResetError):
        pass  # it had enough, and said why before it hung up


def _connected() -> socket.socket:
    where = urlsplit(settings.CLAMD_URL)
    if where.scheme == "tcp":
        return socket.create_connection((where.hostname or "127.0.0.1", where.port or 3310), CONNECT_SECONDS)
    scanner = socket.socket(socket.AF_UNIX)
    scanner.settimeout(CONNECT_SECONDS)
    try:
        scanner.connect(where.path)
    except OSError:
        scanner.close()
        raise
    return scanner


def _answer(scanner: socket.socket) -> str:
    answer = b""
    while b"\0" not in answer and len(answer) < 4096:
        part = scanner.recv(4096)
        if not part:
            break
        answer += part
    return answer.partition(b"\0")[0].decode("utf-8", "replace").strip()


def _read(answer: str) -> Verdict:
    said = answer.removeprefix("stream:").strip()
    if said == "OK":
        return Verdict(File.Scan.CLEAN)
    if said.endswith(" FOUND"):
        return Verdict(File.Scan.INFECTED, said.removesuffix(" FOUND")[:200])
    if said.endswith("ERROR"):
        return Verdict(File.Scan.FAILED, said.removesuffix("ERROR").strip(" .")[:200])
    return Verdict(File.Scan.FAILED, f"the scanner said {answer[:100]!r}")
