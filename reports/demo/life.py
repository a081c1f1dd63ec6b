"""How one ticket goes, from the first mail to the last day or to this very moment.

Pure: a world, an arrival, a source of chance and numbers to hand out go in, a `Story` comes out. Its columns are kept
by the rules of the operations (`tickets.operations`, `feedback.operations`), event by event, so that what it leaves
behind is what they would have left. A story is told up to the world's `until`; what would come later does not happen.
"""

import math
import secrets
from datetime import datetime, timedelta
from html import escape
from operator import attrgetter
from random import Random
from typing import Any

from reports.demo import feelings
from reports.demo.feelings import Feelings
from reports.demo.story import (
    Arrival,
    Asking,
    Happened,
    Invited,
    Numbers,
    Person,
    Posted,
    Said,
    Story,
    World,
)
from reports.demo.words import Voice, choose_topic, pick, quoted
from tickets import minting, texts

#: the highest score of each kind that asks for somebody's attention
LOW = {"csat": 2, "ces2": 3}
#: people forgive a wait up to a day; then something breaks
CLIFF = timedelta(hours=24)
#: messages after which people are tired of it
_MOST = 6
#: an invitation that may be sent is sent for a resolution within these days of the ticket's beginning
ASKABLE = timedelta(days=7)


class _Today(Exception):
    """What comes next is still to come."""


def tell(world: World, arrival: Arrival, numbers: Numbers, chance: Random) -> Story:
    """The story of one ticket."""
    return _Life(world, arrival, numbers, chance).story


def minutes(count: float) -> timedelta:
    return timedelta(seconds=count * 60)


