"""The chair's own page under two pairs of eyes, in silence, and after a sleep."""

import re
from datetime import timedelta
from uuid import uuid4

import pytest
from playwright.sync_api import Page, Route, expect

from clinics.models import Role
from core.actor import Actor
from infusion.models import Infusion
from infusion.services import running as services
from scheduling.models import Visit
from tests.browser.ward.ward import WAKE, Tablet, Ward, chair, chart_vitals
from tests.people import make_user

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
STATE = "connection-state [data-label]"


@pytest.fixture
def second(ward: Ward, visit: Visit) -> Tablet:
    """Another nurse at the same patient."""
    return ward.tablet(make_user(ward.clinic, Role.NURSE, email="second@north.example"))


def chart_a_reading(visit: Visit, nurse: Actor, ward: Ward) -> None:
    """A colleague charts elsewhere what changes this page."""
    services.chart_vitals(
        infusion_id=Infusion.objects.get(visit=visit).pk, event_id=uuid4(),
        occurred_at=ward.now(), vitals={"systolic": 131}, actor=nurse, now=ward.now(),
    )  # fmt: skip


def confirm_rate(page: Page) -> None:
    dialog = page.locator("dialog#dialog")
    dialog.get_by_role("button", name=re.compile("Confirm")).tap()


def test_what_one_nurse_charts_the_other_sees_within_one_poll(
    ward: Ward, tablet: Tablet, second: Tablet, visit: Visit
) -> None:
    """H1: a stale page read as current."""
    mine, theirs = tablet.open(chair(visit)), second.open(chair(visit))
    chart_vitals(mine, 131)
    ward.pass_time(10)
    expect(theirs.locator("#chair")).to_contain_text("131")
    expect(mine.locator("#chair")).to_contain_text("131")


def test_a_quiet_page_is_left_alone(ward: Ward, tablet: Tablet, visit: Visit) -> None:
    page = tablet.open(chair(visit))
    page.evaluate("document.querySelector('#chair').dataset.mine = 'kept'")
    with page.expect_response("**/chair/live/**") as polled:
        page.evaluate(WAKE)
    assert polled.value.status == 204
    assert page.evaluate("document.querySelector('#chair').dataset.mine") == "kept"


def test_what_a_poll_brings_answers_a_tap_at_once(
    ward: Ward, tablet: Tablet, visit: Visit, nurse: Actor
) -> None:
    """Not as a plain link, which would lead away from the chair."""
    page = tablet.open(chair(visit))
    page.evaluate(
        """() => document.addEventListener('htmx:afterSwap', () => queueMicrotask(() => {
          const tap = new MouseEvent('click', { bubbles: true, cancelable: true });
          document.querySelector('#act-vitals').dispatchEvent(tap);
          document.documentElement.dataset.answered = tap.defaultPrevented;
          tap.preventDefault();
        }), { once: true })"""
    )
    chart_a_reading(visit, nurse, ward)
    page.evaluate(WAKE)
    expect(page.locator("html")).to_have_attribute("data-answered", "true")


def test_an_answer_that_comes_too_late_takes_nothing_typed_away(
    ward: Ward, tablet: Tablet, visit: Visit, nurse: Actor
) -> None:
    """The form kept ready has opened meanwhile, and a poll has taken the tapped link away."""
    page = tablet.open(chair(visit))
    tablet.ready()
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    page.route(re.compile(r"/chair/vitals/\?"), hold)
    page.locator("#act-vitals").tap()
    chart_a_reading(visit, nurse, ward)
    page.evaluate(WAKE)
    expect(page.locator("#chair")).to_contain_text("131")
    ward.pass_time(4)
    typed = page.locator("dialog#dialog").get_by_label("Systolic pressure")
    typed.fill("117")
    held.pop().continue_()
    page.wait_for_timeout(500)
    expect(typed).to_have_value("117")


def test_an_open_dialog_outlives_a_poll_and_what_is_stale_in_it_is_refused(
    ward: Ward, tablet: Tablet, second: Tablet, visit: Visit
) -> None:
    ward.until(61)
    mine, theirs = tablet.open(chair(visit)), second.open(chair(visit))
    for page in (mine, theirs):
        page.locator("#act-rate").tap()
        expect(page.locator("dialog#dialog form")).to_be_visible()
    mine.get_by_text("Another rate, another time").tap()
    mine.get_by_label("Reason").fill("typed before the poll")
    confirm_rate(theirs)
    expect(theirs.locator("dialog#dialog")).not_to_be_visible()
    with mine.expect_response("**/chair/live/**") as polled:
        mine.evaluate(WAKE)
    assert polled.value.status == 200
    expect(mine.locator("#chair")).to_contain_text("80\u00a0mL/h")
    expect(mine.get_by_label("Reason")).to_have_value("typed before the poll")
    confirm_rate(mine)
    expect(mine.locator("dialog#dialog")).to_contain_text("already")
    assert Infusion.objects.get().events.filter(kind="rate_changed").count() == 1


@pytest.mark.parametrize("where", ["board/", "chair"])
def test_silence_is_seen_within_thirty_seconds(
    ward: Ward, tablet: Tablet, visit: Visit, where: str
) -> None:
    """The wifi icon is full and nothing answers: nobody tells the browser that it is offline."""
    page = tablet.open(chair(visit) if where == "chair" else where)
    expect(page.locator(STATE)).to_contain_text("Connected")
    page.route("**/*", lambda route: route.abort())
    for _ in range(6):
        ward.pass_time(5)
        page.wait_for_timeout(50)
    expect(page.locator(STATE)).to_have_text(re.compile(r"Offline since 10:4\d"))
    expect(page.locator(".offline-note").first).to_be_visible()
    clock = page.locator("due-clock.clock--card").first
    expect(clock).to_have_attribute("data-as-of", re.compile(r"as of 10:4\d"))
    assert float(clock.evaluate("each => getComputedStyle(each).opacity")) < 1
    page.unroute("**/*")
    ward.pass_time(6)
    expect(page.locator(STATE)).to_contain_text("Connected")
    expect(clock).not_to_have_attribute("data-as-of", re.compile("."))


@pytest.mark.parametrize("where", ["board/", "chair"])
def test_a_page_that_slept_ten_minutes_tells_the_time_when_it_wakes(
    ward: Ward, tablet: Tablet, visit: Visit, where: str
) -> None:
    """H7: a sleeping tablet. Nothing ran meanwhile, not even its timers."""
    page = tablet.open(chair(visit) if where == "chair" else where)
    clock = page.locator("due-clock.clock--card").first
    expect(clock).to_contain_text("20min")
    ward.wall.shift(600)
    tablet.context.clock.set_system_time(ward.now())
    with page.expect_response(re.compile("/live/")) as polled:
        page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
        expect(clock).to_contain_text("10min")
    assert polled.value.ok
    expect(page.locator(STATE)).to_contain_text("Connected · updated 10:5")


@pytest.mark.parametrize("minutes", [3, -3])
def test_countdowns_keep_the_servers_time_when_the_tablets_clock_is_set(
    ward: Ward, tablet: Tablet, visit: Visit, minutes: int
) -> None:
    """H6: somebody sets the tablet's clock while the page is open."""
    page = tablet.open(chair(visit))
    clock = page.locator("due-clock.clock--card").first
    expect(clock).to_contain_text("20min")
    tablet.context.clock.set_system_time(ward.now() + timedelta(minutes=minutes))
    with page.expect_response(re.compile("/live/")):
        page.evaluate(WAKE)
    expect(clock).to_contain_text("20min")
