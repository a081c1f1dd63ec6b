"""Conditions in words."""

from typing import Any

from django.utils.translation import gettext as _

from helpdesk.models import Agent, Team
from tickets import time_words
from tickets.conditions.upper import UPPER, UPPER_VALUES
from tickets.conditions.vocabulary import (
    BARE,
    CHOICES,
    HAS,
    ME,
    MY_TEAMS,
    OPERATORS,
    BadCondition,
    Condition,
    Field,
    field,
    values_of,
)
from tickets.models import (
    Customer,
    CustomField,
    Inbox,
    Organisation,
)


def describe(condition: Condition, agent: Agent) -> str:
    """A cleaned condition in words: "Waiting more than 4 working hours". Whom the agent may not see is a number."""
    try:
        about = field(condition["field"])
    except BadCondition:
        return _("%(field)s (no longer there)") % {"field": condition["field"]}
    operator = condition["is"]
    if operator in BARE:
        return f"{about.label} {OPERATORS[operator]}"
    said = _(", ").join(_said(about, one, agent) for one in values_of(condition))
    if about.key == "waiting":
        said = _("%(time)s of working time") % {"time": said}
    elif about.values == "moment" and operator in ("more_than", "less_than"):
        said = time_words.said(f"{condition['value']} ago")
    return f"{about.label} {OPERATORS[operator]} {said}"


def is_time(about: Field) -> bool:
    """Whether its values are times or lengths of time, kept in English."""
    return about.values in ("moment", "working", CustomField.Kind.DATE)


def _said(about: Field, value: Any, agent: Agent) -> str:
    if value == ME and about.values == "agent":
        return _("me")
    if value == MY_TEAMS and about.values == "team":
        return _("my teams")
    if about.values == "ours":
        return str(CHOICES[about.key](value).label)
    if about.values == "has":
        return str(HAS[value])
    if about.values == UPPER_VALUES:
        return UPPER[about.key].said(value)
    if about.values == CustomField.Kind.CHECKBOX:
        return _("yes") if value else _("no")
    limited: dict[str, Any] = {"customer": Customer, "inbox": Inbox, "organisation": Organisation}
    if about.values in limited and isinstance(value, int):
        return str(limited[about.values].objects.visible_to(agent).filter(pk=value).first() or f"#{value}")
    if is_time(about):
        return time_words.said(str(value))
    named: dict[str, Any] = {"agent": Agent, "team": Team}
    if about.values in named and isinstance(value, int):
        return str(named[about.values].objects.filter(pk=value).first() or _("somebody who is gone"))
    return str(value)
