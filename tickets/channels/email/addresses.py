"""Mailboxes in address headers, read once from left to right, with every doubt named.

Two programs that read the same From differently are how a stranger passes for somebody else. So the reading here is
the strict one of RFC 5322, what it cannot vouch for is said in words, and nothing that was decoded (RFC 2047) or
commented is ever taken for an address.
"""

import re
import unicodedata
from dataclasses import dataclass

from tickets.channels.email import headers

MAX_MAILBOXES = 1000
_MAX_SCANNED = 262144

_DOT_ATOM = r"[^\s\x00-\x20\x7f-\x9f()<>\[\]:;@\\,.\"]+(?:\.[^\s\x00-\x20\x7f-\x9f()<>\[\]:;@\\,.\"]+)*"
_ADDRESS = re.compile(rf"({_DOT_ATOM}|\"[^\"\x00-\x1f\x7f-\x9f]*\")@({_DOT_ATOM}|\[[\w.:-]+\])\.?")
_LOOSE_LOCAL = re.compile(r"[^\s\x00-\x20\x7f-\x9f()<>\[\]:;@\\,\"]+@[^\s\x00-\x20\x7f-\x9f()<>\[\]:;@\\,\"]+")
_SPACED_ADDRESS = re.compile(r"[^\s@]+ ?@ ?[\w-]+(?: ?\. ?[\w-]+)*")
_COMMENT = re.compile(r"\([^()]*\)")
_CONTROLS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")


@dataclass(frozen=True, slots=True)
class Address:
    """A mailbox: what it is called and where it is."""

    name: str
    address: str


@dataclass(slots=True)
class _Mailbox:
    """One mailbox while it is being read."""

    words: list[str]
    comments: list[str]
    angles: list[str]
    problem: str = ""
    named: int = 0  # how many words stood before the first bracket


def mailboxes(raw: str, charset: str = "") -> tuple[list[Address], str]:
    """The mailboxes of an address header, and the first reason to distrust the reading ("" when there is none)."""
    text = headers.raw_text(raw[:_MAX_SCANNED], charset)
    problem = "It holds control characters." if _CONTROLS.search(text) else ""
    found: list[Address] = []
    for box in _split(text.replace("\r", "").replace("\n", " ")):
        address, doubt = _read(box)
        problem = problem or doubt
        if address is not None:
            found.append(address)
        if len(found) >= MAX_MAILBOXES:
            break
    return found, problem


def addresses_in(values: list[str], charset: str = "") -> tuple[Address, ...]:
    """Every mailbox named in these headers, each address once."""
    found: dict[str, Address] = {}
    for value in values:
        for mailbox in mailboxes(value, charset)[0]:
            known = found.setdefault(mailbox.address.lower(), mailbox)
            if not known.name and mailbox.name:
                found[mailbox.address.lower()] = mailbox
    return tuple(found.values())


def strict_sender(values: list[str], charset: str = "") -> tuple[Address | None, str]:
    """The one mailbox a mail is from, and why it must not be believed ("" when nothing speaks against it).

    None when there is not exactly one.
    """
    if not values:
        return None, "There is no From header."
    if len(values) > 1:
        return None, "There are two From headers."
    found, problem = mailboxes(values[0], charset)
    if len(found) != 1:
        return None, problem or ("From names nobody." if not found else "From names more than one mailbox.")
    return found[0], problem


def claimed_sender(values: list[str], charset: str = "") -> Address | None:
    """The best guess at who From means, for people to look at and for nothing else."""
    for value in values:
        found, _ = mailboxes(value, charset)
        if found:
            return found[0]
    name = _name(values[0].partition("<")[0][:1000]) if values else ""
    return Address(name, "") if name else None


def _split(text: str) -> list[_Mailbox]:
    """Cut a header at the commas that part mailboxes: one pass, no recursion, comments and quotes respected."""
    boxes: list[_Mailbox] = []
    box = _Mailbox([], [], [])
    word: list[str] = []
    position, length = 0, len(text)
    may_quote = may_comment = True

    def end_word() -> None:
        if word:
            box.words.append("".join(word))
            word.clear()

    while position < length:
        char = text[position]
        if char == '"' and may_quote:
            end = _end_of_quote(text, position)
            if end < 0:
                may_quote = False
                box.problem = box.problem or "A quotation mark is left open."
                continue
            word.append(text[position:end])
            position = end
            continue
        if char == "(" and may_comment:
            end = _end_of_comment(text, position)
            if end < 0:
                may_comment = False
                box.problem = box.problem or "A comment is left open."
                continue
            end_word()
            box.comments.append(text[position + 1 : end - 1])
            position = end
            continue
        if char == "<":
            end_word()
            end = _end_of_angle(text, position)
            if not box.angles:
                box.named = len(box.words)
            box.angles.append(text[position + 1 : end])
            position = end + 1
            continue
        if char in ",;":
            end_word()
            boxes.append(box)
            if len(boxes) > MAX_MAILBOXES:
                return boxes
            box = _Mailbox([], [], [])
        elif char == ":" and not box.angles and "[" not in "".join(word):
            end_word()
            box = _Mailbox([], [], [], problem="It is a group.")
        elif char in " \t":
            end_word()
        elif char == "\\" and position + 1 < length:
            word.append(text[position + 1])
            position += 1
        else:
            word.append(char)
        position += 1
    end_word()
    boxes.append(box)
    return boxes


