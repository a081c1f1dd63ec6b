"""Live chat: who a visitor is, what they say, have and have seen. What becomes of it once they left: `leaving`.

What a visitor says is heard like anything else (`talking`); what is said to them is posted like anything else
(`posting`). Everything here is safe to repeat: browsers send again what they do not know to have arrived.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from functools import lru_cache
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Max, Q, QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from helpdesk import clock, live, statements
from helpdesk.events import draft, record_many
from helpdesk.failpoints import reach
from helpdesk.models import Agent
from helpdesk.prepared import columns, made, part_of
from tickets import texts
from tickets.channels.chat.identity import Identity
from tickets.channels.protocol import File, Person, Said
from tickets.models import (
    ChannelMessage,
    Conversation,
    Inbox,
    Message,
    MessageKind,
    Status,
    Ticket,
    Visitor,
    VisitorToken,
)
from tickets.operations import locking, talking
from tickets.operations.status import NotPossible

#: whoever has no browser connected for so long is away: what they did not see goes by mail
AWAY = timedelta(minutes=2)
#: a browser that was gone longer hears the whole talk from its last pages on
MOST_SHOWN = 100
#: of a talk's rows: messages, what was sent of our own accord, and notes to both sides; the rest says nothing
SHOWN = Q(message__isnull=False) | Q(mail__isnull=False) | Q(identifier__startswith="note ")
#: what is among ourselves
NOT_SHOWN = (MessageKind.NOTE, MessageKind.ASIDE)
#: among a talk's facts: the talk in which it goes on, as its visitor signed in (`carrying`)
CARRIED_TO = "carried_to"
#: and how often what was said in another talk came to it, or left it
CARRIED = "carried"


@dataclass(frozen=True, slots=True)
class Spoken:
    """One message of a visitor, as their browser sends it; `id` is the browser's own name of it."""

    id: str
    text: str
    files: tuple[File, ...] = ()
    name: str = ""
    email: str = ""
    language: str = ""
    answers: Sequence[tuple[str, str]] = field(default=())
    page_url: str = ""
    page_title: str = ""


# ---------------------------------------------------------------------- who it is


def known(inbox: Inbox, digest: str) -> Visitor | None:
    """The visitor of a browser's token, and their talk: asked with everything a browser asks, so in our own words."""
    if not digest:
        return None
    with statements.cursor() as cursor:
        cursor.execute(_knowing(), [digest, inbox.pk])
        row = cursor.fetchone()
    if row is None:
        return None
    own = len(columns(Visitor))
    visitor, talk = made(Visitor, row[:own]), made(Conversation, row[own:-1]) if row[own] is not None else None
    if talk is not None and talk.ticket_id is not None:
        talk.ticket = part_of(Ticket, number=talk.ticket_id, status=row[-1])
    visitor.inbox, visitor.talk = inbox, talk
    return visitor


@lru_cache(maxsize=1)
def _knowing() -> str:
    wanted = [f'v."{name}"' for name in columns(Visitor)] + [f't."{name}"' for name in columns(Conversation)]
    return f"""
        SELECT {", ".join(wanted)}, n.status FROM tickets_visitortoken k
        JOIN tickets_visitor v ON v.id = k.visitor_id LEFT JOIN tickets_conversation t ON t.id = v.talk_id
        LEFT JOIN tickets_ticket n ON n.number = t.ticket_id
        WHERE k.digest = %s AND k.ended_at IS NULL AND v.inbox_id = %s
    """  # noqa: S608 - names of columns only


