"""A Redis cache whose absence is a miss, never an error: Redis may be empty or away at any time."""

from collections.abc import Callable
from typing import Any, cast

import structlog
from django.core.cache import DEFAULT_CACHE_ALIAS, caches
from django.core.cache.backends.redis import RedisCache, RedisCacheClient
from redis.exceptions import RedisError

log = structlog.get_logger(__name__)


class _Client(RedisCacheClient):
    """Django's, but it makes a client once and not at each call: one costs as much as its answer."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._made: dict[bool, Any] = {}

    def get_client(self, key: Any = None, *, write: bool = False) -> Any:
        if write not in self._made:
            self._made[write] = super().get_client(key, write=write)
        return self._made[write]


class ForgivingRedisCache(RedisCache):
    """Django's Redis cache; each call answers as for an empty cache while Redis is away."""

    def __init__(self, server: Any, params: dict[str, Any]) -> None:
        super().__init__(server, params)
        self._class = _Client

    def _or(self, missing: Any, call: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        try:
            return call(*args, **kwargs)
        except (RedisError, OSError) as error:
            log.warning("cache is away", error=str(error))
            return missing

    def add(self, *args: Any, **kwargs: Any) -> Any:
        return self._or(True, super().add, *args, **kwargs)

    def get(self, key: Any, default: Any = None, version: Any = None) -> Any:
        return self._or(default, super().get, key, default, version)

    def set(self, *args: Any, **kwargs: Any) -> Any:
        return self._or(None, super().set, *args, **kwargs)

    def touch(self, *args: Any, **kwargs: Any) -> Any:
        return self._or(False, super().touch, *args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> Any:
        return self._or(False, super().delete, *args, **kwargs)

    def get_many(self, *args: Any, **kwargs: Any) -> Any:
        return self._or({}, super().get_many, *args, **kwargs)

    def set_many(self, *args: Any, **kwargs: Any) -> Any:
        return self._or([], super().set_many, *args, **kwargs)

    def has_key(self, *args: Any, **kwargs: Any) -> Any:
        return self._or(False, super().has_key, *args, **kwargs)

    def incr(self, key: Any, delta: int = 1, version: Any = None) -> Any:
        return self._or(delta, super().incr, key, delta, version)

    def count(self, key: str, seconds: int) -> int:
        """One more of this key, which is kept for so long from the first on: one errand. 1 while Redis is away."""
        made = self.make_and_validate_key(key)

        def call() -> int:
            errand = self._cache.get_client(made, write=True).pipeline(transaction=False)
            errand.set(made, 0, ex=seconds, nx=True)
            errand.incr(made)
            return int(errand.execute()[1])

        return int(self._or(1, call))


def house() -> ForgivingRedisCache:
    """The cache of the settings, as what it is."""
    return cast(ForgivingRedisCache, caches[DEFAULT_CACHE_ALIAS])
