"""The heartbeat of an inbox: what last came and went, whether its test mails come back, and what is wrong.

`note_received` and `note_sent` are called by whatever takes in and hands on mail; `examine` is the clock's question;
what it finds is kept in words with the inbox, where the banner, the page and the notices to admins read it.
"""

import re
from collections.abc import Iterable
from functools import partial

from django.db import connection, transaction

from helpdesk import clock
from helpdesk.events import record
from tickets import minting
from tickets.channels.email import diagnosis
from tickets.models import Inbox, InboxHealth, OutgoingMail

_TOKEN = re.compile(r"\b[a-z2-7]{26}\.[a-z2-7]{16}\b")


def note_received(inbox_id: int) -> None:
    """A mail for this inbox was stored. Costs one short statement after the commit, a write at most once a minute."""
    transaction.on_commit(partial(_note, "received_at", inbox_id), robust=True)


def note_sent(inbox_id: int) -> None:
    """A mail of this inbox was taken by the next server. As cheap as `note_received`."""
    transaction.on_commit(partial(_note, "sent_at", inbox_id), robust=True)


def _note(column: str, inbox_id: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            INSERT INTO tickets_inboxhealth AS health (inbox_id, probe_token, problem_in, problem_out, {column})
            VALUES (%s, '', '', '', %s)
            ON CONFLICT (inbox_id) DO UPDATE SET {column} = excluded.{column}
            WHERE health.{column} IS NULL OR health.{column} < excluded.{column} - interval '1 minute'
            """,  # noqa: S608 - one of two names of ours
            [inbox_id, clock.now()],
        )


def locked(inbox: Inbox) -> InboxHealth:
    """The health of an inbox, locked until the transaction ends; made when it has none yet."""
    InboxHealth.objects.bulk_create([InboxHealth(inbox=inbox)], ignore_conflicts=True)
    return InboxHealth.objects.select_for_update().get(inbox=inbox)


@transaction.atomic
def examine(inbox: Inbox) -> InboxHealth:
    """Look what is wrong with an inbox now, keep it in words, and record when trouble begins and when it is over."""
    health, now = locked(inbox), clock.now()
    changed = _settle(inbox, health, "in", diagnosis.incoming(inbox, health, now))
    changed |= _settle(inbox, health, "out", diagnosis.outgoing(inbox, health, now))
    if changed:
        health.save(update_fields=["problem_in", "problem_in_since", "problem_out", "problem_out_since"])
    return health


def _settle(inbox: Inbox, health: InboxHealth, way: str, found: diagnosis.Trouble | None) -> bool:
    """Put what was found about one way into words with the inbox. False when nothing is new."""
    was, words = getattr(health, f"problem_{way}"), found.words if found else ""
    if was == words:
        return False
    setattr(health, f"problem_{way}", words)
    if found and not was:
        since = found.since or clock.now()
        setattr(health, f"problem_{way}_since", since)
        record("inbox.troubled", inbox, actor=None, way=way, cause=found.cause, since=since.isoformat())
    elif not found:
        since = getattr(health, f"problem_{way}_since")
        setattr(health, f"problem_{way}_since", None)
        record("inbox.recovered", inbox, actor=None, way=way, since=since.isoformat() if since else None)
    return True


def probe_token(*, message_id: str, addresses: Iterable[str] = (), text: str = "") -> str:
    """The token of a test mail of ours, from wherever it survived the way; "" for any other mail.

    Worth asking only of a mail that an inbox seems to have sent to itself. Whether the token is one of that inbox is
    for `probe_came_back` to say.
    """
    for address in addresses:
        if (signed := minting.read_address(address)) and signed.kind == "probe":
            return signed.token
    candidates = [message_id.partition("@")[0], *_TOKEN.findall(text[:5000])]
    return next((token for token in candidates if minting.is_token(token)), "")


@transaction.atomic
def probe_came_back(inbox: Inbox, token: str) -> bool:
    """A mail with this token came in. False when it is no test mail of this inbox.

    One that is late counts as well: it shows that mail comes in.
    """
    probes = OutgoingMail.objects.filter(inbox=inbox, purpose=OutgoingMail.Purpose.PROBE)
    if not minting.is_token(token) or not probes.filter(message_id__startswith=f"{token}@").exists():
        return False
    health = locked(inbox)
    if diagnosis.is_outstanding(health):
        health.probe_seen_at = clock.now()
        health.save(update_fields=["probe_seen_at"])
    return True
