"""Doorbells: asking a worker to look at a table now. Nobody hears one? No loss: the clock sweeps.

A bell that was rung and not yet answered is not rung again, so a thousand commits a second cost a thousand cheap
questions to Redis and a handful of tasks.
"""

from datetime import timedelta
from typing import Any

import redis
import structlog
from celery import Task
from celery.signals import task_prerun
from django.conf import settings

log = structlog.get_logger(__name__)

#: a bell whose task was lost may ring again after that long
UNANSWERED_SECONDS = 3
#: a bell is not set for later than that: the broker gives what waits longer to a second worker
LATEST = timedelta(minutes=5)

_client: redis.Redis | None = None


def _redis() -> redis.Redis:
    global _client
    if _client is None:
        _client = redis.Redis.from_url(settings.REDIS_URL, socket_timeout=1, socket_connect_timeout=1)
    return _client


def _key(name: str) -> str:
    return f"{settings.INSTANCE}:bell:{name}"


def ring(task: Task, *, after: timedelta = timedelta(0)) -> None:
    """Ask a worker to run this task soon, unless it was asked a moment ago and has not begun.

    With `after`, ask for it to run then; what is due in more than some minutes is found by the clock's sweeps alone.
    """
    try:
        if after > LATEST:
            return
        if after:
            task.apply_async(countdown=after.total_seconds(), retry=False, ignore_result=True)
        elif _redis().set(_key(task.name), 1, nx=True, ex=UNANSWERED_SECONDS):
            task.apply_async(retry=False, ignore_result=True)
    except Exception as error:  # kombu wraps whatever the broker's client raises
        log.warning("the doorbell is away", task=task.name, error=str(error))


@task_prerun.connect
def _answered(task: Task | None = None, **_: Any) -> None:
    """The task begins: whoever commits from now on rings anew."""
    if task is None or getattr(task.request, "is_eager", False):
        return
    try:
        _redis().delete(_key(task.name))
    except (redis.RedisError, OSError) as error:
        log.warning("the doorbell is away", task=task.name, error=str(error))
