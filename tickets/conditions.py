"""Conditions on tickets: what saved views, searches and rules are made of.

A condition is `{"field": …, "is": …, "value": …}`; of several, all hold. `clean` takes what people and programs write
and gives back how it is kept; `narrow` is what it means; `describe` is how it is said; `written` and `read` are the
line that stands in an address: `status is open; tag any_of refund, vip; waiting more_than 4 hours`.

The values `me` and `my_teams` are whoever looks. What is spam or in the trash is left out unless a status says so.
"""

import json
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import reduce
from operator import or_
from typing import Any
from zoneinfo import ZoneInfo

from django.db import models
from django.db.models import Exists, OuterRef, Q, Value
from django.db.models.fields.json import KeyTransform
from django.db.models.lookups import GreaterThan, LessThan
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from helpdesk import clock
from helpdesk.models import Agent, Team
from tickets import hours, texts, time_words
from tickets.models import (
    Attachment,
    ContactPoint,
    Customer,
    CustomField,
    Follower,
    Inbox,
    Organisation,
    Priority,
    Status,
    Tag,
    Ticket,
    TicketType,
)
from tickets.models.ticket import REMOVED, TicketQuerySet

Condition = dict[str, Any]

MOST = 20
MOST_VALUES = 50
#: words that mean more people than that are looked for another way
MOST_PEOPLE = 500
ME, MY_TEAMS = "me", "my_teams"

OPERATORS: dict[str, str | Promise] = {
    "is": pgettext_lazy("condition", "is"),
    "is_not": pgettext_lazy("condition", "is not"),
    "any_of": pgettext_lazy("condition", "is any of"),
    "none_of": pgettext_lazy("condition", "is none of"),
    "before": pgettext_lazy("condition", "before"),
    "after": pgettext_lazy("condition", "after"),
    "more_than": pgettext_lazy("condition", "more than"),
    "less_than": pgettext_lazy("condition", "less than"),
    "set": pgettext_lazy("condition", "is set"),
    "not_set": pgettext_lazy("condition", "is not set"),
}
_ONE = ("is", "is_not", "any_of", "none_of")
_MAYBE = ("set", "not_set")
#: operators that are said without a value
BARE = frozenset(_MAYBE)
#: operators that take several
MANY = frozenset({"any_of", "none_of"})

HAS = {
    "attachment": gettext_lazy("an attachment"),
    "undelivered": gettext_lazy("an answer that was not delivered"),
    "low_score": gettext_lazy("a low score"),
}
CHANNELS = ("email", "form", "chat", "phone", "api")


class BadCondition(ValueError):
    """What is wrong with a condition, in words for people."""


@dataclass(frozen=True, slots=True)
class Field:
    """Something tickets can be told apart by: its name, what may be said of it, and what its values are."""

    key: str
    label: str | Promise
    operators: tuple[str, ...]
    #: what they are: our own words, agents, moments …; a custom field's kind
    values: str


FIELDS: dict[str, Field] = {
    field.key: field
    for field in (
        Field("status", gettext_lazy("Status"), _ONE, "ours"),
        Field("assignee", gettext_lazy("Assignee"), _ONE + _MAYBE, "agent"),
        Field("team", gettext_lazy("Team"), _ONE + _MAYBE, "team"),
        Field("inbox", gettext_lazy("Inbox"), _ONE, "inbox"),
        Field("priority", gettext_lazy("Priority"), _ONE, "ours"),
        Field("type", gettext_lazy("Type"), _ONE + _MAYBE, "ours"),
        Field("channel", gettext_lazy("Channel"), _ONE, "channel"),
        Field("tag", gettext_lazy("Tag"), _ONE + _MAYBE, "tag"),
        Field("customer", gettext_lazy("Customer"), _ONE, "customer"),
        Field("organisation", gettext_lazy("Organisation"), _ONE + _MAYBE, "organisation"),
        Field("created", gettext_lazy("Created"), ("is", "before", "after", "more_than", "less_than"), "moment"),
        Field("updated", gettext_lazy("Updated"), ("is", "before", "after", "more_than", "less_than"), "moment"),
        Field("waiting", gettext_lazy("Waiting"), ("more_than", "less_than", *_MAYBE), "working"),
        Field(
            "resolved", gettext_lazy("Resolved"), ("is", "before", "after", "more_than", "less_than", *_MAYBE), "moment"
        ),
        Field("snoozed", gettext_lazy("Snoozed until"), ("is", "before", "after", *_MAYBE), "moment"),
        Field("follower", gettext_lazy("Follower"), _ONE + _MAYBE, "agent"),
        Field("has", gettext_lazy("Has"), _ONE, "has"),
    )
}

