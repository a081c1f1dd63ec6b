"""The pages: server time of one request, and views a second over real HTTP."""

from collections.abc import Callable
from contextlib import closing
from datetime import timedelta
from email.message import EmailMessage
from functools import partial
from html import escape
from importlib import import_module
from io import BytesIO
from itertools import cycle, islice
from typing import Any
from urllib.parse import urlencode
from uuid import uuid4

from django.conf import settings
from django.contrib.auth import login
from django.db.models import Max
from django.http import HttpRequest
from django.urls import reverse

from helpdesk.models import Agent
from helpdesk.pages import remember_reader
from helpdesk.wsgi import application
from reports import periods
from reports.bench import floors, web
from reports.bench.timing import Effort, Figure, medians, per_second, tell, tell_median
from reports.models import TicketFacts
from tickets.models import Inbox, Message
from tickets.operations import intake, opening, replying
from tickets.tasks import receive_mail

CLIENTS = 4
LONG = 20  # messages of the tickets that are read
_TALK = (
    "Hello,\n\nI looked into order 4711 again. The parcel left our house on Monday and was last seen in the hub.\n"
    "The carrier says two more days: https://carrier.example/track/4711\n\n"
    "If it is not there by Friday, write to us, and we send another one at once. The invoice stays as it is, and the\n"
    "shipping costs are on us. You find all the parts of the order in the list we mailed you last week, with the\n"
    "number of each, so that the shop can tell them apart.\n\nWith kind regards\n"
)


def sign_in(agent: Agent) -> str:
    """The Cookie header of a session of this agent."""
    request = HttpRequest()
    request.session = import_module(settings.SESSION_ENGINE).SessionStore()
    login(request, agent, backend=settings.AUTHENTICATION_BACKENDS[0])
    remember_reader(request, agent)
    request.session.save()
    return f"{settings.SESSION_COOKIE_NAME}={request.session.session_key}"


def get(path: str, cookie: str, **headers: str) -> bytes:
    """One page through the whole stack of middleware, without a socket."""
    bare, _mark, query = path.partition("?")
    environ: dict[str, Any] = {
        "REQUEST_METHOD": "GET", "SCRIPT_NAME": "", "PATH_INFO": bare, "QUERY_STRING": query,
        "SERVER_NAME": "localhost", "SERVER_PORT": "8000", "SERVER_PROTOCOL": "HTTP/1.1", "HTTP_HOST": "localhost",
        "REMOTE_ADDR": "127.0.0.1", "HTTP_COOKIE": cookie, "wsgi.version": (1, 0), "wsgi.url_scheme": "http",
        "wsgi.input": BytesIO(), "wsgi.errors": BytesIO(), "wsgi.multithread": True, "wsgi.multiprocess": True,
        "wsgi.run_once": False, **{f"HTTP_{name.upper()}": value for name, value in headers.items()},
    }  # fmt: skip
    said: list[str] = []

    def start(status: str, headers: object, error: object = None) -> Callable[[bytes], None]:
        said.append(status)
        return lambda _bytes: None

    response: Any = application(environ, start)
    with closing(response):
        body = b"".join(response)
    if said != ["200 OK"]:
        raise RuntimeError(f"{path} was answered with {said}: {body[:300]!r}")
    return body


def queue(size: str, effort: Effort, agent: Agent, ports: web.Ports) -> None:
    """The first page of all open tickets of all inboxes."""
    path = f"{reverse('queue')}?view=open"
    cookie = sign_in(agent)
    with floors.session() as bare:
        found = medians(lambda: get(path, cookie), floors.queue(bare), effort)
    tell_median("queue", size, found, "queue page")
    _views("queue", size, effort, cookie, [path], ports, floors.queue)


def ticket(size: str, effort: Effort, agent: Agent, ports: web.Ports) -> None:
    """A ticket of 20 messages, beside the list it was opened from; and the conversation alone, as htmx fetches it."""
    numbers = long_tickets(agent)
    paths = [f"{reverse('ticket', args=[number])}?view=open" for number in numbers]
    cookie = sign_in(agent)
    for path in paths:
        get(path, cookie)  # read before: what is timed is coming back to it
    with floors.session() as bare:
        bare_ticket, turn = floors.ticket(bare, numbers), cycle(paths)
        found = medians(lambda: get(next(turn), cookie), bare_ticket, effort)
        tell_median("ticket", size, found, f"ticket page, {LONG} messages")
        found = medians(lambda: get(f"{next(turn)}&part=reading", cookie, HX_Request="true"), bare_ticket, effort)
        tell_median("ticket", size, found, "  the conversation alone", part="reading")
    _views("ticket", size, effort, cookie, paths, ports, lambda bare: floors.ticket(bare, numbers))


