"""What a mail server reports about a mail we sent: RFC 3464 first, then the dialects of servers that never read it."""

import logging
import re
from dataclasses import dataclass
from email import message_from_bytes

from flufl.bounce import all_failures

from tickets.channels.email import addresses, headers, machine_phrases, reports
from tickets.channels.email.addresses import Address
from tickets.channels.email.reports import ADDRESS, DELAYED, FAILED, SCANNED, STATUS, RecipientReport
from tickets.channels.email.tree import Part

logging.getLogger("flufl.bounce").setLevel(logging.CRITICAL)

_DAEMONS = re.compile(rf"(?:{'|'.join(machine_phrases.DAEMONS)})(?:[+_.-].*)?", re.IGNORECASE)
_DAEMON_NAME = re.compile("|".join(machine_phrases.DAEMON_NAMES), re.IGNORECASE)
_SUBJECT = re.compile("|".join(machine_phrases.BOUNCE_SUBJECTS), re.IGNORECASE)
# A subject in ASCII without any of these needs no closer look.
_SUBJECT_HINTS = (
    "deliver", "return", "fail", "mail", "unknown", "nd", "remis", "stell", "recapit", "entreg", "bestel", "lever",
    "delay", "verz", "warning", "message", "devuel", "distribu", "bezorg", "consegn", "zwrot", "kullan", "iade",
    "mancato", "toimit", "niedo", "lemedi", "nelivrat",
)  # fmt: skip
_SENTENCE = re.compile("|".join(machine_phrases.BOUNCE_SENTENCES), re.IGNORECASE)
_REPLY_CODE = re.compile(r"(?<![\d.])([45])([0-9])([0-9])[ -]")
_DELAY = re.compile("|".join(machine_phrases.DELAYS), re.IGNORECASE)
_GAVE_UP = re.compile("|".join(machine_phrases.GAVE_UP), re.IGNORECASE)
_ORIGINAL_BELOW = re.compile(
    rf"^[ \t>*=_-]{{0,40}}(?:{'|'.join(machine_phrases.ORIGINAL_BELOW)}).*$", re.IGNORECASE | re.MULTILINE
)
# An address alone on its line, in brackets, or after the word that names it.
_FAILED_NEAR = re.compile(
    r"^\s*(?:<([^<>\s@]{1,64}@[^<>\s]{1,255})>[:,;.]?.{0,200}"
    r"|(?:to|rcpt to|recipient|failed recipient|address|user|mailbox):?\s*"
    r"<?([^<>\s@]{1,64}@[^<>\s]{1,255}?)>?[.,;:]?\s*"
    r"|([^<>\s@\"'(:]{1,64}@[^<>\s\"')]{1,255}?)[:.,;]?)\s*$",
    re.IGNORECASE | re.MULTILINE,
)


@dataclass(frozen=True, slots=True)
class Bounce:
    """What became of which recipient. `action` and `status` are of the recipients that matter most: failures first."""

    recipients: tuple[str, ...] = ()
    status: str = ""
    action: str = ""
    original_message_id: str = ""
    reports: tuple[RecipientReport, ...] = ()


def read(
    root: Part,
    raw: bytes,
    *,
    text: str,
    subject: str,
    sender: Address | None,
    return_path: str | None,
) -> Bounce | None:
    """The report this mail is; None when it is an ordinary mail."""
    leaves = reports.leaves(root)
    found = reports.delivery(leaves)
    if found is None:
        prose = _unreported(root, raw, text, subject, sender, return_path, leaves)
        if prose is None:
            return None
        found = prose
    else:
        if (
            root.typed[0] != "multipart/report"
            and not _may_be_a_server(sender, return_path, root)
            and not _says_so(subject)
        ):
            return None
        found = found or _in_prose(found_in_text(text), subject, text)
        if not found:
            return None
    original = reports.original_id(leaves) or reports.id_in(text)
    return _summed(found, original)


def _summed(found: tuple[RecipientReport, ...], original_id: str) -> Bounce:
    """The outcome for every recipient, and in one word: failures before delays before good news."""
    actions = [one.action for one in found]
    action = next((one for one in (FAILED, DELAYED, *actions) if one in actions), FAILED)
    of_action = [one for one in found if one.action == action]
    recipients = dict.fromkeys(one.address for one in of_action if one.address) if action in (FAILED, DELAYED) else {}
    status = next((one.status for one in of_action if one.status), "")
    return Bounce(tuple(recipients), status, action, original_id, tuple(one for one in found if one.address))


