"""What we write ourselves, with its bold words, links and lists: safe HTML of few tags, and the plain text it says.

Our own HTML is small: an allow-list without looks of any kind, so it may stand in our pages. Pictures are named, never
addressed: `<img alt="plan.png">` is the file of that name that goes along, wherever its draft or message keeps it.
"""

import re
from collections.abc import Mapping
from html import escape, unescape

import nh3
from selectolax.lexbor import LexborHTMLParser, LexborNode

from tickets import safe_html, texts

_TAGS = {"a", "b", "blockquote", "br", "code", "em", "i", "img", "li", "ol", "p", "pre", "s", "strong", "ul"}
_ATTRIBUTES = {"a": {"href"}, "img": {"alt"}, "ol": {"start"}, "*": set()}
_CLEAN_CONTENT = {"script", "style", "title", "template", "noscript", "iframe", "object", "svg", "math", "textarea"}
_GOES_ELSEWHERE = re.compile(r"(?:https?://[^\s/]|mailto:.|tel:.)", re.IGNORECASE)
_START = re.compile(r"[1-9]\d{0,4}\Z", re.ASCII)
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_SAME = re.compile(r"<(/?)([bi])>")
_IMG = re.compile(r"<img((?:\s[\w-]+=\"[^\"]*\")*)\s*/?>")
_ALT = re.compile(r"\salt=\"([^\"]*)\"")
_NOT_PLAIN = re.compile(r"<(?!/?p>|br>)")
_BARE_LINK = re.compile(r"<a href=\"(?:https?://|mailto:)?([^\"<>]+?)/?\">(?:https?://)?\1/?</a>")
_EMPTY_END = re.compile(r"(?:<p></p>)+\Z")
_FOLDED = re.compile(r"[ \t]*[\r\n]+[ \t]*")
_PLACE = re.compile(r"\[image: ([^\[\]\n]{1,200})\]\Z")
_BLOCKS = {"p", "ul", "ol", "li", "blockquote", "pre"}
_BAR = "margin:0 0 0 0.8ex;border-left:2px solid #d0d7de;padding-left:1ex;color:#57606a"
_CODE = "font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;font-size:0.9em;background:#f3f4f6"
_IN_MAIL = {
    "<blockquote>": f'<blockquote style="{_BAR}">',
    "<pre>": f'<pre style="{_CODE};padding:8px;white-space:pre-wrap">',
    "<code>": f'<code style="{_CODE}">',
}
#: more than anybody writes; what is beyond is left out
MOST = 600_000


def clean(html: str) -> str:
    """HTML as we keep it: the tags we write ourselves and no others, nothing that runs, loads or lays out.

    Cleaning twice is cleaning once. "" for HTML too tangled to read.
    """
    html = _CONTROL.sub("", html[:MOST])
    if safe_html.is_tangled(html):
        return ""
    safe = nh3.clean(
        html,
        tags=_TAGS,
        attributes=_ATTRIBUTES,
        attribute_filter=_attribute,
        clean_content_tags=_CLEAN_CONTENT,
        url_schemes={"http", "https", "mailto", "tel"},
        link_rel=None,
        strip_comments=True,
    )
    safe = _SAME.sub(lambda tag: f"<{tag[1]}{'strong' if tag[2] == 'b' else 'em'}>", safe).replace("&nbsp;", "\xa0")
    return _IMG.sub(lambda img: img[0] if _name(img) else "", safe)


def _attribute(_tag: str, name: str, value: str) -> str | None:
    if name == "href":
        return value if _GOES_ELSEWHERE.match(value.strip()) else None
    if name == "start":
        return value if _START.match(value) else None
    return texts.line(value, 250).replace("[", "(").replace("]", ")") or None


def read(html: str) -> tuple[str, str]:
    """What was written, as text and as HTML; the HTML is "" where it says nothing that the text does not."""
    safe = _EMPTY_END.sub("", clean(html))
    text = to_text(safe)
    return text, safe if _NOT_PLAIN.search(_BARE_LINK.sub(r"\1", safe)) and text else ""


def pictures(html: str) -> set[str]:
    """The names of the files it shows."""
    return {name for img in _IMG.finditer(html) if (name := _name(img))}


def _name(img: re.Match[str]) -> str:
    alt = _ALT.search(img[1])
    return unescape(alt[1]) if alt else ""


# --- to text and back -----------------------------------------------------------------------------------------------


def to_text(html: str) -> str:
    """Good plain text: lists with - and 1., quotes with >, links as words <address>, pictures as [image: name]."""
    tree = LexborHTMLParser(f"<body>{html}")
    return texts.clean("\n\n".join(filter(None, _blocks(tree.body)))) if tree.body else ""


