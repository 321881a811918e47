"""What happens around every request: an id for it, refusals as pages, nothing kept by caches."""

import uuid
from collections.abc import Callable

from django.db import OperationalError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render

from core import logs
from core.db import as_busy
from core.errors import Refusal
from core.statuses import status_of

# A request from a browser's outbox says so here; so does an answer that settles an entry.
OUTBOX = "X-Outbox"
GetResponse = Callable[[HttpRequest], HttpResponse]


class RequestIdMiddleware:
    """Gives each request an id, in logs and in the answer's X-Request-Id."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request_id = uuid.uuid4().hex
        request.META["REQUEST_ID"] = request_id
        token = logs.request_id.set(request_id)
        try:
            response = self.get_response(request)
        finally:
            logs.request_id.reset(token)
        response["X-Request-Id"] = request_id
        return response


class RefusalMiddleware:
    """Shows a refusal that no view answered as a page with the fitting status, and a wait for a
    lock that took too long as the refusal it would have been in a command."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exc: Exception) -> HttpResponse | None:
        if isinstance(exc, OperationalError):
            exc = as_busy(exc) or exc
        if not isinstance(exc, Refusal):
            return None
        status = status_of(exc)
        if OUTBOX in request.headers and status != 503:
            words = JsonResponse({"words": [exc.message]}, status=status)
            words[OUTBOX] = "refused"
            return words
        if status == 404:
            # The very page of an address that does not exist: nothing of another clinic shows.
            return render(request, "404.html", status=404)
        response = render(request, "errors/refused.html", {"refusal": exc}, status=status)
        if status == 503:
            response["Retry-After"] = "3"
        return response


class NoStoreMiddleware:
    """Nothing that names a patient stays in a browser's or a proxy's cache."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        response.setdefault("Cache-Control", "no-store")
        return response
