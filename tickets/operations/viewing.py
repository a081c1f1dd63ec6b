"""Saved views: making, changing, sharing and deleting them, and where an agent puts them."""

from collections.abc import Sequence
from typing import Any

from django.db import transaction
from django.db.models import F
from django.db.models.functions import Least
from django.utils.translation import gettext as _

from helpdesk.events import record
from helpdesk.models import Agent, Event, Team
from tickets import conditions as language
from tickets import texts
from tickets.lists import BY_KEY, CHOOSABLE, forget
from tickets.models import SavedView, ViewPlace
from tickets.operations import locking
from tickets.operations.status import NotPossible

Scope = SavedView.Scope
#: more than that nobody finds anything in
MOST = 100
#: where a view stands that nobody put anywhere
LAST = 1000
GROUPS = ("", "inbox", "assignee", "priority", "type", "day")
COLUMNS = ("tags", "assignee", "inbox", "priority", "type", "status", "created")


def may_share(agent: Agent) -> bool:
    """Whether they may make views for a team or for everyone."""
    return agent.is_lead


def may_change(view: SavedView, agent: Agent) -> bool:
    """One's own, and those others share where one may share oneself."""
    if view.scope == Scope.PRIVATE:
        return view.owner_id == agent.pk
    return may_share(agent)


@transaction.atomic
def save(
    *, actor: Agent, name: str, conditions: Any, order: str = "waiting", scope: str = Scope.PRIVATE,
    team: Team | None = None, group_by: str = "", columns: Sequence[str] = (), query: str = "",
) -> SavedView:  # fmt: skip
    """Keep a list under a name. Raises NotPossible in words for people."""
    if SavedView.objects.filter(owner=actor).count() >= MOST:
        raise NotPossible(_("You have %(most)d views already. Delete one first.") % {"most": MOST})
    view = SavedView(owner=actor)
    _fill(view, actor, name, conditions, order, scope, team, group_by, columns, query)
    view.save()
    forget()
    record("view.saved", view, actor=actor, **_facts(view))
    return view


@transaction.atomic
def change(
    view: SavedView, *, actor: Agent, name: str, conditions: Any, order: str = "waiting", scope: str = Scope.PRIVATE,
    team: Team | None = None, group_by: str = "", columns: Sequence[str] = (), query: str = "",
) -> SavedView:  # fmt: skip
    """Change what a view is called, lists, and who sees it. Raises NotPossible, also for who may not."""
    view = _mine(view, actor)
    was = _facts(view)
    _fill(view, actor, name, conditions, order, scope, team, group_by, columns, query)
    if _facts(view) == was:
        return view
    view.save()
    forget()
    record("view.changed", view, actor=actor, was=was, **_facts(view))
    if (was["scope"], was["team"]) != (view.scope, view.team_id):
        record("view.shared", view, actor=actor, was=was["scope"], to=str(view.scope), team=view.team_id)
    return view


def share(view: SavedView, *, scope: str, team: Team | None = None, actor: Agent) -> SavedView:
    """Let a team or everyone see it, or nobody else."""
    return change(
        view, actor=actor, name=view.name, conditions=view.conditions, order=view.order, scope=scope, team=team,
        group_by=view.group_by, columns=view.columns, query=view.query,
    )  # fmt: skip


@transaction.atomic
def delete(view: SavedView, *, actor: Agent) -> Event:
    """Delete a view. The event it returns is what `restore` wants."""
    view = _mine(view, actor)
    event = record("view.deleted", view, actor=actor, owner=view.owner_id, **_facts(view))
    view.delete()
    forget()
    return event


@transaction.atomic
def restore(event: Event, *, actor: Agent) -> SavedView:
    """Take a deletion of one's own back. Restoring twice is restoring once. Raises NotPossible."""
    if event.verb != "view.deleted" or event.actor_id != actor.pk:
        raise NotPossible(_("That cannot be undone."))
    locking.hold(f"view {event.subject_id}")  # two who restore it at once restore it once
    there = SavedView.objects.filter(pk=event.subject_id).first()
    if there is not None:
        return there
    facts = {name: value for name, value in event.facts.items() if name not in ("owner", "team")}
    if not Agent.objects.filter(pk=event.facts["owner"]).exists():
        raise NotPossible(_("That cannot be undone."))
    team = Team.objects.filter(pk=event.facts["team"]).first()
    scope = facts["scope"] if team or facts["scope"] != Scope.TEAM else Scope.PRIVATE
    if scope != Scope.PRIVATE and not may_share(actor):
        raise NotPossible(_("Leads and admins make views for others. Yours can be private."))
    view = SavedView(pk=event.subject_id, owner_id=event.facts["owner"], team=team, **{**facts, "scope": scope})
    view.save(force_insert=True)
    forget()
    record("view.restored", view, actor=actor, event=event.pk)
    return view


