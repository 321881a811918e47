"""The bag at the chair: the right product, in time, whole; and once it is charted, never lost."""

from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any
from uuid import uuid4

import pytest

from clinical.beyond_use import Kept, Place
from clinical.protocol import load
from clinics.models import Clinic
from core.actor import Actor
from core.errors import Conflict, Invalid, Refusal, RuleBroken
from infusion import record
from infusion.bag import Bag, Vial, bag_findings
from infusion.chart import Charted
from infusion.models import Infusion, InfusionEvent
from infusion.services.amending import amend_event, take_back
from infusion.services.preparing import chart_bag, check_bag
from infusion.services.running import pause, resume
from scheduling.models import Visit
from tests.infusion.builders import (
    TODAY,
    at,
    bag_at_chair,
    colleague,
    good_bag,
    premedicate,
    prepare,
    running,
    seat,
    start,
)

PROTOCOL = load()
EIGHT_HOURS = 8 * 60


@pytest.fixture
def visit(clinic: Clinic) -> Visit:
    return seat(clinic)


def chart(visit: Visit, nurse: Actor, bag: Bag, *, minute: float = 0, **changes: Any) -> Charted:
    fields: dict[str, Any] = {
        "visit_id": visit.pk, "event_id": uuid4(), "bag": bag, "replaces": None,
        "occurred_at": at(minute), "actor": nurse, "now": at(minute),
    }  # fmt: skip
    return chart_bag(**(fields | changes))


def kept(*spans: tuple[Place, float]) -> dict[str, Any]:
    """The storage of a bag, by the minutes after nine at which each span began."""
    return {
        "prepared_at": at(spans[0][1]),
        "storage": tuple(Kept(place=place, since=at(minute)) for place, minute in spans),
    }


def rules(refused: pytest.ExceptionInfo[RuleBroken]) -> set[str]:
    return {finding.id for finding in refused.value.findings}


def test_a_bag_is_charted_as_it_is(visit: Visit, nurse: Actor) -> None:
    bag = good_bag(visit, volume_ml=Fraction(520))
    charted = chart(visit, nurse, bag)
    event = InfusionEvent.objects.get(pk=charted.event_id)
    assert Bag.read(event.values) == bag
    assert Infusion.objects.get().volume_ml == Decimal(520), "what runs is what is in the bag"
    assert InfusionEvent.objects.get().recorded_by_id == nurse.user_id


@pytest.mark.parametrize("changes", [{"labelled_mg": 920}, {"route": "SC"}])
def test_h17_the_product_for_under_the_skin_is_never_a_bag(
    visit: Visit, nurse: Actor, changes: dict[str, Any]
) -> None:
    """H17: 920 mg on the label, or the wrong route, is another medicine."""
    with pytest.raises(RuleBroken) as refused:
        chart(visit, nurse, good_bag(visit, **changes))
    assert rules(refused) == {"PRODUCT-SUBCUTANEOUS"}
    assert not InfusionEvent.objects.exists()


@pytest.mark.parametrize(
    ("expires", "accepted"), [(TODAY, True), (TODAY - timedelta(days=1), False)]
)
def test_h15_a_vial_may_be_used_on_its_last_day_and_not_after(
    visit: Visit, nurse: Actor, expires: date, *, accepted: bool
) -> None:
    """H15: an expired lot is refused, whichever of the two vials it is."""
    fresh = Vial(lot="B7001", expires_on=date(2027, 6, 30))
    bag = good_bag(visit, vials=(fresh, Vial(lot="B6000", expires_on=expires)))
    if accepted:
        assert chart(visit, nurse, bag)
        return
    with pytest.raises(RuleBroken) as refused:
        chart(visit, nurse, bag)
    assert rules(refused) == {"VIAL-EXPIRED"}


@pytest.mark.parametrize(
    ("minutes_old", "accepted"), [(EIGHT_HOURS - 1, True), (EIGHT_HOURS, False)]
)
def test_h15_a_bag_is_refused_from_the_minute_its_time_is_over(
    visit: Visit, nurse: Actor, minutes_old: int, *, accepted: bool
) -> None:
    """H15: eight hours at room temperature, counted to the minute."""
    bag = good_bag(visit, **kept((Place.ROOM, -minutes_old)))
    if accepted:
        assert chart(visit, nurse, bag)
        return
    with pytest.raises(RuleBroken) as refused:
        chart(visit, nurse, bag)
    assert rules(refused) == {"BAG-BEYOND-USE"}


def test_hours_in_the_fridge_do_not_count_as_hours_in_the_room(visit: Visit, nurse: Actor) -> None:
    bag = good_bag(visit, **kept((Place.ROOM, -1200), (Place.FRIDGE, -1140), (Place.ROOM, -30)))
    chart(visit, nurse, bag)
    assert bag.use_by(PROTOCOL) == at(-30 + 7 * 60), "an hour was used before the fridge"


