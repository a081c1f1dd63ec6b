"""Mail posted over HTTP: who signed it, and where in the body it is.

A request is signed with HMAC-SHA256 over `timestamp.body`, the body as it travels, whatever its type. The time keeps an
old request from being sent again; that a fresh one is sent twice is harmless, because the mail is known by its bytes.
"""

import hmac
import re
from collections.abc import Iterable
from email.message import Message
from hashlib import sha256

#: how far the sender's clock may be from ours
TOLERANCE_SECONDS = 300
#: what services that post raw mail call it in a form: our own name, SendGrid's, Mailgun's
FIELDS = ("email", "body-mime")
MAIL_TYPES = ("message/rfc822", "application/octet-stream")
_NUMBER = re.compile(r"[0-9]{1,12}\Z", re.ASCII)
_HEX = re.compile(r"[0-9a-fA-F]{64}\Z", re.ASCII)


class NotThere(ValueError):
    """The body holds no mail where we look; the text says what we looked for."""


def sign(secret: str, timestamp: str, body: bytes) -> str:
    """The signature of a body, in hexadecimal."""
    digest = hmac.new(secret.encode(), f"{timestamp}.".encode(), sha256)
    digest.update(body)
    return digest.hexdigest()


def is_fresh(timestamp: str, now: float) -> bool:
    """Whether a timestamp (seconds since 1970) is of about now."""
    return bool(_NUMBER.match(timestamp)) and abs(int(timestamp) - now) <= TOLERANCE_SECONDS


def is_signed(secrets: Iterable[str], timestamp: str, body: bytes, signature: str) -> bool:
    """Whether one of these secrets made the signature. Takes as long whatever is wrong with it."""
    given = signature.removeprefix("sha256=").lower() if _HEX.match(signature.removeprefix("sha256=")) else ""
    good = False
    for secret in [*secrets] or [""]:
        matches = hmac.compare_digest(sign(secret, timestamp, body), given)
        good |= matches and bool(secret)
    return good


def mail_in(body: bytes, content_type: str) -> bytes:
    """The raw mail of a request. Raises NotThere."""
    header = Message()
    header["Content-Type"] = content_type
    kind = header.get_content_type() if content_type else MAIL_TYPES[0]
    if kind in MAIL_TYPES:
        return body
    if kind == "multipart/form-data":
        boundary = header.get_param("boundary")
        return _field(body, boundary if isinstance(boundary, str) else "")
    raise NotThere(f"The body is {kind}; we take {', '.join(MAIL_TYPES)} and multipart/form-data.")


def _field(body: bytes, boundary: str) -> bytes:
    """The first of FIELDS in a form, byte for byte (RFC 7578): a form's decoder would damage a mail's 8-bit bytes."""
    mark = b"\r\n--" + boundary.encode("utf-8", "replace")
    parts = (b"\r\n" + body).split(mark)[1:-1] if boundary else []
    for part in parts:
        head, gap, content = part.partition(b"\r\n\r\n")
        if gap and _name(head) in FIELDS:
            return content
    raise NotThere(f"The form has no field named {' or '.join(FIELDS)}.")


def _name(head: bytes) -> str:
    for row in head.decode("utf-8", "replace").split("\r\n"):
        title, _, value = row.partition(":")
        if title.strip().lower() == "content-disposition":
            header = Message()
            header["Content-Disposition"] = value.strip()
            name = header.get_param("name", header="content-disposition")
            return name if isinstance(name, str) else ""
    return ""
