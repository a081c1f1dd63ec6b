"""Quality reviews as people read them: what waits for whom, and means with how many they are of.

The agent sees a review first: until they did, or a week has passed, no figure holds it for anybody else.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, F, Q, QuerySet, Sum

from feedback.models import QualityReview
from feedback.operations.reviewing import GRADES
from helpdesk import clock
from helpdesk.models import Agent
from tickets.models import Inbox

#: until the agent looked, and no longer than that
FIRST_THEIRS = timedelta(days=7)
#: fewer are not shown
SMALLEST = 5
#: no list of them is longer
MOST = 200


def waiting(agent: Agent) -> "QuerySet[QualityReview]":
    """What a lead has to review, the longest drawn first; never their own answers."""
    if not agent.is_lead:
        return QualityReview.objects.none()
    seen = QualityReview.objects.filter(reviewed_at=None, ticket__inbox__in=Inbox.objects.visible_to(agent))
    return seen.filter(ticket__removed_at=None).exclude(agent=agent).order_by("drawn_at", "pk")


def of_agent(agent: Agent) -> "QuerySet[QualityReview]":
    """The reviews of one's own answers, the latest first."""
    return QualityReview.objects.filter(agent=agent, reviewed_at__isnull=False).order_by("-reviewed_at", "-pk")


def done(agent: Agent) -> "QuerySet[QualityReview]":
    """What was reviewed in the inboxes a lead sees, the latest first."""
    if not agent.is_lead:
        return QualityReview.objects.none()
    seen = QualityReview.objects.filter(reviewed_at__isnull=False, ticket__inbox__in=Inbox.objects.visible_to(agent))
    return seen.order_by("-reviewed_at", "-pk")


def visible_to(agent: Agent) -> "QuerySet[QualityReview]":
    """Reviews one may open: of one's own answers once they are there, and as a lead of one's inboxes."""
    own = Q(agent=agent, reviewed_at__isnull=False)
    if not agent.is_active:
        return QualityReview.objects.none()
    if not agent.is_lead:
        return QualityReview.objects.filter(own, ticket__inbox__in=Inbox.objects.visible_to(agent))
    theirs = ~Q(agent=agent) | Q(reviewed_at__isnull=False)
    return QualityReview.objects.filter(theirs, ticket__inbox__in=Inbox.objects.visible_to(agent))


def counting(*, at: datetime | None = None, besides: int | None = None) -> "QuerySet[QualityReview]":
    """The reviews figures are made of; for the agent `besides`, their own unseen ones too."""
    at = at or clock.now()
    told = Q(seen_at__isnull=False) | Q(reviewed_at__lt=at - FIRST_THEIRS)
    if besides is not None:
        told |= Q(agent=besides)
    return QualityReview.objects.filter(told, reviewed_at__isnull=False, ticket__removed_at=None)


@dataclass(frozen=True, slots=True)
class Grades:
    """One of the four, or their mean: of how many reviews, and the sums an interval is made of."""

    name: str
    n: int
    total: float
    squares: float

    @property
    def mean(self) -> float | None:
        return self.total / self.n if self.n else None

    @property
    def is_hidden(self) -> bool:
        """Too few to show to others."""
        return self.n < SMALLEST


def grades(
    inboxes: Collection[int], start: datetime, end: datetime, *, agents: Collection[int] | None = None,
    team: int | None = None, at: datetime | None = None, besides: int | None = None,
) -> Sequence[Grades]:  # fmt: skip
    """The four grades and their mean (`overall`) of reviews made in [start, end)."""
    found = counting(at=at, besides=besides).filter(
        ticket__inbox__in=inboxes, reviewed_at__gte=start, reviewed_at__lt=end
    )
    if agents is not None:
        found = found.filter(agent__in=agents)
    if team is not None:
        found = found.filter(ticket__team=team)
    overall = (F("clear") + F("correct") + F("complete") + F("kind")) / 4.0
    wanted = {name: F(name) for name in GRADES} | {"overall": overall}
    sums = found.aggregate(
        n=Count("pk"),
        **{f"{name}_sum": Sum(what * 1.0) for name, what in wanted.items()},
        **{f"{name}_squares": Sum(what * what * 1.0) for name, what in wanted.items()},
    )
    return [
        Grades(name, sums["n"], float(sums[f"{name}_sum"] or 0), float(sums[f"{name}_squares"] or 0)) for name in wanted
    ]


def by_agent(
    inboxes: Collection[int], start: datetime, end: datetime, reader: Agent
) -> dict[int, tuple[int, float | None]]:
    """Each person's mean and of how many reviews: one's own, and for leads those of their inboxes.

    Of others nothing is said below five; of oneself everything, at once.
    """
    found = counting(besides=reader.pk).filter(ticket__inbox__in=inboxes, reviewed_at__gte=start, reviewed_at__lt=end)
    if not reader.is_lead:
        found = found.filter(agent=reader)
    overall = (F("clear") + F("correct") + F("complete") + F("kind")) / 4.0
    rows = found.order_by().values("agent").annotate(n=Count("pk"), total=Sum(overall))
    return {
        row["agent"]: (row["n"], float(row["total"]) / row["n"] if row["n"] >= SMALLEST or row["agent"] == reader.pk
                       else None)
        for row in rows
    }  # fmt: skip
