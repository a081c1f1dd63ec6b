"""The first steps, where a list is empty."""

from django import template
from django.template.context import RequestContext
from django.template.loader import render_to_string
from django.utils.safestring import SafeString

from helpdesk.models import Agent
from tickets import guide

register = template.Library()


@register.simple_tag(takes_context=True)
def first_steps(context: RequestContext) -> SafeString | str:
    """The guide, for whom it concerns; asks nothing for anybody else."""
    request = context.get("request")
    agent = getattr(request, "user", None)
    block = guide.shown_to(agent) if isinstance(agent, Agent) else None
    return render_to_string(block.template, block.context, request) if block else ""
