"""Settings of accounts: who is a customer, and files of what other systems know of them."""

from typing import Any

from django import forms
from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST

from feedback import account_files
from feedback.account_files import COLUMNS, Unreadable
from feedback.models import AccountImport, Retention
from feedback.operations import account_files as reading
from feedback.tasks import read_account_files
from helpdesk.doorbell import ring
from helpdesk.forms import field_of
from helpdesk.models import Role
from helpdesk.operations.keeping import keep
from helpdesk.pages import Section, agent_of, roles, sections_for, settings_section

admins = roles(Role.ADMIN)
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
        field_of(self, "idle_days").min_value = 1
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
            "organisation; where there is one, value, currency and your own number for it. At most 20 MB and 100,000 "
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
            batch = reading.upload(str(file.name), text, actor=agent_of(request))
        except Unreadable as why:
            form.add_error("file", str(why))
        else:
            return redirect("settings_account_file", batch.pk)
    imports = AccountImport.objects.filter(begun_at__isnull=False).select_related("by").defer("text", "problems")[:50]
    context = {**_around(request, "account_events"), "title": _("Account events"), "form": form, "imports": imports}
    return render(request, "feedback/account_events.html", context, status=422 if form.errors else 200)


@admins
@require_http_methods(["GET", "HEAD", "POST"])
def account_file(request: HttpRequest, pk: int) -> HttpResponse:
    """A file before it is read in: which column means what, and which lines say nothing. Afterwards how it went."""
    batch = AccountImport.objects.select_related("by").filter(pk=pk).first()
    if batch is None or (batch.begun_at is None and batch.by_id != agent_of(request).pk):
        messages.error(request, _("This file is no longer here. Choose it once more."))
        return redirect("settings_account_events")
    if batch.begun_at is not None:
        return _progress(request, batch)
    given = account_files.table(batch.text)
    columns = _columns(request, given.headings)
    found = account_files.understood(given.rows, columns, agent_of(request).zone or "UTC")
    if request.method == "POST" and request.POST.get("do") == "import" and found.news:
        reading.begin(batch, columns, actor=agent_of(request))
        transaction.on_commit(lambda: ring(read_account_files), robust=True)
        return redirect("settings_account_file", batch.pk)
    context = {
        **_around(request, "account_events"), "title": batch.name, "batch": batch, "found": found,
        "choices": [
            {"key": key, "title": title, "at": columns.get(key, -1)} for key, title in COLUMNS.items()
        ],
        "headings": list(enumerate(given.headings)),
        "rows": list(zip(found.lines[:SHOWN], found.news[:SHOWN], strict=True)),
        "problems": found.problems[:SHOWN_PROBLEMS], "more_problems": max(len(found.problems) - SHOWN_PROBLEMS, 0),
        "looked_at": len(given.rows) if len(given.rows) < given.lines else None,
    }  # fmt: skip
    return render(request, "feedback/account_file.html", context)


def _progress(request: HttpRequest, batch: AccountImport) -> HttpResponse:
    context = {
        **_around(request, "account_events"), "batch": batch, "problems": batch.problems[:SHOWN_PROBLEMS * 10],
        "more_problems": max(batch.failed - SHOWN_PROBLEMS * 10, 0),
    }  # fmt: skip
    part = "#progress" if request.headers.get("HX-Request") else ""
    return render(request, f"feedback/account_import.html{part}", context)


@admins
@require_POST
def account_import_undo(request: HttpRequest, pk: int) -> HttpResponse:
    """Take back all that came in a file."""
    reading.take_back(get_object_or_404(AccountImport, pk=pk), actor=agent_of(request))
    transaction.on_commit(lambda: ring(read_account_files), robust=True)
    messages.success(request, _("All that came in this file is taken back."))
    return redirect("settings_account_file", pk)


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


def _around(request: HttpRequest, key: str) -> dict[str, Any]:
    return {"sections": sections_for(agent_of(request)), "section": key, "rail_current": "settings"}
