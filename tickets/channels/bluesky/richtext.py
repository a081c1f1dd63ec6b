"""Links and mentions in a text, as Bluesky keeps them: beside it, at places counted in bytes of UTF-8.

https://docs.bsky.app/docs/advanced-guides/post-richtext (app.bsky.richtext.facet).
"""

import re
from collections.abc import Callable, Iterator
from typing import Any

_LINK = re.compile(rb"https?://[^\s<>\"']+[^\s<>\"'.,;:!?)\]]")
_LABEL = rb"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_MENTION = re.compile(rb"(?<![^\s(])@(" + _LABEL + rb"(?:\." + _LABEL + rb")+)")


def facets(text: str, who: Callable[[str], str]) -> list[dict[str, Any]]:
    """What a text links to and whom it mentions. `who` gives the identifier behind a handle; "" for nobody."""
    found = [*_links(text.encode()), *_mentions(text.encode(), who)]
    return sorted(found, key=lambda one: int(one["index"]["byteStart"]))


def _links(text: bytes) -> Iterator[dict[str, Any]]:
    for found in _LINK.finditer(text):
        yield _facet(found, {"$type": "app.bsky.richtext.facet#link", "uri": found[0].decode()})


def _mentions(text: bytes, who: Callable[[str], str]) -> Iterator[dict[str, Any]]:
    for found in _MENTION.finditer(text):
        if did := who(found[1].decode().lower()):
            yield _facet(found, {"$type": "app.bsky.richtext.facet#mention", "did": did})


def _facet(found: re.Match[bytes], feature: dict[str, str]) -> dict[str, Any]:
    return {"index": {"byteStart": found.start(), "byteEnd": found.end()}, "features": [feature]}


def addresses(text: str, facets: Any) -> list[str]:
    """Where the links of somebody's text lead, as far as it does not say so: clients shorten what is shown."""
    found = [
        str(feature["uri"])
        for facet in facets or []
        for feature in facet["features"]
        if feature.get("$type") == "app.bsky.richtext.facet#link"
    ]
    return [uri for uri in dict.fromkeys(found) if uri not in text]
