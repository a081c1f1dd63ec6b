"""Which lines are signature: the delimiter, what phones add, closing words with a name below, and small print."""

import re

from tickets.channels.email import phrases

_LINE = 200

_CLOSINGS = frozenset(phrases.CLOSINGS)
_SHORT_CLOSINGS = tuple(sorted((entry for entry in _CLOSINGS if len(entry) > 1), key=len, reverse=True))
_FIRST_WORDS = frozenset(entry.split()[0].rstrip(",") for entry in _CLOSINGS)
_FOOTERS = tuple(phrases.FOOTERS)
_DEVICE = r"\S(?:[^.!?\n]|\.(?=\S)){0,50}"
_SENT_FROM = re.compile(
    r"[\s*_(<\[]*(?:" + "|".join(one.replace("{device}", _DEVICE) for one in phrases.SENT_FROM) + r")[\s*_)\].>]*",
    re.IGNORECASE,
)
# Words of those patterns: a line in ASCII without one of them needs no closer look.
_SENT_WORDS = frozenset(
    word.lower()
    for pattern in phrases.SENT_FROM
    for word in re.findall(r"[A-Za-z]{3,}", pattern.replace("{device}", " "))
)
_LINK = re.compile(r"[<(\[]?https?://[^\s>)\]]*[>)\]]?")
_NAME_AFTER_DASH = re.compile(r"[-–—~/](?![-/])[^\W\d_][\w.'-]*(?: [^\W\d_][\w.'-]*){0,2}")
_POSTSCRIPT = re.compile(r"\s*P\.?\s?S\.?\b[ :.-]", re.IGNORECASE)


def mark(lines: list[str], kinds: list[str]) -> None:
    """Turn the lines of `kinds` that are signature from text into signature."""
    runs = _runs(kinds)
    for place, (start, end) in enumerate(runs):
        after_quote = place > 0
        is_last = place == len(runs) - 1
        begins = _begin(lines, kinds, start, end, may_be_all=after_quote, is_last=is_last)
        if begins is not None:
            for index in range(begins, end):
                if kinds[index] == "t":
                    kinds[index] = "s"


def _runs(kinds: list[str]) -> list[tuple[int, int]]:
    """The stretches of text between quotations, as (first line, line after the last)."""
    runs = []
    start = -1
    for index, kind in enumerate(kinds):
        if kind in "qa":
            if start >= 0:
                runs.append((start, index))
                start = -1
        elif kind == "t" and start < 0:
            start = index
    if start >= 0:
        runs.append((start, len(kinds)))
    return runs


def _begin(lines: list[str], kinds: list[str], start: int, end: int, *, may_be_all: bool, is_last: bool) -> int | None:
    """The line at which the signature of one stretch begins."""
    filled = [index for index in range(start, end) if kinds[index] == "t"]
    for position, index in enumerate(filled):
        line = lines[index][:_LINE]
        stripped = line.strip()
        below = len(filled) - position - 1
        has_above = position > 0 or may_be_all
        if stripped in ("--", "—", "–", "-​-") and (below <= 30 or line.startswith("-- ")):
            return index
        if not has_above:
            if below == 0 and len(stripped) < 160 and _is_sent_from(stripped):
                return index
            continue
        if len(stripped) < 160 and _is_sent_from(stripped):
            return index
        if below <= 12 and len(stripped) >= 20 and not stripped.strip("_") and is_last:
            return index
        if below <= 12 and _is_closing(stripped) and _is_tail(lines, filled[position + 1 :]):
            return index
        if below <= 1 and _NAME_AFTER_DASH.fullmatch(stripped) and len(stripped) < 40:
            return index
        if is_last and _is_small_print(lines, filled[position:], stripped, after_quote=may_be_all):
            return index
    return None


def _is_sent_from(stripped: str) -> bool:
    if "http" in stripped:
        stripped = _LINK.sub("", stripped).strip()
    if stripped.isascii() and _SENT_WORDS.isdisjoint(stripped.lower().strip("*_(<[").split(" ")):
        return False
    return bool(_SENT_FROM.fullmatch(stripped))


def _is_closing(stripped: str) -> bool:
    """A closing phrase alone, or followed by a short name on its line."""
    if len(stripped) > 70:
        return False
    probe = stripped.lower().strip("*_ ").rstrip(" ,.!;:،。、！-–").replace("’", "'")
    if probe in _CLOSINGS:
        return True
    if probe.partition(" ")[0].rstrip(",!.") not in _FIRST_WORDS:
        return False
    for closing in _SHORT_CLOSINGS:
        if probe.startswith(closing):
            name = stripped.lstrip("*_ ")[len(closing) :].lstrip(" ,.!-–").rstrip("*_ .")
            words = name.split()
            return 0 < len(words) <= 3 and all(word[0].isupper() for word in words) and probe[len(closing)] in " ,.!-"
    return False


def _is_tail(lines: list[str], below: list[int]) -> bool:
    """Whether what follows a closing reads like a name and an address block rather than like sentences."""
    for place, index in enumerate(below):
        line = lines[index].strip()
        if _POSTSCRIPT.match(line) or line.endswith("?") or (place == 0 and len(line) > 60):
            return False
        if len(line) > 120 and place < 3:
            return False
    return True


def _is_small_print(lines: list[str], filled: list[int], stripped: str, *, after_quote: bool) -> bool:
    lowered = stripped.lower().lstrip("*_ ")
    if not lowered.startswith(_FOOTERS):
        return False
    return after_quote or sum(len(lines[index]) for index in filled) > 150
