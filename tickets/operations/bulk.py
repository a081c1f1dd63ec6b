"""One act on many tickets: a row that says how far it is, done in parts, and taken back as one.

A part is one transaction: the tickets of it and the row that counts them. Whoever dies in the middle of a part has done
nothing of it, and whoever goes on begins where the row says. A lease keeps others from trying meanwhile; were it to
fail, the row's lock makes the second one wait and then see that the part is done.
"""

import hashlib
import json
import secrets
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import structlog
from django.db import OperationalError, transaction
from django.db.models import Q
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from helpdesk import clock
from helpdesk.events import record, together
from helpdesk.failpoints import reach
from helpdesk.models import Agent, Event
from helpdesk.prepared import asking_once
from tickets.models import BulkAct, Customer, Ticket
from tickets.models.ticket import holding
from tickets.operations import acting, undo
from tickets.operations.status import NotPossible, must_work_tickets

log = structlog.get_logger(__name__)

State = BulkAct.State
#: in one go; more is done by asking again
MOST = 5000
#: so many are done at once while somebody waits for the page
AT_ONCE = 50
PART = 25
LEASE = timedelta(minutes=2)
#: how long all of it can be taken back with one click
UNDO_WITHIN = timedelta(days=1)
UNDO = {"do": "undo"}


def ask(*, actor: Agent, act: Mapping[str, Any], tickets: Iterable[int], once: str) -> BulkAct:
    """Write down what is to be done. Asking again for the same with the same key is asking once. Raises NotPossible."""
    must_work_tickets(actor)
    known = acting.clean(act)
    numbers = list(dict.fromkeys(tickets))
    if not numbers:
        raise NotPossible(_("Choose the tickets first."))
    if len(numbers) > MOST:
        raise NotPossible(_("At most %(most)d tickets in one go.") % {"most": MOST})
    return _asked(_key(once, actor, known, numbers), actor, agent=actor, act=known, tickets=numbers)


def _key(once: str, actor: Agent, act: Mapping[str, Any], numbers: Sequence[int]) -> str:
    """A form's key holds for one agent, one act and these tickets: whatever else it is sent with is asked for anew."""
    said = json.dumps([once or secrets.token_hex(), actor.pk, act, sorted(numbers)], sort_keys=True)
    return hashlib.sha256(said.encode()).hexdigest()


def ask_undo(done: BulkAct, *, actor: Agent) -> BulkAct:
    """Take all of it back. Asking twice is asking once. Raises NotPossible when it is not theirs, or too long ago."""
    if done.agent_id != actor.pk or done.undoes_id or done.created_at < clock.now() - UNDO_WITHIN:
        raise NotPossible(_("That cannot be undone."))
    if done.state != State.DONE:
        raise NotPossible(_("It is not finished yet."))
    touched = Event.objects.filter(pk__in=done.events, at__gte=done.created_at).order_by("stream_id")
    numbers = list(touched.values_list("stream_id", flat=True).distinct())
    return _asked(f"undo-{done.pk}", actor, agent=actor, act=UNDO, tickets=numbers, undoes=done)


@transaction.atomic
def _asked(once: str, actor: Agent, **fields: Any) -> BulkAct:
    bulk, is_new = BulkAct.objects.get_or_create(once=once, defaults=fields)
    if is_new:
        facts: dict[str, Any] = {"undoes": bulk.undoes_id} if bulk.undoes_id else {}
        act = {name: said for name, said in bulk.act.items() if name != "value"}  # the ledger holds no answers
        record("bulk.asked", bulk, actor=actor, act=act, tickets=len(bulk.tickets), **facts)
    return bulk


def claim(pk: int) -> bool:
    """A lease on the work, unless somebody has it or it is done."""
    free = Q(lease_until=None) | Q(lease_until__lt=clock.now())
    mine = BulkAct.objects.filter(free, pk=pk).exclude(state=State.DONE)
    return bool(mine.update(state=State.RUNNING, lease_until=clock.now() + LEASE))


def to_do() -> Sequence[int]:
    """What waits, or was left behind by somebody who died."""
    free = Q(lease_until=None) | Q(lease_until__lt=clock.now())
    waiting = BulkAct.objects.filter(free, ~Q(state=State.DONE)).order_by("created_at")
    return list(waiting.values_list("pk", flat=True)[:100])


def run(pk: int) -> BulkAct | None:
    """Do all that is left of it. None when somebody else is at it. Safe to lose and safe to run twice."""
    if not claim(pk):
        return None
    while True:
        bulk = _part(pk)
        if bulk.state == State.DONE:
            return bulk
        reach("job.part_done")


def _part(pk: int) -> BulkAct:
    try:
        return _do_part(pk, PART)
    except OperationalError:  # such as a deadlock with somebody who works one of them right now
        log.warning("a part of a bulk act is tried one by one", bulk=pk)
        return _do_part(pk, 1)


@transaction.atomic
def _do_part(pk: int, size: int) -> BulkAct:
    bulk = BulkAct.objects.select_for_update(of=("self",)).select_related("agent", "undoes").get(pk=pk)
    if bulk.state == State.DONE:
        return bulk
    numbers = sorted(bulk.tickets[bulk.done : bulk.done + size])
    _hold(bulk, numbers)
    found = {one.pk: one for one in Ticket.objects.visible_to(bulk.agent).filter(pk__in=numbers)}
    for number in _erased_since(bulk, numbers):  # what was asked of a person is not done to who is nobody now
        found.pop(number, None)
    with structlog.contextvars.bound_contextvars(request_id=cause_of(bulk)), asking_once():
        bulk.events += _undo_each(bulk, numbers, found) if bulk.undoes is not None else _do_each(bulk, numbers, found)
    bulk.done += len(numbers)
    bulk.lease_until = clock.now() + LEASE
    if bulk.done >= len(bulk.tickets):
        bulk.state, bulk.finished_at, bulk.lease_until = State.DONE, clock.now(), None
        if bulk.act.get("do") == "field" and _erased_since(bulk, bulk.tickets):
            bulk.act = {**bulk.act, "value": None}
        record("bulk.done", bulk, actor=bulk.agent, done=bulk.done - len(bulk.failed), failed=len(bulk.failed))
    bulk.save(update_fields=["act", "done", "failed", "events", "state", "finished_at", "lease_until"])
    reach("job.part_open")
    return bulk


