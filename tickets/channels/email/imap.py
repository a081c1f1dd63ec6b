"""Fetching from IMAP: by UID, never by flags; stored and committed before the cursor moves.

The server's flags are left alone: a mail somebody read elsewhere is still ours, and nothing we do can mark it lost.
"""

import imaplib
import ssl
import threading
from collections.abc import Callable, Iterator

import structlog
from django.db import close_old_connections, transaction
from imap_tools import BaseMailBox, MailBox, MailBoxStartTls, MailBoxUnencrypted
from imap_tools.errors import ImapToolsError

from helpdesk import clock
from helpdesk.failpoints import reach
from tickets.models import Mailbox, MailFolder
from tickets.operations import intake

log = structlog.get_logger(__name__)

FETCH_AT_ONCE = 50
FETCH_BYTES = 32 * 1024 * 1024
IDLE_SECONDS = 60
REFRESH_SECONDS = 10
#: a name that DNS cannot spell, or a password that IMAP cannot, is a UnicodeError
TROUBLE = (OSError, imaplib.IMAP4.error, ImapToolsError, ssl.SSLError, UnicodeError)


def connect(mailbox: Mailbox, timeout: float = 60) -> BaseMailBox:
    """A signed-in session on the mailbox's first folder. Raises one of TROUBLE."""
    if mailbox.security == Mailbox.Security.TLS:
        session: BaseMailBox = MailBox(mailbox.host, mailbox.port, timeout=timeout)
    elif mailbox.security == Mailbox.Security.STARTTLS:
        session = MailBoxStartTls(mailbox.host, mailbox.port, timeout=timeout)
    else:
        session = MailBoxUnencrypted(mailbox.host, mailbox.port, timeout=timeout)
    session.login(mailbox.username, mailbox.password, initial_folder=_folder_names(mailbox)[0])
    return session


def _folder_names(mailbox: Mailbox) -> list[str]:
    return [folder.name for folder in mailbox.folders.all()] if mailbox.pk else ["INBOX"]


def fetch(mailbox: Mailbox, session: BaseMailBox) -> int:
    """Store everything above the cursor of each folder. Returns how many mails were new. Raises one of TROUBLE."""
    count = sum(_fetch_folder(mailbox, folder, session) for folder in mailbox.folders.all())
    Mailbox.objects.filter(pk=mailbox.pk).update(checked_at=clock.now(), error="")
    return count


def _fetch_folder(mailbox: Mailbox, folder: MailFolder, session: BaseMailBox) -> int:
    line = session.client.sock
    reach("in.lock", line)
    session.folder.set(folder.name, readonly=True)
    validity = session.folder.status(folder.name, ["UIDVALIDITY"])["UIDVALIDITY"]
    if folder.uidvalidity != validity:
        # the server numbered anew: read all of it again; what we have is recognised by Message-ID and content
        folder.uidvalidity, folder.last_uid = validity, 0
    count = 0
    uids = sorted(u for u in map(int, session.uids(f"UID {folder.last_uid + 1}:*")) if u > folder.last_uid)
    reach("in.search", line)
    for chunk in _chunks(session, uids):
        contents = _contents(session, chunk)
        reach("in.fetch", line)
        with transaction.atomic():
            for uid in chunk:
                if (content := contents.get(uid)) is not None:  # else it vanished between the search and now
                    key = f"{folder.pk} {folder.uidvalidity} {uid}"
                    stored = intake.store(inbox=mailbox.inbox, content=content, source="imap", source_key=key)
                    count += stored is not None
            folder.last_uid = chunk[-1]
            folder.save(update_fields=["uidvalidity", "last_uid"])
            reach("in.cursor", line)
        reach("in.raw_committed", line)
    MailFolder.objects.filter(pk=folder.pk).update(uidvalidity=folder.uidvalidity)
    return count


def _chunks(session: BaseMailBox, uids: list[int]) -> Iterator[list[int]]:
    """These UIDs in portions that fit in memory; a mail larger than that comes alone."""
    for start in range(0, len(uids), FETCH_AT_ONCE):
        some = uids[start : start + FETCH_AT_ONCE]
        sizes = _sizes(session, some)
        chunk: list[int] = []
        held = 0
        for uid in some:
            size = sizes.get(uid, 0)
            if chunk and held + size > FETCH_BYTES:
                yield chunk
                chunk, held = [], 0
            chunk.append(uid)
            held += size
        yield chunk


