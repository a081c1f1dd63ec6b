"""Ending sessions: one's own elsewhere, or everybody's of somebody who left."""

from allauth.usersessions.models import UserSession
from django.contrib.sessions.models import Session
from django.db import transaction

from helpdesk.events import record
from helpdesk.models import Agent


@transaction.atomic
def end_others(agent: Agent, *, keeping: str | None = None) -> int:
    """End an agent's sessions but for the one of this key. Returns how many ended."""
    open_ones = UserSession.objects.filter(user=agent).exclude(session_key=keeping or "")
    keys = list(open_ones.values_list("session_key", flat=True))
    ended = Session.objects.filter(session_key__in=keys).delete()[0]
    open_ones.delete()
    return ended


@transaction.atomic
def end(session: UserSession, *, actor: Agent) -> None:
    """End one session; ending it twice is ending it once."""
    Session.objects.filter(session_key=session.session_key).delete()
    agent = Agent.objects.get(pk=session.user_id)
    if session.pk and UserSession.objects.filter(pk=session.pk).delete()[0]:
        record("agent.signed_out", agent, actor=actor, elsewhere=True)
