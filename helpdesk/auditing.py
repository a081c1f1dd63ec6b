"""The audit log: events of people and settings, as sentences, narrowed and paged along the ledger's own order."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from django.apps import apps
from django.core.exceptions import FieldDoesNotExist
from django.db.models import Model, Q, QuerySet
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from helpdesk.models import Agent, Event

#: kinds of things whose events belong here: the model's name, and what people call it
KINDS: dict[str, str | Promise] = {
    "agent": gettext_lazy("Agents and signing in"),
    "apitoken": gettext_lazy("API tokens"),
    "house": gettext_lazy("Security"),
    "team": gettext_lazy("Teams"),
    "calendar": gettext_lazy("Business hours"),
}
#: verbs of other kinds that belong here as well
VERBS: set[str] = set()
PAGE = 50

WORDS: dict[str, str | Promise] = {
    "agent.created": gettext_lazy("added"),
    "agent.changed": gettext_lazy("changed"),
    "agent.invited": gettext_lazy("invited"),
    "agent.uninvited": gettext_lazy("took the invitation back"),
    "agent.joined": gettext_lazy("accepted the invitation"),
    "agent.deactivated": gettext_lazy("let go"),
    "agent.reactivated": gettext_lazy("let in again"),
    "agent.signed_in": gettext_lazy("signed in"),
    "agent.signed_out": gettext_lazy("ended a session"),
    "agent.sign_in_failed": gettext_lazy("did not get in"),
    "agent.password_changed": gettext_lazy("changed the password"),
    "agent.second_factor_added": gettext_lazy("added a second factor"),
    "agent.second_factor_removed": gettext_lazy("removed a second factor"),
    "agent.second_factor_reset": gettext_lazy("reset the second factor"),
    "agent.recovery_codes_made": gettext_lazy("made recovery codes"),
    "agent.went_away": gettext_lazy("went away"),
    "agent.came_back": gettext_lazy("came back"),
    "agent.chats_began": gettext_lazy("takes chats"),
    "agent.chats_ended": gettext_lazy("takes no more chats"),
    "agent.chats_limited": gettext_lazy("was given another number of chats at once"),
    "apitoken.created": gettext_lazy("made a token"),
    "apitoken.revoked": gettext_lazy("revoked a token"),
}


def audited(kind: str, name: str | Promise, *verbs: str, **words: str | Promise) -> None:
    """Let events of a kind of thing appear; with `verbs`, only those. `words` say a verb's last part."""
    if verbs:
        VERBS.update(verbs)
        KINDS.setdefault(kind, name)
        _only[kind] = {*_only.get(kind, set()), *verbs}
    else:
        KINDS[kind] = name
    WORDS.update({f"{kind}.{verb}": said for verb, said in words.items()})


_only: dict[str, set[str]] = {}


@dataclass(frozen=True, slots=True)
class Entry:
    """One line: when, who, what they did, to what, and the details."""

    id: int
    at: datetime
    actor: str
    verb: str
    did: str
    subject: str
    details: Sequence[str]


@dataclass(frozen=True, slots=True)
class Asked:
    """What is looked for: by whom, of what kind, from and until which day."""

    actor: int | None = None
    kind: str = ""
    since: date | None = None
    until: date | None = None


def events(asked: Asked) -> QuerySet[Event]:
    """The events asked for, the latest first."""
    kinds = [asked.kind] if asked.kind in KINDS else list(KINDS)
    whole = [kind for kind in kinds if kind not in _only]
    some = [verb for kind in kinds for verb in _only.get(kind, ())]
    found = Event.objects.filter(stream_id=None).filter(Q(subject_type__in=whole) | Q(verb__in=some))
    if asked.actor:
        found = found.filter(Q(actor_id=asked.actor) | Q(subject_type="agent", subject_id=asked.actor))
    if asked.since:
        found = found.filter(at__gte=timezone.make_aware(datetime.combine(asked.since, time.min)))
    if asked.until:
        found = found.filter(at__lt=timezone.make_aware(datetime.combine(asked.until + timedelta(days=1), time.min)))
    return found.order_by("-id")


def page(asked: Asked, *, before: int | None = None, limit: int = PAGE) -> tuple[Sequence[Entry], int | None]:
    """The next entries before this id, and the id to go on from; None at the end."""
    found = events(asked)
    if before:
        found = found.filter(id__lt=before)
    rows = list(found[: limit + 1])
    return told(rows[:limit]), rows[limit - 1].id if len(rows) > limit else None


def told(rows: Sequence[Event]) -> Sequence[Entry]:
    """Events as lines; the names they need are looked up once for each kind of thing."""
    about = {row.facts["agent"] for row in rows if isinstance(row.facts.get("agent"), int)}
    people = Agent.objects.in_bulk({row.actor_id for row in rows if row.actor_id} | about)
    named: dict[tuple[str, int], str] = {}
    for kind in {row.subject_type for row in rows}:
        model = next((m for m in apps.get_models() if m._meta.model_name == kind), None)
        ids = {row.subject_id for row in rows if row.subject_type == kind}
        if model is not None:
            named |= {(kind, pk): str(thing) for pk, thing in model._default_manager.in_bulk(ids).items()}
    return [
        Entry(
            row.id, row.at, str(people.get(row.actor_id or 0, "")), row.verb, did(row.verb),
            named.get((row.subject_type, row.subject_id)) or str(row.facts.get("name") or f"#{row.subject_id}"),
            details(_with_names(row.facts, people), row.subject_type),
        )
        for row in rows
    ]  # fmt: skip


def _with_names(facts: dict[str, Any], people: dict[int, Agent]) -> dict[str, Any]:
    found = people.get(facts["agent"]) if isinstance(facts.get("agent"), int) else None
    return {**facts, "agent": str(found)} if found else facts


def did(verb: str) -> str:
    """An event's verb in words."""
    if said := WORDS.get(verb):
        return str(said)
    kind, _dot, act = verb.partition(".")
    words = {"created": _("added"), "changed": _("changed"), "deleted": _("deleted")}.get(act, act.replace("_", " "))
    return f"{words} ({KINDS.get(kind, kind)})" if act in ("created", "changed", "deleted") else words


def details(facts: dict[str, Any], kind: str = "") -> Sequence[str]:
    """What changed of a kind of thing, from what to what; and whatever else the event says."""
    was, now = facts.get("was"), facts.get("now")
    model = next((m for m in apps.get_models() if m._meta.model_name == kind), None)
    lines = []
    if isinstance(was, dict) or isinstance(now, dict):
        was, now = was or {}, now or {}
        for field in facts.get("fields", sorted({*was, *now})):
            if field in was or field in now:
                lines.append(f"{_label(model, field)}: {_value(was.get(field))} → {_value(now.get(field))}")
            else:
                lines.append(f"{_label(model, field)}: …")
    else:
        lines += [_label(model, str(field)) for field in facts.get("fields", [])]
    rest = {key: value for key, value in facts.items() if key not in ("fields", "was", "now") or not lines}
    lines += [
        f"{_label(model, key)}: {_value(value)}" for key, value in rest.items() if value not in ("", None, [], {})
    ]
    return lines


def _label(model: type[Model] | None, field: str) -> str:
    """A field as people call it; what the model does not know, in the event's own words."""
    try:
        return str(model._meta.get_field(field).verbose_name) if model else field.replace("_", " ")  # type: ignore[union-attr]
    except (FieldDoesNotExist, AttributeError):
        return field.replace("_", " ")


def _value(value: Any) -> str:
    if value is None or value == "":
        return "–"
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
