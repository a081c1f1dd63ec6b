"""What happened beside the figures: the annotations of a choice, and where they stand on a chart."""

from collections.abc import Sequence
from datetime import date

from django.db.models import Q, QuerySet

from reports.models import Annotation
from reports.reading import Filter

Note = Annotation


def of(chosen: Filter) -> list[Note]:
    """What was written down about the days of a choice, of its inboxes or of all."""
    return list(in_inboxes(chosen.inboxes).filter(day__range=(chosen.first, chosen.last)))


def in_inboxes(inboxes: Sequence[int]) -> "QuerySet[Annotation]":
    """Those of these inboxes, and of all."""
    return Annotation.objects.filter(Q(inbox=None) | Q(inbox__in=inboxes)).select_related("inbox", "author")


def marks(notes: Sequence[Note], spans: Sequence[tuple[date, date]]) -> dict[int, str]:
    """Their words by the slice they fall in; each slice from its first day to before its end."""
    found: dict[int, list[str]] = {}
    for note in notes:
        for i, (first, end) in enumerate(spans):
            if first <= note.day < end:
                found.setdefault(i, []).append(note.text)
                break
    return {i: "; ".join(words) for i, words in found.items()}
