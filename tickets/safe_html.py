"""Customers' HTML, made safe whenever it is shown: an allow-list, no scripts, nothing from elsewhere unless asked for.

What comes out still looks as it was meant to, so it stands in a frame of its own (tickets.letter_page), never in ours.
"""

import re
from collections.abc import Callable, Mapping
from html import escape, unescape

import nh3
from selectolax.lexbor import LexborHTMLParser

_TAGS = {
    "a", "abbr", "address", "article", "b", "bdi", "bdo", "big", "blockquote", "br", "caption", "center", "cite",
    "code", "col", "colgroup", "dd", "del", "dfn", "div", "dl", "dt", "em", "figcaption", "figure", "font", "footer",
    "h1", "h2", "h3", "h4", "h5", "h6", "header", "hr", "i", "img", "ins", "kbd", "li", "main", "mark", "ol", "p",
    "pre", "q", "rp", "rt", "ruby", "s", "samp", "section", "small", "span", "strike", "strong", "sub", "sup",
    "table", "tbody", "td", "tfoot", "th", "thead", "time", "tr", "tt", "u", "ul", "var", "wbr",
}  # fmt: skip
_LOOKS = {
    "align", "bgcolor", "border", "cellpadding", "cellspacing", "color", "face", "height", "size", "valign", "width",
}  # fmt: skip
_ATTRIBUTES = {
    "a": {"href", "title"},
    "img": {"src", "alt"},
    "td": {"colspan", "rowspan"},
    "th": {"colspan", "rowspan"},
    "col": {"span"},
    "ol": {"start", "type"},
    "*": {"dir", "lang", "style", *_LOOKS},
}
_CLEAN_CONTENT = {"script", "style", "title", "template", "noscript", "iframe", "object", "svg", "math"}
#: plain words, colours and lengths: no quotes, no brackets, no colons
_PLAIN_VALUE = re.compile(r"[\w #%.,+-]{1,100}\Z")
_STYLES = {
    "background", "background-color", "border", "border-bottom", "border-collapse", "border-color", "border-left",
    "border-radius", "border-right", "border-spacing", "border-style", "border-top", "border-width", "color",
    "direction", "display", "float", "clear", "font", "font-family", "font-size", "font-style", "font-variant",
    "font-weight", "letter-spacing", "line-height", "list-style-type", "margin", "margin-bottom", "margin-left",
    "margin-right", "margin-top", "max-width", "padding", "padding-bottom", "padding-left", "padding-right",
    "padding-top", "text-align", "text-decoration", "text-indent", "text-transform", "unicode-bidi", "vertical-align",
    "white-space", "width", "word-break", "word-wrap", "overflow-wrap",
}  # fmt: skip
#: no addresses, no escapes, no comments, no variables: colours are the only functions
_STYLE_VALUE = re.compile(r"(?:[\w\s#%.,+'\"/-]|\b(?:rgb|hsl)a?\([\d\s.,%/a-z]{1,60}\)){1,200}\Z", re.IGNORECASE)
#: lengths that grow with the frame, which grows with what is in it
_OF_THE_FRAME = re.compile(r"\d[sld]?v(?:[hwbi]|min|max)\b", re.IGNORECASE)
_GOES_ELSEWHERE = re.compile(r"(?:https?://[^\s/]|mailto:|tel:)", re.IGNORECASE)
_REMOTE = re.compile(r"(?:https?:)?//[^\s/]", re.IGNORECASE)
_IMG = re.compile(r"<img((?:\s[\w-]+=\"[^\"]*\")*)\s*/?>")
_PAIR = re.compile(r"([\w-]+)=\"([^\"]*)\"")
_MARKED = "cid:remote-picture-"
#: more pictures than anybody looks at; each is a request of ours to somebody else
MOST_PICTURES = 100
_WANTS_REMOTE = re.compile(r"\bsrc\s*=\s*[\"']?\s*(?:https?:)?//")
_TINY = re.compile(r"(?:width|height)\s*=\s*[\"']?[0-2](?:px)?(?:[\"'\s/]|\Z)")
_HIDDEN = re.compile(r"display:none|(?<![\w-])(?:max-)?width:[0-2](?:px)?(?![\w.%])")
_TEXT_OR_PICTURE = re.compile(r"<img\s|(?:\A|>)[^<]*[^<\s]")
_SAID_PLAINLY = {"html", "head", "meta", "title", "body", "div", "p", "br", "span", "o:p"}
#: what lies beyond this is left out: a browser would choke on it before the reader got anything out of it
MOST = 1_000_000

_GAP = r"[\t\n\f\r ]"
_VALUE = r"\"[^\"]*+\"|'[^']*+'|[^\t\n\f\r >\"'][^\t\n\f\r >]*+"
_ATTRIBUTE = re.compile(rf"=?[^\t\n\f\r />=]++(?:{_GAP}*+={_GAP}*+(?:{_VALUE})?+)?+")
_TAG = re.compile(rf"<(/?)([a-zA-Z][^\t\n\f\r />]*+)((?:[\t\n\f\r /]++|{_ATTRIBUTE.pattern}|=)*+)")
_VOID = {
    "area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param", "source", "track", "wbr",
}  # fmt: skip
#: an HTML parser looks through all open elements at every tag: this many looks take a tenth of a second
MOST_LOOKS = 30_000_000
MOST_ATTRIBUTES = 5_000


