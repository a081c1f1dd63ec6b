"""Events of a ticket, said as sentences. An event without one here or in the registry is not shown to people."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.utils.dateparse import parse_datetime
from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext as _

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
        return self.agents.get(pk or 0, _("somebody who left"))

    def team(self, pk: int | None) -> str:
        return self.teams.get(pk or 0, _("a team that is gone"))


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
        {delivery.mail_id: delivery for delivery in Delivery.objects.filter(mail__in=mails)} if mails else {},
    )


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
    facts = event.facts
    who = names.agent(event.actor_id) if event.actor_id else ""
    if above := registry.sentence(event.verb):
        return above(facts)
    match event.verb:
        case "ticket.created":
            return _("%(who)s opened this ticket") % {"who": who} if who else _("Ticket opened")
        case "ticket.resolved":
            return _("%(who)s resolved it") % {"who": who} if who else _("Resolved")
        case "ticket.reopened":
            return _("%(who)s opened it again") % {"who": who} if who else _("Opened again by a new message")
        case "ticket.pended":
            return _("%(who)s is waiting for the customer") % {"who": who} if who else _("Waiting for the customer")
        case "ticket.held":
            return _("%(who)s put it on hold") % {"who": who} if who else _("Put on hold")
        case "ticket.closed":
            return _("%(who)s closed it") % {"who": who} if who else _("Closed, as nobody wrote for a while")
        case "ticket.snoozed":
            return _("%(who)s snoozed it until %(when)s") % {"who": who, "when": _when(facts.get("until"))}
        case "ticket.woken":
            return _("%(who)s ended its snooze") % {"who": who} if who else _("Back from its snooze")
        case "ticket.assigned":
            return _assigned(facts, who, event.actor_id, names)
        case "ticket.tagged":
            return _("%(who)s tagged it %(tag)s") % {"who": who or _("A rule"), "tag": facts.get("tag", "")}
        case "ticket.untagged":
            return _("%(who)s took off the tag %(tag)s") % {"who": who or _("A rule"), "tag": facts.get("tag", "")}
        case "ticket.renamed":
            return _("%(who)s changed the subject") % {"who": who or _("A rule")}
        case "ticket.customer_changed":
            merged = _("%(who)s said that its customer is somebody else here")
            return merged % {"who": who} if who else _("Its customer is somebody else here")
        case "ticket.prioritised":
            return _("%(who)s set the priority to %(to)s") % {"who": who or _("A rule"), "to": facts.get("to", "")}
        case "ticket.retyped":
            return _retyped(facts, who)
        case "ticket.answered":
            about = {"who": who or _("A rule"), "field": facts.get("name", "")}
            return (
                _("%(who)s took the answer off %(field)s") if facts.get("is_empty") else _("%(who)s answered %(field)s")
            ) % about
        case "ticket.followed" | "ticket.unfollowed":
            return _followed(event, who, names)
        case "ticket.spammed":
            return _("%(who)s said that it is spam") % {"who": who} if who else _("Spam: its sender is blocked")
        case "ticket.unspammed":
            return _("%(who)s said that it is no spam") % {"who": who or _("A rule")}
        case "ticket.deleted":
            return _("%(who)s put it into the trash") % {"who": who or _("A rule")}
        case "ticket.restored":
            return _("%(who)s took it out of the trash") % {"who": who} if who else _("Out of the trash: they wrote")
        case "ticket.participant_added":
            return _("%(who)s included %(address)s") % {"who": who or _("A rule"), "address": facts.get("address", "")}
        case "ticket.participant_removed":
            return _("%(who)s took out %(address)s") % {"who": who or _("A rule"), "address": facts.get("address", "")}
        case "message.scheduled":
            return _("%(who)s wrote an answer for %(when)s") % {"who": who, "when": _when(facts.get("send_at"))}
        case "message.unscheduled":
            if facts.get("why") in ("cancelled", "taken_over", "withdrawn"):
                return _("%(who)s took the time off an answer") % {"who": who}
            return _("An answer was held back")
        case "message.moved":
            return _("%(who)s put a message on #%(to)s") % {"who": who or _("A rule"), "to": facts.get("to")}
        case "message.moved_here":
            return _("%(who)s put a message of #%(source)s here") % {
                "who": who or _("A rule"),
                "source": facts.get("source"),
            }
        case "ticket.merged":
            if "merge" in facts:
                return _("%(who)s merged it into #%(into)s") % {"who": who or _("A rule"), "into": facts.get("into")}
            return _("Nothing is left here: it went on in #%(into)s") % {"into": facts.get("into")}
        case "ticket.unmerged":
            return _("It stands alone again") if "to" in facts and who else _("Its message came back")
        case "ticket.linked":
            about = {"who": who or _("A rule"), "ticket": facts.get("ticket")}
            return _("%(who)s linked it with #%(ticket)s") % about
        case "ticket.unlinked":
            about = {"who": who or _("A rule"), "ticket": facts.get("ticket")}
            return _("%(who)s took off the link with #%(ticket)s") % about
        case "ticket.took_in":
            about = {"who": who or _("A rule"), "source": facts.get("source")}
            return _("%(who)s merged #%(source)s into this") % about
        case "ticket.gave_back":
            about = {"who": who or _("A rule"), "source": facts.get("source")}
            return _("%(who)s took #%(source)s out again") % about
        case "ticket.copied":
            return _("The same mail came to another inbox too: #%(ticket)s") % {"ticket": facts.get("ticket")}
        case "message.acknowledged":
            return _acknowledged(names.mails.get(facts["mail"]))
        case "message.unacknowledged":
            return _("No acknowledgement: %(reason)s") % {"reason": acknowledgements.reason(facts["reason"])}
        case "message.failed" | "message.uncertain" | "message.bounced" | "message.delayed":
            return _fared(event.verb) if facts.get("purpose") in ("reply", "forward") else ""
        case "message.retried":
            return _("%(who)s had an answer sent again") % {"who": who or _("A rule")}
        case "message.corrected":
            return _("%(who)s had an answer sent to another address") % {"who": who or _("A rule")}
    return ""


def _retyped(facts: Mapping[str, Any], who: str) -> str:
    to = facts.get("to")
    if to not in TicketType.values:
        return _("%(who)s took off the type") % {"who": who or _("A rule")}
    return _("%(who)s set the type to %(to)s") % {"who": who or _("A rule"), "to": str(TicketType(to).label).lower()}


def _followed(event: Event, who: str, names: Names) -> str:
    """Following oneself is nobody else's news."""
    agent = event.facts.get("agent")
    if agent == event.actor_id:
        return ""
    about = {"who": who or _("A rule"), "agent": names.agent(agent)}
    if event.verb == "ticket.followed":
        return _("%(who)s let %(agent)s follow it") % about
    return _("%(who)s let %(agent)s follow it no longer") % about


def _fared(verb: str) -> str:
    """What became of an answer that did not simply arrive."""
    match verb:
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


def _acknowledged(delivery: Delivery | None) -> str:
    if delivery is None:
        return _("Acknowledged")
    about = {"address": delivery.recipient, "why": delivery.answer}
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


def _assigned(facts: Mapping[str, Any], who: str, actor: int | None, names: Names) -> str:
    agent, team = facts.get("agent"), facts.get("team")
    if agent and agent == actor:
        return _("%(who)s took it") % {"who": who}
    if agent and agent != facts.get("was_agent"):
        return _("%(who)s assigned it to %(agent)s") % {"who": who or _("A rule"), "agent": names.agent(agent)}
    if not agent and facts.get("why") == "access":
        return _("%(agent)s no longer works in this inbox, so nobody has it") % {
            "agent": names.agent(facts["was_agent"])
        }
    if not agent and facts.get("was_agent"):
        return _("%(who)s unassigned it") % {"who": who or _("A rule")}
    if team:
        return _("%(who)s gave it to %(team)s") % {"who": who or _("A rule"), "team": names.team(team)}
    return _("%(who)s took it out of its team") % {"who": who or _("A rule")}
