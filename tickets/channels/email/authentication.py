"""The verdict of our own mail server on who sent a mail (RFC 8601). A header of anybody else is worth nothing."""

import re

from tickets.channels.email import headers

PASS, FAIL, UNKNOWN = "pass", "fail", "unknown"

_COMMENT = re.compile(r"\([^()]*\)")
_RESULT = re.compile(r"\s*(dmarc|spf|dkim)\s*(?:/\s*\d+)?\s*=\s*([a-z]+)", re.IGNORECASE)
_PROPERTY = re.compile(r"(header|smtp|policy)\s*\.\s*([a-z-]+)\s*=\s*\"?([^\s;\"]{1,320})", re.IGNORECASE)


def verdict(raw_headers: list[tuple[str, str]], trusted_authserv_id: str, from_domain: str) -> str:
    """`pass`, `fail` or `unknown` for the domain in From.

    Only headers that carry the configured authserv-id and stand above the second Received count: our server writes
    its own there, and removes those that others forged in its name. DMARC decides; without it, a DKIM signature or an
    SPF pass of the very domain counts.
    """
    if not trusted_authserv_id or not from_domain:
        return UNKNOWN
    received = 0
    for name, value in raw_headers:
        lowered = name.lower()
        if lowered == "received":
            received += 1
            if received > 1:
                break
        elif lowered == "authentication-results":
            found = _read(value, trusted_authserv_id.lower(), from_domain.lower())
            if found:
                return found
    return UNKNOWN


def _read(raw: str, trusted: str, domain: str) -> str:
    """The verdict of one header; "" when it is not of our server."""
    text = _COMMENT.sub(" ", headers.clean(headers.raw_text(raw[:16384])))
    server, _, results = text.partition(";")
    if not server.split() or server.split()[0].lower() != trusted:
        return ""
    fallback = UNKNOWN
    for result in results.split(";"):
        match = _RESULT.match(result)
        if not match:
            continue
        method, value = match[1].lower(), match[2].lower()
        properties = {f"{one[1]}.{one[2]}".lower(): one[3].lower() for one in _PROPERTY.finditer(result)}
        if method == "dmarc":
            named = properties.get("header.from", domain).rpartition("@")[2]
            if named != domain:  # the check was about another From than the one we read
                return FAIL
            if value == "pass":
                return PASS
            if value == "fail":
                return FAIL
        elif value == "pass":
            key = "header.d" if method == "dkim" else "smtp.mailfrom"
            signed = (properties.get(key) or properties.get("header.i") or "").rpartition("@")[2]
            if signed == domain:
                fallback = PASS
    return fallback
