"""What a customer is called in the words of others: their full names and telephone numbers, and where these are gone.

Addresses are taken out wherever they stand, since they are nobody else's. Of names only full ones are, and only on
tickets where the customer took part, or where an address of theirs is named: elsewhere they may mean somebody else.
"""

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

from django.db import models
from django.db.models import Q

from helpdesk.models import Agent
from helpdesk.operations.redacting import GONE
from tickets.models import (
    Attachment,
    ContactPoint,
    Customer,
    Draft,
    Merge,
    Message,
    OutgoingMail,
    Participant,
    SideConversation,
    Ticket,
)
from tickets.registry import Subject
from tickets.twins import digits_of

#: between two words of a name: a line may end there, also one that is quoted
_GAP = r"(?:[\s\u00a0]|&nbsp;)+(?:>\s*)*"
#: between two digits of a number
_PAUSE = r"[\s\u00a0./()-]{0,3}"
_WORD = re.compile(r"[^\W\d_]{2}")
#: the shortest number without its country that is told from others
_LONG_ENOUGH = 8


@dataclass(frozen=True, slots=True)
class Called:
    """What somebody is called."""

    names: tuple[str, ...]
    numbers: tuple[str, ...]
    handles: tuple[str, ...]

    def besides(self, name: str) -> "Called":
        """The same without a name that somebody else bears, too."""
        kept = tuple(one for one in self.names if one.casefold() != name.casefold())
        return Called(kept, self.numbers, self.handles)

    def pattern(self) -> re.Pattern[str] | None:
        """Finds all of it, each only as a whole; None where there is nothing to find."""
        ways = [way for name in self.names for way in _name(name)]
        ways += [_spelled(handle) for handle in self.handles]
        found = [rf"(?<![\w@]){way}(?!\w)" for way in sorted(ways, key=len, reverse=True)]
        found += [rf"(?<![\w+]){way}(?!\w)" for number in self.numbers for way in _number(number)]
        return re.compile("|".join(found), re.IGNORECASE) if found else None


def called(subject: Subject) -> Called:
    """What this customer is called. No single word, and no name that one of us bears."""
    names = set(Customer.objects.filter(pk__in=subject.customers).values_list("name", flat=True))
    theirs = Message.objects.filter(sender__customer__in=subject.customers)
    names.update(theirs.order_by().values_list("sender_name", flat=True).distinct())
    names.update(Participant.objects.filter(address__in=subject.addresses).values_list("name", flat=True))
    points = ContactPoint.objects.filter(customer__in=subject.customers)
    numbers: set[str] = set()
    handles: set[str] = set()
    for channel, address, handle in points.values_list("channel", "address", "handle"):
        numbers.update(filter(None, (digits_of(address, channel), digits_of(handle, channel))))
        if _is_full(handle):
            names.add(handle)
        elif handle.startswith("@") and len(handle) > 4:
            handles.add(handle)
    ours = {name.casefold() for name in Agent.objects.values_list("name", flat=True)}
    full = {" ".join(name.split()) for name in names if _is_full(name)}
    return Called(
        tuple(sorted(one for one in full if one.casefold() not in ours)), tuple(sorted(numbers)), tuple(sorted(handles))
    )


def took_part(subject: Subject) -> set[int]:
    """The tickets of others on which they wrote or stand, or into which theirs went."""
    found = set(Participant.objects.filter(address__in=subject.addresses).values_list("ticket", flat=True))
    wrote = Message.objects.filter(sender__customer__in=subject.customers)
    found.update(wrote.order_by().values_list("ticket", flat=True).distinct())
    found.update(Merge.objects.filter(source__in=subject.tickets, undone_at=None).values_list("target", flat=True))
    return found - set(subject.tickets)


def take_out(who: Called, tickets: Collection[int]) -> set[int]:
    """Put `GONE` where they are called so in what was said on these tickets, and in what is begun, sent or told of it.

    Returns the messages that are changed.
    """
    names = {one.casefold() for one in who.names}
    by_namesake: dict[str, list[int]] = defaultdict(list)
    for number, name in Ticket.objects.filter(pk__in=tickets).values_list("pk", "customer__name"):
        by_namesake[name if name.casefold() in names else ""].append(number)
    changed: set[int] = set()
    for name, numbers in by_namesake.items():
        if pattern := who.besides(name).pattern():
            changed |= _take_out(pattern, numbers)
    return changed


