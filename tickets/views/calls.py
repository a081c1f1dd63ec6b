"""Calls written down by hand, and answers given on a network itself."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from helpdesk.pages import agent_of, agents_only
from tickets.call_form import AnsweredThereForm, CallForm
from tickets.models import Conversation, Customer, Ticket
from tickets.operations import calls, posting
from tickets.operations.status import NotPossible
from tickets.views.customers import find as find_customer
from tickets.views.shared import find


@agents_only
@require_http_methods(["GET", "HEAD", "POST"])
def of_ticket(request: HttpRequest, number: int) -> HttpResponse:
    """Write down a call on its ticket."""
    ticket = find(request, number)
    return _page(request, ticket.customer, ticket)


@agents_only
@require_http_methods(["GET", "HEAD", "POST"])
def of_customer(request: HttpRequest, pk: int) -> HttpResponse:
    """Write down a call of a customer: a ticket is made of it."""
    return _page(request, find_customer(request, pk), None)


def _page(request: HttpRequest, customer: Customer, ticket: Ticket | None) -> HttpResponse:
    form = CallForm(request.POST or None, agent_of(request), customer=customer, ticket=ticket)
    if request.method == "POST" and form.is_valid():
        try:
            said = calls.log(actor=agent_of(request), ticket=ticket, customer=customer, **form.call())
        except NotPossible as why:
            form.add_error(None, str(why))
        else:
            messages.success(request, _("The call is written down."))
            return redirect(f"{reverse('ticket', args=[said.ticket_id])}#message-{said.pk}")
    back = reverse("ticket", args=[ticket.number]) if ticket else reverse("customer", args=[customer.pk])
    return _form(request, form, _("Log a call"), back, f"#{ticket.number}" if ticket else customer.display_name)


def _form(request: HttpRequest, form: CallForm | AnsweredThereForm, title: str, url: str, name: str) -> HttpResponse:
    context = {
        "form": form, "title": title, "back_url": url, "back_title": name,
        "rail_current": "customers" if name[:1] != "#" else "tickets",
    }  # fmt: skip
    return render(request, "tickets/customers/form.html", context, status=422 if form.errors else 200)


@agents_only
@require_http_methods(["GET", "HEAD", "POST"])
def answered_there(request: HttpRequest, number: int, talk: int) -> HttpResponse:
    """Say what was answered where nothing can be sent from here."""
    ticket = find(request, number)
    route = next((one for one in posting.routes(ticket) if one.talk is not None and one.talk.pk == talk), None)
    there = get_object_or_404(Conversation, pk=route.talk.pk if route and route.talk else 0)
    form = AnsweredThereForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            said = calls.answered_there(
                there, ticket, text=form.cleaned_data["text"], actor=agent_of(request), once=form.cleaned_data["once"]
            )
        except NotPossible as why:
            form.add_error(None, str(why))
        else:
            messages.success(request, _("Written down as answered there."))
            return redirect(f"{reverse('ticket', args=[number])}#message-{said.pk}")
    return _form(request, form, _("Answered there"), reverse("ticket", args=[number]), f"#{number}")
