"""One thread a mailbox: fetch, wait for the server to say that something came, fetch again."""

import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import structlog
from django.db import DatabaseError, close_old_connections
from django.db.models import F
from django.db.models.functions import Coalesce
from imap_tools import BaseMailBox

from helpdesk import clock
from tickets.channels.email import imap
from tickets.channels.email.fetching import Stumbles, fetch
from tickets.channels.email.trouble import Trouble, explain
from tickets.models import Mailbox, MailFolder

log = structlog.get_logger(__name__)

#: how long to idle before looking by ourselves, also at the folders the server does not tell of (RFC 2177: < 29 min)
IDLE_SECONDS = 60
#: how often to look where the server cannot idle
REFRESH_SECONDS = 10
#: one sign-in lasts so long; a token of OAuth lasts longer
SESSION_SECONDS = 25 * 60
LEAST_WAIT, BUSY_WAIT, MOST_WAIT = 1.0, 60.0, 900.0


def watch(mailbox_id: int, stop: threading.Event) -> None:
    """Keep a mailbox fetched until told to stop, or until it is no longer to be fetched.

    After a failure the wait doubles, from a second to 15 minutes, for this mailbox alone; changed settings end it.
    """
    wait, stumbles = LEAST_WAIT, Stumbles()
    while not stop.is_set() and (mailbox := _active(mailbox_id)):
        looks, began = 0, time.monotonic()
        try:
            session = imap.connect(mailbox)
            try:
                for _look in _looks(mailbox, session, stumbles, stop):
                    looks += 1
                    wait = LEAST_WAIT if time.monotonic() - began > IDLE_SECONDS else wait
            finally:
                imap.leave(session)
        except imap.TROUBLE as error:
            trouble = explain(error, mailbox)
            wait = max(wait, BUSY_WAIT) if trouble.is_busy else wait
            if looks and wait < BUSY_WAIT:
                log.info("a mailbox's connection ended", mailbox=str(mailbox.inbox), error=trouble.code)
            else:
                _tell(mailbox, trouble, error)
            _pause(mailbox, wait, stop)
            wait = min(wait * 2, MOST_WAIT)
        except DatabaseError as error:
            log.warning("the database is away", error=str(error))
            stop.wait(5)


def _active(mailbox_id: int) -> Mailbox | None:
    """The mailbox as it is set up now, if it is to be fetched."""
    close_old_connections()
    return (
        Mailbox.objects.select_related("inbox", "grant")
        .filter(pk=mailbox_id, is_active=True, inbox__is_active=True)
        .first()
    )


def _looks(mailbox: Mailbox, session: BaseMailBox, stumbles: Stumbles, stop: threading.Event) -> Iterator[None]:
    """Fetch over and over on one session, until it is old, or the mailbox is set up otherwise. Yields after each."""
    where, until = _where(mailbox), time.monotonic() + SESSION_SECONDS

    def is_the_same() -> bool:
        current = _active(mailbox.pk)
        return not stop.is_set() and current is not None and _where(current) == where

    while time.monotonic() < until and is_the_same():
        mailbox = _active(mailbox.pk) or mailbox
        try:
            fetch(mailbox, session, stumbles, is_the_same)
        except imap.FolderGone as error:  # the others go on
            _tell(mailbox, explain(error, mailbox), error)
        yield
        _wait_for_mail(session, mailbox.folders.order_by("pk").first(), stop)


def _wait_for_mail(session: BaseMailBox, folder: MailFolder | None, stop: threading.Event) -> None:
    """Return when the server says that something came to the folder, or when it is time to look."""
    if folder is None or not imap.can_idle(session):
        stop.wait(REFRESH_SECONDS)
        return
    try:
        imap.open_folder(session, folder.name)
    except imap.FolderGone:
        stop.wait(REFRESH_SECONDS)
        return
    if any(uid > folder.last_uid for uid in imap.search(session, f"UID {folder.last_uid + 1}:*")):
        return  # it came between the last look and now: of that the server will not tell
    with session.idle as idle:
        for _second in range(IDLE_SECONDS):
            if stop.is_set() or any(_is_news(line) for line in idle.poll(timeout=1)):
                return


def _is_news(line: bytes) -> bool:
    """Whether a line said while idling is worth a look: not "* OK Still here" and flags set by others."""
    words = line.upper().split()
    return b"FETCH" not in words[:3] and not line.upper().startswith(b"* OK")


def _tell(mailbox: Mailbox, trouble: Trouble, error: Exception) -> None:
    """Keep what is wrong, in words, where people see it."""
    log.warning(
        "a mailbox cannot be read", mailbox=str(mailbox.inbox), error=str(trouble), detail=f"{error!r}"[:300]
    )  # fmt: skip
    since = Coalesce(F("failing_since"), clock.now())
    Mailbox.objects.filter(pk=mailbox.pk).update(error=str(trouble), failing_since=since)


def _pause(mailbox: Mailbox, seconds: float, stop: threading.Event) -> None:
    """Wait before the next try; shorter when somebody mends the settings meanwhile."""
    until, where = time.monotonic() + seconds, _where(mailbox)
    while (left := until - time.monotonic()) > 0 and not stop.wait(min(left, 3)):
        current = _active(mailbox.pk)
        if current is None or _where(current) != where:
            return


def _where(mailbox: Mailbox) -> tuple[Any, ...]:
    """What a session was made with; another one must not count its mails."""
    grant = mailbox.grant
    return (
        mailbox.host, mailbox.port, mailbox.security, mailbox.sign_in, mailbox.username, mailbox.password,
        mailbox.start, mailbox.grant_id, grant.refresh_token if grant and grant.error else "",
        list(mailbox.folders.order_by("pk").values_list("name", flat=True)),
    )  # fmt: skip


class Watchers:
    """One thread a mailbox; follows what the settings page says."""

    def __init__(self, run: Callable[[int, threading.Event], None] = watch) -> None:
        self.run = run
        self.threads: dict[int, tuple[threading.Thread, threading.Event]] = {}

    def follow(self) -> None:
        """Start a thread for each new mailbox; forget those that ended."""
        self.threads = {key: pair for key, pair in self.threads.items() if pair[0].is_alive()}
        for pk in Mailbox.objects.filter(is_active=True, inbox__is_active=True).values_list("pk", flat=True):
            if pk not in self.threads:
                stop = threading.Event()
                thread = threading.Thread(target=self.run, args=(pk, stop), name=f"imap-{pk}", daemon=True)
                self.threads[pk] = (thread, stop)
                thread.start()

    def stop(self) -> None:
        """Ask every thread to end, and give each a few seconds."""
        for _thread, stop in self.threads.values():
            stop.set()
        for thread, _stop in self.threads.values():
            thread.join(5)
