"""The settings of one inbox: a tab for each concern, each with its own address and its own form.

To add a tab, append to `TABS`. Its page is /settings/inboxes/<pk>/<key>/, named `settings_inboxes_<key>`; its form is a
ModelForm of the inbox, is saved with an `inbox.changed` event, and may keep rows of its own in `save()`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.forms import ModelForm
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import URLPattern, path, reverse
from django.utils.functional import Promise
from django.utils.translation import gettext, gettext_lazy
from django.views.decorators.http import require_http_methods

from helpdesk.models import Role
from helpdesk.operations.keeping import keep
from helpdesk.pages import agent_of, roles, sections_for
from tickets.acknowledgement_form import AcknowledgementForm
from tickets.inbox_forms import mail_out
from tickets.inbox_forms.accounts import connecting, just_connected
from tickets.inbox_forms.general import GeneralForm
from tickets.inbox_forms.mail_in import MailInForm
from tickets.inbox_forms.talks import TalkInboxForm
from tickets.models import Inbox
from tickets.operations import acknowledging
from tickets.views import acknowledgement


@dataclass(frozen=True, slots=True)
class Tab:
    """One page of an inbox's settings. The first has no key."""

    key: str
    title: str | Promise
    about: str | Promise
    form: type[ModelForm] | None
    template: str = "tickets/settings/inbox.html"
    #: what the template needs besides `form` and `thing`: called with the request, the inbox and the form
    context: Callable[[HttpRequest, Inbox, Any], dict[str, Any]] | None = None
    #: what an empty form begins with beside the inbox's own values
    initial: Callable[[HttpRequest], dict[str, Any]] | None = None
    #: a page that is no form of the inbox answers for itself; it guards itself, too
    view: Callable[..., HttpResponse] | None = None
    #: the inboxes that have it
    on: Callable[[Inbox], bool] = lambda inbox: inbox.is_of_mail

    @property
    def url_name(self) -> str:
        return f"settings_inboxes_{self.key or 'edit'}"

    def url(self, inbox: Inbox) -> str:
        return reverse(self.url_name, args=[inbox.pk])


def _mail_in(request: HttpRequest, inbox: Inbox, form: MailInForm) -> dict[str, Any]:
    return {"mailbox": form.mailbox, "look": form.seen, "providers": connecting(inbox, "in")}


TABS: list[Tab] = [
    Tab(
        "", gettext_lazy("General"),
        gettext_lazy("Whose inbox it is, and how its tickets are treated."), GeneralForm, on=lambda inbox: True,
    ),
    Tab(
        "in", gettext_lazy("Mail in"),
        gettext_lazy("Where this inbox's mail comes from. Nothing is deleted there, moved or marked as read."),
        MailInForm, "tickets/settings/mail_in.html", _mail_in, just_connected,
    ),
    Tab(
        "out", gettext_lazy("Mail out"),
        gettext_lazy("Through whom this inbox's mail leaves: an SMTP server, or a mail provider's API."),
        mail_out.MailOutForm, "tickets/settings/mail_out.html", mail_out.around, just_connected,
    ),
    Tab(
        "acknowledgement", gettext_lazy("Acknowledgement"),
        gettext_lazy("What whoever opens a ticket is told at once: that it arrived, and by when you answer."),
        AcknowledgementForm, "tickets/settings/acknowledgement.html", acknowledgement.around, on=acknowledging.carries,
    ),
]  # fmt: skip


def of(key: str) -> Tab:
    """The tab of this key."""
    return next(tab for tab in TABS if tab.key == key)


def more(request: HttpRequest, inbox: Inbox, form: ModelForm, tab: Tab) -> dict[str, Any]:
    """What this tab's own template needs."""
    return tab.context(request, inbox, form) if tab.context else {}


def frame(request: HttpRequest, inbox: Inbox, tab: Tab) -> dict[str, Any]:
    """What every page of an inbox's settings shows around its form."""
    return {
        "sections": sections_for(agent_of(request)),
        "section": "inboxes",
        "title": gettext("Inboxes"),
        "about": tab.about,
        "thing": inbox,
        "back_url": reverse("settings_inboxes"),
        "here_url": tab.url(inbox),
        "tabs": [{"title": t.title, "url": t.url(inbox), "is_here": t.key == tab.key} for t in TABS if t.on(inbox)],
        "rail_current": "settings",
    }


def tab_routes() -> list[URLPattern]:
    """The page of each tab, for admins."""
    return [
        path(f"inboxes/<int:pk>/{tab.key}{'/' if tab.key else ''}", _page(tab), name=tab.url_name) for tab in TABS
    ]  # fmt: skip


def _page(tab: Tab) -> Callable[..., HttpResponse]:
    if tab.form is None:
        assert tab.view is not None
        return tab.view

    @roles(Role.ADMIN)
    @require_http_methods(["GET", "HEAD", "POST"])
    def page(request: HttpRequest, pk: int) -> HttpResponse:
        inbox = get_object_or_404(Inbox, pk=pk)
        if not tab.on(inbox):
            raise Http404
        form_class = tab.form if tab.key or inbox.is_of_mail else TalkInboxForm
        assert form_class is not None
        initial = tab.initial(request) if tab.initial else {}
        form = form_class(request.POST or None, request.FILES or None, instance=inbox, initial=initial)
        if request.method == "POST" and form.is_valid():
            keep(form, actor=agent_of(request))
            messages.success(request, gettext("Saved."))
            return redirect(tab.url_name, pk=pk)
        # an invalid form has written into its instance: the page's title says what is kept
        inbox = get_object_or_404(Inbox, pk=pk)
        context = {**frame(request, inbox, tab), "form": form, **more(request, inbox, form, tab)}
        return render(request, tab.template, context, status=422 if form.errors else 200)

    return page
