"""The widget's stream `/chat/<key>/live`: that there is something new in the visitor's talk, never what.

Raw ASGI beside `/live/`, so that thousands may wait at the cost of some kilobytes each. A POST, since tokens stand in
no address: {"token", "after"}, of an allowed origin. Each `message` event's id is how far the talk has come; a browser
that comes back says how far it has got (`after`, or Last-Event-ID) and is told at once if that is not all. The words
are fetched by the widget, as itself; what is missed here is therefore never lost.
"""

import asyncio
import contextlib
import json
import random
import time
from dataclasses import dataclass, replace
from typing import Any

import structlog
from asgiref.sync import sync_to_async

from helpdesk import live
from tickets.channels.chat import gate, presence, tokens
from tickets.models import ChannelAccount, Conversation, Visitor
from tickets.operations import chatting

log = structlog.get_logger(__name__)

HEARTBEAT_SECONDS = 20
#: how often it is asked whether a visitor is still one, and written down that they are here
RECHECK_SECONDS = 300
KEEP_SECONDS = 20
WRITE_SECONDS = 60
#: after Redis was away
SPREAD_SECONDS = 1.5
#: streams of one browser's token: another tab has one of its own; a browser that forgets to close has no more
MOST_OF_ONE = 6
MOST_BODY = 8192


@dataclass(frozen=True, slots=True)
class Who:
    """Whose stream it is, and how far their talk has come."""

    status: int
    origin: str = ""
    visitor: int = 0
    talk: int = 0
    ticket: int = 0
    latest: int = 0


class _Here:
    """The visitors connected to this process: said to Redis by one task, written down by the minute."""

    def __init__(self) -> None:
        self.count: dict[int, int] = {}
        self.task: asyncio.Task[None] | None = None

    def come(self, visitor: int) -> bool:
        """One more stream of theirs; False where they have too many."""
        if self.count.get(visitor, 0) >= MOST_OF_ONE:
            return False
        self.count[visitor] = self.count.get(visitor, 0) + 1
        if self.task is None or self.task.done():
            self.task = asyncio.get_running_loop().create_task(self._keep())
        return True

    def go(self, visitor: int) -> bool:
        """One less; True for the last."""
        left = self.count.get(visitor, 1) - 1
        if left > 0:
            self.count[visitor] = left
            return False
        self.count.pop(visitor, None)
        return True

    async def _keep(self) -> None:
        written = time.monotonic()
        while self.count:
            await asyncio.sleep(KEEP_SECONDS)
            is_due = time.monotonic() - written >= WRITE_SECONDS
            with contextlib.suppress(Exception):
                await _keep_soon(list(self.count), is_due)
            written = time.monotonic() if is_due else written


HERE = _Here()

#: what else a browser is told: to look again, and why
_NEWS = {"chat.anew": "anew", "chat.ended": "ended", "chat.read": "read", "chat.typing": "typing"}


def _keep_here(visitors: list[int], is_due: bool) -> None:
    from django.db import close_old_connections

    presence.come(visitors)
    if is_due:
        close_old_connections()
        try:
            for start in range(0, len(visitors), 500):
                chatting.came(visitors[start : start + 500])
        finally:
            close_old_connections()


_keep_soon = sync_to_async(_keep_here, thread_sensitive=False)


def _identify(key: str, origin: str, token: Any, *, is_first: bool = True) -> Who:
    """Who shows this token on a page of this origin."""
    from django.db import close_old_connections

    close_old_connections()
    try:
        account: ChannelAccount | None = gate.account_of(key)
        if account is None:
            return Who(404)
        if not gate.may_speak(account, origin or None):
            return Who(403)
        digest = tokens.digest(key, token)
        visitor: Visitor | None = chatting.known(account.inbox, digest)
        if visitor is None:
            return Who(404 if digest else 401, origin)
        if is_first:
            chatting.came_back(visitor)
            presence.come([visitor.pk])
            presence.tell_agents(visitor)
        talk: Conversation | None = visitor.talk
        return Who(
            200, origin, visitor.pk, talk.pk if talk else 0, (talk.ticket_id if talk else 0) or 0,
            chatting.latest(visitor.talk_id),
        )  # fmt: skip
    finally:
        close_old_connections()


_identify_soon = sync_to_async(_identify, thread_sensitive=False)


def _gone(visitor: int) -> None:
    from django.db import close_old_connections

    close_old_connections()
    try:
        presence.go(visitor)
        chatting.came([visitor])
        if found := Visitor.objects.select_related("talk").filter(pk=visitor).first():
            presence.tell_agents(found)
    finally:
        close_old_connections()


_gone_soon = sync_to_async(_gone, thread_sensitive=False)


