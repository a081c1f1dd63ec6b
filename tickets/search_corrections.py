"""Words nobody ever wrote, and those that look most like them."""

from collections.abc import Sequence
from dataclasses import replace

from django.db import connection, transaction

from tickets.models import (
    SearchWord,
)
from tickets.search_terms import Term, plain_words


def corrected_of(groups: Sequence[Sequence[Term]]) -> tuple[dict[str, str], list[list[Term]]] | None:
    """The same groups with the words nobody ever wrote in place of those that look most alike; None without any."""
    doubtful = {
        term: plain[0]
        for group in groups
        for term in group
        if not term.word.is_negative and len(plain := plain_words(term.said)) == 1
        and 4 <= len(plain[0]) <= 40 and not any(letter.isdigit() for letter in plain[0])
    }  # fmt: skip
    known = set(SearchWord.objects.filter(word__in=doubtful.values()).values_list("word", flat=True))
    instead: dict[str, str] = {}
    better: dict[Term, Term] = {}
    for term, word in doubtful.items():
        if word in known or (term.is_beginning and SearchWord.objects.filter(word__startswith=word).exists()):
            continue
        if nearest := _nearest(word):
            instead[term.word.text] = nearest
            better[term] = Term(
                replace(term.word, text=nearest, is_begun=False), f"'{nearest.replace(chr(39), chr(39) * 2)}'"
            )
    if not instead:
        return None
    return instead, [[better.get(term, term) for term in group] for group in groups]


def _nearest(word: str) -> str | None:
    """The word somebody wrote that is the fewest mistakes away; of several, the one that was written more often."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL pg_trgm.similarity_threshold = 0.25")
        cursor.execute(
            "SELECT word, count FROM tickets_searchword WHERE word %% %s AND length(word) BETWEEN %s AND %s"
            " ORDER BY similarity(word, %s) DESC LIMIT 40",
            [word, len(word) - 2, len(word) + 2, word],
        )
        found = cursor.fetchall()
    most = 1 if len(word) <= 4 else 2
    near = [(distance, -count, other) for other, count in found if (distance := mistakes(word, other)) <= most]
    return min(near)[2] if near else None


def mistakes(one: str, other: str) -> int:
    """How many letters must be put in, left out, exchanged or swapped with their neighbour to make one of the other."""
    before: list[int] = []
    row = list(range(len(other) + 1))
    for i, letter in enumerate(one, 1):
        before, last, row = row, before, [i]
        for j, wanted in enumerate(other, 1):
            cost = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (letter != wanted))
            if i > 1 and j > 1 and letter == other[j - 2] and one[i - 2] == wanted:
                cost = min(cost, last[j - 2] + 1)
            row.append(cost)
    return row[-1]
