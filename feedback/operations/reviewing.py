"""Quality reviews: drawing tickets by lot, grading their answers, and what the agent says to it."""

import random
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import transaction
from django.db.models import Count
from django.utils.translation import gettext as _

from feedback.models import QualityPlan, QualityReview
from helpdesk import clock
from helpdesk.events import record
from helpdesk.models import Agent
from tickets import hours, texts
from tickets.models import Inbox, Message, MessageKind, Ticket, workers_of
from tickets.operations.status import NotPossible

GRADES = ("clear", "correct", "complete", "kind")
LOWEST, HIGHEST = 1, 4
MOST_TEXT = 5_000
#: who was reviewed least in so many weeks comes first
LOOKED_BACK = timedelta(weeks=12)
#: of an inbox's week no more are looked at to draw from, any of them as likely
MOST_TICKETS = 5_000


# ---------------------------------------------------------------------- drawing


def week_of(inbox: Inbox, at: datetime) -> date:
    """The Monday of the week it is in an inbox's zone."""
    day = at.astimezone(_zone(inbox)).date()
    return day - timedelta(days=day.weekday())


def _zone(inbox: Inbox) -> ZoneInfo:
    return ZoneInfo(hours.business(inbox.calendar_id).zone if inbox.calendar_id else settings.TIME_ZONE)


@transaction.atomic
def draw(plan: QualityPlan) -> int:
    """Draw the tickets resolved in the week that is over, once a week. Returns how many.

    Everybody who answered one has their turn before anybody has a second, those who were reviewed least first; which of
    theirs is chance. Clock or not, twice is as once.
    """
    plan = QualityPlan.objects.select_for_update(no_key=True, of=("self",)).select_related("inbox").get(pk=plan.pk)
    week = week_of(plan.inbox, clock.now())
    if plan.drawn_for is not None and plan.drawn_for >= week:
        return 0
    plan.drawn_for = week
    plan.save(update_fields=["drawn_for"])
    zone = _zone(plan.inbox)
    first = datetime.combine(week - timedelta(days=7), time(), zone)
    after = datetime.combine(week, time(), zone)
    # who saw the ledger could tell from a known seed what is drawn next: chance is the machine's
    chosen = choose(_answered(plan.inbox_id, first, after), _times(plan.inbox_id), plan.per_week, random.SystemRandom())
    made = 0
    for number, agent in sorted(chosen):
        ticket = Ticket.objects.locked(number)
        if ticket.is_removed:  # while we waited for it
            continue
        review, is_new = QualityReview.objects.get_or_create(ticket=ticket, agent_id=agent)
        if is_new:
            record("quality.drawn", ticket, actor=None, review=review.pk, agent=agent)
            made += 1
    return made


def _answered(inbox_id: int, first: datetime, after: datetime) -> Mapping[int, list[int]]:
    """By agent, the tickets resolved in a week whose last public answer was theirs, and that nobody reviews yet."""
    numbers = list(
        Ticket.objects.filter(
            inbox=inbox_id, resolved_at__gte=first, resolved_at__lt=after, removed_at=None, merged_into=None
        ).exclude(quality_reviews__isnull=False).order_by("?").values_list("pk", flat=True)[:MOST_TICKETS]
    )  # fmt: skip
    last = (
        Message.objects.filter(
            ticket__in=numbers, kind=MessageKind.REPLY, is_automated=False, withdrawn_at=None, author__is_active=True
        ).order_by("ticket", "-created_at", "-pk").distinct("ticket").values_list("ticket", "author")
    )  # fmt: skip
    theirs: dict[int, list[int]] = defaultdict(list)
    for number, author in last:
        theirs[author].append(number)
    return theirs


def _times(inbox_id: int) -> Mapping[int, int]:
    lately = QualityReview.objects.filter(ticket__inbox=inbox_id, drawn_at__gte=clock.now() - LOOKED_BACK)
    return dict(lately.order_by().values_list("agent").annotate(n=Count("pk")))


