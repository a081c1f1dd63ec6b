"""Which visitors are connected and what they type: kept in Redis alone, gone by itself, as colleagues' presence is.

`around` is what a ticket's page shows. While Redis is away nobody is seen, and nothing fails.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime

import redis
import structlog
from django.conf import settings

from helpdesk import clock, live
from tickets.models import Visitor
from tickets.presence import Doing
from tickets.presence import around as colleagues_around

log = structlog.get_logger(__name__)

#: a web process says every 20 seconds which visitors are connected to it
HERE_SECONDS = 50
#: a page that is changed for another connects anew within that
GRACE_SECONDS = 6
TYPING_SECONDS = 8
MOST_PEEK = 500


@dataclass(frozen=True, slots=True)
class There:
    """A visitor, as their ticket shows them: connected now, what they are typing, the page they agreed to show."""

    visitor: int
    name: str
    is_here: bool
    here_at: datetime
    #: what they have typed and not sent; None while they type nothing
    typing: str | None = None
    page_url: str = ""
    page_title: str = ""
    #: answers reach them by mail when they are gone
    email: str = ""
    is_email_vouched: bool = False


def _here() -> str:
    return f"{settings.INSTANCE}:chat:here"


def _typing(visitor: int) -> str:
    return f"{settings.INSTANCE}:chat:typing:{visitor}"


def come(visitors: Collection[int]) -> None:
    """These are connected, for the next seconds."""
    _hold(visitors, HERE_SECONDS)


def go(visitor: int) -> None:
    """Their last connection here ended."""
    _hold([visitor], GRACE_SECONDS)


def _hold(visitors: Collection[int], seconds: int) -> None:
    if not visitors:
        return
    now = clock.now().timestamp()
    try:
        with live.client().pipeline() as pipe:
            pipe.zadd(_here(), dict.fromkeys(map(str, visitors), now + seconds))
            pipe.zremrangebyscore(_here(), "-inf", now)
            pipe.expire(_here(), HERE_SECONDS * 2)
            pipe.execute()
    except (redis.RedisError, OSError) as error:
        log.warning("presence is away", error=str(error))


def type_(visitor: Visitor, text: str | None) -> None:
    """They are typing this; None stopped. Open pages of their ticket are told."""
    try:
        if text is None:
            live.client().delete(_typing(visitor.pk))
        else:
            live.client().set(_typing(visitor.pk), text[:MOST_PEEK], ex=TYPING_SECONDS)
    except (redis.RedisError, OSError) as error:
        log.warning("presence is away", error=str(error))
        return
    tell_agents(visitor)


def tell_agents(visitor: Visitor) -> None:
    """Let open pages of the visitor's ticket look again who is there."""
    if visitor.talk is not None and visitor.talk.ticket_id is not None:
        live.publish([live.Notice("presence.changed", visitor.talk.ticket_id, f"inbox:{visitor.inbox_id}", 0)])


def around(numbers: Iterable[int]) -> dict[int, There]:
    """The visitor of each of these tickets, for those that are chats."""
    wanted = list(numbers)[:300]
    found = Visitor.objects.filter(talk__ticket__in=wanted).select_related("talk")
    people = {one.talk.ticket_id: one for one in found if one.talk is not None and one.talk.ticket_id is not None}
    if not people:
        return {}
    now = clock.now().timestamp()
    here: dict[int, bool] = {}
    typing: dict[int, str | None] = {}
    try:
        with live.client().pipeline(transaction=False) as pipe:
            for one in people.values():
                pipe.zscore(_here(), str(one.pk))
                pipe.get(_typing(one.pk))
            answers = pipe.execute()
        for number, one in enumerate(people.values()):
            until, text = answers[2 * number], answers[2 * number + 1]
            here[one.pk] = until is not None and float(until) > now
            typing[one.pk] = text.decode("utf-8", "replace") if text is not None else None
    except (redis.RedisError, OSError) as error:
        log.warning("presence is away", error=str(error))
    return {
        number: There(
            one.pk, one.name, here.get(one.pk, False), one.here_at, typing.get(one.pk), one.page_url, one.page_title,
            one.email, one.is_email_vouched,
        )
        for number, one in people.items()
    }  # fmt: skip


def agent_types(number: int | None) -> float:
    """For how many seconds it is certain that a colleague is typing an answer on a ticket; 0 for not."""
    if number is None:
        return 0
    there = colleagues_around([number], but=0).get(number, [])
    return max((one.seconds for one in there if one.doing == Doing.REPLY), default=0)
