"""What an agent may see, said in `visible_to`'s own words that are put together once."""

from helpdesk.models import Agent, Role
from helpdesk.prepared import Statement
from tickets.models import Inbox


def inbox_ids(agent: Agent) -> list[int]:
    """The inboxes an agent sees."""
    if not is_usual(agent):
        return list(Inbox.objects.visible_to(agent).order_by("pk").values_list("pk", flat=True))
    return [pk for (pk,) in (_all_inboxes.rows() if agent.is_admin else _inboxes_seen.rows(agent.pk))]


def is_usual(agent: Agent) -> bool:
    """Whether what they may see is said in the same words as for everybody: `visible_to`, put together once."""
    return agent.is_active and agent.limited_to is None


def somebody(pk: int) -> Agent:
    """Anybody who is no admin, as `visible_to` takes them."""
    return Agent(pk=pk, role=Role.AGENT)


_all_inboxes = Statement(lambda place: Inbox.objects.order_by("pk").values_list("pk"))
_inboxes_seen = Statement(
    lambda place: Inbox.objects.visible_to(somebody(place(int))).order_by("pk").values_list("pk")
)  # fmt: skip
