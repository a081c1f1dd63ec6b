"""Programs some tests need that Python packages do not bring: their path, or a skip.

Under REQUIRE_ALL=1 (as in .ci/run) a missing one fails the test instead, so that a green run there has skipped nothing.
"""

import os
import shutil
from pathlib import Path
from typing import NoReturn

import pytest


def chromium() -> Path:
    """A Chromium for Playwright to drive: CHROMIUM, or the system's. The one without windows does half the work."""
    named = os.environ.get("CHROMIUM")
    whole = ["chromium", "chromium-browser", "google-chrome-stable", "google-chrome"]
    return _first("Chromium", "chromium-headless-shell", [named, "chromium-headless-shell", *whole])


def dovecot() -> Path:
    """Dovecot's server binary: a real IMAP server."""
    return _first("Dovecot", "dovecot-imapd", ["dovecot", "/usr/sbin/dovecot"])


def postgresql_binaries() -> Path:
    """The folder of a PostgreSQL installed on this machine (15 or newer), oldest first: the oldest we support."""
    found = sorted(
        (folder for folder in Path("/usr/lib/postgresql").glob("*/bin") if (folder / "initdb").exists()),
        key=lambda folder: int(folder.parent.name),
    )
    for folder in found:
        if int(folder.parent.name) >= 15:
            return folder
    return _first("PostgreSQL", "postgresql", ["initdb"]).resolve().parent


def redis_server() -> Path:
    """A real Redis server's binary."""
    return _first("Redis", "redis-server", ["redis-server", "valkey-server"])


def clamd() -> Path:
    """ClamAV's daemon: a real virus scanner."""
    return _first("ClamAV", "clamav-daemon", ["clamd", "/usr/sbin/clamd"])


def nginx() -> Path:
    """The nginx binary that docker-compose.yml's proxy runs."""
    return _first("nginx", "nginx-light", ["nginx", "/usr/sbin/nginx"])


def _first(what: str, package: str, names: list[str | None]) -> Path:
    for name in names:
        found = shutil.which(name) if name else None
        if found:
            return Path(found)
    missing(f"{what} is not on this machine (Debian: apt-get install {package})")


def missing(why: str) -> NoReturn:
    """Skip the test, or fail it under REQUIRE_ALL=1."""
    if os.environ.get("REQUIRE_ALL") == "1":
        pytest.fail(f"REQUIRE_ALL=1: {why}")
    pytest.skip(why)
