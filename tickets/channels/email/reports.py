"""Reports in the forms of standards: delivery status (RFC 3464), complaints (RFC 5965), read receipts (RFC 8098)."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from tickets.channels.email import addresses, headers
from tickets.channels.email.tree import Part

SCANNED = 65536
FAILED, DELAYED = "failed", "delayed"
STATUS = re.compile(r"(?<![\d.])([245]\.\d{1,3}\.\d{1,3})(?![\d.])")
ADDRESS = re.compile(r"(?<![\w.+-])[\w.!#$%&'*+/=?^`{|}~-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,8}")

_DELIVERY = ("message/delivery-status", "message/global-delivery-status")
_DISPOSITION = ("message/disposition-notification", "message/global-disposition-notification")
_ORIGINALS = (
    "message/rfc822", "text/rfc822-headers", "message/rfc822-headers", "message/global", "message/global-headers",
    "text/rfc822",
)  # fmt: skip
_ACTIONS = frozenset({FAILED, DELAYED, "delivered", "relayed", "expanded"})
_ACTION_OF_CLASS = {"2": "delivered", "4": DELAYED, "5": FAILED}
_MESSAGE_ID = re.compile(r"^message-id:\s*<([^<>\s\x00-\x1f\x7f-\x9f]{1,995})>", re.IGNORECASE | re.MULTILINE)
_TYPED = re.compile(r"\s*[\w.-]{1,30}\s*;\s*")
_WORD = re.compile(r"[a-z][a-z-]{0,39}")


@dataclass(frozen=True, slots=True)
class RecipientReport:
    """What became of a mail for one recipient. `action` and `status` as RFC 3464 names them, `diagnostic` in words."""

    address: str
    action: str
    status: str = ""
    diagnostic: str = ""


@dataclass(frozen=True, slots=True)
class Complaint:
    """A recipient called a mail of ours unwanted, and their provider says so."""

    kind: str
    recipients: tuple[str, ...]
    original_message_id: str


@dataclass(frozen=True, slots=True)
class Receipt:
    """A recipient's program says what it did with a mail of ours, such as showing it."""

    original_message_id: str


def leaves(root: Part) -> list[Part]:
    """The parts that hold something."""
    return [part for part in root.walk_parts() if not part.parts]


def text_of(part: Part) -> str:
    """The beginning of a part that reports, as text."""
    content = part.sent_bytes()[:SCANNED]
    encoding = part.first("content-transfer-encoding").strip().lower()
    if encoding.startswith("base64"):
        content = headers.decode_base64(content)
    elif encoding.startswith("quoted-printable") and b"=\n" in content.replace(b"\r", b""):
        content = content.replace(b"\r", b"").replace(b"=\n", b"").replace(b"=3D", b"=")
    return content.decode("utf-8", "replace").replace("\0", "").replace("\r\n", "\n").replace("\r", "\n")


def groups(text: str) -> list[dict[str, str]]:
    """The groups of fields that blank lines part, names in lower case: one for the mail, one for each recipient."""
    found: list[dict[str, str]] = []
    fields: dict[str, str] = {}
    name = ""
    for line in [*text.split("\n"), ""]:
        if not line.strip():
            if fields:
                found.append(fields)
            fields, name = {}, ""
        elif line[0] in " \t" and name:
            fields[name] += " " + line.strip()
        else:
            head, colon, value = line.partition(":")
            if colon:
                name = head.strip().lower()
                fields.setdefault(name, value.strip())
    return found[:1000]


def delivery(parts: Sequence[Part]) -> tuple[RecipientReport, ...] | None:
    """What the delivery-status parts among these say of each recipient; None when there is no such part.

    Empty when they name nobody. A group without a recipient counts when it says what happened.
    """
    reports = [part for part in parts if part.typed[0] in _DELIVERY]
    if not reports:
        return None
    found = (_recipient_report(group) for part in reports for group in groups(text_of(part)))
    return tuple(dict.fromkeys(one for one in found if one is not None))


