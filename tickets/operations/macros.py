"""Saved replies and macros: text with fields, and acts that are done with it.

A field is replaced by its value once, and what the value says is never read again. Acts are those of
`tickets.operations.acting`; with text they wait in the draft and are done with the message, in one transaction.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from html import escape, unescape
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db import transaction
from django.db.models import F, OuterRef, Q
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from helpdesk import clock
from helpdesk.events import record
from helpdesk.models import Agent, Role
from tickets import rich_text, texts
from tickets.models import Inbox, Macro, MacroUse, MessageKind, Ticket
from tickets.operations import acting
from tickets.operations.status import NotPossible

FIELDS = (
    "customer.first_name", "customer.name", "agent.first_name", "agent.name", "ticket.number", "ticket.subject",
    "inbox.name",
)  # fmt: skip
MOST_ACTIONS, MOST_NAME = 10, 80
#: so long a use counts for the ranking
LATELY = timedelta(days=90)
#: and so many of each macro count, however often it was used
MOST_USES = 20
_FIELD = re.compile(r"\{\{\s*([a-z_.]{1,40})\s*(?:\|([^{}|<>]{0,80}))?\}\}")
_BRACES = re.compile(r"\{\{([^{}]*)\}?\}?")
_WORD = re.compile(r"[^\W\d_]{4,}")
#: said in any letter, whatever it is about
_SAID_ANYWHERE = frozenset(
    "about after also answer been before dear from have hello here just know like more only please regards "
    "thank thanks that them then there they this what when where which will with would your".split()
)


@dataclass(frozen=True, slots=True)
class Rendered:
    """A macro's text for one ticket."""

    text: str
    html: str


@dataclass(slots=True)
class Ranked:
    """A macro with how well it fits a ticket, and why, in words."""

    macro: Macro
    score: float = 0
    why: list[str] = field(default_factory=list)


@transaction.atomic
def save(
    macro: Macro | None, *, actor: Agent, name: str, html: str = "", actions: Sequence[Any] = (),
    inboxes: Iterable[Inbox] | None = None, is_own: bool | None = None,
) -> Macro:  # fmt: skip
    """Keep a macro, a new one for None. `is_own` makes a new one the actor's alone; only leads share with everybody.

    Raises NotPossible without a name, with neither text nor acts, for a field or an act that is none, and for who may
    not change it.
    """
    macro = Macro.objects.select_for_update(of=("self",)).get(pk=macro.pk) if macro else Macro()
    is_new = macro.pk is None
    if is_new:
        macro.owner = actor if is_own or (is_own is None and not may_share(actor)) else None
    must_be_allowed(macro, actor)
    name, html = texts.line(name, MOST_NAME), _without_pictures(rich_text.clean(html))
    wanted = {"name": name, "html": html if rich_text.to_text(html) else "", "actions": _acts(actions)}
    if not name:
        raise NotPossible(_("Give it a name."))
    if not wanted["html"] and not wanted["actions"]:
        raise NotPossible(_("It has neither text nor actions yet."))
    check_fields(html)
    changed = sorted(key for key, value in wanted.items() if is_new or getattr(macro, key) != value)
    for key, value in wanted.items():
        setattr(macro, key, value)
    macro.save()
    if inboxes is not None and {one.pk for one in inboxes} != set(macro.inboxes.values_list("pk", flat=True)):
        macro.inboxes.set(inboxes)
        changed.append("inboxes")
    if changed:
        record("macro.saved", macro, actor=actor, macro=macro.pk, name=macro.name, fields=changed)
    return macro


@transaction.atomic
def delete(macro: Macro, *, actor: Agent) -> None:
    """Throw a macro away. What was written with it stays. Raises NotPossible for who may not."""
    found = Macro.objects.select_for_update(of=("self",)).filter(pk=macro.pk).first()
    if found is None:
        return
    must_be_allowed(found, actor)
    record("macro.deleted", found, actor=actor, macro=found.pk, name=found.name)
    found.delete()


def may_share(agent: Agent) -> bool:
    """Whether an agent may write what everybody uses."""
    return agent.role in (Role.ADMIN, Role.LEAD)


def must_be_allowed(macro: Macro, actor: Agent) -> None:
    """Raise NotPossible for who may not change it: one's own, or everybody's by a lead."""
    if macro.owner_id != actor.pk and not (macro.owner_id is None and may_share(actor)):
        raise NotPossible(_("Only leads and admins change what everybody uses."))


def _acts(actions: Sequence[Any]) -> list[dict[str, Any]]:
    if len(actions) > MOST_ACTIONS:
        raise NotPossible(_("At most %(most)s actions go with one macro.") % {"most": MOST_ACTIONS})
    return [acting.clean(act) for act in actions]


def _without_pictures(html: str) -> str:
    return re.sub(r"<img[^>]*>", "", html)


def check_fields(html: str) -> None:
    """Raise NotPossible for a field nobody knows, and for one that is broken by bold words and the like."""
    known = {found[0] for found in _FIELD.finditer(html) if found[1] in FIELDS}
    for braces in _BRACES.finditer(html):
        if braces[0] not in known:
            said = texts.line(rich_text.to_text(braces[0]), 60)
            raise NotPossible(_("%(field)s is no field. Fields are: %(known)s.") % {
                "field": said, "known": ", ".join(f"{{{{{name}}}}}" for name in FIELDS),
            })  # fmt: skip


