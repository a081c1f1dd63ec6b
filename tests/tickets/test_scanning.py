"""F92 and viruses: what was not found clean is not handed out, and mail is taken whatever the scanner does."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
import time_machine
from django.core.files.storage import default_storage
from django.db import connection, transaction
from django.test import Client
from django.urls import reverse

from helpdesk import clock, content, scanning
from helpdesk.models import Agent, ApiToken, File
from helpdesk.operations.scanning import scan, scan_waiting, try_again
from helpdesk.scanning import Away, Verdict
from tests.clamd import NAME, VIRUS, Clamd, clamd
from tickets import timeline
from tickets.models import Attachment, RawMessage


@pytest.fixture(scope="module")
def scanner(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Clamd]:
    with clamd(tmp_path_factory.mktemp("clamd")) as found:
        yield found


@pytest.fixture
def on(scanner: Clamd, settings: Any) -> None:
    settings.CLAMD_URL = scanner.tcp


@pytest.fixture
def away(settings: Any) -> None:
    """A scanner that is not there."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        settings.CLAMD_URL = f"tcp://127.0.0.1:{probe.getsockname()[1]}"


@pytest.fixture
def attach(send_mail_in: Callable[..., RawMessage]) -> Callable[[bytes], Attachment]:
    def come(content: bytes) -> Attachment:
        message = EmailMessage()
        message["From"], message["To"], message["Subject"] = "dora@customer.example", "support@demo.localhost", "File"
        message.set_content("See the file.")
        message.add_attachment(content, maintype="application", subtype="pdf", filename="bill.pdf")
        raw = send_mail_in(message.as_bytes())
        assert raw.said is not None, raw.reason
        return raw.said.attachments.get()

    return come


@pytest.mark.parametrize("way", ["tcp", "unix"])
def test_a_real_scanner_tells_clean_from_infected(way: str, scanner: Clamd, settings: Any) -> None:
    settings.CLAMD_URL = getattr(scanner, way)
    assert scanning.ask([b"a bill", b"", b" and more"]) == Verdict(File.Scan.CLEAN)
    assert scanning.ask([]) == Verdict(File.Scan.CLEAN)
    assert scanning.ask([VIRUS[:9], VIRUS[9:]]) == Verdict(File.Scan.INFECTED, f"{NAME}.UNOFFICIAL")


def test_what_is_larger_than_the_scanner_takes_is_not_called_clean(on: None) -> None:
    verdict = scanning.ask(b"a" * 100_000 for _ in range(40))
    assert verdict.scan == File.Scan.FAILED and "size limit" in verdict.threat


@pytest.mark.parametrize("url", ["tcp://127.0.0.1:9", "unix:///nowhere/clamd.sock", "tcp://nobody.invalid:3310"])
def test_a_scanner_that_is_not_there_is_away(url: str, settings: Any) -> None:
    settings.CLAMD_URL = url
    with pytest.raises(Away):
        scanning.ask([b"a"])


@pytest.mark.parametrize("answer", [b"", b"stream: maybe\0", b"\xff\xfe"])
def test_an_answer_that_means_nothing_calls_nothing_clean(answer: bytes, settings: Any) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        settings.CLAMD_URL = f"tcp://127.0.0.1:{server.getsockname()[1]}"

        def once() -> None:
            there, _ = server.accept()
            with there:
                while not there.recv(65536).endswith(b"\0\0\0\0"):
                    pass
                there.sendall(answer)

        thread = threading.Thread(target=once)
        thread.start()
        assert scanning.ask([b"a"]).scan == File.Scan.FAILED
        thread.join(5)


def test_a_file_that_chokes_the_scanner_does_not_hold_up_the_next(
    scanner: Clamd, settings: Any, monkeypatch: pytest.MonkeyPatch, db: None
) -> None:
    first, choking = File.objects.store_many([b"fine", b"chokes"])
    monkeypatch.setattr(scanning, "ANSWER_SECONDS", 0.3)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        settings.CLAMD_URL = f"tcp://127.0.0.1:{silent.getsockname()[1]}"
        scan(choking.pk)
    monkeypatch.setattr(scanning, "ANSWER_SECONDS", 60)
    settings.CLAMD_URL = scanner.tcp
    assert scan_waiting() == 1
    assert dict(File.objects.values_list("pk", "scan")) == {first.pk: "clean", choking.pk: "failed"}


def door(attachment: Attachment) -> str:
    return reverse("attachment", args=[attachment.pk])


