"""What a ticket leaves behind beside answers: reasons, recoveries, remarks, complaints, and reviews of its answers.

Pure, as `life` is: a story told so far goes in, rows and events are added to it. Nothing happens after `until`.
"""

from datetime import datetime, timedelta
from random import Random
from typing import Any, Protocol

from feedback.operations import complaining
from reports.demo import programme
from reports.demo.programme import theme_of
from reports.demo.story import (
    Complained,
    Invited,
    Numbers,
    Person,
    Programme,
    Reason,
    Recovered,
    Remarked,
    Reviewed,
    Said,
    Story,
    World,
)
from reports.demo.topics import Topic
from reports.demo.words import pick

#: in how many opening hours a recovery is to be taken up
RECOVERY_HOURS = 8


def remark_of(world: Programme, text: str, number: int, at: datetime, **more: Any) -> Remarked:
    """A remark with the topics its words say."""
    found = list(programme.found_in(text))
    department = next((world.departments[theme.department] for theme, _ in found), None) if more["tone"] < 0 else None
    topics = [(world.topics[theme.name], words) for theme, words in found]
    return Remarked(id=number, text=text, at=at, department=department, topics=topics, **more)


def comment(chance: Random, key: str, language: str, score_is: str, agent: str, default: str) -> str:
    """What a customer adds to a score that is good or bad: about the matter, the waiting, the people, or at large."""
    drawn = chance.random()
    theme = theme_of(key)
    names = {"bad": "Waiting", "good": "The people"}
    if drawn < 0.5 and theme is not None:
        said = (theme.bad if score_is == "bad" else theme.good)[language]
    elif drawn < 0.75 and score_is in names:
        other = next(one for one in programme.THEMES if one.name == names[score_is])
        said = (other.bad if score_is == "bad" else other.good)[language]
    else:
        said = ()
    return pick(chance, said).format(agent=agent.split(" ", 1)[0]) if said else default


class Telling(Protocol):
    """A story while it is told, as far as it is needed here."""

    story: Story
    world: World
    numbers: Numbers
    chance: Random
    topic: Topic
    until: datetime
    longest_wait: timedelta
    returns: int
    complained: Said | None

    def lasting(self, median_minutes: float, spread: float) -> float: ...

    def in_business(self, since: datetime, wait_minutes: float) -> datetime: ...

    def record(self, at: datetime, verb: str, actor: Person | None, facts: dict[str, Any]) -> object: ...