@pytest.mark.parametrize(
    ("changes", "rule"),
    [
        ({"vials": (Vial(lot="B7001", expires_on=date(2027, 6, 30)),)}, "BAG-VIALS"),
        ({"vials": (Vial(lot=" ", expires_on=date(2027, 6, 30)),) * 2}, "VIAL-LOT"),
        ({"discoloured": True}, "BAG-APPEARANCE"),
        ({"foreign_particles": True}, "BAG-APPEARANCE"),
        ({"volume_ml": Fraction(250)}, "BAG-CONCENTRATION"),
        ({"volume_ml": Fraction(546)}, "BAG-CONCENTRATION"),
    ],
)
def test_a_bag_that_is_not_as_it_should_be_is_refused(
    visit: Visit, nurse: Actor, changes: dict[str, Any], rule: str
) -> None:
    with pytest.raises(RuleBroken) as refused:
        chart(visit, nurse, good_bag(visit, **changes))
    assert rules(refused) == {rule}
    assert not Infusion.objects.exists(), "a refused first entry leaves no row"


def test_the_widest_bag_that_still_holds_the_concentration_passes(
    visit: Visit, nurse: Actor
) -> None:
    assert chart(visit, nurse, good_bag(visit, volume_ml=Fraction(545)))


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"drug": "natalizumab"}, "drug"),
        ({"labelled_mg": 600}, "labelled_mg"),
        ({"dose_mg": 300}, "dose_mg"),
        ({"volume_ml": Fraction(0)}, "volume_ml"),
        ({"filter_micron": "5"}, "filter_micron"),
        ({"dedicated_line": False}, "dedicated_line"),
        (kept((Place.ROOM, 1)), "storage"),
        (kept((Place.FRIDGE, -60)), "storage"),
        (kept((Place.ROOM, -60), (Place.FRIDGE, -90), (Place.ROOM, -30)), "storage"),
        ({"prepared_at": at(-20)}, "storage"),
        ({"storage": ()}, "storage"),
    ],
)
def test_what_is_left_out_or_cannot_be_names_its_field(
    visit: Visit, nurse: Actor, changes: dict[str, Any], field: str
) -> None:
    with pytest.raises(Invalid) as refused:
        chart(visit, nurse, good_bag(visit, **changes))
    assert set(refused.value.fields) == {field}


def test_the_brand_names_the_same_medicine(visit: Visit, nurse: Actor) -> None:
    assert chart(visit, nurse, good_bag(visit, drug=" OCREVUS "))


def test_another_bag_replaces_the_first_only_knowingly(visit: Visit, nurse: Actor) -> None:
    first = chart(visit, nurse, good_bag(visit))
    with pytest.raises(Conflict, match="meanwhile"):
        chart(visit, nurse, good_bag(visit), minute=1)
    with pytest.raises(Conflict, match="meanwhile"):
        chart(visit, nurse, good_bag(visit), minute=1, replaces=uuid4())
    other = good_bag(visit, vials=(Vial(lot="B9000", expires_on=date(2027, 1, 31)),) * 2)
    chart(visit, nurse, other, minute=2, replaces=first.event_id)
    bag = record.bag_of(InfusionEvent.objects.all())
    assert bag is not None
    assert bag.vials[0].lot == "B9000"


def test_a_bag_charted_for_earlier_would_count_for_nothing(visit: Visit, nurse: Actor) -> None:
    first = chart(visit, nurse, good_bag(visit), minute=5)
    with pytest.raises(Invalid) as refused:
        chart(visit, nurse, good_bag(visit), minute=9, occurred_at=at(4), replaces=first.event_id)
    assert set(refused.value.fields) == {"occurred_at"}
    assert chart(
        visit, nurse, good_bag(visit), minute=9, occurred_at=at(5), replaces=first.event_id
    )


def test_the_same_tap_is_the_same_bag(visit: Visit, nurse: Actor) -> None:
    tap, bag = uuid4(), good_bag(visit)
    first = chart(visit, nurse, bag, event_id=tap)
    again = chart(visit, nurse, bag, event_id=tap, now=at(3))
    assert (first.repeated, again.repeated) == (False, True)
    assert InfusionEvent.objects.count() == 1


def test_nothing_is_hung_once_the_line_runs(visit: Visit, nurse: Actor) -> None:
    running(visit, nurse)
    with pytest.raises(Conflict, match="has started"):
        chart(visit, nurse, good_bag(visit, minute=31), minute=31)


