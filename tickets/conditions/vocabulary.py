"""What conditions are about, and how it may be asked for: our fields, then the company's own."""

from dataclasses import dataclass
from typing import Any

from django.db import models
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from tickets.models import (
    CustomField,
    Priority,
    Status,
    TicketType,
)

Condition = dict[str, Any]

MOST = 20
MOST_VALUES = 50
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
ONE = ("is", "is_not", "any_of", "none_of")
MAYBE = ("set", "not_set")
#: operators that are said without a value
BARE = frozenset(MAYBE)
#: operators that take several
MANY = frozenset({"any_of", "none_of"})

HAS = {
    "attachment": gettext_lazy("an attachment"),
    "undelivered": gettext_lazy("an answer that was not delivered"),
    "low_score": gettext_lazy("a low score"),
}


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
        Field("status", gettext_lazy("Status"), ONE, "ours"),
        Field("assignee", gettext_lazy("Assignee"), ONE + MAYBE, "agent"),
        Field("team", gettext_lazy("Team"), ONE + MAYBE, "team"),
        Field("inbox", gettext_lazy("Inbox"), ONE, "inbox"),
        Field("priority", gettext_lazy("Priority"), ONE, "ours"),
        Field("type", gettext_lazy("Type"), ONE + MAYBE, "ours"),
        Field("channel", gettext_lazy("Channel"), ONE, "channel"),
        Field("tag", gettext_lazy("Tag"), ONE + MAYBE, "tag"),
        Field("customer", gettext_lazy("Customer"), ONE, "customer"),
        Field("organisation", gettext_lazy("Organisation"), ONE + MAYBE, "organisation"),
        Field("created", gettext_lazy("Created"), ("is", "before", "after", "more_than", "less_than"), "moment"),
        Field("updated", gettext_lazy("Updated"), ("is", "before", "after", "more_than", "less_than"), "moment"),
        Field("waiting", gettext_lazy("Waiting"), ("more_than", "less_than", *MAYBE), "working"),
        Field(
            "resolved", gettext_lazy("Resolved"), ("is", "before", "after", "more_than", "less_than", *MAYBE), "moment"
        ),
        Field("snoozed", gettext_lazy("Snoozed until"), ("is", "before", "after", *MAYBE), "moment"),
        Field("follower", gettext_lazy("Follower"), ONE + MAYBE, "agent"),
        Field("has", gettext_lazy("Has"), ONE, "has"),
    )
}

CHOICES: dict[str, type[models.TextChoices]] = {"status": Status, "priority": Priority, "type": TicketType}

_OF_KIND = {
    CustomField.Kind.TEXT: ONE + MAYBE,
    CustomField.Kind.URL: ONE + MAYBE,
    CustomField.Kind.CHOICE: ONE + MAYBE,
    CustomField.Kind.NUMBER: ("is", "is_not", "more_than", "less_than", *MAYBE),
    CustomField.Kind.DATE: ("is", "is_not", "before", "after", *MAYBE),
    CustomField.Kind.CHECKBOX: ("is", "is_not", *MAYBE),
}
#: where the answers of a custom field stand, seen from a ticket
ABOUT = {"ticket": "fields", "customer": "customer__fields", "organisation": "customer__organisation__fields"}


def fields() -> list[Field]:
    """Everything a condition can be about: ours, then the company's own."""
    own = CustomField.objects.filter(is_active=True)
    return [*FIELDS.values(), *(_own(one) for one in own)]


def field(key: str) -> Field:
    """What a condition is about. Raises BadCondition for what nothing is called."""
    if key in FIELDS:
        return FIELDS[key]
    if key.startswith("field:") and (found := custom(key)):
        return _own(found)
    raise BadCondition(_("There is nothing called “%(field)s” to look for.") % {"field": key[:60]})


def _own(custom: CustomField) -> Field:
    return Field(f"field:{custom.key}", custom.name, _OF_KIND[CustomField.Kind(custom.kind)], custom.kind)


def custom(key: str) -> CustomField | None:
    """The custom field of that key: one about tickets before one about their customers."""
    found = {one.about: one for one in CustomField.objects.filter(key=key.removeprefix("field:"), is_active=True)}
    return next((found[about] for about in ABOUT if about in found), None)


def values_of(condition: Condition) -> list[Any]:
    """The values of a condition, of which there may be one or none."""
    value = condition.get("value")
    return value if isinstance(value, list) else [value]
