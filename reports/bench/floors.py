"""The floors: the same work with nothing of ours around it."""

from collections.abc import Callable, Iterator, Sequence
from email import message_from_bytes, policy
from itertools import cycle
from typing import Any
from uuid import uuid4

import psycopg
from django.conf import settings
from django.db import connection, models

from tickets.models import Message, RawMessage

QUEUE = """
    SELECT t.number, t.subject, t.status, t.priority, t.channel, t.waiting_since, t.updated_at, t.snippet,
           t.last_message_id, t.low_score, c.name, i.name, a.name
    FROM tickets_inbox i
    CROSS JOIN LATERAL (
        SELECT * FROM tickets_ticket
        WHERE inbox_id = i.id AND status = 'open' AND snoozed_until IS NULL
        ORDER BY waiting_since, number LIMIT 51
    ) t
    JOIN tickets_customer c ON c.id = t.customer_id
    LEFT JOIN helpdesk_agent a ON a.id = t.assignee_id
    ORDER BY t.waiting_since, t.number LIMIT 51
"""
TICKET = """
    SELECT t.number, t.subject, t.status, c.name, m.*, p.address, a.name
    FROM tickets_ticket t
    JOIN tickets_customer c ON c.id = t.customer_id
    JOIN tickets_message m ON m.ticket_id = t.number
    LEFT JOIN tickets_contactpoint p ON p.id = m.sender_id
    LEFT JOIN helpdesk_agent a ON a.id = m.author_id
    WHERE t.number = %s
    ORDER BY m.created_at, m.id
"""
REPORT = (
    """
    SELECT count(*) FILTER (WHERE in_volume), count(*) FROM reports_ticketfacts
    WHERE created_at >= %(start)s AND created_at < %(end)s AND inbox = ANY(%(inboxes)s)
    """,
    """
    SELECT count(*), avg(frt_s), percentile_cont(ARRAY[0.5, 0.9]) WITHIN GROUP (ORDER BY frt_s),
           percentile_cont(ARRAY[0.5, 0.9]) WITHIN GROUP (ORDER BY frt_business_s) FROM reports_ticketfacts
    WHERE first_reply_at >= %(start)s AND first_reply_at < %(end)s AND inbox = ANY(%(inboxes)s) AND in_volume
    """,
    """
    SELECT count(*), avg(resolution_s), percentile_cont(ARRAY[0.5, 0.9]) WITHIN GROUP (ORDER BY resolution_s),
           percentile_cont(ARRAY[0.5, 0.9]) WITHIN GROUP (ORDER BY resolution_business_s) FROM reports_ticketfacts
    WHERE resolved_at >= %(start)s AND resolved_at < %(end)s AND inbox = ANY(%(inboxes)s) AND klass = 'counted'
    """,
    """
    SELECT count(*), avg(score), count(*) FILTER (WHERE score >= 4) FROM reports_surveyfacts
    WHERE answered_at >= %(start)s AND answered_at < %(end)s AND inbox = ANY(%(inboxes)s) AND counts AND kind = 'csat'
      AND score IS NOT NULL
    """,
)


def session(*, autocommit: bool = True) -> psycopg.Connection[Any]:
    """A bare connection to the database measured."""
    return psycopg.connect(settings.DATABASE_URL, autocommit=autocommit, connect_timeout=10)


def queue(bare: psycopg.Connection[Any]) -> Callable[[], int]:
    """The rows of the first page of open tickets, in every inbox."""
    return lambda: len(bare.execute(QUEUE).fetchall())


def ticket(bare: psycopg.Connection[Any], numbers: Sequence[int]) -> Callable[[], int]:
    """The messages of one ticket after another."""
    turn = cycle(numbers)
    return lambda: len(bare.execute(TICKET, [next(turn)]).fetchall())


def report(bare: psycopg.Connection[Any], **asked: Any) -> Callable[[], None]:
    """The counts, means and percentiles of the same rows."""

    def ask() -> None:
        for statement in REPORT:
            bare.execute(statement, asked).fetchall()

    return ask


def read_mail(content: bytes) -> int:
    """Subject, from, to, body and attachments by the standard library; how many characters and bytes were in it."""
    mail = message_from_bytes(content, policy=policy.default)
    seen = len(str(mail["Subject"]))
    for name in ("From", "To"):
        seen += sum(len(address.addr_spec) + len(address.display_name) for address in mail[name].addresses)
    body = mail.get_body(("plain", "html"))
    seen += len(body.get_content()) if body is not None else 0
    for part in mail.iter_attachments():
        seen += len(part.get_filename() or "") + len(part.get_content())
    return seen


def survey_page(bare: psycopg.Connection[Any], token: str) -> Callable[[], Any]:
    """An invitation by its token, with its survey and the answer so far."""
    sql = """
        SELECT i.*, s.*, r.score FROM feedback_invitation i JOIN feedback_survey s ON s.id = i.survey_id
        LEFT JOIN feedback_response r ON r.invitation_id = i.id WHERE i.token = %s
    """
    return lambda: bare.execute(sql, [token]).fetchall()


def survey_answer(bare: psycopg.Connection[Any], invitations: Iterator[int]) -> Callable[[], None]:
    """The next invitation locked and answered, with one durable commit."""

    def answer() -> None:
        pk = next(invitations)
        bare.execute("SELECT FROM feedback_invitation WHERE id = %s FOR UPDATE", [pk])
        bare.execute(
            "INSERT INTO feedback_response (invitation_id, score, comment, answered_at, is_shared, is_after_reminder,"
            " is_doubtful) VALUES (%s, 4, '', now(), false, false, false)",
            [pk],
        )
        bare.execute("UPDATE feedback_invitation SET state = 'answered' WHERE id = %s", [pk])
        bare.commit()

    return answer


def insert(bare: psycopg.Connection[Any], said: Message) -> Callable[[], None]:
    """A ticket and its message, as rows like those of `said`, with one durable commit."""
    ticket_sql, ticket_values = _insertion(said.ticket, "number")
    message_sql, message_values = _insertion(said, "id")
    place = [field.attname for field in Message._meta.concrete_fields if field.name != "id"].index("ticket_id")

    def write() -> None:
        row = bare.execute(ticket_sql, ticket_values).fetchone()
        assert row is not None
        message_values[place] = row[0]
        bare.execute(message_sql, message_values)
        bare.commit()

    return write


def raw(bare: psycopg.Connection[Any], like: RawMessage) -> Callable[[], None]:
    """A raw body, as a row like this one under another key, with one durable commit."""
    sql, values = _insertion(like, "id")
    names = [field.attname for field in RawMessage._meta.concrete_fields if field.name != "id"]
    values[names.index("source")] = "floor"
    key = names.index("source_key")

    def write() -> None:
        values[key] = uuid4().hex
        bare.execute(sql, values)
        bare.commit()

    return write


def _insertion(row: models.Model, key: str) -> tuple[str, list[Any]]:
    fields = [field for field in row._meta.concrete_fields if field.name != key]
    names = ", ".join(f'"{field.column}"' for field in fields)
    values = [field.get_db_prep_save(getattr(row, field.attname), connection) for field in fields]
    places = ", ".join(["%s"] * len(fields))
    table = row._meta.db_table
    return f'INSERT INTO {table} ({names}) VALUES ({places}) RETURNING "{key}"', values  # noqa: S608 - Django's names
