"""Servers that crawl, or never stop talking: left in time, and nobody else waits for them."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest

from tests.conftest import mail
from tests.smtp_sink import smtp_sink
from tickets.channels.email import sending as outgoing
from tickets.channels.email import servers, smtp, trying
from tickets.channels.email.smtp_pool import POOL
from tickets.models import Delivery, OutgoingServer
from tickets.operations import replying
from tickets.tasks import deliver


@pytest.fixture
def sink(settings):
    with smtp_sink(settings) as sink:
        yield sink


@pytest.fixture(autouse=True)
def _no_memory() -> Iterator[None]:
    smtp._plain.clear()
    yield
    POOL.sweep(everything=True)


def server_of(inbox, port: int, **more) -> OutgoingServer:  # type: ignore[no-untyped-def]
    given = {"host": "127.0.0.1", "port": port, "security": "none", **more}
    return OutgoingServer.objects.update_or_create(inbox=inbox, defaults=given)[0]


@contextmanager
def crawling(said: bytes, pause: float) -> Iterator[int]:
    """A server that says its greeting one byte at a time, for ever; gives its port."""
    listener = socket.create_server(("127.0.0.1", 0))
    over = threading.Event()

    def crawl() -> None:
        while not over.is_set():
            try:
                line, _ = listener.accept()
            except OSError:
                return
            with line:
                for byte in said:
                    if over.wait(pause):
                        return
                    try:
                        line.send(bytes([byte]))
                    except OSError:
                        break

    thread = threading.Thread(target=crawl, daemon=True)
    thread.start()
    try:
        yield listener.getsockname()[1]
    finally:
        over.set()
        listener.close()


def test_a_server_that_crawls_is_left_in_time_and_holds_up_nobody_else(
    db, sink, settings, ticket, ana, inbox, billing, send_mail_in, monkeypatch
):  # type: ignore[no-untyped-def]
    settings.EMAIL_TIMEOUT = 3
    with crawling(b"220 " + b"x" * 10_000, 0.1) as port:
        server_of(inbox, port)
        replying.reply(ticket, text="To the one that crawls", actor=ana)
        other = send_mail_in(mail(to="billing@demo.localhost", Message_ID="<other@customer.example>"), to=billing)
        other_ticket = other.said.ticket
        replying.reply(other_ticket, text="To the one that does not", actor=ana)
        began, arrived = time.monotonic(), []
        accept = sink.handle_DATA

        async def note(*given):  # type: ignore[no-untyped-def]
            arrived.append(time.monotonic() - began)
            return await accept(*given)

        monkeypatch.setattr(sink, "handle_DATA", note)
        deliver()
    assert len(sink.accepted) == 1
    assert arrived[0] < settings.EMAIL_TIMEOUT, "before the other was given up"
    assert "took too long" in Delivery.objects.get(mail__inbox=inbox).answer


def test_what_becomes_due_while_one_server_hangs_is_sent(db, sink, settings, ticket, ana, inbox, billing, send_mail_in):
    settings.EMAIL_TIMEOUT = 4
    with crawling(b"220 " + b"x" * 10_000, 0.1) as port:
        server_of(inbox, port)
        replying.reply(ticket, text="To the one that hangs", actor=ana)
        other = send_mail_in(mail(to="billing@demo.localhost", Message_ID="<other@customer.example>"), to=billing)
        replying.reply(other.said.ticket, text="Later", actor=ana, delay=timedelta(seconds=2))
        count, _is_more = outgoing.deliver_due(1)
    assert count == 2 and len(sink.accepted) == 1


def test_an_answer_without_end_is_none(db, settings, inbox):
    with crawling(b"220-" + b"y" * 100_000, 0) as port:
        row = OutgoingServer(inbox=inbox, host="127.0.0.1", port=port, security="none")
        trouble = trying.trouble(servers.of(row), inbox)
    assert trouble is not None
