"""Every mail that came in, what became of it, and what people can do about those that wait."""

from datetime import date, datetime, time, timedelta
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from helpdesk.forms import field_of
from helpdesk.models import Agent
from helpdesk.pages import agent_of, agents_only
from tickets import mail_log, texts, watching
from tickets.channels.email import reading
from tickets.models import Inbox, RawMessage, RawState, Ticket
from tickets.operations import intake, mail_desk
from tickets.operations.status import NotPossible
from tickets.views.files import held_among, held_page

#: a larger mail is not read for a page; it can be saved
MOST_READ = 10 * 1024 * 1024
#: of the source, so much is shown
MOST_SHOWN = 256 * 1024


class SearchForm(forms.Form):
    """What to look for. Whatever is typed there, a page comes out."""

    q = forms.CharField(label=gettext_lazy("Search"), required=False, max_length=200)
    inbox = forms.ModelChoiceField(Inbox.objects.none(), label=gettext_lazy("Inbox"), required=False)
    source = forms.ChoiceField(label=gettext_lazy("Came by"), required=False)
    reason = forms.ChoiceField(label=gettext_lazy("Reason"), required=False)
    since = forms.DateField(
        label=gettext_lazy("From"), required=False, widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )
    until = forms.DateField(
        label=gettext_lazy("To"), required=False, widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )

    def __init__(self, data: Any, agent: Agent) -> None:
        super().__init__(data, auto_id="log-%s")
        anything = ("", gettext_lazy("any"))
        field_of(self, "inbox").queryset = Inbox.objects.visible_to(agent)
        field_of(self, "inbox").empty_label = gettext_lazy("any")
        field_of(self, "source").choices = [anything, *mail_log.SOURCES.items()]
        codes = mail_log.reasons(agent)
        field_of(self, "reason").choices = [anything, *((code, code.replace("_", " ")) for code in codes)]
        if not codes:
            del self.fields["reason"]

    def asked(self, state: str) -> mail_log.Asked:
        """The question; a field that makes no sense asks nothing."""
        self.is_valid()
        data = self.cleaned_data
        return mail_log.Asked(
            words=data.get("q", "").replace("\x00", ""),
            state=state,
            inbox=data["inbox"].pk if data.get("inbox") else None,
            source=data.get("source", ""),
            reason=data.get("reason", ""),
            since=_midnight(data.get("since")),
            until=_midnight(data.get("until"), days=1),
        )


def _midnight(day: date | None, *, days: int = 0) -> datetime | None:
    """The start of a day, or of the one after it, in the reader's zone."""
    if day is None or not 1970 < day.year < 2200:
        return None
    return timezone.make_aware(datetime.combine(day + timedelta(days=days), time()))


@agents_only
@require_safe
def intake_log(request: HttpRequest) -> HttpResponse:
    """The latest mails of the agent's inboxes, or those that are looked for."""
    agent = agent_of(request)
    state = request.GET.get("state", "")
    states = [("waiting", _("Waiting for a person")), *RawState.choices]
    state = state if state in dict(states) else ""
    form = SearchForm(request.GET, agent)
    asked = form.asked(state)
    found = mail_log.page(agent, asked, before=texts.number(request.GET.get("before", "")))
    context = {
        "mails": found.mails,
        "next_url": _url(request, before=str(found.before)) if found.before else "",
        "is_narrowed": asked != mail_log.Asked(state=state),
        "form": form,
        "state": state,
        "tabs": [{"key": key, "title": title, "url": _url(request, state=key)} for key, title in states],
        "all_url": _url(request, state=""),
        "waiting": watching.waiting_for(agent),
        "rail_current": "settings",
    }
    return render(request, "tickets/intake_log.html", context)


def _url(request: HttpRequest, **changes: str) -> str:
    """This list with something else asked for; a page further on only when that is what changes."""
    query = request.GET.copy()
    query.pop("before", None)
    for name, value in changes.items():
        query[name] = value
    for name in [name for name, value in query.items() if not value]:
        del query[name]
    return f"?{query.urlencode()}"


def _find(request: HttpRequest, pk: int) -> RawMessage:
    mails = RawMessage.objects.visible_to(agent_of(request)).select_related("inbox", "said", "belongs_to")
    return get_object_or_404(mails, pk=pk)


