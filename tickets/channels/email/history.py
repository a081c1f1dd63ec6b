"""How mail programs mark the mail that is answered: the line above a quotation, header blocks, separators, markers.

Recognisers only; each looks at a line and its neighbours, and at no more than a few hundred characters.
"""

import re

from tickets.channels.email import phrases

LINE = 400  # no rule looks further into a line
TEXT, BLANK, QUOTE, ATTRIBUTION, SIGNATURE = "t", "b", "q", "a", "s"
_BIDI = dict.fromkeys(map(ord, "\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\ufeff\u200b"))
_DECORATION = " \t\xa0*_>|"
_RULES = "-_=*#~+–—─━ \t"
_CJK = re.compile("[\u3000-\u9fff\uac00-\ud7af\u0e00-\u0e7f\u0900-\u097f]")


def _words(entries: tuple[str, ...]) -> re.Pattern[str]:
    """One pattern for a list of phrases: whole words, except in scripts that write without spaces."""
    ordered = sorted(set(entries), key=len, reverse=True)
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
_ANSWERS_BELOW = re.compile("|".join(phrases.ANSWERS_BELOW), re.IGNORECASE)
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
_DAY = re.compile(
    r"\d{1,4}\s?[./-]\s?\d{1,2}\s?[./-]\s?\d{1,4}|\d{1,2}\s?[月월]|(?<!\d)\d{1,2}\.?\s[^\W\d]{3,}|[^\W\d]{3,}\.?\s\d{1,2}(?!\d)"
)
_WEEKDAY = re.compile(r"[^\W\d]{2,12}[.,]{0,2} \d")
_MAILBOX = re.compile(r"(?:[^\W\d][\w.'-]{0,40} ){1,5}<[^<>\s]{1,100}@[^<>\s]{1,200}>,?(?: \S{1,12}){0,3}")
# After a time no more than the word for "by" and an address: how Tutanota introduces a quotation.
_BY_ADDRESS = re.compile(r"(?:[^\W\d]{1,8} )?[^\s<>@:]{1,100}@[^\s<>@:]{1,200}[:：]?$")
_OLD_GMAIL = re.compile(r"\d{4}[/-]\d{1,2}[/-]\d{1,2}\s.{1,200}<[^<>\s]{1,200}>$")


def is_forward(subject: str) -> bool:
    """Whether the subject says that the mail was passed on: then what it carries is news, not history."""
    return bool(_FORWARD_SUBJECT.match(subject[:100]))


def probed(line: str) -> str:
    """The part of a line that rules look at, without marks of direction."""
    line = line[:LINE]
    return line.strip() if line.isascii() else line.translate(_BIDI).strip()


def _next_filled(kinds: list[str], index: int) -> int:
    """The next line that is not blank, -1 at the end."""
    for place in range(index + 1, min(index + 12, len(kinds))):
        if kinds[place] != BLANK:
            return place
    return -1


def _core(probe: str) -> str:
    return _folded(probe.strip(_RULES + ">:： ")).replace("’", "'")


def _folded(text: str) -> str:
    """Lower case; the Turkish dotted capital becomes a plain i."""
    return text.lower() if text.isascii() else text.lower().replace("\u0307", "")


def is_forward_marker(probe: str) -> bool:
    if len(probe) > 120 or not (probe[:2] in ("--", "==", "__") or probe[-1] in ":："):
        return False
    return _core(probe).startswith(_FORWARDED)


def is_forward_near(lines: list[str], index: int) -> bool:
    return any(is_forward_marker(probed(line) or "-") for line in lines[index : index + 3])


def announces_answers(lines: list[str]) -> bool:
    """Whether these lines say that the answers are written into the mail below them."""
    text = "\n".join(line for line in lines if line.strip())
    return len(text) < 600 and bool(_ANSWERS_BELOW.search(text))


def is_above_marker(probe: str) -> bool:
    if not 8 < len(probe) < 200:
        return False
    is_framed = len(probe) - len(probe.strip(_RULES)) >= 2 or probe[0] in "[(<{"
    return is_framed and bool(_ABOVE.search(probe))


def starts_here(lines: list[str], kinds: list[str], index: int, probe: str) -> bool:
    """A separator, a marker or a header block: everything from here is the mail that is answered."""
    if is_above_marker(probe):
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
    return _KINDS.get(_folded(probe[:end].strip(_DECORATION)), "")


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
    return bool(kinds & {"sent", "to", "subject"}) and is_rule(_filled_before(lines, index))


def _filled_before(lines: list[str], index: int) -> str:
    for place in range(index - 1, max(index - 4, -1), -1):
        if lines[place].strip():
            return lines[place]
    return ""


