"""Live updates: what changed is told to open pages over Server-Sent Events; they fetch it themselves, as themselves.

Only ids travel, over one Redis channel. Losing a notice loses nothing: a page that reconnects fetches anew.
"""

import asyncio
import contextlib
import json
import math
import re
import time
from collections import deque
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import asdict, dataclass
from typing import Any
from urllib.parse import parse_qs

import redis
import redis.asyncio
import structlog
from asgiref.sync import sync_to_async
from django.conf import settings
from django.db import connection, transaction

log = structlog.get_logger(__name__)

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]

HEARTBEAT_SECONDS = 20
QUEUE_LENGTH = 200
RECHECK_SECONDS = 60
#: what was told lately, for pages that were drawn before and listen only now: so long, and so many at most
RECENT_SECONDS, RECENT_LENGTH = 60, 2_000
#: a page is drawn before it says how old it is, and processes do not agree to the moment
MARGIN_SECONDS = 0.25
#: audiences that are nobody's of the house: a visitor's talk, somebody writing to one
OUTSIDE = ("talk:", "writing:", "visitor:")

#: which audiences an agent belongs to; None is everybody's. Set by the app that owns what the audiences stand for.
_audiences: Callable[[Any], frozenset[str] | None] = lambda agent: frozenset()  # noqa: E731


@dataclass(frozen=True, slots=True)
class Notice:
    """One thing that changed: the verb, its stream (a ticket's number), who may know, the event's id."""

    verb: str
    stream: int | None
    audience: str
    event: int


def audience_is(function: Callable[[Any], frozenset[str] | None]) -> Callable[[Any], frozenset[str] | None]:
    """Register how an agent's audiences are found."""
    global _audiences
    _audiences = function
    return function


def channel() -> str:
    """The Redis channel of this installation."""
    return f"{settings.INSTANCE}:live"


_client: redis.Redis | None = None


def client() -> redis.Redis:
    """This process's connections to Redis, for what may be away: whoever asks waits a second at most."""
    global _client
    if _client is None:
        _client = redis.Redis.from_url(settings.REDIS_URL, socket_timeout=1, socket_connect_timeout=1)
    return _client


def publish(notices: Iterable[Notice]) -> None:
    """Tell open pages. Never raises: a page that misses it finds out when it next asks."""
    told = [asdict(notice) for notice in notices]
    if not told:
        return
    try:
        for start in range(0, len(told), 200):
            client().publish(channel(), json.dumps(told[start : start + 200]))
    except (redis.RedisError, OSError) as error:
        log.warning("live updates are away", error=str(error))


class _Told:
    """What is told after a commit, in one go."""

    def __init__(self) -> None:
        self.notices: list[Notice] = []

    def __call__(self) -> None:
        publish(self.notices)


def publish_after_commit(notices: Iterable[Notice]) -> None:
    """Tell open pages what the transaction changed, once it is there, all of it together."""
    held = set(connection.savepoint_ids)
    for savepoints, function, *_ in connection.run_on_commit:
        if isinstance(function, _Told) and savepoints == held and connection.in_atomic_block:
            function.notices += notices
            return
    told = _Told()
    told.notices += notices
    transaction.on_commit(told, robust=True)


class Ear:
    """Hears that something of some audiences happened, and what: bounded, since the same again is no more news.

    `verbs` is what was heard since somebody last took it; "anew" among them says that some of it may be missing.
    """

    def __init__(self, audiences: Iterable[str]) -> None:
        self.audiences = frozenset(audiences)
        self.heard = asyncio.Event()
        self.verbs: set[str] = set()
        #: the highest number of what was heard
        self.number = 0

    def hear(self, verb: str, number: int = 0) -> None:
        self.verbs.add(verb)
        self.number = max(self.number, number)
        self.heard.set()

    def take(self) -> set[str]:
        """What was heard, which is forgotten with it."""
        taken, self.verbs = self.verbs, set()
        self.heard.clear()
        return taken


