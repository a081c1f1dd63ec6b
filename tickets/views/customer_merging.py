"""Saying that two customers are one person, and that they are not."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from helpdesk.pages import agent_of, agents_only
from tickets import customer_book, texts, twins
from tickets.models import Customer, CustomerMerge
from tickets.operations import merging_customers
from tickets.operations.status import NotPossible
from tickets.views.customers import done, find, refused


@agents_only
@require_http_methods(["GET", "HEAD", "POST"])
def merge(request: HttpRequest, pk: int) -> HttpResponse:
    """Choose who else they are, see what would move, and say so with a reason. Who is shown stays."""
    target, agent = find(request, pk), agent_of(request)
    given = texts.number(request.POST.get("with") or request.GET.get("with", ""))
    seen = Customer.objects.visible_to(agent).select_related("organisation").prefetch_related("contact_points")
    source = get_object_or_404(seen, pk=given) if given else None
    if request.method == "POST":
        if source is None:
            return refused(request, NotPossible(_("Choose the other customer.")), target.get_absolute_url())
        if request.POST.get("keep") == "other":
            source, target = target, source
        try:
            made = merging_customers.merge(source, target, actor=agent, reason=request.POST.get("reason", ""))
        except NotPossible as why:
            return refused(request, why, target.get_absolute_url())
        said = _("%(name)s is %(other)s now") % {"name": source.display_name, "other": target.display_name}
        return done(request, said, target.get_absolute_url(), undo_url=reverse("customer_unmerge", args=[made.pk]))
    words = texts.line(request.GET.get("q", ""), 100)
    rows = customer_book.page(agent, words=words, limit=10).rows if words else []
    context = {
        "customer": target,
        "preview": merging_customers.preview(source, target, agent) if source else None,
        "twins": twins.of(target, agent, most=10),
        "words": words,
        "rows": [row for row in rows if row.customer.pk != target.pk],
        "rail_current": "customers",
        "section": "customers",
    }
    return render(request, "tickets/customers/merge.html", context)


@agents_only
@require_POST
def unmerge(request: HttpRequest, pk: int) -> HttpResponse:
    """Take two apart again."""
    agent = agent_of(request)
    made = get_object_or_404(CustomerMerge.objects.filter(target__in=Customer.objects.visible_to(agent)), pk=pk)
    try:
        customer = merging_customers.unmerge(made, actor=agent)
    except NotPossible as why:
        return refused(request, why, reverse("customer", args=[made.target_id]))
    if not Customer.objects.visible_to(agent).filter(pk=customer.pk).exists():
        return redirect("customer", pk=made.target_id)
    return done(request, _("They are two customers again"), customer.get_absolute_url())