CHOICES: dict[str, type[models.TextChoices]] = {"status": Status, "priority": Priority, "type": TicketType}
_COLUMNS = {
    "assignee": "assignee", "team": "team", "inbox": "inbox", "priority": "priority", "type": "type",
    "channel": "channel", "status": "status", "customer": "customer", "organisation": "customer__organisation",
    "created": "created_at", "updated": "updated_at", "resolved": "resolved_at", "snoozed": "snoozed_until",
}  # fmt: skip

_OF_KIND = {
    CustomField.Kind.TEXT: _ONE + _MAYBE,
    CustomField.Kind.URL: _ONE + _MAYBE,
    CustomField.Kind.CHOICE: _ONE + _MAYBE,
    CustomField.Kind.NUMBER: ("is", "is_not", "more_than", "less_than", *_MAYBE),
    CustomField.Kind.DATE: ("is", "is_not", "before", "after", *_MAYBE),
    CustomField.Kind.CHECKBOX: ("is", "is_not", *_MAYBE),
}
#: where the answers of a custom field stand, seen from a ticket
_ABOUT = {"ticket": "fields", "customer": "customer__fields", "organisation": "customer__organisation__fields"}


def fields() -> list[Field]:
    """Everything a condition can be about: ours, then the company's own."""
    own = CustomField.objects.filter(is_active=True)
    return [*FIELDS.values(), *(_own(one) for one in own)]


def field(key: str) -> Field:
    """What a condition is about. Raises BadCondition for what nothing is called."""
    if key in FIELDS:
        return FIELDS[key]
    if key.startswith("field:") and (found := _custom(key)):
        return _own(found)
    raise BadCondition(_("There is nothing called “%(field)s” to look for.") % {"field": key[:60]})


def _own(custom: CustomField) -> Field:
    return Field(f"field:{custom.key}", custom.name, _OF_KIND[CustomField.Kind(custom.kind)], custom.kind)


def _custom(key: str) -> CustomField | None:
    """The custom field of that key: one about tickets before one about their customers."""
    found = {one.about: one for one in CustomField.objects.filter(key=key.removeprefix("field:"), is_active=True)}
    return next((found[about] for about in _ABOUT if about in found), None)


# --- taking what people write ---------------------------------------------------------------------------------------


def clean(conditions: Any) -> list[Condition]:
    """Conditions as they are kept. Raises BadCondition, which says what is wrong in plain words."""
    if not isinstance(conditions, list | tuple):
        raise BadCondition(_("Conditions are a list."))
    if len(conditions) > MOST:
        raise BadCondition(_("At most %(most)d conditions.") % {"most": MOST})
    return [_clean(one) for one in conditions]


def _clean(given: Any) -> Condition:
    if not isinstance(given, dict):
        raise BadCondition(_("A condition says what is looked at, how, and for which value."))
    key, operator = given.get("field"), given.get("is", "is")
    if not isinstance(key, str) or not isinstance(operator, str):
        raise BadCondition(_("A condition says what is looked at, how, and for which value."))
    about = field(key)
    if operator not in about.operators:
        raise BadCondition(
            _("%(field)s cannot be asked for with “%(operator)s”.")
            % {"field": about.label, "operator": OPERATORS.get(operator, operator[:40])}
        )
    kept: Condition = {"field": about.key, "is": operator}
    if operator in BARE:
        return kept
    value: Any = given.get("value")
    if operator not in MANY:
        return {**kept, "value": _value(about, operator, value[0] if _is_list(value) and len(value) == 1 else value)}
    values = list(value) if _is_list(value) else [value]
    if not values or len(values) > MOST_VALUES:
        raise BadCondition(
            _("%(field)s: name at least one and at most %(most)d.") % {"field": about.label, "most": MOST_VALUES}
        )
    cleaned = [_value(about, operator, one) for one in values]
    return {**kept, "value": [one for at, one in enumerate(cleaned) if one not in cleaned[:at]]}


def _is_list(value: Any) -> bool:
    return isinstance(value, list | tuple)


