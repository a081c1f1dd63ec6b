"""What a search means: qualifiers become conditions, and each is said in a chip."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from django.db.models import Exists, OuterRef, Q
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from helpdesk.models import Agent
from tickets import conditions, search_words
from tickets.conditions import BadCondition, Condition
from tickets.models import (
    Inbox,
    Participant,
    ReadMark,
)
from tickets.search_words import Qualifier, Typed

_IS: dict[str, Condition] = {
    **{word: {"field": "status", "is": "is", "value": word} for word in ("open", "pending", "on_hold", "resolved")},
    "closed": {"field": "status", "is": "is", "value": "closed"},
    "hold": {"field": "status", "is": "is", "value": "on_hold"},
    "spam": {"field": "status", "is": "is", "value": "spam"},
    "trash": {"field": "status", "is": "is", "value": "trash"},
    "unsolved": {"field": "status", "is": "any_of", "value": ["open", "pending", "on_hold"]},
    "snoozed": {"field": "snoozed", "is": "set"},
    "unassigned": {"field": "assignee", "is": "not_set"},
    "assigned": {"field": "assignee", "is": "set"},
    "mine": {"field": "assignee", "is": "is", "value": "me"},
    "followed": {"field": "follower", "is": "is", "value": "me"},
    "undelivered": {"field": "has", "is": "is", "value": "undelivered"},
}
#: what a qualifier's value can be, for those who do not know
IS_WORDS = (*_IS, "unread")
IN_WORDS = ("spam", "trash", "anywhere")
_OPPOSITE = {"is": "is_not", "any_of": "none_of", "set": "not_set", "not_set": "set"}
#: of these a ticket has one: two of them mean either
_ONE_OF = frozenset({"status", "assignee", "team", "inbox", "priority", "type", "channel"})


@dataclass(frozen=True, slots=True)
class Chip:
    """A qualifier as it was understood, and the search without it; `why` says what is wrong with it."""

    text: str
    said: str
    without: str
    why: str = ""


@dataclass(slots=True)
class Query:
    """A search as it is meant: conditions, more of them in Django's words, and words."""

    typed: Typed
    conditions: list[Condition] = field(default_factory=list)
    more: Q = field(default_factory=Q)
    chips: list[Chip] = field(default_factory=list)
    #: spam and trash are looked in as well
    everywhere: bool = False

    @property
    def is_empty(self) -> bool:
        """Nothing is asked for."""
        return not (self.conditions or self.more or self.typed.groups or self.everywhere)

    @property
    def words(self) -> str:
        """The text without what the conditions say: what a saved view keeps beside them."""
        kept = self.typed
        for one in sorted(self.typed.qualifiers, key=lambda one: -one.start):
            if one.key not in ("to", "in") and not (one.key == "is" and one.value == "unread"):
                kept = replace(kept, text=kept.text[: one.start] + " " + kept.text[one.end :])
        return " ".join(kept.text.split())


def parse(text: str, agent: Agent) -> Query:
    """Understand a search. Nothing that is typed is an error: what cannot be, is said in a chip and not looked for."""
    query = Query(search_words.parse(text))
    for qualifier in query.typed.qualifiers:
        if not qualifier.value:
            continue
        raw = query.typed.text[qualifier.start : qualifier.end]
        try:
            said = _understand(query, qualifier, agent)
            why = ""
        except BadCondition as error:
            said, why = raw, str(error)
        query.chips.append(Chip(raw, said, query.typed.without(qualifier), why))
    query.conditions = _merged(query.conditions)
    return query


def _understand(query: Query, qualifier: Qualifier, agent: Agent) -> str:
    """Add what a qualifier means to the query, and say it in words. Raises BadCondition."""
    if qualifier.key == "to":
        found = Q(
            inbox__in=Inbox.objects.filter(Q(name__icontains=qualifier.value) | Q(address__icontains=qualifier.value))
        )
        took_part = Participant.objects.filter(ticket=OuterRef("pk"))
        found |= Q(Exists(took_part.filter(Q(address__icontains=qualifier.value) | Q(name__icontains=qualifier.value))))
        query.more &= ~found if qualifier.is_negative else found
        return _("To: %(whom)s") % {"whom": qualifier.value}
    if qualifier.key == "in" and qualifier.value.lower() == "anywhere":
        query.everywhere = True
        return _("Spam and trash as well")
    if qualifier.key == "is" and qualifier.value.lower() == "unread":
        read = ReadMark.objects.filter(ticket=OuterRef("pk"), agent=agent, message_id__gte=OuterRef("last_message_id"))
        query.more &= Q(Exists(read)) if qualifier.is_negative else ~Q(Exists(read))
        return pgettext("messages", "Read") if qualifier.is_negative else _("Unread")
    made = conditions.clean(_conditions(qualifier))
    query.conditions += made
    return " · ".join(conditions.describe(one, agent) for one in made)


def _conditions(qualifier: Qualifier) -> list[Condition]:
    key, value = qualifier.key, qualifier.value
    if key in ("is", "in"):
        meant = _IS.get(value.lower().replace("-", "_").replace(" ", "_"))
        if meant is None and key == "in":
            meant = {"field": "inbox", "is": "is", "value": value}
        if meant is None:
            known = ", ".join(IS_WORDS)
            raise BadCondition(_("“%(value)s” is none of: %(known)s.") % {"value": value[:40], "known": known})
        return [_turned(meant, qualifier)]
    if key == "before":
        return [_turned({"field": "created", "is": "before", "value": value}, qualifier)]
    if key == "after":
        return [_turned({"field": "updated", "is": "after", "value": value}, qualifier)]
    name = f"field:{key.removeprefix('field.')}" if key.startswith("field.") else key
    may_be_none = name in ("assignee", "team", "type", "tag", "organisation") or name in conditions.UPPER
    if may_be_none and value.lower() in ("none", "nobody"):
        return [_turned({"field": name, "is": "not_set"}, qualifier)]
    if ".." in value and conditions.field(name).values in ("moment", "date"):
        first, last = value.split("..", 1)
        return [{"field": name, "is": "after", "value": first}, {"field": name, "is": "before", "value": last}]
    sign = re.match(r"[<>]", value)
    if sign:
        is_time = conditions.field(name).values in ("moment", "date") and not re.search(r"[a-z]$", value)
        words = ("after", "before") if is_time else ("more_than", "less_than")
        return [{"field": name, "is": words[0] if sign[0] == ">" else words[1], "value": value.lstrip("<>=").strip()}]
    if name == "waiting":
        return [{"field": name, "is": "more_than", "value": value}]
    return [_turned({"field": name, "is": "is", "value": value.lstrip("=")}, qualifier)]


def _turned(condition: Condition, qualifier: Qualifier) -> Condition:
    if not qualifier.is_negative:
        return condition
    return {**condition, "is": _OPPOSITE.get(condition["is"], condition["is"])}


def _merged(made: Sequence[Condition]) -> list[Condition]:
    """Two values of what a ticket has one of mean either."""
    kept: list[Condition] = []
    for one in made:
        other = next(
            (
                o
                for o in kept
                if o["field"] == one["field"] and o["is"] in ("is", "any_of") and one["is"] in ("is", "any_of")
            ),
            None,
        )
        if other is None or (one["field"] not in _ONE_OF and one["field"] not in conditions.UPPER):
            kept.append(one)
            continue
        values = [v for c in (other, one) for v in (c["value"] if isinstance(c["value"], list) else [c["value"]])]
        kept[kept.index(other)] = {"field": one["field"], "is": "any_of", "value": list(dict.fromkeys(values))}
    return kept
