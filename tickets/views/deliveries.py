"""What people do about a mail that did not arrive."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from helpdesk.pages import agent_of, agents_only
from tickets.models import Delivery, Ticket
from tickets.operations import sending
from tickets.operations.status import NotPossible
from tickets.views.shared import after_act, not_possible


def _find(request: HttpRequest, pk: int) -> tuple[Delivery, Ticket]:
    """The delivery and its ticket, if the agent may see that; else 404. Only of what people wrote."""
    seen = Ticket.objects.visible_to(agent_of(request))
    deliveries = Delivery.objects.select_related("mail__ticket__inbox", "mail__inbox").filter(mail__ticket__in=seen)
    delivery = get_object_or_404(deliveries, pk=pk, mail__said__isnull=False)
    assert delivery.mail.ticket is not None
    return delivery, delivery.mail.ticket


def _act(request: HttpRequest, ticket: Ticket, change: Callable[[], object], said: str) -> HttpResponse:
    try:
        change()
    except NotPossible as why:
        return not_possible(request, ticket, str(why))
    return after_act(request, ticket, said, can_undo=False)


@agents_only
@require_POST
def again(request: HttpRequest, pk: int) -> HttpResponse:
    """Send it once more to the same address."""
    delivery, ticket = _find(request, pk)
    return _act(request, ticket, lambda: sending.retry(delivery, actor=agent_of(request)), _("It is sent again"))


@agents_only
@require_POST
def address(request: HttpRequest, pk: int) -> HttpResponse:
    """Send it to the address that was meant; `remember` keeps it as the customer's."""
    delivery, ticket = _find(request, pk)
    given = (request.POST.get(f"address-{pk}") or request.POST.get("address", ""))[:400]
    remember = bool(request.POST.get(f"remember-{pk}") or request.POST.get("remember"))
    return _act(
        request, ticket,
        lambda: sending.correct(delivery, address=given, actor=agent_of(request), remember=remember),
        _("Sent to %(address)s") % {"address": given.strip()},
    )  # fmt: skip
