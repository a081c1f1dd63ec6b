"""HTML that costs a parser time or memory out of proportion, told before a parser sees it."""

import re

_MAX_OPEN = 1500
_MAX_REPEATED = 300_000
_SMALL = 65536

_OPENED = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9]*)")
_TAG_START = re.compile(r"<[a-zA-Z]")
_QUOTED = re.compile(r"\"[^\"]*\"|'[^']*'")
_SEPARATOR = re.compile(r"[\s/\"']+")
_SIMPLE_TAG = re.compile(r"<[^<>]*>")
_VALUE = re.compile(r"=\s?[\"']")
_FORMATTING = frozenset("a b big code em font i nobr s small strike strong tt u".split())
_CLOSES_ITSELF = frozenset(
    "p li br hr img input meta link td th tr tbody thead tfoot col dt dd option wbr area base source".split()
)


def is_a_bomb(html: str) -> bool:
    """Whether the HTML has what costs a parser time or memory that grows with the square of it.

    That is deep nesting, formatting that is left open and has to be repeated in every paragraph, a thousand attributes
    on one element, a thousand options in one list.
    """
    tags = html.count("<")
    if tags < 300 and len(html) < _SMALL:
        return False
    open_tags: dict[str, int] = {}
    for match in _OPENED.finditer(html):
        tag = match[2].lower()
        if tag in _CLOSES_ITSELF:
            continue
        count = open_tags.get(tag, 0)
        if not match[1]:
            open_tags[tag] = count + 1
        elif count:
            open_tags[tag] = count - 1
    if sum(open_tags.values()) > _MAX_OPEN:
        return True
    repeated = sum(open_tags.get(tag, 0) for tag in _FORMATTING)
    if repeated * tags > _MAX_REPEATED:
        return True
    if len(html) < _SMALL:
        return False
    lowered = html.lower()
    if lowered.count("<option") > 2000 or lowered.count("<body") + lowered.count("<html") > 50:
        return True
    return _has_a_crowded_tag(html)


def _has_a_crowded_tag(html: str) -> bool:
    """Whether an element may have a thousand attributes, hidden behind quoted brackets or not."""
    for piece in html.split(">"):
        if len(piece) > 4096 and (match := _TAG_START.search(piece)):
            bare = _QUOTED.sub("", piece[match.start() :])
            if len(_SEPARATOR.findall(bare)) > 800:
                return True
    return html.count('="') + html.count("='") > 1000 and len(_VALUE.findall(_SIMPLE_TAG.sub("", html))) > 1000
