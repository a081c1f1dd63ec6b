"""The API: tickets opened a second over real HTTP."""

from collections.abc import Callable
from itertools import count, cycle, islice

from django.urls import reverse

from helpdesk.models import Agent, ApiToken, Event
from reports.bench import floors, web
from reports.bench.timing import Effort, Figure, per_second, tell
from tickets.models import Inbox, Message, Ticket

_TEXT = (
    "Hello,\n\nmy order 4711 has not come yet. The shop said Tuesday, the carrier says it knows nothing of a parcel.\n"
    "Could you find out where it is, and when I can expect it? I need the wheel for a ride on Saturday, and the old\n"
    "one is past repair. If it takes longer than that, I would rather have my money back; the invoice is attached to\n"
    "the order in your shop.\n\nThe address is the one you know. Somebody is at home all day, and the neighbours take\n"
    "parcels as well. Please write to me by mail, as I cannot be called at work.\n\nThank you and kind regards\n"
)
_CUSTOMERS = 400
_WARMING = 5


def measure(size: str, effort: Effort, agent: Agent, ports: web.Ports) -> None:
    """One client and eight, beside two bare INSERTs and a commit on as many connections."""
    inbox = Inbox.objects.active().order_by("pk")[0]
    path = reverse("api_tickets")
    _token, secret = ApiToken.objects.issue(agent, "bench")
    for clients in (1, 8):
        floor = _floor(clients, effort.seconds / 2)
        newest = Ticket.objects.latest("number").number
        callers = [
            web.Client(port, Authorization=f"Bearer {secret}", Host="localhost")
            for port in islice(cycle(ports()), clients)
        ]
        numbers = count()
        work = [_opener(caller, path, inbox, numbers) for caller in callers]
        for _warm in range(_WARMING):
            for open_one in work:
                open_one()
        rate, made = per_second(work, effort.seconds)
        _check(newest, made + clients * (_WARMING + 1))
        more = {"clients": clients, "processes": web.PROCESSES}
        words = f"API, tickets opened, {clients} client{'s' if clients > 1 else ''}"
        tell(Figure("api", size, "per_s", rate, floor, words, more))


def _opener(caller: web.Client, path: str, inbox: Inbox, numbers: "count[int]") -> Callable[[], bytes]:
    def open_one() -> bytes:
        number = next(numbers)
        customer = {"address": f"api{number % _CUSTOMERS}@client.example", "name": f"Caller {number % _CUSTOMERS}"}
        body = {"inbox": inbox.address, "customer": customer, "subject": f"Order {number}", "text": _TEXT}
        return caller.post(path, body)

    return open_one


def _floor(clients: int, seconds: float) -> float:
    """INSERT of a ticket and a message like those the API writes, each with a commit of its own."""
    said = Message.objects.filter(ticket__channel="api").select_related("ticket").order_by("-id").first()
    said = said or Message.objects.select_related("ticket").order_by("-id")[0]
    said.once = said.raw_id = None
    said.text = _TEXT
    sessions = [floors.session(autocommit=False) for _client in range(clients)]
    try:
        rate, _made = per_second([floors.insert(bare, said) for bare in sessions], seconds)
    finally:
        for bare in sessions:
            bare.close()
    return rate


def _check(newest: int, made: int) -> None:
    """Each ticket answered for is there, and in the ledger."""
    tickets = Ticket.objects.filter(number__gt=newest).count()
    events = Event.objects.filter(stream_id__gt=newest, verb="ticket.created").count()
    if tickets != made or events != made:
        raise RuntimeError(f"{made} tickets were answered for; {tickets} are there, {events} in the ledger.")