class _Life:
    """A story while it is told. Upper half: what people do. Lower half: what operations write."""

    def __init__(self, world: World, arrival: Arrival, numbers: Numbers, chance: Random) -> None:
        self.world, self.numbers, self.chance, self.arrival = world, numbers, chance, arrival
        self.until = world.until
        writer, at = arrival.writer, arrival.at
        self.writer = writer
        self.topic = choose_topic(chance, writer.language, world.rhythm.is_bad(at))
        if writer.is_business and chance.random() < 0.3:
            self.topic = choose_topic(chance, writer.language, False)
        self.source = world.sources[self.topic.inbox]
        self.voice = Voice(chance, self.topic, writer.language, writer.name, at)
        self.bad = world.rhythm.is_bad(at)
        self.agent = self._somebody()
        self.longest_wait = timedelta()
        self.waits = timedelta()
        self.latest = at
        self.returns = 0
        self.asked: Invited | None = None
        self.complained: Said | None = None
        draw = chance.random
        self.survey = self.source.survey
        if self.source.other is not None and writer.id * 0.6180339887498949 % 1 < self.source.share:
            self.survey = self.source.other
        reaches_out = draw() < 0.018 and bool(self.source.calendar.is_open(at))
        channel = "email" if reaches_out else self._way_in(draw())
        self.stays = channel == "chat" and draw() < 0.6  # and does not go on by mail
        outreach = self.voice.outreach(self.agent.name)[1] if reaches_out else ""
        self.story = Story(arrival, self.source, self.voice.subject, channel, "agent" if reaches_out else "customer")
        try:
            if reaches_out:
                self._begin_as_agent(outreach)
            else:
                self._begin_as_customer()
        except _Today:
            pass
        self.feelings = Feelings(self)
        self._let_surveys_run()
        self.feelings.complain()
        self.feelings.review()
        self.story.events.sort(key=attrgetter("at"))  # stable: what is written at one moment stays in its order

    # ------------------------------------------------------------------ what people do

    def _way_in(self, drawn: float) -> str:
        """By which channel it comes; few telephone who have a bill to ask about."""
        for channel, share in (("form", 0.11), ("chat", 0.08), ("phone", 0.05), ("api", 0.03)):
            if drawn < share:
                return channel
            drawn -= share
        return "email"

    def _somebody(self) -> Person:
        return pick(self.chance, self.source.agents)

    def lasting(self, median_minutes: float, spread: float) -> float:
        return median_minutes * math.exp(self.chance.gauss(0.0, spread))

    def in_business(self, since: datetime, wait_minutes: float) -> datetime:
        """When so many business minutes have passed, and then some seconds, for nobody acts on the stroke."""
        at = self.source.calendar.due(since, max(int(wait_minutes * 60), 1))
        return max(at, since) + timedelta(seconds=self.chance.random() * 40)

    def _at_their_leisure(self, since: datetime, median_hours: float, spread: float = 1.1) -> datetime:
        """When a customer gets round to it: not in the middle of the night."""
        at = since + minutes(self.lasting(median_hours * 60, spread) + 1)
        if at.hour >= 22 or at.hour < 5:
            at += timedelta(hours=7.5)
        return at

    def _begin_as_customer(self) -> None:
        at, draw = self.arrival.at, self.chance.random
        self._create(None)
        html = self.story.channel == "email" and draw() < 0.12
        self._receive(at, self.voice.opening(), html=html)
        self._work(at)

    def _begin_as_agent(self, text: str) -> None:
        self._create(self.agent)
        self._reply(self.arrival.at, self.agent, text)
        if self.chance.random() < 0.55:
            answered = self._at_their_leisure(self.arrival.at, 8)
            self._receive(answered, self.voice.thanks() if self.chance.random() < 0.5 else self.voice.nudge())
            self._work(answered)
        else:
            self._move(self.in_business(self.arrival.at, 60 * 24), "resolved", self.agent)
            self._after_resolving()

    def _work(self, asked: datetime, again: bool = False) -> None:
        """From a customer's message to a resolution, in up to three rounds."""
        draw, topic = self.chance.random, self.topic
        for round_ in range(3):
            strain = self.world.rhythm.strain(asked)
            factor = self.agent.pace * strain * (1 if round_ == 0 else 0.8)
            if self.story.priority in ("high", "urgent"):
                factor *= 0.5
            wait = self.lasting(self.source.usual_minutes * factor, 1.05)
            answered = self.in_business(asked, wait)
            if round_ == 0 and not again:
                answered = self._prepare(asked, answered, wait)
            else:
                self._meanwhile(asked, answered)
            late = answered - asked > timedelta(days=2)
            self.longest_wait = max(self.longest_wait, answered - asked)
            self.waits += answered - asked
            if round_ == 0 and not again and draw() < topic.workshop:
                answered = self._ask_workshop(answered)
                late = False
            if round_ < 2 and len(self.story.messages) < _MOST - 2 and draw() < topic.effort * (0.9 if round_ else 1.0):
                came = self._ask_back(answered, late)
                if came is None:
                    return
                asked = came
                continue
            self._reply(
                answered, self.agent, self.voice.today(answered).solution(self.agent.name, late=late, again=again)
            )
            break
        if draw() < 0.86:
            at = self.story.messages[-1].at + timedelta(seconds=1 + draw() * 25)
        else:
            at = self.in_business(self.story.messages[-1].at, 30 + draw() * 1_200)
        self._move(at, "resolved", self.agent)
        self._after_resolving()

    def _prepare(self, asked: datetime, answered: datetime, wait: float) -> datetime:
        """Before the first answer: somebody looks at it and sorts it. Returns when the answer comes now."""
        draw = self.chance.random
        looked = self.in_business(asked, wait * (0.1 + 0.6 * draw()))
        by = self.source.lead if draw() < 0.5 else self.agent
        if draw() < self.topic.urgency * (2 if self.bad else 1):
            self._step(looked, answered, lambda at: self._prioritise(at, "urgent" if draw() < 0.25 else "high", by))
        elif draw() < 0.03:
            self._step(looked, answered, lambda at: self._prioritise(at, "low", by))
        if draw() < 0.75:
            for tag in self.topic.tags:
                self._step(looked + timedelta(seconds=3), answered, lambda at, tag=tag: self._tag(at, tag, by))
        if self.bad and draw() < 0.3:
            self._step(looked + timedelta(seconds=5), answered, lambda at: self._tag(at, "carrier backlog", by))
        if draw() < 0.55:
            self._step(looked + timedelta(seconds=7), answered, lambda at: self._assign(at, self.agent, by))
            if draw() < 0.03:
                other = self._somebody()
                self._step(looked + minutes(15), answered, lambda at: self._hand_to(at, other))
        if draw() < 0.04:
            answered = self._snooze(looked + minutes(2), answered)
        self._meanwhile(max(asked, self.story.updated_at), answered)
        return answered

    def _step(self, at: datetime, before: datetime, act: Any) -> None:
        """Do it at its time, provided that this is before the answer."""
        if at < before:
            act(max(at, self.story.updated_at))

    def _hand_to(self, at: datetime, other: Person) -> None:
        self._note(at, self.agent, self.voice.note())
        self._assign(at + timedelta(seconds=20), other, self.agent)
        self.agent = other

    def _snooze(self, at: datetime, answered: datetime) -> datetime:
        """Put aside until a later morning; the clock wakes it, and the answer comes after that."""
        draw = self.chance.random
        until = self.source.calendar.opens_next(at + timedelta(hours=12 + 70 * draw()))
        if until is None or at >= answered or self.latest >= until:
            return answered
        if self.story.assignee is None:
            self._assign(at, self.agent, self.agent)
        at = self.story.updated_at = self._moment(at)
        self.story.snoozed_until = until
        self.record(at, "ticket.snoozed", self.agent, {"until": until.isoformat()})
        at = self._moment(until + timedelta(seconds=4 + draw() * 50))
        self.story.snoozed_until, self.story.updated_at = None, at
        self.record(at, "ticket.woken", None, {"until": until.isoformat()})
        return max(answered, self.in_business(at, 5 + draw() * 90))

    def _meanwhile(self, asked: datetime, answered: datetime) -> None:
        """While the customer waits: notes among ourselves, and the customer asking again."""
        draw = self.chance.random
        lasts = answered - asked
        if lasts <= timedelta(minutes=2):
            return
        if draw() < 0.13:
            at = self.in_business(asked, 1 + draw() * 20)
            by = self.world.helper if draw() < 0.35 else self.source.lead if draw() < 0.4 else self.agent
            self._step(at, answered, lambda at: self._note(at, by, self.voice.note()))
        if lasts > timedelta(hours=30) and draw() < (0.55 if lasts > timedelta(days=3) else 0.3):
            at = asked + lasts * (0.45 + 0.5 * draw())
            if at > self.story.updated_at:
                self._receive(at, self.voice.nudge())

    def _ask_workshop(self, at: datetime) -> datetime:
        """The mechanics have to look at it; the customer hears so, and the ticket is on hold or in their hands."""
        draw = self.chance.random
        mechanic = pick(self.chance, self.world.workshop)
        self._note(at, self.agent, self.voice.note())
        if draw() < 0.5:
            self._assign(at + timedelta(seconds=15), mechanic, self.agent, self.world.workshop_team)
            self.agent = mechanic
            return self.in_business(at, self.lasting(180 * self.world.rhythm.strain(at), 0.8))
        self._reply(at + timedelta(seconds=30), self.agent, self.voice.today(at).waiting(self.agent.name))
        self._move(at + timedelta(seconds=50), "on_hold", self.agent)
        looked = self.in_business(at, self.lasting(500, 0.7))
        self._note(looked, mechanic, self.voice.note())
        back = self.in_business(looked, 10 + draw() * 200)
        self._move(back, "open", self.agent)
        return back + minutes(2 + draw() * 15)

    def _ask_back(self, at: datetime, late: bool) -> datetime | None:
        """A question to the customer. Returns when they answered; None when they never did, and it was resolved."""
        draw = self.chance.random
        question = self._reply(at, self.agent, self.voice.today(at).question(self.agent.name, late=late))
        pends = draw() < 0.88
        if pends:
            self._move(at + timedelta(seconds=2 + draw() * 20), "pending", self.agent)
        if draw() < 0.025:
            self._receive(at + timedelta(seconds=8 + draw() * 30), self.voice.away(), automated="in_reply_to")
        elif draw() < 0.006:
            self._bounce(question)
        if draw() < 0.83:
            came = self._at_their_leisure(at + timedelta(seconds=60), 6)
            if came - at < timedelta(days=9):
                self._receive(came, self.voice.answer())
                return came
        back = self.in_business(at, 60 * (30 + 25 * draw()))
        self._reply(back, self.agent, self.voice.checking_back(self.agent.name))
        self._move(back + timedelta(seconds=2 + draw() * 15), "resolved", self.agent)
        self._after_resolving()
        return None

    def _bounce(self, question: Said) -> None:
        address = self.writer.address
        host = address.rpartition("@")[2]
        text = f"<{address}>: host mx.{host} said: 452 4.2.2 Mailbox full. It will be tried again."
        self._receive(question.at + timedelta(seconds=40), text, automated="bounce", answers=question)

    def _after_resolving(self) -> None:
        """Thanks, a problem that was not solved after all, or silence until the clock closes it."""
        draw = self.chance.random
        resolved = self.story.resolved_at
        assert resolved is not None
        if self.returns < 2 and len(self.story.messages) < _MOST:
            unsolved = 0.025 + 0.09 * self.topic.effort + (0.1 if self.bad else 0.0)
            if draw() < unsolved:
                at = self._at_their_leisure(resolved, 26, 0.9)
                if not self._closed_by(at):
                    self.returns += 1
                    self._receive(at, self.voice.complaint())
                    self.complained = self.story.messages[-1]
                    self._work(at, again=True)
                    return
            elif draw() < 0.11:
                at = self._at_their_leisure(resolved, 5)
                if not self._closed_by(at):
                    self.returns += 1
                    self._receive(at, self.voice.thanks())
                    done = self.in_business(at, self.lasting(self.source.usual_minutes * 0.5, 0.8))
                    self._move(done, "resolved", self.agent)
                    self._after_resolving()
                    return
        if self.world.close_after is not None:
            at = resolved + self.world.close_after
            self._move(at + minutes(1 + draw() * 8), "closed", None)

    def _closed_by(self, at: datetime) -> bool:
        resolved, after = self.story.resolved_at, self.world.close_after
        return resolved is not None and after is not None and at >= resolved + after

    # ------------------------------------------------------------------ what operations write

    def _moment(self, at: datetime) -> datetime:
        """When it happens: not before what happened last, and not in the future."""
        at = self.latest = max(at, self.latest)
        if at > self.until:
            raise _Today
        return at

    def record(self, at: datetime, verb: str, actor: Person | None, facts: dict[str, Any]) -> Happened:
        event = Happened(at, verb, facts, actor.id if actor else None)
        self.story.events.append(event)
        if actor and self.story.last_message_id:
            self.story.seen[actor.id] = self.story.last_message_id
        return event

    def _create(self, actor: Person | None) -> None:
        story = self.story
        self._moment(story.created_at)
        facts = {
            "channel": story.channel,
            "inbox": self.source.id,
            "team": story.team,
            "customer": self.writer.id,
            "initiated_by": story.initiated_by,
        }
        self.record(story.created_at, "ticket.created", actor, facts)
        theme = feelings.theme_of(self.topic.key)
        if theme is not None and self.chance.random() < 0.93:
            story.topic = self.world.programme.topics[theme.name]
            at = min(story.created_at + timedelta(seconds=0.3), self.until)
            self.record(at, "ticket.categorised", None, {"topic": str(story.topic), "by": "words"})

    def _receive(
        self, at: datetime, text: str, *, html: bool = False, automated: str = "", answers: Said | None = None
    ) -> None:
        """A mail (or a request) of the customer, or of a machine in their place."""
        at = self._moment(at)
        story, draw = self.story, self.chance.random
        first = not story.messages
        channel = story.channel if first or self.stays else "email"
        text = texts.clean(text)
        said = Said(next(self.numbers.messages), "incoming", at, text, channel=channel, is_automated=bool(automated))
        said.subject = story.subject if first else f"Re: {story.subject}"[:300]
        said.matched_by = automated or ("new" if first else "in_reply_to")
        if channel == "email":
            token = f"{int(draw() * 2**60):015x}"
            said.message_id = f"{token}.{said.id}@{self.writer.address.rpartition('@')[2]}"
            said.to = [self.source.address]
            said.authentication = "pass" if draw() < 0.6 else "unknown"
            said.claimed_at = (at - timedelta(seconds=1 + draw() * 20)).replace(microsecond=0)
            if html:
                said.html = (
                    "<p>" + "</p>\n<p>".join(escape(part).replace("\n", "<br>") for part in text.split("\n\n")) + "</p>"
                )
            if not first:
                self._thread(said, answers)
        story.updated_at = at
        if not automated:
            story.snippet = texts.snippet(text)
        story.last_message_id = said.id
        story.messages.append(said)
        facts = {"message": said.id, "customer": self.writer.id, "automated": bool(automated), "channel": channel}
        self.record(at, "message.received", None, facts)
        if automated:
            return
        if story.status != "open":
            was, story.status = story.status, "open"
            story.resolved_at = None
            self.record(at, "ticket.reopened", None, {"was": was, "to": "open"})
            self._take_back(at)
        story.snoozed_until = None
        story.waiting_since = story.waiting_since or at

    def _thread(self, said: Said, answers: Said | None) -> None:
        answered = answers or next((m for m in reversed(self.story.messages) if m.kind == "reply"), None)
        if answered is None:  # a second mail before any answer follows up on the first
            answered = next((m for m in self.story.messages if m.message_id), None)
        if answered is None:
            said.matched_by = "new"
            return
        said.in_reply_to = answered.message_id
        said.references = [*answered.references, answered.message_id][-20:]
        if answered.author and said.matched_by == "in_reply_to" and self.chance.random() < 0.55:
            said.full_text = (
                f"{said.text}\n\n{quoted(answered.text, answered.author.name, answered.at, self.writer.language)}"
            )

    def _reply(self, at: datetime, agent: Person, text: str) -> Said:
        at = self._moment(at)
        story, draw = self.story, self.chance.random
        said = self._write("reply", at, agent, text)
        answered = next((m for m in reversed(story.messages) if m.kind == "incoming" and not m.is_automated), None)
        if answered is not None and answered.message_id:
            said.in_reply_to = answered.message_id
            said.references = [*answered.references, answered.message_id][-20:]
        said.to = [self.writer.address]
        story.messages.append(said)
        was = {
            "was_waiting_since": story.waiting_since.isoformat() if story.waiting_since else None,
            "was_snoozed_until": None,
            "was_last_message": story.last_message_id,
            "answers": answered.id if answered is not None else None,
        }
        story.waiting_since = None
        self.record(at, "message.replied", agent, {"message": said.id, "automated": False, **was})
        story.snippet, story.last_message_id, story.updated_at = texts.snippet(said.text), said.id, at
        story.seen[agent.id] = said.id
        if story.assignee is None:
            self._record_assignment(at, agent.id, story.team, agent)
        subject = story.subject if story.subject.lower().startswith("re:") else f"Re: {story.subject}"[:300]
        refused = draw() < 0.002
        mail = Posted(
            next(self.numbers.mails),
            next(self.numbers.deliveries),
            "reply",
            said.id,
            said.message_id,
            subject,
            said.text,
            at,
            "failed" if refused else "sent",
            "550 5.1.1 User unknown" if refused else "250 2.0.0 Ok: queued",
            None,
            timedelta(days=5),
            said.in_reply_to,
            said.references,
        )
        self._post(mail)
        return said

    def _post(self, mail: Posted) -> datetime:
        """The mail goes out within seconds. Returns when."""
        sent = min(mail.at + timedelta(seconds=0.5 + self.chance.random() * 3), max(self.until, mail.at))
        mail.sent_at = sent if mail.state == "sent" else None
        self.story.mails.append(mail)
        facts = {"message": mail.said, "delivery": mail.delivery, "mail": mail.id, "purpose": mail.purpose}
        self.record(sent, f"message.{mail.state}", None, facts)
        return sent

    def _write(self, kind: str, at: datetime, agent: Person, text: str) -> Said:
        return Said(
            next(self.numbers.messages),
            kind,
            at,
            texts.clean(text),
            author=agent,
            channel=self.story.channel,
            message_id=minting.message_id(self.source.domain),
        )

    def _note(self, at: datetime, agent: Person, text: str) -> None:
        at = self.story.updated_at = self._moment(at)
        said = self._write("note", at, agent, text)
        self.story.messages.append(said)
        self.record(at, "message.noted", agent, {"message": said.id})

    def _assign(self, at: datetime, agent: Person, by: Person, team: int | None = None) -> None:
        at = self._moment(at)
        team = team or self.story.team
        if (agent.id, team) != (self.story.assignee, self.story.team):
            self._record_assignment(at, agent.id, team, by)
            self.story.updated_at = at

    def _record_assignment(self, at: datetime, agent: int, team: int | None, by: Person) -> None:
        story = self.story
        facts = {"agent": agent, "team": team, "was_agent": story.assignee, "was_team": story.team}
        story.assignee, story.team = agent, team
        self.record(at, "ticket.assigned", by, facts)

    def _tag(self, at: datetime, name: str, by: Person) -> None:
        if name not in self.story.tags:
            at = self.story.updated_at = self._moment(at)
            self.story.tags.append(name)
            self.record(at, "ticket.tagged", by, {"tag": name})

    def _prioritise(self, at: datetime, to: str, by: Person) -> None:
        at = self._moment(at)
        was, self.story.priority = self.story.priority, to
        self.record(at, "ticket.prioritised", by, {"was": was, "to": to})

    def _move(self, at: datetime, to: str, actor: Person | None) -> None:
        """Any change of status by an agent or the clock."""
        story = self.story
        at = story.updated_at = self._moment(at)
        was, story.status = story.status, to
        story.snoozed_until = None
        if to in ("resolved", "closed"):
            story.resolved_at = at if to == "resolved" else story.resolved_at or at
            story.waiting_since = None
        else:
            story.resolved_at = None
        event = self.record(at, _VERBS[to], actor, {"was": was, "to": to})
        if to == "resolved":
            self._invite(event)

    # ------------------------------------------------------------------ asking how it was

    def _invite(self, occasion: Happened) -> None:
        survey = self.survey
        if survey is None:
            return
        at = min(occasion.at + timedelta(seconds=0.2 + self.chance.random()), self.until)
        lately = self.asked is not None and occasion.at - self.asked.occasion.at < survey.cool_down
        reason = ""
        if not any(m.kind == "incoming" and not m.is_automated for m in self.story.messages):
            reason = "no_customer_message"
        elif lately or not self.arrival.may_ask or occasion.at > self.arrival.at + ASKABLE:
            reason = "throttled_any"
        invited = Invited(
            next(self.numbers.invitations),
            survey.id,
            occasion,
            secrets.token_urlsafe(16),
            "suppressed" if reason else "waiting",
            occasion.at + survey.delay,
            at,
            reason,
            kind=survey.kind,
        )
        self.story.invitations.append(invited)
        facts = {"invitation": invited.id, "survey": survey.id, "kind": survey.kind, "language": self.writer.language}
        if reason:
            self.record(at, "survey.suppressed", None, {"reason": reason, **facts})
        else:
            self.asked = invited
            self.record(at, "survey.invited", None, facts)

    def _take_back(self, at: datetime) -> None:
        """The ticket is not resolved after all: who was not asked yet is not asked."""
        asked = self.asked
        if asked is not None and asked.state == "waiting" and asked.due_at > at:
            asked.state, asked.reason = "cancelled", "reopened"
            self.record(
                max(min(at + timedelta(seconds=0.5), self.until), at),
                "survey.cancelled",
                None,
                {"invitation": asked.id, "reason": "reopened"},
            )
            self.asked = None

    def _let_surveys_run(self) -> None:
        """Send what fell due, and hear the answers."""
        for invited in self.story.invitations:
            if invited.state == "waiting" and invited.due_at <= self.until:
                self._send(invited)

    def _send(self, invited: Invited) -> None:
        survey, story, draw = self.survey, self.story, self.chance.random
        assert survey is not None
        queued = min(max(invited.due_at, invited.at) + timedelta(seconds=1 + draw() * 30), self.until)
        said = next(
            (m.message_id for m in reversed(story.messages) if m.kind != "note" and m.message_id and m.at <= queued), ""
        )
        link = self.world.survey_link.format(token=invited.token)
        mail = Posted(
            next(self.numbers.mails),
            next(self.numbers.deliveries),
            "survey",
            None,
            minting.message_id(self.source.domain),
            _SUBJECTS[self.writer.language].format(story.subject)[:300],
            _ASKING[survey.kind][self.writer.language].format(link),
            queued,
            "sent",
            "250 2.0.0 Ok: queued",
            None,
            timedelta(hours=48),
            headers={"Auto-Submitted": "auto-generated", **({"In-Reply-To": f"<{said}>"} if said else {})},
        )
        sent = self._post(mail)
        invited.mail, invited.queued_at, invited.sent_at = mail.id, queued, sent
        invited.expires_at, invited.state = sent + survey.valid, "sent"
        self.record(sent, "survey.sent", None, {"invitation": invited.id})
        score = self._score(invited)
        at = self._at_their_leisure(sent, 3.5, 1.4)
        if draw() < _WILLINGNESS[score] and at <= min(self.until, invited.expires_at):
            self._answer(invited, survey, score, at)
        elif invited.expires_at < self.until:
            invited.state = "expired"
            late = min(invited.expires_at + minutes(1 + draw() * 8), self.until)
            self.record(late, "survey.expired", None, {"invitation": invited.id})

    def _mood(self, invited: Invited) -> float:
        """How content the customer is: mostly a matter of how long they waited, and of how often they came back."""
        hours = (self.longest_wait.total_seconds() * 0.7 + self.waits.total_seconds() * 0.3) / 3600
        returns = sum(
            e.verb == "ticket.reopened" and e.facts["was"] == "resolved" and e.at < invited.occasion.at
            for e in self.story.events
        )
        mood = 5.3 - 0.42 * math.log1p(hours / 3) - 0.75 * returns - (0.8 if self.longest_wait > CLIFF else 0.0)
        return mood + self.agent.charm + self.chance.gauss(0, 0.85) - (0.7 if self.bad else 0.0)

    def _score(self, invited: Invited) -> int:
        mood = self._mood(invited)
        if invited.kind != "ces2":
            return min(max(round(mood), 1), 5)
        rounds = sum(message.kind == "incoming" for message in self.story.messages) - 1
        effort = 1.45 * mood - 0.35 - 0.45 * rounds - (0.5 if len(self.story.tags) > 1 else 0.0)
        return min(max(round(effort + self.chance.gauss(0, 0.5)), 1), 7)

    def _answer(self, invited: Invited, survey: Asking, score: int, at: datetime) -> None:
        story, draw = self.story, self.chance.random
        repliers = [
            m.author.id for m in story.messages if m.kind == "reply" and m.author and m.at <= invited.occasion.at
        ]
        invited.state, invited.score, invited.answered_at = "answered", score, at
        invited.response = next(self.numbers.responses)
        invited.agent = repliers[-1] if repliers else None
        invited.is_shared = len(set(repliers)) > 1
        is_low = score <= LOW[survey.kind]
        facts = {
            "invitation": invited.id,
            "survey": survey.id,
            "kind": survey.kind,
            "score": score,
            "changed": False,
            "agent": invited.agent,
            "shared": invited.is_shared,
        }
        if survey.asks_solved and draw() < 0.85:
            came_back = self.returns > 0 and self.complained is not None
            solved = 0.35 if is_low else 0.86 if score <= LOW[survey.kind] + 1 else 0.975
            facts["solved"] = invited.is_solved = draw() < solved - (0.25 if came_back else 0.0)
        reason = None
        if is_low and draw() < 0.72:
            reason = self.feelings.reason(waited=self.longest_wait, returns=self.returns)
            invited.low_reason = reason.id
        if reason is not None and draw() < 0.7:
            facts |= feelings.blame(reason)  # the customer chose it; else an agent says so a little later
        self.record(at, "survey.answered", None, facts)
        if reason is not None and "reason" not in facts:
            later = self.in_business(at, 60 + draw() * 900)
            if later < self.until:
                said = {"invitation": invited.id, **feelings.blame(reason)}
                self.record(later, "survey.explained", self.source.lead, said)
            else:
                reason = invited.low_reason = None
        top = 4 if survey.kind == "csat" else 5
        if draw() < (0.6 if is_low else 0.3):
            default = self.voice.comment(
                min(max(round(score * 5 / (5 if survey.kind == "csat" else 7)), 1), 5), self.agent.name
            )
            tone = "bad" if is_low else "good" if score >= top else "neither"
            invited.comment = feelings.comment(
                self.chance, self.topic.key, self.writer.language, tone, self.agent.name, default
            )
            self.record(at, "survey.commented", None, {"invitation": invited.id, "has_comment": True})
            self.feelings.remark(invited, -1 if is_low else 1 if score >= top else 0, reason)
        low = score if is_low else None
        if low != story.low_score:
            self.record(at, "ticket.marked", None, {"low_score": low, "was": story.low_score})
            story.low_score = low
        if is_low and not story.recoveries:
            self.feelings.recover(invited, reason)


_VERBS = {
    "open": "ticket.reopened",
    "pending": "ticket.pended",
    "on_hold": "ticket.held",
    "resolved": "ticket.resolved",
    "closed": "ticket.closed",
}
#: the angry and the glad answer more often
_WILLINGNESS = {1: 0.5, 2: 0.36, 3: 0.24, 4: 0.27, 5: 0.36, 6: 0.33, 7: 0.38}
_SUBJECTS = {"en": "How did we do? – {}", "de": "Wie waren wir? – {}"}
_ASKING = {
    "csat": {
        "en": "How satisfied were you with the help you got?\n\nChoose an answer here:\n{0}",
        "de": "Wie zufrieden waren Sie mit unserer Hilfe?\n\nIhre Antwort geben Sie hier:\n{0}",
    },
    "ces2": {
        "en": "We made it easy for you to handle your issue. Do you agree?\n\nChoose an answer here:\n{0}",
        "de": "Wir haben es Ihnen leicht gemacht. Stimmen Sie zu?\n\nIhre Antwort geben Sie hier:\n{0}",
    },
}