def _blocks(parent: LexborNode) -> list[str]:
    """The blocks in an element, each as text of one or more rows."""
    found: list[str] = []
    loose: list[str] = []

    def gather() -> None:
        run = "".join(loose)
        if run.strip(" \t\r\n"):
            found.append(run.strip(" \t\r\n"))
        loose.clear()

    for node in parent.iter(include_text=True):
        if node.tag in _BLOCKS:
            gather()
            found.append(_block(node))
        elif node.tag == "img":
            gather()
            found.append(_inline(node))
        else:
            loose.append(_inline(node))
    gather()
    return found


def _block(node: LexborNode) -> str:
    match node.tag:
        case "pre":
            return (node.text() or "").strip("\n")
        case "blockquote":
            rows = "\n\n".join(_blocks(node)).split("\n")
            return "\n".join(f"> {row}".rstrip(" ") for row in rows)
        case "ul" | "ol":
            return "\n".join(_items(node))
        case "li":
            return "\n".join(_blocks(node))
        case _:
            return _within(node)


def _items(node: LexborNode) -> list[str]:
    given = node.attributes.get("start") or ""
    number = int(given) if _START.match(given) else 1
    found = []
    for item in node.iter():
        mark = "- " if node.tag == "ul" else f"{number}. "
        rows = _block(item).split("\n")
        found.append("\n".join([f"{mark}{rows[0]}", *(f"{' ' * len(mark)}{row}".rstrip(" ") for row in rows[1:])]))
        number += 1
    return found


def _within(node: LexborNode) -> str:
    return "".join(_inline(one) for one in node.iter(include_text=True))


def _inline(node: LexborNode) -> str:
    match node.tag:
        case "-text":
            return _FOLDED.sub(" ", node.text(deep=False) or "")
        case "br":
            return "\n"
        case "img":
            name = node.attributes.get("alt") or ""
            return f"[image: {name}]" if name else ""
        case "a":
            return _link(_within(node), (node.attributes.get("href") or "").strip())
        case _:
            return _within(node)


def _link(words: str, address: str) -> str:
    bare = re.sub(r"^(?:https?://|mailto:|tel:)", "", address, flags=re.IGNORECASE)
    if not address or words.strip().rstrip("/") in (address.rstrip("/"), bare.rstrip("/")):
        return words
    return f"{words} <{address if '://' in address else bare}>"


def from_text(text: str, names: set[str] | frozenset[str] = frozenset()) -> str:
    """Plain text as HTML that says the same: `to_text` gives it back.

    Rows that name one of `names` become pictures.
    """
    text = texts.clean(text)
    if not text:
        return ""
    blocks: list[str] = []
    for part in text.split("\n\n"):
        rows: list[str] = []
        for row in part.split("\n"):
            place = _PLACE.match(row.strip())
            if place and place[1] in names:
                blocks += [_paragraph(rows)] if rows else []
                blocks.append(f'<img alt="{escape(place[1])}">')
                rows = []
            else:
                rows.append(row)
        if rows or not part:
            blocks.append(_paragraph(rows))
    return "".join(blocks)


def _paragraph(rows: list[str]) -> str:
    return f"<p>{'<br>'.join(escape(row, quote=False) for row in rows)}</p>"


def joined(*parts: tuple[str, str]) -> str:
    """Several (text, HTML) as one HTML, in their order; "" where none of them has any HTML."""
    if not any(html for _text, html in parts):
        return ""
    return "".join(clean(html) if html else from_text(text) for text, html in parts)


# --- where it is shown ------------------------------------------------------------------------------------------------


def shown(html: str, pictures: Mapping[str, str]) -> str:
    """Fit for our own pages: links open elsewhere, pictures stand where `pictures` has an address for their name."""
    safe = re.sub(r"<a href=", '<a target="_blank" rel="noopener noreferrer nofollow" href=', clean(html))
    return _IMG.sub(lambda img: _picture(img, pictures, ' loading="lazy"'), safe)


def in_editor(html: str, pictures: Mapping[str, str]) -> str:
    """As the editor takes it: our HTML, with addresses for its pictures."""
    return _IMG.sub(lambda img: _picture(img, pictures, ""), clean(html))


def in_message(html: str, content_ids: Mapping[str, str]) -> str:
    """As a message keeps it: pictures by their content ids; those that do not go along are named."""
    return _IMG.sub(
        lambda img: _picture(img, {name: f"cid:{one}" for name, one in content_ids.items()}, ""), clean(html)
    )


def in_mail(html: str) -> str:
    """What a message keeps, as mail programs show it well: they know no stylesheet of ours."""
    for bare, dressed in _IN_MAIL.items():
        html = html.replace(bare, dressed)
    return html.replace("<img src=", '<img style="max-width:100%;height:auto" src=')


def _picture(img: re.Match[str], addresses: Mapping[str, str], more: str) -> str:
    name = _name(img)
    if name not in addresses:
        return escape(f"[image: {name}]")
    return f'<img src="{escape(addresses[name])}" alt="{escape(name)}"{more}>'
