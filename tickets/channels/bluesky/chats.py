"""Private chats of a Bluesky account (lexicons chat.bsky.convo.*, https://docs.bsky.app/docs/api, read in 2026).

Its data server hands our calls on to the chat service, which the header `atproto-proxy` names. The log of all chats is
read after the revision we know. No key makes a send repeatable, and deleting there is for oneself alone, so nobody
tells of it.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from helpdesk import clock
from tickets.channels.bluesky import richtext, xrpc
from tickets.channels.bluesky.moments import moment
from tickets.channels.protocol import Account, Happened, Person, Post, Raw, Receipt, Refused, Said

PROXY = {"atproto-proxy": "did:web:api.bsky.chat#bsky_chat"}
#: what is older when we ask for the first time is history
FIRST = timedelta(days=1)
#: how long we do not ask again where our password may not read chats
ASK_AGAIN = timedelta(minutes=10)
PAGE = 100
PAGES = 20


def poll(account: Account, cursor: dict[str, Any]) -> Iterator[list[Raw]]:
    """What was said since, the oldest first; where we are now is written into the cursor before it is given."""
    if clock.now().timestamp() - float(cursor.get("no_chats") or 0) < ASK_AGAIN.total_seconds():
        return
    try:
        if cursor.get("chats"):
            yield from _log(account, cursor)
        else:
            yield _first(account, cursor)
    except Refused:  # an app password without access to chats, or a server that knows no chat service
        cursor["no_chats"] = clock.now().timestamp()
        yield []


def _ask(account: Account, method: str, name: str, **more: Any) -> dict[str, Any]:
    return xrpc.ask(account, method, f"chat.bsky.convo.{name}", headers=PROXY, **more)


def _first(account: Account, cursor: dict[str, Any]) -> list[Raw]:
    """What was said in the last day."""
    found = _ask(account, "GET", "listConvos", params={"limit": PAGE})
    convos, since, raws = found.get("convos") or [], clock.now() - FIRST, []
    for convo in convos:
        if moment((convo.get("lastMessage") or {}).get("sentAt")) < since:
            continue
        try:
            page = _ask(account, "GET", "getMessages", params={"convoId": convo["id"], "limit": PAGE})
        except xrpc.NoChats:
            raise
        except Refused:  # it was left since
            continue
        said = [one for one in page.get("messages") or [] if moment(one.get("sentAt")) >= since]
        raws += [_raw(account, convo, one) for one in reversed(said)]
    cursor["chats"] = max((str(convo["rev"]) for convo in convos), default="0")
    cursor.pop("no_chats", None)
    return raws


def _log(account: Account, cursor: dict[str, Any]) -> Iterator[list[Raw]]:
    convos: dict[str, Any] = {}
    for _page in range(PAGES):
        wanted = {} if cursor["chats"] == "0" else {"cursor": cursor["chats"]}
        logs = _ask(account, "GET", "getLog", params=wanted).get("logs") or []
        new = [one for one in logs if str(one.get("rev", "")) > cursor["chats"]]
        if not new:
            return
        raws = []
        for one in sorted(new, key=lambda one: str(one["rev"])):
            if one.get("$type") != "chat.bsky.convo.defs#logCreateMessage" or "text" not in one["message"]:
                continue
            number = str(one["convoId"])
            if number not in convos:
                convos[number] = _convo(account, number, str(one["message"]["sender"]["did"]))
            raws.append(_raw(account, convos[number], one["message"]))
        cursor["chats"] = max(str(one["rev"]) for one in new)
        yield raws


def _convo(account: Account, number: str, sender: str) -> Mapping[str, Any]:
    """A chat with its members; of one that was left since, or is gone, who spoke is known all the same."""
    try:
        found: Mapping[str, Any] = _ask(account, "GET", "getConvo", params={"convoId": number})["convo"]
    except xrpc.NoChats:
        raise
    except Refused:
        return {"id": number, "members": [{"did": sender}]}
    return found


def _raw(account: Account, convo: Mapping[str, Any], message: Mapping[str, Any]) -> Raw:
    """A message with who is in its chat, and which of them we are."""
    members = [{key: one.get(key) for key in ("did", "handle", "displayName")} for one in convo["members"]]
    chat = {"id": str(convo["id"]), "status": str(convo.get("status") or ""), "members": members}
    told = {"chat": chat, "me": xrpc.me(account), "message": message}
    return Raw(json.dumps(told).encode(), f"chat {convo['id']} {message['id']}")


def parse(told: Mapping[str, Any]) -> Sequence[Happened]:
    """A message; ours is said to who is first beside us."""
    chat, message, me = told["chat"], told["message"], str(told["me"])
    if "text" not in message:  # it was deleted meanwhile
        return []
    sender, others = str(message["sender"]["did"]), [one for one in chat["members"] if one["did"] != me]
    is_ours = sender == me
    if is_ours and not others:
        return []
    known = others[0] if is_ours else next((one for one in others if one["did"] == sender), {"did": sender})
    person = Person(str(known["did"])) if is_ours else _person(known)
    text = str(message["text"])
    beside = [*richtext.addresses(text, message.get("facets")), *_shared(message.get("embed"))]
    return [
        Said(
            identifier=f"{chat['id']}/{message['id']}", thread=f"chat {chat['id']}", sender=person, is_ours=is_ours,
            text="\n\n".join(part for part in (text, *beside) if part), at=_when(message.get("sentAt")),
            url=f"https://bsky.app/messages/{chat['id']}",
            facts={"talk": {"convo": str(chat["id"]), "status": str(chat.get("status") or "")}},
        )
    ]  # fmt: skip


def _person(known: Mapping[str, Any]) -> Person:
    handle = str(known.get("handle") or "")
    return Person(str(known["did"]), str(known.get("displayName") or ""), f"@{handle}" if handle else "")


def _when(told: Any) -> datetime | None:
    return moment(told) if told else None


def _shared(embed: Any) -> list[str]:
    """The post somebody shares, by its address."""
    found = xrpc.URI.fullmatch(str(((embed or {}).get("record") or {}).get("uri") or ""))
    return [f"https://bsky.app/profile/{found[1]}/post/{found[2]}"] if found else []


def deliver(account: Account, post: Post, facets: list[dict[str, Any]]) -> Receipt:
    """Say it in the chat. One that was only asked for is accepted by that."""
    convo = str(post.facts["convo"])
    if post.facts.get("status") == "request":
        _ask(account, "POST", "acceptConvo", json={"convoId": convo})
    told = {"convoId": convo, "message": {"text": post.text, **({"facets": facets} if facets else {})}}
    sent = _ask(account, "POST", "sendMessage", json=told, is_sending=True)
    return Receipt(f"{convo}/{sent.get('id', '')}", f"https://bsky.app/messages/{convo}")
