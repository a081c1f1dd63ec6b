"""Questions a health check asks, with nothing but the standard library: `python -m helpdesk.probe http URL`.

http URL           a 2xx answer
smtp HOST PORT     a greeting
file PATH SECONDS  written at most that long ago (PATH, or PATH with an ending that its writer adds)
"""

import http.client
import socket
import sys
import time
from pathlib import Path
from urllib.parse import urlsplit


def http_answers(url: str, seconds: float = 5) -> bool:
    """Whether the URL answers with success."""
    parts = urlsplit(url)
    line = http.client.HTTPConnection(parts.hostname or "127.0.0.1", parts.port or 80, timeout=seconds)
    try:
        line.request("GET", parts.path or "/", headers={"Host": "localhost", "User-Agent": "helpdesk-probe"})
        return 200 <= line.getresponse().status < 300
    except (OSError, http.client.HTTPException):
        return False
    finally:
        line.close()


def smtp_greets(host: str, port: int, seconds: float = 5) -> bool:
    """Whether a mail server greets there."""
    try:
        with socket.create_connection((host, port), timeout=seconds) as line:
            greeting = line.recv(512)
            line.sendall(b"QUIT\r\n")
            return greeting.startswith(b"220")
    except OSError:
        return False


def file_is_fresh(path: Path, seconds: float) -> bool:
    """Whether the file, or one with an ending added to its name, was written at most so long ago."""
    try:
        return any(time.time() - found.stat().st_mtime <= seconds for found in path.parent.glob(path.name + "*"))
    except OSError:
        return False


def main(words: list[str]) -> int:
    """0 when well, 1 when not, 2 when the question is not understood."""
    match words:
        case ["http", url]:
            well = http_answers(url)
        case ["smtp", host, port]:
            well = smtp_greets(host, int(port))
        case ["file", path, seconds]:
            well = file_is_fresh(Path(path), float(seconds))
        case _:
            sys.stderr.write(__doc__ or "")
            return 2
    return 0 if well else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
