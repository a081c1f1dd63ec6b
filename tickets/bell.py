"""What an agent was told, as they read it: the bell's count, and notifications with their words."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Q, QuerySet
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from helpdesk import statements
from helpdesk.models import Agent
from tickets import notices, texts
from tickets.models import Message, Notification, Ticket
from tickets.notices import Said

#: the bell counts no further
MOST = 99
PAGE = 30


@dataclass(frozen=True, slots=True)
class Shown:
    """A notification in words."""

    pk: int
    kind: str
    icon: str
    name: str
    sentence: str
    #: "and 2 more things"
    more: str
    #: None where it is about no ticket they may see
    ticket: Ticket | None
    #: what it is about: #12 and a subject, where there is a ticket
    heading: str
    #: where it leads
    url: str
    snippet: str
    at: datetime
    is_read: bool
    is_urgent: bool

    @property
    def number(self) -> int | None:
        return self.ticket.number if self.ticket else None


def visible(agent: Agent) -> Q:
    """Notifications of what they may see now: of tickets, or of what stands apart from them."""
    seen = Q(ticket__in=Ticket.objects.visible_to(agent))
    for one in notices.aparts():
        seen |= Q(ticket=None) & one.seen_by(agent)
    return seen


def of(agent: Agent) -> "QuerySet[Notification]":
    """What they were told on the page, of what they may see now, newest first."""
    return Notification.objects.filter(visible(agent), agent=agent, is_shown=True).order_by("-pk")


def unread(agent: Agent) -> int:
    """How many they have not seen, up to one more than `MOST`."""
    # mostly nothing: knowing that costs a tenth of the question which of them they may see
    if not _waiting(agent.pk):
        return 0
    return of(agent).filter(read_at=None).order_by()[: MOST + 1].count()


def _waiting(agent_id: int) -> bool:
    """Whether anything they have not seen waits for them, whether or not they may see its ticket now."""
    asked = "SELECT EXISTS (SELECT FROM tickets_notification WHERE agent_id = %s AND is_shown AND read_at IS NULL)"
    with statements.cursor() as cursor:
        cursor.execute(asked, [agent_id])
        return bool(cursor.fetchone()[0])


def page(agent: Agent, *, before: int | None = None, size: int = PAGE) -> tuple[list[Shown], int | None]:
    """A page of them, and from where the next one goes on."""
    rows = of(agent)
    if before is not None:
        rows = rows.filter(pk__lt=before)
    found = list(
        rows.select_related("ticket__customer").prefetch_related("ticket__customer__contact_points")[: size + 1]
    )
    return shown(found[:size]), found[size - 1].pk if len(found) > size else None


def shown(found: Sequence[Notification]) -> list[Shown]:
    """In words, in the reader's language. Their tickets and customers are fetched already."""
    names = dict(Agent.objects.filter(pk__in={one.actor_id for one in found}).values_list("pk", "name"))
    words = _snippets(one.facts.get("message") for one in found)
    headings = _headings([one for one in found if one.ticket is None])
    return [
        _shown(one, names, words, kind, headings.get(one.pk, ""))
        for one in found
        if (kind := notices.named(one.kind)) is not None and (one.ticket is not None or one.pk in headings)
    ]


def _headings(found: Sequence[Notification]) -> dict[int, str]:
    """What those without a ticket are about."""
    made: dict[int, str] = {}
    for apart in notices.aparts():
        its = [one for one in found if (kind := notices.named(one.kind)) is not None and kind.apart is apart]
        if its:
            made |= dict(zip([one.pk for one in its], apart.headings([one.facts for one in its]), strict=True))
    return made


def _snippets(messages: Iterable[Any]) -> dict[int, str]:
    wanted = {pk for pk in messages if isinstance(pk, int)}
    if not wanted:
        return {}
    rows = Message.objects.filter(pk__in=wanted, withdrawn_at=None).values_list("pk", "text")
    return {pk: texts.snippet(text) for pk, text in rows}


def _shown(
    one: Notification, names: dict[int, str], words: dict[int, str], kind: notices.Kind, heading: str
) -> Shown:  # fmt: skip
    ticket, more = one.ticket, one.facts.get("more", 0)
    verb = one.facts.get("verb", "")
    by_customer = one.actor_id is None and verb in ("message.received", "message.answered_aside", "ticket.created")
    name = names.get(one.actor_id or 0, "") or (ticket.customer.display_name if ticket and by_customer else "")
    url = kind.leads_to(one.facts) if kind.leads_to else ""
    return Shown(
        pk=one.pk,
        kind=one.kind,
        icon=kind.icon,
        name=name,
        sentence=kind.sentence(Said(name or (_("Somebody") if one.actor_id else ""), verb, one.facts)),
        more=ngettext("and %(n)d more thing", "and %(n)d more things", more) % {"n": more} if more else "",
        ticket=ticket,
        heading=f"#{ticket.number} {ticket.subject or _('(no subject)')}" if ticket else heading,
        url=url or (reverse("ticket", args=[ticket.number]) if ticket else reverse("notifications")),
        snippet=words.get(one.facts.get("message", 0), ""),
        at=one.at,
        is_read=one.read_at is not None,
        is_urgent=kind.is_urgent,
    )
