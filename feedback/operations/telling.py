"""What other systems tell of customers' accounts: joined, renewed, bought, left. What is wrong is voided."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal

from django.db import connection, models, transaction
from django.utils.translation import gettext as _

from feedback import accounts
from feedback.models import AccountEvent, AccountImport
from helpdesk import clock
from helpdesk.events import draft, record_many
from helpdesk.models import Agent, Event
from tickets.models import Customer, Organisation
from tickets.operations.status import NotPossible, must_work_tickets

#: how many at once by the API
MOST = 500
EARLIEST, LATEST = datetime(1970, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)
_KIND = re.compile(r"[a-z][a-z0-9_]{0,39}\Z", re.ASCII)
_CURRENCY = re.compile(r"([A-Z]{3})?\Z", re.ASCII)


@dataclass(frozen=True, slots=True)
class News:
    """One event as it is told, of a customer or of an organisation. `external_id` is the teller's own number for it."""

    about: Customer | Organisation
    kind: str
    at: datetime
    value: Decimal | None = None
    currency: str = ""
    external_id: str = ""


@dataclass(frozen=True, slots=True)
class Told:
    """What became of it; `is_new` is False where the same source had told it before."""

    event: AccountEvent
    is_new: bool


def check(news: News) -> None:
    """Raise NotPossible for what cannot be kept."""
    if not _KIND.match(news.kind):
        raise NotPossible(_("A kind is a word of small letters, digits and underscores, like joined."))
    if not EARLIEST <= news.at < LATEST:
        raise NotPossible(_("A moment lies between 1970 and 2100."))
    if not _CURRENCY.match(news.currency):
        raise NotPossible(_("A currency has three letters, like EUR."))
    if news.currency and news.value is None:
        raise NotPossible(_("A currency needs a value."))


@transaction.atomic
def tell(news: Sequence[News], *, source: str, actor: Agent | None, batch: AccountImport | None = None) -> list[Told]:
    """Keep what is told, in its order. The same source and number twice is once: the first telling stays.

    An event that was voided stays void, unless it comes in a file again. Raises NotPossible for what cannot be kept;
    then nothing is.
    """
    must_work_tickets(actor)
    for one in news:
        check(one)
    if not news:
        return []
    made = _kept(news, source, batch)
    ids = set(AccountEvent.objects.filter(pk__in=[event.pk for event in made]).values_list("pk", flat=True))
    named = [event.external_id for event in made if event.pk not in ids]
    before = AccountEvent.objects.filter(source=source, external_id__in=named).order_by("pk")
    if batch:  # some may be void: who revives, and who voids, does so one after the other
        before = before.select_for_update(of=("self",), no_key=True)
    known = {one.external_id: one for one in before}
    again = [one for one in known.values() if batch and one.voided_at and one.pk not in ids]
    for event in again:
        event.voided_at, event.batch = None, batch
    AccountEvent.objects.bulk_update(again, ["voided_at", "batch"], batch_size=1000)
    anew = {one.pk for one in again}
    told: list[Told] = []
    seen: set[int] = set()
    for event in made:
        kept = event if event.pk in ids else known[event.external_id]
        told.append(Told(kept, (kept.pk in ids or kept.pk in anew) and kept.pk not in seen))
        seen.add(kept.pk)
    record_many([_said("account.told", one.event, actor) for one in told if one.is_new])
    return told


def _kept(news: Sequence[News], source: str, batch: AccountImport | None) -> list[AccountEvent]:
    """Each as a row with a key of its own; those whose number is known are not written."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT nextval(pg_get_serial_sequence('feedback_accountevent', 'id')) FROM generate_series(1, %s)",
            [len(news)],
        )
        keys = [key for (key,) in cursor.fetchall()]
    at = clock.now()
    made = [
        AccountEvent(
            pk=key,
            customer=one.about if isinstance(one.about, Customer) else None,
            organisation=one.about if isinstance(one.about, Organisation) else None,
            kind=one.kind, at=one.at, value=one.value, currency=one.currency, source=source,
            external_id=one.external_id, told_at=at, batch=batch,
        )
        for key, one in zip(keys, news, strict=True)
    ]  # fmt: skip
    AccountEvent.objects.bulk_create(made, batch_size=1000, ignore_conflicts=True)
    return made


@transaction.atomic
def void(event: AccountEvent, *, actor: Agent | None) -> AccountEvent:
    """Let an event count no more. Voiding twice is voiding once."""
    must_work_tickets(actor)
    event = AccountEvent.objects.select_for_update(of=("self",)).get(pk=event.pk)
    if event.voided_at is None:
        _void([event], actor)
        transaction.on_commit(accounts.forget, robust=True)
    return event


def void_some(events: models.QuerySet[AccountEvent], most: int, *, actor: Agent | None) -> int:
    """Void at most so many of those that count, and say how many. The caller is in a transaction."""
    standing = list(events.select_for_update(of=("self",)).filter(voided_at=None).order_by("pk")[:most])
    _void(standing, actor)
    transaction.on_commit(accounts.forget, robust=True)
    return len(standing)


def _void(events: Iterable[AccountEvent], actor: Agent | None) -> None:
    events, at = list(events), clock.now()
    for event in events:
        event.voided_at = at
    AccountEvent.objects.filter(pk__in=[event.pk for event in events]).update(voided_at=at)
    record_many([_said("account.voided", event, actor) for event in events])


def _said(verb: str, event: AccountEvent, actor: Agent | None) -> Event:
    about = Customer(pk=event.customer_id) if event.customer_id else Organisation(pk=event.organisation_id)
    return draft(verb, about, actor=actor, event=event.pk, kind=event.kind)