@transaction.atomic
def recognise(inbox: Inbox, digest: str, identity: Identity) -> Visitor | None:
    """The visitor a site vouches for, with this browser's token; None where the token is somebody else's."""
    locking.hold(f"visitor {digest}")
    before = known(inbox, digest)
    thread = f"user:{identity.id}"[:255]
    if before is not None and before.thread != thread:
        return None
    visitor, _is_new = Visitor.objects.select_related("talk").get_or_create(
        inbox=inbox, thread=thread, defaults={"user_id": identity.id}
    )
    change: dict[str, Any] = {}
    if identity.name and visitor.name != identity.name:
        change["name"] = identity.name
    if identity.email and (visitor.email, visitor.is_email_vouched) != (identity.email, True):
        change |= {"email": identity.email, "is_email_vouched": True}
    _change(visitor, **change)
    if before is None:
        _give(visitor, digest)
    return visitor


_ENDED = gettext_lazy("This browser has ended its chat. Load the page again.")


def _give(visitor: Visitor, digest: str) -> None:
    try:
        with transaction.atomic():
            VisitorToken.objects.create(digest=digest, visitor=visitor)
    except IntegrityError:
        raise NotPossible(_ENDED) from None


def _must_not_have_ended(digest: str) -> None:
    if VisitorToken.objects.filter(digest=digest).exists():
        raise NotPossible(_ENDED)


def _change(visitor: Visitor, **change: Any) -> None:
    """Write these fields; browsers of one visitor speak at once, so none writes what it does not mean."""
    if change:
        for name, value in change.items():
            setattr(visitor, name, value)
        Visitor.objects.filter(pk=visitor.pk).update(**change)


def sign_out(digest: str) -> None:
    """The visitor signed out of the site: this browser's token is worth nothing from now on."""
    VisitorToken.objects.filter(digest=digest, ended_at=None).update(ended_at=clock.now())


# ---------------------------------------------------------------------- what they say


@transaction.atomic
def say(inbox: Inbox, digest: str, spoken: Spoken, *, visitor: Visitor | None = None) -> tuple[Visitor, ChannelMessage]:
    """A visitor says something, for the first time or again; twice is once. Raises NotPossible for an ended token.

    `visitor` is who the token's is, where that is known. What was said before they signed in, and is repeated after it,
    was said by them; what is said with the token of before is refused, so that the browser sends it with its new one.
    """
    transaction.on_commit(lambda: reach("in.tx_committed"))
    if visitor is None:
        locking.hold(f"visitor {digest}")
        visitor = known(inbox, digest)
    if visitor is None:
        _must_not_have_ended(digest)
        visitor = Visitor.objects.create(inbox=inbox, thread=f"visitor:{digest[:32]}")
        _give(visitor, digest)
    name = visitor.name or texts.line(spoken.name, 200)
    said = Said(
        identifier=f"{visitor.pk}/{spoken.id}", thread=visitor.thread, sender=person_of(visitor, name),
        text=spoken.text, files=spoken.files, language=spoken.language,
        facts={
            "id": spoken.id, **({"answers": [list(one) for one in spoken.answers]} if spoken.answers else {}),
            **({"page": spoken.page_url} if spoken.page_url else {}),
        },
    )  # fmt: skip
    if (carried := _carried(visitor, spoken.id)) is not None:
        return visitor, carried
    kept, is_new = talking.hear_of(inbox, said)
    if is_new and kept.conversation is not None and CARRIED_TO in kept.conversation.facts:
        raise NotPossible(_ENDED)
    change: dict[str, Any] = {"here_at": clock.now(), "left_at": None}
    if kept.conversation_id != visitor.talk_id:
        change["talk"] = kept.conversation
    if name != visitor.name:
        change["name"] = name
    if spoken.email and not visitor.email:
        change["email"] = spoken.email
    if spoken.language and spoken.language != visitor.language:
        change["language"] = spoken.language[:10]
    _change(visitor, **change)
    show_page(visitor, url=spoken.page_url, title=spoken.page_title)
    if kept.conversation_id:
        tell(kept.conversation_id, kept.pk)
    if "talk" in change:  # browsers of theirs that waited for a first word hear of the talk from now on
        news = live.Notice("chat.began", None, f"visitor:{visitor.pk}", 0)
        live.publish_after_commit([news])
    reach("in.tx_before_commit")
    return visitor, kept


