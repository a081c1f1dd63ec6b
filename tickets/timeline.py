"""A ticket as it is read: messages and activity in one line of time."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import datetime
from functools import lru_cache
from typing import Any

from django.db.models import Model, QuerySet, prefetch_related_objects
from django.urls import reverse
from django.utils import timezone
from django.utils.html import escape
from django.utils.translation import get_language

from helpdesk import prepared, statements
from helpdesk.models import Agent, Event
from helpdesk.prepared import Prepared
from tickets import activity, call_words, invitations, rich_text, safe_html, texts, ways, whys
from tickets.models import (
    Attachment,
    ChannelMessage,
    ContactPoint,
    Delivery,
    Message,
    OutgoingMail,
    SideConversation,
    Ticket,
)
from tickets.operations import posting

#: these events are the messages themselves, or their way out; the messages show them
_SHOWN_ELSEWHERE = {
    "message.received", "message.replied", "message.noted", "message.sent", "message.delivered", "message.forwarded",
    "ticket.marked", "message.acted", "message.seen", "message.edited", "message.taken_back",
}  # fmt: skip
_PLACE = re.compile(r"\[image: ([^\[\]\n<>]{1,400})\]")
#: the guess at a frame's height before it tells: letters in a row, its height, and the most we guess
ROW, ROW_PIXELS, MOST_PIXELS = 85, 23, 1200
IMAGES = {"image/png", "image/jpeg", "image/gif", "image/webp"}


@dataclass(frozen=True, slots=True)
class Shown:
    """An attachment as a page shows it."""

    filename: str
    size: int
    url: str
    is_image: bool
    content_type: str
    #: why it is not handed out: infected, failed or unscanned
    held: str = ""


@dataclass(frozen=True, slots=True)
class Frame:
    """A message's HTML, which stands in a frame: how tall it is about, and whether it wants pictures from elsewhere."""

    height: int
    has_pictures: bool


@dataclass(frozen=True, slots=True)
class Said:
    """A message as a page shows it; `html` and `quoted_html` are text made HTML by us. Equal ones look the same.

    `frame` is the whole message as it was laid out; it is the letter where `html` is empty, else what was quoted.
    """

    id: int
    kind: str
    author_name: str
    author_address: str
    at: datetime
    html: str
    quoted_html: str
    frame: Frame | None
    has_original: bool
    attachments: tuple[Shown, ...]
    to: tuple[str, ...]
    cc: tuple[str, ...]
    bcc: tuple[str, ...]
    delivery: ways.Way | None
    is_automated: bool
    warnings: tuple[str, ...]
    #: what is good to know of it, a word each
    badges: tuple[str, ...]
    #: why it is on this ticket; "" for our own
    why: str
    #: the ticket it names where its sender takes no part
    named: int | None
    invitation: invitations.Card | None
    #: only a part of it could be read: the reader may want it as it came
    is_partial: bool
    #: it is a mail whose bytes are kept
    has_raw: bool
    #: by which channel it went, where that is another than the ticket's
    channel: str = ""
    #: what is known of it on the network it came from, or went to
    abroad: "Abroad | None" = None
    _hash: int = field(default=0, init=False, repr=False, compare=False)

    def __hash__(self) -> int:
        """As of everything in it; each page that shows it asks, so it is worked out once."""
        if not self._hash:
            object.__setattr__(self, "_hash", hash(tuple(getattr(self, name) for name in _OF_SAID)))
        return self._hash


_OF_SAID = tuple(one.name for one in fields(Said) if one.compare)


