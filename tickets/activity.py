"""Events of a ticket, said as sentences. An event without one here or in the registry is not shown to people."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.utils.dateparse import parse_datetime
from django.utils.formats import date_format
from django.utils.functional import Promise
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from helpdesk.models import Agent, Event, Team
from tickets import acknowledgements, kept, registry
from tickets.models import Delivery, DeliveryState, TicketType


@dataclass(frozen=True, slots=True)
class Activity:
    """One line between the messages."""

    id: int
    at: datetime
    verb: str
    actor: str
    sentence: str


@dataclass(frozen=True, slots=True)
class Names:
    """Whom the ids of some events stand for."""

    agents: Mapping[int, str]
    teams: Mapping[int, str]
    #: the deliveries of acknowledgements, by their mail
    mails: Mapping[int, Delivery] = field(default_factory=dict)

    def agent(self, pk: int | None) -> str:
        name = self.agents.get(pk or 0)
        return _("somebody who left") if name is None else name

    def team(self, pk: int | None) -> str:
        name = self.teams.get(pk or 0)
        return _("a team that is gone") if name is None else name


@dataclass(frozen=True, slots=True)
class Telling:
    """An event that is to be said: its facts, and who did it, "" for the clock and rules."""

    facts: Mapping[str, Any]
    who: str
    event: Event
    names: Names


Sentence = Callable[[Telling], str]


def names_in(events: Iterable[Event]) -> Names:
    """Look up everybody some events speak of, in at most three queries, and mostly in none."""
    agents: set[int] = set()
    teams: set[int] = set()
    mails: set[int] = set()
    for event in events:
        agents.update(v for v in (event.actor_id, event.facts.get("agent"), event.facts.get("was_agent")) if v)
        if event.verb == "ticket.assigned":
            teams.update(v for v in (event.facts.get("team"), event.facts.get("was_team")) if v)
        elif event.verb == "message.acknowledged":
            mails.add(event.facts["mail"])
    return Names(
        _named(Agent, agents, kept.agent_names),
        _named(Team, teams, kept.team_names),
        _deliveries(mails),
    )


def _deliveries(mails: set[int]) -> Mapping[int, Delivery]:
    found = Delivery.objects.filter(mail__in=mails).select_related("mail__conversation__point") if mails else ()
    return {delivery.mail_id: delivery for delivery in found}


def _named(
    model: type[Agent] | type[Team], wanted: set[int], known: Callable[[], Mapping[int, str]]
) -> Mapping[int, str]:
    """Names by number, from those at hand; whoever came this second is asked for."""
    at_hand = known() if wanted else {}
    if new := wanted - at_hand.keys():
        return {**at_hand, **dict(model.objects.filter(pk__in=new).values_list("pk", "name"))}
    return at_hand


def told(events: Iterable[Event]) -> list[Activity]:
    """Some events of one ticket as lines, oldest first."""
    events = list(events)
    names = names_in(events)
    lines = []
    for event in events:
        if sentence := say(event, names):
            actor = names.agent(event.actor_id) if event.actor_id else ""
            lines.append(Activity(event.pk, event.at, event.verb, actor, sentence))
    return lines


def say(event: Event, names: Names) -> str:
    """One event as a sentence in the reader's language; "" when there is nothing to say."""
    if above := registry.sentence(event.verb):
        return above(event.facts)
    if (sentence := SENTENCES.get(event.verb)) is None:
        return ""
    return sentence(Telling(event.facts, names.agent(event.actor_id) if event.actor_id else "", event, names))


def _acted(sentence: Promise, by_itself: Promise | None = None) -> Sentence:
    """A sentence with who did it and any facts; `by_itself` where nobody did, without which a rule did."""

    def say(one: Telling) -> str:
        facts = defaultdict(str, one.facts, who=one.who or _("A rule"))
        return str(sentence if one.who or by_itself is None else by_itself) % facts

    return say


def _until(sentence: Promise, fact: str) -> Sentence:
    return lambda one: str(sentence) % {"who": one.who, "when": _when(one.facts.get(fact))}


