"""Mail coming in: stored raw, claimed in batches, read, and put where it belongs in one transaction.

`store` commits before anybody acknowledges. `claim` leases rows to a worker; `receive` turns a batch of read mails
into customers, tickets, messages and events, or leaves a reason where it cannot.
"""

import hashlib
import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import partial
from itertools import accumulate

from django.db import IntegrityError, transaction
from django.db.models import F, Q

from helpdesk import clock
from helpdesk.events import record
from helpdesk.failpoints import reach
from helpdesk.models import Agent
from tickets.models import Inbox, RawMessage, RawState, Ticket
from tickets.operations import moving, writing_down
from tickets.operations.placing import Batch, Read
from tickets.operations.status import must_work_in

__all__ = ["Read", "assign_to", "claim", "park", "receive", "replay", "store"]

LEASE = timedelta(seconds=60)
#: after that many lost leases a mail is parked: it kills whoever reads it
PATIENCE = 5
#: how much mail is held in memory at once; a larger one is read alone
MOST_BYTES = 32 * 1024 * 1024


@transaction.atomic(savepoint=False)
def store(
    *, inbox: Inbox, content: bytes, source: str, source_key: str = "", envelope_from: str = "",
    envelope_to: Sequence[str] = (), is_history: bool = False, arrived_at: datetime | None = None,
) -> RawMessage | None:  # fmt: skip
    """Keep a mail as it came: once this commits, it is ours. None when the source gave it to us before.

    `is_history` marks a mail that was there before we came: it answers, times and asks nothing. `arrived_at` is when
    the source had it.
    """
    raw = RawMessage(
        inbox=inbox,
        source=source,
        source_key=source_key or uuid.uuid4().hex,
        envelope_from=envelope_from[:320],
        envelope_to=[address.lower()[:320] for address in envelope_to][:100],
        is_history=is_history,
        arrived_at=arrived_at,
        content=content,
        size=len(content),
        sha256=hashlib.sha256(content).digest(),
    )
    if not _kept(raw):
        known = RawMessage.objects.filter(inbox=inbox, source=source, source_key=raw.source_key)
        if raw.sha256 in [bytes(digest) for digest in known.values_list("sha256", flat=True)]:
            return None
        # another mail under a name that was given before: by another server, or by a broken one
        raw.source_key = f"{raw.source_key} {raw.sha256.hex()[:32]}"
        if not _kept(raw):
            return None
    transaction.on_commit(partial(_ring, inbox), robust=True)
    return raw


def _kept(raw: RawMessage) -> bool:
    try:
        with transaction.atomic():
            raw.save(force_insert=True)
    except IntegrityError:
        return False
    return True


def _ring(inbox: Inbox) -> None:
    from helpdesk.doorbell import ring
    from tickets.tasks import receive_mail, receive_posts

    ring(receive_mail if inbox.is_of_mail else receive_posts)


@transaction.atomic
def claim(limit: int, *, of_mail: bool = True) -> list[RawMessage]:
    """Lease up to `limit` waiting mails, or what came by other channels.

    One that a worker died of is leased alone, and parked after five deaths.
    """
    now = clock.now()
    free = Q(lease_until=None) | Q(lease_until__lt=now)
    waiting = RawMessage.objects.select_for_update(skip_locked=True, of=("self",)).filter(
        free, Q(inbox__channel="email") if of_mail else ~Q(inbox__channel="email"), state=RawState.RECEIVED
    )
    sizes = list(waiting.filter(attempts=0).order_by("id").values_list("pk", "size")[:limit])
    fitting = sum(1 for so_far in accumulate(size for _pk, size in sizes) if so_far <= MOST_BYTES)
    within = [pk for pk, _size in sizes[: max(1, fitting)]]
    raws = list(RawMessage.objects.filter(pk__in=within).select_related("inbox").order_by("id")) if within else []
    if not raws:
        raws = list(waiting.select_related("inbox").order_by("attempts", "id")[:1])
        if raws and raws[0].attempts >= PATIENCE:
            park(raws[0], "Reading this mail failed five times. It is kept here as it came.")
            return []
    RawMessage.objects.filter(pk__in=[r.pk for r in raws]).update(attempts=F("attempts") + 1, lease_until=now + LEASE)
    return raws


def renew(raws: Sequence[RawMessage]) -> None:
    """Say that claimed mails are still being worked on."""
    mine = RawMessage.objects.filter(pk__in=[raw.pk for raw in raws], state=RawState.RECEIVED)
    if raws:
        mine.update(lease_until=clock.now() + LEASE)


def park(raw: RawMessage, reason: str) -> None:
    """Set a mail aside where people see it; it can be replayed."""
    waiting = RawMessage.objects.filter(pk=raw.pk, state=RawState.RECEIVED)
    waiting.update(state=RawState.PARKED, reason=reason, reason_code="failed", lease_until=None)


@transaction.atomic
def replay(raw: RawMessage, *, force: bool = False) -> RawMessage:
    """Give a parked or quarantined mail another chance. `force` accepts a quarantined one as it is."""
    raw = RawMessage.objects.select_for_update().get(pk=raw.pk)
    if raw.state in (RawState.PARKED, RawState.QUARANTINED, RawState.DISMISSED):
        raw.state, raw.attempts, raw.lease_until = RawState.RECEIVED, 0, None
        raw.reason, raw.is_released = "", raw.is_released or force
        raw.save(update_fields=["state", "attempts", "lease_until", "reason", "is_released"])
        transaction.on_commit(partial(_ring, raw.inbox), robust=True)
    return raw


@transaction.atomic
def assign_to(raw: RawMessage, ticket: Ticket, *, actor: Agent) -> RawMessage:
    """Say on which ticket a mail belongs: one held back is let in there, one on another ticket moves.

    Raises NotPossible for who does not work tickets, another inbox's ticket, or a closed one.
    """
    must_work_in(actor, raw.inbox_id)
    raw = RawMessage.objects.select_for_update(of=("self",)).select_related("said").get(pk=raw.pk)
    moving.must_take(ticket, raw.inbox_id)
    if raw.said is not None:
        moving.move(raw.said, ticket=ticket, actor=actor)
    elif raw.state in (RawState.PARKED, RawState.QUARANTINED, RawState.DISMISSED):
        raw.belongs_to = ticket
        raw.save(update_fields=["belongs_to"])
        replay(raw, force=True)
        record("mail.released", raw.inbox, actor=actor, raw=raw.pk, ticket=ticket.number)
    return raw


@transaction.atomic
def receive(reads: Sequence[Read]) -> None:
    """Put a batch of read mails on their tickets. All or nothing: the caller tries one by one when it raises.

    What somebody else settled meanwhile, because our lease ran out, stays as they settled it.
    """
    transaction.on_commit(lambda: reach("in.tx_committed"))
    mine = RawMessage.objects.select_for_update().filter(pk__in=[r.raw.pk for r in reads], state=RawState.RECEIVED)
    still = set(mine.order_by("pk").values_list("pk", flat=True))
    batch = Batch([read for read in reads if read.raw.pk in still])
    batch.sort_out()
    writing_down.write(batch)
    reach("in.tx_before_commit")
