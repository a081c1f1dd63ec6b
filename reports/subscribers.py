"""What reports hear: everything that happens to a ticket, to an asking, and who turned out to be the same customer."""

from collections.abc import Sequence

from helpdesk.events import subscribe_batch
from helpdesk.models import Event
from reports.ledger import facts, loose
from reports.ledger.folding import ASIDE


@subscribe_batch("ticket.*", "message.*", "chat.*", "survey.*")
def fold_anew(events: Sequence[Event]) -> None:
    """Fold the tickets of these events anew. Hearing one twice folds twice, to the same facts."""
    facts.refresh(event.stream_id for event in events if event.stream_id is not None and event.verb not in ASIDE)
    loose.refresh_askings(event.subject_id for event in events if event.subject_type == "invitation")


@subscribe_batch("customer.merged", "customer.unmerged")
def fold_customers_anew(events: Sequence[Event]) -> None:
    """Give the askings about no ticket to whom they belong by now; tickets say so themselves."""
    loose.refresh_customers(number for event in events for number in (event.subject_id, event.facts["source"]))
