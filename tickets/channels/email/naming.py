"""Which messages a mail says it belongs to: every identifier it names, most believed first, and where it stood.

Order of belief (reliability.md §2): an address of ours that carries a signature, In-Reply-To, References from the
right, a reference line in the text whose signature is ours. A number in the subject is only a hint, told apart.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from tickets import minting
from tickets.channels.email.parsing import ParsedMail

#: more than that no honest mail names
MOST = 50
_SCANNED = 65536
_TOKEN = re.compile(r"(?<![a-z2-7])([a-z2-7]{26}\.[a-z2-7]{16})(?![a-z2-7])")
_NUMBER = re.compile(r"\[#(\d{1,12})\]")


@dataclass(frozen=True, slots=True)
class Named:
    """A Message-ID and where it was named: reply_address, in_reply_to, references, marker or report."""

    identifier: str
    why: str


@dataclass(frozen=True, slots=True)
class Names:
    """What a mail says of where it belongs."""

    ids: tuple[Named, ...]
    #: tokens of our bounce and probe addresses it was sent to
    bounce_tokens: tuple[str, ...] = ()
    probe_tokens: tuple[str, ...] = ()
    #: numbers in square brackets in the subject: worth something only from somebody who is known
    numbers: tuple[int, ...] = ()

    @property
    def awaited(self) -> list[str]:
        """The ids of mails that may still come: those its headers name."""
        return [one.identifier for one in self.ids if one.why in ("in_reply_to", "references")]


def names(mail: ParsedMail, *, envelope_to: Sequence[str], domain: str) -> Names:
    """Read them. `domain` is the inbox's: the Message-IDs we minted for it end in it."""
    signed = _signed(mail, envelope_to)
    found = [Named(f"{token}@{domain}", "reply_address") for token in signed["reply"]]
    found += [Named(one, "in_reply_to") for one in mail.in_reply_to]
    found += [Named(one, "references") for one in reversed(mail.references)]
    found += [Named(f"{token}@{domain}", "marker") for token in _markers(mail)]
    if mail.is_feedback_report or mail.is_disposition:
        found.append(Named(mail.original_message_id, "report"))
    first: dict[str, Named] = {}
    for one in found:
        first.setdefault(one.identifier, one)
    first.pop("", None)
    return Names(
        tuple(first.values())[:MOST],
        tuple(signed["bounce"]),
        tuple(signed["probe"]),
        tuple(dict.fromkeys(int(number) for number in _NUMBER.findall(mail.subject)[:3])),
    )


def _signed(mail: ParsedMail, envelope_to: Sequence[str]) -> dict[str, list[str]]:
    """The tokens of the signed addresses the mail was sent to, by what the addresses are for."""
    tokens: dict[str, list[str]] = {"reply": [], "bounce": [], "probe": []}
    for address in dict.fromkeys((*envelope_to, *mail.recipients)):
        # a signed address has a dot in its local part and is long: most are not worth a second look
        if len(address) > 46 and (signed := minting.read_address(address)):
            tokens[signed.kind].append(signed.token)
    return tokens


def _markers(mail: ParsedMail) -> list[str]:
    """The reference lines of ours that the text quotes, the latest first: providers that rename mails leave them."""
    text = mail.text[:_SCANNED]
    tokens = _TOKEN.findall(text) if "." in text else []
    if not tokens and mail.html:
        tokens = _TOKEN.findall(mail.html[:_SCANNED])
    return [token for token in dict.fromkeys(tokens[:20]) if minting.is_token(token)]