def is_tangled(html: str) -> bool:
    """Whether a parser would spend seconds on it: elements nested thousands deep, or thousands of attributes in one.

    The count errs on the careful side: elements that HTML lets one leave open count as nested.
    """
    if len(html) > MOST_ATTRIBUTES and any(
        len(tag[3]) > MOST_ATTRIBUTES and sum(1 for _ in _ATTRIBUTE.finditer(tag[3])) > MOST_ATTRIBUTES
        for tag in _TAG.finditer(html)
    ):
        return True
    if html.count("<") ** 2 <= MOST_LOOKS:
        return False
    opened: dict[str, int] = {}
    depth = looks = 0
    for tag in _TAG.finditer(html):
        name = tag[2].lower()
        if tag[1]:
            if opened.get(name):
                opened[name] -= 1
                depth -= 1
        elif name not in _VOID:
            opened[name] = opened.get(name, 0) + 1
            depth += 1
        looks += depth
        if looks > MOST_LOOKS:
            return True
    return False


def clean(html: str, images: Mapping[str, str] | None = None, picture: Callable[[str], str] | None = None) -> str:
    """HTML fit for the letter's frame: no scripts, no forms, no styles that leave their place.

    `images` maps Content-IDs to our own addresses. `picture` gives our own address for a picture from elsewhere;
    without it those are left out. Pictures too small to see are left out always: they are sent to be counted.

    "" for HTML too tangled to read, and where nothing is left to see: then its text is shown.
    """
    if is_tangled(html[:MOST]):
        return ""
    remote: list[str] = []

    def attribute(tag: str, name: str, value: str) -> str | None:
        if name == "src":
            if value[:4].lower() == "cid:":
                return (images or {}).get(value[4:].strip("<>"))
            if picture is None or len(remote) >= MOST_PICTURES or not _REMOTE.match(value.strip()):
                return None
            remote.append(value.strip())
            return f"{_MARKED}{len(remote) - 1}"
        if name == "href":
            return value if _GOES_ELSEWHERE.match(value.strip()) else None
        if name == "style":
            return _style(value) or None
        if name in ("title", "alt"):
            return value
        if name in ("width", "height") and tag == "img":
            return value if len(value) <= 4 and value.isascii() and value.isdecimal() and int(value) <= 2000 else None
        return value if _PLAIN_VALUE.match(value) else None

    safe = nh3.clean(
        html[:MOST],
        tags=_TAGS,
        attributes=_ATTRIBUTES,
        attribute_filter=attribute,
        clean_content_tags=_CLEAN_CONTENT,
        url_schemes={"http", "https", "mailto", "tel", "cid"},
        link_rel="noopener noreferrer nofollow",
        set_tag_attribute_values={"a": {"target": "_blank"}},
        strip_comments=True,
    )
    safe = _IMG.sub(lambda img: _picture(img, remote, picture), safe)
    return safe if _TEXT_OR_PICTURE.search(safe) else ""


def _style(value: str) -> str:
    """The declarations of a style attribute that we let through."""
    kept = []
    for declaration in value.split(";")[:100]:
        name, _colon, wanted = declaration.partition(":")
        name, wanted = name.strip().lower(), wanted.replace("!important", "").strip()
        if name in _STYLES and _STYLE_VALUE.match(wanted) and not _OF_THE_FRAME.search(wanted):
            kept.append(f"{name}:{wanted}")
    return ";".join(kept)


def _picture(img: re.Match[str], remote: list[str], picture: Callable[[str], str] | None) -> str:
    """A picture as it may stand: ours, or fetched by us; nothing where nothing would be seen."""
    given = dict(_PAIR.findall(img[1]))
    source = given.get("src", "")
    if not source:  # its words instead: a browser would draw them as something broken
        words = escape(unescape(given.get("alt", "").strip()))
        return f'<span style="color:#6b645c;font-style:italic">{words}</span>' if words else ""
    if not source.startswith(_MARKED):
        return img[0]
    is_tiny = any(given.get(side, "") in ("0", "1", "2") for side in ("width", "height"))
    if picture is None or is_tiny or _HIDDEN.search(given.get("style", "")):
        return ""
    ours = picture(remote[int(source[len(_MARKED) :])])
    return img[0].replace(f'src="{source}"', f'src="{ours}"')


def has_pictures(html: str) -> bool:
    """Whether it wants pictures from elsewhere that one could see; quick rather than exact."""
    at = -1
    lower = html[:MOST].lower()
    for _ in range(MOST_PICTURES):
        at = lower.find("<img", at + 1)
        if at < 0:
            return False
        tag = lower[at : at + 4000].partition(">")[0]
        if _WANTS_REMOTE.search(tag) and not _TINY.search(tag):
            return True
    return False


def is_plain(html: str, text: str) -> bool:
    """Whether the HTML says what the text says and nothing beside it: no links, lists, pictures, colours."""
    if len(html) > 50_000:
        return False
    tree = LexborHTMLParser(html)
    if tree.root is None or tree.body is None:
        return False
    for node in tree.root.traverse(include_text=False):
        if node.tag not in _SAID_PLAINLY or "color" in (node.attributes.get("style") or ""):
            return False
    return "".join(tree.body.text().split()) == "".join(text.split())
