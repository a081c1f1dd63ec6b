"""Trying how an inbox's mail would leave, before it is saved."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_POST

from helpdesk.models import Role
from helpdesk.pages import by_htmx, roles
from tickets import settings_tabs
from tickets.inbox_forms.mail_out import MailOutForm
from tickets.models import Inbox


@roles(Role.ADMIN)
@require_POST
def trial(request: HttpRequest, pk: int) -> HttpResponse:
    """Connect as the form says, save nothing, and say in plain words what happened."""
    inbox = get_object_or_404(Inbox, pk=pk)
    form = MailOutForm(request.POST, instance=inbox)
    lines = [] if form.is_valid() else [str(error) for errors in form.errors.values() for error in errors]
    if not lines and form.candidate is None and (trouble := form.trouble()):
        lines = [str(trouble)]
    tried = {"tried": "bad" if lines else "good", "trouble": lines}
    if by_htmx(request):
        return render(request, "tickets/settings/_tried.html", tried)
    tab, thing = settings_tabs.of("out"), get_object_or_404(Inbox, pk=pk)
    around = settings_tabs.more(request, thing, form, tab)
    return render(request, tab.template, {**settings_tabs.frame(request, thing, tab), "form": form, **around, **tried})
