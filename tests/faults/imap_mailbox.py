"""What the scripted IMAP server has, what it is told to do, and what it writes down."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime


@dataclass
class Mail:
    """A mail in a folder."""

    content: bytes
    flags: set[str] = field(default_factory=set)
    arrived: datetime = field(default_factory=lambda: datetime.now(UTC))


@dataclass
class Folder:
    """A folder: its mails by UID."""

    uidvalidity: int = 1
    next_uid: int = 1
    mails: dict[int, Mail] = field(default_factory=dict)

    def add(self, content: bytes, *flags: str, arrived: datetime | None = None) -> int:
        uid, self.next_uid = self.next_uid, self.next_uid + 1
        self.mails[uid] = Mail(content, set(flags), arrived or datetime.now(UTC))
        return uid

    def renumber(self, *, start: int = 1) -> None:
        """The server numbers anew: another UIDVALIDITY, other UIDs."""
        mails = [self.mails[uid] for uid in sorted(self.mails)]
        self.uidvalidity, self.next_uid = self.uidvalidity + 1, start
        self.mails = {}
        for mail in mails:
            self.mails[self.next_uid] = mail
            self.next_uid += 1


@dataclass
class Rule:
    """What is different when a command comes (`UID FETCH`, `LOGIN`): the answer, an act, or the end."""

    command: str
    #: instead of doing it: "NO [THROTTLED] slow down", "BAD what"
    reply: str = ""
    #: done before the command is
    act: Callable[[], object] | None = None
    #: say BYE and hang up
    bye: bool = False
    #: hang up without a word
    cut: bool = False
    wait: float = 0
    #: the UIDs a fetch keeps silent about
    silent: frozenset[int] = frozenset()
    times: int = 1


@dataclass
class Journal:
    """What came to pass."""

    commands: Counter[str] = field(default_factory=Counter)
    #: folder, UIDVALIDITY, UID of each body that was sent whole
    given: list[tuple[str, int, int]] = field(default_factory=list)
    logins: list[tuple[float, str, bool]] = field(default_factory=list)
    sent: int = 0
