"""A ticket as it is read: messages and activity in one line of time."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

from django.db.models import F, Model, QuerySet
from django.urls import reverse
from django.utils.html import escape

from helpdesk import events
from helpdesk.models import Event
from tickets import activity, invitations, rich_text, safe_html, texts, ways, whys
from tickets.models import Attachment, Message, Ticket

#: these events are the messages themselves, or their way out; the messages show them
_SHOWN_ELSEWHERE = {
    "message.received", "message.replied", "message.noted", "message.sent", "message.delivered", "message.forwarded",
    "ticket.marked", "message.acted",
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
    """Everything said on a ticket, oldest first, with what a page shows of it; files only where there are some."""
    messages = (
        Message.objects.filter(ticket=ticket, withdrawn_at=None)
        .select_related("author", "sender", "outgoing", "side")
        .annotate(named=F("raw__belongs_to"))
        .prefetch_related("outgoing__deliveries", *(["attachments__file"] if with_files else []))
        .order_by("created_at", "id")
    )
    found: list[Message] = list(messages)
    for message in found:
        message.ticket = ticket
        if not with_files:
            fill(message, "attachments")
    return found


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


def of(ticket: Ticket, messages: Sequence[Message]) -> list[Entry]:
    """Everything said (`said_on`) and done on a ticket, oldest first, in a constant number of queries."""
    said = [Entry("message", m.created_at, message=show(m), order=1) for m in messages if m.side is None]
    happened = [e for e in _standing(events.history(ticket.number)) if e.verb not in _SHOWN_ELSEWHERE]
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


def show(message: Message) -> Said:
    """A message made ready for a page."""
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
        author_address=message.sender.address if message.sender else "",
        at=message.created_at,
        html=html,
        quoted_html=texts.paragraphs(whole) if whole and not frame else "",
        frame=frame,
        has_original=bool(message.html) and not ours,
        attachments=tuple(shown(a) for a in attachments if a.content_id not in inside),
        to=tuple(message.to),
        cc=tuple(message.cc),
        bcc=tuple(message.bcc),
        delivery=ways.of(getattr(message, "outgoing", None)),
        is_automated=message.is_automated,
        warnings=tuple(whys.notices(message.marks)),
        badges=tuple(whys.badges(message.marks)),
        why=whys.why(message),
        named=getattr(message, "named", None) if "stranger" in message.marks else None,
        invitation=invitations.card(attachments) if "invitation" in message.marks else None,
        is_partial="too_complex" in message.marks,
        has_raw=message.raw_id is not None,
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
