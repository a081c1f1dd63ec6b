"""Larkwheel Cycles: makes bicycles in Freiburg, keeps its books in Bristol, and answers everybody who writes.

`settle` makes what of it is missing and reuses what is there: the first inbox and team of a fresh installation become
part of the company. Nobody can sign in as one of its agents: they have no passwords until somebody sets one.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import count
from random import Random

from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.db import transaction
from django.urls import reverse

from feedback.models import Department, ReasonCode, Survey, Topic
from helpdesk.models import Agent, Calendar, CalendarVersion, Role, SpecialDay, Team
from reports.demo import programme, workshop
from reports.demo.rhythm import Rhythm
from reports.demo.story import Asking, Person, Programme, Reason, Source, World
from reports.demo.topics import TOPICS
from reports.ledger.opening_hours import NO_HOURS, hours_of_inboxes
from tickets.models import Inbox, Tag, Ticket

NAME = "Larkwheel Cycles"


@dataclass(frozen=True, slots=True)
class _Agent:
    name: str
    login: str
    role: Role
    teams: tuple[str, ...]
    zone: str
    pace: float
    charm: float


TEAMS = ("Support", "Billing", "Returns", "Workshop")
AGENTS = (
    _Agent("Ingrid Solberg", "ingrid", Role.LEAD, ("Support",), "Europe/Berlin", 0.8, 0.2),
    _Agent("Kwame Mensah", "kwame", Role.AGENT, ("Support",), "Europe/London", 0.9, 0.3),
    _Agent("Yuki Tanaka", "yuki", Role.AGENT, ("Support",), "Europe/Berlin", 0.75, 0.1),
    _Agent("Lucía Herrera", "lucia", Role.AGENT, ("Support",), "Europe/Madrid", 1.2, 0.25),
    _Agent("Fatima El-Amrani", "fatima", Role.LEAD, ("Billing",), "Europe/London", 0.8, 0.1),
    _Agent("Oliver Grant", "oliver", Role.AGENT, ("Billing",), "Europe/London", 1.5, -0.35),
    _Agent("Declan Byrne", "declan", Role.LEAD, ("Returns",), "Europe/Dublin", 0.9, 0.15),
    _Agent("Ngozi Eze", "ngozi", Role.AGENT, ("Returns",), "Europe/Berlin", 0.85, 0.3),
    _Agent("Mateusz Zieliński", "mateusz", Role.AGENT, ("Returns",), "Europe/Warsaw", 1.3, -0.1),
    _Agent("Priya Raghavan", "priya", Role.LEAD, ("Workshop", "Support", "Returns"), "Europe/Berlin", 1.1, 0.25),
    _Agent("Jonas Keller", "jonas", Role.AGENT, ("Workshop", "Support", "Returns"), "Europe/Berlin", 1.4, 0.0),
    _Agent("Emre Yıldız", "emre", Role.LIGHT, ("Support", "Returns", "Workshop"), "Europe/Berlin", 1.0, 0.0),
)


@dataclass(frozen=True, slots=True)
class _Inbox:
    name: str
    local: str
    team: str
    calendar: str
    target: int
    minutes: float


INBOXES = (
    _Inbox("Support", "support", "Support", "Freiburg", 240, 48),
    _Inbox("Billing", "billing", "Billing", "Bristol", 480, 95),
    _Inbox("Returns", "returns", "Returns", "Freiburg", 480, 120),
)
_FREIBURG = {day: [["08:00", "18:00"]] for day in ("mon", "tue", "wed", "thu", "fri")}
_BRISTOL = {day: [["09:00", "12:30"], ["13:30", "17:30"]] for day in ("mon", "tue", "wed", "thu", "fri")}


def settle(until: datetime, days: int) -> None:
    """Make what is missing of the company."""
    with transaction.atomic():
        teams = {name: Team.objects.get_or_create(name=name)[0] for name in TEAMS}
        for one in AGENTS:
            _hire(one, teams)
        calendars = {
            "Freiburg": _calendar("Freiburg", "Europe/Berlin", _FREIBURG, until, days),
            "Bristol": _calendar("Bristol", "Europe/London", _BRISTOL, until, days),
        }
        inboxes = [_inbox(one, teams, calendars) for one in INBOXES]
        for topic in TOPICS:
            for tag in topic.tags:
                Tag.objects.get_or_create(name=tag)
        Tag.objects.get_or_create(name="carrier backlog")
        programme.settle({one.local: inbox for one, inbox in zip(INBOXES, inboxes, strict=True)})
        workshop.equip(Agent.objects.get(email=f"{AGENTS[0].login}@{settings.MAIL_DOMAIN}"))


def _hire(one: _Agent, teams: dict[str, Team]) -> None:
    address = f"{one.login}@{settings.MAIL_DOMAIN}"
    if Agent.objects.filter(email__iexact=address).exists():
        return
    agent = Agent(email=address, name=one.name, role=one.role, zone=one.zone, password=make_password(None))
    agent.save()
    agent.teams.set(teams[name] for name in one.teams)


def _calendar(name: str, zone: str, weekly: dict[str, list[list[str]]], until: datetime, days: int) -> Calendar:
    calendar, is_new = Calendar.objects.get_or_create(name=name, defaults={"zone": zone})
    if is_new:
        CalendarVersion.objects.create(calendar=calendar, weekly=weekly)
        if name == "Freiburg":  # Saturdays were added in the course of the year
            since = (until - timedelta(days=days // 2)).date().replace(day=1)
            CalendarVersion.objects.create(
                calendar=calendar, valid_from=since, weekly={**weekly, "sat": [["10:00", "14:00"]]}
            )
        first = (until - timedelta(days=days)).year
        holidays = german_holidays if zone == "Europe/Berlin" else english_holidays
        SpecialDay.objects.bulk_create(
            SpecialDay(calendar=calendar, date=day, name=word, hours=[])
            for year in range(first, until.year + 2)
            for day, word in holidays(year)
        )
        if name == "Freiburg":
            SpecialDay.objects.bulk_create(
                SpecialDay(calendar=calendar, date=date(year, 12, 24), name="Heiligabend", hours=[["08:00", "12:00"]])
                for year in range(first, until.year + 2)
            )
    return calendar


def _inbox(one: _Inbox, teams: dict[str, Team], calendars: dict[str, Calendar]) -> Inbox:
    address = f"{one.local}@{settings.MAIL_DOMAIN}"
    inbox = Inbox.objects.filter(address__iexact=address).first()
    if inbox is None:
        taken = Inbox.objects.filter(name=one.name).exists()
        inbox = Inbox.objects.create(name=f"{one.name} {NAME}" if taken else one.name, address=address)
        inbox.teams.add(teams[one.team])
    if not Ticket.objects.filter(inbox=inbox).exists():
        inbox.calendar = calendars[one.calendar]
        inbox.response_target_minutes = one.target
        inbox.sender_name = inbox.sender_name or NAME
        inbox.signature = inbox.signature or f"{NAME} · {one.name}"
        inbox.save()
    return inbox


def world(until: datetime, days: int) -> World:
    """The company as stories need it, read from the database once it is settled."""
    hours = hours_of_inboxes()
    people = {
        agent.email: Person(agent.pk, agent.name, one.pace, one.charm)
        for one in AGENTS
        for agent in [Agent.objects.get(email__iexact=f"{one.login}@{settings.MAIL_DOMAIN}")]
    }

    def named(team: str, *roles: Role) -> list[Person]:
        return [
            people[f"{one.login}@{settings.MAIL_DOMAIN}"]
            for one in AGENTS
            if one.teams[0] == team and one.role in roles
        ]

    sources = {}
    for one in INBOXES:
        inbox = Inbox.objects.prefetch_related("teams").get(address__iexact=f"{one.local}@{settings.MAIL_DOMAIN}")
        teams = list(inbox.teams.all())
        mark, calendar = hours.get(inbox.pk, NO_HOURS)
        # what was asked in the past: satisfaction, and of some customers how easy it was instead
        survey = Survey.objects.active().filter(kind="csat").order_by("pk").first()
        other = Survey.objects.active().filter(name=programme.EFFORT, kind="ces2").first()
        lead = named(one.team, Role.LEAD)[0]
        sources[one.local] = Source(
            id=inbox.pk,
            address=inbox.address,
            team=teams[0].pk if len(teams) == 1 else None,
            hours=mark,
            calendar=calendar,
            agents=[*named(one.team, Role.AGENT) * 3, lead],
            lead=lead,
            usual_minutes=one.minutes,
            survey=_asking(survey) if survey else None,
            other=_asking(other) if other else None,
            share={"support": 0.35, "returns": 0.7}.get(one.local, 0.0),
        )
    return World(
        until=until,
        rhythm=Rhythm(until, days),
        sources=sources,
        workshop=named("Workshop", Role.LEAD, Role.AGENT),
        workshop_team=Team.objects.get(name="Workshop").pk,
        helper=people[f"emre@{settings.MAIL_DOMAIN}"],
        close_after=timedelta(days=settings.AUTO_CLOSE_DAYS) if settings.AUTO_CLOSE_DAYS else None,
        survey_link=settings.BASE_URL + reverse("survey", args=["TOKEN"]).replace("TOKEN", "{token}"),
        programme=Programme(
            dict(Topic.objects.values_list("name", "pk")),
            {one.name: Reason(one.pk, one.department_id, one.in_control) for one in ReasonCode.objects.all()},
            dict(Department.objects.values_list("name", "pk")),
        ),
    )


def _asking(survey: Survey) -> Asking:
    valid, cool_down = timedelta(days=survey.valid_days), timedelta(days=survey.cool_down_days)
    return Asking(survey.pk, survey.kind, survey.delay, cool_down, valid, survey.asks_solved)


# ---------------------------------------------------------------------- holidays


def easter(year: int) -> date:
    """Easter Sunday (the anonymous Gregorian computus)."""
    a, b, c = year % 19, year // 100, year % 100
    d = (19 * a + b - b // 4 - (b - (b + 8) // 25 + 1) // 3 + 15) % 30
    e = (32 + 2 * (b % 4) + 2 * (c // 4) - d - c % 4) % 7
    f = d + e - 7 * ((a + 11 * d + 22 * e) // 451) + 114
    return date(year, f // 31, f % 31 + 1)


def german_holidays(year: int) -> list[tuple[date, str]]:
    """Public holidays in Freiburg (Baden-Württemberg)."""
    sunday = easter(year)
    moving = (
        (-2, "Karfreitag"),
        (1, "Ostermontag"),
        (39, "Christi Himmelfahrt"),
        (50, "Pfingstmontag"),
        (60, "Fronleichnam"),
    )
    fixed = (
        (1, 1, "Neujahr"),
        (1, 6, "Heilige Drei Könige"),
        (5, 1, "Tag der Arbeit"),
        (10, 3, "Tag der Deutschen Einheit"),
        (11, 1, "Allerheiligen"),
        (12, 25, "1. Weihnachtstag"),
        (12, 26, "2. Weihnachtstag"),
    )
    days = {date(year, month, day): name for month, day, name in fixed}
    days |= {sunday + timedelta(days=shift): name for shift, name in moving}
    return sorted(days.items())


def english_holidays(year: int) -> list[tuple[date, str]]:
    """Bank holidays in Bristol, moved off weekends as the law moves them."""
    sunday = easter(year)
    days = {
        sunday - timedelta(days=2): "Good Friday",
        sunday + timedelta(days=1): "Easter Monday",
        _monday(date(year, 5, 1)): "Early May bank holiday",
        _monday(date(year, 5, 25)): "Spring bank holiday",
        _monday(date(year, 8, 25)): "Summer bank holiday",
    }
    for day, name in (
        (date(year, 1, 1), "New Year's Day"),
        (date(year, 12, 25), "Christmas Day"),
        (date(year, 12, 26), "Boxing Day"),
    ):
        while day.weekday() > 4 or day in days:
            day += timedelta(days=1)
        days[day] = name
    return sorted(days.items())


def _monday(day: date) -> date:
    """The first Monday from this day on."""
    return day + timedelta(days=-day.weekday() % 7)


# ---------------------------------------------------------------------- customers

_FIRST = {
    "en": (
        "Aisha, Amelia, Andrei, Anouk, Arjun, Beatriz, Bram, Callum, Chiara, Chinedu, Daan, Deborah, Elif, Emma, "
        "Femke, Freya, George, Giulia, Grace, Hana, Harriet, Hugo, Imani, Isla, Ivo, Jack, Jasper, Joana, Kofi, "
        "Laura, Leila, Liam, Linh, Louise, Magnus, Maeve, Mei, Mohammed, Nadia, Niamh, Noah, Olivia, Omar, Oscar, "
        "Pedro, Petra, Rania, Rhys, Rosa, Ruth, Saoirse, Sean, Sofia, Sunita, Tariq, Tomás, Valentina, Wei, "
        "William, Zofia"
    ).split(", "),
    "de": (
        "Anja, Annika, Ayşe, Bastian, Birgit, Carolin, Christoph, Clara, Dieter, Elena, Felix, Florian, Frieda, "
        "Gerd, Hanna, Heike, Ines, Jan, Johanna, Karim, Katrin, Klaus, Lena, Lukas, Maja, Martin, Mehmet, Miriam, "
        "Nele, Norbert, Olga, Paul, Renate, Sabine, Sebastian, Silke, Stefan, Svenja, Thorsten, Ulrike"
    ).split(", "),
}
_LAST = {
    "en": (
        "Adeyemi, Ahmed, Baker, Bianchi, Campbell, Chen, Clarke, Costa, Davies, de Boer, de Vries, Demir, Dubois, "
        "Edwards, Evans, Ferrari, Fitzgerald, Fraser, Gallagher, Garcia, Green, Hansen, Hughes, Ivanova, Jansen, "
        "Johansson, Kaur, Kelly, Khan, Kowalska, Lambert, Lewis, Lindqvist, Lopes, MacLeod, Martins, Moreau, "
        "Morris, Murphy, Ng, Nguyen, O'Brien, Okafor, Patel, Peeters, Popescu, Reid, Rossi, Santos, Sharma, Smith, "
        "Sørensen, Taylor, van Dijk, Walsh, Wang, Williams, Wood, Yılmaz, Zhang"
    ).split(", "),
    "de": (
        "Albrecht, Bauer, Becker, Böhm, Brandt, Braun, Dietrich, Engel, Fischer, Frank, Friedrich, Fuchs, Graf, "
        "Groß, Haas, Hartmann, Hoffmann, Huber, Jung, Kaiser, Kaya, Keller, Koch, Köhler, Krüger, Lang, Lehmann, "
        "Maier, Müller, Neumann, Özdemir, Pfeiffer, Richter, Roth, Schäfer, Schmidt, Schneider, Schulze, Schwarz, "
        "Seidel, Sommer, Vogel, Wagner, Weber, Winter, Wolf, Ziegler, Zimmermann"
    ).split(", "),
}
#: reserved for examples (RFC 2606): no mail of the demo can ever reach a real person
_PROVIDERS = (
    "postbox.example",
    "mail.example",
    "inbox.example",
    "webmail.example",
    "letterbox.example",
    "post.example",
)
_TRADES = (
    "Couriers, Bike Hire, Logistics, Bakery, Architects, Cycles, Schools, Dental Care, Design, Housing, Energy, Tours"
).split(", ")
_PLACES = (
    "Avon, Breisgau, Harbour, Northgate, Rhine, Severn, Canal, Highland, Old Mill, Riverside, Summit, Linden, "
    "Castle, Meadow, Quayside, Baltic"
).split(", ")
_PLAIN = str.maketrans(
    {
        "ä": "ae",
        "ö": "oe",
        "ü": "ue",
        "ß": "ss",
        "ø": "o",
        "ı": "i",
        "ş": "s",
        "á": "a",
        "ğ": "g",
        "'": "",
        " ": "",
        "ó": "o",
        "í": "i",
        "ñ": "n",
    }
)


@dataclass(frozen=True, slots=True)
class Newcomer:
    """A customer to be; `organisation` counts from 0."""

    name: str
    address: str
    language: str
    organisation: int | None


def organisations(how_many: int, taken: set[str]) -> list[tuple[str, str]]:
    """Names and domains of so many companies, none of whose domains is taken."""
    found: list[tuple[str, str]] = []
    for number in count():
        if len(found) == how_many:
            break
        round_, place = divmod(number, len(_PLACES) * len(_TRADES))
        name = f"{_PLACES[place % len(_PLACES)]} {_TRADES[place // len(_PLACES)]}" + (
            f" {round_ + 1}" if round_ else ""
        )
        domain = name.lower().replace(" ", "-") + ".example"
        if domain not in taken:
            found.append((name, domain))
    return found


def newcomers(chance: Random, how_many: int, domains: Sequence[str], taken: set[str]) -> Iterator[Newcomer]:
    """So many customers, none of whose addresses is taken."""
    for _ in range(how_many):
        language = "de" if chance.random() < 0.27 else "en"
        first = _FIRST[language][int(chance.random() * len(_FIRST[language]))]
        last = _LAST[language][int(chance.random() * len(_LAST[language]))]
        works = domains and chance.random() < 0.16
        organisation = int(chance.random() ** 1.5 * len(domains)) if works else None
        domain = (
            domains[organisation] if organisation is not None else _PROVIDERS[int(chance.random() * len(_PROVIDERS))]
        )
        local = f"{first}.{last}".lower().translate(_PLAIN)
        address = f"{local}@{domain}"
        for number in count(2):
            if address not in taken:
                break
            address = f"{local}{number}@{domain}"
        taken.add(address)
        yield Newcomer(f"{first} {last}", address, language, organisation)
