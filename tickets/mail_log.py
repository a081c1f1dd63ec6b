"""Looking through the mail that came in: which mails, a page at a time, and what one of them says.

Lists go backwards along the primary key, so a page costs the same wherever it begins. A search looks at no more than
`WINDOW` mails at once and says how far it looked; the next page goes on from there.
"""

import contextlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Max, Min, Q
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from helpdesk.models import Agent, Event
from tickets import texts, whys
from tickets.channels.email import headers
from tickets.models import RawMessage, RawState
from tickets.operations.mail_desk import WAITING

PAGE = 50
WINDOW = 100_000
SOURCES = {
    "smtp": _("our mail server"), "lmtp": _("our mail server (LMTP)"), "imap": _("IMAP"), "pipe": _("pipe"),
    "poll": _("asking the network"),
    "webhook": _("webhook"), "form": _("web form"),
}  # fmt: skip
ACTS = {
    "mail.replayed": _("Read again"), "mail.released": _("Let in"), "mail.dismissed": _("Dismissed"),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Asked:
    """What somebody looks for. `state` is one of RawState, or "waiting" for all that wait for a person."""

    words: str = ""
    state: str = ""
    inbox: int | None = None
    source: str = ""
    reason: str = ""
    since: datetime | None = None
    until: datetime | None = None

    @property
    def is_search(self) -> bool:
        """Whether no index finds what is looked for."""
        return bool(self.words or self.source or self.reason)


@dataclass(frozen=True, slots=True)
class Found:
    """A page of mails; `before` is where the next one begins, None at the end."""

    mails: Sequence[RawMessage]
    before: int | None


def page(agent: Agent, asked: Asked, *, before: int | None = None) -> Found:
    """The newest mails of the agent's inboxes that fit, older than `before`."""
    ends = RawMessage.objects.aggregate(first=Min("pk"), last=Max("pk"))
    if ends["last"] is None:
        return Found([], None)
    top = min(before or ends["last"] + 1, ends["last"] + 1)
    if asked.until:
        top = min(top, first_at(asked.until))
    bottom = max(ends["first"], first_at(asked.since) if asked.since else 0)
    low = max(bottom, top - WINDOW) if asked.is_search else bottom
    mails = RawMessage.objects.visible_to(agent).filter(pk__lt=top, pk__gte=low).filter(_fits(asked))
    rows = list(mails.select_related("inbox", "said").defer("content").order_by("-pk")[: PAGE + 1])
    if len(rows) > PAGE:
        return Found(rows[:PAGE], rows[PAGE - 1].pk)
    return Found(rows, low if low > bottom else None)


def _fits(asked: Asked) -> Q:
    fits = Q()
    if asked.state == "waiting":
        fits &= Q(state__in=WAITING)
    elif asked.state:
        fits &= Q(state=asked.state)
    if asked.inbox:
        fits &= Q(inbox=asked.inbox)
    if asked.source:
        fits &= Q(source=asked.source)
    if asked.reason:
        fits &= Q(reason_code=asked.reason)
    for word in asked.words.split()[:8]:
        bare = word.strip("<>")
        fits &= (
            Q(subject__icontains=word) | Q(sender__icontains=bare) | Q(message_id__icontains=bare)
            | Q(envelope_from__icontains=bare) | Q(envelope_to__icontains=bare)
        )  # fmt: skip
    return fits


def first_at(moment: datetime) -> int:
    """The key of the first mail received at this moment or later. Mails are numbered as they come."""
    ends = RawMessage.objects.aggregate(first=Min("pk"), last=Max("pk"))
    low, high = ends["first"] or 0, (ends["last"] or 0) + 1
    while low < high:
        middle = (low + high) // 2
        row = RawMessage.objects.filter(pk__gte=middle).order_by("pk").values_list("pk", "received_at").first()
        if row is None or row[1] >= moment:
            high = middle
        else:
            low = row[0] + 1
    return low


def reasons(agent: Agent) -> list[str]:
    """The reason codes of what waits for a person in the agent's inboxes."""
    waiting = RawMessage.objects.visible_to(agent).filter(state__in=WAITING).exclude(reason_code="")
    return sorted(waiting.order_by().values_list("reason_code", flat=True).distinct()[:50])


def header_rows(content: bytes, most: int = 200) -> list[tuple[str, str]]:
    """The headers of a mail in their order, for people; whatever is in them, something readable comes out."""
    rows: list[tuple[str, str]] = []
    for line in content[: 256 * 1024].splitlines():
        text = line.decode("utf-8", "surrogateescape")
        if not line.strip():
            break
        if line[:1] in (b" ", b"\t") and rows:
            rows[-1] = (rows[-1][0], f"{rows[-1][1]}\n{text}")
            continue
        name, colon, value = text.partition(":")
        rows.append((name, value) if colon else ("", text))
        if len(rows) > most:
            break
    return [(headers.decoded(name)[:100], headers.decoded(value.strip())[:2000]) for name, value in rows[:most]]


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that happened to a mail."""

    at: datetime
    words: str | Promise
    who: str = ""


def history(raw: RawMessage) -> list[Step]:
    """What happened to a mail: how it came, and what agents did about it."""
    # matters of the house have no stream; the index on it leads to them alone
    events = Event.objects.filter(
        stream_id=None, subject_type="inbox", subject_id=raw.inbox_id, verb__in=list(ACTS), facts__raw=raw.pk,
        at__gte=raw.received_at,
    ).order_by("id")[:50]  # fmt: skip
    names = dict(Agent.objects.filter(pk__in=[e.actor_id for e in events]).values_list("pk", "name"))
    return [Step(e.at, ACTS[e.verb], names.get(e.actor_id or 0, "")) for e in events]


def how_it_stands(raw: RawMessage) -> dict[str, Any]:
    """Its state, and why: the reason that was noted, or why it is on its ticket."""
    why = whys.why(raw.said) if raw.said else ""
    return {"is_waiting": raw.state in WAITING, "is_being_read": raw.state == RawState.RECEIVED, "why": why}


def laid_out(content: bytes) -> str:
    """What a network sent, as text that people can look through: JSON in lines, anything else as it came."""
    text = content.decode("utf-8", "replace")
    with contextlib.suppress(ValueError, RecursionError):
        text = json.dumps(json.loads(text), indent=2, ensure_ascii=False)
    return texts.clean(text) or str(_("(nothing)"))
