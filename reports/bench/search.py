"""Search: the whole page for a rare word, and for one that almost a fifth of all tickets have."""

from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

import psycopg
from django.db import connection
from django.urls import reverse

from helpdesk.models import Agent
from reports.bench import floors
from reports.bench.pages import get, sign_in
from reports.bench.timing import Effort, medians, tell_median
from tickets.models import SearchWord

COMMON = 0.18
_NAIVE = """
    SELECT t.number, t.subject, t.updated_at, c.name
    FROM tickets_searchdocument d
    JOIN tickets_ticket t ON t.number = d.ticket_id
    JOIN tickets_customer c ON c.id = t.customer_id
    WHERE d.vector @@ plainto_tsquery('helpdesk', %(word)s)
    ORDER BY ts_rank(d.vector, plainto_tsquery('helpdesk', %(word)s)) DESC, t.number DESC LIMIT 25
"""


def measure(size: str, effort: Effort, agent: Agent) -> None:
    """The page of results as an admin; the floor ranks all matches in plain SQL and marks nothing."""
    cookie = sign_in(agent)
    with floors.session() as bare:
        for part, word in (("rare", _rare()), ("common", _common())):
            # a space after it: the word as it is, and not as a beginning
            path = f"{reverse('search')}?{urlencode({'q': f'{word} '})}"
            found = medians(lambda path=path: get(path, cookie), _floor(bare, word), effort)  # type: ignore[misc]
            tell_median("search", size, found, f"search page, a {part} word", part=part)


def _floor(bare: "psycopg.Connection[Any]", word: str) -> Callable[[], int]:
    return lambda: len(bare.execute(_NAIVE, {"word": word}).fetchall())


def _rare() -> str:
    """A word that few tickets have."""
    return SearchWord.objects.order_by("count", "word").values_list("word", flat=True)[0]


def _common() -> str:
    """The word whose share of all tickets is nearest to 18 %, as PostgreSQL's statistics know it."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT word FROM pg_stats, unnest(most_common_elems::text::text[]) WITH ORDINALITY of_words(word, n)
            JOIN unnest(most_common_elem_freqs) WITH ORDINALITY of_shares(share, n) USING (n)
            WHERE tablename = 'tickets_searchdocument' AND attname = 'vector' AND word ~ '^[a-z]{4,}$'
            ORDER BY abs(share - %s) LIMIT 1
            """,
            [COMMON],
        )
        row = cursor.fetchone()
    return str(row[0]) if row else _rare()
