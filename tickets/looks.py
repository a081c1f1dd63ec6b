"""How an agent likes lists to look: how dense, which columns, which groups, and full width or not."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from helpdesk.models import Agent
from tickets.lists import View

DENSITIES = ("comfortable", "compact")
#: what rows show where nobody chose anything
COLUMNS = ("tags", "assignee")


@dataclass(frozen=True, slots=True)
class Looks:
    """What an agent chose."""

    density: str
    columns: Sequence[str]
    group_by: str
    is_table: bool

    @property
    def is_compact(self) -> bool:
        return self.density == "compact"


def of(agent: Agent) -> Looks:
    """What an agent chose; how it was before anybody chose anything."""
    kept: dict[str, Any] = agent.lists if isinstance(agent.lists, dict) else {}
    columns = kept.get("columns")
    return Looks(
        "compact" if kept.get("density") == "compact" else "comfortable",
        tuple(str(one) for one in columns) if isinstance(columns, list) else COLUMNS,
        str(kept.get("group_by", "")),
        bool(kept.get("table")),
    )


def columns_of(view: View, agent: Agent) -> tuple[str, ...]:
    """What the rows of a list show."""
    return tuple(view.columns or of(agent).columns) or ("",)


def choices(mine: Looks) -> dict[str, Any]:
    """For the small menu above a list."""
    from tickets.view_form import Choice, column_names, group_names

    return {
        "is_compact": mine.density == "compact",
        "is_table": mine.is_table,
        "columns": [Choice(key, label, key in mine.columns) for key, label in column_names()],
        "groups": [Choice(key, label, key == mine.group_by) for key, label in group_names()],
    }