def _carried(visitor: Visitor, id: str) -> ChannelMessage | None:
    """What a visitor whom the site signs for said by this name before they signed in."""
    if not visitor.user_id or visitor.talk_id is None:
        return None
    rows = ChannelMessage.objects.filter(conversation=visitor.talk_id, facts__has_key="carried", facts__id=id)
    return rows.select_related("message").first()


def person_of(visitor: Visitor, name: str) -> Person:
    """Whom the site signs for is joined to who has that address; who merely says so is not (T29)."""
    address = visitor.thread if not visitor.user_id else f"user:{visitor.inbox_id}:{visitor.user_id}"
    handle = name or _("Visitor %(sign)s") % {"sign": visitor.thread[-4:].upper()}
    vouched = {"email": visitor.email} if visitor.is_email_vouched and visitor.email else {}
    return Person(address=address, name=name, handle=handle, vouched=vouched)


def show_page(visitor: Visitor, *, url: str, title: str = "") -> None:
    """The page they are on, as far as they agreed to show it."""
    url, title = texts.line(url, 500), texts.line(title, 200)
    if url and (visitor.page_url, visitor.page_title) != (url, title):
        _change(visitor, page_url=url, page_title=title)


# ---------------------------------------------------------------------- what they have and have seen


def tell(talk: int, latest: int) -> None:
    """After the commit, let every browser of a talk know how far it has come."""
    notice = live.Notice("chat.message", None, f"talk:{talk}", latest)
    live.publish_after_commit([notice])


def tell_anew(talk: int) -> None:
    """After the commit, let every browser of a talk know that what it has of it is good no more."""
    live.publish_after_commit([live.Notice("chat.anew", None, f"talk:{talk}", 0)])


def tell_over(talk: int) -> None:
    """After the commit, let browsers of a talk that goes on in another look who they are."""
    live.publish_after_commit([live.Notice("chat.began", None, f"talk:{talk}", 0)])


def shown(talk: Conversation | None) -> "QuerySet[ChannelMessage]":
    """What a visitor may read of their talk, in the order it came to be there."""
    if talk is None:
        return ChannelMessage.objects.none()
    rows = ChannelMessage.objects.filter(SHOWN, conversation=talk)
    rows = rows.filter(part=0, message__withdrawn_at=None).exclude(message__kind__in=NOT_SHOWN)
    return rows.select_related("message__author", "message__sender", "mail__inbox").order_by("pk")


def is_over(visitor: Visitor) -> bool:
    """Whether we took the talk as done; what they write takes it up again."""
    ticket = visitor.talk.ticket if visitor.talk else None
    return ticket is not None and ticket.status in (Status.RESOLVED, Status.CLOSED)


def latest(talk: int | None) -> int:
    """How far a talk has come; 0 for none."""
    if talk is None:
        return 0
    found = ChannelMessage.objects.filter(conversation=talk).aggregate(at=Max("pk"))["at"]
    return int(found or 0)


def got(visitor: Visitor, upto: int) -> None:
    """A browser of theirs has everything up to there: our answers are delivered."""
    if upto > visitor.got_to and visitor.talk_id is not None:
        visitor.got_to = max(visitor.got_to, _mark(visitor, upto, _GOT, "message.delivered", status=""))


@transaction.atomic
def saw(visitor: Visitor, upto: int) -> None:
    """They looked at everything up to there, for the first time."""
    if upto > visitor.seen_to and visitor.talk_id is not None:
        got(visitor, upto)
        visitor.seen_to = max(visitor.seen_to, _mark(visitor, upto, _SEEN, "message.seen"))