def _value(about: Field, operator: str, value: Any) -> Any:
    if isinstance(value, bool):
        value = "yes" if value else "no"
    if not isinstance(value, str | int | float) or (text := _line(value)) == "":
        raise BadCondition(_("%(field)s: a value is missing.") % {"field": about.label})
    cleaner = _CLEANERS.get(about.values, _clean_text)
    cleaned = cleaner(about, operator, text)
    if cleaned is None:
        raise BadCondition(_NEEDS.get(about.values, _NEEDS[""]) % {"field": about.label, "value": text[:60]})
    return cleaned


def _line(value: Any) -> str:
    return texts.line(str(value), 200)


def _clean_choice(about: Field, operator: str, text: str) -> str | None:
    word = text.lower().replace(" ", "_")
    return word if word in CHOICES[about.key].values else None


def _clean_channel(about: Field, operator: str, text: str) -> str | None:
    return text.lower() if re.fullmatch(r"[a-z][a-z_]{0,19}", text.lower()) else None


def _clean_has(about: Field, operator: str, text: str) -> str | None:
    word = text.lower().replace(" ", "_")
    return word if word in HAS else None


def _clean_agent(about: Field, operator: str, text: str) -> str | int | None:
    if text.lower() == ME:
        return ME
    return _one_of(Agent.objects.all(), text, "email__iexact", "name__iexact", "name__istartswith")


def _clean_team(about: Field, operator: str, text: str) -> str | int | None:
    if text.lower().replace(" ", "_") == MY_TEAMS:
        return MY_TEAMS
    return _one_of(Team.objects.all(), text, "name__iexact")


def _clean_inbox(about: Field, operator: str, text: str) -> int | None:
    return _one_of(Inbox.objects.all(), text, "address__iexact", "name__iexact")


def _one_of(known: models.QuerySet[Any], text: str, *ways: str) -> int | None:
    """Which of these is meant, by its number or, where just one is, by its name."""
    if text.isascii() and text.isdigit() and len(text) <= 18:
        return known.filter(pk=int(text)).values_list("pk", flat=True).first()
    for way in ways:
        found = list(known.filter(**{way: text}).values_list("pk", flat=True)[:2])
        if len(found) == 1:
            return int(found[0])
    return None


def _clean_person(about: Field, operator: str, text: str) -> str | int:
    """A customer or an organisation: its number, or words of its name or address."""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 18 else text


def _clean_tag(about: Field, operator: str, text: str) -> str:
    return text.lower()[:50]


def _clean_moment(about: Field, operator: str, text: str) -> str | None:
    return time_words.length(text) if operator in ("more_than", "less_than") else time_words.moment(text)


def _clean_working(about: Field, operator: str, text: str) -> str | None:
    kept = time_words.length(text)
    return kept if kept and kept.split(" ")[1].startswith(("minute", "hour")) else None


def _clean_text(about: Field, operator: str, text: str) -> str:
    return text


def _clean_number(about: Field, operator: str, text: str) -> int | float | None:
    try:
        number = float(text.replace(",", "."))
    except ValueError:
        return None
    if not abs(number) < 1e15:
        return None
    return int(number) if number.is_integer() else number


def _clean_date(about: Field, operator: str, text: str) -> str | None:
    kept = time_words.moment(text)
    return kept if kept and "T" not in kept else None


def _clean_checkbox(about: Field, operator: str, text: str) -> bool | None:
    return {"yes": True, "true": True, "1": True, "on": True, "no": False, "false": False, "0": False}.get(text.lower())


_CLEANERS: dict[str, Callable[[Field, str, str], Any]] = {
    "ours": _clean_choice, "channel": _clean_channel, "has": _clean_has, "agent": _clean_agent,
    "team": _clean_team, "inbox": _clean_inbox, "customer": _clean_person, "organisation": _clean_person,
    "tag": _clean_tag, "moment": _clean_moment, "working": _clean_working, CustomField.Kind.NUMBER: _clean_number,
    CustomField.Kind.DATE: _clean_date, CustomField.Kind.CHECKBOX: _clean_checkbox,
}  # fmt: skip
_NEEDS: dict[str, str | Promise] = {
    "": gettext_lazy("%(field)s: there is no “%(value)s”."),
    "agent": gettext_lazy("%(field)s: nobody here is called “%(value)s”, or several people are."),
    "moment": gettext_lazy(
        "%(field)s: “%(value)s” is no time. Write a day as 2026-03-01, or “7 days ago”, “today”, “in 3 days”; "
        "with more and less than: “7 days”."
    ),
    "working": gettext_lazy("%(field)s: “%(value)s” is no length of time. Write “4 hours” or “30 minutes”."),
    CustomField.Kind.NUMBER: gettext_lazy("%(field)s: “%(value)s” is not a number."),
    CustomField.Kind.DATE: gettext_lazy("%(field)s: “%(value)s” is not a day. Write it as 2026-03-01, or “today”."),
    CustomField.Kind.CHECKBOX: gettext_lazy("%(field)s: say yes or no."),
}