def test_margins_are_those_to_the_bags_own_use_by_time(visit: Visit, nurse: Actor) -> None:
    prepare(visit, nurse, without={"bag", "bag_check"})
    bag_at_chair(visit, nurse, **kept((Place.ROOM, -60)))
    infusion = Infusion.objects.select_related("visit__course").get()
    events = list(infusion.events.all())
    state = record.run_state(infusion, infusion.visit.own_course, events, now=at(0))
    assert state.margin is None, "nothing runs yet"
    premedicate(visit, nurse)
    second = InfusionEvent.objects.get(kind="bag")
    check_bag(
        visit_id=visit.pk, event_id=uuid4(), bag_id=second.pk, all_match=True,
        occurred_at=at(1), actor=colleague(visit.clinic), now=at(1),
    )  # fmt: skip
    infusion = start(visit, nurse)
    events = list(infusion.events.all())
    state = record.run_state(infusion, visit.own_course, events, now=at(30))
    assert state.projected_end == at(30 + 210)
    assert state.margin == timedelta(minutes=(7 * 60) - (30 + 210))


def test_a_pause_is_charted_whatever_it_does_to_the_bag(visit: Visit, nurse: Actor) -> None:
    infusion = running(visit, nurse)
    for minute, act, more in (
        (40, pause, {"reason": "Scan"}),
        (400, resume, {"rate_ml_h": Decimal(40)}),
    ):
        act(
            infusion_id=infusion.pk, event_id=uuid4(), occurred_at=at(minute), actor=nurse,
            now=at(minute), **more,
        )  # fmt: skip
    state = record.run_state(infusion, visit.own_course, infusion.events.all(), now=at(400))
    assert "BEYOND-USE-PASSED" in {item.id for item in state.warnings}


def amend(bag: InfusionEvent, nurse: Actor, **changes: Any) -> Charted:
    fields: dict[str, Any] = {
        "event_id": uuid4(), "amends": bag.pk, "reason": "Read again", "actor": nurse,
        "now": at(100),
    }  # fmt: skip
    return amend_event(**(fields | changes))


def test_a_bag_that_runs_is_corrected_and_never_taken_back(visit: Visit, nurse: Actor) -> None:
    infusion = running(visit, nurse)
    bag = infusion.events.get(kind="bag")
    with pytest.raises(Conflict, match="was started"):
        amend(bag, nurse, withdrawn=True)
    amend(bag, nurse, values={"volume_ml": "520"})
    infusion.refresh_from_db()
    assert infusion.volume_ml == Decimal(520)


def test_a_bag_charted_by_a_slip_can_be_taken_back_before_the_start(
    visit: Visit, nurse: Actor
) -> None:
    charted = chart(visit, nurse, good_bag(visit))
    take_back(event_id=uuid4(), entry=charted.event_id, actor=nurse, now=at(0.2))
    assert record.bag_of(InfusionEvent.objects.all()) is None
    assert chart(visit, nurse, good_bag(visit), minute=1)


@pytest.mark.parametrize(
    "values",
    [
        {"vials": "B7001"},
        {"volume_ml": "0"},
        {"volume_ml": "full"},
        {"prepared_at": "yesterday"},
        {"storage": []},
        {"dose_mg": None},
    ],
)
def test_a_correction_that_no_bag_could_be_is_refused(
    visit: Visit, nurse: Actor, values: dict[str, Any]
) -> None:
    """One unreadable bag would take the whole board away."""
    chart(visit, nurse, good_bag(visit))
    with pytest.raises(Refusal):
        amend(InfusionEvent.objects.get(), nurse, values=values)
    assert record.bag_of(InfusionEvent.objects.all()) is not None


def test_a_corrected_dose_is_a_number_again(visit: Visit, nurse: Actor) -> None:
    chart(visit, nurse, good_bag(visit))
    amend(InfusionEvent.objects.get(), nurse, values={"dose_mg": "300"})
    bag = record.bag_of(InfusionEvent.objects.all())
    assert bag is not None
    assert bag.dose_mg == 300
    found = bag_findings(PROTOCOL, bag, on=TODAY, at=at(0))
    assert {item.id for item in found} >= {"BAG-VIALS", "BAG-CONCENTRATION"}


def test_a_correction_before_the_start_wants_the_second_check_again(
    visit: Visit, nurse: Actor
) -> None:
    prepare(visit, nurse)
    premedicate(visit, nurse)
    amend(InfusionEvent.objects.get(kind="bag"), nurse, values={"volume_ml": "510"}, now=at(5))
    with pytest.raises(RuleBroken) as refused:
        start(visit, nurse)
    assert rules(refused) == {"BAG-CHECK-MISSING"}


def test_a_correction_that_tells_an_expired_lot_stops_the_start(visit: Visit, nurse: Actor) -> None:
    """The truth is charted; the start is judged by it."""
    prepare(visit, nurse)
    premedicate(visit, nurse)
    old = InfusionEvent.objects.get(kind="bag")
    vials = [{**row, "expires_on": "2026-03-01"} for row in old.values["vials"]]
    amend(old, nurse, values={"vials": vials}, now=at(5))
    with pytest.raises(RuleBroken) as refused:
        start(visit, nurse, reason="It looks fine")
    assert rules(refused) == {"VIAL-EXPIRED", "BAG-CHECK-MISSING"}
