"""What is new in a mail: the text without the mail it answers and without the signature.

Line by line and linear. Each rule names one habit of mail programs; none knows a particular mail. What is left out
here is still in the whole text, so a wrong guess hides a paragraph and never loses one.
"""

import re
from dataclasses import dataclass

from tickets.channels.email import history, signatures
from tickets.channels.email.history import ATTRIBUTION, BLANK, LINE, QUOTE, SIGNATURE, TEXT

SCANNED = 65536
_INITIALS = re.compile(r"[A-Z]{2,3}> ")
_QUOTED = re.compile(r"[ \t\xa0]{0,3}>")


@dataclass(frozen=True, slots=True)
class Split:
    """A body, divided."""

    new_text: str
    new_text_with_signature: str
    has_history: bool


def split(text: str, *, forward: bool = False, history_line: int | None = None) -> Split:
    """Divide a body. `history_line` is where the markup said that the answered mail begins, if it did."""
    head, rest = text, ""
    if len(text) > SCANNED:
        end = text.rfind("\n", 0, SCANNED)
        head, rest = (text[:end], text[end:]) if end > 0 else (text[:SCANNED], text[SCANNED:])
    lines = head.split("\n")
    if forward:
        kinds, cut, news = _passed_on(lines)
    else:
        kinds, cut, news = _kinds(lines, history_line)
    own = kinds[:news]  # a signature ends above the mail that is passed on or answered within
    signatures.mark(lines[:news], own)
    kinds[:news] = own
    with_signature, without = _kept(lines, kinds)
    if rest and cut == len(lines):
        more = "\n".join(line for line in rest.split("\n") if not line.startswith(">"))
        with_signature, without = with_signature + more, without + more
    new_text = _trimmed(without)
    with_signature = _trimmed(with_signature)
    return Split(new_text or with_signature, with_signature, cut < len(lines) or QUOTE in kinds)


def _passed_on(lines: list[str]) -> tuple[list[str], int, int]:
    """A forward: all of it is text, and the mail in it begins at a marker or a block of headers."""
    kinds = [TEXT if line.strip() else BLANK for line in lines]
    for index, line in enumerate(lines):
        probe = history.probed(line)
        if probe and (history.is_forward_marker(probe) or history.starts_here(lines, kinds, index, probe)):
            return kinds, len(lines), index
    return kinds, len(lines), len(lines)


def _kinds(lines: list[str], history_line: int | None) -> tuple[list[str], int, int]:
    """What each line is, the line from which everything is history, and the one from which another mail is kept."""
    kinds = [_plain_kind(line) for line in lines]
    _join_broken_quotes(lines, kinds)
    cut = news = len(lines)
    has_text = False
    for index, line in enumerate(lines):
        kind = kinds[index]
        if kind in (QUOTE, BLANK):
            continue
        if (
            history_line is not None
            and index >= history_line
            and has_text
            and not history.is_forward_near(lines, index)
        ):
            cut = index
            break
        probe = history.probed(line)
        if not probe:
            continue
        if history.is_forward_marker(probe):
            news = index
            break
        if has_text and history.starts_here(lines, kinds, index, probe):
            cut = index
            break
        start, hard = history.attribution(lines, kinds, index, probe)
        if start >= 0:
            if hard and TEXT in kinds[:start]:
                cut = start
                break
            if not hard:
                kinds[start : index + 1] = [ATTRIBUTION] * (index + 1 - start)
                has_text = TEXT in kinds[:start]
                continue
        if not has_text and history.is_above_marker(probe):
            kinds[index] = ATTRIBUTION
            continue
        has_text = True
    if cut < len(lines) and history.announces_answers(lines[:cut]):
        return kinds, len(lines), cut
    cut = history.without_rules(lines, cut) if cut < len(lines) else cut
    del kinds[cut:]
    return kinds, cut, news


def _plain_kind(line: str) -> str:
    if not line or line.isspace():
        return BLANK
    if line[0] == ">":
        return TEXT if line.startswith(">From ") else QUOTE
    if line[0] in " \t\xa0" and _QUOTED.match(line):
        return QUOTE
    if line[0].isupper() and _INITIALS.match(line):
        return QUOTE
    return TEXT


def _join_broken_quotes(lines: list[str], kinds: list[str]) -> None:
    """Mend what wrapping broke: a quoted line that goes on without its mark, and an address cut before its bracket."""
    for index in range(1, len(lines) - 1):
        if kinds[index] == QUOTE and kinds[index - 1] == TEXT and lines[index].rstrip().endswith((":", "：")):
            before = lines[index - 1][-LINE:]
            if before.rfind("<") > before.rfind(">") and len(lines[index]) < 60:
                kinds[index] = TEXT
        if (
            kinds[index] == TEXT
            and kinds[index - 1] == QUOTE
            and kinds[index + 1] == QUOTE
            and lines[index][:1].islower()
            and len(lines[index - 1]) > 45
            and not lines[index - 1].rstrip().endswith("?")
        ):
            kinds[index] = QUOTE


def _kept(lines: list[str], kinds: list[str]) -> tuple[str, str]:
    """The lines that stay, with and without signatures. Quotations stay where answers stand between them."""
    places = [index for index, kind in enumerate(kinds) if kind == TEXT]
    if not places:
        kept = [line for line, kind in zip(lines, kinds, strict=False) if kind in (TEXT, BLANK, SIGNATURE)]
        return "\n".join(kept), ""
    first, last = places[0], places[-1]
    runs = _answers(kinds)
    with_signature, without = [], []
    for index, kind in enumerate(kinds):
        if kind == ATTRIBUTION or (kind == QUOTE and (index > last or runs < 2 or (index < first and runs < 2))):
            continue
        with_signature.append(lines[index])
        if kind != SIGNATURE:
            without.append(lines[index])
    return "\n".join(with_signature), "\n".join(without)


def _answers(kinds: list[str]) -> int:
    """How many stretches of new text there are, parted by quotations."""
    count, fresh = 0, True
    for kind in kinds:
        if kind == TEXT and fresh:
            count, fresh = count + 1, False
        elif kind in (QUOTE, ATTRIBUTION):
            fresh = True
    return count


def _trimmed(text: str) -> str:
    """Without blank lines around, and without a rule left hanging at the end."""
    text = text.strip("\n")
    while text:
        head, _, tail = text.rpartition("\n")
        stripped = tail.strip()
        if stripped and not (history.is_rule(stripped) and head):
            break
        if not head and stripped:
            break
        text = head
    first, newline, rest = text.partition("\n")
    return text if first.strip() or not newline else _trimmed(rest)
