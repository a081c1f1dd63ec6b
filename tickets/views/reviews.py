"""Reading reviews in from a file: look at it first, then keep it."""

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_http_methods

from helpdesk.models import Role
from helpdesk.pages import roles
from tickets.channels import handling
from tickets.channels.protocol import Unreadable
from tickets.channels.reviews import csv_file
from tickets.models import ChannelAccount, ChannelMessage, Inbox
from tickets.operations.posting import account_of
from tickets.settings_tabs import Tab, frame

SHOWN, SHOWN_PROBLEMS = 10, 50


class FileForm(forms.Form):
    """A file, or the text of one that was looked at."""

    file = forms.FileField(
        label=gettext_lazy("CSV file"), required=False, max_length=200,
        widget=forms.FileInput({"accept": ".csv,.txt,text/csv"}),
        help_text=gettext_lazy(
            "A line of headings, then a line for each review: source and id; where there is one, stars, title, text, "
            "author, link, language and date. At most 1 MB and 2,000 lines."
        ),
    )  # fmt: skip
    text = forms.CharField(widget=forms.HiddenInput, required=False, strip=False)

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        try:
            if file := data.get("file"):
                data["text"] = csv_file.decoded(file.read(csv_file.MOST_BYTES + 1))
            elif not data.get("text"):
                self.add_error("file", _("Choose a file."))
            elif len(data["text"].encode()) > 2 * csv_file.MOST_BYTES:
                self.add_error("file", _("A file has at most 1 MB. Split it, or tell of the reviews by the API."))
        except Unreadable as why:
            self.add_error("file", str(why))
        return data


@roles(Role.ADMIN)
@require_http_methods(["GET", "HEAD", "POST"])
def page(request: HttpRequest, pk: int) -> HttpResponse:
    """A file before it is read in, with the lines that say nothing; then it is kept, and workers read it."""
    inbox = get_object_or_404(Inbox.objects.filter(channel="reviews", account__isnull=False), pk=pk)
    account = ChannelAccount.objects.select_related("inbox").get(inbox=inbox)
    form = FileForm(request.POST, request.FILES) if request.method == "POST" else FileForm()
    context: dict[str, Any] = {**frame(request, inbox, TAB)}
    if request.method == "POST" and form.is_valid():
        try:
            found = csv_file.read(form.cleaned_data["text"], account_of(inbox))
        except Unreadable as why:
            form.add_error("file", str(why))
        else:
            if "keep" in request.POST:
                return _kept(request, account, found)
            context |= {
                "found": found, "text": form.cleaned_data["text"], "known": _known(inbox, found),
                "shown": found.events[:SHOWN], "problems": found.problems[:SHOWN_PROBLEMS],
                "problems_more": max(len(found.problems) - SHOWN_PROBLEMS, 0),
            }  # fmt: skip
    context["form"] = form
    return render(request, "tickets/settings/reviews.html", context, status=422 if form.errors else 200)


def _known(inbox: Inbox, found: csv_file.Found) -> int:
    """How many of these reviews are here already."""
    names = [f"{event['source']} {event['id']}" for event in found.events]
    return ChannelMessage.objects.filter(inbox=inbox, identifier__in=names).count()


def _kept(request: HttpRequest, account: ChannelAccount, found: csv_file.Found) -> HttpResponse:
    count = handling.keep_all(account, [csv_file.raw_of(event) for event in found.events], source="file")
    messages.success(
        request,
        ngettext("%(n)d review is being read in.", "%(n)d reviews are being read in.", count) % {"n": count}
        if count
        else _("Nothing new: all of these are here already."),
    )
    return redirect("settings_inboxes_reviews", pk=account.inbox_id)


TAB = Tab(
    "reviews", gettext_lazy("Read in"),
    gettext_lazy("Reviews from a file: those that are here already are brought up to date."),
    form=None, view=page, on=lambda inbox: inbox.channel == "reviews" and hasattr(inbox, "account"),
)  # fmt: skip
