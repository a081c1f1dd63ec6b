"""People on a recipients line: words in a sentence, so that no space may stand before what follows."""

from django import template
from django.template.loader import render_to_string
from django.utils.safestring import SafeString, mark_safe

from tickets.operations.recipients import Person

register = template.Library()


@register.simple_tag
def person(one: Person, *, whole: bool = False) -> SafeString:
    """Somebody with their marks; `whole` shows the address beside the name."""
    # our own template, which escapes what people are called; only its last line end goes
    return mark_safe(render_to_string("tickets/_person.html", {"person": one, "whole": whole}).strip())  # noqa: S308
