"""What is new in a mail: the text without the mail it answers and without the signature.

Line by line and linear. Each rule names one habit of mail programs; none knows a particular mail. What is left out
here is still in the whole text, so a wrong guess hides a paragraph and never loses one.
"""

import re
from dataclasses import dataclass

from tickets.channels.email import phrases, signatures

SCANNED = 65536
_LINE = 400  # no rule looks further into a line

TEXT, BLANK, QUOTE, ATTRIBUTION, SIGNATURE = "t", "b", "q", "a", "s"

_BIDI = dict.fromkeys(map(ord, "\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\ufeff\u200b"))
_DECORATION = " \t\xa0*_>|"
_RULES = "-_=*#~+–—─━ \t"
_CJK = re.compile("[\u3000-\u9fff\uac00-\ud7af\u0e00-\u0e7f\u0900-\u097f]")


def _words(entries: tuple[str, ...]) -> re.Pattern[str]:
    """One pattern for a list of phrases: whole words, except in scripts that write without spaces."""
    ordered = sorted({entry for entry in entries}, key=len, reverse=True)
    bounded = "|".join(re.escape(entry) for entry in ordered if not _CJK.search(entry))
    free = "|".join(re.escape(entry) for entry in ordered if _CJK.search(entry))
    return re.compile(rf"(?<!\w)(?:{bounded})(?!\w)" + (f"|{free}" if free else ""), re.IGNORECASE)


_WROTE = _words(phrases.WROTE)
_ABOVE = re.compile("|".join(re.escape(entry) for entry in phrases.REPLY_ABOVE), re.IGNORECASE)
_ON = frozenset(phrases.ON)
_ORIGINAL = tuple(sorted(set(phrases.ORIGINAL), key=len, reverse=True))
_ORIGINALS = frozenset(_ORIGINAL)
_FORWARDED = tuple(sorted(set(phrases.FORWARDED), key=len, reverse=True))
_FORWARD_SUBJECT = re.compile(
    r"\s*\[?(?:" + "|".join(re.escape(entry) for entry in phrases.FORWARD_PREFIXES) + r")\s?[:：]", re.IGNORECASE
)
_KINDS: dict[str, str] = {}
for _kind, _labels in (
    ("other", phrases.OTHER), ("cc", phrases.COPY), ("subject", phrases.SUBJECT), ("to", phrases.TO),
    ("sent", phrases.SENT), ("from", phrases.FROM),
):  # fmt: skip
    _KINDS.update(dict.fromkeys(_labels, _kind))

_DATE = re.compile(
    r"\d{1,4}\s?[./-]\s?\d{1,2}\s?[./-]\s?\d{1,4}|(?<!\d)(?:19|20)\d\d(?!\d)|\d{1,2}\s?[月월]|\d{1,2}\.?\s[^\W\d]{3,}"
    r"|[^\W\d]{3,}\.?\s\d{1,2}(?!\d)"
)
_TIME = re.compile(r"(?<!\d)\d{1,2}\s?[:.h時시点點]\s?\d\d(?!\d)")
_BRACKETED = re.compile(r"[<\[(]\s?(?:mailto:)?[^\s<>@]{1,100}@[^\s<>@]{1,200}[>\])]|<\S{1,100}@")
_OLD_GMAIL = re.compile(r"\d{4}[/-]\d{1,2}[/-]\d{1,2}\s.{1,200}<[^<>\s]{1,200}>$")
_INITIALS = re.compile(r"[A-Z]{2,3}> ")
_QUOTED = re.compile(r"[ \t\xa0]{0,3}>")


@dataclass(frozen=True, slots=True)
class Split:
    """A body, divided."""

    new_text: str
    new_text_with_signature: str
    has_history: bool


def is_forward(subject: str) -> bool:
    """Whether the subject says that the mail was passed on: then what it carries is news, not history."""
    return bool(_FORWARD_SUBJECT.match(subject[:100]))


