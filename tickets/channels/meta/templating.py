"""WhatsApp's message templates: read as the Graph API gives them, and filled in as it takes them.

https://developers.facebook.com/documentation/business-messaging/whatsapp/templates/overview. Offered are those whose
only places are words in the body: one that wants a picture or a link of ours is not.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from tickets.channels.protocol import PLACE, Template


def read(told: Any) -> Sequence[Template]:
    """The approved ones, by name."""
    found = [_one(one) for one in told if isinstance(one, Mapping)] if isinstance(told, list) else []
    return sorted((one for one in found if one is not None), key=lambda one: (one.name, one.language))


def _one(told: Mapping[str, Any]) -> Template | None:
    if told.get("status") != "APPROVED" or told.get("category") == "AUTHENTICATION":
        return None
    texts: dict[str, str] = {}
    for part in told.get("components") or []:
        kind = str(part.get("type", "")).upper()
        if kind == "BUTTONS":
            if any(_wants(button) for button in part.get("buttons") or []):
                return None
        elif kind not in ("BODY", "HEADER", "FOOTER") or str(part.get("format") or "TEXT").upper() != "TEXT":
            return None
        else:
            texts[kind] = str(part.get("text") or "")
    if not texts.get("BODY") or any(PLACE.search(texts.get(kind, "")) for kind in ("HEADER", "FOOTER")):
        return None
    name, language = str(told.get("name", "")), str(told.get("language", ""))
    text = "\n\n".join(texts[kind] for kind in ("HEADER", "BODY", "FOOTER") if texts.get(kind))
    return Template(f"{name}/{language}", name, language, text, tuple(dict.fromkeys(PLACE.findall(text))))


def _wants(button: Mapping[str, Any]) -> bool:
    """Whether a button has a place of its own."""
    kind = str(button.get("type", "")).upper()
    return kind not in ("URL", "PHONE_NUMBER", "QUICK_REPLY") or bool(PLACE.search(str(button.get("url") or "")))


def filled(template: Mapping[str, Any]) -> dict[str, Any]:
    """As the messages endpoint takes it. `places` are the words by the names of their places, in their order."""
    places: Mapping[str, str] = template.get("places") or {}
    parameters = [
        {"type": "text", "text": words, **({} if name.isdecimal() else {"parameter_name": name})}
        for name, words in places.items()
    ]  # fmt: skip
    body = [{"type": "body", "parameters": parameters}] if parameters else []
    name, _slash, language = str(template["key"]).rpartition("/")
    return {"name": name, "language": {"code": language}, "components": body}
