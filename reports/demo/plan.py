"""What the demo is to write, and what of it is written already.

A plan says how many tickets there are to be, from when to when, and reserves their numbers, so that numbers follow the
order of time however they are written: the first few hundred cover the whole year and the open queue of today, later
ones fill in what lies between. Plans and what was done of them are remembered as slots, the rows that do things once.
"""

import re
from array import array
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from random import Random

from django.db import connection, transaction

from helpdesk.models import Slot
from reports.demo import company
from reports.demo.life import ASKABLE
from reports.demo.rhythm import Rhythm, scatter
from reports.ledger.copying import copy_rows
from tickets.models import ContactPoint, Customer, Organisation, Ticket

JOB = "demo"
FIRST = 300
#: so many of the first tickets came lately, the rest over the whole period
_LATELY = 150
CHUNK = 500
CAPACITY = 20_000
_TICKETS_PER_CUSTOMER = 10
_PLAN = re.compile(
    r"plan (?P<key>\d+) seed=(?P<seed>-?\d+) until=(?P<until>\d+) days=(?P<days>\d+) tickets=(?P<tickets>\d+)"
    r" first=(?P<first>\d+) customers=(?P<customer>\d+)\+(?P<customers>\d+)$"
)
_DONE = re.compile(r"written (?P<key>\d+) (?P<start>\d+)-(?P<end>\d+)$")


@dataclass(frozen=True)
class Plan:
    """So many tickets, numbered from `first` on, of customers numbered from `customer` on."""

    key: int
    seed: int
    until: datetime
    days: int
    tickets: int
    first: int
    customer: int
    customers: int

    @property
    def slot(self) -> str:
        return (
            f"plan {self.key} seed={self.seed} until={int(self.until.timestamp())} days={self.days}"
            f" tickets={self.tickets} first={self.first} customers={self.customer}+{self.customers}"
        )

    def done_slot(self, start: int, end: int) -> str:
        """What remembers that the tickets at these places of the order are written."""
        return f"written {self.key} {start}-{end}"

    @cached_property
    def rhythm(self) -> Rhythm:
        return Rhythm(self.until, self.days)

    @cached_property
    def order(self) -> "array[int]":
        """The tickets in the order in which they are written, each as its place in time."""
        chosen: dict[int, None] = {}
        for i in range(min(_LATELY, self.tickets)):
            age = timedelta(minutes=2 * 4_320 ** (i / _LATELY))
            chosen[min(int(self.rhythm.fraction(self.until - age) * self.tickets), self.tickets - 1)] = None
        few = min(FIRST, self.tickets)
        step = 0
        while len(chosen) < few:
            chosen[int((step * 0.6180339887498949) % 1 * self.tickets)] = None
            step += 1
        mixed = sorted(chosen, key=lambda place: scatter(self.seed, place))
        return array("q", [*mixed, *(place for place in range(self.tickets - 1, -1, -1) if place not in chosen)])

    def moment(self, place: int) -> datetime:
        """When the ticket at this place comes in."""
        return self.rhythm.moment((place + scatter(self.seed, place)) / self.tickets)

    def customer_of(self, place: int) -> int:
        """Whose it is: few write often, most seldom, and their number grows."""
        known = self.customers * (0.35 + 0.65 * place / self.tickets)
        return int(known * scatter(self.seed + 1, place) ** 1.25)

    def known_since(self, number: int) -> datetime:
        """When a customer first appears: some came before the period."""
        share = number / self.customers
        if share < 0.35:
            return self.rhythm.start - timedelta(days=700) * (1 - share / 0.35)
        return self.rhythm.moment((share - 0.35) / 0.65 * 0.999)

    @cached_property
    def askable(self) -> bytearray:
        """For each place whether its customer may be asked: nobody is, twice within two weeks."""
        apart = timedelta(days=14) + ASKABLE
        last: dict[int, datetime] = {}
        may = bytearray(self.tickets)
        for place in range(self.tickets):
            at, customer = self.moment(place), self.customer_of(place)
            if customer not in last or at - last[customer] >= apart:
                last[customer] = at
                may[place] = 1
        return may


