"""The audit log, on a page and as a file."""

import csv
import io
from collections.abc import Iterator
from typing import Any, cast
from urllib.parse import urlencode

from django import forms
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from helpdesk import auditing
from helpdesk.forms import field_of
from helpdesk.models import Agent
from helpdesk.pages import agent_of, roles, sections_for

MOST_ROWS = 100_000


class AskForm(forms.Form):
    """What to look for."""

    who = forms.ModelChoiceField(
        label=gettext_lazy("Who"), queryset=Agent.objects.all(), required=False, empty_label=gettext_lazy("anybody")
    )
    kind = forms.ChoiceField(label=gettext_lazy("What"), required=False)
    since = forms.DateField(label=gettext_lazy("From"), required=False, widget=forms.DateInput(attrs={"type": "date"}))
    until = forms.DateField(label=gettext_lazy("Until"), required=False, widget=forms.DateInput(attrs={"type": "date"}))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        kinds = sorted(auditing.KINDS.items(), key=lambda one: str(one[1]))
        field_of(self, "kind").choices = [("", _("everything")), *kinds]

    @property
    def asked(self) -> auditing.Asked:
        """As the log takes it; what is no answer is not asked."""
        self.is_valid()
        data = self.cleaned_data
        who = data.get("who")
        return auditing.Asked(who.pk if who else None, data.get("kind", ""), data.get("since"), data.get("until"))


@roles()
@require_safe
def audit(request: HttpRequest) -> HttpResponse:
    """Who changed what, the latest first."""
    form = AskForm(request.GET)
    before = request.GET.get("before", "")
    entries, following = auditing.page(
        form.asked, before=int(before) if before.isdecimal() and len(before) < 19 else None
    )
    asked = {key: value for key, value in request.GET.items() if key in form.fields and value}
    context = {
        "sections": sections_for(agent_of(request)), "section": "audit", "title": _("Audit log"), "form": form,
        "about": _("Who changed what, and who signed in. Nothing here can be changed."), "rail_current": "settings",
        "entries": entries, "next_url": f"?{urlencode({**asked, 'before': following})}" if following else "",
        "csv_url": f"{reverse('settings_audit_csv')}?{urlencode(asked)}", "is_narrowed": bool(asked),
    }  # fmt: skip
    return render(request, "helpdesk/settings/audit.html", context)


@roles()
@require_safe
def export(request: HttpRequest) -> HttpResponse:
    """The same as a file for spreadsheets."""
    answer = StreamingHttpResponse(_rows(AskForm(request.GET).asked), content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = 'attachment; filename="audit-log.csv"'
    return cast(HttpResponse, answer)


def _rows(asked: auditing.Asked) -> Iterator[str]:
    yield _line(["time", "who", "event", "subject", "details"])
    before, written = None, 0
    while written < MOST_ROWS:
        entries, before = auditing.page(asked, before=before, limit=500)
        for entry in entries:
            at = timezone.localtime(entry.at).isoformat(timespec="seconds")
            yield _line([at, entry.actor, entry.verb, entry.subject, "; ".join(entry.details)])
        written += len(entries)
        if before is None:
            return


def _line(cells: list[str]) -> str:
    out = io.StringIO()
    # what begins like a formula is one to a spreadsheet
    csv.writer(out).writerow([f"'{cell}" if cell[:1] in "=+-@\t\r" and cell else cell for cell in cells])
    return out.getvalue()
