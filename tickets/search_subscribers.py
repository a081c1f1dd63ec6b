"""Which events change what search looks in."""

from collections.abc import Sequence

from helpdesk.events import subscribe_batch
from helpdesk.models import Event
from tickets.operations import indexing

#: what changes no word of a ticket; whatever else there is or will be is taken to change some
WORDLESS = frozenset(
    f"{about}.{what}"
    for about, whats in {
        "ticket": (
            "resolved", "reopened", "pended", "held", "closed", "snoozed", "woken", "assigned", "prioritised",
            "retyped", "followed", "unfollowed", "spammed", "unspammed", "deleted", "restored", "marked",
            "participant_added", "participant_removed",
        ),
        "message": (
            "sent", "delivered", "delayed", "bounced", "failed", "retried", "corrected", "uncertain", "acknowledged",
            "unacknowledged", "scheduled", "unscheduled",
        ),
        "customer": (
            "created", "blocked", "unblocked", "address_verified", "address_doubted", "note_added", "note_changed",
            "note_pinned", "note_unpinned", "note_deleted", "note_restored",
        ),
        "organisation": (
            "created", "note_added", "note_changed", "note_pinned", "note_unpinned", "note_deleted", "note_restored",
        ),
    }.items()
    for what in whats
)  # fmt: skip


@subscribe_batch("ticket.*", "message.*", "customer.*", "organisation.*")
def keep_search_up_to_date(events: Sequence[Event]) -> None:
    """What was said is found a moment later; what changed about a customer, on all their tickets, soon after."""
    about: dict[str, set[int]] = {"ticket": set(), "customer": set(), "organisation": set()}
    for event in events:
        if event.verb in WORDLESS:
            continue
        kind = event.verb.partition(".")[0]
        kind, subject = ("ticket", event.stream_id) if kind in ("ticket", "message") else (kind, event.subject_id)
        others = [event.facts.get(name) for name in ("to", "into", "source", "target")]
        about[kind] |= {one for one in (subject, *others) if isinstance(one, int)}
    indexing.write(about["ticket"])
    if about["customer"] or about["organisation"]:
        indexing.put_off(about["customer"], organisations=about["organisation"])