def _retyped(one: Telling) -> str:
    to, who = one.facts.get("to"), one.who or _("A rule")
    if to not in TicketType.values:
        return _("%(who)s took off the type") % {"who": who}
    return _("%(who)s set the type to %(to)s") % {"who": who, "to": str(TicketType(to).label).lower()}


def _answered(one: Telling) -> str:
    about = {"who": one.who or _("A rule"), "field": one.facts.get("name", "")}
    if one.facts.get("is_empty"):
        return _("%(who)s took the answer off %(field)s") % about
    return _("%(who)s answered %(field)s") % about


def _unscheduled(one: Telling) -> str:
    if one.facts.get("why") in ("cancelled", "taken_over", "withdrawn"):
        return _("%(who)s took the time off an answer") % {"who": one.who}
    return _("An answer was held back")


def _merged(one: Telling) -> str:
    about = {"who": one.who or _("A rule"), "into": one.facts.get("into")}
    if "merge" in one.facts:
        return _("%(who)s merged it into #%(into)s") % about
    return _("Nothing is left here: it went on in #%(into)s") % about


def _unmerged(one: Telling) -> str:
    return _("It stands alone again") if "to" in one.facts and one.who else _("Its message came back")


def _followed(one: Telling) -> str:
    """Following oneself is nobody else's news."""
    agent = one.facts.get("agent")
    if agent == one.event.actor_id:
        return ""
    about = {"who": one.who or _("A rule"), "agent": one.names.agent(agent)}
    if one.event.verb == "ticket.followed":
        return _("%(who)s let %(agent)s follow it") % about
    return _("%(who)s let %(agent)s follow it no longer") % about


def _fared(one: Telling) -> str:
    """What became of an answer that did not simply arrive."""
    if one.facts.get("purpose") not in ("reply", "forward"):
        return ""
    match one.event.verb:
        case "message.failed":
            return _("An answer could not be delivered")
        case "message.bounced":
            return _("An answer came back")
        case "message.delayed":
            return _("An answer is delayed")
    return _("An answer may not have arrived: nobody can know")


def _when(text: str | None) -> str:
    at = parse_datetime(text or "")
    return date_format(localtime(at), "SHORT_DATETIME_FORMAT") if at else ""


def _acknowledged(one: Telling) -> str:
    delivery = one.names.mails.get(one.facts["mail"])
    if delivery is None:
        return _("Acknowledged")
    talk = delivery.mail.conversation
    about = {"address": str(talk.point) if talk else delivery.recipient, "why": delivery.answer}
    match delivery.state:
        case DeliveryState.SENT | DeliveryState.DELIVERED:
            at = date_format(localtime(delivery.sent_at), "TIME_FORMAT") if delivery.sent_at else ""
            return _("Acknowledgement sent at %(time)s to %(address)s") % {**about, "time": at}
        case DeliveryState.FAILED | DeliveryState.BOUNCED:
            return _("The acknowledgement to %(address)s was not delivered: %(why)s") % about
        case DeliveryState.UNCERTAIN:
            return _("The acknowledgement to %(address)s may not have arrived: nobody can know") % about
        case DeliveryState.CANCELLED:
            return _("The acknowledgement to %(address)s was taken back") % about
    return _("Acknowledgement on its way to %(address)s") % about


def _assigned(one: Telling) -> str:
    facts, names = one.facts, one.names
    agent, team, was = facts.get("agent"), facts.get("team"), facts.get("was_agent")
    about = {"who": one.who or _("A rule"), "agent": names.agent(agent or was)}
    if agent and agent == one.event.actor_id:
        return _("%(who)s took it") % about
    if facts.get("why") == "chat":
        if agent:
            return _("The chat went to %(agent)s") % about
        return _("%(agent)s is gone, so the chat waits in the queue") % about
    if agent and agent != was:
        return _("%(who)s assigned it to %(agent)s") % about
    if was and not agent:
        if facts.get("why") == "access":
            return _("%(agent)s no longer works in this inbox, so nobody has it") % about
        return _("%(who)s unassigned it") % about
    if team:
        return _("%(who)s gave it to %(team)s") % {**about, "team": names.team(team)}
    return _("%(who)s took it out of its team") % about


