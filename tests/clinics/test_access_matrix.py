"""Every route, every role, a stranger and nobody: generated from the resolver, none is missed."""

import re
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from django.urls import URLPattern, get_resolver
from django.urls.converters import get_converters

from clinics.models import Clinic, Role
from clinics.permissions import ROLE_PERMISSIONS, SCOPE_PERMISSIONS
from core.access import Access, Audience, access_of
from core.models import AuditEntry
from tests.api.builders import make_caller
from tests.architecture.test_routes import routes
from tests.people import make_clinic, make_user

pytestmark = pytest.mark.django_db
SAMPLES = (str(uuid4()), "2026-03-02", "1", "sample")
PART = re.compile(r"<(?:(\w+):)?(\w+)>")
ANY_TOKEN = re.compile(rb"[A-Za-z0-9]{64}|[0-9a-f]{32}")


def declared(prefix: str) -> Iterator[tuple[str, URLPattern, Access]]:
    for path, pattern in routes(get_resolver()):
        access = access_of(pattern.callback)
        if path.startswith(prefix) and access is not None:
            yield path, pattern, access


PAGES = [each for each in declared("c/<slug:slug>/") if each[2].audience is Audience.CLINIC]
CALLS = [each for each in declared("api/v1/") if each[2].audience is Audience.CLINIC]


def address(path: str, slug: str = "north") -> str:
    """Fill a route's placeholders with values that fit; ids are nobody's."""

    def fitting(match: re.Match[str]) -> str:
        kind, name = match.groups()
        if name == "slug":
            return slug
        pattern = get_converters()[kind or "str"].regex
        return next(sample for sample in SAMPLES if re.fullmatch(pattern, sample))

    return "/" + PART.sub(fitting, path)


def plain(answer: Any) -> tuple[int, bytes]:
    """An answer without the tokens that differ in every request."""
    return answer.status_code, ANY_TOKEN.sub(b"", answer.content)


def browser_of(user: Any) -> Client:
    browser = Client(raise_request_exception=True)
    browser.force_login(user)
    return browser


@pytest.fixture
def clinic() -> Clinic:
    return make_clinic()


def test_there_are_routes_to_walk() -> None:
    assert len(PAGES) >= 6
    assert len(CALLS) >= 11


@pytest.mark.parametrize(("path", "access"), [(path, access) for path, _, access in PAGES])
def test_a_role_opens_what_its_permissions_say(clinic: Clinic, path: str, access: Access) -> None:
    for role in Role:
        browser = browser_of(make_user(clinic, role))
        if access.permission not in ROLE_PERMISSIONS[role]:
            for method in (browser.get, browser.post):
                assert method(address(path)).status_code in {403, 405}, role
        else:  # what a POST does, its own room tests
            answer = browser.get(address(path))
            assert answer.status_code not in {401, 403}, role
            assert answer.status_code < 500, role


@pytest.mark.parametrize("path", [path for path, _, _ in PAGES])
def test_another_clinic_is_no_different_from_one_that_does_not_exist(
    clinic: Clinic, path: str
) -> None:
    stranger = browser_of(make_user(make_clinic("south"), Role.MANAGER))
    for method in (stranger.get, stranger.post):
        theirs = plain(method(address(path)))
        assert theirs == plain(method(address(path, "nowhere")))
        assert theirs[0] in {404, 405}
    assert AuditEntry.objects.count() == 0


@pytest.mark.parametrize("path", [path for path, _, _ in PAGES])
def test_nobody_is_sent_to_sign_in(clinic: Clinic, path: str) -> None:
    nobody = Client()
    for method in (nobody.get, nobody.post):
        for slug in ("north", "nowhere"):
            answer = method(address(path, slug))
            assert answer.status_code in {302, 405}
            if answer.status_code == 302:
                assert answer["Location"].startswith("/accounts/login/?next=")


@pytest.mark.parametrize(("path", "pattern", "access"), CALLS)
def test_the_api_by_scope(clinic: Clinic, path: str, pattern: URLPattern, access: Access) -> None:
    view: Any = pattern.callback
    offered = {"get", "post"} & set(view.cls.http_method_names) & set(dir(view.cls))
    assert offered
    for method in offered:
        body: list[Any] = [{}] if method == "post" else []
        assert getattr(Client(), method)(address(path)).status_code == 401
        for scope, permissions in SCOPE_PERMISSIONS.items():
            status = getattr(make_caller(clinic, scope), method)(address(path), *body).status_code
            assert (status == 403) == (access.permission not in permissions), scope
            assert status < 500


def test_the_control_sees_an_open_door(clinic: Clinic) -> None:
    """The checks above are not satisfied by an answer that is the same for everybody."""
    scheduler = browser_of(make_user(clinic))
    stranger = browser_of(make_user(make_clinic("south")))
    page = address("c/<slug:slug>/")
    assert plain(scheduler.get(page)) != plain(stranger.get(page))
