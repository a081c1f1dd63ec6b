"""Custom fields where they are answered in place."""

from django import template
from django.utils.safestring import SafeString

from tickets import fields

register = template.Library()


@register.simple_tag
def answer_input(answer: fields.Answer, uid: str, error: str = "") -> SafeString:
    """The control of a custom field, named as the form expects it."""
    field = fields.AnswerField(answer.field, answer.value)
    name = fields.PREFIX + answer.field.key
    attrs = {"id": f"{uid}-{answer.field.key}"}
    if error:
        attrs |= {"aria-invalid": "true", "aria-describedby": f"{uid}-{answer.field.key}-error"}
    return field.widget.render(name, field.initial, attrs=attrs)
