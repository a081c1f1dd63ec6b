"""How often strangers may ask: counted in the cache by the minute, or a longer while, and generous while it is away."""

from urllib.parse import quote

from django.conf import settings
from django.http import HttpRequest

from helpdesk import clock
from helpdesk.cache import house


def count(name: str, seconds: int) -> int:
    """Count one more of this name in the present stretch of so many seconds. 1 while the cache is away."""
    key = f"rate:{quote(name)}:{int(clock.now().timestamp()) // seconds}"  # some caches take no spaces
    return house().count(key, seconds * 2)


def address_of(request: HttpRequest) -> str:
    """The address somebody calls from; behind our own proxy the one that saw: what strangers add is not believed."""
    if getattr(settings, "ALLAUTH_TRUSTED_PROXY_COUNT", 0):
        told = [one.strip() for one in request.headers.get("X-Forwarded-For", "").split(",") if one.strip()]
        if len(told) >= settings.ALLAUTH_TRUSTED_PROXY_COUNT:
            return told[-settings.ALLAUTH_TRUSTED_PROXY_COUNT]
    return str(request.META.get("REMOTE_ADDR", ""))
