"""Saved views: making and changing one, deleting it and taking that back, and arranging one's own column."""

from typing import Any
from urllib.parse import quote

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from helpdesk.models import Event
from helpdesk.pages import agent_of, agents_only, by_htmx, toast
from tickets import lists
from tickets.models import SavedView
from tickets.operations import viewing
from tickets.operations.status import NotPossible
from tickets.view_form import ViewForm, cleaned
from tickets.views.lists import address_of, changed_views, views_of


@agents_only
@require_http_methods(["GET", "HEAD", "POST"])
def new(request: HttpRequest) -> HttpResponse:
    """Conditions for a new view, beginning with those in the address."""
    if request.method == "POST":
        return _posted(request, None)
    view = lists.of_where(request.GET.get("where", ""), request.GET.get("order", ""), request.GET.get("words", ""))
    return _shown(request, None, ViewForm.of_list(view), problem=view.problem)


@agents_only
@require_http_methods(["GET", "HEAD", "POST"])
def change(request: HttpRequest, pk: int) -> HttpResponse:
    """A saved view, to be changed by who may."""
    saved = get_object_or_404(SavedView.objects.visible_to(agent_of(request)).distinct(), pk=pk)
    if request.method == "POST":
        return _posted(request, saved)
    return _shown(request, saved, ViewForm.of(saved))


def _posted(request: HttpRequest, saved: SavedView | None) -> HttpResponse:
    form, agent, do = ViewForm.posted(request.POST), agent_of(request), request.POST.get("do", "save")
    if do in ("add", "redraw") or do.startswith("remove-"):
        if do == "add":
            form.add()
        elif do != "redraw":
            number = do.removeprefix("remove-")
            form.remove(int(number) if number.isascii() and number.isdigit() and len(number) < 4 else -1)
        return _shown(request, saved, form)
    if problem := form.take_qualifiers(agent):
        return _shown(request, saved, form, problem=problem, status=422)
    if do == "show":
        wanted, problem = cleaned(form.raw)
        if problem:
            return _shown(request, saved, form, problem=problem, status=422)
        order = lists.ORDERS[form.order if form.order in lists.CHOOSABLE else "waiting"]
        return redirect(
            address_of(lists.View("where", "", "", lambda t, a: t, order, conditions=wanted, words=form.query))
        )
    try:
        given = form.given(agent)
        kept = viewing.change(saved, actor=agent, **given) if saved else viewing.save(actor=agent, **given)
    except NotPossible as why:
        return _shown(request, saved, form, problem=str(why), status=422)
    changed_views(request)
    messages.success(request, _("View “%(name)s” saved") % {"name": kept.name})
    return redirect(f"{reverse('queue')}?view={kept.pk}")


def _shown(
    request: HttpRequest, saved: SavedView | None, form: ViewForm, *, problem: str = "", status: int = 200
) -> HttpResponse:
    agent = agent_of(request)
    context: dict[str, Any] = {
        **form.context(agent),
        "saved": saved,
        "may_change": saved is None or viewing.may_change(saved, agent),
        "problem": problem,
        "rail_current": "queue",
    }
    return render(request, "tickets/view_form.html", context, status=status)


@agents_only
@require_POST
def deletion(request: HttpRequest, pk: int) -> HttpResponse:
    """Delete a view; the page it leads to offers to take that back."""
    saved = get_object_or_404(SavedView.objects.visible_to(agent_of(request)).distinct(), pk=pk)
    try:
        event = viewing.delete(saved, actor=agent_of(request))
    except NotPossible as why:
        return _shown(request, saved, ViewForm.of(saved), problem=str(why), status=409)
    changed_views(request)
    return redirect(f"{reverse('views')}?deleted={event.pk}")


@agents_only
@require_POST
def undeletion(request: HttpRequest, event: int) -> HttpResponse:
    """Take one's own deletion back."""
    done = Event.objects.filter(pk=event, verb="view.deleted", actor_id=agent_of(request).pk).first()
    if done is None:
        raise Http404
    try:
        saved = viewing.restore(done, actor=agent_of(request))
    except NotPossible as why:
        messages.error(request, str(why))
        return redirect("views")
    changed_views(request)
    messages.success(request, _("View “%(name)s” is back") % {"name": saved.name})
    return redirect(f"{reverse('queue')}?view={saved.pk}")


@agents_only
@require_http_methods(["GET", "HEAD", "POST"])
def arrangement(request: HttpRequest) -> HttpResponse:
    """The agent's own column: its order, what is pinned and what is hidden. A script sends the whole order."""
    agent = agent_of(request)
    if request.method == "POST":
        try:
            _arrange(request)
        except NotPossible as why:
            messages.error(request, str(why))
        changed_views(request)
        if by_htmx(request):
            return toast(HttpResponse(status=204), "")
        # the button that was pressed has the focus again
        do, _mark, key = request.POST.get("do", "").partition(":")
        pressed = {"unpin": "pin", "show": "hide"}.get(do, do)
        return redirect(f"{reverse('views')}#{quote(f'{pressed}-{key}')}" if key else "views")
    views = views_of(request)
    deleted = request.GET.get("deleted", "")
    event = None
    if deleted.isascii() and deleted.isdigit() and len(deleted) < 18:
        event = Event.objects.filter(pk=int(deleted), verb="view.deleted", actor_id=agent.pk).first()
    context = {
        "views": [
            {
                "view": one,
                "url": address_of(one),
                "change_url": reverse("view", args=[one.saved.pk]) if one.saved else "",
                "is_first": at == 0,
                "is_last": at == len(views) - 1,
                "icon": f"saved_{one.saved.scope}" if one.saved else one.key,
            }
            for at, one in enumerate(views)
        ],
        "deleted": event,
        "rail_current": "queue",
    }
    return render(request, "tickets/views.html", context)


def _arrange(request: HttpRequest) -> None:
    agent, given = agent_of(request), request.POST
    if "order" in given:
        viewing.arrange(agent, given["order"].split(",")[:400])
        return
    do, _mark, key = given.get("do", "").partition(":")
    keys = [one.key for one in views_of(request)]
    if key not in keys:
        raise NotPossible(_("There is no such view."))
    if do in ("up", "down"):
        at = keys.index(key)
        to = max(0, min(len(keys) - 1, at + (1 if do == "down" else -1)))
        keys[at], keys[to] = keys[to], keys[at]
        viewing.arrange(agent, keys)
    elif do in ("pin", "unpin"):
        viewing.place(agent, key, is_pinned=do == "pin")
    elif do in ("hide", "show"):
        viewing.place(agent, key, is_hidden=do == "hide")
