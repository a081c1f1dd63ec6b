"""Customers: the list, one's profile, and what agents change there."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from helpdesk.models import Agent
from helpdesk.pages import agent_of, agents_only, by_htmx, toast
from tickets import customer_book, fields, registry, texts, twins
from tickets.models import UNSOLVED, ContactPoint, Customer, CustomerMerge, CustomerNote, CustomField, Organisation
from tickets.operations import blocking, customer_notes, customers, organisations
from tickets.operations.customers import AddressTaken
from tickets.operations.merging_customers import standing_for
from tickets.operations.status import NotPossible
from tickets.people_forms import CustomerForm, NewCustomerForm

MOST_SUGGESTED = 500


def find(request: HttpRequest, pk: int) -> Customer:
    """The customer, if the agent may see them; else 404, whether they exist or not."""
    seen = Customer.objects.visible_to(agent_of(request)).select_related("organisation")
    return get_object_or_404(seen.prefetch_related("contact_points"), pk=pk)


def back(request: HttpRequest, fallback: str) -> HttpResponse:
    """To the page the form named, if it is one of ours."""
    wanted = request.POST.get("next", "")
    if wanted and url_has_allowed_host_and_scheme(wanted, {request.get_host()}, require_https=request.is_secure()):
        return redirect(wanted)
    return redirect(fallback)


def done(request: HttpRequest, said: str, fallback: str, *, undo_url: str = "") -> HttpResponse:
    """Say what was done on the page that follows, with a way back where there is one."""
    messages.success(request, said, extra_tags=undo_url)
    return back(request, fallback)


def refused(request: HttpRequest, why: NotPossible, fallback: str) -> HttpResponse:
    """Say why not; nothing was changed."""
    messages.error(request, str(why))
    return back(request, fallback)


@agents_only
@require_safe
def listing(request: HttpRequest) -> HttpResponse:
    """Customers, the newest first, or those that are looked for."""
    agent = agent_of(request)
    words = texts.line(request.GET.get("q", ""), 100)
    organisation = texts.number(request.GET.get("organisation", ""))
    blocked = request.GET.get("blocked") == "1"
    found = customer_book.page(
        agent, words=words, organisation=organisation, blocked=blocked,
        before=texts.number(request.GET.get("before", "")),
    )  # fmt: skip
    query = request.GET.copy()
    query["before"] = str(found.before)
    context = {
        "rows": found.rows, "words": words, "blocked": blocked,
        "organisation": Organisation.objects.visible_to(agent).filter(pk=organisation or 0).first(),
        "is_narrowed": bool(words or organisation or blocked),
        "next_url": f"?{query.urlencode()}" if found.before else "",
        "rail_current": "customers", "section": "customers",
    }  # fmt: skip
    part = "#found" if by_htmx(request) else ""
    return render(request, f"tickets/customers/list.html{part}", context)


@agents_only
@require_http_methods(["GET", "HEAD", "POST"])
def new(request: HttpRequest) -> HttpResponse:
    """Enter somebody who has not written yet."""
    form = NewCustomerForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        try:
            made = customers.create(name=data["name"], address=data["address"], actor=agent_of(request))
        except AddressTaken as taken:
            other = Customer.objects.visible_to(agent_of(request)).filter(pk=taken.other.pk).first()
            if other:
                messages.info(request, _("There is already a customer with this address."))
                return redirect(other)
            form.add_error("address", str(taken))
        except NotPossible as why:
            form.add_error("address", str(why))
        else:
            return redirect(made)
    context = {
        "form": form, "title": _("Add a customer"), "back_url": reverse("customers"), "back_title": _("Customers"),
        "rail_current": "customers", "section": "customers",
    }  # fmt: skip
    return render(request, "tickets/customers/form.html", context, status=422 if form.errors else 200)


@agents_only
@require_safe
def profile(request: HttpRequest, pk: int) -> HttpResponse:
    """One customer: who they are, and all that was said with them. One who is another by now leads there."""
    agent = agent_of(request)
    whoever = get_object_or_404(Customer, pk=pk)
    if whoever.merged_into_id:
        return redirect(find(request, standing_for(whoever).pk))
    customer = find(request, pk)
    timeline = customer_book.timeline(customer, agent, before=texts.number(request.GET.get("before", "")))
    next_url = f"?before={timeline.before}" if timeline.before else ""
    if by_htmx(request) and request.GET.get("part") == "timeline":
        return render(
            request, "tickets/customers/profile.html#moments", {"moments": timeline.moments, "next_url": next_url}
        )
    return render(request, "tickets/customers/profile.html", profile_context(request, customer, timeline, next_url))


def profile_context(
    request: HttpRequest, customer: Customer, timeline: customer_book.Timeline, next_url: str
) -> dict[str, Any]:
    """Everything a profile shows."""
    agent = agent_of(request)
    open_tickets = customer_book.tickets_of([customer], agent).filter(status__in=UNSOLVED)
    return {
        "customer": customer,
        "contact_points": list(customer.contact_points.all()),
        "answers": fields.for_customer(customer),
        "notes": list(customer.notes.standing().select_related("author")),
        "open_tickets": list(open_tickets.select_related("inbox").order_by("-number")[:20]),
        "moments": timeline.moments,
        "next_url": next_url,
        "is_later_page": bool(request.GET.get("before")),
        "panels": registry.customer_panels(customer, agent),
        "merges": list(CustomerMerge.objects.filter(target=customer, undone_at=None).select_related("source", "by")),
        "twins": twins.of(customer, agent) if customer.is_current and agent.may_reply else [],
        "can_change": agent.may_reply and customer.is_current,
        "languages": dict(CustomerForm(None, customer).fields["language"].choices),  # type: ignore[attr-defined]
        "rail_current": "customers",
        "section": "customers",
    }


@agents_only
@require_http_methods(["GET", "HEAD", "POST"])
def edit(request: HttpRequest, pk: int) -> HttpResponse:
    """Name, language, organisation and custom fields."""
    customer, agent = find(request, pk), agent_of(request)
    form = CustomerForm(request.POST or None, customer)
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        try:
            customers.change(
                customer, actor=agent, name=data["name"], language=data["language"],
                organisation=_organisation(data["organisation"], customer, agent), answers=form.answers,
            )  # fmt: skip
            messages.success(request, _("Saved."))
            return redirect(customer)
        except NotPossible as why:
            form.add_error(None, str(why))
    context = {
        "form": form, "title": customer.display_name, "back_url": customer.get_absolute_url(),
        "back_title": customer.display_name, "rail_current": "customers", "section": "customers",
        "organisations": Organisation.objects.visible_to(agent).order_by("name").values_list("name", flat=True)[
            :MOST_SUGGESTED
        ],
    }  # fmt: skip
    return render(request, "tickets/customers/form.html", context, status=422 if form.errors else 200)


def _organisation(name: str, customer: Customer, agent: Agent) -> Organisation | None:
    """The organisation of this name that the agent sees; a new one where there is none."""
    name = texts.line(name, 200)
    if not name:
        return None
    if customer.organisation and customer.organisation.name.casefold() == name.casefold():
        return customer.organisation
    found = Organisation.objects.visible_to(agent).filter(name__iexact=name).first()
    return found or organisations.create(name=name, actor=agent)


@agents_only
@require_POST
def answer(request: HttpRequest, pk: int) -> HttpResponse:
    """Answer one custom field where it is shown."""
    customer, key = find(request, pk), request.POST.get("key", "")
    field = get_object_or_404(CustomField, about=CustomField.About.CUSTOMER, key=key, is_active=True)
    given, error = request.POST.get(f"{fields.PREFIX}{key}", ""), ""
    try:
        customer = customers.change(customer, actor=agent_of(request), answers={key: fields.clean_value(field, given)})
    except ValidationError as wrong:
        error = " ".join(wrong.messages)
    except NotPossible as why:
        error = str(why)
    if not by_htmx(request):
        if error:
            return refused(request, NotPossible(f"{field.name}: {error}"), customer.get_absolute_url())
        return done(request, _("Saved."), customer.get_absolute_url())
    one = fields.Answer(field, given if error else customer.fields.get(key))
    context = {
        "answer": one, "error": error, "action": reverse("customer_answer", args=[pk]), "can_change": True,
        "uid": request.POST.get("uid", ""),
    }  # fmt: skip
    response = render(request, "tickets/_custom_field.html", context, status=422 if error else 200)
    return response if error else toast(response, _("Saved."))


@agents_only
@require_POST
def addresses(request: HttpRequest, pk: int) -> HttpResponse:
    """Add an address. One that is another customer's leads to the question whether they are one person."""
    customer, agent = find(request, pk), agent_of(request)
    try:
        customers.add_address(customer, address=request.POST.get("address", ""), actor=agent)
    except AddressTaken as taken:
        if Customer.objects.visible_to(agent).filter(pk=taken.other.pk).exists():
            messages.info(request, _("Another customer writes from this address. Are they one person?"))
            return redirect(f"{reverse('customer_merge', args=[customer.pk])}?with={taken.other.pk}")
        return refused(request, taken, customer.get_absolute_url())
    except NotPossible as why:
        return refused(request, why, customer.get_absolute_url())
    return done(request, _("Address added"), customer.get_absolute_url())


