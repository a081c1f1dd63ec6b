"""The mailroom as the process it is: its ports, and what it answers while the database is away."""

import os
import signal
import smtplib
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from django.conf import settings as django_settings

from tests.conftest import mail
from tests.tickets.channels.email.servers import Line
from tests.tickets.channels.email.test_pipe import database_url
from tickets.models import RawMessage

pytestmark = pytest.mark.django_db(transaction=True)


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


@contextmanager
def mailroom(**env: str) -> Iterator[tuple[int, int]]:
    """The command in a process of its own; gives its two ports."""
    smtp, lmtp = free_port(), free_port()
    process = subprocess.Popen(
        [sys.executable, "manage.py", "mailroom", "--port", str(smtp)],
        cwd=django_settings.BASE_DIR,
        env={**os.environ, "DATABASE_URL": database_url(), "LMTP_PORT": str(lmtp), "MAIL_CATCHER": "0", **env},
    )
    try:
        until = time.monotonic() + 60
        while True:
            try:
                with Line(("127.0.0.1", lmtp), 1):
                    break
            except OSError:
                assert time.monotonic() < until and process.poll() is None, "it did not start"
                time.sleep(0.1)
        yield smtp, lmtp
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0


def test_it_takes_mail_by_both_ways_and_stops_cleanly(inbox):
    with mailroom() as (smtp, lmtp):
        with smtplib.SMTP("127.0.0.1", smtp) as session:
            session.sendmail("dora@customer.example", ["support@demo.localhost"], mail())
        with smtplib.LMTP("127.0.0.1", lmtp) as session:
            session.sendmail("dora@customer.example", ["support@demo.localhost"], mail())
    assert sorted(RawMessage.objects.values_list("source", flat=True)) == ["lmtp", "smtp"]


def test_while_the_database_is_away_everything_is_asked_to_come_later(inbox):
    with mailroom(DATABASE_URL="postgresql://nobody@127.0.0.1:9/nothing") as (smtp, lmtp):
        for port, greeting in ((smtp, b"EHLO test\r\n"), (lmtp, b"LHLO test\r\n")):
            with Line(("127.0.0.1", port)) as line:
                line.say(greeting)
                line.say(b"MAIL FROM:<dora@customer.example>\r\n")
                assert line.say(b"RCPT TO:<support@demo.localhost>\r\n").startswith("451 4.3.0")
