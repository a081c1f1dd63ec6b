"""Saved views, the counts beside them, and one act on fifty tickets."""

from collections.abc import Callable
from itertools import cycle
from typing import Any
from uuid import uuid4

import psycopg
from django.urls import reverse

from helpdesk.models import Agent
from reports.bench import floors
from reports.bench.pages import get, sign_in
from reports.bench.timing import Effort, medians, tell_median
from tickets import conditions, lists, reading
from tickets.models import Tag, Ticket
from tickets.operations import bulk, viewing

FIFTY = 50
_TAGGED = """
    SELECT t.number, t.subject, t.waiting_since, t.snippet, c.name, i.name, a.name
    FROM tickets_inbox i
    CROSS JOIN LATERAL (
        SELECT * FROM tickets_ticket
        WHERE inbox_id = i.id AND status = 'open' AND snoozed_until IS NULL
          AND EXISTS (SELECT 1 FROM tickets_ticket_tags g WHERE g.ticket_id = number AND g.tag_id = %(tag)s)
        ORDER BY waiting_since, number LIMIT 51
    ) t
    JOIN tickets_customer c ON c.id = t.customer_id
    LEFT JOIN helpdesk_agent a ON a.id = t.assignee_id
    ORDER BY t.waiting_since, t.number LIMIT 51
"""
_URGENT = """
    SELECT t.number, t.subject, t.waiting_since, t.snippet, c.name, i.name
    FROM tickets_ticket t JOIN tickets_customer c ON c.id = t.customer_id JOIN tickets_inbox i ON i.id = t.inbox_id
    WHERE t.inbox_id = ANY(%(inboxes)s) AND t.status = 'open' AND t.snoozed_until IS NULL AND t.assignee_id IS NULL
      AND t.priority IN ('urgent', 'high')
    ORDER BY t.priority DESC, t.waiting_since, t.number LIMIT 51
"""
_COUNTED = """
    SELECT count(*) FROM (SELECT 1 FROM tickets_ticket WHERE inbox_id = ANY(%(inboxes)s) AND status = 'open'
    AND snoozed_until IS NULL LIMIT 500) AS capped
"""


def measure(size: str, effort: Effort, agent: Agent) -> None:
    """Two saved views as pages, all counts in one question, and fifty tickets tagged."""
    tag = Tag.objects.order_by("pk").first() or Tag.objects.create(name="refund")
    tagged = _saved(agent, "Tag and open", [{"field": "tag", "is": "is", "value": tag.name}, *_awake()])
    urgent_ones: list[dict[str, Any]] = [
        {"field": "priority", "is": "any_of", "value": ["urgent", "high"]},
        {"field": "assignee", "is": "not_set"},
        *_awake(),
    ]
    urgent = _saved(agent, "Urgent and free", urgent_ones, order="priority")
    _saved(agent, "Waiting long", conditions.read("waiting more_than 4 hours; status is open; snoozed not_set"))
    cookie, inboxes = sign_in(agent), reading.inbox_ids(agent)
    with floors.session() as bare:
        for view, said, statement in (
            (tagged, "saved view: a tag, open", _TAGGED), (urgent, "saved view: urgent, nobody's", _URGENT)
        ):  # fmt: skip
            path, given = f"{reverse('queue')}?view={view.key}", {"tag": tag.pk, "inboxes": inboxes}
            found = medians(lambda p=path: get(p, cookie), _rows(bare, statement, given), effort)  # type: ignore[misc]
            tell_median("views", size, found, said, part="tag" if view is tagged else "priority")
        every = lists.column(agent)
        found = medians(
            lambda: reading.counts(agent, inboxes, every), _rows(bare, _COUNTED, {"inboxes": inboxes}), effort
        )
        tell_median("views", size, found, f"counts of {len(every)} views", part="counts")
        numbers = list(Ticket.objects.order_by("-number").values_list("number", flat=True)[:FIFTY])
        found = medians(_sorting(agent, numbers), _bare_sorting(bare, numbers), effort)
        tell_median("views", size, found, f"one act on {FIFTY} tickets", part="bulk")


def _awake() -> list[dict[str, Any]]:
    return conditions.read("status is open; snoozed not_set")


def _saved(agent: Agent, name: str, wanted: list[dict[str, Any]], order: str = "waiting") -> lists.View:
    return lists.of_saved(viewing.save(actor=agent, name=name, conditions=wanted, order=order))


def _rows(bare: psycopg.Connection[Any], statement: str, given: dict[str, Any]) -> Callable[[], int]:
    return lambda: len(bare.execute(statement, given).fetchall())


def _sorting(agent: Agent, numbers: list[int]) -> Callable[[], Any]:
    """A tag put on and taken off in turns, each as one act that could be undone."""
    turn = cycle(["tag", "untag"])

    def work() -> None:
        act = {"do": next(turn), "tag": "benchmark"}
        bulk.run(bulk.ask(actor=agent, act=act, tickets=numbers, once=uuid4().hex).pk)

    return work


def _bare_sorting(bare: psycopg.Connection[Any], numbers: list[int]) -> Callable[[], Any]:
    """The same rows changed by two statements a ticket and one commit; nothing is recorded."""

    def work() -> None:
        with bare.transaction():
            for number in numbers:
                bare.execute("SELECT 1 FROM tickets_ticket WHERE number = %s FOR UPDATE", [number])
                bare.execute("UPDATE tickets_ticket SET updated_at = now() WHERE number = %s", [number])

    return work
