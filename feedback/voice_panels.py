"""What tickets show of the voice: what they are about, and the steps of a complaint."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any, NamedTuple

from django.db.models.signals import post_delete, post_save
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from feedback import phrases, tabs
from feedback.models import Complaint, Topic
from feedback.tabs import Tab
from feedback.voice_forms import DecideForm
from helpdesk import pieces, statements
from helpdesk.models import Agent
from tickets import kept, registry
from tickets.models import Ticket, works_in
from tickets.registry import Panel

tabs.tab(Tab("voice", gettext_lazy("Voice"), "voice", order=20))
tabs.tab(Tab("complaints", gettext_lazy("Complaints"), "complaints", order=30, may_open=lambda agent: agent.may_reply))
tabs.tab(Tab("quality", gettext_lazy("Quality"), "quality", order=40, may_open=lambda agent: agent.may_reply))

registry.menu_item(registry.MenuItem(gettext_lazy("Write a remark down"), "message-square-quote", "remark_new_on"))

#: how many topics are one click away
SUGGESTED = 3


@registry.ticket_panel
@registry.only_where("EXISTS (SELECT FROM feedback_topic WHERE is_active)")
def topic(ticket: Ticket, agent: Agent) -> Panel | None:
    """What the ticket is about, why we think so, and what else its words speak for."""
    seen = _glance(ticket.pk)
    if seen is None:
        return None
    now, is_by_hand, words, said = seen
    standing = kept.or_ask("topics", _standing)
    names = {pk: name for pk, name, _phrases in standing}
    found = _spoken_for(tuple((pk, lines) for pk, _name, lines in sorted(standing)), said)
    offered = [Offered(one.topic, names[one.topic], one.said) for one in found if one.topic != now]
    return Panel(
        title=_("Topic"),
        template="feedback/voice/_topic.html",
        places={pieces.NUMBER: ticket.pk},
        context={
            "number": pieces.NUMBER, "is_by_hand": is_by_hand, "found": words, "offered": tuple(offered[:SUGGESTED]),
            "topic": None if now is None else names.get(now) or Topic.objects.get(pk=now).name,
            "may_work": works_in(agent, ticket.inbox_id),
            "is_tie": not now and phrases.winner(found) is None and len(found) > 1,
            "others": tuple((pk, name) for pk, name in names.items() if pk != now),
        },
    )  # fmt: skip


@lru_cache(maxsize=200)
def _spoken_for(topics: tuple[tuple[int, str], ...], said: str) -> Sequence[phrases.Found]:
    """The topics that words speak for; the same words speak for the same ones each time the ticket is looked at."""
    return tuple(phrases.matcher(topics).look(said))


def _glance(number: int) -> tuple[int | None, bool, str, str] | None:
    """What a ticket is about, whether by hand, by which words, and what its customer opened it with; asked at once."""
    with statements.cursor() as cursor:
        cursor.execute(
            """
            SELECT k.topic_id, k.is_by_hand, k.found, t.subject, (
                SELECT left(m.text, %s) FROM tickets_message m
                WHERE m.ticket_id = t.number AND m.kind = 'incoming' AND NOT m.is_automated
                ORDER BY m.created_at, m.id LIMIT 1
            ) FROM tickets_ticket t LEFT JOIN feedback_tickettopic k ON k.ticket_id = t.number WHERE t.number = %s
            """,
            [phrases.MOST_TEXT, number],
        )
        row = cursor.fetchone()
    return (row[0], bool(row[1]), row[2] or "", f"{row[3]}\n{row[4] or ''}") if row else None


class Offered(NamedTuple):
    """A topic that a ticket's words speak for."""

    pk: int
    name: str
    said: str


def _standing() -> tuple[tuple[int, str, str], ...]:
    """The topics in use, by name, with the words they are found by."""
    return tuple(Topic.objects.filter(is_active=True).values_list("pk", "name", "phrases"))


post_save.connect(kept.forget, sender=Topic)
post_delete.connect(kept.forget, sender=Topic)


@registry.ticket_panel
@registry.only_where("EXISTS (SELECT FROM feedback_complaint WHERE ticket_id = t.number AND withdrawn_at IS NULL)")
def complaint(ticket: Ticket, agent: Agent) -> Panel | None:
    """How far a complaint has come, and the next step."""
    found = Complaint.objects.filter(ticket=ticket, withdrawn_at=None).select_related("reason").first()
    if found is None:
        return None
    form = DecideForm(initial={"finding": found.finding, "reason": found.reason_id, "outcome": found.outcome})
    return Panel(
        title=_("Complaint"),
        template="feedback/voice/_complaint.html",
        context={
            "ticket": ticket, "complaint": found, "form": form, "may_work": works_in(agent, ticket.inbox_id),
        },
    )  # fmt: skip


@registry.activity("complaint.received")
def _received(facts: dict[str, Any]) -> str:
    return _("The complaint was received")


@registry.activity("complaint.acknowledged")
def _acknowledged(facts: dict[str, Any]) -> str:
    return _("The complaint was acknowledged, too late") if facts.get("late") else _("The complaint was acknowledged")


@registry.activity("complaint.unacknowledged")
def _unacknowledged(facts: dict[str, Any]) -> str:
    return _("The complaint is not acknowledged after all")


@registry.activity("complaint.decided")
def _decided(facts: dict[str, Any]) -> str:
    finding = dict(Complaint.Finding.choices).get(facts.get("finding", ""), "")
    return _("The complaint was decided: %(finding)s") % {"finding": finding}


@registry.activity("complaint.undecided")
def _undecided(facts: dict[str, Any]) -> str:
    return _("The complaint is not decided after all")


@registry.activity("complaint.closed")
def _closed(facts: dict[str, Any]) -> str:
    if facts.get("agreed") is None:
        return _("The complaint was closed")
    if facts["agreed"]:
        return _("The complaint was closed, and the customer agrees")
    return _("The complaint was closed, though the customer does not agree")


@registry.activity("complaint.reopened")
def _reopened(facts: dict[str, Any]) -> str:
    return _("The complaint is open again")


@registry.activity("complaint.withdrawn")
def _withdrawn(facts: dict[str, Any]) -> str:
    return _("It is no complaint after all")


@registry.activity("complaint.joined")
def _joined(facts: dict[str, Any]) -> str:
    return _("The complaint of ticket #%(source)s is one with this one") % {"source": facts.get("source")}


@registry.activity("complaint.parted")
def _parted(facts: dict[str, Any]) -> str:
    return _("The complaints are two again")


@registry.activity("ticket.categorised")
def _categorised(facts: dict[str, Any]) -> str:
    """By hand only: what words found is said beside the ticket."""
    return _("The topic was changed") if facts.get("by") == "hand" else ""
