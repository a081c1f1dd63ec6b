"""Acts in words: what macros, changes to many tickets and the command palette ask for, through the same operations.

An act is a small dict: {"do": "assign", "agent": 3, "team": null}, {"do": "take"}, {"do": "status", "to": "pending"},
{"do": "snooze", "until": "2026-12-24T09:00:00+01:00"} or {"do": "snooze", "words": "tomorrow 9"}, {"do": "wake"},
{"do": "priority", "to": "high"}, {"do": "type", "to": "question"}, {"do": "tag", "tag": "vip"},
{"do": "untag", "tag": "vip"}, {"do": "field", "key": "plan", "value": "gold"}, {"do": "follow"}, {"do": "unfollow"},
{"do": "spam"} (with "block": true for its sender too), {"do": "trash"}, {"do": "restore"}.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.dateparse import parse_datetime
from django.utils.formats import date_format
from django.utils.timezone import is_naive, localtime, make_aware
from django.utils.translation import gettext as _

from helpdesk import clock
from helpdesk.calendars import ALWAYS_OPEN, BusinessCalendar
from helpdesk.models import Agent, Team
from helpdesk.prepared import once
from tickets import fields, moments, reading
from tickets.models import CustomField, Priority, Status, Ticket, TicketType
from tickets.operations import answering_fields, assignment, collisions, following, removing, sorting, status
from tickets.operations.status import NotPossible

Act = Mapping[str, Any]

_MOVES: dict[str, Callable[..., Ticket]] = {
    Status.OPEN: status.reopen,
    Status.PENDING: status.pend,
    Status.ON_HOLD: status.hold,
    Status.RESOLVED: status.resolve,
}


def perform(ticket: Ticket, act: Act, *, actor: Agent, seen: int | None = None) -> Ticket:
    """Do it, as the actor. Raises NotPossible for what is no act, and for what its operation refuses.

    `seen` is the last event of the ticket the actor knows: ChangedMeanwhile is raised where a colleague has changed the
    same thing since.
    """
    known = clean(act)
    sort = _SORTS[known["do"]]
    thing = f"field:{known['key']}" if known["do"] == "field" else sort.changes
    return collisions.change(ticket, thing, lambda one: sort.do(one, known, actor), seen=seen, actor=actor)


def perform_held(ticket: Ticket, known: dict[str, Any], *, actor: Agent) -> Ticket:
    """As `perform`, with an act that `clean` gave, on a ticket locked and read in this transaction."""
    return _SORTS[known["do"]].do(ticket, known, actor)


def tells_at_once(known: Act) -> bool:
    """Whether its operation goes on to work with the event it recorded."""
    return bool(known["do"] == "field")


def clean(act: Any) -> dict[str, Any]:
    """The act with what it needs and nothing else. Raises NotPossible for what is none, or speaks of what is gone."""
    sort = _SORTS.get(str(act.get("do", ""))) if isinstance(act, Mapping) else None
    if sort is None:
        raise NotPossible(_("There is no such act."))
    return {"do": act["do"], **sort.clean(act)}


def describe(act: Act) -> str:
    """The act as a short command in the reader's language. Raises NotPossible as `clean` does."""
    known = clean(act)
    return _SORTS[known["do"]].say(known)


class _Sort:
    """One sort of act: what it needs, what it does, how it is said, and what of the ticket it changes."""

    def __init__(
        self,
        do: Callable[[Ticket, dict[str, Any], Agent], Ticket],
        say: Callable[[dict[str, Any]], str],
        clean: Callable[[Act], dict[str, Any]] = lambda act: {},
        changes: str = "",
    ) -> None:
        self.do, self.say, self.clean, self.changes = do, say, clean, changes


# --- who owes the next step


def _whom(act: Act) -> dict[str, Any]:
    agent, team = _id(act.get("agent")), _id(act.get("team"))
    if agent is not None and not Agent.objects.active().filter(pk=agent).exists():
        raise NotPossible(_("That person is gone."))
    if team is not None and not Team.objects.filter(pk=team).exists():
        raise NotPossible(_("That team is gone."))
    return {"agent": agent, "team": team}


