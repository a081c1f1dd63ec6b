"""Mail that machines send us about our own mail: delivery reports, and our own test mails coming back.

A report is believed when it comes to the address only its delivery had in the envelope (VERP), or names a Message-ID
of ours together with an address that mail went to; both are 128 random bits nobody else knows. Any other is just mail.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Literal

from django.db.models import Q

from tickets.channels.email.naming import Names
from tickets.channels.email.parsing import ParsedMail
from tickets.models import Delivery, RawMessage

Action = Literal["delivered", "delayed", "failed", "relayed", "expanded"]
_ACTIONS: tuple[Action, ...] = ("failed", "delayed", "delivered", "relayed", "expanded")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a report says of one delivery."""

    delivery: Delivery
    action: Action
    status_code: str
    words: str


@dataclass(slots=True)
class Deliveries:
    """The deliveries that a batch of mails may speak of."""

    by_token: dict[str, Delivery] = field(default_factory=dict)
    #: (Message-ID, recipient) -> delivery
    by_mail: dict[tuple[str, str], Delivery] = field(default_factory=dict)

    def outcomes(self, mail: ParsedMail, names: Names) -> list[Outcome]:
        """What the mail reports of deliveries of ours; [] when it is no report, or not to be believed."""
        if not mail.is_bounce:
            return []
        own = next((self.by_token[token] for token in names.bounce_tokens if token in self.by_token), None)
        if own is not None:
            action, status, words = _gravest(mail)
            return [Outcome(own, action, status, words)]
        found: dict[int, Outcome] = {}
        for address, action, status, words in _each(mail):
            delivery = self.by_mail.get((mail.original_message_id, address.lower()))
            if delivery is not None:
                found.setdefault(delivery.pk, Outcome(delivery, action, status, words))
        return list(found.values())

    def answered(self, names: Names) -> Delivery | None:
        """The delivery whose own envelope address a mail was sent to: where vacation messages go (RFC 3834 §4)."""
        return next((self.by_token[token] for token in names.bounce_tokens if token in self.by_token), None)


def load(mails: Iterable[tuple[ParsedMail, Names]]) -> Deliveries:
    """Look up the deliveries that these mails may speak of: one query, and none where there is nothing to ask."""
    tokens = {token for _mail, names in mails for token in names.bounce_tokens}
    ids = {mail.original_message_id for mail, _names in mails if mail.is_bounce and mail.original_message_id}
    if not tokens and not ids:
        return Deliveries()
    found = Delivery.objects.select_related("mail__ticket", "mail__inbox", "mail__said").filter(
        Q(token__in=tokens) | Q(mail__message_id__in=ids)
    )
    deliveries = Deliveries()
    for delivery in found.order_by("pk"):
        if delivery.token in tokens:
            deliveries.by_token[delivery.token] = delivery
        deliveries.by_mail[delivery.mail.message_id, delivery.recipient.lower()] = delivery
    return deliveries


def told(raw: RawMessage, outcomes: Sequence[Outcome]) -> None:
    """Write on the raw mail what it reported, for the intake log."""
    raw.reason_code = "report"
    first = outcomes[0].delivery
    raw.belongs_to = first.mail.ticket
    said = ", ".join(f"{one.delivery.recipient}: {one.action} {one.status_code}".rstrip() for one in outcomes[:20])
    raw.reason = f"A report about a mail of ours. {said}"


def _each(mail: ParsedMail) -> list[tuple[str, Action, str, str]]:
    if mail.bounces:
        return [(one.address, _action(one.action), one.status, one.diagnostic) for one in mail.bounces]
    action = _action(mail.bounce_action)
    return [(address, action, mail.bounce_status, "") for address in mail.bounced_addresses]


def _gravest(mail: ParsedMail) -> tuple[Action, str, str]:
    """What a report to one delivery's own address says, whatever address it was forwarded to."""
    each = _each(mail) or [("", _action(mail.bounce_action), mail.bounce_status, "")]
    _address, action, status, words = min(each, key=lambda one: _ACTIONS.index(one[1]))
    return action, status, words


def _action(word: str) -> Action:
    return next((known for known in _ACTIONS if known == word), "failed")
