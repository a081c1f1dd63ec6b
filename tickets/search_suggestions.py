"""What may be typed next into the search field: names of qualifiers, and values of the one that is being typed."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from helpdesk import channel_names
from helpdesk.models import Agent, Team
from tickets import conditions, search_meaning, search_words, time_words
from tickets.models import Customer, CustomField, Inbox, Tag

MOST = 8
_TIMES = ("today", "yesterday", "7 days ago", "30 days ago")


@dataclass(frozen=True, slots=True)
class Suggestion:
    """What is offered, and the whole search with it."""

    label: str
    text: str


def suggest(text: str, agent: Agent) -> list[Suggestion]:
    """Ways on from what is typed so far; none after a space."""
    typed = search_words.parse(text)
    last = next((one for one in typed.qualifiers if one.end == len(typed.text)), None)
    if last is not None:
        word, begun = typed.text[: last.start], last.value.lower()
        key = typed.text[last.start : last.end].partition(":")[0]
        values = [one for one in _values(last.key, begun, agent) if one.lower() != begun]
        return [Suggestion(f"{key.lstrip('-')}:{value}", f"{word}{key}:{_quoted(value)} ") for value in values[:MOST]]
    begun_word = next((one for one in typed.words if one.is_begun), None)
    if begun_word is None or len(begun_word.text) < 2:
        return []
    before = typed.text[: len(typed.text) - len(begun_word.text)]
    keys = [key for key in (*QUALIFIERS, *conditions.UPPER) if key.startswith(begun_word.text.lower())]
    keys += [
        f"field.{key}"
        for key in CustomField.objects.filter(is_active=True).values_list("key", flat=True)
        if "field".startswith(begun_word.text.lower()) or key.startswith(begun_word.text.lower())
    ]
    return [Suggestion(f"{key}:", f"{before}{key}:") for key in dict.fromkeys(keys)][:MOST]


#: the names that are taught, each with an example and what it means
def taught() -> list[tuple[str, str]]:
    """Searches that show what can be asked for, each with what it finds."""
    return [
        ("from:ana", _("what Ana wrote, by name or address")),
        ("is:open", _("open; also pending, resolved, closed, snoozed, unassigned, mine, unread")),
        ("assignee:me", _("given to you; also a name, or none")),
        ("tag:refund", _("with this tag")),
        ('subject:"my order"', _("words of the subject")),
        ("has:attachment", _("with a file; also undelivered, low_score")),
        ("after:2026-03-01", _("something happened since; also before, created, updated")),
        ('"exact words"', _("these words in a row")),
        ("refund or return", _("one of them is enough")),
        ("-invoice", _("without this word; also before a condition")),
        ("in:trash", _("what was thrown away; also spam, anywhere")),
        ("#123", _("the ticket of that number")),
    ]


QUALIFIERS = (
    "from", "to", "is", "in", "assignee", "team", "tag", "inbox", "priority", "type", "channel", "has", "follower",
    "organisation", "subject", "before", "after", "created", "updated", "resolved", "waiting",
)  # fmt: skip


def _values(key: str, begun: str, agent: Agent) -> list[str]:
    if key == "is":
        return _beginning(search_meaning.IS_WORDS, begun)
    if key == "in":
        return _beginning(search_meaning.IN_WORDS, begun) + _named(Inbox.objects.visible_to(agent), begun)
    if key in conditions.CHOICES:
        return _beginning(conditions.CHOICES[key].values, begun)
    if key == "channel":
        return _beginning(channel_names.every(), begun)
    if key == "has":
        return _beginning(conditions.HAS, begun)
    if key in ("assignee", "follower"):
        return _beginning(("me", "none"), begun) + _named(Agent.objects.active(), begun)
    if key == "team":
        return _named(Team.objects.all(), begun)
    if key in ("inbox", "to"):
        return _named(Inbox.objects.visible_to(agent), begun)
    if key == "tag":
        return _named(Tag.objects.all(), begun)
    if key == "customer" and len(begun) > 1:
        return list(
            Customer.objects.visible_to(agent).like(begun).exclude(name="").values_list("name", flat=True)[:MOST]
        )
    if key in ("before", "after", "created", "updated", "resolved"):
        return _beginning([time_words.said(one) for one in _TIMES], begun)
    if key in conditions.UPPER:
        named = [label for _value, label in conditions.UPPER[key].choices()]
        return [label for label in ("none", *named) if begun in label.lower()][:MOST]
    if key.startswith("field."):
        field = CustomField.objects.filter(key=key.removeprefix("field."), is_active=True).first()
        known = field.choices if field and field.kind == CustomField.Kind.CHOICE else ()
        return _beginning(("yes", "no") if field and field.kind == CustomField.Kind.CHECKBOX else known, begun)
    return []


def _beginning(words: Iterable[str], begun: str) -> list[str]:
    return [word for word in words if word.lower().startswith(begun)]


def _named(things: "QuerySet[Agent] | QuerySet[Team] | QuerySet[Inbox] | QuerySet[Tag]", begun: str) -> list[str]:
    return list(things.filter(name__icontains=begun).order_by("name").values_list("name", flat=True)[:MOST])


def _quoted(value: str) -> str:
    return f'"{value}"' if " " in value else value