def split(text: str, *, forward: bool = False, history_line: int | None = None) -> Split:
    """Divide a body. `history_line` is where the markup said that the answered mail begins, if it did."""
    head, rest = text, ""
    if len(text) > SCANNED:
        end = text.rfind("\n", 0, SCANNED)
        head, rest = (text[:end], text[end:]) if end > 0 else (text[:SCANNED], text[SCANNED:])
    lines = head.split("\n")
    cut = len(lines)
    if forward:
        kinds = [TEXT if line.strip() else BLANK for line in lines]
    else:
        kinds, cut = _kinds(lines, history_line)
    signatures.mark(lines, kinds)
    with_signature, without = _kept(lines, kinds)
    if rest and cut == len(lines):
        more = "\n".join(line for line in rest.split("\n") if not line.startswith(">"))
        with_signature, without = with_signature + more, without + more
    new_text = _trimmed(without)
    with_signature = _trimmed(with_signature)
    return Split(new_text or with_signature, with_signature, cut < len(lines) or QUOTE in kinds)


def _kinds(lines: list[str], history_line: int | None) -> tuple[list[str], int]:
    """What each line is, and the line from which everything is history."""
    kinds = [_plain_kind(line) for line in lines]
    _join_broken_quotes(lines, kinds)
    cut = len(lines)
    has_text = False
    for index, line in enumerate(lines):
        kind = kinds[index]
        if kind == QUOTE or kind == BLANK:
            continue
        if history_line is not None and index >= history_line and has_text and not _is_forward_near(lines, index):
            cut = index
            break
        probe = _probe(line)
        if not probe:
            continue
        if _is_forward_marker(probe):
            break
        if has_text and _starts_history(lines, kinds, index, probe):
            cut = index
            break
        start, hard = _attribution(lines, kinds, index, probe)
        if start >= 0:
            if hard and TEXT in kinds[:start]:
                cut = start
                break
            if not hard:
                kinds[start : index + 1] = [ATTRIBUTION] * (index + 1 - start)
                has_text = TEXT in kinds[:start]
                continue
        if not has_text and _is_above_marker(probe):
            kinds[index] = ATTRIBUTION
            continue
        has_text = True
    cut = _without_rules(lines, cut) if cut < len(lines) else cut
    del kinds[cut:]
    return kinds, cut


def _probe(line: str) -> str:
    """The part of a line that rules look at, without marks of direction."""
    line = line[:_LINE]
    return line.strip() if line.isascii() else line.translate(_BIDI).strip()


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
            before = lines[index - 1][-_LINE:]
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


def _next_filled(kinds: list[str], index: int) -> int:
    """The next line that is not blank, -1 at the end."""
    for place in range(index + 1, min(index + 12, len(kinds))):
        if kinds[place] != BLANK:
            return place
    return -1


def _core(probe: str) -> str:
    return probe.strip(_RULES + ">:： ").lower().replace("’", "'")


def _is_forward_marker(probe: str) -> bool:
    if len(probe) > 120 or not (probe[:2] in ("--", "==", "__") or probe[-1] in ":："):
        return False
    return _core(probe).startswith(_FORWARDED)


def _is_forward_near(lines: list[str], index: int) -> bool:
    return any(_is_forward_marker(_probe(line) or "-") for line in lines[index : index + 3])


def _is_above_marker(probe: str) -> bool:
    if not 8 < len(probe) < 200:
        return False
    is_framed = len(probe) - len(probe.strip(_RULES)) >= 2 or probe[0] in "[(<{"
    return is_framed and bool(_ABOVE.search(probe))


def _starts_history(lines: list[str], kinds: list[str], index: int, probe: str) -> bool:
    """A separator, a marker or a header block: everything from here is the mail that is answered."""
    if _is_above_marker(probe):
        return True
    if probe[:2] in ("--", "__", "==", "**") or probe[:1] in "–—─━":
        core = _core(probe)
        if len(probe) < 200 and core.startswith(_ORIGINAL):
            return True
    elif len(probe) < 40 and _core(probe) in _ORIGINALS:
        following = _next_filled(kinds, index)
        return following >= 0 and _label(lines[following]) != ""
    return _is_header_block(lines, index)