# --- what they mean -------------------------------------------------------------------------------------------------


def narrow(tickets: TicketQuerySet, conditions: Sequence[Condition], agent: Agent) -> TicketQuerySet:
    """Those of `tickets` of which all conditions hold, for this agent. The conditions are cleaned ones."""
    return tickets.filter(as_q(conditions, agent))


def as_q(conditions: Iterable[Condition], agent: Agent) -> Q:
    """Cleaned conditions as a filter of tickets."""
    both = Q()
    shows_removed = False
    for condition in conditions:
        key = condition["field"]
        shows_removed = shows_removed or (key == "status" and _names_removed(condition))
        both &= _OWN[key](condition, agent) if key in _OWN else _q_custom(condition, agent)
    return both if shows_removed else both & Q(removed_at=None)


def _names_removed(condition: Condition) -> bool:
    return condition["is"] in ("is", "any_of") and bool(set(_values(condition)) & set(REMOVED))


def _values(condition: Condition) -> list[Any]:
    value = condition.get("value")
    return value if isinstance(value, list) else [value]


def _is_negative(condition: Condition) -> bool:
    return condition["is"] in ("is_not", "none_of", "not_set")


def _either(found: Q, condition: Condition) -> Q:
    return ~found if _is_negative(condition) else found


def _q_column(condition: Condition, agent: Agent) -> Q:
    column, values = _COLUMNS[condition["field"]], _values(condition)
    if condition["is"] in BARE:
        # `type` is empty where others are null
        is_set = ~Q(**{column: ""}) if condition["field"] == "type" else Q(**{f"{column}__isnull": False})
        return is_set if condition["is"] == "set" else ~is_set
    return _either(Q(**{column: values[0]}) if len(values) == 1 else Q(**{f"{column}__in": values}), condition)


def _q_assignee(condition: Condition, agent: Agent) -> Q:
    return _q_column(_with_me(condition, agent), agent)


def _with_me(condition: Condition, agent: Agent) -> Condition:
    if condition["is"] in BARE:
        return condition
    return {**condition, "value": [agent.pk if one == ME else one for one in _values(condition)]}


def _q_team(condition: Condition, agent: Agent) -> Q:
    if condition["is"] in BARE:
        return _q_column(condition, agent)
    named = [one for one in _values(condition) if one != MY_TEAMS]
    found = Q(team__in=named) if named else Q(pk__in=[])
    if len(named) < len(_values(condition)):
        found |= Q(team__in=Agent.teams.through.objects.filter(agent=agent.pk).values("team"))
    return _either(found, condition)


def _q_tag(condition: Condition, agent: Agent) -> Q:
    tagged = Ticket.tags.through.objects.filter(ticket=OuterRef("pk"))
    if condition["is"] not in BARE:
        # their numbers, and not a subquery, let the database know how rare they are
        known = list(Tag.objects.filter(name__in=_values(condition)).values_list("pk", flat=True))
        if not known:
            return _either(Q(pk__in=[]), condition)
        tagged = tagged.filter(tag__in=known) if len(known) > 1 else tagged.filter(tag=known[0])
    return _either(Q(Exists(tagged)), condition)


def _q_follower(condition: Condition, agent: Agent) -> Q:
    following = Follower.objects.filter(ticket=OuterRef("pk"))
    if condition["is"] not in BARE:
        following = following.filter(agent__in=_values(_with_me(condition, agent)))
    return _either(Q(Exists(following)), condition)


def _q_has(condition: Condition, agent: Agent) -> Q:
    ways = {
        "attachment": lambda: Q(Exists(Attachment.objects.filter(message__ticket=OuterRef("pk"), is_inline=False))),
        "undelivered": lambda: Q(has_undelivered=True),
        "low_score": lambda: Q(low_score__isnull=False),
    }
    return _either(reduce(or_, (ways[one]() for one in _values(condition))), condition)


