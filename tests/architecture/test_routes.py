"""Every route declares who may use it; a route that says nothing fails here."""

from collections.abc import Iterator

import pytest
from django.urls import URLPattern, URLResolver, get_resolver

from clinics.permissions import ROLE_PERMISSIONS, SCOPE_PERMISSIONS
from core.access import Audience, access_of

# Third-party rooms guard themselves: allauth's pages are for whoever is not signed in yet,
# the admin's for superusers (tests/clinics).
GUARD_THEMSELVES = ("accounts/", "admin/")


def routes(resolver: URLResolver, prefix: str = "") -> Iterator[tuple[str, URLPattern]]:
    for entry in resolver.url_patterns:
        path = prefix + str(entry.pattern)
        if isinstance(entry, URLResolver):
            yield from routes(entry, path)
        else:
            yield path, entry


OURS = [
    (path, pattern)
    for path, pattern in routes(get_resolver())
    if not path.startswith(GUARD_THEMSELVES)
]
EVERY_PERMISSION = frozenset().union(*ROLE_PERMISSIONS.values(), *SCOPE_PERMISSIONS.values())


@pytest.mark.parametrize(("path", "pattern"), OURS, ids=[path or "/" for path, _ in OURS])
def test_a_route_says_who_may_use_it(path: str, pattern: URLPattern) -> None:
    access = access_of(pattern.callback)
    assert access is not None, f"{path} declares no access"
    if access.audience is Audience.CLINIC:
        assert access.permission in EVERY_PERMISSION, "nobody holds this permission"
    if "<slug:slug>" in path:
        assert access.audience in {Audience.CLINIC, Audience.SIGNED_IN}


def test_no_route_carries_a_name_or_a_clinical_word() -> None:
    words = {"ocrelizumab", "ocrevus", "sclerosis", "mrn", "name", "birth"}
    for path, _ in OURS:
        if not path.startswith(("protocols/", "calculator/", "api/v1/calculator")):
            assert not any(word in path for word in words), path
