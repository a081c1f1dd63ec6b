"""What stops mail that answers itself, without believing any header that a stranger could have written or left out.

Counters need no header: reopenings of one ticket, new tickets from one place. What machines do write is read too: our
own signed mark, and the marks of RFC 3834 and its elders.
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256

import structlog
from django.conf import settings
from django.db import transaction
from django.db.models import BinaryField, F, Func, Value

from helpdesk.events import record
from helpdesk.models import Event, Slot
from tickets import domains, minting
from tickets.channels.email import addresses, automated, headers, tree
from tickets.models import ContactPoint, Inbox, RawMessage, Ticket
from tickets.operations import budget

log = structlog.get_logger(__name__)

HOUR = timedelta(hours=1)
#: times one ticket may be opened again by mail within an hour
MOST_REOPENINGS = 3
#: the header our own automatic mail carries: the signed half of its Message-ID, as providers rewrite that one
MARK = "X-Helpdesk-Loop"
#: of a mail's beginning, how much is looked at for its headers
_HEAD = 64 * 1024
_HEADER_END = re.compile(rb"\r?\n\r?\n")


def may_reopen(ticket: Ticket, *, at: datetime) -> bool:
    """Whether a mail may open this ticket again now: three times an hour it may, then it joins and moves nothing."""
    lately = Event.objects.filter(
        stream_id=ticket.number, verb="ticket.reopened", actor_id=None, at__gt=at - HOUR, at__lte=at
    )
    return lately.count() < MOST_REOPENINGS


# --- our own mark ---------------------------------------------------------------------------------------------------


def is_own_echo(fields: Mapping[str, Iterable[str]]) -> bool:
    """Whether a mail carries our own mark, so that a machine of ours wrote it and it came back.

    `fields` are the values of its headers by lower-case name. A mark that we did not make says nothing: nobody can
    have their mail, or somebody else's, passed over by writing one.
    """
    return any(minting.is_token(str(value).strip()) for value in fields.get(MARK.lower(), ()))


def machine(raw: RawMessage, text: str = "") -> str:
    """Whether a machine sent a stored mail: `echo`, `list`, `automated`, or "" for a person.

    Only its headers are read, from the database's copy, and no more of them than anybody needs; `text` is what is new
    in it.
    """
    if raw.source in ("smtp", "lmtp") and not raw.envelope_from:
        return "automated"
    head = Func(F("content"), Value(1), Value(_HEAD), function="substring", output_field=BinaryField())
    begin = bytes(RawMessage.objects.filter(pk=raw.pk).values_list(head, flat=True).get() or b"")
    try:
        return _judged(begin, text)
    except Exception:  # a defect of ours: what we cannot read is not answered, and holds nobody up
        log.exception("the headers of a mail could not be judged", raw=raw.pk)
        return "automated"


def _judged(begin: bytes, text: str) -> str:
    end = _HEADER_END.search(begin)
    if end is None and len(begin) >= _HEAD:
        return "automated"  # nobody's mail program writes that many headers
    root, _warning = tree.read(begin[: end.end()] if end else begin)
    if is_own_echo(root.fields):
        return "echo"
    if automated.list_reason(root):
        return "list"
    subject = headers.decoded(root.first("subject"), "")
    sender, _problem = addresses.strict_sender(root.all("from"), "")
    return_path = _return_path(root)
    automatic = automated.is_reply(root, subject, text, return_path)
    is_machine = automated.reason(root, subject, sender, return_path, text=text, automatic=automatic)
    return "automated" if is_machine else ""


def _return_path(root: tree.Part) -> str | None:
    """The envelope's sender as a server wrote it down; None where none did, "" for the null one."""
    values = root.all("return-path")
    return headers.clean(headers.raw_text(values[0][:1000])).strip("<> ") if values else None


# --- floods ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Floods:
    """Where more new tickets came from within an hour than people write: addresses by their key, and domains."""

    tickets: Mapping[str, int]

    def source_of(self, address: str) -> str:
        """The flood an address is part of: its key or its domain; "" when it is part of none."""
        key = budget.key(address)
        domain = key.rpartition("@")[2]
        return next((source for source in (key, domain) if source in self.tickets), "")


def floods(at: datetime) -> Floods:
    """What floods us at this moment. The ledger is counted, so nothing can be forgotten or emptied."""
    most = settings.MAIL_FLOOD_PER_HOUR
    if not most:
        return Floods({})
    opened = Event.objects.filter(at__gt=at - HOUR, at__lte=at, verb="ticket.created", actor_id=None)
    customers = Counter(opened.values_list("facts__customer", flat=True))
    if customers.total() <= most:
        return Floods({})
    seen: set[int] = set()
    sources: Counter[str] = Counter()
    points = ContactPoint.objects.filter(channel="email", customer__in=[c for c in customers if c]).order_by("pk")
    for customer, address in points.values_list("customer_id", "address"):
        if customer in seen:
            continue
        seen.add(customer)
        key = budget.key(address)
        domain = key.rpartition("@")[2]
        sources[key] += customers[customer]
        if domain not in domains.PUBLIC:
            sources[domain] += customers[customer]
    return Floods({source: count for source, count in sources.items() if count > most})


@transaction.atomic
def raise_alarm(inbox: Inbox, source: str, *, tickets: int, at: datetime) -> bool:
    """Say that an inbox is flooded from somewhere, once an hour and source. False when that was said."""
    slot = f"{inbox.pk} {sha256(source.encode()).hexdigest()[:32]} {at:%Y-%m-%dT%H}"
    if not Slot.objects.take("flood", slot):
        return False
    record("inbox.flooded", inbox, actor=None, domain=source.rpartition("@")[2], tickets=tickets)
    return True
