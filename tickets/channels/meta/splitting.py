"""A webhook of Meta's carries many events: one raw body for each, so that one that cannot be read holds up no other."""

import json
from collections.abc import Iterator, Mapping
from hashlib import sha256
from typing import Any

from tickets.channels.protocol import Raw

PRODUCTS = {"whatsapp_business_account": "whatsapp", "page": "messenger", "instagram": "instagram"}


def raws(body: bytes) -> list[Raw]:
    """The events of a body, each with a key that is the same whenever Meta sends it again."""
    try:
        told = json.loads(body)
        product = PRODUCTS[told["object"]]
        return [
            Raw(json.dumps({"product": product, **one}).encode(), key)
            for entry in told["entry"]
            for one, key in _events(product, entry)
        ]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return [Raw(body, _digest("body", body.decode("utf-8", "replace")))]


def _events(product: str, entry: Mapping[str, Any]) -> Iterator[tuple[dict[str, Any], str]]:
    of = str(entry.get("id", ""))
    for change in entry.get("changes") or []:
        if product == "whatsapp":
            yield from _of_whatsapp(str(change.get("field", "")), change["value"])
        else:
            yield {"account": of, "change": change}, _digest("change", of, change)
    for event in entry.get("messaging") or []:
        yield {"account": of, "event": event}, _key(of, event)
    for event in entry.get("standby") or []:
        yield {"account": of, "standby": event}, _digest("standby", of, event)


def _of_whatsapp(field: str, value: Mapping[str, Any]) -> Iterator[tuple[dict[str, Any], str]]:
    metadata = value.get("metadata") or {}
    about = {"account": str(metadata.get("phone_number_id", "")), "field": field}
    contacts = value.get("contacts") or []
    count = 0
    for name, many in (("message", "messages"), ("echo", "message_echoes"), ("status", "statuses")):
        for one in value.get(many) or []:
            count += 1
            beside = {} if name == "status" else {"contacts": contacts}
            yield {**about, name: one, **beside}, _digest(name, one.get("id"), one.get("status"), one.get("type"))
    if not count:
        yield {**about, "value": value}, _digest(field, value)


def _key(of: str, event: Mapping[str, Any]) -> str:
    """A message that is taken back or changed bears the name of the message."""
    for name in ("message", "postback", "message_edit"):
        if isinstance(one := event.get(name), Mapping) and one.get("mid"):
            return _digest(name, of, one["mid"], one.get("is_deleted"), one.get("num_edit"))
    return _digest("event", of, event)


def _digest(*what: Any) -> str:
    return sha256(json.dumps(what, sort_keys=True).encode()).hexdigest()
