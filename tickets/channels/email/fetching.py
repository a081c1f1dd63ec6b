"""Fetching a mailbox: by UID, never by flags; stored and committed before the cursor moves.

Any number of processes may fetch the same mailbox: what a second one stores is known by its key, and a cursor moves
only from where the process saw it, so that it never goes back or past a mail that is not stored.
"""

from collections import Counter, deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _
from imap_tools import BaseMailBox

from helpdesk import clock
from helpdesk.failpoints import reach
from tickets.channels.email import imap, starting
from tickets.channels.email.cursor import Cursor, Portion, advanced, following, joined
from tickets.channels.email.trouble import explain
from tickets.models import Mailbox, MailFolder
from tickets.operations import health, intake

FETCH_AT_ONCE = 50
FETCH_BYTES = 32 * 1024 * 1024
#: a mail that could not be fetched that many times, alone, is set aside where people see it
PATIENCE = 5
#: of a mail larger than we take, so much is kept to show what it was
BEGINNING = 256 * 1024


@dataclass
class Stumbles:
    """Mails that could not be fetched, remembered over the sessions of one watcher."""

    count: Counter[tuple[int, int]] = field(default_factory=Counter)
    #: in these folders, mails up to this UID are fetched one at a time
    alone_until: dict[int, int] = field(default_factory=dict)

    def at(self, folder: MailFolder, uids: Sequence[int]) -> None:
        """These could not be fetched together."""
        self.alone_until[folder.pk] = max(uids[-1], self.alone_until.get(folder.pk, 0))
        if len(uids) == 1:
            self.count[folder.pk, uids[0]] += 1

    def at_once(self, folder: MailFolder, uids: Sequence[int]) -> int:
        """How many of these to fetch together."""
        return 1 if uids[0] <= self.alone_until.get(folder.pk, 0) else FETCH_AT_ONCE

    def is_given_up(self, folder: MailFolder, uid: int) -> bool:
        return self.count[folder.pk, uid] >= PATIENCE