def _take_out(pattern: re.Pattern[str], tickets: Sequence[int]) -> set[int]:
    leads_there = rf"/tickets/({'|'.join(map(str, tickets))})/"
    told = Q(text__regex=leads_there) | Q(html__regex=leads_there)
    notices = Q(told, ticket=None, purpose=OutgoingMail.Purpose.NOTICE)
    _replace(pattern, Ticket.objects.filter(pk__in=tickets), "subject", "snippet")
    changed = _replace(pattern, Message.objects.filter(ticket__in=tickets), "subject", "text", "full_text", "html")
    _replace(pattern, Attachment.objects.filter(message__ticket__in=tickets), "filename")
    _replace(pattern, Draft.objects.filter(ticket__in=tickets), "subject", "text", "html")
    _replace(pattern, SideConversation.objects.filter(ticket__in=tickets), "subject")
    mails = OutgoingMail.objects.filter(Q(ticket__in=tickets) | Q(said__ticket__in=tickets) | notices)
    _replace(pattern, mails, "subject", "text", "html", "quoted_text", "quoted_html")
    return changed


def _replace(pattern: re.Pattern[str], rows: Any, *columns: str) -> set[int]:
    """Put `GONE` into these columns. Returns the rows that are changed."""
    changed: set[int] = set()
    for row in rows.select_for_update(of=("self",), no_key=True).order_by("pk").only(*columns).iterator(chunk_size=200):
        said = {column: getattr(row, column) for column in columns}
        now = {column: _cut(rows.model, column, pattern.sub(GONE, words)) for column, words in said.items()}
        if now != said:
            rows.model._default_manager.filter(pk=row.pk).update(**now)
            changed.add(row.pk)
    return changed


def _cut(model: type[models.Model], column: str, words: str) -> str:
    """No longer than the column: what stands in for a short name is longer than it."""
    return words[: model._meta.get_field(column).max_length]  # type: ignore[union-attr]


def _is_full(name: str) -> bool:
    """A name of at least two words, none of them an initial only."""
    return len([word for word in name.split() if _WORD.search(word)]) > 1 and "@" not in name


def _name(name: str) -> Iterable[str]:
    """As one writes a name: Dora Diaz, and Diaz, Dora."""
    family, comma, given = ([_spelled(word) for word in part.split()] for part in name.partition(","))
    if not comma or not given:
        family, given = family[-1:], family[:-1]
    yield _GAP.join([*given, *family])
    yield _GAP.join([*family[:-1], f"{family[-1]},", *given])


def _spelled(word: str) -> str:
    """A word as it stands in a text, or in HTML; of apostrophes each kind."""
    marks = "(?:['\u2019\u02bc]|&(?:#x27|#39|apos|rsquo);)"
    ways = {re.escape(word), re.escape(escape(word, quote=False))}
    return "(?:" + "|".join(sorted(re.sub(r"\\?['\u2019\u02bc]", lambda _one: marks, way) for way in ways)) + ")"


def _number(digits: str) -> Iterable[str]:
    """As one writes a number: +49 (0)170 1234567, 0049170..., 0170/1234567, (555) 123-4567."""
    if digits.startswith("0"):
        yield _PAUSE.join(digits)
        return
    abroad = [digits[0]]
    for place, digit in enumerate(digits[1:], 1):
        abroad.append(rf"{_PAUSE}(?:\(0\){_PAUSE})?{digit}" if place < 4 else f"{_PAUSE}{digit}")
    yield r"(?:\+|00)?" + "".join(abroad)
    for length in (1, 2, 3):  # of the country's own digits, which nobody writes at home
        if len(digits) - length >= _LONG_ENOUGH:
            yield r"\(?0" + "".join(f"{_PAUSE}{digit}" for digit in digits[length:])
    if digits.startswith("1") and len(digits) == 11:
        yield r"\(?" + _PAUSE.join(digits[1:])