SENTENCES: Mapping[str, Sentence] = {
    "ticket.created": _acted(gettext_lazy("%(who)s opened this ticket"), gettext_lazy("Ticket opened")),
    "ticket.resolved": _acted(gettext_lazy("%(who)s resolved it"), gettext_lazy("Resolved")),
    "ticket.reopened": _acted(gettext_lazy("%(who)s opened it again"), gettext_lazy("Opened again by a new message")),
    "ticket.pended": _acted(
        gettext_lazy("%(who)s is waiting for the customer"), gettext_lazy("Waiting for the customer")
    ),
    "ticket.held": _acted(gettext_lazy("%(who)s put it on hold"), gettext_lazy("Put on hold")),
    "ticket.closed": _acted(gettext_lazy("%(who)s closed it"), gettext_lazy("Closed, as nobody wrote for a while")),
    "ticket.snoozed": _until(gettext_lazy("%(who)s snoozed it until %(when)s"), "until"),
    "ticket.woken": _acted(gettext_lazy("%(who)s ended its snooze"), gettext_lazy("Back from its snooze")),
    "ticket.assigned": _assigned,
    "ticket.tagged": _acted(gettext_lazy("%(who)s tagged it %(tag)s")),
    "ticket.untagged": _acted(gettext_lazy("%(who)s took off the tag %(tag)s")),
    "ticket.renamed": _acted(gettext_lazy("%(who)s changed the subject")),
    "ticket.customer_changed": _acted(
        gettext_lazy("%(who)s said that its customer is somebody else here"),
        gettext_lazy("Its customer is somebody else here"),
    ),
    "ticket.prioritised": _acted(gettext_lazy("%(who)s set the priority to %(to)s")),
    "ticket.retyped": _retyped,
    "ticket.answered": _answered,
    "ticket.followed": _followed,
    "ticket.unfollowed": _followed,
    "ticket.spammed": _acted(gettext_lazy("%(who)s said that it is spam"), gettext_lazy("Spam: its sender is blocked")),
    "ticket.unspammed": _acted(gettext_lazy("%(who)s said that it is no spam")),
    "ticket.deleted": _acted(gettext_lazy("%(who)s put it into the trash")),
    "ticket.restored": _acted(
        gettext_lazy("%(who)s took it out of the trash"), gettext_lazy("Out of the trash: they wrote")
    ),
    "chat.left": lambda _one: _("The visitor left"),
    "chat.carried_over": lambda _one: _("The visitor signed in on the site, which says who they are"),
    "chat.given_back": lambda _one: _("The chat is no longer that of who signed in later"),
    "chat.mailed": lambda _one: _("The visitor was away: what they had not seen went out by mail"),
    "ticket.participant_added": _acted(gettext_lazy("%(who)s included %(address)s")),
    "ticket.participant_removed": _acted(gettext_lazy("%(who)s took out %(address)s")),
    "message.scheduled": _until(gettext_lazy("%(who)s wrote an answer for %(when)s"), "send_at"),
    "message.unscheduled": _unscheduled,
    "message.moved": _acted(gettext_lazy("%(who)s put a message on #%(to)s")),
    "message.moved_here": _acted(gettext_lazy("%(who)s put a message of #%(source)s here")),
    "ticket.merged": _merged,
    "ticket.unmerged": _unmerged,
    "ticket.linked": _acted(gettext_lazy("%(who)s linked it with #%(ticket)s")),
    "ticket.unlinked": _acted(gettext_lazy("%(who)s took off the link with #%(ticket)s")),
    "ticket.took_in": _acted(gettext_lazy("%(who)s merged #%(source)s into this")),
    "ticket.gave_back": _acted(gettext_lazy("%(who)s took #%(source)s out again")),
    "ticket.copied": _acted(gettext_lazy("The same mail came to another inbox too: #%(ticket)s")),
    "message.acknowledged": _acknowledged,
    "message.unacknowledged": lambda one: (
        _("No acknowledgement: %(reason)s") % {"reason": acknowledgements.reason(one.facts["reason"])}
    ),
    **dict.fromkeys(("message.failed", "message.uncertain", "message.bounced", "message.delayed"), _fared),
    "message.retried": _acted(gettext_lazy("%(who)s had an answer sent again")),
    "message.corrected": _acted(gettext_lazy("%(who)s had an answer sent to another address")),
}
