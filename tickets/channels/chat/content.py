"""What a visitor reads, as JSON: their own words and our answers, and never more than that."""

from typing import Any

from django.conf import settings
from django.db.models import prefetch_related_objects

from helpdesk import content, pictures, statements
from helpdesk.prepared import Prepared
from tickets import registry, timeline
from tickets.channels.chat import words
from tickets.models import Attachment, ChannelMessage, MessageKind, OutgoingMail, Status, Visitor
from tickets.operations import chatting, leaving

#: the most at once; the widget asks on
PAGE = 100
#: a picture of more bytes is not drawn small in the widget, where it would have to be fetched whole
MOST_PICTURE = 3_000_000
PICTURES = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp"})


_rows_after = Prepared(
    lambda place: ChannelMessage.objects.filter(
        chatting.SHOWN, conversation=place(int), part=0, message__withdrawn_at=None, pk__gt=place(int),
    ).exclude(message__kind__in=chatting.NOT_SHOWN).order_by("pk")[:PAGE],
    related="message",
)  # fmt: skip


def rows_after(visitor: Visitor, after: int) -> list[ChannelMessage]:
    """What came after this place; a browser that knows nothing gets the last page."""
    if visitor.talk_id is None:
        return []
    if after > 0:
        rows = _rows_after(visitor.talk_id, after)
    else:
        rows = list(chatting.shown(visitor.talk).order_by("-pk")[:PAGE])[::-1]
    _with_files(rows)
    return rows


def _with_files(rows: list[ChannelMessage]) -> None:
    """Give the messages their files: few have any, which one short question tells."""
    said = {row.message_id: row.message for row in rows if row.message is not None}
    if not said:
        return
    with statements.cursor() as cursor:
        cursor.execute("SELECT DISTINCT message_id FROM tickets_attachment WHERE message_id = ANY(%s)", [list(said)])
        having = {pk for (pk,) in cursor.fetchall()}
    prefetch_related_objects([said[pk] for pk in having], "attachments__file")
    for pk in said.keys() - having:
        timeline.fill(said[pk], "attachments")


def of(row: ChannelMessage, visitor: Visitor) -> dict[str, Any]:
    """One message."""
    message = row.message
    if message is None:
        return _by_itself(row, visitor)
    is_ours = message.kind == MessageKind.REPLY
    return {
        "seq": row.pk,
        "id": str(row.facts.get("id", "")) if not is_ours else "",
        "ours": is_ours,
        "from": message.sender_name if is_ours else "",
        "text": message.text,
        "at": message.created_at.isoformat(),
        "mail": bool(row.facts.get("by_mail")),
        "files": [_file(one, visitor) for one in message.attachments.all()],
    }


def _note(row: ChannelMessage, visitor: Visitor) -> dict[str, Any]:
    """What both sides see between the messages, in the visitor's language."""
    config = row.inbox.account.config
    own = config.get("texts") or {}
    language = words.language_of(visitor.language, own, config.get("language", "auto"))
    name = words.isolated(str(row.facts.get("name", "")), language)
    text = words.of(language, own).get(str(row.facts.get("note")), "").replace("{name}", name)
    return {
        "seq": row.pk, "id": "", "ours": True, "note": True, "from": "", "text": text, "mail": False, "files": [],
        "at": str(row.facts.get("at", "")),
    }  # fmt: skip


def _by_itself(row: ChannelMessage, visitor: Visitor) -> dict[str, Any]:
    """What was said of our own accord: that a message arrived, or what we would like to know."""
    mail = row.mail
    if mail is None:
        return _note(row, visitor)
    asked = registry.chat_question(mail) if mail.purpose == OutgoingMail.Purpose.SURVEY else None
    return {
        **({"asks": asked} if asked else {}),
        "seq": row.pk, "id": "", "ours": True, "auto": True, "from": leaving.company(mail.inbox),
        "text": mail.text, "at": mail.created_at.isoformat(), "mail": False, "files": [],
    }  # fmt: skip


def _file(one: Attachment, visitor: Visitor) -> dict[str, Any]:
    """What a file is called and where it is for some hours, nowhere until it was scanned; and if it can be drawn."""
    url = "" if one.file.held else file_url(one, visitor)
    is_drawn = bool(url) and one.content_type in PICTURES and one.file.size <= MOST_PICTURE
    return {"name": one.filename, "size": one.file.size, "url": url, **({"picture": one.pk} if is_drawn else {})}


def picture(visitor: Visitor, pk: int) -> tuple[bytes, str] | None:
    """A picture of their talk and its type, where a browser may be asked to draw it, whatever it calls itself."""
    found = attachment_of(str(pk), str(visitor.pk))
    if found is None or found.file.held or found.file.size > MOST_PICTURE:
        return None
    bytes_ = found.file.read()
    media_type = pictures.safe_type(bytes_)
    return (bytes_, media_type) if media_type in PICTURES else None


_READ_TO = """
    SELECT max(c.id) FROM tickets_channelmessage c JOIN tickets_message m ON m.id = c.message_id
    WHERE c.conversation_id = %s AND m.kind = 'incoming' AND m.ticket_id = %s AND m.id <= (
        SELECT max(r.message_id) FROM tickets_readmark r JOIN helpdesk_agent a ON a.id = r.agent_id
        WHERE r.ticket_id = %s AND a.role <> 'light'
    )
"""


def read_to(visitor: Visitor) -> int:
    """How far in what the visitor said somebody has looked who may answer it; 0 where nobody did, or threw it away."""
    talk = visitor.talk
    ticket = talk.ticket if talk else None
    if talk is None or ticket is None or ticket.status in (Status.SPAM, Status.TRASH):
        return 0
    with statements.cursor() as cursor:
        cursor.execute(_READ_TO, [talk.pk, ticket.pk, ticket.pk])
        return int(cursor.fetchone()[0] or 0)


def era(visitor: Visitor) -> str:
    """Changes where what was said before came to the talk or left it: what a browser has of it is good no more."""
    talk = visitor.talk
    return f"{talk.pk}.{talk.facts.get(chatting.CARRIED, 0)}" if talk else ""


def file_url(one: Attachment, visitor: Visitor) -> str:
    path = content.address("content_chat_file", one.pk, visitor.pk)
    return path if path.startswith("http") else f"{settings.BASE_URL}{path}"


def attachment_of(pk: str, visitor_pk: str) -> Attachment | None:
    """The attachment of a signed address, where the visitor it was made for may still read its message."""
    visitor = Visitor.objects.select_related("talk").filter(pk=int(visitor_pk)).first()
    if visitor is None or visitor.talk is None:
        return None
    seen = chatting.shown(visitor.talk).values("message")
    return Attachment.objects.select_related("file").filter(pk=int(pk), message__in=seen).first()