def plans() -> list[Plan]:
    """Every plan there ever was here."""
    found = []
    for slot in Slot.objects.filter(job=JOB, slot__startswith="plan ").values_list("slot", flat=True):
        if match := _PLAN.match(slot):
            said = {name: int(value) for name, value in match.groupdict().items()}
            found.append(
                Plan(
                    said["key"],
                    said["seed"],
                    datetime.fromtimestamp(said["until"], UTC),
                    said["days"],
                    said["tickets"],
                    said["first"],
                    said["customer"],
                    said["customers"],
                )
            )
    return sorted(found, key=lambda plan: plan.key)


def written(plan: Plan) -> list[tuple[int, int]]:
    """Which stretches of a plan's order are written."""
    slots = Slot.objects.filter(job=JOB, slot__startswith=f"written {plan.key} ").values_list("slot", flat=True)
    matches = [match for slot in slots if (match := _DONE.match(slot))]
    return sorted((int(match["start"]), int(match["end"])) for match in matches)


def missing(plan: Plan, up_to: int) -> Iterator[tuple[int, int]]:
    """The stretches that are to be written, at most a chunk each."""
    at = 0
    for start, end in [*written(plan), (up_to, up_to)]:
        while at < min(start, up_to):
            stop = min(at + CHUNK, start, up_to)
            yield at, stop
            at = stop
        at = max(at, end)


def is_foreign_land(known: list[Plan]) -> bool:
    """Whether there are tickets that no plan speaks of."""
    tickets = Ticket.objects.all()
    for plan in known:
        tickets = tickets.exclude(number__range=(plan.first, plan.first + plan.tickets - 1))
    return tickets.exists()


def make(key: int, tickets: int, seed: int, until: datetime, days: int) -> Plan:
    """Reserve the numbers and write the customers; all of it or nothing."""
    customers = max(tickets // _TICKETS_PER_CUSTOMER, 20)
    with transaction.atomic():
        first = _reserve(Ticket._meta.db_table, "number", tickets)
        customer = _reserve(Customer._meta.db_table, "id", customers)
        plan = Plan(key, seed, until, days, tickets, first, customer, customers)
        if not Slot.objects.take(JOB, plan.slot):
            raise RuntimeError("This plan was made before.")
        chance = Random(seed * 1_000_003 + key)  # noqa: S311 - a demo
        taken = set(Organisation.objects.exclude(domain="").values_list("domain", flat=True))
        companies = company.organisations(max(customers // 40, 5), taken)
        Organisation.objects.bulk_create([Organisation(name=name, domain=domain) for name, domain in companies])
        domains = [domain for _, domain in companies]
        ids = dict(Organisation.objects.filter(domain__in=domains).values_list("domain", "pk"))
        known = set(
            ContactPoint.objects.filter(channel="email", address__endswith=".example").values_list("address", flat=True)
        )
        people = list(company.newcomers(chance, customers, domains, known))
        copy_rows(
            Customer,
            ("id", "name", "organisation_id", "language", "created_at"),
            (
                (
                    customer + i,
                    one.name,
                    None if one.organisation is None else ids[domains[one.organisation]],
                    one.language,
                    plan.known_since(i),
                )
                for i, one in enumerate(people)
            ),
        )
        point = _reserve(ContactPoint._meta.db_table, "id", customers)
        copy_rows(
            ContactPoint,
            ("id", "customer_id", "channel", "address"),
            ((point + i, customer + i, "email", one.address) for i, one in enumerate(people)),
        )
    return plan


def _reserve(table: str, column: str, how_many: int) -> int:
    """Take a run of numbers that follow each other. Whoever inserts meanwhile waits for this transaction."""
    with connection.cursor() as cursor:
        cursor.execute(f"LOCK TABLE {table} IN SHARE ROW EXCLUSIVE MODE")
        cursor.execute("SELECT nextval(pg_get_serial_sequence(%s, %s))", [table, column])
        first = int(cursor.fetchone()[0])
        cursor.execute("SELECT setval(pg_get_serial_sequence(%s, %s), %s)", [table, column, first + how_many - 1])
    return first