#: how far a browser has got, its visitor's mark there, and the deliveries of our answers on the way: in one statement,
#: since browsers say so of each message. An answer that is delivered was not undelivered, so its ticket stays as it is.
_MARKING = """
    WITH upto AS (
        SELECT least(%(upto)s, coalesce(max(id), 0)) AS at FROM tickets_channelmessage WHERE conversation_id = %(talk)s
    ), marked AS (
        UPDATE tickets_visitor SET {mark} = upto.at FROM upto WHERE id = %(visitor)s AND {mark} < upto.at
    ), reached AS (
        UPDATE tickets_delivery d SET {change}
        FROM upto, tickets_channelmessage c
            JOIN tickets_outgoingmail m ON m.said_id = c.message_id OR m.id = c.mail_id
            JOIN tickets_ticket t ON t.number = m.ticket_id
        WHERE c.conversation_id = %(talk)s AND m.conversation_id = %(talk)s AND c.id > %(after)s AND c.id <= upto.at
            AND d.mail_id = m.id AND {meant}
        RETURNING d.id, m.id AS mail, m.said_id AS message, m.purpose, t.number, t.inbox_id
    )
    SELECT upto.at, reached.* FROM upto LEFT JOIN reached ON true ORDER BY reached.id
"""
_GOT = _MARKING.format(
    mark="got_to", meant="d.state = 'sent'",
    change="state = 'delivered', settled_at = %(now)s, lease = NULL, transmitting = false, status_code = ''",
)  # fmt: skip
_SEEN = _MARKING.format(mark="seen_to", change="seen_at = %(now)s", meant="d.seen_at IS NULL")


@transaction.atomic(savepoint=False)
def _mark(visitor: Visitor, upto: int, statement: str, verb: str, **facts: Any) -> int:
    """Write down how far they are and what became of our answers until there. Gives how far that is."""
    after = visitor.got_to if statement is _GOT else visitor.seen_to
    asked = {"upto": upto, "after": after, "talk": visitor.talk_id, "visitor": visitor.pk, "now": clock.now()}
    with statements.cursor() as cursor:
        cursor.execute(statement, asked)
        rows = cursor.fetchall()
    drafts, audiences = [], []
    for _at, delivery, mail, message, purpose, number, inbox in rows:
        if delivery is not None:
            ticket = part_of(Ticket, number=number, inbox_id=inbox)
            named = {"message": message, "delivery": delivery, "mail": mail, "purpose": purpose}
            drafts.append(draft(verb, ticket, actor=None, **named, **facts))
            audiences.append(ticket.ledger_audience)
    record_many(drafts, audiences=audiences)
    return int(rows[0][0])


def came(visitors: Iterable[int]) -> None:
    """These have a browser connected."""
    Visitor.objects.filter(pk__in=list(visitors)).update(here_at=clock.now())


def came_back(visitor: Visitor) -> None:
    """A browser of theirs is connected again."""
    _change(visitor, here_at=clock.now(), left_at=None)


@transaction.atomic
def tell_who_goes_on(ticket: Ticket, agent: Agent, *, event: int) -> bool:
    """Tell a visitor who is there that somebody else than who answered last goes on with them; once a hand-over."""
    talk = Conversation.objects.select_related("inbox").filter(ticket=ticket, inbox__channel="chat").last()
    if talk is None or not is_here(talk):
        return False
    answers = Message.objects.filter(ticket=ticket, kind=MessageKind.REPLY, author__isnull=False, withdrawn_at=None)
    last = answers.order_by("-pk").values_list("author", flat=True).first()
    if last is None or last == agent.pk:
        return False
    locking.hold(f"talk {talk.inbox_id} {talk.thread}")
    row, is_new = ChannelMessage.objects.get_or_create(
        inbox=talk.inbox, identifier=f"note {event}",
        defaults={
            "conversation": talk,
            "facts": {"note": "handed", "name": texts.line(agent.name, 200), "at": clock.now().isoformat()},
        },
    )  # fmt: skip
    if is_new:
        tell(talk.pk, row.pk)
    return is_new


def is_here(talk: Conversation) -> bool:
    """Whether the visitor of a talk has a browser connected, or had one a moment ago."""
    return Visitor.objects.filter(talk=talk, here_at__gte=clock.now() - AWAY).exists()
