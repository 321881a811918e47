"""Whole visits under a nurse's thumb: nothing is charted but through the pages."""

from collections.abc import Callable, Mapping
from fractions import Fraction
from uuid import uuid4

import pytest
from playwright.sync_api import Locator, Page, expect

from clinical.beyond_use import Kept, Place
from clinical.titration import RatePlan
from clinics.access import standing_of
from clinics.models import Clinic, Role, User
from core.actor import Actor
from infusion import record
from infusion.models import Infusion
from infusion.services.preparing import check_bag
from scheduling.models import Course, Visit
from tests.browser.ward.ward import Tablet, Ward, at_rest, chair, waiting
from tests.infusion.builders import at, bag_at_chair, colleague, premedicate, prepare, seat
from tests.people import make_user

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

SAFE: dict[str, str | bool] = {
    "infection": "no", "pregnancy": "no", "contraception": "yes", "neurological": "no",
    "diarrhoea": "no", "vaccination": "no", "liver": "no",
}  # fmt: skip
BAG: dict[str, str | bool] = {
    "drug": "ocrelizumab", "route": "IV", "labelled_mg": "300", "vial_1_lot": "B7001",
    "vial_1_expires": "2027-06-30", "prepared_time": "09:45", "storage": "room", "look": "clear",
    "filter_micron": "0.2", "dedicated_line": True,
}  # fmt: skip
VITALS: dict[str, str | bool] = {
    "systolic": "121", "diastolic": "78", "heart_rate": "70", "spo2": "98",
    "respiratory_rate": "14", "temperature_c": "36.6",
}  # fmt: skip
NURSE = "first@north.example"


@pytest.fixture
def early(ward: Ward) -> Ward:
    """The ward at nine, before anybody is given anything."""
    ward.pass_time(-40 * 60)
    return ward


@pytest.fixture
def tablet_of(ward: Ward) -> Callable[[str], Tablet]:
    def hand(email: str) -> Tablet:
        found = User.objects.filter(email=email).first()
        return ward.tablet(found or make_user(ward.clinic, Role.NURSE, email=email))

    return hand


def fill(form: Locator, values: Mapping[str, str | bool]) -> None:
    """Fill in a form as a person does, whatever kind of field each is."""
    for name, value in values.items():
        field = form.locator(f"[name={name}]")
        if value is True:
            field.check()
        elif field.first.get_attribute("type") in {"radio", "checkbox"}:
            form.locator(f"[name={name}][value='{value}']").check()
        elif field.evaluate("each => each.tagName") == "SELECT":
            field.select_option(str(value))
        else:
            field.fill(str(value))


def do(page: Page, act: str, **values: str | bool) -> None:
    """Tap an act, fill in its form, confirm, and see the dialog go."""
    at_rest(page)
    page.locator(f"#act-{act}").tap()
    dialog = page.locator("dialog#dialog")
    expect(dialog.locator("form")).to_be_visible()
    fill(dialog, values)
    dialog.locator("button[type=submit]").tap()
    expect(dialog).not_to_be_visible()
    while waiting(page):
        page.wait_for_timeout(100)
    at_rest(page)


def infusion_of(visit: Visit) -> Infusion:
    return Infusion.objects.select_related("visit__course").get(visit=visit)


def plan_of(visit: Visit) -> RatePlan:
    infusion = infusion_of(visit)
    return record.plan_of(infusion, infusion.visit.own_course)


def rates(visit: Visit) -> list[Fraction]:
    """Every rate that ran, in order."""
    infusion = infusion_of(visit)
    events = infusion.events.filter(kind__in=["started", "rate_changed", "resumed"])
    return [Fraction(row.values["rate_ml_h"]) for row in events.order_by("occurred_at")]


def minute(ward: Ward) -> float:
    """The clinic's clock, in minutes after nine."""
    return (ward.now() - at(0)).total_seconds() / 60


