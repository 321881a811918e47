"""How many requests an API client may make: a guard against runaway loops, not for security."""

import logging
from typing import Any

from django.core.cache import cache
from redis.exceptions import RedisError
from rest_framework.request import Request
from rest_framework.settings import api_settings
from rest_framework.throttling import BaseThrottle

from core import clock
from core.actor import Actor

SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
log = logging.getLogger(__name__)


class ApiClientThrottle(BaseThrottle):
    """Counts each API client's requests in fixed windows, in one atomic step per request.

    The rate is `API_RATE`, such as `600/min`. Without Redis nobody is counted and everybody is
    let in: visits must stay readable while the cache is down, and the log says so.
    """

    def __init__(self) -> None:
        rates: Any = api_settings.DEFAULT_THROTTLE_RATES
        self.quota, self.window = _parsed(rates["api_client"])
        self.seconds_left = self.window

    def allow_request(self, request: Request, view: Any) -> bool:
        if not isinstance(request.auth, Actor):
            return True
        now = int(clock.now().timestamp())
        self.seconds_left = self.window - now % self.window
        who = request.auth.api_client_id or request.auth.user_id
        key = f"throttle:{who}:{now // self.window}"
        try:
            cache.add(key, 0, timeout=self.window)
            used = cache.incr(key)
        except (RedisError, ValueError) as exc:  # ValueError: the window ended between the steps
            log.warning("Requests are not counted: %s", type(exc).__name__)
            return True
        view.quota_headers = self._headers(used)
        return used <= self.quota

    def wait(self) -> float:
        """Return the seconds until the next window begins."""
        return float(self.seconds_left)

    def _headers(self, used: int) -> dict[str, str]:
        left = max(0, self.quota - used)
        return {
            "RateLimit-Policy": f'"client";q={self.quota};w={self.window}',
            "RateLimit": f'"client";r={left};t={self.seconds_left}',
        }


def _parsed(rate: str) -> tuple[int, int]:
    """Return (requests, seconds) of a rate such as `600/min`."""
    number, _, period = rate.partition("/")
    return int(number), SECONDS[period[0]]
