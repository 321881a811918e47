from typing import Any

from rest_framework.request import Request
from rest_framework.throttling import SimpleRateThrottle

from core.actor import Actor


class ApiClientThrottle(SimpleRateThrottle):
    """Counts requests per API client. A guard against runaway loops, not a security measure."""

    scope = "api_client"

    def get_cache_key(self, request: Request, view: Any) -> str | None:
        if not isinstance(request.auth, Actor):
            return None
        return f"throttle:{request.auth.api_client_id}"