def climb(ward: Ward, page: Page, visit: Visit) -> float:
    """Take vital signs and confirm every step once it has opened; return when the bag is empty."""
    for step in plan_of(visit).steps[:-1]:
        ward.until(minute(ward) + float((step.ends_s - step.starts_s) / 60) + 0.1)
        page.reload(wait_until="load")
        do(page, "vitals", **VITALS)
        do(page, "rate")
    infusion = infusion_of(visit)
    run = record.run_state(
        infusion, infusion.visit.own_course, infusion.events.all(), now=ward.now()
    )
    assert run.projected_end is not None
    return (run.projected_end - at(0)).total_seconds() / 60 + 1


def finish(ward: Ward, page: Page, *, empty: float) -> None:
    """Chart the end, the two looks after it, and see the patient out."""
    ward.until(empty)
    page.reload(wait_until="load")
    do(page, "complete")
    for after in (30, 60):
        ward.until(empty + after)
        page.reload(wait_until="load")
        do(page, "vitals", **VITALS)
    ward.until(empty + 61)
    page.reload(wait_until="load")
    do(page, "discharge", line_removed=True, advice_given=True)


def test_a_first_dose_from_the_chair_to_the_door(
    early: Ward, tablet_of: Callable[[str], Tablet]
) -> None:
    """A standard 300 mg visit."""
    visit = seat(early.clinic, number=1, dose_mg=300)
    first, second = tablet_of(NURSE), tablet_of("second@north.example")
    before = f"visits/{visit.pk}/before/"
    page = first.open(before)
    expect(page.get_by_text("still stand in the way")).to_be_visible()
    do(page, "checklist", **SAFE)
    do(page, "access", site="left forearm", gauge="22 G", attempts="1")
    do(page, "bag", **BAG)
    do(second.open(before), "bag_check", all_match=True)
    page = first.open(before)
    do(page, "vitals", **VITALS)
    do(page, "premedicate", drug="methylprednisolone", dose_mg="100", route="IV")
    do(page, "premedicate", drug="cetirizine", dose_mg="10", route="oral")
    early.until(31)
    page = first.open(before)
    do(page, "start", two_identifiers_checked=True)
    page = first.open(chair(visit))
    empty = climb(early, page, visit)
    finish(early, page, empty=empty)
    infusion = infusion_of(visit)
    assert infusion.status == Infusion.Status.DISCHARGED
    assert rates(visit) == [step.rate_ml_h for step in plan_of(visit).steps]
    people = set(infusion.events.values_list("recorded_by__email", flat=True))
    assert people == {NURSE, "second@north.example"}
    visit.refresh_from_db()
    assert visit.status == Visit.Status.COMPLETED
    page = first.open(f"visits/{visit.pk}/record/")
    for words in ("B7001", "left forearm", "methylprednisolone"):
        expect(page.get_by_text(words).first).to_be_visible()


def first_nurse(clinic: Clinic) -> Actor:
    user = make_user(clinic, Role.NURSE, email=NURSE)
    return standing_of(user, clinic.slug).actor


def test_a_two_hour_visit(early: Ward, tablet_of: Callable[[str], Tablet]) -> None:
    """600 mg by the short table."""
    visit, nurse = seat(early.clinic), first_nurse(early.clinic)
    prepare(visit, nurse)
    premedicate(visit, nurse)
    early.until(31)
    tablet = tablet_of(NURSE)
    page = tablet.open(f"visits/{visit.pk}/before/")
    do(page, "start", rate_option="short", two_identifiers_checked=True)
    page = tablet.open(chair(visit))
    empty = climb(early, page, visit)
    finish(early, page, empty=empty)
    infusion = infusion_of(visit)
    assert infusion.started_at is not None
    assert infusion.ended_at is not None
    assert infusion.status == Infusion.Status.DISCHARGED
    assert 120 <= (infusion.ended_at - infusion.started_at).total_seconds() / 60 < 130
    assert rates(visit) == [100, 200, 250, 300]