def _id(given: Any) -> int | None:
    if given is None or given == "":
        return None
    if isinstance(given, bool) or not str(given).isascii() or not str(given).isdigit() or len(str(given)) > 18:
        raise NotPossible(_("There is no such act."))
    return int(given)


def _assign(ticket: Ticket, act: dict[str, Any], actor: Agent) -> Ticket:
    agent = once(("agent", act["agent"]), lambda: Agent.objects.filter(pk=act["agent"]).first())
    team = once(("team", act["team"]), lambda: Team.objects.filter(pk=act["team"]).first())
    return assignment.assign(ticket, agent=agent, team=team, actor=actor)


def _say_assign(act: dict[str, Any]) -> str:
    agent = Agent.objects.filter(pk=act["agent"]).first()
    team = Team.objects.filter(pk=act["team"]).first()
    if agent and team:
        return _("Give to %(agent)s in %(team)s") % {"agent": agent, "team": team}
    if agent or team:
        return _("Give to %(who)s") % {"who": agent or team}
    return _("Take from everybody")


# --- one word of a list


def _one_of(choices: Any, *, may_be_empty: bool = False) -> Callable[[Act], dict[str, Any]]:
    def read(act: Act) -> dict[str, Any]:
        to = act.get("to")
        if not (isinstance(to, str) and (to in choices or (may_be_empty and to == ""))):
            raise NotPossible(_("There is no such act."))
        return {"to": to}

    return read


def _say_type(act: dict[str, Any]) -> str:
    return _("Type %(type)s") % {"type": TicketType(act["to"]).label} if act["to"] else _("No type")


def _retype(ticket: Ticket, act: dict[str, Any], actor: Agent) -> Ticket:
    return sorting.retype(ticket, to=act["to"], actor=actor)


# --- time


def _until(act: Act) -> dict[str, Any]:
    words = act.get("words")
    if words is None:
        return {"until": _instant(act.get("until")).isoformat()}
    if not isinstance(words, str) or len(words) > 80:
        raise NotPossible(_("Nobody can tell when that is."))
    if not _may_be_read(words):
        raise _no_time(words, "UTC", ALWAYS_OPEN)
    return {"words": words.strip()}


def _may_be_read(words: str) -> bool:
    """Whether words mean a moment, at whatever hour the act is done."""
    morning = clock.now().replace(hour=0, minute=1)
    return moments.read(words, now=morning, zone="UTC", calendar=ALWAYS_OPEN) is not None


def _instant(given: Any) -> datetime:
    try:
        at = parse_datetime(given) if isinstance(given, str) else None
    except ValueError:
        at = None
    if at is None:
        raise NotPossible(_("Nobody can tell when that is."))
    return make_aware(at) if is_naive(at) else at


def when(ticket: Ticket, words: str, actor: Agent) -> datetime:
    """What words mean on this ticket, for the actor: their zone, the inbox's working days. Raises NotPossible."""
    business = reading.business(ticket.inbox.calendar_id)
    at = moments.read(words, now=clock.now(), zone=actor.zone, calendar=business)
    if at is None:
        raise _no_time(words, actor.zone, business)
    return at


def _no_time(words: str, zone: str, calendar: BusinessCalendar) -> NotPossible:
    if moments.is_past(words, now=clock.now(), zone=zone, calendar=calendar):
        return NotPossible(_("That time is past."))
    return NotPossible(_("Nobody can tell when that is."))


def _snooze(ticket: Ticket, act: dict[str, Any], actor: Agent) -> Ticket:
    until = when(ticket, act["words"], actor) if "words" in act else _instant(act["until"])
    return status.snooze(ticket, until=until, actor=actor)


def _say_snooze(act: dict[str, Any]) -> str:
    if "words" in act:
        return _("Snooze until %(when)s") % {"when": act["words"]}
    when = date_format(localtime(_instant(act["until"])), "SHORT_DATETIME_FORMAT")
    return _("Snooze until %(when)s") % {"when": when}


# --- tags


