"""What anonymous surveys say: in cells of at least five answers, of weeks that are over. Only reads."""

from dataclasses import dataclass, field
from datetime import date
from itertools import takewhile

from django.db.models import Count, Max, Q
from django.utils.timezone import localdate

from feedback.models import Ballot, Survey, last_day_of

#: fewer answers than that say too much of each
SMALLEST_CELL = 5


@dataclass(slots=True)
class Cell:
    """Some weeks on end: how many were asked, how many answered, and what, once that hides everybody."""

    first: date
    last: date
    asked: int = 0
    answered: int = 0
    #: each score with its words and how often it was given
    scores: list[tuple[int, str, int]] = field(default_factory=list)
    comments: list[str] = field(default_factory=list)

    @property
    def is_shown(self) -> bool:
        return self.answered >= SMALLEST_CELL

    @property
    def percent(self) -> int:
        return round(100 * self.answered / self.asked) if self.asked else 0


def cells(survey: Survey) -> list[Cell]:
    """The cells of a survey, the latest first. Weeks are joined until five people answered in them.

    A week counts once its last link, and that of every week before it, has run out: a cell that was shown never
    changes, so that nobody learns an answer from the difference of yesterday's figures and today's. The weeks that are
    over but too thin are one cell without scores.
    """
    weeks = (
        Ballot.objects.filter(survey=survey).order_by("week").values("week")
        .annotate(asked=Count("pk"), answered=Count("pk", filter=Q(score__isnull=False)), days=Max("valid_days"))
    )  # fmt: skip
    today = localdate()
    found: list[Cell] = []
    for week in takewhile(lambda week: last_day_of(week["week"], week["days"]) < today, weeks):
        if not found or found[-1].is_shown:
            found.append(Cell(week["week"], week["week"]))
        found[-1].last = week["week"]
        found[-1].asked += week["asked"]
        found[-1].answered += week["answered"]
    for cell in found:
        if cell.is_shown:
            _fill(survey, cell)
    return found[::-1]


def _fill(survey: Survey, cell: Cell) -> None:
    votes = Ballot.objects.filter(survey=survey, week__gte=cell.first, week__lte=cell.last, score__isnull=False)
    counts = dict(votes.order_by().values_list("score").annotate(Count("pk")))
    cell.scores = [(score, str(words), counts.get(score, 0)) for score, words in survey.scale.items()]
    # by their random keys, so that no order says anything
    cell.comments = list(votes.exclude(comment="").order_by("pk").values_list("comment", flat=True)[:200])
