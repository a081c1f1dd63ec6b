"""A real virus scanner for the tests: Debian's clamd with a database of one signature, our own."""

import hashlib
import os
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests import needs

#: the one thing it knows to be a virus
VIRUS = b"this is the virus of the helpdesk's own tests, and harms nobody"
NAME = "Helpdesk.Test.Virus"

CONFIG = """
Foreground yes
LogFile {home}/clamd.log
DatabaseDirectory {home}/db
TemporaryDirectory {home}/tmp
LocalSocket {home}/clamd.sock
TCPSocket {port}
TCPAddr 127.0.0.1
StreamMaxLength 1M
ConcurrentDatabaseReload no
"""


@dataclass(frozen=True)
class Clamd:
    """Where it listens, both ways."""

    tcp: str
    unix: str


@contextmanager
def clamd(folder: Path) -> Iterator[Clamd]:
    """Run it with files in a short path, since socket names are short; it ends with the `with`."""
    binary = needs.clamd()
    home = Path("/tmp") / f"clamd-{os.getpid()}"
    for name in ("db", "tmp"):
        (home / name).mkdir(parents=True)
    signature = f"{hashlib.md5(VIRUS).hexdigest()}:{len(VIRUS)}:{NAME}\n"
    (home / "db" / "helpdesk.hdb").write_text(signature)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    config = folder / "clamd.conf"
    config.write_text(CONFIG.format(home=home, port=port))
    process = subprocess.Popen(
        [str(binary), "--config-file", str(config)], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    )
    try:
        until = time.monotonic() + 60
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                break
            except OSError:
                assert process.poll() is None, process.stderr.read().decode() if process.stderr else ""
                assert time.monotonic() < until, (home / "clamd.log").read_text()
                time.sleep(0.1)
        yield Clamd(f"tcp://127.0.0.1:{port}", f"unix://{home}/clamd.sock")
    finally:
        process.terminate()
        process.wait(20)
        assert process.stderr
        process.stderr.close()
        subprocess.run(["rm", "-rf", str(home)], check=False)
