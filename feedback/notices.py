"""What agents are told of surveys and recoveries."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.db.models import BigIntegerField, Exists, OuterRef, Q
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Cast
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from feedback.models import Department, Recovery
from helpdesk.models import Agent, Event
from tickets import notices
from tickets.models import readers_of, workers_of
from tickets.notices import About, Apart, Kind, Said


def _whose_it_is(event: Event, about: About) -> Iterable[int | None]:
    return (about.ticket.assignee_id,) if event.facts.get("low_score") is not None else ()


def _sentence(said: Said) -> str:
    return _("The customer was not satisfied (%(score)s)") % {"score": said.facts.get("low_score", "")}


notices.kind(
    Kind("low_score", gettext_lazy("My ticket gets a low rating"), ("ticket.marked",), _whose_it_is, _sentence, "frown")
)


# --- recoveries


def _page(facts: Mapping[str, Any]) -> str:
    return reverse("recovery", args=[facts["recovery"]]) if facts.get("recovery") else ""


def _owner(event: Event, about: About) -> Iterable[int | None]:
    return (event.facts.get("owner"),)


def _members(department: int | None) -> Iterable[int]:
    found = Department.members.through.objects.filter(department=department, agent__is_active=True)
    return found.values_list("agent_id", flat=True) if department else ()


def _could_take(event: Event, about: About) -> Iterable[int | None]:
    """While it is nobody's: the members of its department; where it has none, who works in its inbox."""
    facts = event.facts
    if facts.get("owner"):
        return ()
    if facts.get("department"):
        return _members(facts["department"])
    return workers_of(about.ticket.inbox_id).values_list("pk", flat=True)


def _should_act(event: Event, about: About) -> Iterable[int | None]:
    return _owner(event, about) if event.facts.get("owner") else _could_take(event, about)


def _leads(event: Event, about: About) -> Iterable[int | None]:
    # of one about no ticket the notification may hang on a ticket of another inbox
    inbox = Recovery.objects.filter(pk=event.facts.get("recovery")).values_list("inbox", flat=True).first()
    leads = [agent.pk for agent in workers_of(inbox or about.ticket.inbox_id) if agent.is_lead]
    return (*_should_act(event, about), *leads)


def _may_see(event: Event, agents: Iterable[int]) -> Iterable[int]:
    """The reverse of `Recovery.objects.visible_to`."""
    found = Recovery.objects.filter(pk=event.facts.get("recovery") or 0).values_list("inbox", "department").first()
    if found is None:
        return ()
    inbox, department = found
    readers = [one.pk for one in readers_of(inbox).filter(pk__in=agents) if one.may_reply]
    return {*readers, *_members(department)}


def _seen_by(agent: Agent) -> Q:
    pk = Cast(KeyTextTransform("recovery", OuterRef("facts")), BigIntegerField())
    return Q(Exists(Recovery.objects.visible_to(agent).filter(pk=pk)))


def _headings(found: Sequence[Mapping[str, Any]]) -> Sequence[str]:
    asked = Recovery.objects.filter(pk__in={facts.get("recovery") or 0 for facts in found})
    names = {
        one.pk: one.customer.display_name
        for one in asked.select_related("customer").prefetch_related("customer__contact_points")
    }
    return [_("Recovery: %(customer)s") % {"customer": names.get(facts.get("recovery") or 0, "")} for facts in found]


#: members of a department need not see the inbox, and who is asked whether they recommend us may never have written
_APART = Apart(_may_see, _seen_by, _headings)


def _opened(said: Said) -> str:
    if said.verb == "recovery.assigned":
        return _("%(name)s gave you a recovery") % {"name": said.name} if said.name else _("A recovery is yours")
    if said.verb == "recovery.reopened":
        return _("Your recovery is open again")
    return _("A customer was let down: the recovery is yours")


notices.kind(
    Kind(
        "recovery", gettext_lazy("A recovery is given to me"),
        ("recovery.opened", "recovery.assigned", "recovery.reopened"), _owner, _opened, "life-buoy", notices.PUSH,
        is_urgent=True, leads_to=_page, apart=_APART,
    )
)  # fmt: skip
notices.kind(
    Kind(
        "recovery_free", gettext_lazy("A recovery is open that my department or I could take"), ("recovery.opened",),
        _could_take, lambda said: _("A customer was let down, and nobody takes care of it yet"), "life-buoy",
        leads_to=_page, apart=_APART,
    )
)  # fmt: skip
notices.kind(
    Kind(
        "recovery_near", gettext_lazy("A recovery of mine should be taken up soon"), ("recovery.near",), _should_act,
        lambda said: _("A recovery should be taken up within two hours"), "hourglass", notices.PUSH,
        leads_to=_page, apart=_APART,
    )
)  # fmt: skip
notices.kind(
    Kind(
        "recovery_overdue", gettext_lazy("A recovery is overdue"), ("recovery.overdue",), _leads,
        lambda said: _("A recovery is overdue: nobody has spoken with the customer"), "hourglass", notices.PUSH,
        is_urgent=True, leads_to=_page, apart=_APART,
    )
)  # fmt: skip
