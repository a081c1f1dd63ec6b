"""What makes two deliveries the same mail."""

import hashlib
import re

_IDENTITY = (
    b"from", b"sender", b"reply-to", b"to", b"cc", b"date", b"subject", b"message-id", b"in-reply-to", b"references",
    b"mime-version", b"content-type", b"content-transfer-encoding",
)  # fmt: skip
_HEADER_END = re.compile(rb"\r?\n\r?\n")
_FOLD = re.compile(rb"\r?\n(?=[ \t])")


def content_hash(raw: bytes) -> bytes:
    """The digest of a mail's identity headers and its body, whatever way it came.

    Trace headers, folding, line ends and the order of headers do not count.
    """
    end = _HEADER_END.search(raw)
    head, rest = (raw[: end.start()], raw[end.end() :]) if end else (raw, b"")
    fields: list[bytes] = []
    for line in _FOLD.sub(b"", head).split(b"\n"):
        name, colon, value = line.partition(b":")
        name = name.strip().lower()
        if colon and name in _IDENTITY:
            fields.append(name + b":" + b" ".join(value.split()))
    digest = hashlib.sha256(b"\n".join(sorted(fields)))
    digest.update(b"\n\n")
    digest.update(rest.replace(b"\r\n", b"\n").rstrip())
    return digest.digest()
