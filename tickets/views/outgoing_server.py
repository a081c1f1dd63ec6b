"""Trying how an inbox's mail would leave, before it is saved."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from helpdesk.models import Role
from helpdesk.pages import roles
from tickets.models import Inbox
from tickets.outgoing_form import OutgoingForm, page_context
from tickets.settings_tabs import TABS, frame


@roles(Role.ADMIN)
@require_POST
def trial(request: HttpRequest, pk: int) -> HttpResponse:
    """Connect as the form says, save nothing, and say in plain words what happened."""
    inbox = get_object_or_404(Inbox, pk=pk)
    form = OutgoingForm(request.POST, instance=inbox)
    is_good = form.is_valid() and (bool(form.cleaned_data["kind"]) or form.trouble() is None)
    lines = [str(error) for errors in form.errors.values() for error in errors]
    if not is_good and not lines:
        trouble = form.trouble()
        lines = [str(trouble)] if trouble else [_("It does not work.")]
    tried = {"tried": "good" if is_good else "bad", "trouble": lines}
    if request.htmx:  # type: ignore[attr-defined]
        return render(request, "tickets/settings/_tried.html", tried)
    tab = next(tab for tab in TABS if tab.key == "out")
    thing = get_object_or_404(Inbox, pk=pk)
    context = {**frame(request, thing, tab), "form": form, **page_context(request, thing, form), **tried}
    return render(request, tab.template, context)