def _sizes(session: BaseMailBox, uids: list[int]) -> dict[int, int]:
    """How large the mails of these UIDs are, as the server says."""
    status, data = session.client.uid("fetch", ",".join(map(str, uids)), "(UID RFC822.SIZE)")
    if status != "OK":
        raise imaplib.IMAP4.error(f"The server answered {status} to a fetch.")
    sizes: dict[int, int] = {}
    for item in data:
        words = item.upper().replace(b"(", b" ").replace(b")", b" ").split() if isinstance(item, bytes) else []
        if b"UID" in words and b"RFC822.SIZE" in words:
            sizes[int(words[words.index(b"UID") + 1])] = int(words[words.index(b"RFC822.SIZE") + 1])
    return sizes


def _contents(session: BaseMailBox, uids: list[int]) -> dict[int, bytes]:
    """The raw mails of these UIDs, unread marks untouched."""
    status, data = session.client.uid("fetch", ",".join(map(str, uids)), "(UID BODY.PEEK[])")
    if status != "OK":
        raise imaplib.IMAP4.error(f"The server answered {status} to a fetch.")
    found: dict[int, bytes] = {}
    for head, body in (item for item in data if isinstance(item, tuple)):
        words = head.replace(b"(", b" ").split()
        found[int(words[words.index(b"UID") + 1])] = body
    return found


def explain(error: Exception, mailbox: Mailbox) -> str:
    """What went wrong, for the person who can mend it."""
    text = str(error)
    if isinstance(error, ssl.SSLError):
        return f"{mailbox.host} did not prove who it is (TLS): {text}"
    if isinstance(error, imaplib.IMAP4.error | ImapToolsError) and "AUTH" in text.upper():
        return f"{mailbox.host} refused the user name or password of {mailbox.username}."
    if isinstance(error, UnicodeError):
        return f"{mailbox.host}: a server's name, a user name or a password has letters that cannot be sent."
    if isinstance(error, ConnectionRefusedError):
        return f"Nobody answers at {mailbox.host}, port {mailbox.port}."
    return f"{mailbox.host}: {text or type(error).__name__}"


def watch(mailbox_id: int, stop: threading.Event) -> None:
    """Fetch, then wait for the server to say that something came; again and again, until told to stop."""
    wait = 1.0
    while not stop.is_set():
        close_old_connections()
        mailbox = (
            Mailbox.objects.select_related("inbox").filter(pk=mailbox_id, is_active=True, inbox__is_active=True).first()
        )
        if mailbox is None:
            return
        try:
            session = connect(mailbox)
            try:
                fetch(mailbox, session)
                wait = 1.0
                _idle(mailbox, session, stop)
            finally:
                session.logout()
        except TROUBLE as error:
            words = explain(error, mailbox)
            log.warning("a mailbox cannot be read", mailbox=str(mailbox.inbox), error=words)
            Mailbox.objects.filter(pk=mailbox_id).update(error=words, checked_at=clock.now())
            stop.wait(wait)
            wait = min(wait * 2, 900)


def _idle(mailbox: Mailbox, session: BaseMailBox, stop: threading.Event) -> None:
    """Stay on one connection for a while: IDLE where the server can, else look every ten seconds."""
    where = _where(mailbox)
    can_idle = "IDLE" in {str(c).upper() for c in session.client.capabilities}
    until = clock.now().timestamp() + 25 * 60
    while not stop.is_set() and clock.now().timestamp() < until:
        if can_idle:
            with session.idle as idle:
                for _ in range(IDLE_SECONDS):
                    if idle.poll(timeout=1) or stop.is_set():
                        break
        else:
            stop.wait(REFRESH_SECONDS)
        close_old_connections()
        mailbox.refresh_from_db()
        if not mailbox.is_active or not mailbox.inbox.is_active or _where(mailbox) != where:
            return  # it is another mailbox now, with other numbers: this session must not count them
        if not stop.is_set():
            fetch(mailbox, session)


def _where(mailbox: Mailbox) -> tuple[str, int, str, str, str, list[str]]:
    return (
        mailbox.host, mailbox.port, mailbox.security, mailbox.username, mailbox.password, _folder_names(mailbox)
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
        for _, stop in self.threads.values():
            stop.set()
        for thread, _ in self.threads.values():
            thread.join(5)
