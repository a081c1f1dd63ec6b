"""The tags' page in the settings."""

from django.contrib import messages
from django.db.models import Count
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_safe

from helpdesk.pages import agent_of, roles, sections_for
from tickets import texts
from tickets.models import Tag, Ticket
from tickets.operations import tagging
from tickets.operations.status import NotPossible

MOST = 500


@roles()
@require_safe
def tags(request: HttpRequest) -> HttpResponse:
    """Every tag, with how many tickets have it; narrowed by a word."""
    word = request.GET.get("q", "").strip().lower()[:50]
    found = list(Tag.objects.filter(name__contains=word).order_by("name")[:MOST])
    counted = Ticket.tags.through.objects.filter(tag__in=found).order_by().values_list("tag").annotate(n=Count("id"))
    numbers = dict(counted)
    rows = [{"tag": tag, "count": numbers.get(tag.pk, 0)} for tag in found]
    return render(request, "tickets/settings/tags.html", {**_frame(request), "rows": rows, "word": word})


@roles()
@require_http_methods(["GET", "HEAD", "POST"])
def tag(request: HttpRequest, pk: int) -> HttpResponse:
    """Rename, merge or delete one."""
    found = get_object_or_404(Tag, pk=pk)
    problem = ""
    if request.method == "POST":
        try:
            return _change(request, found)
        except NotPossible as why:
            problem = str(why)
    context = {
        **_frame(request), "tag": found, "count": found.tickets.count(), "problem": problem,
        "others": Tag.objects.exclude(pk=pk).order_by("name")[:MOST],
    }  # fmt: skip
    return render(request, "tickets/settings/tag.html", context, status=422 if problem else 200)


def _change(request: HttpRequest, found: Tag) -> HttpResponse:
    act, actor = request.POST.get("act", ""), agent_of(request)
    if act == "rename":
        renamed = tagging.rename(found, to=request.POST.get("name", ""), actor=actor)
        messages.success(request, _("The tag is called “%(tag)s” now.") % {"tag": renamed.name})
    elif act == "merge":
        into = Tag.objects.filter(pk=texts.number(request.POST.get("into", "")) or 0).first()
        if into is None:
            raise NotPossible(_("Choose the tag that remains."))
        tagging.merge(found, into=into, actor=actor)
        messages.success(request, _("“%(tag)s” is “%(into)s” now.") % {"tag": found.name, "into": into.name})
    elif act == "delete":
        n = tagging.delete(found, actor=actor)
        said = ngettext("Deleted, and taken off %(n)d ticket.", "Deleted, and taken off %(n)d tickets.", n)
        messages.success(request, said % {"n": n})
    else:
        raise NotPossible(_("Say what to do with the tag."))
    return redirect("settings_tags")


def _frame(request: HttpRequest) -> dict[str, object]:
    return {
        "sections": sections_for(agent_of(request)), "section": "tags", "title": _("Tags"), "rail_current": "settings",
        "about": _("Words agents sort tickets by. They are made where a ticket is tagged, and put in order here."),
    }  # fmt: skip
