"""Taking what people and programs write: conditions as they are kept, or what is wrong in plain words."""

import re
from collections.abc import Callable
from typing import Any

from django.db import models
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from helpdesk.models import Agent, Team
from tickets import texts, time_words
from tickets.conditions.upper import UPPER, UPPER_VALUES
from tickets.conditions.vocabulary import (
    BARE,
    CHOICES,
    HAS,
    MANY,
    ME,
    MOST,
    MOST_VALUES,
    MY_TEAMS,
    OPERATORS,
    BadCondition,
    Condition,
    Field,
    field,
)
from tickets.models import (
    CustomField,
    Inbox,
)


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


def _clean_upper(about: Field, operator: str, text: str) -> Any:
    return UPPER[about.key].meant(text)


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
    "tag": _clean_tag, "moment": _clean_moment, "working": _clean_working, UPPER_VALUES: _clean_upper,
    CustomField.Kind.NUMBER: _clean_number,
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