async def stream(scope: live.Scope, receive: live.Receive, send: live.Send) -> None:
    """Answer one browser until it goes."""
    key = scope["path"].split("/")[2]
    told = {name: value.decode("latin-1") for name, value in scope["headers"]}
    origin = told.get(b"origin", "")
    if scope["method"] != "POST":
        await _refuse(send, 204 if scope["method"] == "OPTIONS" else 405, "")
        return
    said = await _body(receive)
    if said is None:
        await _refuse(send, 400, "")
        return
    who = await _identify_soon(key, origin, said.get("token"))
    if who.status != 200:
        await _refuse(send, who.status, who.origin)
        return
    if not HERE.come(who.visitor):
        await _refuse(send, 429, origin)
        return
    after = gate.whole(said, "after") or _number(told.get(b"last-event-id", ""))
    try:
        await _stream(send, receive, key, origin, said.get("token"), who, after)
    finally:
        if HERE.go(who.visitor):
            with contextlib.suppress(Exception):
                await asyncio.shield(_gone_soon(who.visitor))


async def _stream(
    send: live.Send, receive: live.Receive, key: str, origin: str, token: Any, who: Who, after: int
) -> None:  # fmt: skip
    ear = live.HUB.listen(_audiences(who))
    gone = asyncio.ensure_future(_until_gone(receive))
    checked = time.monotonic()
    try:
        await send({"type": "http.response.start", "status": 200, "headers": _headers(origin, "text/event-stream")})
        # what was said between the first look and the ear is looked for again
        who = await _identify_soon(key, origin, token, is_first=False)
        await _event(send, "hello" if who.latest <= after else "message", who.latest)
        while not gone.done():
            waiting = asyncio.ensure_future(ear.heard.wait())
            await asyncio.wait({waiting, gone}, timeout=HEARTBEAT_SECONDS, return_when=asyncio.FIRST_COMPLETED)
            waiting.cancel()
            verbs = ear.take()
            if {"chat.began", "anew"} & verbs or time.monotonic() - checked > RECHECK_SECONDS:
                before, checked = who, time.monotonic()
                if "anew" in verbs:  # all of them look again: not all at once
                    await asyncio.sleep(random.random() * SPREAD_SECONDS)  # noqa: S311 - no secret
                who = await _identify_soon(key, origin, token, is_first=False)
                if who.status != 200:
                    return
                if who.ticket != before.ticket or who.talk != before.talk:
                    live.HUB.close(ear)
                    ear = live.HUB.listen(_audiences(who))
                if who.latest > before.latest:
                    await _event(send, "message", who.latest)
                    continue
            if "chat.message" in verbs and ear.number > who.latest:
                who = replace(who, latest=ear.number)
                await _event(send, "message", who.latest)
                continue
            if told := _NEWS.keys() & verbs:
                await _event(send, _NEWS[min(told)], None)
            elif not verbs:
                await send({"type": "http.response.body", "body": b": still here\n\n", "more_body": True})
    finally:
        live.HUB.close(ear)
        gone.cancel()
        with contextlib.suppress(Exception):
            await send({"type": "http.response.body", "body": b""})


def _audiences(who: Who) -> list[str]:
    return [
        f"talk:{who.talk}" if who.talk else f"visitor:{who.visitor}",
        *([f"writing:{who.ticket}"] if who.ticket else []),
    ]


async def _event(send: live.Send, name: str, number: int | None) -> None:
    identifier = f"id: {number}\n" if number is not None else ""
    data = json.dumps({"latest": number} if number is not None else {})
    body = f"{identifier}event: {name}\ndata: {data}\n\n".encode()
    await send({"type": "http.response.body", "body": body, "more_body": True})


def _headers(origin: str, media_type: str) -> list[tuple[bytes, bytes]]:
    headers = [
        (b"content-type", f"{media_type}; charset=utf-8".encode()), (b"cache-control", b"no-store"),
        (b"x-accel-buffering", b"no"), (b"vary", b"Origin"), (b"referrer-policy", b"no-referrer"),
    ]  # fmt: skip
    return headers + ([(b"access-control-allow-origin", origin.encode("latin-1"))] if origin else [])


async def _refuse(send: live.Send, status: int, origin: str) -> None:
    await send({"type": "http.response.start", "status": status, "headers": _headers(origin, "application/json")})
    await send({"type": "http.response.body", "body": b""})


async def _body(receive: live.Receive) -> dict[str, Any] | None:
    content = b""
    while True:
        part = await receive()
        if part["type"] != "http.request":
            return None
        content += part.get("body", b"")
        if len(content) > MOST_BODY:
            return None
        if not part.get("more_body"):
            break
    try:
        said = json.loads(content)
    except (ValueError, RecursionError):
        return None
    return said if isinstance(said, dict) else None


def _number(word: str) -> int:
    return int(word) if word.isascii() and word.isdecimal() and len(word) < 19 else 0


async def _until_gone(receive: live.Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


live.mount(r"/chat/[0-9A-Za-z_-]{1,43}/live", stream)