def _erased_since(bulk: BulkAct, numbers: Sequence[int]) -> list[int]:
    """Those of these tickets whose customer was erased since the change was asked for, where it says what to answer."""
    if bulk.act.get("do") != "field":
        return []
    gone = Ticket.objects.filter(pk__in=numbers, customer__erased_at__gte=bulk.created_at)
    return list(gone.values_list("pk", flat=True))


def _hold(bulk: BulkAct, numbers: Sequence[int]) -> None:
    """Lock the whole part at once, in the one order: tickets, and where customers are blocked or heard again, those."""
    locked = Ticket.objects.all_locked(numbers)
    done = bulk.undoes.act if bulk.undoes is not None else bulk.act
    if done.get("block"):
        Customer.objects.all_locked(ticket.customer_id for ticket in locked.values())


def _do_each(bulk: BulkAct, numbers: Sequence[int], found: dict[int, Ticket]) -> list[int]:
    """Do it to each, and write all the events of it at once; who refuses did so before writing. Returns the events."""
    try:
        known = acting.clean(bulk.act)
    except NotPossible as why:  # such as somebody who is gone since
        bulk.failed |= dict.fromkeys(map(str, numbers), str(why))
        return []
    if acting.tells_at_once(known):
        return _noting(bulk, numbers, lambda one: acting.perform_held(found[one], known, actor=bulk.agent), found)
    with holding(found), together() as recorded:
        for number in numbers:
            mark = len(recorded)
            try:
                _must_be_there(number, found)
                acting.perform_held(found[number], known, actor=bulk.agent)
            except NotPossible as why:
                del recorded[mark:]
                bulk.failed[str(number)] = str(why)
    theirs = set(numbers)
    return [event.pk for event, _audience in recorded if event.stream_id in theirs]


def _undo_each(bulk: BulkAct, numbers: Sequence[int], found: dict[int, Ticket]) -> list[int]:
    undone = _events_to_undo(bulk, numbers)

    def take_back(number: int) -> None:
        with transaction.atomic():
            for event in undone.get(number, ()):
                undo.undo(found[number], event, actor=bulk.agent)

    return _noting(bulk, numbers, take_back, found)


def _noting(
    bulk: BulkAct, numbers: Sequence[int], work: Callable[[int], object], found: Mapping[int, Ticket]
) -> list[int]:  # fmt: skip
    """Do some work on each ticket whose operations look at the events they recorded. Returns the events."""
    before = Event.objects.order_by("-id").values_list("id", flat=True).first() or 0
    began = clock.now()
    for number in numbers:
        try:
            _must_be_there(number, found)
            work(number)
        except NotPossible as why:
            bulk.failed[str(number)] = str(why)
    made = Event.objects.filter(stream_id__in=numbers, id__gt=before, at__gte=began - timedelta(seconds=1))
    return list(made.filter(cause=cause_of(bulk)).order_by("id").values_list("id", flat=True))


def _must_be_there(number: int, found: Mapping[int, Ticket]) -> None:
    if number not in found:
        raise NotPossible(_("There is no such ticket, or it is not yours to see."))


def _events_to_undo(bulk: BulkAct, numbers: Sequence[int]) -> dict[int, list[Event]]:
    """What the bulk act that is taken back did to each ticket, the last first."""
    found: dict[int, list[Event]] = {}
    if bulk.undoes is not None:
        done = Event.objects.filter(
            pk__in=bulk.undoes.events, at__gte=bulk.undoes.created_at, stream_id__in=numbers, verb__in=undo.UNDOABLE
        )
        for event in done.order_by("-id"):
            found.setdefault(event.stream_id or 0, []).append(event)
    return found


def cause_of(bulk: BulkAct) -> str:
    """What its events say caused them."""
    return f"bulk-{bulk.pk}"


@dataclass(frozen=True, slots=True)
class Result:
    """How it went, in words; `why` names each ticket that could not be, with the reason."""

    said: str
    why: Sequence[tuple[int, str]]


def result(bulk: BulkAct) -> Result:
    """What to tell whoever asked for it."""
    failed = [(int(number), why) for number, why in bulk.failed.items()]
    changed = bulk.done - len(failed)
    what = _("Undone") if bulk.act == UNDO else acting.describe(bulk.act)
    said = ngettext("%(what)s: %(count)d ticket", "%(what)s: %(count)d tickets", changed) % {
        "what": what, "count": changed,
    }  # fmt: skip
    if failed:
        some = ngettext("%(count)d could not be", "%(count)d could not be", len(failed)) % {"count": len(failed)}
        said = f"{said}, {some}"
    return Result(said, sorted(failed))


def of_event(event: Event) -> BulkAct | None:
    """The bulk act an event was part of, if it was part of one."""
    number = event.cause.removeprefix("bulk-") if event.cause.startswith("bulk-") else ""
    return BulkAct.objects.filter(pk=int(number)).first() if number.isdigit() and len(number) <= 18 else None
