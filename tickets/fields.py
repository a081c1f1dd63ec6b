"""Custom fields: which apply to a thing, what was answered, and what counts as an answer.

Answers stand in the `fields` of a ticket, customer or organisation under the field's key, as JSON: text, a number, one
of the choices, a day as "2026-03-01", a web address, true or false. What nobody answered has no key there.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import URLValidator
from django.db.models import Q
from django.utils import formats
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from tickets.models import Customer, CustomField, Organisation, Ticket

Kind = CustomField.Kind
#: the longest text of an answer
LONGEST = 500
#: names of form fields begin so
PREFIX = "field_"

_web_address = URLValidator(schemes=["http", "https"])
_YES = frozenset({"true", "yes", "on", "1"})
_NO = frozenset({"false", "no", "off", "0"})


@dataclass(frozen=True, slots=True)
class Answer:
    """A field, and what is answered of one thing; None is nothing."""

    field: CustomField
    value: Any = None

    @property
    def text(self) -> str:
        """The answer for people; "" where there is none."""
        return format_value(self.field, self.value)

    @property
    def is_empty(self) -> bool:
        return self.value is None or self.value == ""

    @property
    def url(self) -> str:
        """Where it leads, of a web address."""
        return self.value if self.field.kind == Kind.URL and isinstance(self.value, str) else ""


def for_ticket(ticket: Ticket, among: Iterable[CustomField] | None = None) -> list[Answer]:
    """The fields of this ticket's inbox, with its answers; `among` are these fields, where they are at hand."""
    among = asked(CustomField.About.TICKET, inbox=ticket.inbox_id) if among is None else among
    return _answers(among, ticket.fields)


def for_customer(customer: Customer, among: Iterable[CustomField] | None = None) -> list[Answer]:
    """The fields of customers, with the answers for this one; `among` are these fields, where they are at hand."""
    return _answers(asked(CustomField.About.CUSTOMER) if among is None else among, customer.fields)


def for_organisation(organisation: Organisation) -> list[Answer]:
    """The fields of organisations, with the answers for this one."""
    return _answers(asked(CustomField.About.ORGANISATION), organisation.fields)


def asked(about: str, *, inbox: int | None = None) -> list[CustomField]:
    """The fields in use about one sort of thing, in their order; of tickets those of one inbox, or of every one."""
    fields = CustomField.objects.filter(about=about, is_active=True)
    if inbox is not None:
        everywhere = ~Q(pk__in=CustomField.inboxes.through.objects.values("customfield"))
        here = Q(pk__in=CustomField.inboxes.through.objects.filter(inbox=inbox).values("customfield"))
        fields = fields.filter(everywhere | here)
    return list(fields)


def _answers(fields: Iterable[CustomField], given: Mapping[str, Any]) -> list[Answer]:
    return [Answer(field, given.get(field.key)) for field in fields]


def missing(ticket: Ticket) -> list[CustomField]:
    """What must be answered before this ticket is resolved, and is not."""
    return [one.field for one in for_ticket(ticket) if one.field.is_required_to_resolve and one.is_empty]


def clean_value(field: CustomField, raw: Any) -> Any:
    """What is stored for an answer as somebody gave it; None for nothing. Raises ValidationError in plain words."""
    if isinstance(raw, str):
        raw = raw.replace("\x00", "").strip()
    if raw is None or raw == "":
        return None
    return _CLEANERS[Kind(field.kind)](field, raw)


def format_value(field: CustomField, value: Any) -> str:
    """A stored answer for people, in their language; "" for nothing."""
    if value is None or value == "":
        return ""
    if field.kind == Kind.CHECKBOX:
        return _("yes") if value is True else _("no")
    if field.kind == Kind.NUMBER and isinstance(value, int | float):
        return formats.localize(Decimal(str(value)), use_l10n=True)
    if field.kind == Kind.DATE:
        try:
            return formats.date_format(date.fromisoformat(value), "DATE_FORMAT")
        except (TypeError, ValueError):
            return str(value)
    return str(value)