def test_a_file_is_held_until_it_was_found_clean(
    on: None, attach: Callable[[bytes], Attachment], as_agent: Callable[[Agent], Client], ana: Agent
) -> None:
    attachment, browser = attach(b"a bill"), as_agent(ana)
    signed = content.address("content_file", attachment.pk, ana.pk)
    page = browser.get(door(attachment))
    assert page.status_code == 409 and "This file is being checked" in page.content.decode()
    assert door(attachment) in page.content.decode(), "a link to try again"
    assert Client().get(signed).status_code == 404
    (entry,) = [
        e for e in timeline.of(attachment.message.ticket, timeline.said_on(attachment.message.ticket)) if e.message
    ]
    assert entry.message and entry.message.attachments[0].held == "unscanned"
    assert scan_waiting() == 1
    assert scan_waiting() == 0
    assert b"".join(browser.get(door(attachment), follow=True)) == b"a bill"
    assert b"".join(Client().get(signed)) == b"a bill"
    assert File.objects.get().scanned_at is not None


def test_an_infected_file_is_never_handed_out(
    on: None, attach: Callable[[bytes], Attachment], as_agent: Callable[[Agent], Client], ana: Agent, settings: Any
) -> None:
    attachment, browser = attach(VIRUS), as_agent(ana)
    scan(attachment.file_id)
    _token, secret = ApiToken.objects.issue(ana, "test")
    ticket = attachment.message.ticket
    api = reverse("api_attachment", args=[ticket.number, attachment.pk])
    for url in (settings.CLAMD_URL, ""):  # not even when scanning is turned off again
        settings.CLAMD_URL = url
        page = browser.get(door(attachment))
        assert page.status_code == 403 and f"{NAME}.UNOFFICIAL" in page.content.decode()
        assert Client().get(content.address("content_file", attachment.pk, ana.pk)).status_code == 404
        answer = Client().get(api, headers={"authorization": f"Bearer {secret}"})
        assert answer.status_code == 409 and answer.json()["type"].endswith("file-held")
        assert browser.get(reverse("message_raw", args=[attachment.message_id])).status_code == 403
        assert VIRUS not in page.content + answer.content
    assert "infected" in browser.get(ticket.get_absolute_url()).content.decode()


def test_f92_with_the_scanner_away_mail_is_taken_and_its_files_wait(
    away: None, attach: Callable[[bytes], Attachment], as_agent: Callable[[Agent], Client], ana: Agent, scanner: Clamd,
    settings: Any,
) -> None:  # fmt: skip
    first, second = attach(b"a bill"), attach(b"another bill")
    assert first.message.ticket_id and second.message.ticket_id
    began = time.monotonic()
    assert scan_waiting() == 0
    assert time.monotonic() - began < 3, "one look is enough to know that it is away"
    assert set(File.objects.values_list("scan", flat=True)) == {"unscanned"}
    browser = as_agent(ana)
    assert browser.get(door(first)).status_code == 409
    assert browser.get(first.message.ticket.get_absolute_url()).status_code == 200
    settings.CLAMD_URL = scanner.unix
    assert scan_waiting() == 2
    assert browser.get(door(first)).status_code == 302


def test_without_a_scanner_nobody_waits(
    attach: Callable[[bytes], Attachment], as_agent: Callable[[Agent], Client], ana: Agent
) -> None:
    attachment = attach(b"a bill")
    assert scan_waiting() == 0
    assert as_agent(ana).get(door(attachment)).status_code == 302


def test_what_could_not_be_scanned_is_tried_again_after_an_hour(
    on: None, attach: Callable[[bytes], Attachment], as_agent: Callable[[Agent], Client], ana: Agent
) -> None:
    attachment = attach(b"a" * 2_000_000)
    assert scan_waiting() == 1
    page = as_agent(ana).get(door(attachment))
    assert page.status_code == 409 and "could not be checked" in page.content.decode()
    try_again()
    assert scan_waiting() == 0
    with time_machine.travel(clock.now() + timedelta(minutes=61)):
        try_again()
        assert scan_waiting() == 1


def test_bytes_the_storage_lost_hold_up_nobody(on: None, db: None) -> None:
    lost, kept = File.objects.store_many([b"lost", b"kept"])
    Path(default_storage.path(File.name_of(lost.sha256))).unlink()
    assert scan_waiting() == 2
    assert dict(File.objects.values_list("sha256", "scan")) == {lost.sha256: "failed", kept.sha256: "clean"}


@pytest.mark.django_db(transaction=True)
def test_two_workers_do_not_scan_the_same_file(on: None) -> None:
    """One holds the row; the other goes on to the next, and a mail with the same file is taken meanwhile."""
    first, second = File.objects.store_many([b"one", b"two"])
    done = []

    def other() -> None:
        done.append(scan_waiting())
        File.objects.store(b"two")
        connection.close()

    with transaction.atomic():
        File.objects.select_for_update(no_key=True).get(pk=second.pk)
        thread = threading.Thread(target=other)
        thread.start()
        thread.join(20)
    assert done == [1]
    assert dict(File.objects.values_list("pk", "scan")) == {first.pk: "clean", second.pk: "unscanned"}
