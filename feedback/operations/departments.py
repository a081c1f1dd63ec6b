"""Departments and reasons to begin with: most houses can use them, and change what they cannot."""

from django.db import transaction
from django.utils.translation import gettext as _

from feedback.models import Department, ReasonCode
from helpdesk.events import record
from helpdesk.models import Agent


def starters() -> dict[str, list[tuple[str, bool]]]:
    """Departments with their reasons: the name, and whether the service team alone could have prevented it."""
    return {
        _("Service"): [
            (_("The answer took too long"), True),
            (_("The answer did not help"), True),
            (_("I had to explain it again"), True),
            (_("The tone was not right"), True),
        ],
        _("Product"): [
            (_("The product does not work as expected"), False),
            (_("Something is missing in the product"), False),
        ],
        _("Shipping"): [(_("The delivery was late or lost"), False), (_("It arrived damaged or wrong"), False)],
        _("Billing"): [(_("The price or the bill"), False)],
        _("Rules"): [(_("The rules did not allow what I needed"), False)],
    }


@transaction.atomic
def start(*, actor: Agent) -> int:
    """Make the starters, where there is neither a department nor a reason yet. Returns how many reasons were made."""
    if Department.objects.exists() or ReasonCode.objects.exists():
        return 0
    position = 0
    for name, reasons in starters().items():
        department = Department.objects.create(name=name)
        record("department.created", department, actor=actor, fields=["name"])
        for words, in_control in reasons:
            position += 1
            reason = ReasonCode.objects.create(
                name=words, department=department, in_control=in_control, position=position
            )
            record("reasoncode.created", reason, actor=actor, fields=["name", "department", "in_control"])
    return position
