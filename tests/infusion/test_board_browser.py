"""The board under a thumb: real Chromium, tablet size, the strict policy, the server's clock."""

import time
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
import time_machine
from axe_playwright_python.sync_playwright import Axe
from django.test import Client
from playwright.sync_api import Browser, Page, expect
from pytest_django.live_server_helper import LiveServer

from clinics.models import Clinic, Role, User
from core.actor import Actor
from infusion.models import Infusion, InfusionEvent
from infusion.services.running import change_rate, chart_vitals
from scheduling.models import Booking
from tests.browser.ward.ward import at_rest
from tests.display.browser import PATIENCE_MS, chromium
from tests.infusion.builders import at, premedicate, prepare, running, screen, seat
from tests.infusion.builders import expect as expect_patient
from tests.people import make_actor, make_clinic

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

WAKE = "document.querySelector('live-poll').dispatchEvent(new CustomEvent('wake'))"
SMALL_TARGETS = """() => [
    ...document.querySelectorAll('.chair-card .button, dialog[open] .button--chairside')]
    .map(each => each.getBoundingClientRect()).filter(box => box.height < 64).length"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One Chromium. Playwright keeps a loop in this thread; the ORM beside it is the test's own."""
    with pytest.MonkeyPatch.context() as patch, chromium() as one:
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
        yield one


@pytest.fixture
def clinic(transactional_db: None) -> Clinic:
    return make_clinic()


@pytest.fixture
def nurse(clinic: Clinic) -> Actor:
    return make_actor(clinic, Role.NURSE)


class Bench:
    """A tablet in a nurse's hands, and the clock on the wall."""

    def __init__(self, page: Page, base: str, clock: Any) -> None:
        self.page, self.base, self.clock = page, base, clock
        self.complaints: list[str] = []
        page.set_default_timeout(PATIENCE_MS)
        page.on("console", self._hear)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def _hear(self, message: Any) -> None:
        expected = "422" in message.text  # a refusal of a form is an answer
        if message.type == "error" and not expected:
            self.complaints.append(message.text)

    def open(self, path: str = "board/") -> Page:
        self.page.goto(f"{self.base}/c/north/{path}", wait_until="load")
        return self.page

    def wait_until(self, minute: float) -> None:
        """Let the clinic's clock move on, as on a quiet morning."""
        self.clock.move_to(at(minute))

    def card(self, number: int) -> Any:
        return self.page.locator(".chair-card").filter(
            has=self.page.locator(".chair-card__chair b", has_text=f"{number}")
        )


@pytest.fixture
def bench(
    browser: Browser, live_server: LiveServer, clinic: Clinic, nurse: Actor, settings: Any
) -> Iterator[Bench]:
    settings.SESSION_IDLE_MINUTES = 600  # the clock on the wall leaps, the nurse does not idle
    with time_machine.travel(at(0), tick=True) as clock:
        client = Client()
        client.force_login(User.objects.get(pk=str(nurse.user_id)))
        context = browser.new_context(
            viewport={"width": 1180, "height": 820}, has_touch=True, reduced_motion="reduce"
        )
        context.add_cookies(
            [{"name": "sessionid", "value": client.cookies["sessionid"].value,
              "url": live_server.url}]
        )  # fmt: skip
        yield Bench(context.new_page(), live_server.url, clock)
        context.close()


def test_from_the_door_to_the_start_without_leaving_the_board(
    bench: Bench, clinic: Clinic, nurse: Actor
) -> None:
    """The page before the start has a test of its own; here the second nurse has seen to it."""
    visit = expect_patient(clinic)
    screen(visit.patient)
    page = bench.open()
    card = bench.card(1)
    card.get_by_role("button", name="Arrived").tap()
    expect(page.locator(".toast")).to_contain_text("PATEL, Raj has arrived.")
    expect(card.get_by_role("link", name="Before the start")).to_be_visible()
    prepare(visit, nurse)
    for drug, dose in (("methylprednisolone", "100"), ("cetirizine", "10")):
        card.get_by_role("link", name="Premedication").tap()
        dialog = page.locator("dialog#dialog")
        expect(dialog.get_by_role("heading", name="Premedication: PATEL, Chair 1")).to_be_visible()
        dialog.get_by_label("Medicine", exact=True).select_option(drug)
        dialog.get_by_label("Dose (mg)").fill(dose)
        dialog.get_by_role("button", name="Given: PATEL, Chair 1").tap()
        expect(dialog).not_to_be_visible()
        expect(card).to_contain_text(drug)
    bench.wait_until(31)
    bench.page.evaluate(WAKE)
    expect(card).to_contain_text("Ready to start")
    card.get_by_role("link", name="Start infusion").tap()
    dialog = page.locator("dialog#dialog")
    dialog.get_by_role("button", name="Start infusion: PATEL, Chair 1").tap()
    expect(dialog).to_contain_text("Check two identifiers")
    dialog.get_by_label("both match").check()
    dialog.get_by_role("button", name="Start infusion: PATEL, Chair 1").tap()
    expect(card).to_contain_text("40\u00a0mL/h")
    assert Infusion.objects.get(visit=visit).status == Infusion.Status.RUNNING
    assert bench.complaints == []


def test_an_arrival_is_taken_back_from_the_toast(bench: Bench, clinic: Clinic) -> None:
    booking = Booking.objects.get(visit=expect_patient(clinic))
    page = bench.open()
    bench.card(1).get_by_role("button", name="Arrived").tap()
    page.locator(".toast").get_by_role("button", name="Undo").tap()
    expect(page.locator(".toast", has_text="Arrival taken back.")).to_be_visible()
    booking.refresh_from_db()
    assert booking.status == Booking.Status.CONFIRMED
    expect(bench.card(1).get_by_role("button", name="Arrived")).to_be_visible()