@agents_only
@require_POST
def address(request: HttpRequest, pk: int, point: int) -> HttpResponse:
    """Verify, doubt or remove an address."""
    customer, agent = find(request, pk), agent_of(request)
    found = get_object_or_404(ContactPoint.objects.select_related("customer"), pk=point, customer=customer)
    act = request.POST.get("act", "")
    try:
        if act == "remove":
            customers.remove_address(found, actor=agent)
            said = _("Address removed")
        elif act in ("verify", "doubt"):
            customers.verify_address(found, actor=agent, is_verified=act == "verify")
            said = _("Marked as really theirs") if act == "verify" else _("Marked as not verified")
        else:
            raise NotPossible(_("Choose what to do with the address."))
    except NotPossible as why:
        return refused(request, why, customer.get_absolute_url())
    return done(request, said, customer.get_absolute_url())


@agents_only
@require_http_methods(["POST", "DELETE"])
def block(request: HttpRequest, pk: int) -> HttpResponse:
    """Block; delete the block to hear them again."""
    customer = find(request, pk)
    wanted = request.GET.get("_method") or request.POST.get("_method")
    removal = request.method == "DELETE" or wanted == "delete"
    try:
        (blocking.unblock if removal else blocking.block)(customer, actor=agent_of(request))
    except NotPossible as why:
        return refused(request, why, customer.get_absolute_url())
    said = _("No longer blocked") if removal else _("Blocked: what they send is spam from now on")
    back_url = reverse("customer_block", args=[pk]) + ("" if removal else "?_method=delete")
    return done(request, said, customer.get_absolute_url(), undo_url=back_url)


