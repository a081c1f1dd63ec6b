"""Custom fields where they are answered in place."""

from functools import lru_cache
from typing import Any

from django import template
from django.utils.safestring import SafeString
from django.utils.translation import get_language

from tickets import fields
from tickets.models import CustomField

register = template.Library()


@register.simple_tag
def answer_input(answer: fields.Answer, uid: str, error: str = "") -> SafeString:
    """The control of a custom field, named as the form expects it."""
    field = answer.field
    about = (field.key, field.kind, field.name, field.help_text, tuple(map(str, field.choices or ())))
    # True is 1 to who compares them
    return _drawn(about, answer.value, type(answer.value).__name__, uid, error, get_language())


@lru_cache(maxsize=1000)
def _drawn(about: Any, value: Any, _kind: str, uid: str, error: str, _language: str | None) -> SafeString:
    """Drawn once for the same answer of the same field: Django's widgets are templates of templates."""
    key, kind, label, help_text, choices = about
    field = CustomField(key=key, kind=kind, name=label, help_text=help_text, choices=list(choices))
    control = fields.AnswerField(field, value)
    attrs = {"id": f"{uid}-{key}"}
    if error:
        attrs |= {"aria-invalid": "true", "aria-describedby": f"{uid}-{key}-error"}
    return control.widget.render(fields.PREFIX + key, control.initial, attrs=attrs)
