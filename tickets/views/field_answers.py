"""Answering a ticket's custom fields: in place, and those that are wanted before it is resolved."""

from functools import partial
from typing import Any

from django import forms
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from helpdesk.pages import agent_of, agents_only, by_htmx, tell_page
from tickets import fields
from tickets.models import Ticket
from tickets.operations import answering_fields, collisions, status
from tickets.operations.collisions import ChangedMeanwhile
from tickets.operations.status import NotAnswered, NotPossible
from tickets.views.onward import lead_on
from tickets.views.shared import after_act, collision, find, not_possible, seen


def _form(ticket: Ticket, data: Any = None, *, only_missing: bool) -> forms.Form:
    wanted = [one for one in fields.for_ticket(ticket) if not only_missing or one.field.is_required_to_resolve]
    form = forms.Form(data)
    form.fields.update(fields.form_fields(wanted))
    for one in wanted:
        form.fields[fields.PREFIX + one.field.key].required = only_missing
    return form


def _is_complete(form: forms.Form) -> bool:
    """Whether everything wanted is answered; else the form says what is not."""
    for name, field in form.fields.items():
        if field.required and form.cleaned_data.get(name) in (None, ""):
            form.add_error(name, _("This is wanted before the ticket is resolved."))
    return not form.errors


def ask(request: HttpRequest, ticket: Ticket, why: NotAnswered, *, then: str = "resolve") -> HttpResponse:
    """422 with what must be answered: a box for a page with scripts, a page of its own for others."""
    context = {
        "ticket": ticket, "form": _form(ticket, only_missing=True), "why": str(why), "then": then,
        "rail_current": "queue",
    }  # fmt: skip
    if not by_htmx(request):
        return render(request, "tickets/fields.html", context, status=422)
    response = HttpResponse(status=422)
    response["HX-Reswap"] = "none"  # the conversation stays where it is while the box asks
    return tell_page(response, toast={"message": ""}, fields={"then": then})


@agents_only
@require_http_methods(["GET", "HEAD", "POST"])
def ticket_fields(request: HttpRequest, number: int) -> HttpResponse:
    """The ticket's fields in a form; a POST answers them, and with `then=resolve` resolves the ticket too."""
    ticket, agent = find(request, number), agent_of(request)
    given = request.POST if request.method == "POST" else request.GET
    then = given.get("then", "")
    form = _form(ticket, request.POST if request.method == "POST" else None, only_missing=bool(then))
    if request.method == "POST" and form.is_valid() and _is_complete(form):
        try:
            with transaction.atomic():
                for key, value in fields.answered(form.cleaned_data).items():
                    thing = f"field:{key}" if ticket.fields.get(key) != value else ""
                    answer = partial(answering_fields.set_field, key=key, value=value, actor=agent)
                    ticket = collisions.change(ticket, thing, answer, seen=seen(request), actor=agent)
                if then == "resolve":
                    ticket = status.resolve(ticket, actor=agent)
        except ChangedMeanwhile as why:
            return collision(request, ticket, why)
        except NotPossible as why:
            return not_possible(request, ticket, str(why))
        response = after_act(request, ticket, _("Resolved") if then == "resolve" else _("Answers saved"))
        if then == "resolve":
            lead_on(request, response, ticket)
        return tell_page(response, answered={"then": then}) if by_htmx(request) else response
    context = {"ticket": ticket, "form": form, "then": then, "rail_current": "queue"}
    if not by_htmx(request):
        return render(request, "tickets/fields.html", context, status=422 if request.method == "POST" else 200)
    response = render(request, "tickets/_fields_dialog.html", context)
    if request.method == "POST":  # what is wrong is said in the box again
        response["HX-Retarget"], response["HX-Reswap"], response["HX-Reselect"] = "#act-dialog", "innerHTML", "dialog"
    return response
