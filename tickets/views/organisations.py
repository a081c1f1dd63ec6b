"""Organisations: the list, one's profile, and what agents change there."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from helpdesk.pages import agent_of, agents_only, by_htmx
from tickets import customer_book, fields, registry, texts
from tickets.models import Organisation
from tickets.operations import customer_notes, organisations
from tickets.operations.status import NotPossible
from tickets.people_forms import OrganisationForm
from tickets.views.customers import done, refused


def find(request: HttpRequest, pk: int) -> Organisation:
    """The organisation, if the agent may see it; else 404, whether there is one or not."""
    return get_object_or_404(Organisation.objects.visible_to(agent_of(request)), pk=pk)


@agents_only
@require_safe
def listing(request: HttpRequest) -> HttpResponse:
    """Organisations by name, or those that are looked for."""
    words = texts.line(request.GET.get("q", ""), 100)
    found = customer_book.organisations(agent_of(request), words=words, after=request.GET.get("after", ""))
    query = request.GET.copy()
    query["after"] = found.after
    context = {
        "organisations": found.organisations, "words": words, "is_narrowed": bool(words),
        "next_url": f"?{query.urlencode()}" if found.after else "",
        "rail_current": "customers", "section": "organisations",
    }  # fmt: skip
    part = "#found" if by_htmx(request) else ""
    return render(request, f"tickets/customers/organisations.html{part}", context)


@agents_only
@require_safe
def profile(request: HttpRequest, pk: int) -> HttpResponse:
    """One organisation: its people, their tickets, fields and notes, as far as the agent may see."""
    organisation, agent = find(request, pk), agent_of(request)
    people = customer_book.page(
        agent, organisation=organisation.pk, before=texts.number(request.GET.get("before", "")), limit=25
    )
    context = {
        "organisation": organisation,
        "rows": people.rows,
        "next_url": f"?before={people.before}" if people.before else "",
        "tickets": customer_book.organisation_tickets(organisation, agent),
        "answers": fields.for_organisation(organisation),
        "panels": registry.organisation_panels(organisation, agent),
        "notes": list(organisation.notes.standing().select_related("author")),
        "joinable": len(list(organisations.could_join(organisation, agent))) if agent.may_reply else 0,
        "can_change": agent.may_reply,
        "rail_current": "customers",
        "section": "organisations",
    }
    return render(request, "tickets/customers/organisation.html", context)


@agents_only
@require_http_methods(["GET", "HEAD", "POST"])
def edit(request: HttpRequest, pk: int | None = None) -> HttpResponse:
    """A new organisation, or another name and domain for one."""
    organisation = find(request, pk) if pk else Organisation()
    form = OrganisationForm(request.POST or None, organisation)
    if request.method == "POST" and form.is_valid():
        given = {"name": form.cleaned_data["name"], "domain": form.cleaned_data["domain"], "answers": form.answers}
        try:
            if pk:
                kept = organisations.change(organisation, actor=agent_of(request), **given)
            else:
                kept = organisations.create(actor=agent_of(request), **given)
            messages.success(request, _("Saved."))
            return redirect(kept)
        except NotPossible as why:
            form.add_error("domain", str(why))
    context = {
        "form": form, "title": organisation.name or _("Add an organisation"),
        "back_url": organisation.get_absolute_url() if pk else reverse("organisations"),
        "back_title": organisation.name if pk else _("Organisations"),
        "rail_current": "customers", "section": "organisations",
    }  # fmt: skip
    return render(request, "tickets/customers/form.html", context, status=422 if form.errors else 200)


@agents_only
@require_POST
def notes(request: HttpRequest, pk: int) -> HttpResponse:
    """Write a note about an organisation."""
    organisation = find(request, pk)
    try:
        customer_notes.add(organisation, text=request.POST.get("text", ""), actor=agent_of(request))
    except NotPossible as why:
        return refused(request, why, organisation.get_absolute_url())
    return done(request, _("Note added"), organisation.get_absolute_url())


@agents_only
@require_POST
def join(request: HttpRequest, pk: int) -> HttpResponse:
    """Let everybody the agent sees who writes from its domain belong to it."""
    organisation = find(request, pk)
    try:
        joined = organisations.let_join(organisation, actor=agent_of(request))
    except NotPossible as why:
        return refused(request, why, organisation.get_absolute_url())
    said = ngettext("%(n)d customer joined", "%(n)d customers joined", joined) % {"n": joined}
    return done(request, said, organisation.get_absolute_url())


@agents_only
@require_POST
def removal(request: HttpRequest, pk: int) -> HttpResponse:
    """Delete an organisation; its people stay."""
    organisation = find(request, pk)
    try:
        organisations.delete(organisation, actor=agent_of(request))
    except NotPossible as why:
        return refused(request, why, organisation.get_absolute_url())
    return done(request, _("%(name)s is deleted; its people stay") % {"name": organisation}, reverse("organisations"))
