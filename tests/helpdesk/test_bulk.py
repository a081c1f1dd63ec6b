"""Many rows changed in one statement: as saving each would, and no others."""

from datetime import UTC, datetime

import pytest
from django.db import DataError, transaction

from helpdesk.bulk import update_rows
from tickets.models import Inbox, RawMessage, RawState, Ticket

NAMES = ["state", "reason", "content_hash", "lease_until", "attempts", "said"]


def raws(inbox: Inbox, count: int) -> list[RawMessage]:
    return RawMessage.objects.bulk_create(
        RawMessage(inbox=inbox, source="test", source_key=str(i), content=b"x", size=1, sha256=b"")
        for i in range(count)
    )


def test_every_row_gets_its_own_values(inbox: Inbox, ticket: Ticket) -> None:
    rows = raws(inbox, 3)
    said = ticket.messages.get()
    rows[0].state, rows[0].reason, rows[0].content_hash = RawState.DONE, 'it\'s \\ "quoted", {NULL}\n%s é', b"\x00\xff'"
    rows[0].lease_until, rows[0].attempts, rows[0].said = datetime(2026, 3, 2, 9, 30, tzinfo=UTC), 7, said
    rows[1].state, rows[1].reason = RawState.PARKED, "NULL"
    update_rows(rows[:2], NAMES)
    for row in rows:
        kept = RawMessage.objects.get(pk=row.pk)
        for name in ("state", "reason", "lease_until", "attempts", "said_id"):
            assert getattr(kept, name) == getattr(row, name)
        assert (bytes(kept.content_hash) if kept.content_hash is not None else None) == row.content_hash
    assert RawMessage.objects.get(pk=rows[2].pk).state == RawState.RECEIVED


def test_a_text_too_long_is_refused_and_not_cut_off(inbox: Inbox) -> None:
    (row,) = raws(inbox, 1)
    row.subject = "x" * 301
    with pytest.raises(DataError), transaction.atomic():
        update_rows([row], ["subject"])


def test_no_rows_are_no_question(db: None, django_assert_num_queries) -> None:  # type: ignore[no-untyped-def]
    with django_assert_num_queries(0):
        update_rows([], NAMES)
