"""What a visitor reads, as JSON: their own words and our answers, and never more than that."""

from typing import Any

from django.conf import settings
from django.db.models import prefetch_related_objects

from helpdesk import content, statements
from helpdesk.prepared import Prepared
from tickets import registry
from tickets.channels.chat import words
from tickets.models import Attachment, ChannelMessage, MessageKind, OutgoingMail, Visitor
from tickets.operations import chatting

#: the most at once; the widget asks on
PAGE = 100


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
        said[pk]._prefetched_objects_cache = {"attachments": []}  # type: ignore[attr-defined]


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
    spoken = words.of(words.language_of(visitor.language, own, config.get("language", "auto")), own)
    text = spoken.get(str(row.facts.get("note")), "").replace("{name}", str(row.facts.get("name", "")))
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
        "seq": row.pk, "id": "", "ours": True, "from": mail.inbox.sender_name or mail.inbox.name, "text": mail.text,
        "at": mail.created_at.isoformat(), "mail": False, "files": [],
    }  # fmt: skip


def _file(one: Attachment, visitor: Visitor) -> dict[str, Any]:
    """What a file is called and where it is for some hours; nowhere until it was scanned."""
    url = "" if one.file.held else file_url(one, visitor)
    return {"name": one.filename, "size": one.file.size, "url": url}


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
