"""Poor wifi at the chair: what a nurse taps is charted once, whatever the network does."""

import random
import re
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from playwright.sync_api import Page, Route, expect

from clinics.models import Role, User
from core.actor import Actor
from core.models import AuditEntry
from infusion.models import Infusion, InfusionEvent
from infusion.services.running import change_rate
from scheduling.models import Booking, Visit
from tests.browser.ward.ward import DUMP, Tablet, Ward, chair, chart_vitals, taken
from tests.infusion.builders import at, running, seat
from tests.infusion.builders import expect as expect_patient
from tests.people import make_user

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
CHIP = "out-box a"


def test_a_tap_without_wifi_is_kept_shown_and_charted_at_its_own_time(
    ward: Ward, tablet: Tablet, visit: Visit
) -> None:
    """H10: a queued entry is not lost, and counts from the tap."""
    page = tablet.open(chair(visit))
    tablet.ready()
    tablet.lose_wifi()
    chart_vitals(page, 118)
    expect(page.locator(CHIP)).to_have_text("1 entry not saved yet")
    expect(page.locator(".unsaved")).to_contain_text(re.compile(r"Not saved yet: Vitals 10:40"))
    expect(page.locator("connection-state [data-label]")).to_contain_text("Offline since 10:40")
    ward.pass_time(9 * 60)
    assert taken() == []
    tablet.find_wifi()
    tablet.drain()
    (event,) = taken()
    assert abs(event.occurred_at - at(40)) < timedelta(minutes=1)
    assert event.recorded_at - event.occurred_at > timedelta(minutes=8)
    expect(page.locator(CHIP)).to_be_hidden()
    expect(page.locator(".unsaved")).to_have_count(0)
    assert "Late entry" in tablet.open(chair(visit)).content()


def test_the_boards_next_act_opens_and_is_charted_without_wifi(
    ward: Ward, tablet: Tablet, visit: Visit
) -> None:
    ward.until(61)
    page = tablet.open()
    next_act = ".chair-card a.button--primary"
    tablet.ready(next_act)
    tablet.lose_wifi()
    page.locator(next_act).tap()
    dialog = page.locator("dialog#dialog")
    expect(dialog.get_by_role("heading")).to_contain_text("DOE, Chair 1")
    if (reading := dialog.get_by_label("Systolic pressure")).count():
        reading.fill("126")
    dialog.locator("button[type=submit]").tap()
    expect(dialog).not_to_be_visible()
    expect(tablet.card(1).locator(".unsaved")).to_contain_text("11:01")
    before = InfusionEvent.objects.count()
    tablet.find_wifi()
    tablet.drain()
    expect(tablet.card(1).locator(".unsaved")).to_have_count(0)
    assert InfusionEvent.objects.count() == before + 1


def test_a_closed_tab_and_a_reload_lose_nothing(ward: Ward, tablet: Tablet, visit: Visit) -> None:
    page = tablet.open(chair(visit))
    tablet.ready()
    tablet.lose_wifi()
    chart_vitals(page, 117)
    chart_vitals(page, 119)
    ward.pass_time(60)
    page.route("**/chair/vitals/", lambda route: route.abort())
    tablet.find_wifi()
    page.reload()
    expect(page.locator(CHIP)).to_have_text("2 entries not saved yet")
    tablet.reopen("needs-review/")
    tablet.drain()
    assert [event.values["systolic"] for event in taken()] == ["117", "119"]


def test_a_double_tap_is_one_entry(tablet: Tablet, visit: Visit) -> None:
    """H2: one tap charted twice."""
    page = tablet.open(chair(visit))
    page.locator("#act-vitals").tap()
    dialog = page.locator("dialog#dialog")
    dialog.get_by_label("Systolic pressure").fill("121")
    dialog.locator("form").evaluate(
        "form => { for (let n = 0; n < 3; n += 1) form.requestSubmit(); }"
    )
    expect(dialog).not_to_be_visible()
    tablet.drain()
    assert len(taken()) == 1