@transaction.atomic
def arrange(agent: Agent, keys: Sequence[str]) -> None:
    """Put the agent's views in this order; those not named come after them."""
    known = [key for key in dict.fromkeys(keys) if _is_key(key)][: MOST * 3]
    if known == list(ViewPlace.objects.filter(agent=agent, view__in=known).order_by("position", "pk").values_list(
        "view", flat=True
    )):  # fmt: skip
        return
    others = ViewPlace.objects.filter(agent=agent).exclude(view__in=known)
    others.update(position=Least(F("position") + len(known), LAST))
    ViewPlace.objects.bulk_create(
        [ViewPlace(agent=agent, view=key, position=at) for at, key in enumerate(known)],
        update_conflicts=True, unique_fields=["agent", "view"], update_fields=["position"],
    )  # fmt: skip
    forget()
    record("view.arranged", agent, actor=agent, views=known)


@transaction.atomic
def place(agent: Agent, key: str, *, is_pinned: bool | None = None, is_hidden: bool | None = None) -> ViewPlace:
    """Pin a view to the top of the agent's own list, or hide it there. None leaves it as it is."""
    if not _is_key(key):
        raise NotPossible(_("There is no such view."))
    there, _is_new = ViewPlace.objects.select_for_update().get_or_create(
        agent=agent, view=key, defaults={"position": LAST}
    )
    was = (there.is_pinned, there.is_hidden)
    there.is_pinned = there.is_pinned if is_pinned is None else is_pinned
    there.is_hidden = there.is_hidden if is_hidden is None else is_hidden
    if (there.is_pinned, there.is_hidden) != was:
        there.save(update_fields=["is_pinned", "is_hidden"])
        forget()
        record("view.placed", agent, actor=agent, view=key, pinned=there.is_pinned, hidden=there.is_hidden)
    return there


def _is_key(key: str) -> bool:
    return key in BY_KEY or (key.isascii() and key.isdigit() and len(key) <= 18)


def _mine(view: SavedView, actor: Agent) -> SavedView:
    """The view, ours alone until the transaction ends, if the actor may change it."""
    found = SavedView.objects.select_for_update().filter(pk=view.pk).first()
    if found is None:
        raise NotPossible(_("This view was deleted."))
    if not may_change(found, actor):
        raise NotPossible(_("This view is shared. Leads and admins change it; you can save a copy for yourself."))
    return found


def _fill(
    view: SavedView, actor: Agent, name: str, conditions: Any, order: str, scope: str, team: Team | None,
    group_by: str, columns: Sequence[str], query: str,
) -> None:  # fmt: skip
    name = texts.line(name, 80)
    if not name:
        raise NotPossible(_("A view needs a name."))
    if scope not in Scope.values:
        raise NotPossible(_("Choose who sees it."))
    if scope != Scope.PRIVATE and not may_share(actor):
        raise NotPossible(_("Leads and admins make views for others. Yours can be private."))
    if scope == Scope.TEAM and team is None:
        raise NotPossible(_("Choose the team that sees it."))
    if order not in CHOOSABLE or group_by not in GROUPS:
        raise NotPossible(_("Choose one of the orders and groupings."))
    try:
        view.conditions = language.clean(conditions)
    except language.BadCondition as why:
        raise NotPossible(str(why)) from why
    view.name, view.order, view.scope, view.group_by = name, order, scope, group_by
    view.team = team if scope == Scope.TEAM else None
    view.columns = [one for one in columns if one in COLUMNS or one.startswith("field:")][:20]
    view.query = texts.line(query, 300)


def _facts(view: SavedView) -> dict[str, Any]:
    return {
        "name": view.name, "conditions": view.conditions, "order": view.order, "scope": str(view.scope),
        "team": view.team_id, "group_by": view.group_by, "columns": list(view.columns), "query": view.query,
    }  # fmt: skip