def long_tickets(agent: Agent, count: int = 10) -> list[int]:
    """Open tickets with 20 messages: half the customer's mails with what they quote, half our answers."""
    inbox = Inbox.objects.active().order_by("pk")[0]
    made = [
        opening.open_ticket(
            inbox=inbox, address=f"talker{number}@client.example", name=f"Talker {number}",
            subject="Where is my order?", text=_TALK, actor=None, channel="email",
        )
        for number in range(count)
    ]  # fmt: skip
    for turn in range(LONG // 2):
        for number, one in enumerate(made):
            answer = replying.reply(one, text=_TALK, actor=agent)
            if turn < LONG // 2 - 1:
                content = _answered(answer, f"talker{number}@client.example", inbox.address, is_html=turn % 2 == 1)
                intake.store(inbox=inbox, content=content, source="bench")
        receive_mail()
    numbers = [one.number for one in made]
    if Message.objects.filter(ticket__in=numbers).count() != LONG * count:
        raise RuntimeError("The long tickets did not become what they should be.")
    return numbers


def _answered(answer: Message, sender: str, to: str, *, is_html: bool) -> bytes:
    """The customer's mail that answers one of ours, and quotes it."""
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = sender, to, "Re: Where is my order?"
    mail["Message-ID"] = f"<{uuid4().hex}@client.example>"
    mail["In-Reply-To"] = mail["References"] = f"<{answer.message_id}>"
    quoted = "".join(f"> {row}\n" for row in answer.text.splitlines())
    text = f"{_TALK}\nOn Mon, 2 Mar 2026 at 10:00, Support <{to}> wrote:\n\n{quoted}"
    mail.set_content(text)
    if is_html:
        rows = "".join(f"<p>{escape(row)}</p>" for row in text.splitlines())
        mail.add_alternative(f"<html><body>{rows}</body></html>", subtype="html")
    return mail.as_bytes()


def _views(
    what: str,
    size: str,
    effort: Effort,
    cookie: str,
    paths: list[str],
    ports: web.Ports,
    floor: Callable[[Any], Callable[[], Any]],
) -> None:
    """Views a second of four clients over loopback; the floor is the same query on four connections."""
    sessions = [floors.session() for _client in range(CLIENTS)]
    try:
        floor_rate, _calls = per_second([floor(bare) for bare in sessions], effort.seconds / 2)
    finally:
        for bare in sessions:
            bare.close()
    clients = [web.Client(port, Cookie=cookie, Host="localhost") for port in islice(cycle(ports()), CLIENTS)]
    for path in islice(cycle(paths), 10):
        for client in clients:  # in turns: a connection nobody uses for five seconds is closed
            client.get(path)
    rate, _views_seen = per_second([_viewer(client, paths) for client in clients], effort.seconds)
    more = {"clients": CLIENTS, "processes": web.PROCESSES}
    tell(Figure(what, size, "per_s", rate, floor_rate, f"  views, {CLIENTS} clients, {web.PROCESSES} processes", more))


def _viewer(client: web.Client, paths: list[str]) -> Callable[[], bytes]:
    turn = cycle(paths)
    return lambda: client.get(next(turn))


def report(size: str, effort: Effort, agent: Agent) -> None:
    """The service report of the last 30 and 90 days of the history."""
    newest = TicketFacts.objects.aggregate(at=Max("created_at"))["at"]
    last = periods.local_day(newest, agent.zone) - timedelta(days=1)
    cookie = sign_in(agent)
    inboxes = list(Inbox.objects.values_list("pk", flat=True))
    with floors.session() as bare:
        for days, name in ((30, "service report, one month"), (90, "service report, 90 days")):
            first = last - timedelta(days=days - 1)
            asked = {"period": "custom", "from": first, "to": last, "zone": agent.zone}
            path = f"{reverse('reports')}?{urlencode(asked)}"
            span = periods.days(first, last, agent.zone)
            floor = floors.report(bare, start=span.start, end=span.end, inboxes=inboxes)
            found = medians(partial(get, path, cookie), floor, effort)
            tell_median("report", size, found, name, days=days)
