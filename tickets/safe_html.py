"""Customers' HTML, made safe whenever it is shown: an allow-list, no styles, no remote content, no scripts."""

import re
from collections.abc import Mapping

import nh3

_TAGS = {
    "a", "abbr", "b", "blockquote", "br", "caption", "center", "code", "dd", "del", "div", "dl", "dt", "em", "h1", "h2",
    "h3", "h4", "h5", "h6", "hr", "i", "img", "ins", "kbd", "li", "mark", "ol", "p", "pre", "q", "s", "small", "span",
    "strike", "strong", "sub", "sup", "table", "tbody", "td", "tfoot", "th", "thead", "tr", "u", "ul",
}  # fmt: skip
_ATTRIBUTES = {
    "a": {"href", "title"},
    "img": {"src", "alt", "width", "height"},
    "td": {"colspan", "rowspan"},
    "th": {"colspan", "rowspan"},
    "ol": {"start"},
    "*": {"dir", "lang"},
}
_STYLES = {
    "background-color", "border", "border-collapse", "border-color", "color", "font-family", "font-size", "font-style",
    "font-weight", "line-height", "margin", "padding", "text-align", "text-decoration", "vertical-align", "width",
}  # fmt: skip
_CLEAN_CONTENT = {"script", "style", "title", "template", "noscript", "iframe", "object", "svg", "math"}
_NOTHING = re.compile(r"<(div|p|span)>(?:\s|&nbsp;|<br>)*</\1>")
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


def clean(html: str, images: Mapping[str, str] | None = None) -> str:
    """HTML fit to stand in our page. `images` maps Content-IDs to our own URLs; every other picture is left out.

    "" for HTML too tangled to read: then its text is shown.
    """
    images = images or {}
    if is_tangled(html[:MOST]):
        return ""

    def attribute(tag: str, name: str, value: str) -> str | None:
        if tag == "img" and name == "src":
            return images.get(value[4:].strip("<>")) if value.lower().startswith("cid:") else None
        if name in ("width", "height"):
            return value if len(value) <= 4 and value.isdecimal() and int(value) <= 2000 else None
        return value

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
    return _NOTHING.sub("", safe.replace("<img>", ""))


def original(html: str, images: Mapping[str, str] | None = None) -> str:
    """HTML nearer to how it was sent, with its colours and sizes; only for the sandboxed page."""
    images = images or {}
    if is_tangled(html[:MOST]):
        return ""

    def attribute(tag: str, name: str, value: str) -> str | None:
        if tag == "img" and name == "src":
            return images.get(value[4:].strip("<>")) if value.lower().startswith("cid:") else None
        return value

    attributes = {**_ATTRIBUTES, "*": {"dir", "lang", "style", "align", "valign", "bgcolor", "width", "height"}}
    return nh3.clean(
        html[:MOST],
        tags=_TAGS | {"font"},
        attributes=attributes,
        attribute_filter=attribute,
        clean_content_tags=_CLEAN_CONTENT,
        filter_style_properties=_STYLES,
        url_schemes={"http", "https", "mailto", "tel", "cid"},
        link_rel="noopener noreferrer nofollow",
        set_tag_attribute_values={"a": {"target": "_blank"}},
    )
