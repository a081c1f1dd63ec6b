"""What the company asks its customers, why they were unhappy, and whose matter that is.

Texts of customers' remarks are here too, by topic: each says what its topic's words and phrases find.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from django.conf import settings

from feedback.models import Department, QualityPlan, ReasonCode, Retention, Survey, Topic
from helpdesk.models import Agent
from tickets.models import Inbox

#: department, and who works its recoveries; those that come with the product are used where there are any
DEPARTMENTS: Mapping[str, tuple[str, ...]] = {
    "Service": ("ingrid", "fatima", "declan"),
    "Shipping": ("emre", "ngozi"),
    "Product": ("priya", "jonas"),
    "Billing": ("oliver", "fatima"),
}
#: reason, its department, and whether the service team could have prevented it
REASONS: tuple[tuple[str, str | None, bool | None], ...] = (
    ("The answer took too long", "Service", True),
    ("I had to explain it again", "Service", True),
    ("The answer did not help", "Service", True),
    ("The delivery was late or lost", "Shipping", False),
    ("It arrived damaged or wrong", "Shipping", False),
    ("The product does not work as expected", "Product", False),
    ("The refund took too long", "Billing", False),
    ("The price or the bill", "Billing", False),
    ("Something else", None, None),
)
SATISFACTION, EFFORT, RECOMMENDATION = "After each ticket", "How easy it was", "Would they recommend us"


@dataclass(frozen=True, slots=True)
class Theme:
    """A topic of the company: which matters are of it, its words, and what people remark about it."""

    name: str
    keys: tuple[str, ...]
    department: str
    reason: str
    phrases: tuple[str, ...]
    #: by language: what they say when it went badly, and when it went well
    bad: Mapping[str, tuple[str, ...]]
    good: Mapping[str, tuple[str, ...]]


THEMES = (
    Theme(
        "Delivery", ("delivery",), "Shipping", "The delivery was late or lost",
        ("parcel", "delivery", "carrier", "tracking", "paket", "lieferung", "versand*", "sendung*"),
        {
            "en": ("The parcel is still not here.", "Tracking stood still for days and nobody called the carrier.",
                   "Two weeks for a delivery that was promised in three days."),
            "de": ("Das Paket ist immer noch nicht da.", "Die Sendungsverfolgung stand tagelang still.",
                   "Zwei Wochen für eine Lieferung, die drei Tage dauern sollte."),
        },
        {
            "en": ("The delivery came the day after I wrote.", "Found my lost parcel within hours."),
            "de": ("Die Lieferung kam gleich am Tag danach.", "Mein Paket wurde schnell gefunden."),
        },
    ),
    Theme(
        "Damaged or wrong goods", ("damaged", "wrong-item"), "Shipping", "It arrived damaged or wrong",
        ("damaged", "broken", "scratch*", "wrong size", "beschädigt", "zerkratzt", "falsche*"),
        {
            "en": ("It arrived scratched, and the second one too.", "Sent the wrong size twice.",
                   "Broken on arrival and I had to pay for sending it back."),
            "de": ("Kam zerkratzt an, und das Ersatzteil auch.", "Zweimal die falsche Größe geschickt."),
        },
        {
            "en": ("A damaged pedal was replaced without a question.",),
            "de": ("Beschädigtes Teil wurde ohne Rückfrage ersetzt.",),
        },
    ),
    Theme(
        "Returns and refunds", ("return", "refund"), "Billing", "The refund took too long",
        ("refund*", "return*", "money", "erstattung*", "rückgabe*", "rücksendung*", "geld"),
        {
            "en": ("I have waited five weeks for my refund.", "My money has been gone for weeks.",
                   "Nobody could say when the return would be booked."),
            "de": ("Ich warte seit fünf Wochen auf die Erstattung.", "Mein Geld ist seit Wochen weg.",
                   "Niemand wusste, wo meine Rücksendung ist."),
        },
        {
            "en": ("The refund was there in two days.", "Returning it was easy."),
            "de": ("Die Erstattung war nach zwei Tagen da.",),
        },
    ),
    Theme(
        "Bills and payment", ("invoice", "payment", "business"), "Billing", "The price or the bill",
        ("invoice*", "bill", "paid", "payment", "rechnung*", "bezahl*", "zahlung*"),
        {
            "en": ("The invoice was wrong three times in a row.", "I was told to pay a bill I had paid."),
            "de": ("Die Rechnung war dreimal hintereinander falsch.", "Gemahnt, obwohl längst bezahlt."),
        },
        {
            "en": ("The invoice was corrected while I waited.",),
            "de": ("Die Rechnung wurde sofort berichtigt.",),
        },
    ),
    Theme(
        "Repairs and warranty", ("warranty", "brakes", "gears", "e-bike", "parts"), "Product",
        "The product does not work as expected",
        ("brake*", "gear*", "battery", "motor", "warranty", "repair*", "bremse*", "schaltung", "akku", "garantie",
         "reparatur"),
        {
            "en": ("The battery failed again after the repair.", "The gears still slip.",
                   "Warranty means nothing when the part is never in stock.", "The brakes squeal as before."),
            "de": ("Der Akku ist nach der Reparatur wieder ausgefallen.", "Die Schaltung springt immer noch.",
                   "Was nützt die Garantie, wenn es das Teil nicht gibt?"),
        },
        {
            "en": ("The repair was done in a day and the brakes are perfect.", "New battery on warranty, no fuss."),
            "de": ("Die Reparatur war in einem Tag erledigt.", "Neuer Akku auf Garantie, ohne Umstände."),
        },
    ),
    Theme(
        "Advice and orders", ("advice", "change", "account", "praise"), "Service", "The answer did not help",
        ("advice", "order", "address", "account", "beratung", "bestellung", "adresse", "konto"),
        {
            "en": ("The advice did not match my question.", "They changed the order and charged me twice."),
            "de": ("Die Beratung passte nicht zu meiner Frage.", "Die Bestellung wurde falsch geändert."),
        },
        {
            "en": ("Honest advice, even though I bought the cheaper one.", "Changed my order in minutes."),
            "de": ("Ehrliche Beratung.", "Die Bestellung wurde sofort geändert."),
        },
    ),
    Theme(
        "Waiting", (), "Service", "The answer took too long",
        ("waited", "no answer", "too long", "days without", "nobody answer*", "gewartet", "keine antwort", "zu lange"),
        {
            "en": ("Waited far too long for an answer.", "Days without an answer. Never again.",
                   "I asked three times and got no answer."),
            "de": ("Viel zu lange gewartet.", "Tagelang keine Antwort. Nie wieder."),
        },
        {"en": (), "de": ()},
    ),
    Theme(
        "The people", (), "Service", "The answer did not help",
        ("friendly", "wonderful", "competent", "kind", "freundlich*", "kompetent*", "nett*"),
        {"en": (), "de": ()},
        {
            "en": ("Quick and friendly.", "{agent} was wonderful.", "Kind and competent, thank you."),
            "de": ("Schnell und freundlich.", "Sehr kompetent, danke.", "{agent} war sehr nett."),
        },
    ),
)  # fmt: skip
#: what those say who would recommend the company, and those who would not
RECOMMENDING: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "good": {
        "en": ("Best bicycle I ever had, and friendly people.", "I have sent three friends to you.", ""),
        "de": ("Das beste Rad, das ich je hatte, und freundliche Leute.", "Habe euch schon oft empfohlen.", ""),
    },
    "bad": {
        "en": ("Good bicycle, but I waited far too long for an answer.", "Never got my refund in time.",
               "The parcel was late every single time.", "Nobody answered for days."),
        "de": ("Gutes Rad, aber viel zu lange gewartet.", "Die Erstattung kam nie pünktlich.",
               "Das Paket kam jedes Mal zu spät."),
    },
}  # fmt: skip
DONE = (
    "Called, listened, said sorry, and sent it by express.", "Refunded the shipping.",
    "Explained what went wrong and put it right the same day.", "Sent a voucher with a note written by hand.",
    "Asked the workshop to see the bicycle first thing in the morning.",
)  # fmt: skip
NOTES = (
    "Tried to call, will try again after five.", "The carrier admits that it lost the parcel.",
    "They want to be told before, not after.", "Asked bookkeeping to pay it out today.",
)  # fmt: skip
REVIEWS = (
    "Clear and to the point.", "All questions answered but the second.", "Right, but colder than we want to be.",
    "A link to the size table would have saved a round.", "Exactly how it should be.", "",
)  # fmt: skip


def theme_of(key: str) -> Theme | None:
    return next((theme for theme in THEMES if key in theme.keys), None)


def found_in(text: str) -> Iterator[tuple[Theme, str]]:
    """The themes whose words a text holds, and the words."""
    lower = text.lower()
    for theme in THEMES:
        found = next((phrase for phrase in theme.phrases if phrase.rstrip("*") in lower), None)
        if found is not None:
            yield theme, found.rstrip("*")


def settle(inboxes: Mapping[str, Inbox]) -> None:
    """Make what is missing of it; what people have made of their own stays as it is."""
    people = {
        agent.email.partition("@")[0]: agent
        for agent in Agent.objects.filter(email__endswith=f"@{settings.MAIL_DOMAIN}")
    }
    departments = {}
    for name, members in DEPARTMENTS.items():
        # as the starters of departments are called, so that there are not two of each
        department, _is_new = Department.objects.get_or_create(name=name)
        departments[name] = department
        if not department.members.exists():
            department.members.set(people[login] for login in members if login in people)
    for position, (name, owner, in_control) in enumerate(REASONS):
        ReasonCode.objects.get_or_create(
            name=name,
            defaults={
                "department": departments[owner] if owner else None, "in_control": in_control, "position": position,
            },
        )  # fmt: skip
    for theme in THEMES:
        Topic.objects.get_or_create(
            name=theme.name,
            defaults={"phrases": "\n".join(theme.phrases), "department": departments[theme.department]},
        )
    _surveys(inboxes)
    for inbox in inboxes.values():
        QualityPlan.objects.get_or_create(inbox=inbox, defaults={"per_week": 5})
    if not Retention.objects.exists():
        Retention.objects.create(mode=Retention.Mode.CONTRACT)


def _surveys(inboxes: Mapping[str, Inbox]) -> None:
    """Satisfaction after most tickets, effort after returns and half of support, recommendation by the calendar."""
    if any(Survey.objects.asking_after(inbox.pk) is None for inbox in inboxes.values()):
        Survey.objects.get_or_create(name=SATISFACTION, defaults={"asks_solved": True, "opens_recovery": True})
    reasons = list(ReasonCode.objects.filter(name__in=[name for name, *_ in REASONS]))
    for name, kind, more in (
        (EFFORT, "ces2", {"asks_solved": True, "opens_recovery": True}),
        # it asked in the past; nobody's calendar sends a mail to half the customers of a demo on its first day
        (RECOMMENDATION, "nps", {"every_days": 180, "sends_from": inboxes["support"], "is_active": False}),
    ):
        survey, is_new = Survey.objects.get_or_create(name=name, defaults={"kind": kind, **more})
        if is_new:
            survey.reasons.set(reasons)
            if kind == "ces2":
                survey.inboxes.set([inboxes["returns"]])