def test_the_server_dies_between_the_act_and_its_answer(tablet: Tablet, visit: Visit) -> None:
    """The act is in the record and its answer never came: sent again, it is the same act."""
    page = tablet.open(chair(visit))
    lost: list[int] = []

    def lose_the_answer(route: Route) -> None:
        if len(lost) < 3:
            lost.append(route.fetch().status)
            route.abort()
        else:
            route.continue_()

    page.route(
        "**/chair/vitals/",
        lambda route: (
            lose_the_answer(route) if route.request.method == "POST" else route.continue_()
        ),
    )
    chart_vitals(page, 122)
    tablet.drain()
    assert lost == [200, 200, 200]
    assert len(taken()) == 1


def test_a_reaction_is_one_tap_without_wifi_and_all_its_signs_are_kept(
    ward: Ward, tablet: Tablet, visit: Visit
) -> None:
    """H8: a reaction not logged while hands are busy."""
    page = tablet.open(chair(visit))
    tablet.lose_wifi()
    page.locator("#act-reaction").tap()
    expect(page.locator(".unsaved")).to_contain_text("Reaction 10:40")
    ward.pass_time(120)
    tablet.find_wifi()
    tablet.drain()
    reaction = InfusionEvent.objects.get(kind="reaction")
    assert abs(reaction.occurred_at - at(40)) < timedelta(minutes=1)
    page = tablet.open(f"{chair(visit)}assess/")
    tablet.lose_wifi()
    signs = page.locator("main form[data-outbox] input[name=signs]")
    typed = [signs.nth(number).get_attribute("value") for number in (0, 2)]
    for number in (0, 2):
        signs.nth(number).check()
    page.locator("main form[data-outbox] input[name=grade]").first.check()
    page.locator("main form[data-outbox] button[type=submit]").tap()
    expect(page.locator(CHIP)).to_have_text("1 entry not saved yet")
    tablet.find_wifi()
    tablet.drain()
    expect(page.locator(CHIP)).to_be_hidden()
    assessed = InfusionEvent.objects.filter(infusion__visit=visit).latest("recorded_at")
    assert sorted(assessed.values["signs"]) == sorted(map(str, typed))


def test_the_tablets_clock_three_minutes_off(ward: Ward, nurse: Actor, visit: Visit) -> None:
    """H6: a tap counts from the server's time, whatever the device believes."""
    user = User.objects.get(pk=str(nurse.user_id))
    for minutes in (3, -3):
        tablet = ward.tablet(user, wrong_by=timedelta(minutes=minutes))
        page = tablet.open(chair(visit))
        tablet.ready()
        tablet.lose_wifi()
        charted_at = ward.now()
        chart_vitals(page, 120 + minutes)
        tablet.find_wifi()
        tablet.drain()
        event = next(row for row in taken() if row.values["systolic"] == str(120 + minutes))
        assert abs(event.occurred_at - charted_at) < timedelta(seconds=30)
        ward.pass_time(60)


def test_an_entry_is_never_sent_as_somebody_else(ward: Ward, tablet: Tablet, visit: Visit) -> None:
    page = tablet.open(chair(visit))
    tablet.ready()
    tablet.lose_wifi()
    chart_vitals(page, 123)
    second = make_user(ward.clinic, Role.NURSE, email="second@north.example")
    tablet.sign_in(second)
    tablet.find_wifi()
    page.wait_for_timeout(1_000)
    assert taken() == [], "the page of the first nurse, under the cookie of the second"
    page = tablet.open()
    expect(page.locator(CHIP)).to_have_text("1 entry of a colleague waits on this device")
    page.wait_for_timeout(1_000)
    assert taken() == []
    tablet.sign_in(tablet.user)
    tablet.open()
    tablet.drain()
    (event,) = taken()
    assert event.recorded_by_id == tablet.user.pk


