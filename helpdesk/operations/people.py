"""Who works here: inviting, letting in, leaving, and second factors that were lost."""

import hashlib
import secrets

from allauth.mfa.models import Authenticator
from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from helpdesk import clock
from helpdesk.events import record
from helpdesk.models import Agent, AgentInvitation, ApiToken, House, Role
from helpdesk.operations import sessions


class NotPossible(ValueError):
    """Why it cannot be, in words for people."""


def _digest(secret: str) -> str:
    return hashlib.sha256(f"invitation:{secret}".encode()).hexdigest()


@transaction.atomic
def invite(agent: Agent, *, actor: Agent) -> str:
    """Make the link by which somebody new chooses a password, and return its secret: it is kept nowhere.

    An earlier link of theirs stops working. Raises NotPossible for who is in already, or left.
    """
    agent = Agent.objects.select_for_update().get(pk=agent.pk)
    if agent.has_usable_password() or not agent.is_active:
        raise NotPossible(_("%(name)s needs no invitation.") % {"name": agent})
    again = AgentInvitation.objects.filter(agent=agent, accepted_at=None, revoked_at=None)
    was_invited = bool(again.update(revoked_at=clock.now()))
    secret = secrets.token_urlsafe(32)
    AgentInvitation.objects.create(agent=agent, invited_by=actor, digest=_digest(secret))
    record("agent.invited", agent, actor=actor, again=was_invited)
    return secret


@transaction.atomic
def revoke(agent: Agent, *, actor: Agent) -> None:
    """Let the link work no more. Without an open one nothing changes."""
    if AgentInvitation.objects.filter(agent=agent, accepted_at=None, revoked_at=None).update(revoked_at=clock.now()):
        record("agent.uninvited", agent, actor=actor)


def invited_by_link(secret: str) -> AgentInvitation | None:
    """The invitation of a link that works now."""
    if not 20 <= len(secret) <= 100 or not secret.isascii():
        return None
    found = AgentInvitation.objects.open().filter(digest=_digest(secret), agent__is_active=True)
    return found.select_related("agent", "invited_by").first()


@transaction.atomic
def accept(secret: str, *, password: str, name: str = "") -> Agent:
    """Let somebody in with the password they chose. Raises NotPossible when the link does not work any more."""
    found = invited_by_link(secret)
    locked = AgentInvitation.objects.open().select_for_update().filter(pk=found.pk).first() if found else None
    if locked is None:
        raise NotPossible(_("This invitation no longer works."))
    agent = Agent.objects.select_for_update().get(pk=locked.agent_id)
    agent.set_password(password)
    agent.name = name.strip()[:150] or agent.name
    agent.save(update_fields=["password", "name"])
    locked.accepted_at = clock.now()
    locked.save(update_fields=["accepted_at"])
    record("agent.joined", agent, actor=agent)
    return agent


def hold_with_admins(pk: int) -> Agent:
    """This agent, locked, with all who could be the last admin: two who let each other go at once do it in turn."""
    held = Agent.objects.select_for_update().filter(Q(pk=pk) | Q(role=Role.ADMIN, is_active=True)).order_by("pk")
    return next(one for one in held if one.pk == pk)


@transaction.atomic
def deactivate(agent: Agent, *, actor: Agent | None) -> Agent:
    """Let somebody go: no sign-in, no open session, no key, no invitation. What they wrote stays.

    The floors above hear of it and hand over what they had. Twice is as once. Raises NotPossible for the only admin.
    """
    agent = hold_with_admins(agent.pk)
    if not agent.is_active:
        return agent
    others = Agent.objects.active().filter(role="admin").exclude(pk=agent.pk)
    if agent.is_admin and not others.exists():
        raise NotPossible(_("This is the only admin: make somebody else an admin first."))
    agent.is_active = False
    agent.save(update_fields=["is_active"])
    now = clock.now()
    ended = sessions.end_others(agent)
    keys = ApiToken.objects.filter(agent=agent, revoked_at=None).update(revoked_at=now)
    AgentInvitation.objects.filter(agent=agent, accepted_at=None, revoked_at=None).update(revoked_at=now)
    record("agent.deactivated", agent, actor=actor, sessions=ended, tokens=keys)
    return agent


@transaction.atomic
def reactivate(agent: Agent, *, actor: Agent) -> Agent:
    """Let somebody in again; their password and second factor are as they were."""
    agent = Agent.objects.select_for_update().get(pk=agent.pk)
    if agent.is_active:
        return agent
    agent.is_active = True
    agent.save(update_fields=["is_active"])
    record("agent.reactivated", agent, actor=actor)
    return agent


@transaction.atomic
def reset_second_factor(agent: Agent, *, actor: Agent) -> None:
    """Take off whatever somebody signs in with beside their password, and end their sessions: they lost it."""
    kinds = sorted(set(Authenticator.objects.filter(user=agent).values_list("type", flat=True)))
    if not kinds:
        return
    Authenticator.objects.filter(user=agent).delete()
    sessions.end_others(agent)
    record("agent.second_factor_reset", agent, actor=actor, kinds=kinds)


@transaction.atomic
def go_away(agent: Agent, *, is_away: bool) -> Agent:
    """Say that one is away, or back: others see it before they hand something over."""
    if agent.is_away != is_away:
        agent.is_away = is_away
        agent.save(update_fields=["is_away"])
        record("agent.went_away" if is_away else "agent.came_back", agent, actor=agent)
    return agent


@transaction.atomic
def require_second_factor(*, required: bool, actor: Agent) -> None:
    """Let everybody need a second factor, or nobody."""
    house = House.objects.the()
    if house.requires_second_factor != required:
        house.requires_second_factor = required
        house.save(update_fields=["requires_second_factor"])
        record("house.changed", house, actor=actor, fields=["requires_second_factor"],
               was={"requires_second_factor": not required}, now={"requires_second_factor": required})  # fmt: skip