@agents_only
@require_safe
def mail(request: HttpRequest, pk: int) -> HttpResponse:
    """One mail: what became of it and why, what it says as we read it, and what can be done."""
    raw = _find(request, pk)
    content = bytes(raw.content)
    of_mail = raw.inbox.is_of_mail
    read = reading.read(raw) if of_mail and raw.size <= MOST_READ else None
    context = {
        "mail": raw,
        "header_rows": mail_log.header_rows(content) if of_mail else (),
        "laid_out": "" if of_mail else mail_log.laid_out(content[:MOST_SHOWN]),
        "read": read.mail if read else None,
        "unread_because": read.problem if read else _("It is too large to be read for this page."),
        "history": mail_log.history(raw),
        "digest": bytes(raw.sha256).hex(),
        "source_name": mail_log.SOURCES.get(raw.source, raw.source),
        "may_act": agent_of(request).may_reply,
        "rail_current": "settings",
        **mail_log.how_it_stands(raw),
    }
    return render(request, "tickets/intake_mail.html", context)


@agents_only
@require_safe
def source(request: HttpRequest, pk: int) -> HttpResponse:
    """The mail as it travelled, as text in a page of ours: nothing in it is ever HTML."""
    raw = _find(request, pk)
    content = bytes(raw.content[:MOST_SHOWN])
    text = texts.clean(content.decode("utf-8", "replace").replace("\r\n", "\n"))
    context = {"mail": raw, "text": text, "is_cut": raw.size > MOST_SHOWN, "rail_current": "settings"}
    return render(request, "tickets/intake_source.html", context)


@agents_only
@require_safe
def raw_mail(request: HttpRequest, pk: int) -> HttpResponse:
    """The mail, byte for byte, to save."""
    raw = _find(request, pk)
    if raw.said_id and (held := held_among(raw.said_id)):
        return held_page(request, held)
    response = HttpResponse(bytes(raw.content), content_type="application/octet-stream")
    response["Content-Disposition"] = content_disposition_header(True, f"mail-{raw.pk}.eml")
    response["Content-Security-Policy"] = "sandbox; default-src 'none'"
    return response


@agents_only
@require_POST
def replay(request: HttpRequest, pk: int) -> HttpResponse:
    """Read a parked mail again; let a quarantined one in."""
    raw = _to_act(request, pk)
    try:
        if raw.state == RawState.QUARANTINED:
            mail_desk.let_in(raw, actor=agent_of(request))
            messages.success(request, _("It is let in."))
        else:
            mail_desk.read_again(raw, actor=agent_of(request))
            messages.success(request, _("It is being read again."))
    except NotPossible as error:
        messages.error(request, str(error))
    return _back(request, raw)


@agents_only
@require_POST
def dismissal(request: HttpRequest, pk: int) -> HttpResponse:
    """Say that a waiting mail needs nothing."""
    raw = _to_act(request, pk)
    try:
        mail_desk.dismiss(raw, actor=agent_of(request))
        messages.success(request, _("It is dismissed. It stays in this log."))
    except NotPossible as error:
        messages.error(request, str(error))
    return _back(request, raw)


@agents_only
@require_POST
def ticket(request: HttpRequest, pk: int) -> HttpResponse:
    """Say which ticket a mail belongs to."""
    raw = _to_act(request, pk)
    number = texts.number(request.POST.get("ticket", "").strip().lstrip("#"))
    found = Ticket.objects.visible_to(agent_of(request)).filter(pk=number).first() if number else None
    if found is None:
        messages.error(request, _("There is no such ticket, or none that you see."))
        return redirect("intake_mail", pk=pk)
    try:
        intake.assign_to(raw, found, actor=agent_of(request))
        messages.success(request, _("It is being put on ticket #%(number)d.") % {"number": found.pk})
    except NotPossible as error:
        messages.error(request, str(error))
    return _back(request, raw)


def _to_act(request: HttpRequest, pk: int) -> RawMessage:
    raw = _find(request, pk)
    if not agent_of(request).may_reply:
        raise PermissionDenied
    return raw


def _back(request: HttpRequest, raw: RawMessage) -> HttpResponse:
    watching.forget()
    return redirect("intake_log") if request.POST.get("from") == "log" else redirect("intake_mail", pk=raw.pk)
