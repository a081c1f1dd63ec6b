"""How an agent likes lists to look."""

from collections.abc import Sequence

from django.db import transaction
from django.utils.translation import gettext as _

from helpdesk.events import record
from helpdesk.models import Agent
from tickets.looks import DENSITIES
from tickets.operations.status import NotPossible
from tickets.operations.viewing import COLUMNS, GROUPS


@transaction.atomic
def choose(agent: Agent, *, density: str, columns: Sequence[str], group_by: str, is_table: bool) -> Agent:
    """Keep an agent's taste in lists. Raises NotPossible for what is none."""
    if density not in DENSITIES or group_by not in GROUPS:
        raise NotPossible(_("Choose one of the orders and groupings."))
    agent = Agent.objects.select_for_update().get(pk=agent.pk)
    shown = [one for one in columns if one in COLUMNS or one.startswith("field:")][:20]
    kept = {**agent.lists, "density": density, "columns": shown, "group_by": group_by, "table": is_table}
    if agent.lists != kept:
        agent.lists = kept
        agent.save(update_fields=["lists"])
        record("agent.lists_changed", agent, actor=agent, density=density, columns=shown, group_by=group_by)
    return agent
