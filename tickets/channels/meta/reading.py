"""What one event of Meta's says happened. Pure.

WhatsApp: https://developers.facebook.com/documentation/business-messaging/whatsapp/webhooks/reference/messages (and its
pages on edit, revoke, system, smb_message_echoes, business-scoped user ids), read in 2026 for v26.0.
Messenger: https://developers.facebook.com/documentation/business-messaging/messenger-platform/webhooks/webhook-events.
Instagram: https://developers.facebook.com/documentation/instagram-platform/webhooks/examples.
"""

import mimetypes
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from django.utils.translation import gettext as _

from tickets.channels.meta import trouble
from tickets.channels.protocol import Deleted, Edited, File, Happened, Person, Reported, Said, Unreadable

#: what we write beside our own messages in Messenger, to know their echoes
OURS = "helpdesk"
_MEDIA = ("image", "video", "audio", "voice", "document", "sticker")


def happened(event: Mapping[str, Any], app: str) -> Sequence[Happened]:
    """What an event that `splitting` made says. Raises Unreadable, and what a wrong shape raises."""
    if event["product"] != "whatsapp":
        return messaging(event["event"], app) if "event" in event else []
    if "message" in event:
        return whatsapp(event["message"], event.get("contacts") or [])
    if "echo" in event:
        return _echo(event["echo"], event.get("contacts") or [])
    if "status" in event:
        return _status(event["status"])
    if errors := event["value"].get("errors"):
        raise Unreadable(trouble.words(errors[0]))
    return []


# ---------------------------------------------------------------------- WhatsApp


def whatsapp(message: Mapping[str, Any], contacts: Sequence[Mapping[str, Any]]) -> Sequence[Happened]:
    """A message of a WhatsApp user: reactions, and what WhatsApp itself says (a new number), are no speech."""
    kind = message["type"]
    if kind in ("reaction", "system", "request_welcome", "ephemeral"):
        return []
    if kind == "unsupported" and (message.get("unsupported") or {}).get("type") in ("edit", "revoke", "reaction"):
        return []
    if kind == "revoke":
        return [Deleted(str(message["revoke"]["original_message_id"]), _thread(message, contacts))]
    if kind == "edit":
        changed = message["edit"]
        whole = {**message, **changed["message"], "id": changed["original_message_id"]}
        return [Edited(_said(whole, contacts))]
    return [_said(message, contacts)]


def _said(message: Mapping[str, Any], contacts: Sequence[Mapping[str, Any]]) -> Said:
    text, files = _content(message)
    person = _person(message, contacts)
    phone, group = str(message.get("from") or ""), str(message.get("group_id") or "")
    return Said(
        identifier=str(message["id"]), thread=_thread(message, contacts), sender=person, text=text, files=files,
        at=datetime.fromtimestamp(int(message["timestamp"]), UTC),
        answers=str((message.get("context") or {}).get("id", "")),
        facts={"talk": {k: v for k, v in (("phone", phone), ("group", group)) if v}},
    )  # fmt: skip


def _contact(message: Mapping[str, Any], contacts: Sequence[Mapping[str, Any]]) -> Mapping[str, Any]:
    mine = {message.get("from"), message.get("from_user_id")} - {None, ""}
    return next((one for one in contacts if {one.get("wa_id"), one.get("user_id")} & mine), {})


def _person(message: Mapping[str, Any], contacts: Sequence[Mapping[str, Any]]) -> Person:
    """A user who hides their number is known by their business-scoped id, which stays when they begin to hide it."""
    contact = _contact(message, contacts)
    profile = contact.get("profile") or {}
    phone = str(message.get("from") or contact.get("wa_id") or "")
    address = str(message.get("from_user_id") or contact.get("user_id") or phone)
    if not address:
        raise Unreadable("It does not say who wrote it.")
    number = f"+{phone}" if phone.isascii() and phone.isdecimal() else ""
    handle = f"@{profile['username']}" if profile.get("username") else number or address
    return Person(
        address, str(profile.get("name") or handle), handle, vouched={"phone": number, "sms": number} if number else {}
    )


def _thread(message: Mapping[str, Any], contacts: Sequence[Mapping[str, Any]]) -> str:
    return str(message.get("group_id") or _person(message, contacts).address)


def _content(message: Mapping[str, Any]) -> tuple[str, tuple[File, ...]]:
    """The words and files of a WhatsApp message."""
    kind = message["type"]
    one = message.get(kind) or {}
    if kind in _MEDIA:
        media_type = str(one.get("mime_type", "")).partition(";")[0].strip()
        name = str(one.get("filename") or f"{kind}{mimetypes.guess_extension(media_type) or ''}")
        return str(one.get("caption", "")), (File(name, media_type, None, str(one["id"])),)
    if kind == "text":
        return str(one["body"]), ()
    if kind == "location":
        return place(one["latitude"], one["longitude"], one.get("name"), one.get("address")), ()
    if kind == "contacts":
        return "\n".join(_card(card) for card in message["contacts"]), ()
    if kind == "button":
        return str(one["text"]), ()
    if kind == "interactive":
        return _chosen(one), ()
    if kind == "order":
        items = [f"{item['quantity']} × {item['product_retailer_id']}" for item in one["product_items"]]
        return "\n".join([*items, str(one.get("text") or "")]).strip(), ()
    if kind in ("unsupported", "unknown"):
        return _("(A message of a kind WhatsApp does not hand on.)"), ()
    raise Unreadable(f"A message of the type {str(kind)[:60]!r} is not known.")


