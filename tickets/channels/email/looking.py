"""A look at a mailbox that stores nothing: does the sign-in work, which folders are there, and what is in them?"""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime

from imap_tools import BaseMailBox, FolderInfo
from imap_tools.errors import ImapToolsError

from tickets.channels.email import imap
from tickets.channels.email.trouble import Trouble, explain
from tickets.models import Mailbox

#: a page waits for this
TIMEOUT = 12
MOST_FOLDERS = 200
#: in more mails than that, the first and the last stand for the oldest and the newest
MOST_DATES = 5000


@dataclass(frozen=True, slots=True)
class FolderSeen:
    """A folder, and how much is in it; the dates are known of those that are chosen."""

    name: str
    mails: int
    unread: int
    is_chosen: bool = False
    #: "junk", "sent", "trash" …: what the server says it is for (RFC 6154)
    use: str = ""
    oldest: datetime | None = None
    newest: datetime | None = None


@dataclass(slots=True)
class Seen:
    """What there is, or what went wrong. Folders may be known even so: one that was asked for may be missing."""

    trouble: Trouble | None = None
    folders: list[FolderSeen] = field(default_factory=list)

    @property
    def is_good(self) -> bool:
        return self.trouble is None

    @property
    def mails(self) -> int:
        """How many mails are in the folders that are chosen."""
        return sum(folder.mails for folder in self.folders if folder.is_chosen)

    @property
    def has_chosen(self) -> bool:
        return any(folder.is_chosen for folder in self.folders)


def look(mailbox: Mailbox, names: Collection[str]) -> Seen:
    """Sign in and count. `mailbox` need not be saved; `names` are the folders to be fetched."""
    seen = Seen()
    try:
        session = imap.connect(mailbox, timeout=TIMEOUT)
        try:
            _count(session, names, seen)
        finally:
            imap.leave(session)
    except imap.TROUBLE as error:
        seen.trouble = explain(error, mailbox)
    return seen


def _count(session: BaseMailBox, names: Collection[str], seen: Seen) -> None:
    wanted = {_key(name) for name in names}
    for info in _folders(session):
        is_chosen = _key(info.name) in wanted
        wanted.discard(_key(info.name))
        try:
            figures = session.folder.status(info.name, ["MESSAGES", "UNSEEN"])
        except ImapToolsError:
            continue  # named and closed to us
        mails, oldest, newest = figures.get("MESSAGES", 0), None, None
        if is_chosen and mails:
            oldest, newest = _dates(session, info.name)
        use = next((flag[1:].lower() for flag in info.flags if flag.lower() in _USES), "")
        seen.folders.append(
            FolderSeen(info.name, mails, figures.get("UNSEEN", 0), is_chosen, use, oldest, newest)
        )  # fmt: skip
    if missing := next((name for name in names if _key(name) in wanted), None):
        seen.trouble = explain(imap.FolderGone(missing), Mailbox())


_USES = {"\\all", "\\archive", "\\drafts", "\\flagged", "\\junk", "\\sent", "\\trash"}


def _key(name: str) -> str:
    """INBOX has no case (RFC 3501 §5.1)."""
    return "INBOX" if name.upper() == "INBOX" else name


def _folders(session: BaseMailBox) -> list[FolderInfo]:
    closed = {"\\noselect", "\\nonexistent"}
    found = [info for info in session.folder.list() if not closed & {flag.lower() for flag in info.flags}]
    return sorted(found, key=lambda info: (_key(info.name) != "INBOX", info.name))[:MOST_FOLDERS]


def _dates(session: BaseMailBox, name: str) -> tuple[datetime | None, datetime | None]:
    there = imap.open_folder(session, name).messages
    moments = imap.arrivals(session, "1:*" if there <= MOST_DATES else "1,*") if there else []
    return min(moments, default=None), max(moments, default=None)
