"""What a mail server reports about a mail we sent: RFC 3464 first, then the dialects of servers that never read it."""

import logging
import re
from dataclasses import dataclass
from email import message_from_bytes

from flufl.bounce import all_failures

from tickets.channels.email import addresses, headers, machine_phrases
from tickets.channels.email.addresses import Address
from tickets.channels.email.tree import Part

_SCANNED = 65536

logging.getLogger("flufl.bounce").setLevel(logging.CRITICAL)

_DAEMONS = re.compile(rf"(?:{'|'.join(machine_phrases.DAEMONS)})(?:[+_.-].*)?", re.IGNORECASE)
_DAEMON_NAME = re.compile(
    r"mail(?:er)?[ -]?(?:delivery|daemon|system)|delivery subsystem|postmaster|system administrator|"
    r"internet mail delivery|mail administrator|microsoft outlook|delivery status",
    re.IGNORECASE,
)
_SUBJECT = re.compile("|".join(machine_phrases.BOUNCE_SUBJECTS), re.IGNORECASE)
# A subject in ASCII without any of these needs no closer look.
_SUBJECT_HINTS = (
    "deliver", "return", "fail", "mail", "unknown", "nd", "remis", "stell", "recapit", "entreg", "bestel", "lever",
)  # fmt: skip
_SENTENCE = re.compile("|".join(machine_phrases.BOUNCE_SENTENCES), re.IGNORECASE)
_STATUS = re.compile(r"(?<![\d.])([245]\.\d{1,3}\.\d{1,3})(?![\d.])")
_REPLY_CODE = re.compile(r"(?<![\d.])([45])([0-9])([0-9])[ -]")
_DELAY = re.compile(
    r"delay(?:ed)?|will (?:keep|continue) (?:trying|to try)|still trying|not yet|warning", re.IGNORECASE
)
_ORIGINAL_BELOW = re.compile(
    rf"^[ \t>*=_-]{{0,40}}(?:{'|'.join(machine_phrases.ORIGINAL_BELOW)}).*$", re.IGNORECASE | re.MULTILINE
)
_ADDRESS = re.compile(r"(?<![\w.+-])[\w.!#$%&'*+/=?^`{|}~-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,8}")
# An address alone on its line, in brackets, or after the word that names it.
_FAILED_NEAR = re.compile(
    r"^\s*(?:<([^<>\s@]{1,64}@[^<>\s]{1,255})>[:,;.]?.{0,200}"
    r"|(?:to|rcpt to|recipient|failed recipient|address|user|mailbox):?\s*"
    r"<?([^<>\s@]{1,64}@[^<>\s]{1,255}?)>?[.,;:]?\s*"
    r"|([^<>\s@\"'(:]{1,64}@[^<>\s\"')]{1,255}?)[:.,;]?)\s*$",
    re.IGNORECASE | re.MULTILINE,
)
_MESSAGE_ID = re.compile(r"^message-id:\s*<([^<>\s\x00-\x1f\x7f-\x9f]{1,995})>", re.IGNORECASE | re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Bounce:
    """What became of which recipient; `action` and `status` as RFC 3464 names them."""

    recipients: tuple[str, ...] = ()
    status: str = ""
    action: str = ""
    original_message_id: str = ""


def read(
    root: Part,
    raw: bytes,
    *,
    text: str,
    subject: str,
    sender: Address | None,
    return_path: str | None,
    known_ids: tuple[str, ...],
) -> Bounce | None:
    """The report this mail is; None when it is an ordinary mail."""
    kind = root.typed[0]
    leaves = [part for part in root.walk_parts() if not part.parts]
    reports = [
        part for part in leaves if part.typed[0] in ("message/delivery-status", "message/global-delivery-status")
    ]
    if reports:
        if kind != "multipart/report" and not _may_be_a_server(sender, return_path, root) and not _says_so(subject):
            return None
        groups = [group for part in reports for group in _groups(_text_of(part))]
        found = _from_report(groups)
        if found is None and not found_in_text(text):
            return None
        found = found or Bounce(found_in_text(text), *_status_in(text))
        return _completed(found, leaves, text, known_ids)
    return _unreported(root, raw, text, subject, sender, return_path, leaves, known_ids)


def _unreported(
    root: Part, raw: bytes, text: str, subject: str, sender: Address | None, return_path: str | None,
    leaves: list[Part], known_ids: tuple[str, ...],
) -> Bounce | None:  # fmt: skip
    """Servers that write prose. It takes two signs, three where From names no server.

    The signs are who writes, what the subject says, what the text says, and that the mail it is about is quoted.
    """
    failed_header = [one.address for one in addresses.addresses_in(root.all("x-failed-recipients"))]
    from_server = _may_be_a_server(sender, return_path, root)
    says_so = _says_so(subject)
    if not (failed_header or from_server or says_so):
        return None
    body = text[:_SCANNED]
    sentence = _SENTENCE.search(body)
    is_report = (
        root.typed[0] == "multipart/report" and root.typed[1].get("report-type", "").lower() == "delivery-status"
    )
    if not failed_header and not is_report:
        signs = from_server + says_so + bool(sentence) + _has_original(leaves, body)
        if signs < (2 if _is_daemon(sender, root) else 3):
            return None
    recipients = tuple(dict.fromkeys(failed_header)) or _scanned(raw, root) or found_in_text(body, _own(root, sender))
    status, action = _status_in(body)
    if _DELAY.search(subject) and not status.startswith("5"):
        action = "delayed"
    return _completed(Bounce(recipients, status, action), leaves, text, known_ids)


def _says_so(subject: str) -> bool:
    subject = subject[:300]
    if subject.isascii():
        lowered = subject.lower()
        if not any(hint in lowered for hint in _SUBJECT_HINTS):
            return False
    return bool(_SUBJECT.search(subject))


def _is_daemon(sender: Address | None, root: Part) -> bool:
    """Whether the address in From is one that only servers use."""
    if sender is None:
        raw = headers.decoded(root.first("from"))[:200]
        return bool(_DAEMON_NAME.search(raw) or _DAEMONS.match(raw))
    return bool(_DAEMONS.fullmatch(sender.address.rpartition("@")[0]))


def _may_be_a_server(sender: Address | None, return_path: str | None, root: Part) -> bool:
    """Whether anything says that a server writes. The null return path is also that of autoresponders."""
    if return_path == "" or _is_daemon(sender, root):
        return True
    if return_path and _DAEMONS.fullmatch(return_path.rpartition("@")[0]):
        return True
    return sender is not None and bool(_DAEMON_NAME.search(sender.name))


def _has_original(leaves: list[Part], body: str) -> bool:
    """Whether the mail carries the one it speaks of."""
    return any(part.typed[0].startswith(("message/rfc822", "text/rfc822")) for part in leaves) or bool(
        _ORIGINAL_BELOW.search(body)
    )


def _own(root: Part, sender: Address | None) -> set[str]:
    """Addresses that name the parties of the report itself, never a failed recipient."""
    own = {
        one.address.lower() for one in addresses.addresses_in([*root.all("to"), *root.all("cc"), *root.all("reply-to")])
    }
    if sender:
        own.add(sender.address.lower())
    return own


def _text_of(part: Part) -> str:
    content = part.sent_bytes()[:_SCANNED]
    encoding = part.first("content-transfer-encoding").strip().lower()
    if encoding.startswith("base64"):
        content = headers.decode_base64(content)
    elif encoding.startswith("quoted-printable") and b"=\n" in content.replace(b"\r", b""):
        content = content.replace(b"\r", b"").replace(b"=\n", b"").replace(b"=3D", b"=")
    return content.decode("utf-8", "replace").replace("\0", "").replace("\r\n", "\n").replace("\r", "\n")


def _groups(text: str) -> list[dict[str, str]]:
    """The groups of fields in a delivery-status part: one for the mail, one for each recipient."""
    groups: list[dict[str, str]] = []
    fields: dict[str, str] = {}
    name = ""
    for line in [*text.split("\n"), ""]:
        if not line.strip():
            if fields:
                groups.append(fields)
            fields, name = {}, ""
        elif line[0] in " \t" and name:
            fields[name] += " " + line.strip()
        else:
            head, colon, value = line.partition(":")
            if colon:
                name = head.strip().lower()
                fields.setdefault(name, value.strip())
    return groups[:1000]


def _from_report(groups: list[dict[str, str]]) -> Bounce | None:
    """The outcome for every recipient; failures before delays before good news. None when nobody is named."""
    outcomes: dict[str, list[tuple[str, str]]] = {}
    for group in groups:
        final, original = _recipient(group.get("final-recipient", "")), _recipient(group.get("original-recipient", ""))
        recipient = original if "@" in original else final
        action = group.get("action", "").partition(" ")[0].partition("(")[0].strip(";,").lower()
        status = _STATUS.search(group.get("status", ""))
        if not recipient and not (action and "status" in group):
            continue
        if not action:
            action = "delayed" if status and status[1].startswith("4") else "failed"
        elif action == "failure":
            action = "failed"
        code = status[1] if status else ""
        outcomes.setdefault(action, []).append((final if "@" in final and not original else recipient, code))
    for action in ("failed", "delayed", *outcomes):
        if action in outcomes:
            found = outcomes[action]
            recipients = dict.fromkeys(one for one, _ in found if one) if action in ("failed", "delayed") else {}
            return Bounce(tuple(recipients), next((code for _, code in found if code), ""), action)
    return None


def _recipient(value: str) -> str:
    """The address of `rfc822; <ann@example.com>`; "" for another address type."""
    kind, semicolon, rest = value.partition(";")
    if semicolon and kind.strip().lower() not in ("rfc822", "utf-8", "smtp", "822", "rfc-822", ""):
        match = _ADDRESS.search(rest)
        return match[0] if match else ""
    text = (rest if semicolon else value).strip().strip("<>\"' ")
    match = _ADDRESS.search(text)
    return addresses.normal(text) or (match[0] if match else "")


def _completed(found: Bounce, leaves: list[Part], text: str, known_ids: tuple[str, ...]) -> Bounce:
    """The bounce with the id of the mail it speaks of, from the copy it carries."""
    original = ""
    for part in leaves:
        if part.typed[0] in (
            "message/rfc822",
            "text/rfc822-headers",
            "message/rfc822-headers",
            "message/global",
            "message/global-headers",
        ):
            match = _MESSAGE_ID.search(_text_of(part))
            if match:
                original = match[1]
                break
    if not original:
        match = _MESSAGE_ID.search(text[:_SCANNED])
        original = match[1] if match else (known_ids[-1] if known_ids else "")
    return Bounce(found.recipients, found.status, found.action or "failed", original)


def _scanned(raw: bytes, root: Part) -> tuple[str, ...]:
    """The recipients that a library of dialects finds. Guarded, and on the first 64 kB only."""
    try:
        temporary, permanent = all_failures(message_from_bytes(raw[:_SCANNED]))
    except Exception:  # it reads hostile text with old patterns
        return ()
    found = permanent or temporary
    own = _own(root, None)
    named = sorted(addresses.normal(one.decode("utf-8", "replace")) for one in found)
    return tuple(one for one in named if one and (one.lower() not in own or len(named) == 1))


def found_in_text(text: str, own: set[str] | None = None) -> tuple[str, ...]:
    """The addresses a report in prose names before it goes on to quote the mail."""
    own = own or set()
    below = _ORIGINAL_BELOW.search(text)
    scope = text[: below.start()] if below and below.start() > 20 else text[:4000]
    named = [one for match in _FAILED_NEAR.finditer(scope) for one in match.groups() if one]
    for candidates in (named, _ADDRESS.findall(scope)):
        found = dict.fromkeys(addresses.normal(one.strip(".'")) for one in candidates)
        kept = [
            one for one in found if one and one.lower() not in own and not _DAEMONS.fullmatch(one.rpartition("@")[0])
        ]
        if kept:
            return tuple(kept[:50])
    return ()


def _status_in(text: str) -> tuple[str, str]:
    """The status code a text names, made from the SMTP reply when there is no better, and the action it means."""
    if match := _STATUS.search(text[:_SCANNED]):
        status = match[1]
    elif match := _REPLY_CODE.search(text[:_SCANNED]):
        status = f"{match[1]}.0.0"
    else:
        return "", "failed"
    return status, "delayed" if status.startswith("4") else "failed"