@agents_only
@require_POST
def notes(request: HttpRequest, pk: int) -> HttpResponse:
    """Write a note about a customer."""
    customer = find(request, pk)
    try:
        customer_notes.add(customer, text=request.POST.get("text", ""), actor=agent_of(request))
    except NotPossible as why:
        return refused(request, why, customer.get_absolute_url())
    return done(request, _("Note added"), customer.get_absolute_url())


@agents_only
@require_POST
def note(request: HttpRequest, pk: int) -> HttpResponse:
    """Change, pin, unpin, delete or bring back a note about a customer or an organisation."""
    agent = agent_of(request)
    found = get_object_or_404(CustomerNote.objects.select_related("customer", "organisation"), pk=pk)
    about = found.customer or found.organisation
    assert about is not None
    if not type(about).objects.visible_to(agent).filter(pk=about.pk).exists():
        raise Http404
    act, undo = request.GET.get("act") or request.POST.get("act", ""), ""
    try:
        if act == "delete":
            customer_notes.delete(found, actor=agent)
            said, undo = _("Note deleted"), f"{reverse('customer_note', args=[pk])}?act=restore"
        elif act == "restore":
            customer_notes.restore(found, actor=agent)
            said = _("The note is back")
        elif act in ("pin", "unpin"):
            customer_notes.pin(found, actor=agent, is_pinned=act == "pin")
            said = _("Pinned: it stands beside their tickets") if act == "pin" else _("No longer pinned")
        else:
            customer_notes.edit(found, text=request.POST.get("text", ""), actor=agent)
            said = _("Saved.")
    except NotPossible as why:
        return refused(request, why, about.get_absolute_url())
    return done(request, said, about.get_absolute_url(), undo_url=undo)
