"""On which sites a widget runs: exact origins, and `https://*.shop.example` for every name below."""

import re
from collections.abc import Sequence
from urllib.parse import urlsplit

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

#: sites one inbox names
MOST = 50
_ORIGIN = re.compile(r"(https?)://(\*\.)?([a-z0-9.-]+|\[[0-9a-f:]+\])(?::(\d{1,5}))?\Z")
_PORTS = {"http": 80, "https": 443}


def cleaned(origin: str) -> str:
    """An origin as it is compared; "" for what is none."""
    found = _ORIGIN.match(origin.strip().rstrip("/").lower())
    if not found or not found[3].strip("."):
        return ""
    scheme, star, host, port = found.groups()
    if star and "." not in host and host != "localhost":
        return ""  # all of a top-level domain is nobody's site
    number = int(port) if port else _PORTS[scheme]
    if not 0 < number < 65536:
        return ""
    return f"{scheme}://{star or ''}{host}" + ("" if number == _PORTS[scheme] else f":{number}")


def listed(written: str) -> list[str]:
    """The origins somebody wrote, one a line, each once. Raises ValidationError for what is none, and for too many."""
    lines = [line.strip() for line in written.splitlines() if line.strip()]
    for line in lines:
        if not cleaned(line):
            raise ValidationError(
                _("“%(line)s” is no origin. Write it as https://shop.example, without a path.") % {"line": line}
            )
    if len(lines) > MOST:
        raise ValidationError(_("At most %(most)d sites.") % {"most": MOST})
    return list(dict.fromkeys(map(cleaned, lines)))


def is_allowed(origin: str, allowed: Sequence[str]) -> bool:
    """Whether a page of this origin may speak to the widget's endpoints."""
    asked = cleaned(origin)
    if not asked or "*" in asked:
        return False
    return any(asked == one or ("*" in one and _is_below(asked, one)) for one in map(cleaned, allowed) if one)


def _is_below(asked: str, pattern: str) -> bool:
    ours, theirs = urlsplit(asked), urlsplit(pattern.replace("*.", "", 1))
    host, parent = ours.hostname or "", theirs.hostname or ""
    return (ours.scheme, ours.port) == (theirs.scheme, theirs.port) and host.endswith(f".{parent}")
