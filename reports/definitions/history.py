"""Which definition changed when, and why. A number that is counted otherwise than last year must say so.

Whoever changes what a number counts adds a line on top; exports carry the date of the newest one.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from django.utils.translation import gettext_lazy as _

from reports.definitions.words import Words


@dataclass(frozen=True, slots=True)
class Revision:
    """On which day which definitions (by their keys) changed, and why."""

    day: date
    keys: Sequence[str]
    why: Words


HISTORY: Sequence[Revision] = (
    Revision(
        date(2026, 11, 27),
        ("change", "control"),
        _("New: changes between two periods come with an interval, and control charts say when a figure changed."),
    ),
    Revision(
        date(2026, 11, 24),
        ("created", "resolved", "first_response", "waiting", "resolution", "open", "bulk_closed", "csat",
         "response_rate"),
        _("First published."),
    ),
)  # fmt: skip
VERSION = max(one.day for one in HISTORY).isoformat()