def test_an_ended_session_keeps_the_entries_and_asks_to_sign_in(
    tablet: Tablet, visit: Visit
) -> None:
    page = tablet.open(chair(visit))
    tablet.ready()
    tablet.lose_wifi()
    chart_vitals(page, 124)
    tablet.context.clear_cookies()
    tablet.find_wifi()
    expect(page.locator(CHIP)).to_have_text("Sign in again to save 1 entry")
    tablet.sign_in(tablet.user)
    tablet.open()
    tablet.drain()
    assert len(taken()) == 1


def test_nobody_signs_out_while_entries_wait(tablet: Tablet, visit: Visit) -> None:
    page = tablet.open(chair(visit))
    tablet.ready()
    tablet.lose_wifi()
    chart_vitals(page, 125)
    page.get_by_label(re.compile("^Menu:")).tap()
    page.get_by_role("button", name="Sign out").tap()
    waits = page.locator("#outbox-waits")
    expect(waits).to_be_visible()
    waits.get_by_role("button", name="Stay signed in").tap()
    tablet.find_wifi()
    tablet.drain()
    page = tablet.open()
    page.get_by_label(re.compile("^Menu:")).tap()
    page.get_by_role("button", name="Sign out").tap()
    page.wait_for_url("**/accounts/**")


def test_an_arrival_without_wifi_counts_from_its_tap(
    ward: Ward, tablet: Tablet, visit: Visit
) -> None:
    coming = expect_patient(ward.clinic, mrn="MRN-2", position=2, from_minute=40)
    page = tablet.open()
    tablet.lose_wifi()
    tablet.card(2).get_by_role("button", name=re.compile("Arrived")).tap()
    expect(page.locator(CHIP)).to_have_text("1 entry not saved yet")
    expect(tablet.card(2).locator(".unsaved")).to_contain_text("Not saved yet: Arrived 10:40")
    ward.pass_time(5 * 60)
    tablet.find_wifi()
    tablet.drain()
    booking = Booking.objects.get(visit=coming)
    assert booking.status == Booking.Status.ARRIVED
    assert booking.arrived_at is not None
    assert abs(booking.arrived_at - at(40)) < timedelta(minutes=1)


def test_an_undo_tapped_without_wifi_still_takes_the_entry_back(
    ward: Ward, tablet: Tablet, visit: Visit
) -> None:
    page = tablet.open(chair(visit))
    tablet.ready()
    chart_vitals(page, 118)
    undo = page.locator("undo-bar").get_by_role("button", name=re.compile("Undo"))
    undo.wait_for()
    tablet.lose_wifi()
    undo.tap()
    expect(page.locator(CHIP)).to_have_text("1 entry not saved yet")
    ward.pass_time(3 * 60)
    tablet.find_wifi()
    tablet.drain()
    kept = InfusionEvent.objects.filter(kind="vitals").order_by("recorded_at").last()
    assert kept is not None
    assert kept.values["withdrawn"] is True