class Feelings:
    """The part of a story that is told once its tickets and answers are."""

    def __init__(self, life: Telling) -> None:
        self.life, self.story, self.chance = life, life.story, life.chance
        self.world = life.world.programme

    # ------------------------------------------------------------------ why it was low

    def reason(self, *, waited: timedelta, returns: int) -> Reason:
        """Why somebody is unhappy: the wait where it was long, else the matter itself."""
        draw, reasons = self.chance.random(), self.world.reasons
        if waited > timedelta(hours=30) and draw < 0.55:
            return reasons["The answer took too long"]
        if returns and draw < 0.6:
            return reasons["I had to explain it again"]
        if draw > 0.93:
            return reasons["Something else"]
        theme = theme_of(self.life.topic.key)
        return reasons[theme.reason if theme else "The answer did not help"]

    # ------------------------------------------------------------------ recoveries

    def recover(self, invited: Invited, reason: Reason | None) -> None:
        """A low score opens a recovery; somebody takes it up, and most of them end well."""
        life, story, draw = self.life, self.story, self.chance.random
        opened = invited.answered_at
        assert opened is not None
        opened += timedelta(seconds=1 + draw() * 3)
        if opened > life.until:
            return
        calendar, lead = story.source.calendar, story.source.lead
        owner = lead if invited.agent != lead.id else next((p for p in story.source.agents if p.id != lead.id), lead)
        one = Recovered(
            id=next(life.numbers.recoveries),
            response=invited.response,
            source="high_effort" if invited.kind == "ces2" else "low_score",
            opened_at=opened,
            due_at=calendar.due(opened, RECOVERY_HOURS * 3600),
            owner=owner.id,
            reason=reason,
            rated_agent=invited.agent,
        )
        story.recoveries.append(one)
        self._record(opened, "recovery.opened", None, one, {
            "source": one.source, "customer": story.writer.id, "owner": owner.id, **blame(reason),
            "due_at": one.due_at.isoformat(), "score": invited.score, "rated_agent": invited.agent,
        })  # fmt: skip
        self._work(one, owner)

    def _work(self, one: Recovered, owner: Person) -> None:
        life, draw = self.life, self.chance.random
        taken = life.in_business(one.opened_at, life.lasting(170, 0.9))
        if draw() < 0.09 or taken > life.until:
            given_up = one.opened_at + timedelta(days=12 + draw() * 5)
            if given_up < life.until:
                self._close(one, owner, given_up, "not_recovered" if draw() < 0.7 else "not_needed")
            return
        one.taken_up_at, one.state, one.version = taken, "worked", one.version + 1
        self._record(taken, "recovery.taken_up", owner, one, {"owner": owner.id})
        if draw() < 0.35:
            at = taken + timedelta(minutes=10 + draw() * 300)
            if at < life.until:
                number = next(life.numbers.recovery_notes)
                one.notes.append((number, owner.id, pick(self.chance, programme.NOTES), at))
                self._record(at, "recovery.noted", owner, one, {"note": number})
        closed = life.in_business(taken, life.lasting(900, 0.8))
        late = taken > one.due_at
        drawn = draw()
        outcome = (
            "recovered" if drawn < (0.42 if late else 0.68) else "not_recovered" if drawn < 0.85 else "unreachable"
        )
        if closed < life.until:
            self._close(one, owner, closed, outcome)

    def _close(self, one: Recovered, owner: Person, at: datetime, outcome: str) -> None:
        draw = self.chance.random
        one.state, one.closed_at, one.outcome, one.version = "closed", at, outcome, one.version + 1
        if outcome != "not_needed":
            one.done = pick(self.chance, programme.DONE)
        if outcome == "recovered" and draw() < 0.45:
            one.cost = f"{5 + draw() * 55:.2f}"
        self._record(at, "recovery.closed", owner, one, {"outcome": outcome, "cost": one.cost})

    def _record(self, at: datetime, verb: str, actor: Person | None, one: Recovered, said: dict[str, Any]) -> None:
        self.life.record(at, verb, actor, {"recovery": one.id, **said})

    # ------------------------------------------------------------------ remarks and complaints

    def remark(self, invited: Invited, tone: int, reason: Reason | None) -> None:
        assert invited.answered_at is not None
        one = remark_of(
            self.world, invited.comment, next(self.life.numbers.remarks), invited.answered_at, source="survey",
            language=self.story.writer.language, tone=tone, response=invited.response, kind=invited.kind,
            score=invited.score,
        )  # fmt: skip
        if reason is not None and reason.department is not None:
            one.department = reason.department
        self._settle(one)
        self.story.remarks.append(one)

    def _settle(self, one: Remarked) -> None:
        """Somebody reads most of what was said badly, within days."""
        draw = self.chance.random
        at = one.at + timedelta(hours=3 + draw() * 120)
        if at < self.life.until and draw() < (0.8 if one.tone < 0 else 0.35):
            lead = self.story.source.lead
            one.settled_at = at
            one.assignee = lead.id if one.tone < 0 else None
            self.life.record(at, "remark.settled", lead, {"remark": one.id})

    def complain(self) -> None:
        """A complaint as ISO 10002 wants it."""
        life, story, draw = self.life, self.story, self.chance.random
        said = life.complained
        if said is None or draw() > 0.3:
            return
        lead = story.source.lead
        received = life.in_business(said.at, 5 + draw() * 60)
        if received > life.until:
            return
        reason = self.reason(waited=life.longest_wait, returns=life.returns)
        by = complaining.end_of_days(story.source.calendar, received)
        one = Complained(next(life.numbers.complaints), received, by, reason.id)
        story.complaints.append(one)

        def record(at: datetime, verb: str, **more: Any) -> None:
            life.record(at, f"complaint.{verb}", lead, {"complaint": one.id, **more})

        record(received, "received", received_at=received.isoformat(), acknowledge_by=by.isoformat())
        remark = remark_of(
            self.world, said.text[:400], next(life.numbers.remarks), received, source="complaint",
            language=story.writer.language, tone=-1, complaint=one.id,
        )  # fmt: skip
        remark.department = remark.department or reason.department
        self._settle(remark)
        story.remarks.append(remark)
        acknowledged = life.in_business(received, life.lasting(90, 0.8))
        if acknowledged > life.until:
            return
        one.acknowledged_at = acknowledged
        record(acknowledged, "acknowledged", by="hand", late=acknowledged > by)
        decided = life.in_business(acknowledged, life.lasting(1_600, 0.6))
        if decided > life.until or draw() < 0.04:
            return
        drawn = draw()
        one.decided_at, one.finding = decided, "upheld" if drawn < 0.55 else "partly" if drawn < 0.8 else "not_upheld"
        one.outcome = pick(self.chance, programme.DONE)
        record(decided, "decided", finding=one.finding)
        closed = decided + timedelta(hours=2 + draw() * 140)
        if closed < life.until:
            one.closed_at, one.is_agreed = closed, draw() < (0.9 if one.finding != "not_upheld" else 0.4)
            record(closed, "closed", agreed=one.is_agreed)

    # ------------------------------------------------------------------ reviews

    def review(self) -> None:
        """A lead looks at a few of the resolved tickets, the Monday after."""
        life, story, draw = self.life, self.story, self.chance.random
        author = next((m.author for m in reversed(story.messages) if m.kind == "reply"), None)
        resolved = next((e.at for e in story.events if e.verb == "ticket.resolved"), None)
        if author is None or resolved is None or draw() > 0.03:
            return
        lead = story.source.lead
        drawn = (resolved + timedelta(days=7 - resolved.weekday())).replace(hour=5, minute=30, second=0, microsecond=0)
        if author.id == lead.id or drawn > life.until:
            return
        one = Reviewed(next(life.numbers.reviews), author.id, lead.id, drawn)
        story.reviews.append(one)
        life.record(drawn, "quality.drawn", None, {"review": one.id, "agent": author.id})
        reviewed = life.in_business(drawn, 200 + draw() * 1_500)
        if reviewed > life.until or draw() < 0.06:
            return
        good = 3.25 + author.charm + (-0.3 if life.returns else 0.0)
        grades = [min(max(round(good + self.chance.gauss(shift, 0.6)), 1), 4) for shift in (0.2, 0.25, -0.15, 0.1)]
        one.reviewed_at, one.grades = reviewed, (grades[0], grades[1], grades[2], grades[3])
        one.comment = pick(self.chance, programme.REVIEWS)
        names = ("clear", "correct", "complete", "kind")
        said = {"review": one.id, "agent": author.id, **dict(zip(names, grades, strict=True))}
        life.record(reviewed, "quality.reviewed", lead, said)
        seen = life.in_business(reviewed, 30 + draw() * 1_200)
        if seen < life.until:
            one.seen_at = seen
            life.record(seen, "quality.seen", author, {"review": one.id})


def blame(reason: Reason | None) -> dict[str, Any]:
    """What an event says of why a score was low."""
    return {
        "reason": reason.id if reason else None,
        "department": reason.department if reason else None,
        "in_control": reason.in_control if reason else None,
    }
