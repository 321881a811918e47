"""Who may call: the token decides, at every request, and says nothing about why it failed."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from django.core.cache import cache
from django.test import Client
from django.urls import reverse
from redis.exceptions import ConnectionError as RedisDown
from redis.exceptions import TimeoutError as RedisSlow

from clinics.api.throttling import ApiClientThrottle
from clinics.models import ApiClient, Clinic, Role
from clinics.permissions import SCOPE_PERMISSIONS
from core import clock
from core.models import AuditEntry
from tests.api.builders import Caller, make_caller
from tests.people import make_clinic, make_user

pytestmark = pytest.mark.django_db
NOBODYS = UUID(int=7, version=4)  # fixed: test names must be the same in every process
SCOPE_OF = {
    "/api/v1/visits": "visits:read",
    f"/api/v1/visits/{NOBODYS}": "visits:read",
    "/api/v1/patients": "patients:read",
    f"/api/v1/patients/{NOBODYS}": "patients:read",
    "/api/v1/courses": "courses:read",
    f"/api/v1/courses/{NOBODYS}": "courses:read",
    "/api/v1/chairs": "chairs:read",
    f"/api/v1/bookings/{NOBODYS}": "bookings:write",
    f"/api/v1/infusions/{NOBODYS}": "infusions:read",
    "/api/v1/board": "board:read",
}


@pytest.mark.parametrize("path", SCOPE_OF)
@pytest.mark.parametrize("scope", SCOPE_PERMISSIONS)
def test_each_scope_opens_its_own_doors_only(clinic: Clinic, path: str, scope: str) -> None:
    status = make_caller(clinic, scope).get(path).status_code
    assert status in ({200, 404} if scope == SCOPE_OF[path] else {403})


@pytest.mark.parametrize("path", SCOPE_OF)
def test_every_way_of_not_being_let_in_looks_the_same(clinic: Clinic, path: str) -> None:
    now = clock.now()
    expired = make_caller(clinic, expires_at=now - timedelta(seconds=1))
    revoked = make_caller(clinic, revoked_at=now)
    wrong = Caller(Client(), revoked.row, "infclinic_wrong")
    hashed = Caller(Client(), revoked.row, make_caller(clinic).row.secret_sha256)
    answers = [caller.get(path) for caller in (expired, revoked, wrong, hashed)]
    assert {answer.status_code for answer in answers} == {401}
    assert len({answer.content for answer in answers}) == 1
    assert {answer["WWW-Authenticate"] for answer in answers} == {"Bearer"}
    assert AuditEntry.objects.count() == 0


@pytest.mark.parametrize("header", [None, "", "Bearer", "Bearer ", "Basic Zm9v", "Token x", "é"])
def test_no_token_is_not_let_in(db: None, header: str | None) -> None:
    headers = {} if header is None else {"Authorization": header}
    answer = Client().get("/api/v1/visits", headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (401, "not_authenticated")
    assert answer["Content-Type"] == "application/problem+json"


def test_a_session_does_not_open_the_api(clinic: Clinic) -> None:
    browser = Client()
    browser.force_login(make_user(clinic, Role.MANAGER))
    assert browser.get("/api/v1/visits").status_code == 401


def test_a_scope_we_no_longer_know_grants_nothing(clinic: Clinic) -> None:
    assert make_caller(clinic, "visits:everything").get("/api/v1/visits").status_code == 403


def test_nothing_is_remembered_between_requests(clinic: Clinic, api: Caller) -> None:
    assert api.get("/api/v1/chairs").status_code == 200
    ApiClient.objects.filter(pk=api.row.pk).update(scopes=["visits:read"])
    assert api.get("/api/v1/chairs").status_code == 403
    ApiClient.objects.filter(pk=api.row.pk).update(revoked_at=clock.now())
    assert api.get("/api/v1/chairs").status_code == 401


def test_chairs_are_the_clinics_own_in_the_order_of_the_room(
    clinic: Clinic, api: Caller, django_assert_num_queries: Any
) -> None:
    make_clinic("south")
    clinic.chairs.filter(position=2).update(is_active=False, kind="bed")
    with django_assert_num_queries(2):
        body = api.get("/api/v1/chairs").json()
    assert body["next"] is None
    assert [(each["label"], each["kind"], each["in_use"]) for each in body["items"]] == [
        ("Chair 1", "chair", True), ("Chair 2", "bed", False), ("Chair 3", "chair", True),
    ]  # fmt: skip


@pytest.fixture
def _three_a_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    """Three requests in a minute that does not end while the test runs."""
    stopped = clock.now()
    monkeypatch.setattr("core.clock.now", lambda: stopped)
    rates = {"api_client": "3/min"}
    monkeypatch.setattr("clinics.api.throttling.api_settings.DEFAULT_THROTTLE_RATES", rates)


@pytest.mark.usefixtures("_three_a_minute")
class TestQuota:
    def test_a_client_beyond_its_quota_is_told_when_to_come_back(self, api: Caller) -> None:
        answers = [api.get("/api/v1/chairs") for _ in range(4)]
        assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
        assert [answer["RateLimit"].split(";")[1] for answer in answers] == [
            "r=2", "r=1", "r=0", "r=0",
        ]  # fmt: skip
        assert answers[0]["RateLimit-Policy"] == '"client";q=3;w=60'
        assert answers[3].json()["code"] == "throttled"
        assert 1 <= int(answers[3]["Retry-After"]) <= 60

    def test_the_next_window_begins_anew(
        self, api: Caller, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        for _ in range(4):
            last = api.get("/api/v1/chairs")
        later = clock.now() + timedelta(seconds=int(last["Retry-After"]))
        monkeypatch.setattr("core.clock.now", lambda: later)
        assert api.get("/api/v1/chairs").status_code == 200

    def test_one_clients_quota_is_not_anothers(self, clinic: Clinic, api: Caller) -> None:
        other = make_caller(clinic)
        for _ in range(4):
            api.get("/api/v1/chairs")
        assert other.get("/api/v1/chairs").status_code == 200

    @pytest.mark.parametrize("fault", [RedisDown, RedisSlow])
    def test_without_redis_everybody_is_let_in_and_the_log_says_so(
        self,
        api: Caller,
        fault: type[Exception],
        monkeypatch: pytest.MonkeyPatch,
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        def broken(*_: Any, **__: Any) -> None:
            raise fault("unreachable")

        monkeypatch.setattr(cache, "add", broken)
        assert [api.get("/api/v1/chairs").status_code for _ in range(5)] == [200] * 5
        assert "Requests are not counted" in caplog.text


def test_a_rate_reads_as_requests_and_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    for rate, meant in [("5/s", (5, 1)), ("600/min", (600, 60)), ("9/hour", (9, 3600))]:
        rates = {"api_client": rate}
        monkeypatch.setattr("clinics.api.throttling.api_settings.DEFAULT_THROTTLE_RATES", rates)
        throttle = ApiClientThrottle()
        assert (throttle.quota, throttle.window) == meant


class TestProblems:
    def test_an_address_that_does_not_exist(self, api: Caller) -> None:
        for path in ("/api/v1/nurses", "/api/v1/visits/", "/api/v1/visits/x", "/api/v2/x"):
            answer = api.get(path)
            assert (answer.status_code, answer.json()["code"]) == (404, "not_found"), path
            assert answer["Content-Type"] == "application/problem+json"

    def test_a_method_that_is_not_offered(self, api: Caller) -> None:
        headers = {"Authorization": f"Bearer {api.token}"}
        for method in ("delete", "put", "patch", "options"):
            answer = getattr(api.http, method)("/api/v1/visits", headers=headers)
            assert (answer.status_code, answer.json()["code"]) == (405, "method_not_allowed")
            assert answer["Allow"] == "GET, HEAD"

    def test_a_format_that_is_not_offered(self, api: Caller) -> None:
        answer = api.get("/api/v1/visits", Accept="text/html")
        assert (answer.status_code, answer.json()["code"]) == (406, "not_acceptable")

    def test_too_many_parameters(self, api: Caller) -> None:
        answer = api.get("/api/v1/visits?" + "&".join(f"p{n}=1" for n in range(1001)))
        assert (answer.status_code, answer.json()["code"]) == (400, "parse_error")

    def test_a_database_out_of_reach_is_said_as_such(
        self, api: Caller, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
    ) -> None:
        from django.db import OperationalError  # noqa: PLC0415

        def broken(*_: Any, **__: Any) -> None:
            raise OperationalError("Key (mrn)=(MRN-1)")

        monkeypatch.setattr("clinics.api.chairs.all_chairs_of", broken)
        answer = api.get("/api/v1/chairs")
        assert (answer.status_code, answer["Retry-After"]) == (503, "3")
        assert "MRN-1" not in answer.content.decode() + caplog.text

    def test_nothing_is_kept_by_caches(self, api: Caller) -> None:
        answer = api.get(reverse("api-chairs"))
        assert answer["Cache-Control"] == "no-store"
        assert answer["X-Request-Id"]