def _recipient_report(group: dict[str, str]) -> RecipientReport | None:
    final, original = _recipient(group.get("final-recipient", "")), _recipient(group.get("original-recipient", ""))
    address = original if "@" in original else final
    said = group.get("action", "").partition(" ")[0].partition("(")[0].strip(";,.").lower()
    if not address and not (said and "status" in group):
        return None
    diagnostic = headers.clean(_TYPED.sub("", group.get("diagnostic-code", "")[:2000], count=1))
    status = _status(group.get("status", ""), diagnostic)
    return RecipientReport(address, _action(said, status, group), status, diagnostic[:500])


def _status(field: str, diagnostic: str) -> str:
    """The status of a group; what the other server said is better than a mere class, if it is of that class."""
    match, told = STATUS.search(field), STATUS.search(diagnostic)
    status = match[1] if match else ""
    if told and (not status or (status.endswith(".0.0") and told[1][0] == status[0])):
        return told[1]
    return status


def _action(said: str, status: str, group: dict[str, str]) -> str:
    if said in _ACTIONS:
        return said
    if said.startswith(("fail", "bounce", "reject")):
        return FAILED
    if said.startswith("delay") or "will-retry-until" in group:
        return DELAYED
    return _ACTION_OF_CLASS.get(status[:1], FAILED)


def _recipient(value: str) -> str:
    """The address of `rfc822; <ann@example.com>`; "" for another address type."""
    kind, semicolon, rest = value.partition(";")
    if semicolon and kind.strip().lower() not in ("rfc822", "utf-8", "smtp", "822", "rfc-822", ""):
        match = ADDRESS.search(rest)
        return match[0] if match else ""
    text = (rest if semicolon else value).strip().strip("<>\"' ")
    match = ADDRESS.search(text)
    return addresses.normal(text) or (match[0] if match else "")


def complaint(root: Part) -> Complaint | None:
    """The complaint a mail passes on, in the abuse reporting format; None when it is another mail."""
    kind, parameters = root.typed
    parts = leaves(root)
    part = next((one for one in parts if one.typed[0] == "message/feedback-report"), None)
    if kind != "multipart/report" or (part is None and parameters.get("report-type", "").lower() != "feedback-report"):
        return None
    fields: dict[str, str] = {}
    for group in groups(text_of(part)) if part is not None else []:
        fields = group | fields
    said = _WORD.match(fields.get("feedback-type", "").lower())
    named = [fields.get("original-rcpt-to", ""), fields.get("removal-recipient", "")]
    found = dict.fromkeys(address for address in map(_recipient, named) if address)
    return Complaint(said[0] if said else "other", tuple(found) or _original_recipients(parts), original_id(parts))


def _original_recipients(parts: Sequence[Part]) -> tuple[str, ...]:
    """Who the mail that a report carries was for, as its own header says."""
    for part in parts:
        if part.typed[0] in _ORIGINALS:
            fields = next(iter(groups(text_of(part))), {})
            values = [fields.get("x-hmxmroriginalrecipient") or fields.get("to", "")]
            return tuple(one.address for one in addresses.addresses_in(values))
    return ()


def receipt(root: Part) -> Receipt | None:
    """The read receipt a mail is; None when it is another mail."""
    kind, parameters = root.typed
    if kind != "multipart/report" and kind not in _DISPOSITION:
        return None
    parts = leaves(root)
    part = next((one for one in parts if one.typed[0] in _DISPOSITION), None)
    if part is None and parameters.get("report-type", "").lower() != "disposition-notification":
        return None
    fields: dict[str, str] = {}
    for group in groups(text_of(part)) if part is not None else []:
        fields = group | fields
    return Receipt(headers.message_id(fields.get("original-message-id", "")) or original_id(parts))


def has_original(parts: Sequence[Part]) -> bool:
    """Whether the mail carries the one it speaks of."""
    return any(part.typed[0] in _ORIGINALS for part in parts)


def original_id(parts: Sequence[Part]) -> str:
    """The id of the mail a report carries, "" when it carries none or one without."""
    for part in parts:
        if part.typed[0] in _ORIGINALS and (match := _MESSAGE_ID.search(text_of(part))):
            return match[1]
    return ""


def id_in(text: str) -> str:
    """The id of the mail a report quotes in its text."""
    match = _MESSAGE_ID.search(text[:SCANNED])
    return match[1] if match else ""
