"""Words of a search as the index knows them."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from django.db import connection
from django.db.models import Q

from tickets import search_words
from tickets.models import (
    SearchDocument,
)
from tickets.operations.indexing import apart
from tickets.search_words import Typed, Word

#: words that are begun are looked for as beginnings from here on
BEGINNING = 2
_LEXEME = re.compile(r"'((?:[^']|'')*)'")
_LEXEMES = f"SELECT phraseto_tsquery('helpdesk', {apart('word')})::text FROM unnest(%s::text[]) WITH ORDINALITY u(word, n) ORDER BY n"  # noqa: S608, E501 - of constants only


def lexemes(words: Sequence[str]) -> list[str]:
    """Each of these as a query of its own, "" for what has no word in it."""
    if not words:
        return []
    with connection.cursor() as cursor:
        cursor.execute(_LEXEMES, [list(words)])
        return [row[0] for row in cursor.fetchall()]


def plain_words(said: str) -> list[str]:
    return [found.replace("''", "'") for found in _LEXEME.findall(said)]


@dataclass(frozen=True, slots=True)
class Term:
    word: Word
    #: as PostgreSQL says it
    said: str

    @property
    def is_beginning(self) -> bool:
        """Any word that begins so will do."""
        return self.word.is_begun and len((plain_words(self.said) or [""])[-1]) >= BEGINNING

    @property
    def query(self) -> str:
        said = self.said
        if self.word.in_subject:
            said = _LEXEME.sub(r"'\1':A", said)
        if self.is_beginning:
            said += ":*"
        return f"!({said})" if self.word.is_negative else f"({said})"


def terms_of(typed: Typed) -> list[list[Term]]:
    """The groups of words as the index knows them, without what has no word in it."""
    said = iter(lexemes([word.text for word in typed.words]))
    groups = [[Term(word, next(said)) for word in group] for group in typed.groups]
    return [kept for group in groups if (kept := [term for term in group if term.said])]


def tsquery_of(groups: Sequence[Sequence[Term]]) -> str:
    return " & ".join(f"({' | '.join(term.query for term in group)})" for group in groups)


def of_words(text: str) -> Q:
    """Tickets in which these words stand, as a filter; for lists that keep words beside their conditions."""
    tsquery = tsquery_of(terms_of(search_words.parse(text))) if text else ""
    if not tsquery:
        return Q()
    # the alias of this table is Django's to choose; nothing around it has such a column
    found = SearchDocument.objects.extra(where=['"vector" @@ %s::tsquery'], params=[tsquery])
    return Q(pk__in=found.values("ticket"))