class TestNeedsReview:
    def test_the_sign_out_page_says_what_still_waits_here(
        self, tablet: Tablet, refused: Page
    ) -> None:
        """Typed by its address: the server cannot know what the browser holds."""
        refused.goto(f"{tablet.ward.base}/accounts/logout/")
        warning = refused.locator("sign-out-warning")
        expect(warning).to_contain_text("1 entry on this device is not saved yet")
        expect(refused.get_by_role("button", name="Sign out all the same")).to_be_visible()
        expect(refused.get_by_role("link", name="Stay signed in")).to_have_class(
            re.compile("button--primary")
        )

    @pytest.fixture
    def refused(self, ward: Ward, tablet: Tablet, visit: Visit, nurse: Actor) -> Page:
        """A rate step charted without wifi that a colleague charted meanwhile (H1)."""
        ward.until(61)
        page = tablet.open(chair(visit))
        tablet.ready("#act-rate")
        tablet.lose_wifi()
        change_rate(
            infusion_id=Infusion.objects.get().pk, event_id=uuid4(), rate_ml_h=80,  # type: ignore[arg-type]
            occurred_at=ward.now(), actor=nurse, now=ward.now(),
        )  # fmt: skip
        ward.pass_time(30)
        page.locator("#act-rate").tap()
        page.locator("dialog#dialog").get_by_role("button", name=re.compile("Confirm")).tap()
        expect(page.locator(CHIP)).to_have_text("1 entry not saved yet")
        ward.pass_time(120)
        tablet.find_wifi()
        tablet.drain()
        expect(page.locator(CHIP)).to_have_text("1 entry needs review")
        page.locator(CHIP).tap()
        expect(page.locator(".review__entry")).to_contain_text("DOE, Jane · 04-Mar-1988 · MRN-1")
        expect(page.locator(".review__entry")).to_contain_text("already")
        return page

    def test_a_refused_entry_is_corrected_and_sent(
        self, tablet: Tablet, refused: Page, visit: Visit
    ) -> None:
        refused.get_by_role("link", name="Correct").tap()
        form = refused.locator("main form[data-outbox]")
        form.get_by_label("Another rate (mL/h)").fill("60")
        form.get_by_label("Reason").fill("Small veins")
        form.get_by_role("button", name=re.compile("Confirm")).tap()
        refused.wait_for_url("**/board/")
        tablet.drain()
        expect(refused.locator(CHIP)).to_be_hidden()
        rates = InfusionEvent.objects.filter(kind="rate_changed").order_by("recorded_at")
        assert [row.values["rate_ml_h"] for row in rates] == ["80", "60"]

    def test_a_refused_entry_is_discarded_with_a_reason_and_in_the_ledger(
        self, tablet: Tablet, refused: Page, visit: Visit
    ) -> None:
        refused.get_by_text("Discard", exact=True).tap()
        refused.get_by_label("Why").select_option("charted_by_colleague")
        with refused.expect_response("**/needs-review/discarded/"):
            refused.get_by_role("button", name="Discard this entry").tap()
        expect(refused.locator(".review__entry")).to_have_count(0)
        expect(refused.get_by_text("Nothing needs review")).to_be_visible()
        expect(refused.locator(CHIP)).to_be_hidden()
        entry = AuditEntry.objects.get(action="infusion.entry_discarded")
        assert entry.details["reason"] == "charted_by_colleague"
        assert InfusionEvent.objects.filter(kind="rate_changed").count() == 1

    def test_sent_again_unchanged_it_is_refused_again_and_stays(
        self, tablet: Tablet, refused: Page
    ) -> None:
        refused.get_by_role("button", name="Send again").tap()
        tablet.drain()
        expect(refused.locator(CHIP)).to_have_text("1 entry needs review")
        expect(refused.locator(".review__entry")).to_have_count(1)


def test_nothing_a_browser_keeps_names_anybody(ward: Ward, tablet: Tablet, visit: Visit) -> None:
    """Waiting and refused entries, with a reason typed by hand; then everything that is stored."""
    page = tablet.open(chair(visit))
    tablet.ready()
    tablet.lose_wifi()
    fields = {"back": "board", "at": "", "tapped_at": ""}
    tablet.add(visit.pk, "pause", {**fields, "event_id": uuid4(), "reason": "Jane Doe felt faint"})
    chart_vitals(page, 177)
    kept = page.evaluate(DUMP)
    assert "tapped_at" in kept, "the dump sees the entries"
    for word in ("Doe", "DOE", "Jane", "MRN-1", "1988", "04-Mar", "faint", "177", "ocrelizumab"):
        # By itself: the digits of a number may stand inside somebody's random id.
        assert not re.search(rf"\b{re.escape(word)}\b", kept), word
    tablet.find_wifi()
    tablet.drain()
    assert "tapped_at" not in page.evaluate(DUMP), "what is saved is gone from here"


class Weather:
    """Wifi that fails at random in every way a request can fail."""

    def __init__(self, page: Page, dice: random.Random) -> None:
        self.dice, self.calm = dice, False
        page.route("**/chair/*/", self.meet)

    def meet(self, route: Route) -> None:
        luck = 1.0 if self.calm or route.request.method != "POST" else self.dice.random()
        if luck < 0.04:
            route.abort()  # never got there
        elif luck < 0.08:
            route.fetch()
            route.abort()  # got there, and its answer did not come back
        elif luck < 0.1:
            route.fulfill(status=502, body="bad gateway")
        else:
            route.continue_()