def is_rule(line: str) -> bool:
    stripped = line.strip()
    return len(stripped) >= 5 and not stripped.strip(_RULES)


def attribution(lines: list[str], kinds: list[str], index: int, probe: str) -> tuple[int, bool]:
    """Where a line such as "On ... wrote:" that ends here begins (-1: there is none).

    The second answer is whether a quotation without marks follows, so that everything below is history.
    """
    start, hard = _attribution(lines, kinds, index, probe)
    return (_first_line(lines, kinds, start, index), hard) if start > 0 else (start, hard)


def _first_line(lines: list[str], kinds: list[str], start: int, index: int) -> int:
    """Where an attribution really begins, when a program wrapped it so that its end alone reads like a whole one.

    What stands above in the same paragraph belongs to it when it is a beginning that lacks its end: "On Tue,", a
    mailbox, or a date whose year comes in the next line.
    """
    top = start
    while top > 0 and kinds[top - 1] == TEXT and index - top < 3:
        top -= 1
    head = " ".join(probed(line) for line in lines[top:start])
    if not head or len(head) > 100 or (top > 0 and kinds[top - 1] == TEXT):
        return start
    if head[-1] in "!?:;…" or (head[-1] == "." and len(head.rpartition(" ")[2]) > 5):
        return start
    said = " ".join(probed(line) for line in lines[start : index + 1])
    time = _TIME.search(said)
    lacks_day = not _DAY.search(said[: time.start()] if time else said)
    is_beginning = _opens(head) or _WEEKDAY.match(head) is not None
    if lacks_day and (is_beginning or _BRACKETED.search(head) or _DATE.search(head)):
        return top
    if _WROTE.search(head) and not _WROTE.search(said) and (_BRACKETED.search(head) or not _begins_with_day(said)):
        return top
    is_word = is_beginning and len(head) < 24 and said.partition(" ")[0].lower().strip(",-") not in _ON
    return top if is_word or _MAILBOX.fullmatch(head) else start


def _begins_with_day(text: str) -> bool:
    return bool(_DAY.match(text) or _WEEKDAY.match(text))


def _attribution(lines: list[str], kinds: list[str], index: int, probe: str) -> tuple[int, bool]:
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
        piece = probe if start == index else probed(lines[start])
        joined = f"{piece} {joined}".strip()
        if len(joined) > LINE:
            break
        verb = _WROTE.search(joined)
        has_date, has_time = bool(_DATE.search(joined)), bool(_TIME.search(joined))
        has_address = bool(_BRACKETED.search(joined)) or "@" in joined
        if verb and (ends or joined.startswith("---")) and has_date and (has_time or has_address or quoted_next):
            return start, not quoted_next
        if ends and not verb and has_time and len(joined) < 250 and _names_sender_at_a_time(joined):
            return start, not quoted_next
        if quoted_next and ends and has_time and _BRACKETED.search(joined):  # whatever language this is
            return start, False
        if quoted_next and (
            (verb and has_date and _opens(joined))
            or (start == index and _OLD_GMAIL.match(joined))
            or (ends and has_date and (has_address or has_time) and _opens(joined))
        ):
            return start, False
        if (verb and ends and (has_address or _opens(joined)) and quoted_next and best < 0) or (
            verb and ends and quoted_next and best < 0 and len(joined) < 100
        ):
            best = start
    return best, False


def _names_sender_at_a_time(text: str) -> bool:
    """Lines without a verb: "2026-02-03 14:05 Ana <ana@example.com>:", the date first and the address last."""
    date, address, time = _DATE.search(text[:60]), _BRACKETED.search(text), _TIME.search(text)
    if date is not None and date.start() == 0 and time is not None and _BY_ADDRESS.match(text[time.end() :].strip()):
        return True
    return (
        date is not None and address is not None and date.start() < address.start() and len(text) - address.end() < 20
    )


def _opens(text: str) -> bool:
    """Whether a line opens as such lines do: with "On", a digit or a dash."""
    first, _, rest = text.partition(" ")
    return first.lower().strip(",-") in _ON or text[:1].isdigit() or f"{first} {rest.partition(' ')[0]}".lower() in _ON


def without_rules(lines: list[str], cut: int) -> int:
    """Move a cut up over the blank lines and rules that introduce the history."""
    while cut > 0:
        line = lines[cut - 1].strip()
        if line and line.strip(_RULES) and _core(line) not in _ORIGINALS:
            break
        if line and not is_rule(line) and not _core(line):
            break
        cut -= 1
    return cut
