"""The words that were looked for, marked in what was found."""

import re
import unicodedata
from collections.abc import Sequence
from functools import lru_cache

from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

BEFORE, AFTER = 60, 150


@lru_cache(maxsize=4096)
def _folded_letter(letter: str) -> str:
    return (unicodedata.normalize("NFD", letter)[:1].lower() or letter)[:1]


def folded(text: str) -> str:
    """Text without accents and capitals, letter for letter, so that places in it are places in the text."""
    return text.lower() if text.isascii() else "".join(map(_folded_letter, text))


class Marker:
    """Marks words, each given as the index knows it; one that was begun is marked to its end."""

    def __init__(self, words: Sequence[tuple[str, bool]]) -> None:
        patterns = [re.escape(folded(word)) + (r"\w*" if is_begun else "") for word, is_begun in words if word]
        patterns.sort(key=len, reverse=True)
        self._pattern = re.compile(rf"(?<![^\W_])(?:{'|'.join(patterns)})(?![^\W_])") if patterns else None

    def marked(self, text: str) -> SafeString:
        """All of a text, safe, with the words marked."""
        return self._render(text, self._places(text))

    def excerpt(self, text: str) -> SafeString | None:
        """The part of a text around the first word that is in it; None where there is none."""
        places = self._places(text)
        if not places:
            return None
        start, end = max(0, places[0][0] - BEFORE), min(len(text), places[0][0] + AFTER)
        if start:
            start = text.find(" ", start, places[0][0]) + 1 or start
        part = " ".join(text[start:end].split())
        shown = self._render(part, self._places(part))
        return mark_safe(f"{'… ' if start else ''}{shown}{' …' if end < len(text) else ''}")  # noqa: S308 - escaped

    def _places(self, text: str) -> list[tuple[int, int]]:
        return [found.span() for found in self._pattern.finditer(folded(text))] if self._pattern else []

    def _render(self, text: str, places: Sequence[tuple[int, int]]) -> SafeString:
        out, at = [], 0
        for start, end in places:
            out += [escape(text[at:start]), "<mark>", escape(text[start:end]), "</mark>"]
            at = end
        out.append(escape(text[at:]))
        return mark_safe("".join(out))  # noqa: S308 - each part is escaped