def _q_customer(condition: Condition, agent: Agent) -> Q:
    return _either(Q(customer__in=_people(Customer, _values(condition))), condition)


def _q_organisation(condition: Condition, agent: Agent) -> Q:
    if condition["is"] in BARE:
        return _q_column(condition, agent)
    theirs = Customer.objects.filter(organisation__in=_people(Organisation, _values(condition)))
    return _either(Q(customer__in=theirs.values("pk")), condition)


def _people(model: Any, values: Iterable[Any]) -> list[int] | models.QuerySet[Any]:
    """Customers or organisations by their numbers, or by words of their names, addresses and domains.

    They are looked up first: the tickets of some people are found along an index, those of a subquery are not.
    """
    numbers = {one for one in values if isinstance(one, int)}
    for words in (one for one in values if isinstance(one, str)):
        ways = [model.objects.filter(name__ilike=words).order_by().values_list("pk", flat=True)]
        if model is Customer:
            points = ContactPoint.objects.filter(address__ilike=words).order_by()
            ways.append(points.values_list("customer", flat=True))
        else:
            ways.append(model.objects.filter(domain__iexact=words).order_by().values_list("pk", flat=True))
        found = [pk for way in ways for pk in way[: MOST_PEOPLE + 1]]
        if len(found) > MOST_PEOPLE:
            either = reduce(or_, (Q(pk__in=way) for way in ways))
            return model.objects.filter(either | Q(pk__in=numbers)).order_by().values("pk")
        numbers.update(found)
    return sorted(numbers)


def _q_moment(condition: Condition, agent: Agent) -> Q:
    column, operator = _COLUMNS[condition["field"]], condition["is"]
    if operator in BARE:
        return _q_column(condition, agent)
    now = clock.now()
    if operator in ("more_than", "less_than"):
        first, _after = time_words.span_of(f"{condition['value']} ago", now=now, zone=agent.zone)
        return Q(**{f"{column}__lt" if operator == "more_than" else f"{column}__gt": first})
    first, after = time_words.span_of(condition["value"], now=now, zone=agent.zone)
    if operator == "before":
        return Q(**{f"{column}__lt": first})
    if operator == "after":
        return Q(**{f"{column}__gte": after})
    return Q(**{f"{column}__gte": first, f"{column}__lt": after})


def _q_waiting(condition: Condition, agent: Agent) -> Q:
    operator = condition["is"]
    if operator in BARE:
        return _either(Q(waiting_since__isnull=False), condition)
    seconds, now = time_words.seconds_of(condition["value"]), clock.now()
    limits: dict[Any, list[int]] = defaultdict(list)
    for inbox, calendar in hours.calendars_of_inboxes().items():
        business = hours.business(calendar)
        wanted = seconds + 1 if operator == "more_than" else seconds
        limits[hours.waiting_at_least(business, now, wanted)].append(inbox)
    found = Q(pk__in=[])
    for at, inboxes in limits.items():
        here = Q() if len(limits) == 1 else Q(inbox__in=inboxes)
        if operator == "more_than":
            found = found if at is None else found | (here & Q(waiting_since__lt=at))
        else:
            found |= here & (Q(waiting_since__isnull=False) if at is None else Q(waiting_since__gte=at))
    return found


def _q_custom(condition: Condition, agent: Agent) -> Q:
    custom, operator = _custom(condition["field"]), condition["is"]
    if custom is None:  # it was put away since the view was saved
        return Q(pk__in=[])
    column, values = _ABOUT[custom.about], _values(condition)
    if operator in BARE:
        there = Q(**{f"{column}__has_key": custom.key}) & ~Q(**{f"{column}__contains": {custom.key: None}})
        there &= ~Q(**{f"{column}__contains": {custom.key: ""}})
        return there if operator == "set" else ~there
    if custom.kind == CustomField.Kind.DATE:
        now = clock.now()
        values = [_local_day(one, now, agent.zone) for one in values]
    if operator in ("before", "less_than", "after", "more_than"):
        compared = LessThan if operator in ("before", "less_than") else GreaterThan
        return Q(compared(KeyTransform(custom.key, column), Value(values[0], models.JSONField())))
    # the index holds only tickets that answer anything
    found = reduce(or_, (Q(**{f"{column}__contains": {custom.key: one}}) for one in values)) & ~Q(**{column: {}})
    return _either(found, condition)