def place(latitude: Any, longitude: Any, *words: Any) -> str:
    """A place, with a link to a map."""
    link = f"https://www.openstreetmap.org/?mlat={float(latitude)}&mlon={float(longitude)}"
    return "\n".join([*(str(word) for word in words if word), link])


def _card(card: Mapping[str, Any]) -> str:
    phones = [str(one.get("phone", "")) for one in card.get("phones") or []]
    mails = [str(one.get("email", "")) for one in card.get("emails") or []]
    return " ".join([str((card.get("name") or {}).get("formatted_name", "")), *phones, *mails]).strip()


def _chosen(one: Mapping[str, Any]) -> str:
    """What somebody chose from buttons or a list, or filled in."""
    reply = one.get(str(one.get("type"))) or {}
    return " – ".join(str(reply[name]) for name in ("title", "body", "description") if reply.get(name)) or str(
        reply.get("response_json") or _("(An empty choice.)")
    )


def _echo(message: Mapping[str, Any], contacts: Sequence[Mapping[str, Any]]) -> Sequence[Happened]:
    """Somebody of ours wrote in the WhatsApp Business app."""
    if message["type"] in ("reaction", "edit", "revoke", "system", "unsupported"):
        return []
    theirs = {**message, "from": message.get("to"), "from_user_id": message.get("to_user_id")}
    said = _said(theirs, contacts)
    return [
        Said(
            said.identifier, said.thread, said.sender, said.text, at=said.at, files=said.files, is_ours=True,
            facts=said.facts,
        )
    ]  # fmt: skip


def _status(status: Mapping[str, Any]) -> Sequence[Happened]:
    """`sent` says nothing new: the Graph API took it."""
    identifier, became = str(status["id"]), status["status"]
    if became == "failed":
        errors = status.get("errors") or [{}]
        return [Reported(identifier, "failed", trouble.words(errors[0]))]
    if became in ("read", "played"):
        return [Reported(identifier, "read")]
    return [Reported(identifier, "delivered")] if became == "delivered" else []


# ---------------------------------------------------------------------- Messenger and Instagram


def messaging(event: Mapping[str, Any], app: str) -> Sequence[Happened]:
    """An event of a conversation on Messenger or Instagram. Reactions, referrals and opt-ins are no speech."""
    at = datetime.fromtimestamp(int(event["timestamp"]) / 1000, UTC) if event.get("timestamp") else None
    sender = str((event.get("sender") or {}).get("id", ""))
    if message := event.get("message"):
        return _message(message, event, at, app)
    if changed := event.get("message_edit"):
        if not changed.get("text"):
            return []
        return [Edited(Said(str(changed["mid"]), _known(sender), Person(sender), str(changed["text"]), at=at))]
    if pressed := event.get("postback"):
        identifier = str(pressed.get("mid") or f"postback {sender} {event['timestamp']}")
        return [Said(identifier, _known(sender), Person(sender), str(pressed.get("title", "")), at=at)]
    if read := event.get("read"):
        if read.get("mid"):
            return [Reported(str(read["mid"]), "read")]
        until = datetime.fromtimestamp(int(read["watermark"]) / 1000, UTC)
        return [Reported("", "read", thread=_known(sender), until=until)]
    if delivery := event.get("delivery"):
        return [Reported(str(mid), "delivered") for mid in delivery.get("mids") or []]
    return []


def _known(sender: str) -> str:
    if not sender:
        raise Unreadable("It does not say who wrote it.")
    return sender


def _message(message: Mapping[str, Any], event: Mapping[str, Any], at: datetime | None, app: str) -> Sequence[Happened]:
    is_ours = message.get("is_echo") is True
    customer = _known(str(event["recipient" if is_ours else "sender"]["id"]))
    identifier = str(message["mid"])
    if message.get("is_deleted"):
        return [Deleted(identifier, customer)]
    if is_ours and (str(message.get("metadata", "")).startswith(OURS) or (app and str(message.get("app_id")) == app)):
        return []
    texts, files = [str(message.get("text") or "")], []
    if story := (message.get("reply_to") or {}).get("story"):
        texts.insert(0, _("Answers your story: %(url)s") % {"url": story.get("url", "")})
    for attachment in message.get("attachments") or []:
        text, file = _attachment(attachment)
        texts.append(text)
        files += [file] if file else []
    if message.get("is_unsupported"):
        texts.append(_("(A message of a kind the network does not hand on.)"))
    return [
        Said(
            identifier, customer, Person(customer), "\n".join(one for one in texts if one), at=at, files=tuple(files),
            answers=str((message.get("reply_to") or {}).get("mid", "")), is_ours=is_ours,
        )
    ]  # fmt: skip


def _attachment(one: Mapping[str, Any]) -> tuple[str, File | None]:
    """A file, or words with an address: what is shared stays where it is."""
    kind, payload = str(one["type"]), one.get("payload") or {}
    url = str(payload.get("url") or one.get("url") or "")
    if kind == "location":
        where = payload["coordinates"]
        return place(where["lat"], where["long"], one.get("title")), None
    if kind in ("image", "video", "audio", "file") and url:
        return "", File("", "", None, url)
    if kind == "story_mention":
        return _("Mentioned you in a story."), File("", "", None, url) if url else None
    words = [str(payload.get("title") or one.get("title") or ""), url]
    return "\n".join(word for word in words if word) or f"({kind})", None