def _tag(act: Act) -> dict[str, Any]:
    name = act.get("tag")
    return {"tag": sorting.tag_name(name if isinstance(name, str) else "")}


# --- fields


def _field(act: Act) -> dict[str, Any]:
    key, value = act.get("key"), act.get("value")
    field = CustomField.objects.filter(about=CustomField.About.TICKET, key=key).first() if _is_text(key) else None
    if field is None:
        raise NotPossible(_("There is no such field."))
    try:
        return {"key": field.key, "value": fields.clean_value(field, value)}
    except ValidationError as why:
        raise answering_fields.NoAnswer(field, " ".join(why.messages)) from None


def _is_text(given: Any) -> bool:
    return isinstance(given, str)


def _say_field(act: dict[str, Any]) -> str:
    field = CustomField.objects.get(about=CustomField.About.TICKET, key=act["key"])
    if act["value"] is None:
        return _("No answer to %(field)s") % {"field": field.name}
    return _("%(field)s: %(value)s") % {"field": field.name, "value": fields.format_value(field, act["value"])}


def _spam(ticket: Ticket, act: dict[str, Any], actor: Agent) -> Ticket:
    return removing.spam(ticket, actor=actor, block=bool(act.get("block")))


_SORTS: dict[str, _Sort] = {
    "assign": _Sort(_assign, _say_assign, _whom, "assignment"),
    "take": _Sort(
        lambda ticket, act, actor: assignment.take(ticket, actor=actor), lambda act: _("Take it"), changes="assignment"
    ),
    "status": _Sort(
        lambda ticket, act, actor: _MOVES[act["to"]](ticket, actor=actor),
        lambda act: _("Set to %(status)s") % {"status": str(Status(act["to"]).label).lower()},
        _one_of(_MOVES), "status",
    ),
    "snooze": _Sort(_snooze, _say_snooze, _until, "status"),
    "wake": _Sort(
        lambda ticket, act, actor: status.wake(ticket, actor=actor), lambda act: _("End its snooze"), changes="status"
    ),
    "priority": _Sort(
        lambda ticket, act, actor: sorting.prioritise(ticket, priority=Priority(act["to"]), actor=actor),
        lambda act: _("Priority %(priority)s") % {"priority": str(Priority(act["to"]).label).lower()},
        _one_of(Priority.values), "priority",
    ),
    "type": _Sort(_retype, _say_type, _one_of(TicketType.values, may_be_empty=True), "type"),
    "tag": _Sort(
        lambda ticket, act, actor: sorting.tag(ticket, name=act["tag"], actor=actor),
        lambda act: _("Tag %(tag)s") % {"tag": act["tag"]},
        _tag,
    ),
    "untag": _Sort(
        lambda ticket, act, actor: sorting.untag(ticket, name=act["tag"], actor=actor),
        lambda act: _("Take off the tag %(tag)s") % {"tag": act["tag"]},
        _tag,
    ),
    "field": _Sort(
        lambda ticket, act, actor: answering_fields.set_field(
            ticket, key=act["key"], value=act["value"], actor=actor
        ),
        _say_field, _field,
    ),
    "follow": _Sort(
        lambda ticket, act, actor: following.follow(ticket, agent=actor, actor=actor), lambda act: _("Follow")
    ),
    "unfollow": _Sort(
        lambda ticket, act, actor: following.unfollow(ticket, agent=actor, actor=actor), lambda act: _("Unfollow")
    ),
    "spam": _Sort(
        _spam,
        lambda act: _("Mark as spam and block the sender") if act.get("block") else _("Mark as spam"),
        lambda act: {"block": True} if act.get("block") in (True, "true", "on", "1") else {},
        "status",
    ),
    "trash": _Sort(
        lambda ticket, act, actor: removing.trash(ticket, actor=actor), lambda act: _("Put into the trash"),
        changes="status",
    ),
    "restore": _Sort(
        lambda ticket, act, actor: removing.restore(ticket, actor=actor), lambda act: _("Take out of spam or trash"),
        changes="status",
    ),
}  # fmt: skip