def values(ticket: Ticket, agent: Agent) -> dict[str, str]:
    """What each field says on a ticket; "" where nobody knows."""
    name = texts.line(ticket.customer.name, 100)
    return {
        "customer.name": name,
        "customer.first_name": name.split(" ")[0],
        "agent.name": agent.name,
        "agent.first_name": agent.name.split(" ")[0],
        "ticket.number": str(ticket.number),
        "ticket.subject": texts.line(ticket.subject),
        "inbox.name": ticket.inbox.sender_name or ticket.inbox.name,
    }


def render(macro: Macro, ticket: Ticket, agent: Agent) -> Rendered:
    """A macro's text with its fields filled in, for this agent on this ticket."""
    known = values(ticket, agent)

    def fill(found: re.Match[str]) -> str:
        return escape(known.get(found[1], "") or unescape(found[2] or "").strip())

    text, html = rich_text.read(_FIELD.sub(fill, macro.html))
    return Rendered(text, html)


def described(acts: Iterable[Any]) -> list[dict[str, Any]]:
    """Acts with how they are said; those that speak of what is gone are left out."""
    found = []
    for act in acts:
        try:
            found.append({"act": acting.clean(act), "words": acting.describe(act)})
        except NotPossible:
            continue
    return found


# --- which one fits


def rank(ticket: Ticket, agent: Agent, *, most: int = 200) -> list[Ranked]:
    """The macros an agent may use on a ticket, those that fit it best first.

    What counts: words in common with the subject (2 each) and with what the customer wrote last (1 each, at most 4),
    a tag of the ticket in its name (3), that it is for this inbox (1), that the agent used it lately (½ each time, at
    most 3) and that others did (a tenth each time, at most 1). Equal ones stand in the order of the alphabet.
    """
    uses = MacroUse.objects.filter(macro=OuterRef("pk"), at__gte=clock.now() - LATELY).values("pk")
    found = (
        Macro.objects.visible_to(agent)
        .filter(Q(inboxes=None) | Q(pk__in=Macro.inboxes.through.objects.filter(inbox=ticket.inbox_id).values("macro")))
        .annotate(
            mine=ArraySubquery(uses.filter(agent=agent)[:MOST_USES]),
            others=ArraySubquery(uses.exclude(agent=agent)[:MOST_USES]),
        )
        .prefetch_related("inboxes")
        .distinct()
    )
    subject, said = _words(ticket.subject), _words(_last_said(ticket))
    tags = {name.lower() for name in ticket.tags.values_list("name", flat=True)}
    ranked = [_weigh(macro, ticket, subject, said - subject, tags) for macro in found]
    return sorted(ranked, key=lambda one: (-one.score, one.macro.name.lower(), one.macro.pk))[:most]


def _weigh(macro: Macro, ticket: Ticket, subject: set[str], said: set[str], tags: set[str]) -> Ranked:
    one = Ranked(macro)
    words = _words(f"{macro.name} {rich_text.to_text(macro.html)}")

    def count(points: float, why: str) -> None:
        if points:
            one.score += points
            one.why.append(why)

    in_subject, in_message = words & subject, words & said
    count(2 * len(in_subject), _("“%(words)s” in the subject") % {"words": ", ".join(sorted(in_subject))})
    count(min(len(in_message), 4), _("“%(words)s” in the message") % {"words": ", ".join(sorted(in_message)[:4])})
    tagged = {tag for tag in tags if tag in macro.name.lower()}
    count(3 * len(tagged), _("tag %(tags)s") % {"tags": ", ".join(sorted(tagged))})
    mine, others = len(macro.mine), len(macro.others)  # type: ignore[attr-defined]
    count(min(mine * 0.5, 3), ngettext("you used it lately", "you used it %(n)s times lately", mine) % {"n": mine})
    count(min(others * 0.1, 1), _("colleagues use it"))
    count(int(bool(macro.inboxes.all())), _("for %(inbox)s") % {"inbox": ticket.inbox.name})
    return one


def _words(text: str) -> set[str]:
    """The words of a text that may say what it is about, one form each."""
    words = {word.lower() for word in _WORD.findall(text[:20_000])}
    return {word.removesuffix("s") for word in words - _SAID_ANYWHERE}


def _last_said(ticket: Ticket) -> str:
    last = ticket.messages.filter(kind=MessageKind.INCOMING, is_automated=False, withdrawn_at=None)
    return last.order_by("-created_at", "-pk").values_list("text", flat=True).first() or ""


# --- using one


def note_use(macro: Macro, ticket: Ticket, *, actor: Agent) -> None:
    """Remember that it was used: what ranks it next time. No fact of the ticket's life."""
    if not Macro.objects.visible_to(actor).filter(pk=macro.pk).exists():
        return
    MacroUse.objects.create(macro=macro, agent=actor, ticket=ticket, at=clock.now())
    Macro.objects.filter(pk=macro.pk).update(used=F("used") + 1)


def forget_old_uses() -> int:
    """Drop the uses that rank nothing any more; how often a macro was used in all stays with it."""
    return MacroUse.objects.filter(at__lt=clock.now() - LATELY).delete()[0]


@transaction.atomic
def run(macro: Macro, ticket: Ticket, *, actor: Agent) -> Ticket:
    """Do a macro's acts at once, all or none. Its text is not said by this. Raises NotPossible as the acts do."""
    ticket = Ticket.objects.locked(ticket.pk)
    if not macro.actions:
        raise NotPossible(_("It has no actions."))
    for act in macro.actions:
        ticket = acting.perform(ticket, act, actor=actor)
    note_use(macro, ticket, actor=actor)
    record("macro.applied", ticket, actor=actor, macro=macro.pk, name=macro.name)
    return ticket
