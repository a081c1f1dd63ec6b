"""Finding words and phrases in what people wrote, so that anybody can read why something was found.

Upper and lower case, accents and what stands between words make no difference; words are whole words, unless a `*`
stands at their beginning or end for any letters: `refund*`, `*versand*`. Nothing here knows of tickets.
"""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

#: no more of a text is looked at
MOST_TEXT = 20_000
MOST_PHRASES = 200
MOST_PHRASE = 100
_WORD = re.compile(r"\w+")
_WRITTEN = re.compile(r"\*?\w+\*?")
_ANY = "[^ ]*"


def fold(word: str) -> str:
    """A word as it is compared: no case, no accents."""
    apart = unicodedata.normalize("NFKD", word.casefold())
    return "".join(letter for letter in apart if not unicodedata.combining(letter))


@dataclass(frozen=True, slots=True)
class Text:
    """A text as it is searched: its folded words between single spaces, and where each stands in what was written."""

    written: str
    folded: str
    places: tuple[tuple[int, int], ...]

    def words(self, start: int, count: int) -> str:
        """The words as they were written."""
        first, last = self.places[start][0], self.places[start + count - 1][1]
        return " ".join(self.written[first:last].split())


def read(text: str) -> Text:
    """Look at a text once, for any number of phrases."""
    written = unicodedata.normalize("NFC", text[:MOST_TEXT])
    found = list(_WORD.finditer(written))
    # what folds to nothing still is a word, so that places stay right
    words = [fold(one[0]).replace(" ", "") or "_" for one in found]
    return Text(written, f" {' '.join(words)} ", tuple((one.start(), one.end()) for one in found))


@dataclass(frozen=True, slots=True)
class Phrase:
    """Words in their order."""

    key: str
    count: int
    pattern: re.Pattern[str]

    def find(self, text: Text) -> str:
        """The first words of the text that are it, as they were written; "" where none are."""
        found = self.pattern.search(text.folded)
        if found is None:
            return ""
        return text.words(text.folded.count(" ", 0, found.start()) - 1, self.count)


def phrase(line: str) -> Phrase | None:
    """A line as somebody typed it; None where it holds no word."""
    words = _WRITTEN.findall(unicodedata.normalize("NFC", line[:MOST_PHRASE]))
    words = [fold(one) for one in words]
    if not any(word.strip("*") for word in words):
        return None
    pattern = " ".join(re.escape(word).replace(r"\*", _ANY) for word in words)
    return Phrase(" ".join(words), len(words), re.compile(f"(?<= ){pattern}(?= )"))


def phrases(lines: str) -> list[Phrase]:
    """The different phrases among lines."""
    found = (phrase(line) for line in lines.splitlines()[:MOST_PHRASES])
    return list({one.key: one for one in found if one is not None}.values())


@dataclass(frozen=True, slots=True)
class Found:
    """A topic in a text: how many of its phrases, and the words that are they."""

    topic: int
    count: int
    words: tuple[str, ...]

    @property
    def said(self) -> str:
        return ", ".join(dict.fromkeys(self.words))[:200]


@dataclass(frozen=True, slots=True)
class Matcher:
    """Topics and their phrases."""

    topics: tuple[tuple[int, tuple[Phrase, ...]], ...]

    def look(self, text: str) -> list[Found]:
        """The topics in a text, those with the most different phrases first."""
        if not self.topics:
            return []
        looked = read(text)
        found = []
        for topic, its in self.topics:
            words = [words for one in its if (words := one.find(looked))]
            if words:
                found.append(Found(topic, len(words), tuple(words)))
        return sorted(found, key=lambda one: (-one.count, one.topic))


def winner(found: Sequence[Found]) -> Found | None:
    """The one topic with the most different phrases; none where two have as many."""
    if not found or (len(found) > 1 and found[1].count == found[0].count):
        return None
    return found[0]


def matcher(topics: Iterable[tuple[int, str]]) -> Matcher:
    """What finds these topics: pairs of a key and its lines. The same ones are made ready once."""
    return _made(tuple(topics))


@lru_cache(maxsize=8)
def _made(topics: tuple[tuple[int, str], ...]) -> Matcher:
    return Matcher(tuple((key, tuple(phrases(lines))) for key, lines in topics))
