"""Every report page for a month and a year; how soon a figure knows of an event; how fast the ledger is folded anew."""

import time
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from statistics import median
from typing import Any
from urllib.parse import urlencode

import psycopg
from django.db import connection
from django.db.models import Max
from django.urls import reverse
from django.utils import translation

from helpdesk import events
from helpdesk.models import Agent, PendingEvent
from reports import periods
from reports.bench import floors
from reports.bench.pages import get, sign_in
from reports.bench.timing import Effort, Figure, medians, say, tell, tell_median
from reports.ledger import packs, rebuilding, sweep
from reports.models import TicketFacts
from reports.pages import Page, all_pages
from reports.reading import Filter
from tickets.models import Inbox, Ticket
from tickets.operations import replying

SPANS = ((30, "month"), (365, "year"))
_REBUILT = 200_000  # events
_TOLD = 20
_EVENTS = "SELECT stream_id, id, at, verb, facts, actor_id FROM helpdesk_event WHERE stream_id <= %s ORDER BY 1, 2"


def measure(size: str, effort: Effort, agent: Agent) -> None:
    """All pages there are, then the road from an event to its figure."""
    newest = TicketFacts.objects.aggregate(at=Max("created_at"))["at"]
    last = periods.local_day(newest, agent.zone) - timedelta(days=1)
    packs.pack()  # the clock would have, in the first minute
    cookie = sign_in(agent)
    inboxes = tuple(Inbox.objects.values_list("pk", flat=True))
    with floors.session() as bare:
        for page in all_pages():
            for days, name in SPANS:
                chosen = Filter(last - timedelta(days=days - 1), last, agent.zone, inboxes)
                path = f"{reverse('report', args=[page.key])}?{urlencode(_asked(chosen))}"
                try:
                    found = medians(partial(get, path, cookie), _own_statements(bare, page, chosen), effort)
                except RuntimeError as error:  # a page that asks for more than days, such as whose
                    say(f"  {page.key}: {str(error)[:120]}")
                    break
                tell_median("reports", size, found, f"report {page.key}, one {name}", page=page.key, days=days)
    _freshness(size, agent)
    _rebuild(size)


def _asked(chosen: Filter) -> dict[str, Any]:
    return {"period": "custom", "from": chosen.first, "to": chosen.last, "zone": chosen.zone}


def _own_statements(bare: psycopg.Connection[Any], page: Page, chosen: Filter) -> Callable[[], None]:
    """What the page asks of the database, with nothing of ours around it."""
    said: list[tuple[str, Any]] = []

    def listen(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        said.append((sql, params))
        return execute(sql, params, many, context)

    with connection.execute_wrapper(listen), translation.override("en"):
        page.build(chosen)
    asked = [(sql, params) for sql, params in said if sql.lstrip("( ").upper().startswith(("SELECT", "WITH"))]

    def ask() -> None:
        for sql, params in asked:
            bare.execute(sql, params).fetchall()

    return ask


def _freshness(size: str, agent: Agent) -> None:
    """From an answer's commit until the facts of its ticket know of it, events heard one by one; the floor is 5 s."""
    events.drain()
    taken = []
    for ticket in Ticket.objects.filter(status="open").order_by("-number")[:_TOLD]:
        replying.reply(ticket, text="On its way.", actor=agent)
        began = time.perf_counter()
        events.drain()
        taken.append((time.perf_counter() - began) * 1000)
        if PendingEvent.objects.filter(stream_id=ticket.pk).exists():
            raise RuntimeError("An event was not heard.")
    tell(_within_five_seconds(size, median(taken), "event to figure, heard at once", "freshness"))
    began = time.perf_counter()
    for ticket in Ticket.objects.filter(status="open").order_by("number")[:_TOLD]:
        replying.add_note(ticket, text="Seen.", actor=agent)
    PendingEvent.objects.all().delete()  # nobody is told: the sweep finds them
    sweep.catch_up()
    took = (time.perf_counter() - began) * 1000
    tell(_within_five_seconds(size, took, "20 notes, and the sweep that finds them", "sweep"))


def _within_five_seconds(size: str, took: float, words: str, part: str) -> Figure:
    return Figure("reports", size, "median_ms", took, 5000.0, words, {"part": part})


def _rebuild(size: str) -> None:
    """Folding the ledger anew; the floor is reading the same events."""
    began, done = time.perf_counter(), None
    for done in rebuilding.rebuild_alone():
        if done.events >= _REBUILT:
            break
    took = time.perf_counter() - began
    if done is None:
        return
    with floors.session() as bare:
        began = time.perf_counter()
        statement = (
            "SELECT stream_id, id, at, verb, facts, actor_id FROM helpdesk_event WHERE stream_id <= %s ORDER BY 1, 2"
        )
        read = len(bare.execute(statement, [done.ticket]).fetchall())
        bare_took = time.perf_counter() - began
    words = "folding the ledger anew, events"
    tell(Figure("reports", size, "per_s", done.events / took, read / max(bare_took, 0.001), words, {"part": "rebuild"}))
