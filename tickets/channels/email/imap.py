"""A session with an IMAP server: signing in, and asking in the few words we use.

The server's flags are left alone: a mail somebody read elsewhere is still ours, and nothing we do can mark it lost.
What can go wrong here is one of TROUBLE; `trouble.explain` says it in plain words.
"""

import imaplib
import re
import ssl
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime

from django.utils.translation import gettext as _
from imap_tools import BaseMailBox, MailBox, MailBoxStartTls, MailBoxUnencrypted
from imap_tools.errors import ImapToolsError, MailboxLoginError, MailboxStarttlsError
from imap_tools.utils import check_command_status

from tickets.channels.email import oauth
from tickets.models import Mailbox, Security, SignIn

PLAIN_PORT, TLS_PORT = 143, 993
#: a name that DNS cannot spell, or a password that IMAP cannot, is a UnicodeError
TROUBLE = (OSError, imaplib.IMAP4.error, ImapToolsError, ssl.SSLError, UnicodeError, oauth.OAuthTrouble)


class _StartTls(MailBoxStartTls):
    """Its connection is closed where TLS cannot be had."""

    def _get_mailbox_client(self) -> imaplib.IMAP4:
        client = imaplib.IMAP4(self._host, self._port, self._timeout)
        try:
            check_command_status(client.starttls(self._ssl_context), MailboxStarttlsError)
        except BaseException:
            with suppress(OSError):
                client.shutdown()
            raise
        return client


class WrongPort(ImapToolsError):
    """Port 993 speaks TLS from its first word on."""


class FolderGone(ImapToolsError):
    """There is no such folder."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


class KeptBack(ImapToolsError):
    """The server names mails and does not hand them over."""


@dataclass(frozen=True, slots=True)
class Numbers:
    """What a folder says of itself when it is opened."""

    uidvalidity: int
    uidnext: int
    messages: int


@dataclass(frozen=True, slots=True)
class Fetched:
    """A mail as the server gave it, and when the server had it."""

    content: bytes
    arrived_at: datetime | None


def connect(mailbox: Mailbox, timeout: float = 60) -> BaseMailBox:
    """A signed-in session; no folder is open yet. Raises one of TROUBLE."""
    session = _reach(mailbox, timeout)
    try:
        if mailbox.sign_in == SignIn.PASSWORD:
            _sign_in_with_password(session, mailbox)
            return session
        grant = mailbox.grant
        if grant is None:
            raise oauth.GrantLost(_("No account is connected to this mailbox."), _("Connect one."))
        token = oauth.access_token(grant)
        with suppress(imaplib.IMAP4.error):
            _sign_in_with_token(session, mailbox.username or grant.username, token)
            return session
        leave(session)
        session = _reach(mailbox, timeout)  # a token may be taken back before its time: once with a new one
        token = oauth.access_token(grant, refused=token)
        _sign_in_with_token(session, mailbox.username or grant.username, token)
        return session
    except BaseException:
        leave(session)
        raise


def _reach(mailbox: Mailbox, timeout: float) -> BaseMailBox:
    host, port = mailbox.host, mailbox.port
    if mailbox.security == Security.TLS:
        return MailBox(host, port, timeout=timeout, ssl_context=ssl.create_default_context())
    if mailbox.security == Security.STARTTLS:
        if port == TLS_PORT:
            raise WrongPort
        return _StartTls(host, port, timeout=timeout, ssl_context=ssl.create_default_context())
    return MailBoxUnencrypted(host, port, timeout=timeout)


def _sign_in_with_password(session: BaseMailBox, mailbox: Mailbox) -> None:
    name, password = mailbox.username, mailbox.password
    if re.search(r"[\r\n\0]", name + password):
        raise UnicodeError("A line break in a user name or password.")
    if (name + password).isascii():
        session.login(name, password, initial_folder=None)
    elif "AUTH=PLAIN" in _capabilities(session):
        session.login_utf8(name, password, initial_folder=None)
    else:
        raise UnicodeError("This server takes ASCII only.")


def _sign_in_with_token(session: BaseMailBox, username: str, token: str) -> None:
    said = iter([oauth.xoauth2(username, token).encode()])
    # a refusal is a challenge with the reason, to be answered with nothing
    result = session.client.authenticate("XOAUTH2", lambda _challenge: next(said, b""))
    check_command_status(result, MailboxLoginError)


def _capabilities(session: BaseMailBox) -> set[str]:
    return {str(word).upper() for word in session.client.capabilities}


def can_idle(session: BaseMailBox) -> bool:
    """Whether the server tells by itself of what comes."""
    if "IDLE" in _capabilities(session):
        return True
    with suppress(imaplib.IMAP4.error):
        session.client._get_capabilities()  # many say more once one has signed in
    return "IDLE" in _capabilities(session)


def leave(session: BaseMailBox) -> None:
    """End the session, whatever state it is in."""
    with suppress(*TROUBLE):
        session.client.sock.settimeout(5)
        session.logout()
    with suppress(*TROUBLE):
        session.client.shutdown()


def open_folder(session: BaseMailBox, name: str) -> Numbers:
    """Open a folder for reading only. Raises FolderGone, or another of TROUBLE."""
    try:
        _status, [messages] = session.folder.set(name, readonly=True)
    except ImapToolsError as error:
        if session.folder.exists(name):
            raise  # it is there, and the server cannot open it now
        raise FolderGone(name) from error
    validity, following = _response(session, "UIDVALIDITY"), _response(session, "UIDNEXT")
    if validity is None or following is None:
        figures = session.folder.status(name, ["UIDVALIDITY", "UIDNEXT"])
        validity, following = figures.get("UIDVALIDITY", validity), figures.get("UIDNEXT", following)
    if following is None:
        following = max(search(session, "ALL"), default=0) + 1
    return Numbers(validity or 0, following, int(messages or 0))


def _response(session: BaseMailBox, code: str) -> int | None:
    """A number the server told when the folder was opened."""
    _code, said = session.client.response(code)
    found = [word for word in said or [] if word]
    return int(found[-1]) if found and found[-1].isdigit() else None


def search(session: BaseMailBox, criteria: str) -> list[int]:
    """The UIDs of the open folder's mails that meet the criteria, in order."""
    return sorted(set(map(int, session.uids(criteria))))