@dataclass(frozen=True, slots=True)
class Abroad:
    """A message on a network: where to look at it, what it was before, how many stars it gave."""

    url: str = ""
    before: tuple[str, ...] = ()
    stars: int | None = None
    is_public: bool = False
    #: of a call: what sort of one, how long it took, and the number to call back
    call: str = ""
    tel: str = ""
    #: what they answered before they began to chat
    asked: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Talk:
    """A talk with a third party: what we passed on, what they said to it, what we answered."""

    id: int
    subject: str
    addresses: tuple[str, ...]
    messages: tuple[Said, ...]

    @property
    def ids(self) -> tuple[int, ...]:
        return tuple(message.id for message in self.messages)

    @property
    def last(self) -> int:
        """The message an answer of ours goes on from."""
        return self.messages[-1].id


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing in the line of time; a talk stands where it was last spoken in."""

    kind: str
    at: datetime
    message: Said | None = None
    talk: Talk | None = None
    event: activity.Activity | None = None
    order: int = 1

    @property
    def messages(self) -> tuple[Said, ...]:
        """What is said in it."""
        return (self.message,) if self.message else self.talk.messages if self.talk else ()

    @property
    def ids(self) -> tuple[int, ...]:
        """The messages in it."""
        return (self.message.id,) if self.message else self.talk.ids if self.talk else ()


def said_on(ticket: Ticket, *, with_files: bool = True) -> list[Message]:
    """Everything said on a ticket, oldest first, with what a page shows of it; files only where there are some.

    Asked in our own words, and made into objects by hand: a page does it each time, and Django takes three times as
    long. Of an author it knows the name, of a mail its deliveries; the rest is fetched where somebody wants it.
    """
    with statements.cursor() as cursor:
        cursor.execute(_everything_said(), [ticket.number])
        rows = cursor.fetchall()
    own, of_sender, of_side = (len(prepared.columns(model)) for model in (Message, ContactPoint, SideConversation))
    sender_from, side_from = own, own + of_sender
    authors: dict[int, Agent] = {}
    senders: dict[int, ContactPoint] = {}
    sides: dict[int, SideConversation] = {}
    mails: dict[int, OutgoingMail] = {}
    found: list[Message] = []
    for row in rows:
        message: Any = prepared.made(Message, row[:own])
        author_name, mail, message.named = row[-3:]
        known: dict[str, Any] = {"ticket": ticket, "author": None, "sender": None, "side": None, "outgoing": None}
        if (pk := message.author_id) is not None:
            known["author"] = authors.get(pk) or authors.setdefault(
                pk, prepared.part_of(Agent, id=pk, name=author_name)
            )
        if (pk := message.sender_id) is not None:
            known["sender"] = senders.get(pk) or senders.setdefault(
                pk, prepared.made(ContactPoint, row[sender_from:side_from])
            )
        if (pk := message.side_id) is not None:
            known["side"] = sides.get(pk) or sides.setdefault(
                pk, prepared.made(SideConversation, row[side_from : side_from + of_side])
            )
        if mail is not None:
            known["outgoing"] = mails[mail] = prepared.part_of(OutgoingMail, id=mail, said_id=message.id)
        message._state.fields_cache = known
        if not with_files:
            fill(message, "attachments")
        found.append(message)
    fared = _bring_deliveries(mails)
    _bring_abroad(found)
    if with_files:
        prefetch_related_objects(found, "attachments__file")
    for made, row in zip(found, rows, strict=True):
        is_all = not (hasattr(made, "abroad_shown") or (with_files and made.attachments.all()))
        made.__dict__["made_of"] = (row, fared.get(row[-2]), ticket.channel) if is_all else None
    return found


@lru_cache(maxsize=1)
def _everything_said() -> str:
    columns = [
        f'{alias}."{name}"'
        for alias, model in (("m", Message), ("p", ContactPoint), ("s", SideConversation))
        for name in prepared.columns(model)
    ]
    return f"""
        SELECT {", ".join(columns)}, a.name, o.id, r.belongs_to_id
        FROM tickets_message m
        LEFT JOIN tickets_contactpoint p ON p.id = m.sender_id
        LEFT JOIN tickets_sideconversation s ON s.id = m.side_id
        LEFT JOIN helpdesk_agent a ON a.id = m.author_id
        LEFT JOIN tickets_outgoingmail o ON o.said_id = m.id
        LEFT JOIN tickets_rawmessage r ON r.id = m.raw_id
        WHERE m.ticket_id = %s AND m.withdrawn_at IS NULL ORDER BY m.created_at, m.id
    """  # noqa: S608 - columns of our models


_deliveries_of = f"""
    SELECT {", ".join(f'"{name}"' for name in prepared.columns(Delivery))}
    FROM tickets_delivery WHERE mail_id = ANY(%s) ORDER BY id
