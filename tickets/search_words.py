"""What people type into the search field, taken apart: `refund or return "exact words" -not from:dora is:open`.

Pure: any text is understood somehow. What looks like a qualifier and is none of ours is words.
"""

import re
from dataclasses import dataclass

#: characters of a search, and parts of it, that count; the rest is left out
LONGEST, MOST = 300, 24

#: what may stand before a colon, and what we call it
KEYS = {
    "from": "customer", "customer": "customer", "by": "customer",
    "to": "to",
    "organisation": "organisation", "organization": "organisation", "org": "organisation", "company": "organisation",
    "is": "is", "status": "is",
    "in": "in",
    "assignee": "assignee", "assigned": "assignee", "agent": "assignee",
    "team": "team", "tag": "tag", "inbox": "inbox", "priority": "priority", "type": "type", "channel": "channel",
    "has": "has", "follower": "follower", "subject": "subject",
    "before": "before", "after": "after", "created": "created", "updated": "updated", "resolved": "resolved",
    "waiting": "waiting",
}  # fmt: skip


def learn(key: str) -> None:
    """Let another word stand before a colon: what an upper floor tells tickets apart by."""
    KEYS[key] = key


_PART = re.compile(
    r"""(?P<no>-?)(?:
        (?P<key>[a-z]+|field\.[a-z0-9_-]+):(?P<value>[<>]?=?(?:"[^"]*"?|[^\s"]*)(?:\.\.[^\s"]*)?)
        | "(?P<phrase>[^"]*)"?
        | (?P<word>[^\s"]+)
    )""",
    re.IGNORECASE | re.VERBOSE,
)
_NUMBER = re.compile(r"\s*#?\s*([1-9][0-9]{0,17})\s*", re.ASCII)


@dataclass(frozen=True, slots=True)
class Word:
    """Something to be found: a word, or words in a row. `is_begun` is a last word somebody may still be typing."""

    text: str
    is_phrase: bool = False
    is_negative: bool = False
    in_subject: bool = False
    is_begun: bool = False


@dataclass(frozen=True, slots=True)
class Qualifier:
    """A key and its value, and where they stand in the text. An empty value is still to be typed."""

    key: str
    value: str
    is_negative: bool
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Typed:
    """A search taken apart: of each group one word must be found; each qualifier holds."""

    text: str
    groups: tuple[tuple[Word, ...], ...] = ()
    qualifiers: tuple[Qualifier, ...] = ()
    #: the whole text is the number of a ticket
    number: int | None = None

    @property
    def words(self) -> list[Word]:
        return [word for group in self.groups for word in group]

    def without(self, qualifier: Qualifier) -> str:
        """The text with a qualifier taken out."""
        return " ".join(f"{self.text[: qualifier.start]} {self.text[qualifier.end :]}".split())


def parse(text: str) -> Typed:
    """Take a search apart."""
    text = text.replace("\x00", " ")[:LONGEST]
    whole = _NUMBER.fullmatch(text)
    groups: list[list[Word]] = []
    qualifiers: list[Qualifier] = []
    joins = False
    for found in list(_PART.finditer(text))[:MOST]:
        no = bool(found["no"])
        key = (found["key"] or "").lower()
        name = key if key.startswith("field.") else KEYS.get(key, "")
        if name == "subject":
            if value := _bare(found["value"]):
                groups.append([Word(value, is_phrase=True, is_negative=no, in_subject=True)])
            joins = False
            continue
        if name:
            qualifiers.append(Qualifier(name, _bare(found["value"]), no, found.start(), found.end()))
            joins = False
            continue
        if found["word"] and found["word"].lower() == "or" and not no and groups and not joins:
            joins = True
            continue
        word = _word(found, text, no)
        if word is None:
            continue
        if joins and not no and not groups[-1][-1].is_negative:
            groups[-1].append(word)
        else:
            groups.append([word])
        joins = False
    return Typed(text, tuple(map(tuple, groups)), tuple(qualifiers), int(whole[1]) if whole else None)


def _word(found: "re.Match[str]", text: str, no: bool) -> Word | None:
    if found["phrase"] is not None:
        words = found["phrase"].strip()
        return Word(words, is_phrase=True, is_negative=no) if words else None
    said = found["word"] or f"{found['key']}:{found['value']}"
    if not any(letter.isalnum() for letter in said):
        return None
    return Word(said, is_negative=no, is_begun=not no and found.end() == len(text))


def _bare(value: str) -> str:
    """A value without its quotation marks; what compares stays before it."""
    mark = re.match(r"[<>]?=?", value)
    sign = mark[0] if mark else ""
    return sign + value[len(sign) :].replace('"', "").strip()
