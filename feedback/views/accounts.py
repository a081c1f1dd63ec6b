"""Settings of accounts: who is a customer, and files of what other systems know of them."""

import secrets
from typing import Any

from django import forms
from django.contrib import messages
from django.core.cache import cache
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_http_methods, require_POST

from feedback import account_files
from feedback.account_files import COLUMNS, Unreadable
from feedback.models import AccountImport, Retention
from feedback.operations import telling
from helpdesk.models import Role
from helpdesk.operations.keeping import keep
from helpdesk.pages import Section, agent_of, roles, sections_for, settings_section

admins = roles(Role.ADMIN)
#: how long a file waits to be looked at, in seconds
WAITS = 3600
SHOWN, SHOWN_PROBLEMS = 10, 50

settings_section(
    Section(
        "retention", gettext_lazy("Retention"),
        gettext_lazy("Who counts as a customer, and from when on they are gone."), "settings_retention",
        group="tickets", words=gettext_lazy("churn loyalty contract"),
    )
)  # fmt: skip
settings_section(
    Section(
        "account_events", gettext_lazy("Account events"),
        gettext_lazy("Who joined, renewed, bought or left, as other systems know it: read it in from a file."),
        "settings_account_events", group="tickets", words=gettext_lazy("CSV import customers"),
    )
)  # fmt: skip


class RetentionForm(forms.ModelForm):
    """How we tell who is still a customer."""

    class Meta:
        model = Retention
        fields = ["mode", "idle_days"]
        widgets = {"mode": forms.RadioSelect}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["idle_days"].min_value = 1  # type: ignore[attr-defined]
        self.fields["idle_days"].help_text = _("Without a contract: so many days after the last event or ticket.")

    def clean_idle_days(self) -> int:
        days = self.cleaned_data["idle_days"]
        if not 1 <= days <= 3650:
            raise forms.ValidationError(_("A number from 1 to 3650."))
        return days


class FileForm(forms.Form):
    file = forms.FileField(
        label=gettext_lazy("CSV file"), max_length=200,
        help_text=gettext_lazy(
            "A line of headings, then a line for each event: kind, date, and the mail address of the customer or the "
            "organisation; where there is one, value, currency and your own number for it. At most 5 MB and 10,000 "
            "lines."
        ),
        widget=forms.FileInput({"accept": ".csv,.txt,text/csv"}),
    )  # fmt: skip


@admins
@require_http_methods(["GET", "HEAD", "POST"])
def retention(request: HttpRequest) -> HttpResponse:
    """Who counts as a customer."""
    form = RetentionForm(request.POST or None, instance=Retention.of_the_house())
    if request.method == "POST" and form.is_valid():
        keep(form, actor=agent_of(request))
        messages.success(request, _("Saved."))
        return redirect("settings_retention")
    context = {
        **_around(request, "retention"), "form": form, "title": _("Retention"),
        "about": _("Who counts as a customer in the reports, and from when on they are gone."),
    }  # fmt: skip
    return render(request, "helpdesk/settings/form.html", context, status=422 if form.errors else 200)


@admins
@require_http_methods(["GET", "HEAD", "POST"])
def account_events(request: HttpRequest) -> HttpResponse:
    """The files that were read in, and a new one."""
    form = FileForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        file = form.cleaned_data["file"]
        try:
            text = account_files.decoded(file.read(account_files.MOST_BYTES + 1))
            account_files.table(text)
        except Unreadable as why:
            form.add_error("file", str(why))
        else:
            token = secrets.token_urlsafe(12)
            cache.set(_key(request, token), {"name": str(file.name)[:200], "text": text}, WAITS)
            return redirect("settings_account_file", token)
    imports = AccountImport.objects.select_related("by")[:50]
    context = {**_around(request, "account_events"), "form": form, "imports": imports}
    return render(request, "feedback/account_events.html", context, status=422 if form.errors else 200)


@admins
@require_http_methods(["GET", "HEAD", "POST"])
def account_file(request: HttpRequest, token: str) -> HttpResponse:
    """What a file says before it is read in: which column means what, and which lines say nothing."""
    kept = cache.get(_key(request, token))
    if kept is None:
        messages.error(request, _("This file is no longer here. Choose it once more."))
        return redirect("settings_account_events")
    given = account_files.table(kept["text"])
    columns = _columns(request, given.headings)
    found = account_files.understood(given, columns, agent_of(request).zone or "UTC")
    if request.method == "POST" and request.POST.get("do") == "import" and found.news:
        batch = telling.take_in(found.news, name=kept["name"], source="csv", actor=agent_of(request))
        cache.delete(_key(request, token))
        said = ngettext("%(n)s event is read in.", "%(n)s events are read in.", batch.told) % {"n": batch.told}
        if batch.known:
            said += " " + _("%(n)s were known already.") % {"n": batch.known}
        messages.success(request, said)
        return redirect("settings_account_events")
    context = {
        **_around(request, "account_events"), "name": kept["name"], "found": found,
        "choices": [
            {"key": key, "title": title, "at": columns.get(key, -1)} for key, title in COLUMNS.items()
        ],
        "headings": list(enumerate(given.headings)),
        "rows": list(zip(found.lines[:SHOWN], found.news[:SHOWN], strict=True)),
        "problems": found.problems[:SHOWN_PROBLEMS], "more_problems": max(len(found.problems) - SHOWN_PROBLEMS, 0),
    }  # fmt: skip
    return render(request, "feedback/account_file.html", context)


@admins
@require_POST
def account_import_undo(request: HttpRequest, pk: int) -> HttpResponse:
    """Take back all that came in a file."""
    telling.take_back(get_object_or_404(AccountImport, pk=pk), actor=agent_of(request))
    messages.success(request, _("All that came in this file counts no more."))
    return redirect("settings_account_events")


def _columns(request: HttpRequest, headings: Any) -> dict[str, int]:
    """As chosen on the page, else as the headings say."""
    if request.method != "POST":
        return account_files.guessed(headings)
    chosen: dict[str, int] = {}
    for key in COLUMNS:
        text = request.POST.get(f"column_{key}", "")
        if text.isascii() and text.isdigit() and len(text) < 4 and int(text) < len(headings):
            chosen[key] = int(text)
    return chosen


def _key(request: HttpRequest, token: str) -> str:
    return f"account_file:{agent_of(request).pk}:{token}"


def _around(request: HttpRequest, key: str) -> dict[str, Any]:
    return {"sections": sections_for(agent_of(request)), "section": key, "rail_current": "settings"}
