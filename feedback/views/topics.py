"""What a ticket is about, said from its page; and the settings of topics, with a box to try them out."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from feedback import phrases, rising
from feedback.models import Resorting, TicketTopic, Topic
from feedback.operations import topics
from helpdesk.models import Role
from helpdesk.pages import agent_of, agents_only, by_htmx, roles, sections_for, toast
from tickets import texts
from tickets.operations.status import NotPossible
from tickets.views.shared import after_act, find, not_possible

TRIED_MOST = 2_000


@agents_only
@require_POST
def ticket_topic(request: HttpRequest, number: int) -> HttpResponse:
    """Say what a ticket is about: a topic, `none` of them, or whatever its `words` say."""
    ticket, actor = find(request, number), agent_of(request)
    asked = request.POST.get("topic") or request.GET.get("topic", "")
    kept = TicketTopic.objects.filter(ticket=ticket).first()
    was = "words" if kept is None or not kept.is_by_hand else str(kept.topic_id or "none")
    try:
        if asked == "words":
            topics.uncategorise(ticket, actor=actor)
        else:
            topic = None if asked == "none" else get_object_or_404(Topic, pk=texts.number(asked))
            topics.categorise(ticket, topic=topic, actor=actor)
    except NotPossible as why:
        return not_possible(request, ticket, str(why))
    undo_url = f"{reverse('ticket_topic', args=[number])}?topic={was}"
    said = _("Topic changed")
    if not by_htmx(request):
        messages.success(request, said, extra_tags=undo_url)
        return redirect("ticket", number=number)
    return toast(after_act(request, ticket, said, can_undo=False), said, undo_url=undo_url)


def settings_context(request: HttpRequest) -> dict[str, Any]:
    """What the list of topics shows besides: how far looking again has come."""
    return {"resorting": Resorting.objects.order_by("-pk").first(), "try_url": reverse("settings_topics_try")}


@roles(Role.LEAD)
@require_http_methods(["GET", "HEAD", "POST"])
def trial(request: HttpRequest) -> HttpResponse:
    """Which topics are in a sentence, and the words that say so. What was typed is kept nowhere."""
    sentence = texts.clean(request.POST.get("sentence", ""))[:TRIED_MOST]
    found = topics.standing().look(sentence)
    names = dict(Topic.objects.values_list("pk", "name"))
    best = phrases.winner(found)
    rows = [
        {"name": names.get(one.topic, ""), "count": one.count, "said": one.said, "is_best": one is best}
        for one in found
    ]  # fmt: skip
    context = {**_settings(request), "sentence": sentence, "found": rows, "is_tie": len(found) > 1 and best is None}
    part = "#tried" if by_htmx(request) else ""
    return render(request, f"feedback/voice/trial.html{part}", context)


@roles(Role.LEAD)
@require_safe
def on_the_rise(request: HttpRequest) -> HttpResponse:
    """Words that customers use more than before where no topic was found."""
    looked = rising.look(agent_of(request))
    context = {**_settings(request), "looked": looked, "topics": Topic.objects.filter(is_active=True)}
    return render(request, "feedback/voice/rising.html", context)


@roles(Role.LEAD)
@require_POST
def phrase(request: HttpRequest) -> HttpResponse:
    """Add words to a topic."""
    topic = get_object_or_404(Topic, pk=texts.number(request.POST.get("topic", "")))
    try:
        topics.add_phrase(topic, phrase=request.POST.get("phrase", ""), actor=agent_of(request))
    except NotPossible as why:
        messages.error(request, str(why))
        return redirect("settings_topics_rising")
    messages.success(request, _("Added to %(topic)s. What was said is looked at again.") % {"topic": topic})
    return redirect("settings_topics_rising")


def _settings(request: HttpRequest) -> dict[str, Any]:
    return {
        "sections": sections_for(agent_of(request)), "section": "topics", "rail_current": "settings",
        "back_url": reverse("settings_topics"),
    }  # fmt: skip
