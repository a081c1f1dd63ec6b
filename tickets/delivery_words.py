"""What servers say about a mail, in a code (RFC 3463) and in words for people."""

import re
from collections.abc import Mapping

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from tickets import texts

_CODE = re.compile(r"(?<![\d.])([245])\.(\d{1,3})\.(\d{1,3})(?![\d.])")
_REPLY = re.compile(r"\s*([245]\d\d)(?=[ -]|$)")
#: plain SMTP replies that say as much as a code would
_REPLIES = {"552": "5.3.4", "523": "5.3.4", "530": "5.7.0", "534": "5.7.9", "535": "5.7.8", "421": "4.3.2"}

#: by code, then by its subject
_WORDS: Mapping[str, str | Promise] = {
    "1.0": _("the address is not right"),
    "1.1": _("the address does not exist"),
    "1.2": _("the part after the @ does not exist"),
    "1.3": _("the address is not written correctly"),
    "1.4": _("the address stands for several mailboxes"),
    "1.6": _("the mailbox has moved and left no new address"),
    "1.7": _("our own address was not accepted as sender"),
    "1.8": _("our own address was not accepted as sender"),
    "1.10": _("the part after the @ takes no mail"),
    "2.0": _("the mailbox did not take it"),
    "2.1": _("the mailbox is switched off"),
    "2.2": _("the mailbox is full"),
    "2.3": _("it is too large for that mailbox"),
    "2.4": _("the mailing list could not pass it on"),
    "3": _("their mail server has a problem"),
    "3.1": _("their mail server has no room left"),
    "3.2": _("their mail server takes no mail at present"),
    "3.4": _("it is too large for their mail server"),
    "4": _("their mail server could not be reached"),
    "4.1": _("their mail server does not answer"),
    "4.3": _("their mail server could not be looked up"),
    "4.4": _("there is no way to their mail server"),
    "4.6": _("the mail went in circles"),
    "4.7": _("it could not be delivered in time"),
    "5": _("the two mail servers did not understand each other"),
    "5.3": _("it had too many recipients"),
    "6": _("their mail server could not handle what is in it"),
    "6.7": _("their mail server takes no addresses in other letters"),
    "7": _("their mail server refused it"),
    "7.1": _("their mail server refused it: it does not take mail from us"),
    "7.8": _("our own mail server refused our sign-in"),
    "7.23": _("their mail server refused it: our domain does not vouch for us (SPF)"),
    "7.26": _("their mail server refused it: our domain does not vouch for us"),
}


def status_in(answer: str) -> str:
    """The code in a server's answer, such as 5.1.1; "" when it says none."""
    if found := _CODE.search(answer[:2000]):
        return ".".join(found.groups())
    reply = _REPLY.match(answer)
    return _REPLIES.get(reply[1], "") if reply else ""


def reason(status_code: str, answer: str = "") -> str:
    """Why, in words for people; "" when nothing is known. Without a code, one is looked for in the answer."""
    code = _CODE.fullmatch(status_code or status_in(answer))
    if code is None:
        return ""
    subject, detail = code[2].lstrip("0") or "0", code[3].lstrip("0") or "0"
    return str(_WORDS.get(f"{subject}.{detail}") or _WORDS.get(subject) or _WORDS.get(f"{subject}.0", ""))


def is_about_the_mailbox(status_code: str) -> bool:
    """Whether a final answer is about the mailbox: not about size, contents, their policy or the way there."""
    code = _CODE.fullmatch(status_code)
    return code is not None and code[1] == "5" and code[2] in ("0", "1", "2", "4") and status_code not in _OURS


#: these speak of the mail, of us, or of the way
_OURS = {"5.1.7", "5.1.8", "5.2.3", "5.4.6", "5.4.7"}


def line(words: str) -> str:
    """A server's words fit for a short column."""
    return texts.line(words)
