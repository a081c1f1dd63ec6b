"""The page where agents choose their own keys."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from helpdesk import keyboard
from helpdesk.operations.keys import choose_keys
from helpdesk.pages import agent_of, agents_only, sections_for


@agents_only
@require_http_methods(["GET", "HEAD", "POST"])
def keys(request: HttpRequest) -> HttpResponse:
    """Every act with its key; what two acts would share is refused in words."""
    agent, why, given = agent_of(request), {}, {}
    if request.method == "POST":
        is_reset = "reset" in request.POST
        given = {} if is_reset else {name: request.POST[name] for name in request.POST}
        try:
            choose_keys(agent, given, actor=agent)
        except keyboard.Refused as refused:
            why = refused.why
        else:
            messages.success(request, _("The keys are as they came.") if is_reset else _("Saved."))
            return redirect("settings_keys")
    now = {one.name: one for one in keyboard.acts_for(agent.keys)}
    groups = [
        (title, [_line(one, now[one.name], why, given) for one in members if not one.is_fixed])
        for title, members in keyboard.groups_for({})
    ]
    context = {
        "sections": sections_for(agent), "section": "keys", "title": _("Keys"), "rail_current": "settings",
        "groups": [(title, lines) for title, lines in groups if lines], "why": why, "has_own": bool(agent.keys),
    }  # fmt: skip
    return render(request, "helpdesk/settings/keys.html", context, status=422 if why else 200)


def _line(one: keyboard.Act, now: keyboard.Act, why: dict[str, str], given: dict[str, str]) -> dict[str, object]:
    return {
        "name": one.name, "label": one.label, "key": given.get(one.name, now.keys[0] if now.keys else ""),
        "came_as": [keyboard.printed(key) for key in one.keys], "why": why.get(one.name, ""),
    }  # fmt: skip
