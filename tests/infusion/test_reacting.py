"""A reaction: one tap, its assessment, its end, and the one reported from home."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest

from clinical.model import ReactionSeverity
from clinical.run import RunState
from clinics.models import Clinic, Role
from core.actor import Actor
from core.errors import Conflict, Forbidden, Invalid, NotFound, RuleBroken
from infusion import record
from infusion.chart import Charted
from infusion.models import Infusion, InfusionEvent
from infusion.services import reacting, running, stopping
from infusion.services.amending import amend_event
from infusion.services.reacting import Assessment
from scheduling import history
from scheduling.models import Override, Visit
from tests.infusion.builders import at, complete, leave, premedicate, seat
from tests.infusion.builders import running as run_up
from tests.people import make_actor, make_clinic

MILD, SEVERE, FATAL = ReactionSeverity


@pytest.fixture
def infusion(clinic: Clinic, nurse: Actor) -> Infusion:
    return run_up(seat(clinic), nurse)


def chart(service: Callable[..., Charted], infusion: Infusion, minute: float, actor: Actor,
          **changes: Any) -> Charted:  # fmt: skip
    fields: dict[str, Any] = {
        "infusion_id": infusion.pk, "event_id": uuid4(), "occurred_at": at(minute),
        "actor": actor, "now": at(minute),
    }  # fmt: skip
    return service(**(fields | changes))


def react(infusion: Infusion, minute: float, actor: Actor, **more: Any) -> Charted:
    return chart(reacting.chart_reaction, infusion, minute, actor, **more)


def assess(tap: Charted, minute: float, actor: Actor, **words: Any) -> Charted:
    return reacting.assess_reaction(
        reaction_id=tap.event_id, event_id=uuid4(), assessment=Assessment(**words),
        actor=actor, now=at(minute),
    )  # fmt: skip


def state(infusion: Infusion, minute: float) -> RunState:
    course = infusion.visit.own_course
    return record.run_state(infusion, course, infusion.events.all(), now=at(minute))


def test_one_tap_stamps_the_time_and_stops_the_climb(infusion: Infusion, nurse: Actor) -> None:
    react(infusion, 70, nurse)
    now = state(infusion, 71)
    assert (now.reactions[0].at, now.symptoms_open, now.earliest_increase) == (at(70), True, None)
    with pytest.raises(RuleBroken):
        chart(running.change_rate, infusion, 95, nurse, rate_ml_h=Decimal(85))


def test_the_same_tap_twice_is_one_reaction(infusion: Infusion, nurse: Actor) -> None:
    tap = uuid4()
    first = react(infusion, 70, nurse, event_id=tap)
    again = react(infusion, 70, nurse, event_id=tap)
    assert (first.repeated, again.repeated) == (False, True)
    assert infusion.events.filter(kind="reaction").count() == 1


def test_an_assessment_amends_the_tap_at_its_time(infusion: Infusion, nurse: Actor) -> None:
    tap = react(infusion, 70, nurse)
    assess(tap, 75, nurse, severity=SEVERE, grade=3, signs=("rash",), serious=True)
    (standing,) = [row for row in record.standing(infusion.events.all()) if row.kind == "reaction"]
    assert (standing.occurred_at, standing.amends_id) == (at(70), tap.event_id)
    assert standing.values["signs"] == ["rash"]
    assert [item.severity for item in state(infusion, 76).reactions] == [SEVERE]
    with pytest.raises(Conflict):
        assess(tap, 77, nurse, severity=MILD)


@pytest.mark.parametrize(
    ("words", "field"),
    [
        ({"severity": MILD, "signs": ("dyspnoea",)}, "reason"),
        ({"severity": MILD, "grade": 3}, "reason"),
        ({"severity": SEVERE, "signs": ("anaphylaxis",)}, "reason"),
        ({"severity": MILD, "signs": ("hiccups",)}, "signs"),
        ({"severity": MILD, "grade": 9}, "signs"),
    ],
)
def test_less_than_the_signs_suggest_needs_words(
    infusion: Infusion, nurse: Actor, words: dict[str, Any], field: str
) -> None:
    tap = react(infusion, 70, nurse)
    with pytest.raises(Invalid) as refused:
        assess(tap, 71, nurse, **words)
    assert list(refused.value.fields) == [field]


def test_going_below_the_suggestion_stands_in_the_ledger(infusion: Infusion, nurse: Actor) -> None:
    tap = react(infusion, 70, nurse)
    assess(tap, 71, nurse, severity=MILD, signs=("dyspnoea",), note="Anxious before; SpO2 99 %")
    override = Override.objects.get()
    assert (override.rule_id, override.overridden_by_id) == ("REACTION-SUGGESTED", nurse.user_id)


def test_more_than_the_signs_suggest_needs_none(infusion: Infusion, nurse: Actor) -> None:
    assess(react(infusion, 70, nurse), 71, nurse, severity=SEVERE, signs=("rash",))
    assert not Override.objects.exists()


def test_symptoms_resolve_once(infusion: Infusion, nurse: Actor) -> None:
    with pytest.raises(Conflict, match="No symptoms were open"):
        chart(reacting.chart_symptoms_resolved, infusion, 65, nurse)
    react(infusion, 70, nurse)
    chart(reacting.chart_symptoms_resolved, infusion, 80, nurse)
    assert not state(infusion, 81).symptoms_open
    with pytest.raises(Conflict):
        chart(reacting.chart_symptoms_resolved, infusion, 82, nurse)


def test_before_the_start_there_is_no_infusion_reaction(clinic: Clinic, nurse: Actor) -> None:
    visit = seat(clinic)
    premedicate(visit, nurse)
    with pytest.raises(Conflict, match="has not started"):
        react(Infusion.objects.get(visit=visit), 10, nurse)


def test_times_outside_the_infusion_are_refused(infusion: Infusion, nurse: Actor) -> None:
    with pytest.raises(Invalid, match="started later"):
        react(infusion, 70, nurse, occurred_at=at(5))
    with pytest.raises(Invalid, match="not come yet"):
        react(infusion, 70, nurse, occurred_at=at(71))


def left(infusion: Infusion, nurse: Actor) -> None:
    """The bag is empty at minute 245, the patient leaves at 310."""
    complete(infusion, nurse, minute=245)
    leave(infusion, nurse, minute=310)
    infusion.refresh_from_db()


@pytest.mark.parametrize("hours", [0.5, 23.99, 24])
def test_a_reaction_from_home_counts_for_the_next_rate(
    infusion: Infusion, nurse: Actor, hours: float
) -> None:
    left(infusion, nurse)
    minute = 245 + hours * 60
    next_visit = 245 + 60 * 24 * 180
    react(infusion, next_visit, nurse, occurred_at=at(max(minute, 311)),
          assessment=Assessment(severity=SEVERE, grade=3))  # fmt: skip
    assert history.of(infusion.patient_id).prior_severe
    assert Visit.objects.get(pk=infusion.visit_id).status == Visit.Status.COMPLETED
    infusion.refresh_from_db()
    assert infusion.status == Infusion.Status.DISCHARGED


def test_after_the_window_it_is_not_this_infusions(infusion: Infusion, nurse: Actor) -> None:
    left(infusion, nurse)
    late = at(245) + timedelta(hours=24, seconds=1)
    with pytest.raises(Invalid, match="Later than 24 hours"):
        react(infusion, 9000, nurse, occurred_at=late)


def test_until_somebody_assessed_it_the_next_rate_is_careful(
    infusion: Infusion, nurse: Actor
) -> None:
    tap = react(infusion, 70, nurse)
    assert history.of(infusion.patient_id).prior_severe
    assess(tap, 72, nurse, severity=MILD, grade=1)
    assert not history.of(infusion.patient_id).prior_severe


def test_a_correction_never_makes_it_life_threatening(infusion: Infusion, nurse: Actor) -> None:
    tap = react(infusion, 70, nurse)
    with pytest.raises(Conflict, match="Assess the reaction"):
        amend_event(
            event_id=uuid4(), amends=tap.event_id, reason="Slip", actor=nurse, now=at(72),
            values={"severity": FATAL.value},
        )  # fmt: skip


def test_the_end_before_the_bag_is_empty(infusion: Infusion, nurse: Actor) -> None:
    with pytest.raises(Invalid) as refused:
        chart(stopping.stop_infusion, infusion, 100, nurse, volume_ml=Decimal(60), reason=" ")
    assert list(refused.value.fields) == ["reason"]
    with pytest.raises(Invalid, match="cannot be right"):
        chart(stopping.stop_infusion, infusion, 100, nurse, volume_ml=Decimal(501), reason="x")
    chart(stopping.stop_infusion, infusion, 100, nurse, volume_ml=Decimal(60), reason="Her wish")
    infusion.refresh_from_db()
    assert infusion.status == Infusion.Status.OBSERVING
    assert (infusion.ended_at, infusion.observe_until) == (at(100), at(160))
    with pytest.raises(Conflict):
        chart(stopping.stop_infusion, infusion, 101, nurse, volume_ml=Decimal(60), reason="Again")


def test_only_who_charts_here_may_chart(infusion: Infusion, clinic: Clinic) -> None:
    clerk, stranger = make_actor(clinic, Role.SCHEDULER), make_actor(make_clinic("b"), Role.NURSE)
    with pytest.raises(Forbidden):
        react(infusion, 70, clerk)
    with pytest.raises(NotFound):
        react(infusion, 70, stranger)
    assert not InfusionEvent.objects.filter(kind="reaction").exists()
