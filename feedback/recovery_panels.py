"""What tickets and customers show of recoveries: the one that goes on, the last one, sentences between the messages."""

from typing import Any

from django.db.models import F
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from feedback.models import Department, Outcome, ReasonCode, Recovery
from feedback.models.recovery import RecoveryQuerySet
from helpdesk import measures
from helpdesk.keyboard import Act, act
from helpdesk.models import Agent
from tickets import registry
from tickets.models import Customer, Ticket
from tickets.registry import Panel


@registry.ticket_panel
@registry.only_where("EXISTS (SELECT FROM feedback_recovery WHERE ticket_id = t.number)")
def recovery(ticket: Ticket, agent: Agent) -> Panel | None:
    """The recovery of this ticket, where the customer's card does not show the same one."""
    seen = Recovery.objects.visible_to(agent)
    found = _latest(seen.filter(ticket=ticket))
    if found is None or found == _latest(seen.filter(customer=ticket.customer_id)):
        return None
    return _panel(found, is_of_ticket=True)


@registry.customer_panel
@registry.only_where("EXISTS (SELECT FROM feedback_recovery WHERE customer_id = t.customer_id)")
def recoveries(customer: Customer, agent: Agent) -> Panel | None:
    """The customer's recovery that goes on, else the last one."""
    found = _latest(Recovery.objects.visible_to(agent).filter(customer=customer))
    return _panel(found, is_of_ticket=False) if found else None


def _latest(found: RecoveryQuerySet) -> Recovery | None:
    with_all = found.select_related("owner", "reason")
    return with_all.order_by(F("closed_at").desc(nulls_first=True), "-opened_at").first()


def _panel(found: Recovery, *, is_of_ticket: bool) -> Panel:
    return Panel(
        title=_("Recovery"), template="feedback/_recovery_panel.html",
        context={"recovery": found, "is_of_ticket": is_of_ticket},
    )  # fmt: skip


act(
    Act("recovery_spoke", gettext_lazy("I spoke with the customer"), ("c",), needs='[data-act="recovery_spoke"]',
        icon="phone")
)  # fmt: skip
registry.menu_item(registry.MenuItem(gettext_lazy("Open a recovery"), "life-buoy", "recovery_new"))


# --- sentences


def _name(model: Any, pk: int | None) -> str:
    return str(model.objects.filter(pk=pk).first() or "") if pk else ""


@registry.activity("recovery.opened")
def _opened(facts: dict[str, Any]) -> str:
    if owner := _name(Agent, facts.get("owner")):
        return _("A recovery was opened for %(name)s") % {"name": owner}
    return _("A recovery was opened; it is nobody's yet")


@registry.activity("recovery.taken_up")
def _taken_up(facts: dict[str, Any]) -> str:
    return _("The recovery was taken up")


@registry.activity("recovery.put_back")
def _put_back(facts: dict[str, Any]) -> str:
    return _("The recovery waits again: the answer was taken back")


@registry.activity("recovery.assigned")
def _assigned(facts: dict[str, Any]) -> str:
    if owner := _name(Agent, facts.get("owner")):
        return _("The recovery was given to %(name)s") % {"name": owner}
    return _("The recovery is nobody's")


@registry.activity("recovery.explained")
def _explained(facts: dict[str, Any]) -> str:
    said = {
        "reason": _name(ReasonCode, facts.get("reason")), "department": _name(Department, facts.get("department")),
    }  # fmt: skip
    if said["reason"] and said["department"]:
        return _("Reason of the recovery: %(reason)s (%(department)s)") % said
    if said["reason"]:
        return _("Reason of the recovery: %(reason)s") % said
    return _("The reason of the recovery was taken back")


@registry.activity("recovery.overdue")
def _overdue(facts: dict[str, Any]) -> str:
    return _("The recovery is overdue")


@registry.activity("recovery.closed")
def _closed(facts: dict[str, Any]) -> str:
    outcome = facts.get("outcome", "")
    words = Outcome(outcome).label if outcome in Outcome.values else outcome
    return _("The recovery was closed: %(outcome)s") % {"outcome": words}


@registry.activity("recovery.reopened")
def _reopened(facts: dict[str, Any]) -> str:
    return _("The recovery was opened again")


@registry.activity("recovery.joined")
def _joined(facts: dict[str, Any]) -> str:
    return _("Another bad review is a matter of this recovery, too")


@registry.activity("recovery.moved")
def _moved(facts: dict[str, Any]) -> str:
    if "was_customer" in facts:
        return _("The recovery goes with its customer")
    return _("The recovery of ticket #%(was)s goes on here") % {"was": facts.get("was")}


measures.gauge("recoveries_open", "Recoveries that are not over", lambda: Recovery.objects.standing().count())
