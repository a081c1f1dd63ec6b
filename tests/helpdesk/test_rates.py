"""How often strangers ask is counted for each of them, and forgotten by itself."""

import pytest
import time_machine
from django.core.cache import cache

from helpdesk import clock, rates
from helpdesk.cache import house

pytestmark = pytest.mark.django_db


def test_each_name_is_counted_for_itself_and_anew_in_each_stretch() -> None:
    with time_machine.travel("2026-03-02T10:00:00Z", tick=False) as time:
        assert [rates.count("somebody else", 60) for _ in range(3)] == [1, 2, 3]
        assert rates.count("nobody", 60) == 1
        time.shift(60)
        assert rates.count("somebody else", 60) == 1


def test_what_was_counted_goes_by_itself() -> None:
    with time_machine.travel("2026-03-02T10:00:00Z", tick=False):
        rates.count("a stranger", 60)
        rates.count("a stranger", 60)
        key = cache.make_key(f"rate:a%20stranger:{int(clock.now().timestamp()) // 60}")
    assert 0 < house()._cache.get_client().ttl(key) <= 120


def test_while_the_cache_is_away_everybody_is_the_first(settings) -> None:  # type: ignore[no-untyped-def]
    settings.CACHES = {
        "default": {"BACKEND": "helpdesk.cache.ForgivingRedisCache", "LOCATION": "redis://127.0.0.1:1/0"}
    }
    assert [rates.count("somebody", 60) for _ in range(3)] == [1, 1, 1]