def test_what_a_colleague_charts_appears_and_only_there(
    bench: Bench, clinic: Clinic, nurse: Actor
) -> None:
    """H1: correct within one poll for every viewer; the other cards are not touched."""
    infusion = running(seat(clinic), nurse)
    premedicate(seat(clinic, mrn="MRN-2", position=2, patient={"family_name": "Okafor"}), nurse)
    bench.wait_until(45)
    page = bench.open()
    at_rest(page)
    page.evaluate("document.querySelectorAll('.chair-card')[1].dataset.mine = 'kept'")
    chart_vitals(
        infusion_id=infusion.pk, event_id=uuid4(), occurred_at=at(45), vitals={"spo2": 98},
        actor=nurse, now=at(45.5),
    )  # fmt: skip
    change_rate(
        infusion_id=infusion.pk, event_id=uuid4(), rate_ml_h=80, occurred_at=at(45),  # type: ignore[arg-type]
        reason="Told by the prescriber", actor=nurse, now=at(45.5),
    )  # fmt: skip
    bench.wait_until(46)
    page.evaluate(WAKE)
    expect(bench.card(1)).to_contain_text("80\u00a0mL/h")
    assert page.evaluate("document.querySelectorAll('.chair-card')[1].dataset.mine") == "kept"
    assert bench.complaints == []


def test_a_refusal_stays_in_the_dialog_with_what_was_typed(
    bench: Bench, clinic: Clinic, nurse: Actor
) -> None:
    running(seat(clinic), nurse)
    bench.wait_until(61)
    page = bench.open()
    bench.card(1).get_by_role("link", name="Rate now").tap()
    dialog = page.locator("dialog#dialog")
    dialog.get_by_text("Another rate, another time").tap()
    dialog.get_by_label("Another rate (mL/h)").fill("400")
    dialog.get_by_label("Reason").fill("Slip of the finger")
    dialog.get_by_role("button", name="Confirm").tap()
    expect(dialog).to_contain_text("above the maximum")
    expect(dialog.get_by_label("Another rate (mL/h)")).to_have_value("400")
    assert not InfusionEvent.objects.filter(kind="rate_changed").exists()


def test_a_double_tap_charts_once(bench: Bench, clinic: Clinic, nurse: Actor) -> None:
    """H2: the same form sent twice is one act, even when the button was not disabled in time."""
    running(seat(clinic), nurse)
    bench.wait_until(61)
    page = bench.open()
    bench.card(1).get_by_role("link", name="Rate now").tap()
    form = page.locator("dialog#dialog form")
    expect(form).to_be_visible()
    form.evaluate("""form => {
        const send = () => fetch(form.action, {method: 'POST', body: new FormData(form)});
        return Promise.all([send(), send()]);
    }""")
    assert InfusionEvent.objects.filter(kind="rate_changed").count() == 1


def test_targets_are_made_for_a_gloved_thumb(bench: Bench, clinic: Clinic, nurse: Actor) -> None:
    running(seat(clinic), nurse)
    expect_patient(clinic, position=2)
    bench.wait_until(61)
    page = bench.open()
    assert page.evaluate(SMALL_TARGETS) == 0
    bench.card(1).get_by_role("link", name="Vitals").tap()
    expect(page.locator("dialog#dialog form")).to_be_visible()
    assert page.evaluate(SMALL_TARGETS) == 0


def test_the_countdown_follows_the_server_not_the_tablet(
    bench: Bench, clinic: Clinic, nurse: Actor
) -> None:
    """H6: the tablet's clock is three minutes off; the time left is the server's."""
    running(seat(clinic), nurse)
    chart_vitals(
        infusion_id=Infusion.objects.get().pk, event_id=uuid4(), occurred_at=at(31),
        vitals={"spo2": 98}, actor=nurse, now=at(31),
    )  # fmt: skip
    bench.wait_until(40)
    shift = int(time.time() * 1000) + 180_000
    bench.page.add_init_script(
        "const real = Date.now.bind(Date), begun = real();"
        f"Date.now = () => {shift} + real() - begun;"
    )
    bench.open()
    expect(bench.card(1).locator("due-clock")).to_contain_text("20min")
    assert at(40) + timedelta(minutes=20) == at(60)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1180, 390])
def test_nothing_for_axe_to_say(
    bench: Bench, clinic: Clinic, nurse: Actor, scheme: Any, width: int
) -> None:
    visit = seat(clinic)
    running(visit, nurse)
    premedicate(seat(clinic, mrn="MRN-2", position=2), nurse)
    expect_patient(clinic, mrn="MRN-3", position=3)
    bench.wait_until(61)
    bench.page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    bench.page.set_viewport_size({"width": width, "height": 820})
    page = bench.open()
    found = {"board": Axe().run(page).response["violations"]}
    bench.card(1).get_by_role("link", name="Rate now").tap()
    expect(page.locator("dialog#dialog form")).to_be_visible()
    found["dialog"] = Axe().run(page).response["violations"]
    bench.open(f"visits/{visit.pk}/chair/")
    found["chair"] = Axe().run(page).response["violations"]
    bench.open(f"visits/{visit.pk}/chair/vitals/")
    found["form"] = Axe().run(page).response["violations"]
    assert {where: [item["id"] for item in items] for where, items in found.items()} == {
        "board": [], "dialog": [], "chair": [], "form": [],
    }  # fmt: skip