def _label(line: str) -> str:
    """The kind of header field a line names, "" when it names none."""
    if ":" not in line[:48] and "：" not in line[:48]:
        return ""
    probe = line[:60].translate(_BIDI).lstrip(_DECORATION)
    end = probe.find(":")
    wide = probe.find("：")
    if wide >= 0 and (end < 0 or wide < end):
        end = wide
    if not 0 < end <= 32:
        return ""
    return _KINDS.get(probe[:end].strip(_DECORATION).lower(), "")


def _is_header_block(lines: list[str], index: int) -> bool:
    """From, Sent, To, Subject in any order and language, at least three kinds, near one another."""
    first = _label(lines[index])
    if first not in ("from", "sent", "subject", "to"):
        return False
    kinds = {first}
    others = blanks = 0
    for line in lines[index + 1 : index + 16]:
        if not line.strip(_DECORATION):
            blanks += 1
            if blanks > 1:
                break
            continue
        kind = _label(line)
        if kind:
            kinds.add(kind)
            blanks = 0
        else:
            others += 1
            if others > 3 or blanks:
                break
    else:
        line = ""
    if "from" not in kinds:
        return False
    if len(kinds & {"sent", "to", "subject"}) >= 2:
        return True
    return bool(kinds & {"sent", "to", "subject"}) and _is_rule(_filled_before(lines, index))


def _filled_before(lines: list[str], index: int) -> str:
    for place in range(index - 1, max(index - 4, -1), -1):
        if lines[place].strip():
            return lines[place]
    return ""


def _is_rule(line: str) -> bool:
    stripped = line.strip()
    return len(stripped) >= 5 and not stripped.strip(_RULES)


def _attribution(lines: list[str], kinds: list[str], index: int, probe: str) -> tuple[int, bool]:
    """Where a line such as "On ... wrote:" that ends here begins (-1: there is none), and whether an unmarked quotation follows."""
    bare = probe.rstrip(" \t\xa0*_-")
    ends = bare[-1:] in (":", "：") if bare else False
    following = _next_filled(kinds, index)
    quoted_next = following >= 0 and kinds[following] == QUOTE
    if not ends and not quoted_next and not probe.startswith("---"):
        return -1, False
    best = -1
    joined = ""
    for start in range(index, max(index - 4, -1), -1):
        if start < index and kinds[start] != TEXT:
            break
        piece = probe if start == index else _probe(lines[start])
        joined = f"{piece} {joined}".strip()
        if len(joined) > _LINE:
            break
        verb = _WROTE.search(joined)
        has_date, has_time = bool(_DATE.search(joined)), bool(_TIME.search(joined))
        has_address = bool(_BRACKETED.search(joined)) or "@" in joined
        if verb and (ends or joined.startswith("---")) and has_date and (has_time or has_address or quoted_next):
            return start, not quoted_next
        if ends and has_date and has_time and has_address and len(joined) < 250 and not verb:
            return start, not quoted_next
        if quoted_next and (
            (verb and has_date and _opens(joined))
            or (start == index and _OLD_GMAIL.match(joined))
            or (ends and has_date and (has_address or has_time) and _opens(joined))
        ):
            return start, False
        if verb and ends and (has_address or _opens(joined)) and quoted_next and best < 0:
            best = start
        elif verb and ends and quoted_next and best < 0 and len(joined) < 100:
            best = start
    return best, False


def _opens(text: str) -> bool:
    """Whether a line opens as such lines do: with "On", a digit or a dash."""
    first, _, rest = text.partition(" ")
    return first.lower().strip(",-") in _ON or text[:1].isdigit() or f"{first} {rest.partition(' ')[0]}".lower() in _ON


def _without_rules(lines: list[str], cut: int) -> int:
    """Move a cut up over the blank lines and rules that introduce the history."""
    while cut > 0:
        line = lines[cut - 1].strip()
        if line and line.strip(_RULES) and _core(line) not in _ORIGINALS:
            break
        if line and not _is_rule(line) and not _core(line):
            break
        cut -= 1
    return cut


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
        if kind == ATTRIBUTION or (kind == QUOTE and (index > last or runs < 2 or (index < first and runs < 3))):
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
        if stripped and not (_is_rule(stripped) and head):
            break
        if not head and stripped:
            break
        text = head
    first, newline, rest = text.partition("\n")
    return text if first.strip() or not newline else _trimmed(rest)