class Hub:
    """One subscription to Redis for a whole process, fanned out to a bounded queue for each open page.

    A page is drawn first and listens later, once its scripts are there, or again after its line broke off: what was
    told in between is kept for a while, and is the first it hears.

    Thousands who may hear of one thing only (a visitor of their talk) have an `Ear` each: what is not theirs costs them
    nothing.
    """

    def __init__(self) -> None:
        self.queues: set[asyncio.Queue[list[dict[str, Any]] | None]] = set()
        self.ears: dict[str, set[Ear]] = {}
        self.task: asyncio.Task[None] | None = None
        #: what was told lately and when, oldest first, and since when nothing of it is missing
        self.recent: deque[tuple[float, list[dict[str, Any]]]] = deque()
        self.whole_since = math.inf

    def join(self) -> "asyncio.Queue[list[dict[str, Any]] | None]":
        """A queue that gets every notice from now on; None in it means: some were missed, fetch anew."""
        self._begin()
        queue: asyncio.Queue[list[dict[str, Any]] | None] = asyncio.Queue(QUEUE_LENGTH)
        self.queues.add(queue)
        return queue

    def missed(self, since: float) -> list[dict[str, Any]] | None:
        """What was told since then; None where that is no longer known."""
        if since < self.whole_since:
            # a subscription that does not stand yet will tell everybody to fetch anew
            return [] if math.isinf(self.whole_since) else None
        return [one for at, notices in self.recent if at >= since for one in notices]

    def _keep(self, notices: list[dict[str, Any]]) -> None:
        now = time.time()
        self.recent.append((now, notices))
        while len(self.recent) > RECENT_LENGTH or self.recent[0][0] < now - RECENT_SECONDS:
            self.whole_since = max(self.whole_since, math.nextafter(self.recent.popleft()[0], math.inf))

    def leave(self, queue: "asyncio.Queue[list[dict[str, Any]] | None]") -> None:
        self.queues.discard(queue)

    def _begin(self) -> None:
        if self.task is None or self.task.done():
            self.task = asyncio.get_running_loop().create_task(self._listen())

    def listen(self, audiences: Iterable[str]) -> Ear:
        """An ear for these audiences, from now on."""
        self._begin()
        ear = Ear(audiences)
        for audience in ear.audiences:
            self.ears.setdefault(audience, set()).add(ear)
        return ear

    def close(self, ear: Ear) -> None:
        for audience in ear.audiences:
            ears = self.ears.get(audience, set())
            ears.discard(ear)
            if not ears:
                self.ears.pop(audience, None)

    def _tell(self, notices: list[dict[str, Any]] | None) -> None:
        self._tell_ears(notices)
        if notices is not None:
            notices = [one for one in notices if not one["audience"].startswith(OUTSIDE)]
            if not notices:
                return
            self._keep(notices)
        else:
            self.recent.clear()
            self.whole_since = time.time()
        for queue in self.queues:
            if queue.full():  # a page too slow to follow: drop what it has and let it fetch anew
                while not queue.empty():
                    queue.get_nowait()
                notices_or_anew = None
            else:
                notices_or_anew = notices
            queue.put_nowait(notices_or_anew)

    def _tell_ears(self, notices: list[dict[str, Any]] | None) -> None:
        if notices is None:
            for ears in self.ears.values():
                for ear in ears:
                    ear.hear("anew")
            return
        for one in notices:
            for ear in self.ears.get(one["audience"], ()):
                ear.hear(one["verb"], one["event"])

    async def _listen(self) -> None:
        wait = 0.5
        while True:
            client = redis.asyncio.Redis.from_url(settings.REDIS_URL, health_check_interval=30)
            try:
                async with client.pubsub() as pubsub:
                    await pubsub.subscribe(channel())
                    wait = 0.5
                    self._tell(None)
                    async for message in pubsub.listen():
                        if message["type"] == "message":
                            self._tell(json.loads(message["data"]))
            except (redis.RedisError, OSError) as error:
                log.warning("live updates are away", error=str(error))
            finally:
                self.whole_since = math.inf
                with contextlib.suppress(Exception):
                    await client.aclose()
            await asyncio.sleep(wait)
            wait = min(wait * 2, 10)


HUB = Hub()


def _identify(cookie_header: str) -> tuple[int, frozenset[str] | None] | None:
    """Who signed in with this cookie, and what they may hear of; None for strangers."""
    from importlib import import_module

    from django.contrib.auth import get_user
    from django.db import close_old_connections
    from django.http import HttpRequest, parse_cookie

    from helpdesk import second_factor

    close_old_connections()
    try:
        key = parse_cookie(cookie_header).get(settings.SESSION_COOKIE_NAME)
        if key is None:
            return None
        request = HttpRequest()
        request.session = import_module(settings.SESSION_ENGINE).SessionStore(key)
        agent = get_user(request)
        if not agent.is_authenticated or not agent.is_active or second_factor.is_missing(agent):
            return None
        return agent.pk, _audiences(agent)
    finally:
        close_old_connections()