def changed(given: Mapping[str, Any], answers: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """Stored answers with cleaned new ones put in, and the keys that are now otherwise."""
    now = {**given, **answers}
    now = {key: value for key, value in now.items() if value is not None}
    return now, sorted(key for key in answers if given.get(key) != now.get(key))


def _text(field: CustomField, raw: Any) -> str:
    if not isinstance(raw, str | int | float) or isinstance(raw, bool):
        raise ValidationError(_("Write words."))
    if len(str(raw)) > LONGEST:
        raise ValidationError(_("Write at most %(most)d characters.") % {"most": LONGEST})
    return str(raw)


def _number(field: CustomField, raw: Any) -> int | float:
    if isinstance(raw, bool):
        raise ValidationError(_("Write a number."))
    try:
        number = Decimal(formats.sanitize_separators(raw) if isinstance(raw, str) else str(raw))
    except (InvalidOperation, ValueError):
        raise ValidationError(_("Write a number.")) from None
    if not number.is_finite() or abs(number) >= 10**15:
        raise ValidationError(_("Write a number."))
    return int(number) if number == number.to_integral_value() else float(number)


def _choice(field: CustomField, raw: Any) -> str:
    for choice in field.choices:
        if str(choice).casefold() == str(raw).casefold():
            return str(choice)
    raise ValidationError(_("Choose one of: %(choices)s.") % {"choices": ", ".join(map(str, field.choices))})


def _date(field: CustomField, raw: Any) -> str:
    if isinstance(raw, date):
        return date(raw.year, raw.month, raw.day).isoformat()
    try:
        return forms.DateField().clean(str(raw)).isoformat()
    except ValidationError:
        raise ValidationError(_("Write a day like 2026-03-01.")) from None


def _url(field: CustomField, raw: Any) -> str:
    url = str(raw)
    if not re.match(r"[a-z][a-z0-9+.-]*:", url, re.IGNORECASE):
        url = f"https://{url}"
    try:
        _web_address(url)
    except ValidationError:
        raise ValidationError(_("Write a web address that begins with http:// or https://.")) from None
    if len(url) > LONGEST:
        raise ValidationError(_("Write at most %(most)d characters.") % {"most": LONGEST})
    return url


def _checkbox(field: CustomField, raw: Any) -> bool:
    said = str(raw).casefold()
    if said in _YES or said in _NO:
        return said in _YES
    raise ValidationError(_("Answer yes or no."))


_CLEANERS = {
    Kind.TEXT: _text,
    Kind.NUMBER: _number,
    Kind.CHOICE: _choice,
    Kind.DATE: _date,
    Kind.URL: _url,
    Kind.CHECKBOX: _checkbox,
}


class AnswerField(forms.CharField):
    """A form field for a custom field: what it cleans to is what is stored."""

    def __init__(self, field: CustomField, value: Any = None, **more: Any) -> None:
        self.about = field
        initial = {True: "true", False: "false"}.get(value, value) if isinstance(value, bool) else value
        super().__init__(
            label=field.name, help_text=field.help_text, required=False, initial=initial,
            widget=_widget(field, value), **more,
        )  # fmt: skip

    def clean(self, value: Any) -> Any:
        return clean_value(self.about, value)


def _widget(field: CustomField, value: Any) -> forms.Widget:
    match field.kind:
        case Kind.CHOICE:
            # an answer that is no choice any more stays until somebody chooses another
            choices = list(map(str, field.choices))
            kept = [str(value)] if value is not None and str(value) not in choices else []
            return forms.Select(choices=[("", "–"), *((c, c) for c in [*choices, *kept])])
        case Kind.CHECKBOX:
            return forms.Select(choices=[("", "–"), ("true", gettext_lazy("yes")), ("false", gettext_lazy("no"))])
        case Kind.DATE:
            return forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
        case Kind.URL:
            return forms.URLInput(attrs={"maxlength": LONGEST, "placeholder": "https://"})
        case Kind.NUMBER:
            return forms.TextInput(attrs={"inputmode": "decimal"})
    return forms.TextInput(attrs={"maxlength": LONGEST})


def form_fields(answers: Iterable[Answer]) -> dict[str, AnswerField]:
    """Form fields for these, named `field_<key>`."""
    return {PREFIX + one.field.key: AnswerField(one.field, one.value) for one in answers}


def answered(cleaned: Mapping[str, Any]) -> dict[str, Any]:
    """The cleaned answers of a form made of `form_fields`, by their keys."""
    return {name.removeprefix(PREFIX): value for name, value in cleaned.items() if name.startswith(PREFIX)}
