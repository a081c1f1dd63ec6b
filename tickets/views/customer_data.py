"""What a customer may ask for by law: a copy of all we keep of them, and to be forgotten."""

from typing import cast

from django.contrib import messages
from django.http import FileResponse, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import pgettext
from django.views.decorators.http import require_http_methods, require_POST

from helpdesk import clock
from helpdesk.pages import agent_of, roles
from tickets import exporting
from tickets.operations import customers, erasing
from tickets.operations.status import NotPossible
from tickets.views.customers import find, refused


@roles()
@require_POST
def export(request: HttpRequest, pk: int) -> HttpResponse:
    """A ZIP of everything of theirs. That it was made is written down."""
    customer = find(request, pk)
    subject = erasing.subject_of(customer)
    archive = exporting.archive(customer, subject)
    customers.note_export(customer, tickets=len(subject.tickets), actor=agent_of(request))
    response = FileResponse(
        archive, as_attachment=True, filename=exporting.filename(customer, clock.now()), content_type="application/zip"
    )
    response["Cache-Control"] = "no-store"
    return cast(HttpResponse, response)  # a stream, which the guards pass on as it is


@roles()
@require_http_methods(["GET", "HEAD", "POST"])
def erase(request: HttpRequest, pk: int) -> HttpResponse:
    """Say exactly what will be gone, and erase once the word is typed."""
    customer, word, error = find(request, pk), pgettext("to be typed", "erase"), ""
    if customer.erased_at:
        return redirect(customer)
    if request.method == "POST":
        if request.POST.get("word", "").strip().casefold() == word.casefold():
            try:
                erasing.erase(customer, actor=agent_of(request))
            except NotPossible as why:
                return refused(request, why, customer.get_absolute_url())
            messages.success(request, _("Erased"))
            return redirect("customers")
        error = _("Type the word as it stands there. Nothing was erased.")
    context = {
        "customer": customer, "found": erasing.inventory(erasing.subject_of(customer)), "word": word, "error": error,
        "rail_current": "customers", "section": "customers",
    }  # fmt: skip
    return render(request, "tickets/customers/erase.html", context, status=422 if error else 200)