"""  # noqa: S608 - columns of our model


def _bring_deliveries(mails: Mapping[int, OutgoingMail]) -> dict[int, list[Any]]:
    """Let mails know how they fared; the rows that say so, by mail."""
    if not mails:
        return {}
    by_mail: dict[int, list[Delivery]] = {pk: [] for pk in mails}
    fared: dict[int, list[Any]] = {pk: [] for pk in mails}
    with statements.cursor() as cursor:
        cursor.execute(_deliveries_of, [list(mails)])
        for row in cursor.fetchall():
            delivery = prepared.made(Delivery, row)
            by_mail[delivery.mail_id].append(delivery)
            fared[delivery.mail_id].append(row)
    for pk, mail in mails.items():
        bring(mail, "deliveries", by_mail[pk])
    return fared


class _Brought(QuerySet[Any]):
    """Rows that are there. Who goes on from them asks anew, for rows of the same object."""

    @property
    def query(self) -> Any:
        # what narrows it is worked out here, which hardly anybody needs; till then all of a model share a query
        own: Any = self
        if own._deferred_filter:
            own._query = own._query.chain()
        return QuerySet.query.fget(self)  # type: ignore[attr-defined]

    @query.setter
    def query(self, query: Any) -> None:
        QuerySet.query.fset(self, query)  # type: ignore[attr-defined]


@lru_cache(maxsize=32)
def _bringing(model: type[Model], name: str) -> tuple[Any, str, Any]:
    field: Any = model._meta.get_field(name)
    return field.related_model, field.field.name, QuerySet(field.related_model).query


def bring(thing: Model, name: str, found: list[Any]) -> None:
    """Let an object know these rows of another table, so that nobody asks. Filtered, they are still only its own."""
    model, its_name, query = _bringing(type(thing), name)
    theirs: Any = _Brought(model, query=query)
    # by its key: knowing the object itself, the two would wait for the collector of garbage
    theirs._deferred_filter = False, (), {its_name: thing.pk}
    theirs._result_cache = found
    thing.__dict__.setdefault("_prefetched_objects_cache", {})[name] = theirs


def _bring_abroad(said: Sequence[Message]) -> None:
    """Let messages of networks know what is known of them there. Asks nothing where there are none."""
    of_talks: dict[Any, Any] = {one.pk: one for one in said if posting.is_abroad(one.channel)}
    if not of_talks:
        return
    known = ChannelMessage.objects.filter(message__in=list(of_talks), part=0)
    for message, url, facts, is_public in known.values_list("message", "url", "facts", "conversation__is_public"):
        stars = facts.get("stars")
        of_talks[message].abroad_shown = Abroad(
            url if url.startswith("https://") else "", tuple(facts.get("before", ())),
            stars if isinstance(stars, int) else None, bool(is_public), *call_words.of(facts.get("call")),
            tuple((str(question), str(answer)) for question, answer in facts.get("answers", ())),
        )  # fmt: skip


def fill(thing: Model, *names: str) -> None:
    """Let an object know that it has none of these, so that nobody asks."""
    cache = thing.__dict__.setdefault("_prefetched_objects_cache", {})
    for name in names:
        cache.setdefault(name, _nothing(type(thing), name))


@lru_cache(maxsize=16)
def _nothing(model: type[Model], name: str) -> QuerySet[Any]:
    """An empty queryset that asks nothing; many may share it, since nobody can put anything in."""
    nothing = model._meta.get_field(name).related_model._default_manager.none()  # type: ignore[union-attr]
    nothing._result_cache = []
    return nothing


_happened = Prepared(
    lambda place: Event.objects.filter(stream_id=place(int)).exclude(verb__in=sorted(_SHOWN_ELSEWHERE)).order_by("id")
)


def of(ticket: Ticket, messages: Sequence[Message]) -> list[Entry]:
    """Everything said (`said_on`) and done on a ticket, oldest first, in a constant number of queries."""
    reader = _reader()
    said = [Entry("message", m.created_at, message=show(m, reader), order=1) for m in messages if m.side_id is None]
    happened = _standing(_happened(ticket.number))
    done = [
        Entry("activity", a.at, event=a, order=0 if a.verb == "ticket.created" else 2) for a in activity.told(happened)
    ]
    return sorted([*said, *_talks(messages), *done], key=lambda entry: (entry.at, entry.order))


def _talks(messages: Sequence[Message]) -> list[Entry]:
    """The talks aside, each with its messages in one place."""
    of: dict[int, list[Message]] = {}
    for message in messages:
        if message.side_id:
            of.setdefault(message.side_id, []).append(message)
    entries = []
    for spoken in of.values():
        side = spoken[0].side
        assert side is not None
        talk = Talk(side.pk, side.subject, tuple(side.addresses), tuple(show(message) for message in spoken))
        entries.append(Entry("talk", spoken[-1].created_at, talk=talk))
    return entries


def _standing(history: Iterable[Event]) -> list[Event]:
    """What happened, without what was taken back at once."""
    happened = list(history)
    undone = {pk for event in happened if event.verb == "message.withdrawn" for pk in event.facts.get("undone", ())}
    return [event for event in happened if event.id not in undone]


#: messages as they were shown last: what they were made of, and for whom
_shown: dict[tuple[int, str | None, str], tuple[Any, Said]] = {}
#: how many are kept, and how long one may be to be kept
KEPT, LONGEST = 500, 20_000


def show(message: Message, reader: tuple[str | None, str] | None = None) -> Said:
    """A message made ready for a page of somebody's language and zone.

    What was said hardly ever changes: one of `said_on` is made ready once for each language and zone, and again where
    any column it was made of is another one. What has files, or came from a network, is made ready each time.
    """
    made_of = message.__dict__.get("made_of")
    if made_of is None:
        return _show(message)
    key = message.pk, *(reader or _reader())
    kept = _shown.get(key)
    if kept is not None and kept[0] == made_of:
        return kept[1]
    said = _show(message)
    if len(message.html) + len(message.text) + len(message.full_text) <= LONGEST:
        if len(_shown) >= KEPT:
            _shown.clear()
        _shown[key] = made_of, said
    return said


def _reader() -> tuple[str | None, str]:
    return get_language(), timezone.get_current_timezone_name()


def _show(message: Message) -> Said:
    attachments = list(message.attachments.all())
    whole = message.full_text
    ours = bool(message.author_id and message.html)
    frame = None if ours else _frame(message)
    if ours:
        html = rich_text.shown(message.html, {a.filename: shown(a).url for a in attachments if a.is_inline})
    else:
        html = texts.paragraphs(message.text) if whole or not frame else ""
    html, placed = _with_pictures(html, [a for a in attachments if a.is_inline and not message.html])
    inside = {a.content_id for a in attachments if a.content_id and f"cid:{a.content_id}" in message.html}
    inside = placed if not ours and (whole or not frame) else inside
    return Said(
        id=message.pk,
        kind=message.kind,
        author_name=message.author.name if message.author else message.sender_name,
        author_address=str(message.sender) if message.sender else "",
        at=message.created_at,
        html=html,
        quoted_html=texts.paragraphs(whole) if whole and not frame else "",
        frame=frame,
        has_original=bool(message.html) and not ours,
        attachments=tuple(shown(a) for a in attachments if a.content_id not in inside),
        to=tuple(message.to),
        cc=tuple(message.cc),
        bcc=tuple(message.bcc),
        delivery=ways.of(getattr(message, "outgoing", None), is_mail=not posting.is_talk(message.channel)),
        is_automated=message.is_automated,
        warnings=tuple(whys.notices(message.marks)),
        badges=tuple(whys.badges(message.marks)),
        why=whys.why(message),
        named=getattr(message, "named", None) if "stranger" in message.marks else None,
        invitation=invitations.card(attachments) if "invitation" in message.marks else None,
        is_partial="too_complex" in message.marks,
        has_raw=message.raw_id is not None,
        channel=message.channel if message.channel != message.ticket.channel else "",
        abroad=getattr(message, "abroad_shown", None),
    )


def _with_pictures(html: str, pictures: Sequence[Attachment]) -> tuple[str, set[str]]:
    """A text of ours with its pictures in the places it names, and the content ids of those that found one."""
    known = {str(escape(one.filename)): one for one in pictures}
    placed: set[str] = set()

    def put(place: re.Match[str]) -> str:
        one = known.get(str(place[1]))
        if one is None:
            return place[0]
        placed.add(one.content_id)
        return f'<img src="{escape(shown(one).url)}" alt="{escape(one.filename)}" loading="lazy">'

    return (_PLACE.sub(put, html), placed) if known else (html, placed)


def _frame(message: Message) -> Frame | None:
    """The frame for its HTML; None where the text says all of it, or nobody could read the HTML in good time."""
    text = message.full_text or message.text
    if (
        not message.html
        or safe_html.is_plain(message.html, text)
        or safe_html.is_tangled(message.html[: safe_html.MOST])
    ):
        return None
    rows = sum(1 + len(row) // ROW for row in text[:20_000].split("\n"))
    return Frame(min(max(rows * ROW_PIXELS + 24, 72), MOST_PIXELS), safe_html.has_pictures(message.html))


def shown(attachment: Attachment) -> Shown:
    return Shown(
        attachment.filename,
        attachment.file.size,
        reverse("attachment", args=[attachment.pk]),
        attachment.content_type in IMAGES and not attachment.file.held,
        attachment.content_type,
        attachment.file.held,
    )
