"""How the fetching of a folder begins: from now on, or with what is there as history; and when it begins again.

Mail that was there before we came is never answered: it is passed over, or stored as history.
"""

from datetime import UTC, datetime, timedelta
from email.parser import BytesHeaderParser
from email.utils import parsedate_to_datetime

from django.db import transaction

from tickets.channels.email.imap import Fetched, Numbers
from tickets.models import Mailbox, MailFolder

_HEADER_BYTES = 256 * 1024
#: clocks of servers differ, and a mail may be seen a little after it arrived
_DOUBT = timedelta(hours=1)


def begin(mailbox: Mailbox, folder: MailFolder, numbers: Numbers) -> bool:
    """Set the cursor at the first look, or after the server numbered anew. False when another process was faster.

    From now on: what is there is passed over. With what is there: it is history, fetched after live mail. Numbered
    anew: all of it is read again, and what we have is recognised by Message-ID and content.
    """
    was, there = folder.uidvalidity, numbers.uidnext - 1
    cursor: dict[str, int | None] = {"last_uid": 0, "ahead_from": None, "ahead_to": None, "history_upto": None}
    if mailbox.start == Mailbox.Start.NOW:
        if was is None:
            cursor["last_uid"] = there
        else:
            cursor["history_upto"] = there  # which of it is history, its age says
    elif was is None or _is_unfinished(folder):
        cursor |= {"ahead_from": there + 1, "ahead_to": there, "history_upto": there}
    mine = MailFolder.objects.filter(pk=folder.pk, uidvalidity=was)
    if not mine.update(uidvalidity=numbers.uidvalidity, **cursor):
        return False
    folder.refresh_from_db()
    return True


def _is_unfinished(folder: MailFolder) -> bool:
    return folder.history_upto is not None and folder.last_uid < folder.history_upto


def is_history(mailbox: Mailbox, folder: MailFolder, uid: int, mail: Fetched) -> bool:
    """Whether this mail was there before we came."""
    if folder.history_upto is None or uid > folder.history_upto:
        return False
    if mailbox.start == Mailbox.Start.ALL:
        return True
    # numbered anew: what is older than our last look was stored then, or passed over before
    moments = [moment for moment in (mail.arrived_at, _written_at(mail.content)) if moment]
    return bool(mailbox.checked_at and moments and min(moments) < mailbox.checked_at - _DOUBT)


def _written_at(content: bytes) -> datetime | None:
    """What its Date says; a server put back from a copy may call every mail new."""
    head = BytesHeaderParser().parsebytes(content[:_HEADER_BYTES].partition(b"\r\n\r\n")[0])
    try:
        moment = parsedate_to_datetime(str(head.get("Date", "")))
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


@transaction.atomic
def restart(mailbox: Mailbox) -> None:
    """Let a mailbox that is fetched already follow its `start`, changed since.

    With what is there: what was passed over comes as history. From now on: a history that is still coming ends here.
    """
    for folder in MailFolder.objects.select_for_update().filter(mailbox=mailbox, uidvalidity__isnull=False):
        if mailbox.start == Mailbox.Start.ALL:
            # what is stored ahead is fetched again, and known by its key
            folder.history_upto = max(folder.last_uid, folder.history_upto or 0)
            folder.ahead_from, folder.ahead_to, folder.last_uid = folder.last_uid + 1, folder.last_uid, 0
        elif mailbox.start == Mailbox.Start.NOW and _is_unfinished(folder) and folder.ahead_to is not None:
            if folder.ahead_from is None or folder.history_upto is None or folder.ahead_from > folder.history_upto + 1:
                continue  # live mail is still missing in between
            folder.last_uid, folder.ahead_from, folder.ahead_to = folder.ahead_to, None, None
        folder.save(update_fields=["last_uid", "ahead_from", "ahead_to", "history_upto"])
