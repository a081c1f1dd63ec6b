"""What reports hear: everything that happens to a ticket."""

from collections.abc import Sequence

from helpdesk.events import subscribe_batch
from helpdesk.models import Event
from reports import facts
from reports.folding import ASIDE


@subscribe_batch("ticket.*", "message.*", "chat.*", "survey.*")
def fold_anew(events: Sequence[Event]) -> None:
    """Fold the tickets of these events anew. Hearing one twice folds twice, to the same facts."""
    facts.refresh(event.stream_id for event in events if event.stream_id is not None and event.verb not in ASIDE)
