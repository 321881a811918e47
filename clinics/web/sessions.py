"""Sessions end when nobody is there. A page that polls does not count as somebody."""

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse

from core import clock

LAST_SEEN = "last_seen"
BEGAN = "began"
# Writing the session at most this often keeps a busy page from writing on every click.
WRITE_EVERY_SECONDS = 60


class IdleSessionMiddleware:
    """Signs a person out after SESSION_IDLE_MINUTES without an act of their own.

    And after SESSION_COOKIE_AGE however busy they were: the framework would count that span
    anew whenever the session is written.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: Callable[..., Any], args: Any, kwargs: Any
    ) -> HttpResponse | None:
        if not request.user.is_authenticated:
            return None
        now = int(clock.now().timestamp())
        last_seen = request.session.get(LAST_SEEN)
        idle = now - (last_seen or now)
        old = now - request.session.setdefault(BEGAN, now)
        if idle > settings.SESSION_IDLE_MINUTES * 60 or old >= settings.SESSION_COOKIE_AGE:
            logout(request)
            return _sign_in_again(request)
        polled = getattr(view, "polled", False)
        if last_seen is None or (not polled and now - last_seen >= WRITE_EVERY_SECONDS):
            request.session[LAST_SEEN] = now
        return None


def _sign_in_again(request: HttpRequest) -> HttpResponse:
    if request.headers.get("HX-Request"):
        response = HttpResponse(status=401)
        response["HX-Redirect"] = reverse(settings.LOGIN_URL)
        return response
    return redirect(settings.LOGIN_URL)