_identify_soon = sync_to_async(_identify, thread_sensitive=False)


def _cookies(scope: Scope) -> str:
    return "; ".join(value.decode("latin-1") for name, value in scope["headers"] if name == b"cookie")


Application = Callable[[Scope, Receive, Send], Awaitable[None]]
#: streams of the floors above: a pattern of paths and who answers there
STREAMS: list[tuple[re.Pattern[str], Application]] = []


def mount(pattern: str, application: Application) -> None:
    """Let the server answer these paths by this application, beside the pages."""
    STREAMS.append((re.compile(pattern), application))


def mounted(path: str) -> Application | None:
    """Who answers this path with a stream."""
    return next((application for pattern, application in STREAMS if pattern.fullmatch(path)), None)


async def stream(scope: Scope, receive: Receive, send: Send) -> None:
    """The endpoint `/live/`: who the session says, then notices as they come, then a sign of life every 20 s.

    First what the page missed: it says how old it is (`?age=`, in ms), or what it heard last, when its line broke off.
    The right to hear is looked up again every minute, so a removed agent does not listen on.
    """
    cookies = _cookies(scope)
    who = await _identify_soon(cookies)
    if scope["method"] != "GET" or who is None:
        status = 405 if scope["method"] != "GET" else 401
        await send({"type": "http.response.start", "status": status, "headers": [(b"cache-control", b"no-store")]})
        await send({"type": "http.response.body", "body": b""})
        return
    headers = [
        (b"content-type", b"text/event-stream; charset=utf-8"),
        (b"cache-control", b"no-store"),
        (b"x-accel-buffering", b"no"),
    ]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    queue = HUB.join()
    since = _since(scope)
    missed = [] if since is None else HUB.missed(since)
    gone = asyncio.ensure_future(_until_gone(receive))
    try:
        hello = b"retry: 2000\nevent: hello\n" + _now() + b"data: {}\n\n"
        hello += _written(missed, who[1], who[0], "missed")
        await send({"type": "http.response.body", "body": hello, "more_body": True})
        checked = asyncio.get_running_loop().time()
        while not gone.done():
            waiting = asyncio.ensure_future(queue.get())
            await asyncio.wait({waiting, gone}, timeout=HEARTBEAT_SECONDS, return_when=asyncio.FIRST_COMPLETED)
            if asyncio.get_running_loop().time() - checked > RECHECK_SECONDS:
                who, checked = await _identify_soon(cookies), asyncio.get_running_loop().time()
                if who is None:
                    waiting.cancel()
                    break
            if not waiting.done():
                waiting.cancel()
                await send({"type": "http.response.body", "body": _now() + b"\n", "more_body": True})
                continue
            if body := _written(waiting.result(), who[1], who[0]):
                await send({"type": "http.response.body", "body": body, "more_body": True})
    finally:
        HUB.leave(queue)
        gone.cancel()
    with contextlib.suppress(Exception):
        await send({"type": "http.response.body", "body": b""})


def _since(scope: Scope) -> float | None:
    """From when on this page has to be told what happened; None when it does not say."""
    said = next((value for name, value in scope["headers"] if name == b"last-event-id"), b"").decode("latin-1")
    age = parse_qs(scope.get("query_string", b"").decode("latin-1")).get("age", [""])[0]
    try:
        since = float(said) if said else time.time() - float(age) / 1000
    except ValueError:
        return None
    return since - MARGIN_SECONDS if math.isfinite(since) else None


def _now() -> bytes:
    """A line of a stream that says until when it was heard: a browser repeats it when it comes again."""
    return f"id: {time.time():.3f}\n".encode()


def _written(
    notices: list[dict[str, Any]] | None, audiences: frozenset[str] | None, agent: int = 0, name: str = "change"
) -> bytes:
    if notices is None:
        return _now() + b"event: anew\ndata: {}\n\n"
    mine = [{"verb": n["verb"], "ticket": n["stream"]} for n in notices if _may_hear(n["audience"], audiences, agent)]
    if not mine:
        return b""
    return f"event: {name}\n".encode() + _now() + b"data: " + json.dumps(mine).encode() + b"\n\n"


def _may_hear(audience: str, audiences: frozenset[str] | None, agent: int) -> bool:
    """What is told to one agent is told to nobody else, whatever else they may hear."""
    if audience.startswith("agent:"):
        return audience == f"agent:{agent}"
    return audiences is None or audience in audiences


async def _until_gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
