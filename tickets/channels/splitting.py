"""Cutting an answer that is too long for one message of a network: between paragraphs, sentences, words, else anywhere.

The composer shows the parts before they are sent, made by this same function.
"""

import re
import unicodedata

from tickets.channels.protocol import Capabilities, Counting

_CUTS = (re.compile(r"\n{2,}"), re.compile(r"\n"), re.compile(r"(?<=[.!?…])\s+"), re.compile(r"\s+"))
#: a part shorter than this share of the limit is not made for the sake of a nicer cut
_LEAST = 0.5
_LINK = re.compile(r"https?://[^\s<>\"']+")


def measure(text: str, can: Capabilities) -> int:
    """How long a network says a text is, with its links as long as it takes them for."""
    if can.link is None:
        return length(text, can.counts)
    found = _LINK.findall(text)
    return length(_LINK.sub("", text), can.counts) + can.link * len(found)


def length(text: str, counts: Counting) -> int:
    """How long a network says a text is.

    UTF-16 units where it counts as JavaScript does; grapheme clusters are counted as letters without the marks, joiners
    and modifiers that hang on them, which is never fewer than Unicode's own (UAX #29).
    """
    if counts == "bytes":
        return len(text.encode())
    if counts == "utf16":
        return len(text.encode("utf-16-le")) // 2
    if counts == "graphemes":
        return sum(1 for letter in text if not _hangs_on(letter))
    return len(text)


def _hangs_on(letter: str) -> bool:
    return (
        unicodedata.combining(letter) != 0 or "\ufe00" <= letter <= "\ufe0f" or "\U0001f3fb" <= letter <= "\U0001f3ff"
    )


def split(text: str, can: Capabilities) -> list[str]:
    """The parts of a text a network takes, in order; at least one, which may be empty."""
    parts, rest = [], text.strip()
    while can.most_text is not None and measure(rest, can) > can.most_text:
        cut = _cut(rest, _reach(rest, can.most_text, can))
        parts.append(rest[:cut].rstrip())
        rest = rest[cut:].lstrip()
    return [*parts, rest] if rest or not parts else parts


def _reach(text: str, most: int, can: Capabilities) -> int:
    """How many letters from the beginning fit."""
    low, high = 0, len(text)
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if measure(text[:middle], can) <= most else (low, middle - 1)
    return max(low, 1)


def _cut(text: str, reach: int) -> int:
    for kind in _CUTS:
        places = [
            found.start() for found in kind.finditer(text, 0, reach + 1) if reach * _LEAST <= found.start() <= reach
        ]
        if places:
            return places[-1]
    while reach > 1 and _hangs_on(text[reach]):  # a letter keeps what hangs on it
        reach -= 1
    return reach