@dataclass
class Look:
    """A folder during one fetch, and the UIDs the server named in it."""

    mailbox: Mailbox
    folder: MailFolder
    session: BaseMailBox
    stumbles: Stumbles
    uids: list[int] = field(default_factory=list)
    #: what numbering they are of, and above which UID they are complete
    uids_of: tuple[int, int] = (-1, 0)
    turn: int = 0

    @property
    def is_read_again(self) -> bool:
        """Whether the server numbered anew and we have not read all of it since: till then, what is old is by the
        moment of the last look before that."""
        upto = self.folder.history_upto
        return self.mailbox.start == Mailbox.Start.NOW and upto is not None and self.folder.last_uid < upto

    def fetch_some(self) -> tuple[int, bool]:
        """Store the next few mails. Returns how many were new, and whether more are waiting."""
        line = self.session.client.sock
        reach("in.lock", line)
        numbers = imap.open_folder(self.session, self.folder.name)
        self.folder.refresh_from_db()
        is_anew = self.folder.uidvalidity != numbers.uidvalidity or self._went_back(numbers)
        if is_anew and not starting.begin(self.mailbox, self.folder, numbers):
            return 0, True
        self._search(numbers)
        reach("in.search", line)
        cursor = joined(self._cursor(), Cursor(self.folder.last_uid).waiting(self.uids))
        waiting = cursor.waiting(self.uids)
        if not waiting:
            self._move(cursor)
            return 0, False
        portion = following(cursor, waiting, self.turn, self.stumbles.at_once(self.folder, waiting))
        self.turn += 1
        count, portion = self._store(cursor, portion, waiting)
        return count, len(waiting) > len(portion.uids)

    def _went_back(self, numbers: imap.Numbers) -> bool:
        """Whether a broken server began its numbers again and does not say so: its next one was given before."""
        last = self.folder.last_uid
        return numbers.uidnext <= last and max(imap.search(self.session, f"UID {last}:*"), default=0) < last

    def _cursor(self) -> Cursor:
        return Cursor(self.folder.last_uid, self.folder.ahead_from, self.folder.ahead_to)

    def _search(self, numbers: imap.Numbers) -> None:
        """Learn of what is there; after the first time, of what came since."""
        validity, above = self.uids_of
        if validity != numbers.uidvalidity or above > self.folder.last_uid:
            self.uids, self.uids_of = [], (numbers.uidvalidity, self.folder.last_uid)
        highest = self.uids[-1] if self.uids else self.folder.last_uid
        if numbers.uidnext > highest + 1:
            # of n:* with nothing from n on, servers name the last mail (RFC 3501 §9)
            self.uids += [uid for uid in imap.search(self.session, f"UID {highest + 1}:*") if uid > highest]

    def _store(self, cursor: Cursor, portion: Portion, waiting: Sequence[int]) -> tuple[int, Portion]:
        line = self.session.client.sock
        try:
            sizes = imap.sizes(self.session, portion.uids)
            portion = portion.cut(sizes, FETCH_BYTES)
            found, notes = self._contents(portion.uids, sizes)
        except imap.TROUBLE as error:
            if not explain(error, self.mailbox).is_busy:
                self.stumbles.at(self.folder, portion.uids)
            raise
        reach("in.fetch", line)
        count = 0
        with transaction.atomic():
            for uid in portion.uids:
                if uid in found:
                    count += self._store_one(uid, found[uid], notes.get(uid, ""))
            self._move(advanced(cursor, portion, waiting))
            reach("in.cursor", line)
        reach("in.raw_committed", line)
        return count, portion

    def _contents(self, uids: list[int], sizes: dict[int, int]) -> tuple[dict[int, imap.Fetched], dict[int, str]]:
        """The mails of these UIDs, and why one is not whole. Raises one of TROUBLE when a mail is kept back."""
        most = settings.MAIL_MAX_MB * 1024 * 1024
        large = [uid for uid in uids if sizes.get(uid, 0) > most]
        lost = [uid for uid in uids if uid not in large and self.stumbles.is_given_up(self.folder, uid)]
        whole = [uid for uid in uids if uid not in large and uid not in lost]
        found = imap.contents(self.session, whole) if whole else {}
        if missing := [uid for uid in whole if uid not in found]:
            # gone since the search? else the server owes it to us
            still = imap.search(self.session, f"UID {','.join(map(str, missing))}")
            if kept_back := [uid for uid in missing if uid in still]:
                raise imap.KeptBack(self.folder.name, kept_back)
        if large:
            found |= imap.contents(self.session, large, BEGINNING)
        if lost:
            self._must_give_others(lost)
            found |= {uid: imap.Fetched(b"", None) for uid in lost}
        place = {"folder": self.folder.name}
        too_large = _("This mail is larger than %(most)s MB. Only its beginning is kept here; all of it is in the "
                      "mailbox, folder %(folder)s.") % {**place, "most": settings.MAIL_MAX_MB}  # fmt: skip
        refused = _("The server could not hand this mail over. It is in the mailbox, folder %(folder)s.") % place
        return found, dict.fromkeys(large, too_large) | dict.fromkeys(lost, refused)

    def _must_give_others(self, lost: list[int]) -> None:
        """Raise one of TROUBLE where it is not these mails but the server that fails."""
        others = [uid for uid in imap.search(self.session, "ALL") if uid not in lost]
        if others and not imap.contents(self.session, others[-1:], 1):
            raise imap.KeptBack(self.folder.name, others[-1:])

    def _store_one(self, uid: int, mail: imap.Fetched, note: str) -> bool:
        raw = intake.store(
            inbox=self.mailbox.inbox, content=mail.content, source="imap",
            source_key=f"{self.folder.pk} {self.folder.uidvalidity} {uid}",
            is_history=starting.is_history(self.mailbox, self.folder, uid, mail), arrived_at=mail.arrived_at,
        )  # fmt: skip
        if raw and note:
            intake.park(raw, note)
        if raw and not raw.is_history:
            health.note_received(self.mailbox.inbox_id)
        return raw is not None

    def _move(self, to: Cursor) -> bool:
        """Remember where we are, unless somebody else moved the cursor or the server numbered anew meanwhile."""
        folder, was = self.folder, self._cursor()
        if to == was:
            return True
        moved = MailFolder.objects.filter(
            pk=folder.pk, uidvalidity=folder.uidvalidity, last_uid=was.last, ahead_from=was.ahead_from,
            ahead_to=was.ahead_to,
        ).update(last_uid=to.last, ahead_from=to.ahead_from, ahead_to=to.ahead_to)  # fmt: skip
        return bool(moved)


def fetch(
    mailbox: Mailbox, session: BaseMailBox, stumbles: Stumbles | None = None, go_on: Callable[[], bool] = lambda: True
) -> int:  # fmt: skip
    """Store everything new of each folder, by turns, for as long as `go_on` says. Returns how many mails were new.

    Raises one of TROUBLE. A folder that is gone holds up no other; it is told at the end.
    """
    stumbles = stumbles or Stumbles()
    looks = deque(Look(mailbox, folder, session, stumbles) for folder in mailbox.folders.order_by("pk"))
    count = 0
    gone: imap.FolderGone | None = None
    while looks and go_on():
        look = looks.popleft()
        try:
            new, has_more = look.fetch_some()
        except imap.FolderGone as error:
            gone = error
            continue
        except MailFolder.DoesNotExist:
            continue  # the settings page took it away
        count += new
        if has_more:
            looks.append(look)
            _works(mailbox, is_known=not any(one.is_read_again for one in looks))
    if gone:
        raise gone
    if not looks:
        _works(mailbox, is_known=True)
    return count


def _works(mailbox: Mailbox, *, is_known: bool) -> None:
    """The mailbox can be read; with `is_known`, all that is in it now is stored or known to be waiting."""
    values = {"checked_at": clock.now()} if is_known else {}
    Mailbox.objects.filter(pk=mailbox.pk).update(error="", failing_since=None, **values)
