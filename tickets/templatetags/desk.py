"""The bar of an agent's chats."""

from typing import Any

from django import template
from django.template.context import RequestContext

from tickets import chat_desk

register = template.Library()


@register.inclusion_tag("tickets/_chat_bar.html", takes_context=True)
def chat_bar(context: RequestContext) -> dict[str, Any]:
    """The reader's chats; nothing for whoever sees no inbox of chats."""
    reader = context["request"].user
    return {"bar": chat_desk.bar(reader), "user": reader, "csrf_token": context.get("csrf_token")}
