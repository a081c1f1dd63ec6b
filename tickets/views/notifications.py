"""What one was told: the list, the bell's popover and count, and marking it read."""

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from helpdesk import clock, webpush
from helpdesk.models import Agent
from helpdesk.pages import agent_of, agents_only, by_htmx
from helpdesk.quiet import is_quiet
from tickets import bell, notice_mail
from tickets.operations import notifying, pushing

POPOVER = 8


@agents_only
@never_cache
@require_safe
def notifications(request: HttpRequest) -> HttpResponse:
    """All of them, a page at a time; `part=popover` is the bell's list, `part=bell` its count and the latest."""
    agent, part = agent_of(request), request.GET.get("part", "")
    if part == "bell":
        return JsonResponse(_news(agent))
    before = request.GET.get("before", "")
    found, after = bell.page(
        agent, before=int(before) if before.isascii() and before.isdecimal() and len(before) < 19 else None,
        size=POPOVER if part == "popover" else bell.PAGE,
    )  # fmt: skip
    context = {"notifications": found, "after": after, "unread": bell.unread(agent), "rail_current": "notifications"}
    return render(request, f"tickets/{'_bell' if part == 'popover' else 'notifications'}.html", context)


def _news(agent: Agent) -> dict[str, Any]:
    """How many are unread, and the latest urgent one, unless it is quiet."""
    count = bell.unread(agent)
    said: dict[str, Any] = {"count": count, "label": label(count), "latest": None}
    if not count or is_quiet(agent, clock.now()):
        return said
    newest = bell.of(agent).filter(read_at=None).select_related("ticket__customer")[:1]
    for one in bell.shown(list(newest)):
        if one.is_urgent:
            said["latest"] = {
                "id": one.pk, "ticket": one.number, "url": one.url, "words": f"{one.sentence}: {one.heading}",
            }  # fmt: skip
    return said


def label(count: int) -> str:
    """The count in words, for those who do not see it."""
    return ngettext("%(n)d unread", "%(n)d unread", count) % {"n": count} if count else ""


@agents_only
@require_POST
def read_all(request: HttpRequest) -> HttpResponse:
    """Everything was seen."""
    notifying.mark_read(agent_of(request))
    if by_htmx(request):
        return HttpResponse(status=204)
    return redirect("notifications")


@agents_only
@require_http_methods(["POST", "DELETE"])
def read(request: HttpRequest, pk: int) -> HttpResponse:
    """POST: this one was seen. DELETE: it is kept for later."""
    agent = agent_of(request)
    if not bell.of(agent).filter(pk=pk).exists():
        raise Http404
    is_undone = request.method == "DELETE" or request.POST.get("_method") == "delete"
    if is_undone:
        notifying.mark_unread(agent, pk=pk)
    else:
        notifying.mark_read(agent, pk=pk)
    if by_htmx(request):
        return HttpResponse(status=204)
    return redirect("notifications")


@csrf_exempt
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def off(request: HttpRequest, token: str) -> HttpResponse:
    """The way out of the mails, without signing in: asked before, done on the POST that RFC 8058 prescribes."""
    agent, is_done = notice_mail.who_is_off(token), False
    if agent is not None and request.method == "POST" and request.POST.get("List-Unsubscribe") == "One-Click":
        notifying.stop_mail(agent)
        is_done = True
    context = {"token": token if agent else "", "is_done": is_done}
    return render(request, "tickets/notifications_off.html", context, status=200 if agent else 404)


@agents_only
@require_POST
def devices(request: HttpRequest) -> HttpResponse:
    """This browser is to be told, too."""
    given = {name: request.POST.get(name, "") for name in ("endpoint", "p256dh", "auth")}
    here = {"session": request.session.session_key or "", "device": browser(request.headers.get("User-Agent", ""))}
    try:
        pushing.subscribe(agent_of(request), **given, **here)
    except webpush.BadKeys:
        return HttpResponse(status=400)
    return HttpResponse(status=204)


@agents_only
@require_POST
def device(request: HttpRequest, pk: int) -> HttpResponse:
    """One of one's devices is told no more."""
    if not pushing.unsubscribe(agent_of(request), pk=pk):
        raise Http404
    return redirect("settings_notifications")


@require_safe
def push_worker(request: HttpRequest) -> HttpResponse:
    """The script that shows what was pushed; below /notifications/, so that it stands before no page."""
    response = render(request, "tickets/push_worker.js", content_type="text/javascript; charset=utf-8")
    response["Cache-Control"] = "no-cache"
    return response


_BROWSERS = {"Edg": "Edge", "OPR": "Opera", "Firefox": "Firefox", "Chrome": "Chrome", "Safari": "Safari"}
_SYSTEMS = {
    "Android": "Android", "iPhone": "iPhone", "iPad": "iPad", "Windows": "Windows", "Mac OS": "macOS", "Linux": "Linux",
}  # fmt: skip


def browser(agent: str) -> str:
    """A browser as people know it: "Firefox, Linux"."""
    found = [next((name for sign, name in names.items() if sign in agent), "") for names in (_BROWSERS, _SYSTEMS)]
    return ", ".join(filter(None, found))
