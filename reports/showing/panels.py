"""What the pages of customers and organisations show of reports: how they stand, and the way to their timeline."""

from datetime import date
from typing import Any

from django.urls import reverse
from django.utils import formats
from django.utils.translation import gettext as _

from feedback import accounts
from feedback.accounts import Rule, Span
from feedback.models import Invitation, Response, SurveyKind
from helpdesk import clock
from helpdesk.models import Agent
from reports import periods
from reports.counting.loyalty_figures import PLAN
from tickets import registry
from tickets.models import Customer, Organisation
from tickets.registry import Panel


@registry.customer_panel
@registry.only_where(
    "EXISTS (SELECT FROM feedback_accountevent e WHERE e.customer_id = t.customer_id) OR EXISTS (SELECT FROM"
    " tickets_customer o JOIN feedback_accountevent e ON e.organisation_id = o.organisation_id"
    " WHERE o.id = t.customer_id)"
)
def standing(customer: Customer, agent: Agent) -> Panel | None:
    """Since when they are a customer, by which plan, what they last answered, and their timeline."""
    rule = Rule.of_the_house(agent.zone or "UTC")
    known = [] if rule.is_proxy else accounts.spans_of(customer, rule)
    plan = str(customer.fields.get(PLAN) or (customer.organisation.fields.get(PLAN) if customer.organisation else ""))
    seen = Invitation.objects.visible_to(agent).filter(
        customer=customer, survey__kind=SurveyKind.NPS, survey__is_anonymous=False
    )
    given = Response.objects.filter(invitation__in=seen, is_doubtful=False).order_by("-answered_at")
    answer = given.values_list("score", "answered_at").first()
    url = reverse("report_customer", args=[customer.pk]) if agent.may_reply else ""
    return _panel(known, rule, plan or "", answer, url)


@registry.organisation_panel
def standing_of_organisation(organisation: Organisation, agent: Agent) -> Panel | None:
    """Since when it is a customer, by which plan, and its people's timeline."""
    rule = Rule.of_the_house(agent.zone or "UTC")
    url = reverse("report_organisation", args=[organisation.pk]) if agent.may_reply else ""
    known = accounts.spans_of_organisation(organisation, rule)
    return _panel(known, rule, str(organisation.fields.get(PLAN) or ""), None, url)


def _panel(known: list[Span], rule: Rule, plan: str, answer: Any, url: str) -> Panel | None:
    context = {"state": _state(known, periods.local_day(clock.now(), rule.zone)), "plan": plan, "answer": answer,
               "timeline_url": url}  # fmt: skip
    return Panel(_("Account"), "reports/_account.html", context) if any(context.values()) else None


def _state(known: list[Span], today: date) -> str:
    """How they stand, in words; nothing where nobody told."""
    if not known:
        return ""
    since, until = known[-1]
    if since > today:
        return _("a customer from %(day)s on") % {"day": formats.date_format(since, "DATE_FORMAT")}
    if until is not None and until <= today:
        return _("no customer since %(day)s") % {"day": formats.date_format(until, "DATE_FORMAT")}
    said = _("a customer since %(day)s") % {"day": formats.date_format(since, "DATE_FORMAT")}
    if len(known) > 1:
        first = formats.date_format(known[0][0], "DATE_FORMAT")
        said += _(", with a break; first on %(day)s") % {"day": first}
    return said
