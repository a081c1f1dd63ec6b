"""An agent's own keys."""

from collections.abc import Mapping

from django.db import transaction

from helpdesk import keyboard
from helpdesk.events import record
from helpdesk.models import Agent


@transaction.atomic
def choose_keys(agent: Agent, given: Mapping[str, str], *, actor: Agent) -> Agent:
    """Keep the keys an agent chose, by the names of the acts; none is the map as it was. Raises keyboard.Refused."""
    agent = Agent.objects.select_for_update().get(pk=agent.pk)
    keys = keyboard.clean(given)
    if keys == agent.keys:
        return agent
    changed = sorted(name for name in {*keys, *agent.keys} if keys.get(name) != agent.keys.get(name))
    agent.keys = keys
    agent.save(update_fields=["keys"])
    record("agent.keys_chosen", agent, actor=actor, acts=changed)
    return agent
