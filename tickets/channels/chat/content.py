"""What a visitor reads, as JSON: their own words and our answers, and never more than that."""

from typing import Any

from django.conf import settings

from helpdesk import content
from tickets.models import Attachment, ChannelMessage, MessageKind, Visitor
from tickets.operations import chatting

#: the most at once; the widget asks on
PAGE = 100


def rows_after(visitor: Visitor, after: int) -> list[ChannelMessage]:
    """What came after this place; a browser that knows nothing gets the last page."""
    rows = chatting.shown(visitor.talk).prefetch_related("message__attachments__file")
    if after > 0:
        return list(rows.filter(pk__gt=after)[:PAGE])
    return list(rows.order_by("-pk")[:PAGE])[::-1]


def of(row: ChannelMessage, visitor: Visitor) -> dict[str, Any]:
    """One message."""
    message = row.message
    assert message is not None
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
