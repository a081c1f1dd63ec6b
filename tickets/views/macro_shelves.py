"""Settings: the saved replies and macros everybody uses, and one's own."""

from dataclasses import dataclass

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import URLPattern, path, reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from helpdesk.models import Agent, Role
from helpdesk.pages import Section, agent_of, agents_only, roles, sections_for, settings_section
from tickets import rich_text
from tickets.macro_form import MacroForm
from tickets.models import Macro, Ticket
from tickets.operations import macros


@dataclass(frozen=True, slots=True)
class Shelf:
    """A list of macros people look after together."""

    key: str
    title: str | Promise
    about: str | Promise
    new: str | Promise
    address: str
    allowed: tuple[Role, ...]
    is_own: bool = False
    has_acts: bool = True

    @property
    def url_name(self) -> str:
        return f"settings_{self.key}"

    def things(self, agent: Agent) -> QuerySet[Macro]:
        if self.is_own:
            return Macro.objects.filter(owner=agent)
        shared = Macro.objects.filter(owner=None).prefetch_related("inboxes")
        return shared.exclude(actions=[]) if self.has_acts else shared.filter(actions=[])


REPLIES = Shelf(
    "saved_replies", gettext_lazy("Saved replies"),
    gettext_lazy("Texts everybody answers with: / finds them while writing."),
    gettext_lazy("Write a saved reply"), "saved-replies/", (Role.LEAD,), has_acts=False,
)  # fmt: skip
MACROS = Shelf(
    "macros", gettext_lazy("Macros"),
    gettext_lazy("Text and what is done with it, in one: found with / as well. One without text is done at once."),
    gettext_lazy("Make a macro"), "macros/", (Role.LEAD,),
)  # fmt: skip
OWN = Shelf(
    "own_replies", gettext_lazy("Your saved replies"), gettext_lazy("Texts and macros nobody but you sees and uses."),
    gettext_lazy("Write one for yourself"), "you/saved-replies/", (Role.LEAD, Role.AGENT), is_own=True,
)  # fmt: skip


def pages(shelf: Shelf) -> list[URLPattern]:
    """The list, the empty form and the filled one, and their place in the settings' navigation."""
    group = "you" if shelf.is_own else "tickets"
    settings_section(Section(shelf.key, shelf.title, shelf.about, shelf.url_name, shelf.allowed, group=group))
    guard = roles(*shelf.allowed)

    @require_safe
    def listing(request: HttpRequest) -> HttpResponse:
        found = list(shelf.things(agent_of(request))[:500])
        rows = [{"url": reverse(f"{shelf.url_name}_edit", args=[one.pk]), "cells": _cells(shelf, one)} for one in found]
        columns = [_("Name"), _("Says"), *([_("Does")] if shelf.has_acts else []), _("Inboxes"), _("Used")]
        context = {"rows": rows, "columns": columns, "new_url": reverse(f"{shelf.url_name}_new")}
        return render(request, "helpdesk/settings/list.html", {**_shared(request, shelf), **context})

    @require_http_methods(["GET", "HEAD", "POST"])
    def edit(request: HttpRequest, pk: int | None = None) -> HttpResponse:
        agent = agent_of(request)
        macro = get_object_or_404(shelf.things(agent), pk=pk) if pk else None
        if request.method == "POST" and macro is not None and request.POST.get("delete"):
            macros.delete(macro, actor=agent)
            messages.success(request, _("Deleted."))
            return redirect(shelf.url_name)
        form = MacroForm(request.POST or None, macro=macro, is_own=shelf.is_own, has_acts=shelf.has_acts)
        if request.method == "POST" and form.is_valid() and form.keep(agent):
            messages.success(request, _("Saved."))
            return redirect(shelf.url_name)
        context = {"form": form, "thing": macro, "back_url": reverse(shelf.url_name), **_shared(request, shelf)}
        return render(request, "tickets/settings/macro.html", context, status=422 if form.errors else 200)

    return [
        path(shelf.address, guard(listing), name=shelf.url_name),
        path(f"{shelf.address}new/", guard(edit), name=f"{shelf.url_name}_new"),
        path(f"{shelf.address}<int:pk>/", guard(edit), name=f"{shelf.url_name}_edit"),
    ]


def _cells(shelf: Shelf, macro: Macro) -> list[str]:
    does = [", ".join(one["words"] for one in macros.described(macro.actions))] if shelf.has_acts else []
    inboxes = ", ".join(inbox.name for inbox in macro.inboxes.all()) or _("all")
    says = rich_text.to_text(macro.html).replace("\n", " ")
    return [macro.name, f"{says[:80]}…" if len(says) > 80 else says, *does, inboxes, str(macro.used)]


@agents_only
@require_POST
def preview(request: HttpRequest) -> HttpResponse:
    """What it would say on the latest ticket one sees."""
    agent = agent_of(request)
    written = request.POST.get("html") or rich_text.from_text(request.POST.get("text", "")[:50_000])
    problem = ""
    try:
        macros.check_fields(rich_text.clean(written))
    except macros.NotPossible as why:
        problem = str(why)
    seen = Ticket.objects.visible_to(agent).select_related("customer", "inbox")
    ticket = seen.order_by("-number").first()
    said = macros.render(Macro(html=rich_text.clean(written)), ticket, agent) if ticket and not problem else None
    shown = rich_text.shown(said.html or rich_text.from_text(said.text), {}) if said else ""
    context = {"shown": shown, "problem": problem, "sample": ticket}
    return render(request, "tickets/settings/_macro_preview.html", context)


def _shared(request: HttpRequest, shelf: Shelf) -> dict[str, object]:
    return {
        "sections": sections_for(agent_of(request)),
        "section": shelf.key,
        "title": shelf.title,
        "about": shelf.about,
        "new_label": shelf.new,
        "rail_current": "settings",
    }


urlpatterns = [
    *pages(REPLIES),
    *pages(MACROS),
    *pages(OWN),
    path("macros/preview", preview, name="settings_macro_preview"),
]
