"""The bar of an agent's chats."""

from typing import Any

from django import template
from django.template.context import RequestContext
from django.template.loader import render_to_string
from django.utils.safestring import SafeString

from tickets import chat_desk

register = template.Library()


@register.simple_tag(takes_context=True)
def chat_bar(context: RequestContext) -> SafeString | str:
    """The reader's chats; nothing for whoever sees no inbox of chats."""
    reader = context["request"].user
    bar = chat_desk.bar(reader)
    if bar is None:
        return ""
    given: dict[str, Any] = {"bar": bar, "user": reader, "csrf_token": context.get("csrf_token")}
    return render_to_string("tickets/_chat_bar.html", given)