def test_a_mild_reaction(ward: Ward, tablet: Tablet, visit: Visit) -> None:
    """Half of the rate, half an hour and no symptoms, then up again."""
    ward.until(61)
    page = tablet.open(chair(visit))
    do(page, "vitals", **VITALS)
    do(page, "rate")
    ward.until(75)
    page.reload(wait_until="load")
    page.locator("#act-reaction").tap()
    expect(page.get_by_text("Stop or slow the pump now.").first).to_be_visible()
    do(page, "assess", grade="1", signs="rash")
    do(page, "rate")
    ward.until(85)
    page.reload(wait_until="load")
    do(page, "resolved")
    ward.until(90)
    page.reload(wait_until="load")
    page.locator("#act-rate").tap()
    page.locator("dialog#dialog button[type=submit]").tap()
    expect(page.locator("dialog#dialog")).to_contain_text("the time at the rate before")
    ward.until(106)
    page.reload(wait_until="load")
    do(page, "vitals", **VITALS)
    do(page, "rate")
    _, second, half, *rest = rates(visit)
    assert (half, len(rest)) == (second / 2, 1)
    assert second / 2 < rest[0] <= second


def test_a_severe_reaction(ward: Ward, tablet: Tablet, visit: Visit) -> None:
    """Stopped, treated, and restarted at half only when every symptom has gone."""
    ward.until(70)
    page = tablet.open(chair(visit))
    page.locator("#act-reaction").tap()
    expect(page.get_by_text("Stop or slow the pump now.").first).to_be_visible()
    do(page, "pause", reason="Reaction")
    do(page, "assess", grade="3")
    ward.until(75)
    page.reload(wait_until="load")
    page.locator("#act-resume").tap()
    page.locator("dialog#dialog button[type=submit]").tap()
    expect(page.locator("dialog#dialog")).to_contain_text("symptoms open")
    ward.until(90)
    page.reload(wait_until="load")
    do(page, "resolved")
    do(page, "resume")
    before, after = rates(visit)
    assert after == before / 2


def test_a_life_threatening_reaction(ward: Ward, tablet: Tablet, visit: Visit) -> None:
    """The infusion ends, the course is over, and the page says so."""
    ward.until(70)
    page = tablet.open(chair(visit))
    page.locator("#act-reaction").tap()
    expect(page.get_by_text("Stop or slow the pump now.").first).to_be_visible()
    page.locator("#act-assess").tap()
    dialog = page.locator("dialog#dialog")
    dialog.locator("[name=signs][value=anaphylaxis]").check()
    dialog.locator("button[type=submit]").tap()
    expect(dialog.locator("label[for=id_for_good]")).to_contain_text("over for good")
    dialog.locator("[name=for_good]").check()
    dialog.locator("button[type=submit]").tap()
    expect(page.get_by_text("Treatment is over for good.")).to_be_visible()
    expect(page.locator("#act-resume")).to_have_count(0)
    assert Course.objects.get().status == Course.Status.PERMANENTLY_DISCONTINUED
    assert infusion_of(visit).status == Infusion.Status.OBSERVING


def test_a_bag_that_will_expire(early: Ward, tablet_of: Callable[[str], Tablet]) -> None:
    """H15: the margin is on the page, a pause eats it up, and the page says so."""
    visit, nurse = seat(early.clinic), first_nurse(early.clinic)
    prepare(visit, nurse, without={"bag"})
    premedicate(visit, nurse)
    made_at = at(-195)
    bag = bag_at_chair(
        visit, nurse, prepared_at=made_at, storage=(Kept(place=Place.ROOM, since=made_at),)
    )
    check_bag(
        visit_id=visit.pk, event_id=uuid4(), bag_id=bag, all_match=True, occurred_at=at(1),
        actor=colleague(early.clinic), now=at(1),
    )  # fmt: skip
    early.until(31)
    tablet = tablet_of(NURSE)
    do(tablet.open(f"visits/{visit.pk}/before/"), "start", two_identifiers_checked=True)
    page = tablet.open(chair(visit))
    expect(page.get_by_text("Margin to use-by")).to_be_visible()
    expect(page.get_by_text("after the beyond-use time")).to_have_count(0)
    do(page, "pause", reason="The line is kinked")
    early.until(80)
    page.reload(wait_until="load")
    expect(page.get_by_text("after the beyond-use time").first).to_be_visible()
