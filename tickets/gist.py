"""What a ticket is about, in one line made of facts: who asks, what, how often they came, how it stands.

No model guesses here. The words are the customer's own: the first question in what they wrote last, else the first
sentence that is no greeting; the rest is counted.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from helpdesk import clock
from tickets import texts
from tickets.models import Message, MessageKind, Ticket

LATELY = timedelta(days=30)
MOST = 160
_SENTENCE = re.compile(r"[^.!?\n。！？]+[.!?。！？]*")
_GREETING = re.compile(
    r"(?:hi|hello|hey|dear|good (?:morning|day|afternoon|evening)|guten (?:tag|morgen|abend)|hallo|liebe[rs]?|moin"
    r"|sehr geehrte[rs]?|bonjour|bonsoir|salut|hola|buen[oa]s|estimad[oa]s?|ciao|salve|buongiorno|gentile|beste|geachte"
    r"|ol[aá]|bom dia|boa tarde|prezad[oa]s?|hej|god (?:dag|morgon|morgen)|dzień dobry|cześć|witam|dobrý den"
    r"|здравствуйте|добрый день|привет|thank|thanks|danke|vielen dank|merci|gracias|grazie)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Gist:
    """One line: what the customer asks in their own words, and what goes with it as short facts."""

    who: str
    asks: str
    facts: tuple[str, ...]


def of(ticket: Ticket, messages: Sequence[Message], others: Sequence[Ticket]) -> Gist | None:
    """The gist of a ticket, from what was said on it (oldest first) and the customer's other tickets that one may see.

    None where nobody wrote anything yet.
    """
    said = [m for m in messages if m.kind == MessageKind.INCOMING and not m.is_automated and m.side_id is None]
    if not said:
        return None
    asks = next((words for message in reversed(said) if (words := point(message.text))), "")
    customer = ticket.customer
    who = customer.display_name
    if customer.organisation:
        who = _("%(name)s of %(organisation)s") % {"name": who, "organisation": customer.organisation}
    return Gist(who, asks, tuple(_facts(ticket, messages, said, others)))


@lru_cache(maxsize=500)
def point(text: str) -> str:
    """The sentence that says what somebody wants; "" where there is none."""
    sentences = [texts.line(found[0], 400) for found in _SENTENCE.finditer(text[:3000])]
    sentences = [one for one in sentences if any(letter.isalnum() for letter in one)]
    telling = [one for one in sentences if not (_GREETING.match(one) and len(one.split()) <= 5)]
    chosen = next((one for one in telling if one.endswith(("?", "？")) and len(one.split()) > 1), None)
    words = chosen or next((one for one in telling if len(one.split()) > 1), telling[0] if telling else "")
    return words if len(words) <= MOST else words[: MOST - 1].rsplit(" ", 1)[0] + "…"


def _facts(ticket: Ticket, messages: Sequence[Message], said: Sequence[Message], others: Sequence[Ticket]):  # type: ignore[no-untyped-def]
    since = clock.now() - LATELY
    lately = sum(other.created_at >= since for other in others)
    if lately:
        yield ngettext(
            "%(n)d other ticket in 30 days", "%(n)d other tickets in 30 days", lately
        ) % {"n": lately}  # fmt: skip
    elif not others:
        yield _("first contact")
    if len(said) > 1:
        yield ngettext("wrote %(n)d time", "wrote %(n)d times", len(said)) % {"n": len(said)}
    answers = [m for m in messages if m.kind == MessageKind.REPLY and not m.is_automated]
    if not answers:
        yield _("not answered yet")
    else:
        yield _answered(answers[-1], said[-1].created_at)
    low = next((other.low_score for other in others if other.low_score is not None), None)
    if ticket.low_score is None and low is not None:
        yield _("rated us %(score)s of 5 lately") % {"score": low}


def _answered(answer: Message, written: datetime) -> str:
    name = answer.author.get_short_name() if answer.author else _("somebody who left")
    if answer.created_at >= written:
        return _("%(name)s answered last") % {"name": name}
    return _("wrote again after %(name)s’s answer") % {"name": name}
