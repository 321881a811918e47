"""Signing in by e-mail on the real pages, and what ends a session."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.contrib.auth import get_user
from django.contrib.auth.password_validation import validate_password
from django.core import mail
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.test import Client
from django.urls import include, path, reverse

from clinics.models import Clinic, Membership, Role, User
from clinics.web.access import allow, polled, signed_in
from clinics.web.sessions import LAST_SEEN, WRITE_EVERY_SECONDS
from tests.people import MONDAY_NINE, make_clinic, make_user

pytestmark = pytest.mark.django_db
PASSWORD = "a long test password"
SIGN_IN = "/accounts/login/"


@signed_in
def act(request: HttpRequest) -> HttpResponse:
    """Something a person does."""
    return HttpResponse("done")


@polled
@signed_in
def poll(request: HttpRequest) -> HttpResponse:
    """Something a page does by itself."""
    return HttpResponse("still here")


urlpatterns = [
    path("act", act),
    path("poll", poll),
    path("c/<slug:slug>/nurses", allow("infusions.chart")(lambda request: HttpResponse("in"))),
    path("", include("config.urls")),
]


@pytest.fixture
def clinic() -> Clinic:
    return make_clinic()


@pytest.fixture
def nurse(clinic: Clinic) -> User:
    return make_user(clinic, Role.NURSE)


def sign_in(email: str, password: str = PASSWORD) -> tuple[Client, Any]:
    browser = Client()
    return browser, browser.post(SIGN_IN, {"login": email, "password": password})


def is_in(browser: Client) -> bool:
    request = HttpRequest()
    request.session = browser.session
    return bool(get_user(request).is_authenticated)


@pytest.mark.parametrize("email", ["nurse@north.example", "Nurse@North.Example"])
def test_an_address_and_a_password_open_the_door(nurse: User, email: str) -> None:
    browser, answer = sign_in(email)
    assert (answer.status_code, answer["Location"]) == (302, "/")
    assert is_in(browser)
    assert browser.get("/")["Location"] == "/c/north/"


def test_somebody_of_two_clinics_chooses(nurse: User) -> None:
    other = make_clinic("south")
    Membership.objects.create(user=nurse, clinic=other, role=Role.NURSE)
    browser, _ = sign_in(nurse.email)
    page = browser.get("/").content.decode()
    assert "/c/north/" in page
    assert "/c/south/" in page


def test_a_wrong_password_and_an_unknown_address_look_the_same(nurse: User) -> None:
    answers = []
    for email, password in [(nurse.email, "not the one"), ("no@north.example", PASSWORD)]:
        browser, answer = sign_in(email, password)
        assert not is_in(browser)
        assert PASSWORD not in answer.content.decode()
        words = answer.context["form"].non_field_errors()
        answers.append((answer.status_code, list(words)))
    assert answers[0] == answers[1]


def test_an_inactive_person_stays_out(nurse: User) -> None:
    User.objects.filter(pk=nurse.pk).update(is_active=False)
    browser, _ = sign_in(nurse.email)
    assert not is_in(browser)


def test_making_somebody_inactive_ends_their_session_at_once(nurse: User) -> None:
    browser, _ = sign_in(nurse.email)
    User.objects.filter(pk=nurse.pk).update(is_active=False)
    assert browser.get("/")["Location"].startswith(SIGN_IN)


def test_a_changed_password_ends_the_other_sessions(nurse: User) -> None:
    browser, _ = sign_in(nurse.email)
    nurse.set_password("another uncommon phrase")
    nurse.save()
    assert browser.get("/")["Location"].startswith(SIGN_IN)


def test_a_role_taken_away_closes_the_door_at_the_next_click(nurse: User) -> None:
    browser, _ = sign_in(nurse.email)
    assert browser.get("/c/north/").status_code == 302
    Membership.objects.all().delete()
    assert browser.get("/c/north/").status_code == 404


def test_nobody_signs_themselves_up(db: None) -> None:
    form = {"email": "new@north.example", "password1": PASSWORD, "password2": PASSWORD}
    Client().post("/accounts/signup/", form)
    assert User.objects.count() == 0


def test_signing_out(nurse: User) -> None:
    browser, _ = sign_in(nurse.email)
    browser.post(reverse("account_logout"))
    assert not is_in(browser)


def test_a_forgotten_password_is_mailed_and_tells_nothing_to_others(nurse: User) -> None:
    page = reverse("account_reset_password")
    known = Client().post(page, {"email": nurse.email})
    assert [message.to for message in mail.outbox] == [[nurse.email]]
    unknown = Client().post(page, {"email": "nobody@north.example"})
    assert (known.status_code, known["Location"]) == (unknown.status_code, unknown["Location"])


@pytest.mark.parametrize(
    "password", ["k9-wr.Tq2xv", "1q2w3e4r5t6y", "nurse@north.example", "north.example"]
)
def test_a_short_a_common_and_an_obvious_password_are_refused(nurse: User, password: str) -> None:
    with pytest.raises(ValidationError):
        validate_password(password, nurse)


@pytest.mark.parametrize("password", ["correct horse battery staple", "ünïcödé phrase", "x7" * 64])
def test_length_is_what_counts(nurse: User, password: str) -> None:
    validate_password(password, nurse)


class TestIdle:
    @pytest.fixture(autouse=True)
    def _addresses(self, settings: Any) -> None:
        settings.ROOT_URLCONF = __name__
        settings.SESSION_IDLE_MINUTES = 15

    @pytest.fixture
    def clock(self) -> Iterator[Callable[..., None]]:
        with time_machine.travel(MONDAY_NINE, tick=False) as moved:
            yield lambda **later: moved.shift(timedelta(**later))

    @pytest.fixture
    def browser(self, nurse: User, clock: Callable[..., None]) -> Client:
        browser = Client()
        browser.force_login(nurse)
        assert browser.get("/act").content == b"done"
        return browser

    def test_a_session_ends_when_nobody_is_there(
        self, browser: Client, clock: Callable[..., None]
    ) -> None:
        clock(minutes=15)
        assert browser.get("/act").content == b"done"
        clock(minutes=15, seconds=1)
        assert browser.get("/act")["Location"] == SIGN_IN
        assert not is_in(browser)

    def test_acting_keeps_it_alive(self, browser: Client, clock: Callable[..., None]) -> None:
        for _ in range(20):
            clock(minutes=10)
            assert browser.get("/act").content == b"done"

    def test_polling_does_not(self, browser: Client, clock: Callable[..., None]) -> None:
        for _ in range(90):
            clock(seconds=10)
            assert browser.get("/poll").content == b"still here"
        clock(seconds=1)
        ended = browser.get("/poll", headers={"HX-Request": "true"})
        assert (ended.status_code, ended["HX-Redirect"]) == (401, SIGN_IN)
        assert not is_in(browser)

    def test_a_busy_page_writes_the_session_once_a_minute(
        self, browser: Client, clock: Callable[..., None]
    ) -> None:
        began = browser.session[LAST_SEEN]
        clock(seconds=WRITE_EVERY_SECONDS - 1)
        browser.get("/act")
        assert browser.session[LAST_SEEN] == began
        clock(seconds=1)
        browser.get("/act")
        assert browser.session[LAST_SEEN] == began + WRITE_EVERY_SECONDS

    def test_a_shift_is_the_longest_session(
        self, browser: Client, clock: Callable[..., None]
    ) -> None:
        for _ in range(12 * 6 - 1):
            clock(minutes=10)
            assert browser.get("/act").content == b"done"
        clock(minutes=10)
        assert browser.get("/act")["Location"] == SIGN_IN
        browser.force_login(User.objects.get())
        assert browser.get("/act").content == b"done"

    def test_a_page_without_a_permission_is_closed_to_every_other_role(
        self, clinic: Clinic, nurse: User
    ) -> None:
        for role in Role:
            browser = Client()
            browser.force_login(nurse if role == Role.NURSE else make_user(clinic, role))
            status = browser.get("/c/north/nurses").status_code
            assert status == (200 if role == Role.NURSE else 403), role


def test_the_cookie_is_kept_from_scripts_and_other_sites(nurse: User) -> None:
    browser, _ = sign_in(nurse.email)
    cookie = browser.cookies["sessionid"]
    assert cookie["httponly"]
    assert cookie["samesite"] == "Lax"