def sizes(session: BaseMailBox, uids: Sequence[int]) -> dict[int, int]:
    """How large the mails of these UIDs are, as the server says."""
    found: dict[int, int] = {}
    for item in _fetch(session, uids, "(UID RFC822.SIZE)"):
        if isinstance(item, bytes) and (uid := _UID.search(item)) and (size := _SIZE.search(item)):
            found[int(uid[1])] = int(size[1])
    return found


def contents(session: BaseMailBox, uids: Sequence[int], most: int = 0) -> dict[int, Fetched]:
    """The raw mails of these UIDs, unread marks untouched; with `most`, only so many bytes of each."""
    data = _fetch(session, uids, f"(UID INTERNALDATE BODY.PEEK[]{f'<0.{most}>' if most else ''})")
    found: dict[int, Fetched] = {}
    for number, item in enumerate(data):
        if isinstance(item, tuple):
            head, content = item
            trailer = data[number + 1] if number + 1 < len(data) else b""
            about = head + (trailer if isinstance(trailer, bytes) else b"")
        elif short := _SHORT.search(item):  # a mail may come as a string instead of a literal, or be none
            about, content = item, re.sub(rb"\\(.)", rb"\1", short[1] or b"")
        else:
            continue
        if uid := _UID.search(about):
            found[int(uid[1])] = Fetched(content, _moment(about))
    return found


def arrivals(session: BaseMailBox, numbers: str) -> list[datetime]:
    """When the open folder's mails of these sequence numbers arrived."""
    status, data = session.client.fetch(numbers, "(INTERNALDATE)")
    _must(status, "FETCH")
    return [moment for item in data if isinstance(item, bytes) and (moment := _moment(item))]


_UID = re.compile(rb"\bUID (\d+)", re.IGNORECASE)
_SIZE = re.compile(rb"\bRFC822\.SIZE (\d+)", re.IGNORECASE)
_DATE = re.compile(rb'\bINTERNALDATE "[^"]{20,40}"', re.IGNORECASE)
_SHORT = re.compile(rb'BODY\[\](?:<0>)? (?:NIL|"((?:[^"\\]|\\.)*)")', re.IGNORECASE)


def _fetch(session: BaseMailBox, uids: Sequence[int], parts: str) -> list[bytes | tuple[bytes, bytes]]:
    status, data = session.client.uid("fetch", ",".join(map(str, uids)), parts)
    _must(status, "FETCH", data)
    return [item for item in data if item]


def _must(status: str, verb: str, data: object = "") -> None:
    if status != "OK":
        raise imaplib.IMAP4.error(f"{verb}: {status} {data!r}"[:300])


def _moment(text: bytes) -> datetime | None:
    found = _DATE.search(text)
    try:
        parts = imaplib.Internaldate2tuple(found[0]) if found else None
        return datetime.fromtimestamp(time.mktime(parts), UTC) if parts else None
    except (ValueError, OverflowError, OSError):
        return None