class Storm:
    """Two hundred acts at three chairs: by thumb on the page, and straight into the outbox."""

    def __init__(self, tablet: Tablet, visits: list[Visit], dice: random.Random) -> None:
        self.tablet, self.visits, self.dice = tablet, visits, dice
        self.wanted: dict[str, list[str]] = {str(each.pk): [] for each in visits}
        self.begin()

    def begin(self) -> None:
        """Open the page of the first chair, in bad weather."""
        self.page = self.tablet.reopen(chair(self.visits[0]))
        self.tablet.ready()
        self.weather = Weather(self.page, self.dice)

    def act(self, number: int) -> None:
        """Chart one reading that no other act of the storm has."""
        reading = f"{90 + number % 60}.{number // 60}"
        if self.dice.random() < 0.1:
            self.wanted[str(self.visits[0].pk)].append(reading)
            chart_vitals(self.page, reading)
            return
        visit = self.dice.choice(self.visits)
        self.wanted[str(visit.pk)].append(reading)
        entry = {"event_id": uuid4(), "back": "board", "at": "", "systolic": reading}
        for _ in range(self.dice.choice((1, 1, 2, 3))):
            self.tablet.add(visit.pk, "vitals", entry)

    def charted(self) -> dict[str, list[str]]:
        """What the record says, in the order of the taps."""
        found: dict[str, list[str]] = {str(each.pk): [] for each in self.visits}
        for event in taken():
            found[str(event.infusion.visit_id)].append(event.values["systolic"])
        return found


def test_two_hundred_acts_with_five_minutes_without_wifi_are_charted_once_each(
    ward: Ward, tablet: Tablet, visit: Visit, nurse: Actor
) -> None:
    """H2 and H10: taps and entries, double taps, lost answers, a tab that is closed."""
    dice = random.Random(20260302)
    others = [seat(ward.clinic, mrn=f"MRN-{n}", position=n) for n in (2, 3)]
    for each in others:
        running(each, nurse)
    storm = Storm(tablet, [visit, *others], dice)
    for number in range(200):
        ward.pass_time(dice.choice((0.4, 1.5, 2.5)))
        storm.act(number)
        if number == 60:
            tablet.lose_wifi()
            back_at = ward.now() + timedelta(minutes=5)
        if number == 140:
            ward.pass_time(max(0.0, (back_at - ward.now()).total_seconds()))
            tablet.find_wifi()
        if number == 170:
            storm.begin()
    storm.weather.calm = True
    tablet.drain(120)
    charted = storm.charted()
    for whose, readings in storm.wanted.items():
        assert sorted(charted[whose]) == sorted(readings)
    assert charted == storm.wanted, "in the order of the taps"
    assert sum(map(len, storm.wanted.values())) == 200


def test_without_the_entrys_own_id_a_storm_charts_things_twice(
    tablet: Tablet, visit: Visit
) -> None:
    """The negative control: the same storm, with an id made at every sending."""
    page = tablet.open(chair(visit))
    page.evaluate(
        """() => {
          const box = document.querySelector('out-box');
          const post = box.post.bind(box);
          const anew = ([name, value]) => [name, name === 'event_id' ? crypto.randomUUID() : value];
          box.post = (entry, fields) => post(entry, fields.map(anew));
        }"""
    )
    lost: list[int] = []

    def lose_one(route: Route) -> None:
        if route.request.method == "POST" and not lost:
            lost.append(route.fetch().status)
            route.abort()
        else:
            route.continue_()

    page.route("**/chair/vitals/", lose_one)
    fields: dict[str, Any] = {"event_id": uuid4(), "back": "board", "at": "", "systolic": "120"}
    tablet.add(visit.pk, "vitals", fields)
    tablet.drain()
    assert len(taken()) == 2
