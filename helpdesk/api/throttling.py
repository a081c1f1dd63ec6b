"""How much one token may ask."""

from django.conf import settings
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle
from rest_framework.views import APIView

from helpdesk import clock
from helpdesk.api.authentication import counted
from helpdesk.api.principals import principal


class TokenThrottle(BaseThrottle):
    """So many requests a minute for each token or agent, `API_RATE_PER_MINUTE`; 0 is no limit.

    Counted in the cache, and generous when the cache is away: a limit that stops work because Redis is down would be
    worse than none.
    """

    def allow_request(self, request: Request, view: APIView) -> bool:
        most = getattr(settings, "API_RATE_PER_MINUTE", 600)
        if not most:
            return True
        now = clock.now().timestamp()
        self.left = 60 - now % 60
        return counted(f"api-rate:{principal(request)}:{int(now) // 60}", 120) <= most

    def wait(self) -> float:
        return self.left