def _end_of_quote(text: str, start: int) -> int:
    position = start + 1
    while True:
        quote = text.find('"', position)
        if quote < 0:
            return -1
        backslashes = 0
        while text[quote - 1 - backslashes] == "\\":
            backslashes += 1
        if backslashes % 2 == 0:
            return quote + 1
        position = quote + 1


def _end_of_comment(text: str, start: int) -> int:
    depth, position, length = 0, start, len(text)
    while position < length:
        char = text[position]
        if char == "\\":
            position += 1
        elif char == "(":
            depth += 1
        elif char == ")":
            depth -= 1
            if not depth:
                return position + 1
        position += 1
    return -1


def _end_of_angle(text: str, start: int) -> int:
    """The index of the closing bracket; of the next comma or the end when it is missing."""
    position = start + 1
    if text.startswith('"', position):
        end = _end_of_quote(text, position)
        position = end if end > 0 else position
    close = text.find(">", position)
    if close >= 0:
        return close
    comma = text.find(",", position)
    return comma if comma >= 0 else len(text)


def _read(box: _Mailbox) -> tuple[Address | None, str]:
    """The mailbox that was collected, with the doubt it leaves; (None, "") for an empty place between commas."""
    phrase = " ".join(box.words)
    if not phrase and not box.angles:
        return None, "" if not box.comments and box.problem in ("", "It is a group.") else box.problem
    problem = box.problem
    if box.angles:
        raw_address, name = box.angles[0].strip(), " ".join(box.words[: box.named]) or next(iter(box.comments), "")
        if len(box.angles) > 1:
            others = {one.strip().lower() for one in box.angles}
            problem = problem or ("It names two addresses." if len(others) > 1 else "")
        if raw_address.startswith("@") and ":" in raw_address:
            problem = problem or "It holds a route."
            raw_address = raw_address.rpartition(":")[2]
        if "(" in raw_address:
            raw_address = _COMMENT.sub("", raw_address)
    else:
        raw_address, name = phrase, next(iter(box.comments), "")
        if " " in phrase and len(phrase) < 400 and (spaced := _SPACED_ADDRESS.fullmatch(phrase)):
            raw_address = spaced[0].replace(" ", "")
        if " " in raw_address:
            raw_address, name, problem = _loose(box.words, name, problem)
    address = normal(raw_address.removeprefix("mailto:"))
    if not address:
        return None, problem or ("It holds no address." if raw_address or phrase else "")
    return Address(_name(name), address), problem or _disguise(box, address)


def _loose(words: list[str], name: str, problem: str) -> tuple[str, str, str]:
    """`Ann Example ann@example.com`, without brackets: the last word with an @ is taken, and not believed."""
    for place in range(len(words) - 1, -1, -1):
        if "@" in words[place] and not words[place].startswith('"'):
            rest = " ".join(words[:place] + words[place + 1 :])
            return words[place], rest or name, problem or "The address is not in brackets."
    return "", name, problem or "It holds no address."


def _disguise(box: _Mailbox, address: str) -> str:
    """Why a mailbox looks like another one: a second address outside the brackets, where parsers differ."""
    if not box.angles:
        return ""
    for text in [*(word for word in box.words if not word.startswith('"')), *box.comments]:
        for other in _LOOSE_LOCAL.findall(text[:400]):
            if other.strip(".'").lower() != address.lower():
                return "A second address stands outside the brackets."
    return ""


def normal(text: str) -> str:
    """An address in the form we compare and keep; "" when it is none."""
    text = headers.without_overrides(text).strip().strip("'").strip()
    if len(text) > 320:
        return ""
    if not text.isascii():
        text = unicodedata.normalize("NFC", text)
    match = _ADDRESS.fullmatch(text)
    if match:
        local, domain = match[1], match[2]
    elif _LOOSE_LOCAL.fullmatch(text):  # a..b@x, .a@x: against the rules and in use
        local, _, domain = text.rpartition("@")
        if ".." in domain or domain.startswith("."):
            return ""
    else:
        return ""
    if local.startswith('"') and re.fullmatch(_DOT_ATOM, local[1:-1]):
        local = local[1:-1]
    return f"{local}@{domain.lower()}"


def _name(raw: str) -> str:
    name = headers.raw_text(raw)
    if '"' in name:
        name = re.sub(r"\\(.)", r"\1", name.replace('\\"', "\0").replace('"', "")).replace("\0", '"')
    name = headers.without_overrides(headers.decoded(name)).strip()
    if len(name) > 1 and name[0] == name[-1] and name[0] in "'\"":
        name = name[1:-1].strip()
    return name[:255]
