"""What customers and agents of a bicycle maker write to each other. Pure: a source of chance in, text out.

A text is put together from sentences of its topic and of its language, with a product, an order, a place and dates
filled in, so that tens of thousands of tickets do not read alike. `RARE` stands in about one message of a thousand and
`COMMON` in about one of six, which gives a search something to find.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from random import Random
from typing import TypeVar

from reports.demo import phrases, topics
from reports.demo.topics import Script, Topic

RARE, COMMON = "zephyrite", "invoice"
T = TypeVar("T")

PRODUCTS = (
    "Alder 7",
    "Alder 9",
    "Juniper gravel bike",
    "Juniper Pro",
    "Rowan cargo bike",
    "Rowan Long",
    "Sorrel e-bike",
    "Sorrel Step",
    "Hazel 20 kids' bike",
    "Hazel 24",
    "Linden touring bike",
    "Linden 11 belt drive",
    "Medlar folding bike",
    "Quince e-trekking",
    "Tamarisk mountain bike",
    "Spindle trailer",
)
PARTS = {
    "en": (
        "rear wheel",
        "front rack",
        "kickstand",
        "bottom bracket",
        "seat post",
        "headlight",
        "rear mudguard",
        "left pedal",
        "brake lever",
        "chainring",
        "stem",
        "saddle",
        "derailleur hanger",
        "fork",
        "display mount",
        "bell",
        "freewheel",
    ),
    "de": (
        "Hinterrad",
        "Frontträger",
        "Ständer",
        "Innenlager",
        "Sattelstütze",
        "Scheinwerfer",
        "Schutzblech",
        "Pedal links",
        "Bremshebel",
        "Kettenblatt",
        "Vorbau",
        "Sattel",
        "Schaltauge",
        "Gabel",
        "Freilauf",
    ),
}
COLOURS = {
    "en": ("slate grey", "moss green", "brick red", "cream", "night blue", "mustard", "raw steel", "rust orange"),
    "de": ("Schiefergrau", "Moosgrün", "Ziegelrot", "Creme", "Nachtblau", "Senfgelb", "Rohstahl", "Rostorange"),
}
SIZES = ("XS", "S", "M", "L", "XL")
CARRIERS = ("Swiftpost", "NordParcel", "Kurierwerk", "Blue Van", "TransAlpina")
CITIES = (
    "Freiburg",
    "Bristol",
    "Leipzig",
    "Utrecht",
    "Ghent",
    "Basel",
    "Cork",
    "Leeds",
    "Malmö",
    "Graz",
    "Lyon",
    "Porto",
    "Turin",
    "Kassel",
    "Norwich",
    "Aarhus",
    "Bremen",
    "Girona",
    "Tallinn",
    "Kraków",
    "Dresden",
    "Exeter",
    "Nantes",
    "Münster",
)
STREETS = {
    "en": (
        "{n} Mill Lane",
        "{n} Orchard Road",
        "{n} Canal Street",
        "{n} Station Road",
        "{n} Quay Street",
        "{n} Larch Close",
    ),
    "de": ("Mühlgasse {n}", "Bahnhofstraße {n}", "Gartenweg {n}", "Am Kanal {n}", "Lindenallee {n}", "Rosenstraße {n}"),
}
_WEEKDAYS = {
    "en": ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
    "de": ("Montag", "Dienstag", "Mittwoch", "Donnerstag", "Freitag", "Samstag", "Sonntag"),
}
_MONTHS = {
    "en": (
        "January",
        "February",
        "March",
        "April",
        "May",
        "June",
        "July",
        "August",
        "September",
        "October",
        "November",
        "December",
    ),
    "de": (
        "Januar",
        "Februar",
        "März",
        "April",
        "Mai",
        "Juni",
        "Juli",
        "August",
        "September",
        "Oktober",
        "November",
        "Dezember",
    ),
}


def pick(chance: Random, options: Sequence[T]) -> T:
    """One of them, each as likely; faster than `Random.choice`, and drawn alike in every version of Python."""
    return options[int(chance.random() * len(options))]


def choose_topic(chance: Random, language: str, crisis: bool) -> Topic:
    """What a customer of this language writes about today."""
    options, limits = _CHOICES[language, crisis]
    point = chance.random() * limits[-1]
    for topic, limit in zip(options, limits, strict=True):
        if point < limit:
            return topic
    return options[-1]


def _choices(language: str, crisis: bool) -> tuple[list[Topic], list[float]]:
    options = [topic for topic in topics.TOPICS if language in topic.scripts]
    total, limits = 0.0, []
    for topic in options:
        total += topic.weight * (topic.crisis if crisis else 1)
        limits.append(total)
    return options, limits


_CHOICES = {(language, crisis): _choices(language, crisis) for language in ("en", "de") for crisis in (False, True)}


class Voice:
    """All that is said on one ticket: its topic, its language and the particulars that stay the same throughout."""

    __slots__ = ("chance", "customer", "is_calm", "language", "script", "subject", "told", "values")

    def __init__(self, chance: Random, topic: Topic, language: str, customer: str, at: datetime) -> None:
        self.chance = chance
        self.language = language
        self.is_calm = topic.is_calm
        self.script: Script = topic.scripts[language]
        self.customer = customer or "…"
        self.values = self._particulars(at)
        self.told: set[str] = set()
        self.subject = self._say(self.script.subjects)

    def _particulars(self, at: datetime) -> dict[str, object]:
        draw, language = self.chance.random, self.language
        digits = str(10_000_000 + int(draw() * 89_999_999))
        number = int(draw() * 60_000)
        size = int(draw() * 4)
        return {
            "product": pick(self.chance, PRODUCTS),
            "part": pick(self.chance, PARTS[language]),
            "colour": pick(self.chance, COLOURS[language]),
            "colour2": pick(self.chance, COLOURS[language]),
            "size": SIZES[size],
            "size2": SIZES[size + 1],
            "carrier": pick(self.chance, CARRIERS),
            "city": pick(self.chance, CITIES),
            "street": pick(self.chance, STREETS[language]).format(n=1 + number % 140),
            "order": f"LW-{at.year % 100}{20_000 + number}",
            "order2": f"LW-{at.year % 100}{80_000 + number % 9_000}",
            "invoice": f"{at.year}-{digits[:5]}",
            "digits": digits,
            "digits4": digits[4:],
            "amount": f"{12 + number % 580},{digits[:2]} €"
            if language == "de"
            else f"€{12 + number % 580}.{digits[:2]}",
            "small": 2 + number % 7,
            "small2": 11 + number % 60,
            "km": 120 + number % 4_700,
            "weight": 55 + number % 50,
            "height": 155 + number % 42,
            "leg": 72 + number % 20,
            "date": self._day(at - timedelta(days=3 + number % 25)),
            "weekday": _WEEKDAYS[language][number % 7],
            "next_date": self._day(at + timedelta(days=2 + number % 9)),
            "year": at.year - 1 - number % 6,
            "first": self.customer.split(" ", 1)[0],
            "name": self.customer,
            "agent": "",
        }

    def _day(self, day: datetime) -> str:
        month = _MONTHS[self.language][day.month - 1]
        return f"{day.day}. {month}" if self.language == "de" else f"{day.day} {month}"

    def _say(self, sentences: Sequence[str]) -> str:
        return pick(self.chance, sentences).format_map(self.values)

    def _shared(self, sentences: Mapping[str, Sequence[str]]) -> str:
        return pick(self.chance, sentences[self.language]).format_map(self.values)

    def _fresh(self, sentences: Sequence[str]) -> str:
        """One that was not said on this ticket before, as long as there is one."""
        for _ in range(3):
            sentence = pick(self.chance, sentences)
            if sentence not in self.told:
                break
        self.told.add(sentence)
        return sentence.format_map(self.values)

    def _some(self, sentences: Sequence[str], how_many: int) -> list[str]:
        """At most so many that were not said on this ticket before."""
        said = []
        for _ in range(how_many):
            sentence = pick(self.chance, sentences)
            if sentence not in self.told:
                self.told.add(sentence)
                said.append(sentence.format_map(self.values))
        return said

    def today(self, at: datetime) -> "Voice":
        """Time has passed: what is said from now on speaks of days to come from here."""
        days = 2 + int(self.chance.random() * 7)
        self.values["next_date"] = self._day(at + timedelta(days=days))
        self.values["weekday"] = _WEEKDAYS[self.language][(at.weekday() + days) % 5]
        return self

    # ------------------------------------------------------------------ the customer

    def opening(self) -> str:
        """The customer's first mail."""
        draw, script = self.chance.random, self.script
        lines = [self._fresh(script.tells)]
        lines += self._some(script.details, 1 + int(draw() * 2.5))
        if not self.is_calm or draw() < 0.4:
            lines += self._some(phrases.ASIDES[self.language], int(draw() * 3.2))
        if draw() < 0.1:
            reference = "Es geht um Rechnung" if self.language == "de" else "It is about invoice"
            lines.append(f"{reference} {self.values['invoice']}.")
        if draw() < 0.0042:
            lines.append(phrases.RARELY.format_map(self.values))
        lines.append(self._fresh(script.asks))
        body = "\n\n".join(_paragraphs(lines, draw())) if draw() < 0.6 else " ".join(lines)
        return self._letter(body)

    def answer(self) -> str:
        """The customer tells what the agent asked."""
        lines = [self._fresh(self.script.answers)]
        lines += self._some(self.script.details, int(self.chance.random() * 1.5))
        lines += self._some(phrases.ASIDES[self.language], int(self.chance.random() * 1.3))
        return self._letter(" ".join(lines), short=True)

    def nudge(self) -> str:
        """The customer asks where the answer is."""
        return self._letter(self._shared(phrases.NUDGES), short=True)

    def complaint(self) -> str:
        """The customer says that it was not solved."""
        lines = [self._shared(phrases.CALM_COMPLAINTS if self.is_calm else phrases.COMPLAINTS)]
        lines += self._some(self.script.details, int(self.chance.random() * 2))
        lines.append(self._fresh(self.script.asks))
        return self._letter(" ".join(lines), short=True)

    def thanks(self) -> str:
        """The customer is glad."""
        return self._letter(self._shared(phrases.THANKS), short=True)

    def away(self) -> str:
        """A machine answers in the customer's place."""
        return self._shared(phrases.AWAY)

    def _letter(self, body: str, short: bool = False) -> str:
        draw = self.chance.random
        greeting = "" if short and draw() < 0.4 else self._shared(phrases.GREETINGS)
        if self.language == "en" or not greeting:
            body = body[:1].upper() + body[1:]
        closing = "" if short and draw() < 0.35 else f"{self._shared(phrases.FAREWELLS)}\n{self.customer}"
        text = "\n\n".join(part for part in (greeting, body, closing) if part)
        if draw() < 0.08:
            text = f"{text}\n\n{self._shared(phrases.PHONES)}"
        return text

    # ------------------------------------------------------------------ the agent

    def solution(self, agent: str, *, late: bool = False, again: bool = False) -> str:
        """The agent's answer."""
        said = [self._fresh(self.script.solutions)]
        said += self._some(phrases.ADDITIONS[self.language], int(self.chance.random() * 2.7))
        return self._reply(agent, self._feeling(late, again), " ".join(said), self._shared(phrases.CLOSERS))

    def question(self, agent: str, *, late: bool = False) -> str:
        """The agent needs to know more."""
        asked = f"{self._shared(phrases.ASKING)} {self._fresh(self.script.questions)}"
        return self._reply(agent, self._feeling(late, False), asked, "")

    def _feeling(self, late: bool, again: bool) -> str:
        if late:
            return self._shared(phrases.LATE)
        if again:
            return self._shared(phrases.CALM_AGAIN if self.is_calm else phrases.AGAIN)
        return self._shared(phrases.CALM_EMPATHY if self.is_calm else phrases.EMPATHY)

    def waiting(self, agent: str) -> str:
        """The agent waits for somebody else."""
        return self._reply(agent, "", self._shared(phrases.WAITING), "")

    def checking_back(self, agent: str) -> str:
        """The agent hears nothing any more."""
        return self._reply(agent, "", self._shared(phrases.CHECKING_BACK), "")

    def outreach(self, agent: str) -> tuple[str, str]:
        """The agent writes first: subject and text."""
        subject, text = pick(self.chance, phrases.OUTREACH[self.language])
        self.subject = subject.format_map(self.values)
        return self.subject, self._reply(agent, "", text.format_map(self.values), "")

    def note(self) -> str:
        """What agents tell each other."""
        return self._fresh(self.script.notes)

    def comment(self, score: int, agent: str) -> str:
        """What a customer adds to a score."""
        self.values["agent"] = agent.split(" ", 1)[0]
        return self._shared(phrases.COMMENTS[score])

    def _reply(self, agent: str, feeling: str, body: str, closer: str) -> str:
        self.values["agent"] = first = agent.split(" ", 1)[0]
        if self.language == "en" or feeling:
            body = body[:1].upper() + body[1:]
        middle = f"{feeling} {body}" if feeling else body
        parts = (
            self._shared(phrases.AGENT_GREETINGS),
            middle,
            closer,
            f"{self._shared(phrases.AGENT_FAREWELLS)}\n{first}",
        )
        return "\n\n".join(part for part in parts if part)


def _paragraphs(lines: list[str], where: float) -> list[str]:
    """Sentences in two paragraphs."""
    if len(lines) < 3:
        return [" ".join(lines)]
    cut = 1 + int(where * (len(lines) - 1))
    return [" ".join(lines[:cut]), " ".join(lines[cut:])]


def quoted(text: str, author: str, at: datetime, language: str) -> str:
    """A mail as its answer carries it along."""
    stamp = f"{at:%d.%m.%Y %H:%M}"
    head = f"Am {stamp} schrieb {author}:" if language == "de" else f"On {stamp}, {author} wrote:"
    return head + "\n> " + text.replace("\n", "\n> ")