def choose(
    theirs: Mapping[int, Sequence[int]], times: Mapping[int, int], most: int, chance: random.Random
) -> list[tuple[int, int]]:
    """Draw (ticket, agent) pairs: round by round one of each agent's, until there are enough."""
    left = {agent: chance.sample(list(numbers), len(numbers)) for agent, numbers in sorted(theirs.items()) if numbers}
    drawn: list[tuple[int, int]] = []
    had = {agent: times.get(agent, 0) for agent in left}
    while left and len(drawn) < most:
        least = min(had[agent] for agent in left)
        agent = chance.choice([one for one in left if had[one] == least])
        drawn.append((left[agent].pop(), agent))
        had[agent] += 1
        if not left[agent]:
            del left[agent]
    return drawn


# ---------------------------------------------------------------------- grading


def may_review(review: QualityReview, actor: Agent) -> bool:
    """Leads of its inbox; nobody their own answers."""
    if not actor.is_lead or actor.pk == review.agent_id:
        return False
    return workers_of(review.ticket.inbox_id).filter(pk=actor.pk).exists()


@transaction.atomic
def review(review: QualityReview, *, grades: Mapping[str, int], actor: Agent, comment: str = "") -> QualityReview:
    """Grade the answers of a ticket. Until the agent has seen it, it can be changed. Raises NotPossible."""
    ticket, kept = _locked(review)
    if not may_review(kept, actor):
        raise NotPossible(_("Leads of its inbox review a ticket, and nobody their own answers."))
    if kept.seen_at is not None:
        raise NotPossible(_("%(name)s has seen it: it stands as it is.") % {"name": kept.agent.name})
    if set(grades) != set(GRADES) or not all(LOWEST <= grade <= HIGHEST for grade in grades.values()):
        raise NotPossible(_("Give each of the four a grade from 1 to 4."))
    comment = texts.clean(comment).strip()[:MOST_TEXT]
    was = {name: getattr(kept, name) for name in GRADES}
    if kept.reviewed_at is not None and was == dict(grades) and kept.comment == comment:
        return kept
    for name, grade in grades.items():
        setattr(kept, name, grade)
    kept.comment, kept.reviewer, kept.reviewed_at = comment, actor, kept.reviewed_at or clock.now()
    kept.save()
    record("quality.reviewed", ticket, actor=actor, review=kept.pk, agent=kept.agent_id, **dict[str, Any](grades))
    return kept


@transaction.atomic
def take_back(review: QualityReview, *, actor: Agent) -> QualityReview:
    """It is not reviewed, after all; while the agent has not seen it."""
    ticket, kept = _locked(review)
    if kept.reviewed_at is None:
        return kept
    if kept.reviewer_id != actor.pk or kept.seen_at is not None:
        raise NotPossible(_("Only who reviewed it takes it back, and before it was seen."))
    for name in GRADES:
        setattr(kept, name, None)
    kept.comment, kept.reviewer, kept.reviewed_at = "", None, None
    kept.save()
    record("quality.taken_back", ticket, actor=actor, review=kept.pk, agent=kept.agent_id)
    return kept


@transaction.atomic
def see(review: QualityReview, *, actor: Agent) -> QualityReview:
    """The agent whose answers they are has looked at it: from now on figures hold it."""
    ticket, kept = _locked(review)
    if kept.agent_id == actor.pk and kept.reviewed_at is not None and kept.seen_at is None:
        kept.seen_at = clock.now()
        kept.save(update_fields=["seen_at"])
        record("quality.seen", ticket, actor=actor, review=kept.pk)
    return kept


@transaction.atomic
def reply(review: QualityReview, *, text: str, actor: Agent) -> QualityReview:
    """What the agent says to it; "" takes it back. Raises NotPossible for everybody else."""
    ticket, kept = _locked(review)
    if kept.agent_id != actor.pk or kept.reviewed_at is None:
        raise NotPossible(_("Only whose answers were reviewed replies to it."))
    text = texts.clean(text).strip()[:MOST_TEXT]
    if kept.reply != text:
        kept.reply = text
        kept.seen_at = kept.seen_at or clock.now()
        kept.save(update_fields=["reply", "seen_at"])
        record("quality.replied", ticket, actor=actor, review=kept.pk, has_reply=bool(text))
    return kept


def _locked(review: QualityReview) -> tuple[Ticket, QualityReview]:
    ticket = Ticket.objects.locked(review.ticket_id)
    kept = QualityReview.objects.select_for_update(no_key=True, of=("self",)).select_related("agent").get(pk=review.pk)
    kept.ticket = ticket
    return ticket, kept
