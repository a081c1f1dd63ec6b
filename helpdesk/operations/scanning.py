"""Having files scanned. A file's row is the job: who locks it asks the scanner and writes down what it said."""

import time
from collections.abc import Iterator
from datetime import timedelta

import structlog
from django.core.files.storage import default_storage
from django.db import transaction

from helpdesk import clock, scanning
from helpdesk.models import File

log = structlog.get_logger(__name__)

PART = 256 * 1024
#: what the scanner could not tell is asked again after that long: it may have been given other limits
AGAIN = timedelta(hours=1)


class _Unreadable(Exception):
    """The bytes of a file cannot be had; that is not the scanner's fault."""


def scan_waiting(seconds: float = 120.0) -> int:
    """Scan what waits, the newest first, for so many seconds. Ends at once if the scanner is away."""
    count, until = 0, time.monotonic() + seconds
    while scanning.is_on() and time.monotonic() < until:
        try:
            if not _scan_one():
                break
        except scanning.Away as error:
            log.warning("the virus scanner is away; files wait", error=str(error))
            break
        count += 1
    return count


def scan(pk: int) -> None:
    """Scan this file now, if nobody has and nobody is about to."""
    try:
        if scanning.is_on():
            _scan_one(pk)
    except scanning.Away as error:
        log.warning("the virus scanner is away; files wait", error=str(error))


def try_again() -> None:
    """Let files that could not be scanned wait once more."""
    before = clock.now() - AGAIN
    File.objects.filter(scan=File.Scan.FAILED, scanned_at__lt=before).update(scan=File.Scan.UNSCANNED)


@transaction.atomic
def _scan_one(pk: int | None = None) -> bool:
    waiting = File.objects.filter(scan=File.Scan.UNSCANNED, **({} if pk is None else {"pk": pk}))
    # no_key: mails that bring the same file may go on referring to it
    file = waiting.select_for_update(skip_locked=True, no_key=True).order_by("-id").first()
    if file is None:
        return False
    try:
        verdict = scanning.ask(_parts(file))
    except _Unreadable as why:
        verdict = scanning.Verdict(File.Scan.FAILED, str(why)[:200])
    file.scan, file.threat, file.scanned_at = verdict.scan, verdict.threat, clock.now()
    file.save(update_fields=["scan", "threat", "scanned_at"])
    if verdict.scan != File.Scan.CLEAN:
        log.warning("a file is not handed out", file=file.pk, scan=verdict.scan, threat=verdict.threat)
    return True


def _parts(file: File) -> Iterator[bytes]:
    try:
        with default_storage.open(File.name_of(file.sha256)) as stored:
            yield from stored.chunks(PART)
    except FileNotFoundError:
        raise _Unreadable("the storage lost it") from None
    except OSError as error:
        raise _Unreadable(f"the storage cannot read it: {error.strerror}") from error
