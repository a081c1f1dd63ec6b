"""Who is here, who looks at a ticket and who writes on it: kept in Redis alone, gone by itself.

Each open page says every 20 seconds that it is there. What it said holds a little longer than twice that, so that a
page which was closed, crashed or fell asleep is forgotten without anybody's doing. While Redis is away nobody is seen,
and nothing fails.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

import redis
import structlog
from django.conf import settings

from helpdesk import clock, live

log = structlog.get_logger(__name__)

#: how long a page's word holds; it says it again every 20 seconds
VIEWING_SECONDS = 45
#: how long after the last key somebody counts as typing; the page says so at most every 4 seconds
TYPING_SECONDS = 10
#: how long somebody counts as here after a page of theirs was last looked at: they read elsewhere, or fetch a coffee
HERE_SECONDS = 300
#: pages ask for what they show; nobody shows more rows than that
MOST_TICKETS = 300


class Doing(StrEnum):
    """What somebody does on a ticket, the most telling first."""

    REPLY = "reply"
    NOTE = "note"
    FORWARD = "forward"
    VIEWING = "viewing"


_RANK = {doing: rank for rank, doing in enumerate(Doing)}


@dataclass(frozen=True, slots=True)
class Presence:
    """Somebody is there: what they do, and for how many seconds that is certain."""

    agent: int
    doing: Doing
    seconds: float


def _key(number: int) -> str:
    return f"{settings.INSTANCE}:presence:{number}"


def _here() -> str:
    """The key of who was here when; no ticket has that for a number."""
    return f"{settings.INSTANCE}:presence:here"


def be_here(agent: int) -> None:
    """An agent looks at some page of ours."""
    now = clock.now().timestamp()
    try:
        with live.client().pipeline() as pipe:
            pipe.zadd(_here(), {str(agent): now})
            pipe.zremrangebyscore(_here(), "-inf", now - HERE_SECONDS)
            pipe.expire(_here(), HERE_SECONDS + 1)
            pipe.execute()
    except (redis.RedisError, OSError) as error:
        log.warning("presence is away", error=str(error))


def here() -> set[int] | None:
    """The agents who looked at a page of ours within some minutes; None where nobody can tell."""
    try:
        found = live.client().zrangebyscore(_here(), clock.now().timestamp() - HERE_SECONDS, "+inf")
    except (redis.RedisError, OSError) as error:
        log.warning("presence is away", error=str(error))
        return None
    return {int(agent) for agent in found}  # type: ignore[arg-type]


def come(number: int, *, audience: str, agent: int, seat: str, doing: Doing) -> None:
    """A page of an agent is on this ticket, and what they do there. Others are told when that is news."""
    now = clock.now().timestamp()
    mine = {each: f"{agent}:{seat}:{each}" for each in Doing}
    others = [member for each, member in mine.items() if each not in (doing, Doing.VIEWING)]
    held = {mine[Doing.VIEWING]: now + VIEWING_SECONDS}
    if doing != Doing.VIEWING:
        held[mine[doing]] = now + TYPING_SECONDS
    _change(number, audience, now, held, others)


def leave(number: int, *, audience: str, agent: int, seat: str) -> None:
    """The page turned to something else."""
    _change(number, audience, clock.now().timestamp(), {}, [f"{agent}:{seat}:{each}" for each in Doing])


def _change(number: int, audience: str, now: float, held: Mapping[str, float], gone: Sequence[str]) -> None:
    try:
        with live.client().pipeline() as pipe:
            pipe.zremrangebyscore(_key(number), "-inf", now)
            pipe.zrem(_key(number), *gone)
            if held:
                pipe.zadd(_key(number), dict(held))
                pipe.expire(_key(number), VIEWING_SECONDS + 1)
            done = pipe.execute()
    except (redis.RedisError, OSError) as error:
        log.warning("presence is away", error=str(error))
        return
    if any(done[1:3]):  # somebody went, or came
        notices = [live.Notice("presence.changed", number, audience, 0)]
        if any(f":{Doing.REPLY}" in member for member in (*held, *gone)):
            notices.append(live.Notice("chat.typing", None, f"writing:{number}", 0))  # whom it is written to is told
        live.publish(notices)


def around(numbers: Iterable[int], *, but: int) -> dict[int, list[Presence]]:
    """Who is on each of these tickets, whoever writes first, without agent `but`. Nobody where nobody is."""
    wanted, now = list(numbers)[:MOST_TICKETS], clock.now().timestamp()
    if not wanted:
        return {}
    try:
        with live.client().pipeline(transaction=False) as pipe:
            for number in wanted:
                pipe.zrangebyscore(_key(number), now, "+inf", withscores=True)
            answers = pipe.execute()
    except (redis.RedisError, OSError) as error:
        log.warning("presence is away", error=str(error))
        return {}
    return {number: there for number, found in zip(wanted, answers, strict=True) if (there := _people(found, now, but))}


def _people(found: Sequence[tuple[bytes, float]], now: float, but: int) -> list[Presence]:
    """One of each agent, with the most telling of what their pages do."""
    best: dict[int, Presence] = {}
    for member, until in found:
        agent, _, rest = member.decode().partition(":")
        one = Presence(int(agent), Doing(rest.rpartition(":")[2]), until - now)
        known = best.get(one.agent)
        if one.agent != but and (
            known is None or (_RANK[one.doing], -one.seconds) < (_RANK[known.doing], -known.seconds)
        ):
            best[one.agent] = one
    return sorted(best.values(), key=lambda one: (_RANK[one.doing], one.agent))