def _local_day(kept: str, now: Any, zone: str) -> str:
    first, _after = time_words.span_of(kept, now=now, zone=zone)
    return str(first.astimezone(ZoneInfo(zone)).date().isoformat())


_OWN: dict[str, Callable[[Condition, Agent], Q]] = {
    **dict.fromkeys(("status", "priority", "type", "channel", "inbox"), _q_column),
    **dict.fromkeys(("created", "updated", "resolved", "snoozed"), _q_moment),
    "assignee": _q_assignee, "team": _q_team, "tag": _q_tag, "follower": _q_follower, "has": _q_has,
    "customer": _q_customer, "organisation": _q_organisation, "waiting": _q_waiting,
}  # fmt: skip


# --- saying them ----------------------------------------------------------------------------------------------------


def describe(condition: Condition, agent: Agent) -> str:
    """A cleaned condition in words: "Waiting more than 4 working hours". Whom the agent may not see is a number."""
    try:
        about = field(condition["field"])
    except BadCondition:
        return _("%(field)s (no longer there)") % {"field": condition["field"]}
    operator = condition["is"]
    if operator in BARE:
        return f"{about.label} {OPERATORS[operator]}"
    said = _(", ").join(_said(about, one, agent) for one in _values(condition))
    if about.key == "waiting":
        said = _("%(time)s of working time") % {"time": said}
    elif about.values == "moment" and operator in ("more_than", "less_than"):
        said = _("%(time)s ago") % {"time": said}
    return f"{about.label} {OPERATORS[operator]} {said}"


def _said(about: Field, value: Any, agent: Agent) -> str:
    if value == ME and about.values == "agent":
        return _("me")
    if value == MY_TEAMS and about.values == "team":
        return _("my teams")
    if about.values == "ours":
        return str(CHOICES[about.key](value).label)
    if about.values == "has":
        return str(HAS[value])
    if about.values == CustomField.Kind.CHECKBOX:
        return _("yes") if value else _("no")
    if about.values in ("customer", "inbox") and isinstance(value, int):
        seen: Any = Customer.objects if about.values == "customer" else Inbox.objects
        return str(seen.visible_to(agent).filter(pk=value).first() or f"#{value}")
    named: dict[str, Any] = {"agent": Agent, "team": Team, "organisation": Organisation}
    if about.values in named and isinstance(value, int):
        return str(named[about.values].objects.filter(pk=value).first() or _("somebody who is gone"))
    return str(value)


# --- in an address --------------------------------------------------------------------------------------------------


def written(conditions: Iterable[Condition]) -> str:
    """Conditions as one readable line: `status is open; tag any_of refund, vip`."""
    return "; ".join(
        " ".join(filter(None, [c["field"], c["is"], ", ".join(_quoted(v) for v in _values(c) if v is not None)]))
        for c in conditions
    )


def read(line: str) -> list[Condition]:
    """The cleaned conditions of such a line. Raises BadCondition."""
    found: list[Condition] = []
    for part in _split(line[:4000], ";"):
        words = part.strip().split(None, 2)
        if not words:
            continue
        if len(words) == 1:
            raise BadCondition(_("“%(words)s” is no condition.") % {"words": part.strip()[:60]})
        values = [_unquoted(one) for one in _split(words[2], ",")] if len(words) == 3 else []
        many = words[1] in MANY
        found.append(
            {"field": words[0], "is": words[1], "value": values if many else (values[0] if len(values) == 1 else None)}
        )
    return clean(found)


def _quoted(value: Any) -> str:
    text = ("yes" if value else "no") if isinstance(value, bool) else str(value)
    return json.dumps(text, ensure_ascii=False) if re.search(r'[;,"\\]|^\s|\s$', text) else text


def _unquoted(text: str) -> str:
    text = text.strip()
    if text.startswith('"'):
        try:
            return str(json.loads(text))
        except json.JSONDecodeError as error:
            raise BadCondition(_("“%(words)s” is not closed.") % {"words": text[:60]}) from error
    return text


def _split(text: str, mark: str) -> list[str]:
    """Parts between marks, where the marks are not within quotes."""
    return re.findall(rf'(?:"(?:\\.|[^"\\])*"|[^{mark}"]|")+', text)
