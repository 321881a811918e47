"""What stands around every request: an id, refusals as pages, nothing kept by caches."""

from collections.abc import Callable

import pytest
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest, HttpResponse
from django.test import Client, RequestFactory

from core import logs
from core.errors import Busy, Conflict, Forbidden, Invalid, NotFound, Refusal, RuleBroken
from core.statuses import status_of
from core.web.middleware import NoStoreMiddleware, RefusalMiddleware, RequestIdMiddleware


def request() -> HttpRequest:
    asked = RequestFactory().get("/")
    asked.user = AnonymousUser()
    return asked


@pytest.mark.parametrize(
    ("refusal", "status"),
    [
        (NotFound(), 404),
        (Forbidden("no"), 403),
        (Busy("wait"), 503),
        (Conflict("taken"), 409),
        (Invalid("bad"), 422),
        (RuleBroken("too early"), 422),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Refusal) else str(value),
)
@pytest.mark.django_db
def test_a_refusal_has_its_status_on_pages_and_in_the_table(refusal: Refusal, status: int) -> None:
    assert status_of(refusal) == status
    response = RefusalMiddleware(lambda _: HttpResponse()).process_exception(request(), refusal)
    assert response is not None
    assert response.status_code == status
    assert response.headers.get("Retry-After") == ("3" if status == 503 else None)


def test_what_is_not_a_refusal_is_not_hidden() -> None:
    middleware = RefusalMiddleware(lambda _: HttpResponse())
    assert middleware.process_exception(request(), ZeroDivisionError()) is None


def test_every_request_has_its_own_id_in_logs_and_answer() -> None:
    seen: list[str] = []

    def view(asked: HttpRequest) -> HttpResponse:
        seen.append(logs.request_id.get())
        return HttpResponse()

    middleware = RequestIdMiddleware(view)
    answers = [middleware(request())["X-Request-Id"] for _ in range(2)]
    assert answers == seen
    assert answers[0] != answers[1]
    assert logs.request_id.get() == "-"


@pytest.mark.parametrize(
    ("view", "expected"),
    [
        (lambda _: HttpResponse(), "no-store"),
        (lambda _: HttpResponse(headers={"Cache-Control": "max-age=9"}), "max-age=9"),
    ],
    ids=["default", "own choice"],
)
def test_nothing_is_kept_unless_a_view_says_so(
    view: Callable[[HttpRequest], HttpResponse], expected: str
) -> None:
    assert NoStoreMiddleware(view)(request())["Cache-Control"] == expected


@pytest.mark.django_db
def test_the_strict_policy_and_its_companions_stand_on_every_answer(client: Client) -> None:
    headers = client.get("/accounts/login/").headers
    policy = headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "same-origin"
    assert headers["X-Frame-Options"] == "DENY"
