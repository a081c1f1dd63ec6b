"""An HTML body as plain text: links keep their words, lists their bullets, quotations their marks.

The walk does not recurse, and a body whose nesting would make an HTML parser crawl is read without one.
"""

import html as entities
import re
from dataclasses import dataclass

from selectolax.lexbor import LexborHTMLParser, LexborNode

from tickets.channels.email import html_bombs

MAX_CHARACTERS = 1024 * 1024

_OPENED = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9]*)")
_ANY_TAG = re.compile(r"<!--|<(?:script|style)\b|<[^<>]*>", re.IGNORECASE)
_SPACE = re.compile(r"[ \t\r\n\f\u200b\ufeff\u00ad]+")
_SKIPPED = frozenset("script style head title template noscript object iframe svg math select textarea".split())
_BLOCKS = frozenset(
    "address article aside body blockquote center dd details dir div dl dt fieldset figure figcaption footer form "
    "header h1 h2 h3 h4 h5 h6 hr html li main menu nav ol p pre section summary table tbody tfoot thead tr ul "
    "caption".split()
)
_SPACED = frozenset("p h1 h2 h3 h4 h5 h6 blockquote pre ul ol dl table".split())

# Where clients put the mail that is answered, without a blockquote around it.
_HISTORY_IDS = frozenset(
    "divrplyfwdmsg appendonsend mail-editor-reference-message-container "
    "olk_src_body_section isreplycontent reply-intro replywithquote stopspelling orignalcontent zwchr".split()
)
_HISTORY_NAMES = frozenset({"messagereplysection"})
_HISTORY_CLASSES = frozenset(
    "outlookmessageheader yahoo_quoted zmail_extra ms-outlook-mobile-reference-message freshdesk_quote hs_reply "
    "missive_quote moz-email-headers-table".split()
)
_QUOTE_CLASSES = frozenset("gmail_quote protonmail_quote tutanota_quote front-blockquote".split())
_MARKERS = (*sorted(_HISTORY_IDS | _HISTORY_NAMES | _HISTORY_CLASSES), "yahoo_quoted")
_HIDDEN = re.compile(r"display:\s*none", re.IGNORECASE)
_BARRED = re.compile(
    r"border(?:-left|-right)?(?:-style|-width)?\s*:\s*(?!none|0)[^;]{0,40}(?:solid|\dp)", re.IGNORECASE
)
_INDENTED = re.compile(r"border\s*:\s*(?:none|0)|margin(?:-left)?\s*:\s*[^;]{0,20}40px", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Converted:
    """The text, and the line at which the client itself says the answered mail begins (None when it does not)."""

    text: str
    history_line: int | None = None


def has_history(html: str) -> bool:
    """Whether the markup itself names the mail that is answered: asked before the cost of reading it is paid."""
    return "<blockquote" in html or "<BLOCKQUOTE" in html or _has_markers(html)


def _has_markers(html: str) -> bool:
    """Whether any attribute in this document may matter: most have none, and reading them all is dear."""
    lowered = html.lower()
    return any(name in lowered for name in _MARKERS) or ("display" in lowered and bool(_HIDDEN.search(html)))


def convert(html: str) -> Converted:
    """Read HTML into text. Never raises."""
    html = html[:MAX_CHARACTERS].replace("\0", "")
    if html_bombs.is_a_bomb(html):
        return Converted(_stripped(html))
    try:
        return _Reader(html).read()
    except Exception:  # a parser that fails must not cost the mail
        return Converted(_stripped(html))


def _stripped(html: str) -> str:
    """The text between the tags, in one pass, with a line for every block."""
    out: list[str] = []
    position = 0
    lowered = html.lower()
    while match := _ANY_TAG.search(html, position):
        out.append(html[position : match.start()])
        tag = match[0].lower()
        if tag == "<!--":
            end = html.find("-->", match.end())
            position = len(html) if end < 0 else end + 3
        elif tag in ("<script", "<style"):
            end = lowered.find(f"</{tag[1:]}", match.end())
            position = len(html) if end < 0 else end
        else:
            name = _OPENED.match(tag)
            out.append("\n" if name and (name[2] in _BLOCKS or name[2] == "br") else " ")
            position = match.end()
    out.append(html[position:])
    lines = (_SPACE.sub(" ", line).strip() for line in entities.unescape("".join(out)).split("\n"))
    return "\n".join(line for line in lines if line)


class _Reader:
    """One walk through one document, collecting lines."""

    def __init__(self, html: str) -> None:
        self.parser = LexborHTMLParser(html)
        self.looks_at_attributes = _has_markers(html)
        self.lines: list[str] = []
        self.line: list[str] = []
        self.quotes = 0
        self.preformatted = 0
        self.lists: list[int] = []
        self.history_line: int | None = None
        self.blank: str | None = None  # the empty line that is due before the next text, with its marks

    def read(self) -> Converted:
        node: LexborNode | None = self.parser.root
        depth = 0  # nodes are never compared: that would serialise them
        while node is not None:
            descend = self.enter(node)
            child = node.child if descend else None
            if child is not None:
                node = child
                depth += 1
                continue
            if descend:
                self.leave(node)
            following = node.next
            while following is None and depth:
                node = node.parent
                depth -= 1
                if node is None:
                    break
                self.leave(node)
                following = node.next
            node = following if depth else None
        self.break_line()
        while self.lines and not self.lines[-1].strip("> "):
            self.lines.pop()
        return Converted("\n".join(self.lines), self.history_line)

    def enter(self, node: LexborNode) -> bool:
        """Take in a node; False when what is below it is not for reading."""
        tag = node.tag or ""
        if tag == "-text":
            self.add_text(node.text_content or "")
            return False
        if tag in _SKIPPED or tag[:1] in "-!":
            return tag == "-document"
        if tag == "br":
            self.break_line(keep_empty=True)
            return False
        if tag == "img":
            alt = node.attributes.get("alt") or ""
            if 0 < len(alt) <= 2:  # an emoji sent as a picture
                self.line.append(alt)
            return False
        if tag in ("blockquote", "pre", "ol", "ul", "li", "hr", "td", "th", "div", "span", "p", "table"):
            return self.enter_special(node, tag)
        if tag in _BLOCKS:
            self.start_block(tag)
        return True

    def enter_special(self, node: LexborNode, tag: str) -> bool:
        if self.looks_at_attributes and tag not in ("td", "th"):
            attributes = node.attributes
            if _HIDDEN.search(attributes.get("style") or ""):
                return False
            if self.history_line is None and _names_history(attributes):
                self.break_line()
                self.history_line = len(self.lines)
        if tag in ("td", "th"):
            if self.line and not self.line[-1].endswith(" "):
                self.line.append(" ")
            return True
        if tag == "span":
            return True
        self.start_block(tag)
        if tag == "blockquote" and _is_quote(node):
            self.quotes += 1
        elif tag == "pre":
            self.preformatted += 1
        elif tag in ("ol", "ul"):
            self.lists.append(0 if tag == "ul" else 1)
        elif tag == "li":
            self.start_item()
        elif tag == "hr":
            self.lines.append(self.marked("_" * 32))
        return True

    def start_item(self) -> None:
        number = self.lists[-1] if self.lists else 0
        self.line.append("  " * min(max(len(self.lists) - 1, 0), 8) + (f"{number}. " if number else "- "))
        if number:
            self.lists[-1] = number + 1

    def leave(self, node: LexborNode) -> None:
        """Close a node whose children were read."""
        tag = node.tag or ""
        if tag in _BLOCKS:
            self.break_line()
            if tag == "blockquote" and _is_quote(node):
                self.quotes -= 1
            elif tag == "pre":
                self.preformatted -= 1
            elif tag in ("ol", "ul") and self.lists:
                self.lists.pop()
            if tag in _SPACED:
                self.blank = self.marked("").rstrip()

    def start_block(self, tag: str) -> None:
        self.break_line()
        if tag in _SPACED and self.lines:
            self.blank = self.marked("").rstrip()

    def add_text(self, text: str) -> None:
        if self.preformatted:
            first, *rest = text.replace("\r\n", "\n").split("\n")
            self.line.append(first)
            for one in rest:
                self.break_line(keep_empty=True)
                self.line.append(one)
            return
        text = _SPACE.sub(" ", text)
        if text.startswith(" ") and (not self.line or self.line[-1].endswith(" ")):
            text = text[1:]
        if text:
            self.line.append(text)

    def marked(self, text: str) -> str:
        return ("> " * min(self.quotes, 20) + text) if self.quotes else text

    def break_line(self, *, keep_empty: bool = False) -> None:
        text = "".join(self.line)
        self.line.clear()
        text = text.rstrip() if self.preformatted else text.replace("\xa0", " ").rstrip()
        if not text and not keep_empty:
            return
        if self.blank is not None and self.lines and self.lines[-1].strip("> "):
            self.lines.append(self.blank)
        self.blank = None
        self.lines.append(self.marked(text))


def _names_history(attributes: dict[str, str | None]) -> bool:
    if _unprefixed(attributes.get("id") or "") in _HISTORY_IDS:
        return True
    if (attributes.get("name") or "").lower() in _HISTORY_NAMES:
        return True
    names = (attributes.get("class") or "").lower().split()
    return any(name in _HISTORY_CLASSES or "yahoo_quoted" in name for name in names)


def _unprefixed(name: str) -> str:
    """An id without the `x_` that every mail program on the way put before it."""
    name = name[:100].lower()
    while name.startswith("x_"):
        name = name[2:]
    return name


def _is_quote(node: LexborNode) -> bool:
    """Whether a blockquote quotes a mail rather than indents a paragraph."""
    attributes = node.attributes
    if (attributes.get("type") or "").lower() == "cite" or attributes.get("cite"):
        return True
    names = (attributes.get("class") or "").lower().split()
    if _QUOTE_CLASSES.intersection(names):
        return True
    style = (attributes.get("style") or "")[:1000]
    return bool(_BARRED.search(style)) or ("webkit-indent-blockquote" not in names and not _INDENTED.search(style))