def _unreported(
    root: Part, raw: bytes, text: str, subject: str, sender: Address | None, return_path: str | None,
    leaves: list[Part],
) -> tuple[RecipientReport, ...] | None:  # fmt: skip
    """Servers that write prose. It takes two signs, three where From names no server.

    The signs are who writes, what the subject says, what the text says, and that the mail it is about is quoted.
    """
    failed_header = [one.address for one in addresses.addresses_in(root.all("x-failed-recipients"))]
    from_server = _may_be_a_server(sender, return_path, root)
    says_so = _says_so(subject)
    if not (failed_header or from_server or says_so):
        return None
    body = text[:SCANNED]
    is_report = (
        root.typed[0] == "multipart/report" and root.typed[1].get("report-type", "").lower() == "delivery-status"
    )
    if not failed_header and not is_report:
        has_original = reports.has_original(leaves) or bool(_ORIGINAL_BELOW.search(body))
        signs = from_server + says_so + bool(_SENTENCE.search(_above_original(body)[:8192])) + has_original
        if signs < (2 if _is_daemon(sender, root) else 3):
            return None
    recipients = tuple(dict.fromkeys(failed_header)) or _scanned(raw, root) or found_in_text(body, _own(root, sender))
    return _in_prose(recipients, subject, body) or (RecipientReport("", *_outcome(subject, body)),)


def _in_prose(recipients: tuple[str, ...], subject: str, text: str) -> tuple[RecipientReport, ...]:
    """One outcome for all: prose names recipients, but seldom says which sentence is about which."""
    action, status, diagnostic = _outcome(subject, text)
    return tuple(RecipientReport(one, action, status, diagnostic) for one in recipients)


def _outcome(subject: str, text: str) -> tuple[str, str, str]:
    """The action, the status and the sentence that a text names them in."""
    above = _above_original(text[:SCANNED])
    status = diagnostic = ""
    for scope in dict.fromkeys((above, text[:SCANNED])):
        match = STATUS.search(scope) or _REPLY_CODE.search(scope)
        if match:
            status = match[1] if "." in match[1] else f"{match[1]}.0.0"
            start = scope.rfind("\n", 0, match.start()) + 1
            diagnostic = headers.clean(scope[start : start + 2000].partition("\n")[0])[:500]
            break
    return _action(status, subject[:300], above[:4000]), status, diagnostic


def _action(status: str, subject: str, text: str) -> str:
    """Whether a server gave up or still tries. What it says in words counts for more than a temporary status."""
    if status.startswith("5"):
        return FAILED
    if _DELAY.search(subject) or "warning" in subject.lower():
        return DELAYED
    if _GAVE_UP.search(subject) or _GAVE_UP.search(text):
        return FAILED
    return DELAYED if status.startswith("4") or _DELAY.search(text) else FAILED


def _above_original(text: str) -> str:
    """What a report says before it goes on to quote the mail."""
    below = _ORIGINAL_BELOW.search(text)
    return text[: below.start()] if below and below.start() > 20 else text


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


def _own(root: Part, sender: Address | None) -> set[str]:
    """Addresses that name the parties of the report itself, never a failed recipient."""
    own = {
        one.address.lower() for one in addresses.addresses_in([*root.all("to"), *root.all("cc"), *root.all("reply-to")])
    }
    if sender:
        own.add(sender.address.lower())
    return own


def _scanned(raw: bytes, root: Part) -> tuple[str, ...]:
    """The recipients that a library of dialects finds. Guarded, and on the first 64 kB only."""
    try:
        temporary, permanent = all_failures(message_from_bytes(raw[:SCANNED]))
    except Exception:  # it reads hostile text with old patterns
        return ()
    found = permanent or temporary
    own = _own(root, None)
    named = sorted(addresses.normal(one.decode("utf-8", "replace")) for one in found)
    return tuple(one for one in named if one and (one.lower() not in own or len(named) == 1))


def found_in_text(text: str, own: set[str] | None = None) -> tuple[str, ...]:
    """The addresses a report in prose names before it goes on to quote the mail."""
    own = own or set()
    above = _above_original(text)
    scope = above if len(above) < len(text) else text[:4000]
    named = [one for match in _FAILED_NEAR.finditer(scope) for one in match.groups() if one]
    for candidates in (named, ADDRESS.findall(scope)):
        found = dict.fromkeys(addresses.normal(one.strip(".'")) for one in candidates)
        kept = [
            one for one in found if one and one.lower() not in own and not _DAEMONS.fullmatch(one.rpartition("@")[0])
        ]
        if kept:
            return tuple(kept[:50])
    return ()
