"""Files of account events, read in by a worker: the row is the job, its parts are safe to lose and to do twice."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import timedelta
from itertools import islice

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.utils import translation

from feedback import account_files, accounts
from feedback.account_files import Found
from feedback.models import AccountImport
from feedback.operations import telling
from helpdesk import clock
from helpdesk.events import record
from helpdesk.failpoints import reach
from helpdesk.models import Agent
from tickets.operations.status import NotPossible, must_work_tickets

#: lines of a part, which is one transaction
PART = 1_000
#: so long a worker may be silent before another takes over
LEASE = timedelta(minutes=2)
#: problems that are kept, each with its line; the others are counted
MOST_PROBLEMS = 1_000
#: a file that nobody has read in after a day is thrown away; what was wrong with the others, after a month
LOOKED_AT_FOR, PROBLEMS_FOR = timedelta(days=1), timedelta(days=30)


@transaction.atomic
def upload(name: str, text: str, *, actor: Agent) -> AccountImport:
    """Keep a file for its uploader to look at; nothing of it counts yet. Raises Unreadable."""
    must_work_tickets(actor)
    table = account_files.table(text)
    return AccountImport.objects.create(name=name[:200], by=actor, text=text, lines=table.lines)


@transaction.atomic
def begin(batch: AccountImport, columns: Mapping[str, int], *, actor: Agent) -> AccountImport:
    """Have a file read in, these columns meaning this. Beginning twice is beginning once."""
    must_work_tickets(actor)
    batch = AccountImport.objects.select_for_update(of=("self",)).get(pk=batch.pk)
    if batch.begun_at is None:
        batch.columns, batch.zone, batch.begun_at = dict(columns), actor.zone or "UTC", clock.now()
        batch.save(update_fields=["columns", "zone", "begun_at"])
        record("account.import_begun", batch, actor=actor, lines=batch.lines)
    return batch


def to_do() -> Sequence[int]:
    """What waits, or was left behind by somebody who died. Nothing while what a file told is being voided."""
    if AccountImport.objects.filter(is_voiding=True).exists():
        return []
    free = Q(lease_until=None) | Q(lease_until__lt=clock.now())
    waiting = AccountImport.objects.filter(free, begun_at__isnull=False, finished_at=None).order_by("begun_at")
    return list(waiting.values_list("pk", flat=True)[:100])


def run(pk: int) -> bool:
    """Read in all that is left of a file. False when somebody else is at it.

    Two lines alike are two events, so those before the place where another worker died are counted again first.
    """
    free = Q(lease_until=None) | Q(lease_until__lt=clock.now())
    mine = AccountImport.objects.filter(free, pk=pk, begun_at__isnull=False, finished_at=None)
    if not mine.update(lease_until=clock.now() + LEASE):
        return False
    batch = AccountImport.objects.select_related("by").get(pk=pk)
    language = (batch.by.language if batch.by else "") or settings.LANGUAGE_CODE
    _headings, rows = account_files.opened(batch.text)
    seen: Counter[str] = Counter()
    at = 0
    while part := list(islice(rows, PART)):
        with translation.override(language):
            found = account_files.understood(part, batch.columns, batch.zone, seen=seen)
        at += len(part)
        if at > batch.done and not _keep(pk, at - len(part), at, found):
            return True
        reach("job.part_done")
    _finish(pk)
    return True


@transaction.atomic
def _keep(pk: int, start: int, end: int, found: Found) -> bool:
    """What some lines say, and how far the file is, at once. False where there is nothing left to do for us."""
    batch = AccountImport.objects.select_for_update(of=("self",)).select_related("by").get(pk=pk)
    if batch.finished_at is not None or batch.done != start:
        return False
    try:
        told = telling.tell(found.news, source="csv", actor=batch.by, batch=batch)
    except NotPossible as why:  # whoever began it may no longer
        _end(batch, stopped=str(why))
        return False
    new = sum(one.is_new for one in told)
    batch.told, batch.known, batch.failed = (
        batch.told + new,
        batch.known + len(told) - new,
        batch.failed + len(found.problems),
    )
    batch.problems = [*batch.problems, *([line, why] for line, why in found.problems)][:MOST_PROBLEMS]
    batch.done, batch.lease_until = end, clock.now() + LEASE
    batch.save(update_fields=["told", "known", "failed", "problems", "done", "lease_until"])
    reach("job.part_open")
    return True


@transaction.atomic
def _finish(pk: int) -> None:
    batch = AccountImport.objects.select_for_update(of=("self",)).select_related("by").get(pk=pk)
    if batch.finished_at is None:
        _end(batch)


def _end(batch: AccountImport, *, stopped: str = "") -> None:
    batch.finished_at, batch.lease_until, batch.text, batch.stopped = clock.now(), None, "", stopped[:300]
    batch.save(update_fields=["finished_at", "lease_until", "text", "stopped"])
    transaction.on_commit(accounts.forget, robust=True)
    record("account.imported", batch, actor=batch.by, told=batch.told, known=batch.known, failed=batch.failed)


@transaction.atomic
def take_back(batch: AccountImport, *, actor: Agent | None) -> AccountImport:
    """Void what came in a file, and read in no more of it. What it told again and was known before stays.

    The first part is void at once; a worker goes on with the others, and reads in no file meanwhile.
    """
    must_work_tickets(actor)
    batch = AccountImport.objects.select_for_update(of=("self",)).get(pk=batch.pk)
    if batch.undone_at is None and batch.begun_at is not None:
        batch.undone_at, batch.undone_by, batch.text, batch.lease_until = clock.now(), actor, "", None
        batch.finished_at = batch.finished_at or batch.undone_at
        batch.is_voiding = telling.void_some(batch.events.all(), PART, actor=actor) == PART
        batch.save(update_fields=["undone_at", "undone_by", "text", "lease_until", "finished_at", "is_voiding"])
        record("account.import_undone", batch, actor=actor)
    return batch


@transaction.atomic
def go_on_voiding() -> bool:
    """Void another part of a file that was taken back. False when none is left, or somebody else is at it."""
    taken_back = AccountImport.objects.select_for_update(of=("self",), skip_locked=True).filter(is_voiding=True)
    batch = taken_back.select_related("undone_by").order_by("pk").first()
    if batch is None:
        return False
    if telling.void_some(batch.events.all(), PART, actor=batch.undone_by) < PART:
        batch.is_voiding = False
        batch.save(update_fields=["is_voiding"])
    return True


def forget() -> int:
    """Throw away files that nobody read in, and old lists of what was wrong: they name addresses."""
    now = clock.now()
    count, _each = AccountImport.objects.filter(begun_at=None, at__lt=now - LOOKED_AT_FOR).delete()
    old = AccountImport.objects.filter(finished_at__lt=now - PROBLEMS_FOR).exclude(problems=[])
    return count + old.update(problems=[])
