"""What search looks in, kept up to date: one document a ticket, written anew as a whole whenever something is said.

Writing a document twice gives the same document, so events may be heard twice and several processes may write at once.
A batch is one statement, whatever it holds.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import structlog
from django.db import DataError, connection, transaction
from psycopg.types.numeric import Int8

from helpdesk import statements
from tickets.models import SearchDocument, StaleDocument, Ticket

log = structlog.get_logger(__name__)

#: characters of one message, and of all messages of a ticket, the newest first; the rest is read, but not found
OF_A_MESSAGE, OF_A_TICKET = 20_000, 150_000
#: from here on, how often a word was written no longer matters to whoever mistypes it
COUNTED = 20
BATCH = 200

#: signs at which words end: PostgreSQL would take `AB-1234` for a word and a negative number, and an address for one
SIGNS = "-_/@.:+=#~*|\\"
_APART = f"translate(%s, '{SIGNS}', '{' ' * len(SIGNS)}')"


def apart(sql: str) -> str:
    """The SQL of a text whose words stand apart: the same for what is looked in and for what is looked for."""
    return _APART % sql


_WRITE = f"""
    WITH written AS (
        INSERT INTO tickets_searchdocument AS known (ticket_id, inbox_id, vector, message_id, updated_at)
        SELECT
            t.number, t.inbox_id,
            setweight(to_tsvector('helpdesk', {apart("concat_ws(' ', t.number, t.subject)")}), 'A')
            || setweight(to_tsvector('helpdesk', {apart("concat_ws(' ', c.name, o.name, addresses.words)")}), 'B')
            || setweight(to_tsvector('helpdesk', {apart("concat_ws(' ', tags.words, files.words)")}), 'B')
            || setweight(to_tsvector('helpdesk', {apart("coalesce(said.words, '')")}), 'C'),
            coalesce(said.newest, 0), coalesce(said.at, t.created_at)
        FROM tickets_ticket t
        JOIN tickets_customer c ON c.id = t.customer_id
        LEFT JOIN tickets_organisation o ON o.id = c.organisation_id
        CROSS JOIN LATERAL (
            SELECT left(string_agg(address, ' '), 4000) AS words
            FROM (SELECT address FROM tickets_contactpoint WHERE customer_id = c.id ORDER BY id LIMIT 50) points
        ) addresses
        CROSS JOIN LATERAL (
            SELECT string_agg(name, ' ') AS words
            FROM tickets_ticket_tags put JOIN tickets_tag ON tickets_tag.id = put.tag_id WHERE put.ticket_id = t.number
        ) tags
        CROSS JOIN LATERAL (
            SELECT left(string_agg(a.filename, ' '), 10000) AS words
            FROM tickets_attachment a JOIN tickets_message m ON m.id = a.message_id
            WHERE m.ticket_id = t.number AND m.withdrawn_at IS NULL
        ) files
        CROSS JOIN LATERAL (
            SELECT left(string_agg(left(text, {OF_A_MESSAGE}), ' ' ORDER BY id DESC), {OF_A_TICKET}) AS words,
                max(id) AS newest, max(created_at) AS at
            FROM tickets_message WHERE ticket_id = t.number AND withdrawn_at IS NULL
        ) said
        WHERE t.number = ANY(%s)
        ORDER BY t.number
        ON CONFLICT (ticket_id) DO UPDATE SET inbox_id = excluded.inbox_id, vector = excluded.vector,
            message_id = excluded.message_id, updated_at = excluded.updated_at
        WHERE (known.inbox_id, known.vector, known.message_id, known.updated_at)
            IS DISTINCT FROM (excluded.inbox_id, excluded.vector, excluded.message_id, excluded.updated_at)
        RETURNING vector
    ), words AS (
        INSERT INTO tickets_searchword AS known (word, count)
        SELECT lexeme, least(count(*), {COUNTED}) FROM written CROSS JOIN LATERAL unnest(vector)
        WHERE length(lexeme) BETWEEN 3 AND 40 AND lexeme !~ '[0-9]'
            AND NOT EXISTS (SELECT FROM tickets_searchword WHERE word = lexeme AND count >= {COUNTED})
        GROUP BY lexeme ORDER BY lexeme
        ON CONFLICT (word) DO UPDATE SET count = least(known.count + excluded.count, {COUNTED})
        WHERE known.count < {COUNTED}
    )
    SELECT count(*) FROM written
"""  # noqa: S608 - of constants only


def write(numbers: Iterable[int]) -> int:
    """Write the documents of these tickets. Returns how many are other than they were.

    A ticket whose words the database cannot take gets an empty document, and stops nobody else's.
    """
    wanted = sorted(set(numbers))
    if not wanted:
        return 0
    try:
        with transaction.atomic(), statements.cursor() as cursor:
            cursor.execute(_WRITE, [[Int8(number) for number in wanted]])
            changed: int = cursor.fetchone()[0]
        return changed
    except DataError:
        if len(wanted) > 1:
            half = len(wanted) // 2
            return write(wanted[:half]) + write(wanted[half:])
        log.exception("a ticket cannot be indexed", ticket=wanted[0])
        return _write_empty(wanted[0])


def _write_empty(number: int) -> int:
    ticket = Ticket.objects.get(number=number)
    empty = {"inbox_id": ticket.inbox_id, "vector": "", "updated_at": ticket.created_at}
    SearchDocument.objects.update_or_create(ticket=ticket, defaults=empty)
    return 1


def put_off(customers: Iterable[int] = (), *, organisations: Iterable[int] = ()) -> None:
    """The tickets of these customers, and of these organisations' people, are written anew when the clock comes by."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO tickets_staledocument (ticket_id)
            SELECT t.number FROM tickets_ticket t JOIN tickets_customer c ON c.id = t.customer_id
            WHERE c.id = ANY(%s) OR c.organisation_id = ANY(%s)
            ORDER BY 1
            ON CONFLICT DO NOTHING
            """,
            [sorted(set(customers)), sorted(set(organisations))],
        )


def write_stale(limit: int = BATCH) -> int:
    """Write documents that were put off. Returns how many there were."""
    with transaction.atomic():
        stale = StaleDocument.objects.select_for_update(skip_locked=True).order_by("pk")
        numbers = list(stale.values_list("pk", flat=True)[:limit])
        StaleDocument.objects.filter(pk__in=numbers).delete()
        write(numbers)
    return len(numbers)


def write_missing(limit: int = BATCH) -> int:
    """Write documents of tickets that have none, the newest first. Returns how many there were."""
    numbers = list(Ticket.objects.filter(document=None).order_by("-number").values_list("number", flat=True)[:limit])
    write(numbers)
    return len(numbers)


@dataclass(frozen=True, slots=True)
class Progress:
    """How far writing is: documents looked at, of so many, and how many of them are other than they were."""

    seen: int
    of: int
    changed: int


def rebuild(*, everything: bool = False) -> Iterator[Progress]:
    """Write the documents that are missing, or all of them, the newest first."""
    tickets = Ticket.objects.order_by("-number").values_list("number", flat=True)
    if not everything:
        tickets = tickets.filter(document=None)
    of, seen, changed, before = tickets.count(), 0, 0, None
    while numbers := list((tickets.filter(number__lt=before) if before else tickets)[:BATCH]):
        before = numbers[-1]
        changed += write(numbers)
        seen += len(numbers)
        yield Progress(seen, max(of, seen), changed)
