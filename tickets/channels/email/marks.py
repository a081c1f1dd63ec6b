"""What a mail is besides its words: encrypted, signed, an invitation. Looked at, never opened."""

import re

from tickets.channels.email import body, invitations
from tickets.channels.email.invitations import Invitation
from tickets.channels.email.tree import Part

ENCRYPTED, SIGNED, INVITATION = "encrypted", "signed", "invitation"
TOO_COMPLEX, FEEDBACK_REPORT = "too_complex", "feedback_report"

_PKCS7 = ("application/pkcs7-mime", "application/x-pkcs7-mime")
_SIGNATURES = (
    "application/pgp-signature", "application/pkcs7-signature", "application/x-pkcs7-signature",
)  # fmt: skip
_CALENDARS = ("text/calendar", "text/x-vcalendar", "application/ics")
# The object identifiers of signedData and envelopedData (RFC 5652) as DER writes them.
_SIGNED_DATA = bytes.fromhex("06092a864886f70d010702")
_ENVELOPED_DATA = bytes.fromhex("06092a864886f70d010703")
_AUTH_ENVELOPED_DATA = bytes.fromhex("060b2a864886f70d0109100117")
_PGP_MESSAGE = re.compile(r"^-----BEGIN PGP MESSAGE-----\s*$", re.MULTILINE)
_PGP_SIGNED = re.compile(
    r"^-----BEGIN PGP SIGNED MESSAGE-----[ \t]*\n(?:[A-Za-z-]{1,30}: ?[^\n]{0,200}\n){0,9}\n?", re.MULTILINE
)
_PGP_SIGNATURE = re.compile(r"^-----BEGIN PGP SIGNATURE-----[ \t]*$", re.MULTILINE)
_PGP_END = re.compile(r"^-----END PGP SIGNATURE-----[ \t]*\n?", re.MULTILINE)
_DASHED = re.compile(r"^- (?=-|From )", re.MULTILINE)


def of(root: Part, text: str) -> tuple[str, ...]:
    """Whether a mail is encrypted or signed, as its parts or the armour in its text say."""
    found: dict[str, None] = {}
    for part in root.walk_parts():
        if mark := _of_part(part):
            found[mark] = None
    if "-----BEGIN PGP " in text:
        if _PGP_MESSAGE.search(text):
            found[ENCRYPTED] = None
        if _PGP_SIGNED.search(text):
            found[SIGNED] = None
    return tuple(found)


def _of_part(part: Part) -> str:
    kind, parameters = part.typed
    if kind in ("multipart/encrypted", "application/pgp-encrypted"):
        return ENCRYPTED
    if kind == "multipart/signed" or kind in _SIGNATURES:
        return SIGNED
    if kind not in _PKCS7:
        return ""
    said = parameters.get("smime-type", "").lower()
    if said in ("enveloped-data", "authenveloped-data"):
        return ENCRYPTED
    if said in ("signed-data", "certs-only"):
        return SIGNED if said == "signed-data" else ""
    beginning = body.decoded(part)[:64]
    if _SIGNED_DATA in beginning:
        return SIGNED
    return ENCRYPTED if _ENVELOPED_DATA in beginning or _AUTH_ENVELOPED_DATA in beginning else ""


def invitation(root: Part) -> Invitation | None:
    """The first event of the first calendar that came with a mail."""
    for part in root.walk_parts():
        kind, parameters = part.typed
        if kind in _CALENDARS or (kind == "application/octet-stream" and part.file_name.lower().endswith(".ics")):
            method = parameters.get("method", "")
            found = invitations.read(body.decoded(part), parameters.get("charset", ""), method)
            if found is not None:
                return found
    return None


def without_armour(text: str) -> str:
    """The words of a text that is signed inline, without what PGP wrote around them."""
    begin = _PGP_SIGNED.search(text)
    if begin is None:
        return text
    signature = _PGP_SIGNATURE.search(text, begin.end())
    if signature is None:
        return text
    end = _PGP_END.search(text, signature.end())
    words = _DASHED.sub("", text[begin.end() : signature.start()])
    return text[: begin.start()] + words + (text[end.end() :] if end else "")
