"""The ground floor's tables."""

from helpdesk.models.agent import Agent, Role
from helpdesk.models.api import ApiToken, IdempotencyKey
from helpdesk.models.calendar import Calendar, CalendarVersion, SpecialDay
from helpdesk.models.event import Event, PendingEvent
from helpdesk.models.file import File
from helpdesk.models.house import House
from helpdesk.models.invitation import AgentInvitation
from helpdesk.models.slot import Slot
from helpdesk.models.team import Team

__all__ = [
    "Agent", "AgentInvitation", "ApiToken", "Calendar", "CalendarVersion", "Event", "File", "House", "IdempotencyKey",
    "PendingEvent", "Role", "Slot", "SpecialDay", "Team",
]  # fmt: skip
