"""While the line runs: what may be charted when, and what needs a reason."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest

from clinics.models import Clinic, Role
from core.actor import Actor
from core.errors import Conflict, Forbidden, Invalid, NotFound, RuleBroken
from infusion import record
from infusion.chart import Charted
from infusion.models import Infusion, InfusionEvent
from infusion.services import running as services
from scheduling.models import Override
from tests.infusion.builders import at, complete, premedicate, running, seat, start
from tests.people import make_actor, make_clinic


@pytest.fixture
def infusion(clinic: Clinic, nurse: Actor) -> Infusion:
    return running(seat(clinic), nurse)


def chart(service: Callable[..., Charted], infusion: Infusion, minute: float, actor: Actor,
          **changes: Any) -> Charted:  # fmt: skip
    fields: dict[str, Any] = {
        "infusion_id": infusion.pk, "event_id": uuid4(), "occurred_at": at(minute),
        "actor": actor, "now": at(minute),
    }  # fmt: skip
    return service(**(fields | changes))


def rate(infusion: Infusion, minute: float, ml_h: int | str, actor: Actor, **more: Any) -> Charted:
    return chart(services.change_rate, infusion, minute, actor, rate_ml_h=Decimal(ml_h), **more)


def pause(infusion: Infusion, minute: float, actor: Actor, **more: Any) -> Charted:
    return chart(services.pause, infusion, minute, actor, **({"reason": "Line kinked"} | more))


def resume(infusion: Infusion, minute: float, ml_h: int, actor: Actor, **more: Any) -> Charted:
    return chart(services.resume, infusion, minute, actor, rate_ml_h=Decimal(ml_h), **more)


def rate_at(infusion: Infusion, minute: float) -> object:
    course = infusion.visit.own_course
    return record.run_state(infusion, course, infusion.events.all(), now=at(minute)).rate_ml_h


def rules(refused: pytest.ExceptionInfo[RuleBroken]) -> set[str]:
    return {finding.id for finding in refused.value.findings}


def test_the_planned_steps_need_no_reason(infusion: Infusion, nurse: Actor) -> None:
    for minute, ml_h in ((60, 80), (90, 120), (120, 160), (150, 200)):
        rate(infusion, minute, ml_h, nurse)
        assert rate_at(infusion, minute) == ml_h
    assert not Override.objects.exists()
    assert list(
        infusion.events.filter(kind="rate_changed")
        .order_by("occurred_at")
        .values_list("values__rate_ml_h", flat=True)
    ) == ["80", "120", "160", "200"]


def test_nothing_rises_by_itself(infusion: Infusion) -> None:
    assert rate_at(infusion, 200) == 40


def test_a_rise_before_its_time_needs_a_reason_and_a_name(infusion: Infusion, nurse: Actor) -> None:
    with pytest.raises(RuleBroken) as refused:
        rate(infusion, 59, 80, nurse)
    assert rules(refused) == {"INCREASE-TOO-SOON"}
    rate(infusion, 59, 80, nurse, reason="Told by Dr Osei")
    [override] = Override.objects.all()
    assert (override.rule_id, override.reason) == ("INCREASE-TOO-SOON", "Told by Dr Osei")
    assert override.overridden_by_id == nurse.user_id


def test_a_rate_the_plan_does_not_have_needs_a_reason(infusion: Infusion, nurse: Actor) -> None:
    with pytest.raises(RuleBroken) as refused:
        rate(infusion, 60, 75, nurse)
    assert "RATE-OFF-PLAN" in rules(refused)
    assert rate(infusion, 60, 75, nurse, reason="Slower, veins are small")


def test_above_the_maximum_no_reason_helps(infusion: Infusion, nurse: Actor) -> None:
    """H4: a rate ten times too high."""
    for ml_h in (201, 800):
        with pytest.raises(RuleBroken) as refused:
            rate(infusion, 60, ml_h, nurse, reason="A slip of the finger")
        assert "RATE-ABOVE-MAXIMUM" in rules(refused)
    assert rate_at(infusion, 60) == 40


@pytest.mark.parametrize("ml_h", [0, -5])
def test_a_rate_is_above_zero(infusion: Infusion, nurse: Actor, ml_h: int) -> None:
    with pytest.raises(Invalid) as refused:
        rate(infusion, 60, ml_h, nurse)
    assert set(refused.value.fields) == {"rate_ml_h"}


def test_two_nurses_confirming_the_same_step_chart_it_once(
    infusion: Infusion, nurse: Actor
) -> None:
    rate(infusion, 60, 80, nurse)
    with pytest.raises(Conflict, match="80 mL/h already"):
        rate(infusion, 60.5, 80, nurse)


def test_the_same_tap_again_charts_nothing_new(infusion: Infusion, nurse: Actor) -> None:
    tap = uuid4()
    first = rate(infusion, 60, 80, nurse, event_id=tap)
    again = rate(infusion, 60, 80, nurse, event_id=tap, now=at(70))
    assert again == Charted(first.infusion_id, tap, repeated=True)
    assert infusion.events.filter(kind="rate_changed").count() == 1


def test_rates_are_charted_as_the_pump_shows_them(infusion: Infusion, nurse: Actor) -> None:
    rate(infusion, 60, "80.00", nurse)
    assert infusion.events.get(kind="rate_changed").values == {"rate_ml_h": "80"}


def test_pause_and_resume_go_together(infusion: Infusion, nurse: Actor) -> None:
    pause(infusion, 40, nurse)
    assert rate_at(infusion, 45) == 0
    with pytest.raises(Conflict):
        pause(infusion, 46, nurse)
    resume(infusion, 50, 40, nurse)
    assert rate_at(infusion, 51) == 40
    with pytest.raises(Conflict):
        resume(infusion, 52, 40, nurse)
    assert infusion.events.get(kind="paused").reason == "Line kinked"


def test_time_paused_does_not_count_towards_the_next_step(infusion: Infusion, nurse: Actor) -> None:
    pause(infusion, 40, nurse)
    resume(infusion, 50, 40, nurse)
    with pytest.raises(RuleBroken):
        rate(infusion, 60, 80, nurse)
    assert rate(infusion, 70, 80, nurse)


def test_a_pause_says_why(infusion: Infusion, nurse: Actor) -> None:
    with pytest.raises(Invalid) as refused:
        pause(infusion, 40, nurse, reason="  ")
    assert set(refused.value.fields) == {"reason"}


def test_entries_may_arrive_out_of_order(infusion: Infusion, nurse: Actor) -> None:
    """A pause from 40 to 50 charted after the rate of minute 75 still lies before it."""
    rate(infusion, 75, 80, nurse)
    pause(infusion, 40, nurse, now=at(80))
    resume(infusion, 45, 40, nurse, now=at(80))
    assert (rate_at(infusion, 42), rate_at(infusion, 60), rate_at(infusion, 76)) == (0, 40, 80)


def test_a_late_entry_that_contradicts_a_later_one_is_refused(
    infusion: Infusion, nurse: Actor
) -> None:
    pause(infusion, 50, nurse)
    with pytest.raises(Conflict):
        pause(infusion, 45, nurse, now=at(60))


def test_before_the_start_the_pump_does_nothing(clinic: Clinic, nurse: Actor) -> None:
    visit = seat(clinic)
    premedicate(visit, nurse)
    infusion = Infusion.objects.get(visit=visit)
    with pytest.raises(Conflict):
        rate(infusion, 10, 40, nurse)
    with pytest.raises(Conflict):
        pause(infusion, 10, nurse)


def test_a_change_timed_before_the_start_is_refused(infusion: Infusion, nurse: Actor) -> None:
    with pytest.raises(Conflict):
        rate(infusion, 20, 80, nurse, now=at(61))


def test_after_the_end_the_pump_does_nothing(infusion: Infusion, nurse: Actor) -> None:
    complete(infusion, nurse, minute=240)
    with pytest.raises(Conflict):
        rate(infusion, 241, 80, nurse)
    with pytest.raises(Conflict):
        resume(infusion, 241, 80, nurse)


GOOD = {"systolic": 120, "diastolic": 80, "heart_rate": 70, "spo2": 98,
        "temperature_c": Decimal("36.8"), "respiratory_rate": 14}  # fmt: skip


def vitals(infusion: Infusion, minute: float, actor: Actor, **signs: Any) -> Charted:
    return chart(services.chart_vitals, infusion, minute, actor, vitals=signs)


def test_vital_signs_are_kept_as_exact_digits(infusion: Infusion, nurse: Actor) -> None:
    vitals(infusion, 31, nurse, **GOOD)
    assert infusion.events.filter(kind="vitals").latest("occurred_at").values == {
        "systolic": "120", "diastolic": "80", "heart_rate": "70", "spo2": "98",
        "temperature_c": "36.8", "respiratory_rate": "14",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("signs", "field"),
    [
        ({}, "systolic"),
        ({"heart_rate": None}, "systolic"),
        ({"systolic": 1200}, "systolic"),
        ({"systolic": 80, "diastolic": 120}, "diastolic"),
        ({"spo2": 101}, "spo2"),
        ({"temperature_c": Decimal("3.68")}, "temperature_c"),
        ({"mood": 5}, "mood"),
    ],
)
def test_what_no_patient_has_is_refused(
    infusion: Infusion, nurse: Actor, signs: dict[str, Any], field: str
) -> None:
    with pytest.raises(Invalid) as refused:
        vitals(infusion, 31, nurse, **signs)
    assert set(refused.value.fields) == {field}


def test_vital_signs_are_taken_before_during_and_after(clinic: Clinic, nurse: Actor) -> None:
    visit = seat(clinic)
    premedicate(visit, nurse)
    infusion = Infusion.objects.get(visit=visit)
    vitals(infusion, 5, nurse, **GOOD)
    start(visit, nurse)
    vitals(infusion, 35, nurse, **GOOD)
    complete(infusion, nurse, minute=240)
    vitals(infusion, 270, nurse, **GOOD)
    assert infusion.events.filter(kind="vitals").count() == 4, "the baseline and these"


def test_other_roles_and_other_clinics_chart_nothing(clinic: Clinic, infusion: Infusion) -> None:
    with pytest.raises(Forbidden):
        rate(infusion, 60, 80, make_actor(clinic, Role.SCHEDULER))
    with pytest.raises(NotFound):
        rate(infusion, 60, 80, make_actor(make_clinic("south"), Role.NURSE))
    assert InfusionEvent.objects.filter(kind="rate_changed").count() == 0
