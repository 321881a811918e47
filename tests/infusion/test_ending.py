"""The real end, the hour that counts from it, and leaving."""

from dataclasses import replace
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest

from clinics.models import Clinic, Membership, Role
from core.actor import Actor
from core.errors import Conflict, Forbidden, Invalid, NotFound, RuleBroken
from infusion.chart import Charted
from infusion.leaving import Leaving
from infusion.models import Infusion, InfusionEvent
from infusion.services.ending import complete_infusion, discharge
from infusion.services.running import change_rate, chart_vitals
from reminders.models import Reminder
from scheduling.models import Booking, Override, Visit
from tests.infusion.builders import DONE_AT_THE_DOOR, at, premedicate, running, seat
from tests.people import make_actor, make_clinic, make_user


@pytest.fixture
def infusion(clinic: Clinic, nurse: Actor) -> Infusion:
    return running(seat(clinic), nurse)


def end(infusion: Infusion, nurse: Actor, minute: float = 240, **changes: Any) -> Charted:
    fields: dict[str, Any] = {
        "infusion_id": infusion.pk, "event_id": uuid4(), "occurred_at": at(minute),
        "volume_ml": Decimal(500), "actor": nurse, "now": at(minute),
    }  # fmt: skip
    return complete_infusion(**(fields | changes))


def leave(infusion: Infusion, nurse: Actor, minute: float = 300, **changes: Any) -> Charted:
    fields: dict[str, Any] = {
        "infusion_id": infusion.pk, "event_id": uuid4(), "occurred_at": at(minute),
        "leaving": DONE_AT_THE_DOOR, "actor": nurse, "now": at(minute),
    }  # fmt: skip
    return discharge(**(fields | changes))


def test_the_hour_counts_from_the_real_end(infusion: Infusion, nurse: Actor) -> None:
    end(infusion, nurse, 240, now=at(252))
    infusion.refresh_from_db()
    assert infusion.status == Infusion.Status.OBSERVING
    assert (infusion.ended_at, infusion.observe_until) == (at(240), at(300))
    assert infusion.visit.status == Visit.Status.OBSERVING
    due = dict(Reminder.objects.filter(subject_id=infusion.pk).values_list("kind", "due_at"))
    assert due["monitoring.over"] == at(300)


def test_the_end_happens_once(infusion: Infusion, nurse: Actor) -> None:
    tap = uuid4()
    first = end(infusion, nurse, event_id=tap)
    assert end(infusion, nurse, event_id=tap, now=at(250)) == Charted(
        first.infusion_id, tap, repeated=True
    )
    with pytest.raises(Conflict):
        end(infusion, nurse, 241)
    assert InfusionEvent.objects.filter(kind="completed").count() == 1


def test_nothing_ends_that_has_not_started(clinic: Clinic, nurse: Actor) -> None:
    visit = seat(clinic)
    premedicate(visit, nurse)
    with pytest.raises(Conflict):
        end(Infusion.objects.get(visit=visit), nurse)


def test_an_end_before_something_charted_later_is_refused(infusion: Infusion, nurse: Actor) -> None:
    change_rate(
        infusion_id=infusion.pk, event_id=uuid4(), rate_ml_h=Decimal(80), occurred_at=at(70),
        actor=nurse, now=at(70),
    )  # fmt: skip
    with pytest.raises(Conflict):
        end(infusion, nurse, 65, now=at(100), reason="Stopped early")


@pytest.mark.parametrize("volume", ["0", "-1", "520.01", "5000"])
def test_a_volume_the_bag_cannot_have_held(infusion: Infusion, nurse: Actor, volume: str) -> None:
    with pytest.raises(Invalid) as refused:
        end(infusion, nurse, volume_ml=Decimal(volume))
    assert set(refused.value.fields) == {"volume_ml"}


@pytest.mark.parametrize("volume", ["495", "500", "520"])
def test_the_drugs_own_volume_may_be_in_the_bag(
    infusion: Infusion, nurse: Actor, volume: str
) -> None:
    end(infusion, nurse, volume_ml=Decimal(volume))
    assert InfusionEvent.objects.get(kind="completed").values == {"volume_ml": volume}


def test_a_part_of_the_bag_needs_a_reason(infusion: Infusion, nurse: Actor) -> None:
    with pytest.raises(Invalid) as refused:
        end(infusion, nurse, volume_ml=Decimal(300))
    assert set(refused.value.fields) == {"reason"}
    end(infusion, nurse, volume_ml=Decimal(300), reason="Line lost, no new access")
    assert InfusionEvent.objects.get(kind="completed").reason == "Line lost, no new access"


def test_leaving_after_the_hour_completes_visit_and_booking(
    infusion: Infusion, nurse: Actor
) -> None:
    end(infusion, nurse)
    leave(infusion, nurse, 300)
    infusion.refresh_from_db()
    assert (infusion.status, infusion.discharged_at) == (Infusion.Status.DISCHARGED, at(300))
    assert infusion.visit.status == Visit.Status.COMPLETED
    booking = Booking.objects.get(visit=infusion.visit_id)
    assert booking.status == Booking.Status.COMPLETED
    assert not Override.objects.exists()
    states = Reminder.objects.filter(subject_id=infusion.pk).values_list("state", flat=True)
    assert set(states) == {Reminder.State.VOID}


@pytest.fixture
def prescriber(clinic: Clinic) -> Actor:
    return make_actor(clinic, Role.PRESCRIBER)


def agreed(person: Actor) -> Leaving:
    return replace(DONE_AT_THE_DOOR, agreed_by=person.user_id)


def test_leaving_before_the_hour_needs_a_reason_and_a_prescriber(
    infusion: Infusion, nurse: Actor, prescriber: Actor
) -> None:
    """H5: a missed observation hour. One second short is short."""
    end(infusion, nurse)
    short = 300 - 1 / 60
    with pytest.raises(RuleBroken) as refused:
        leave(infusion, nurse, short, leaving=agreed(prescriber))
    assert {finding.id for finding in refused.value.findings} == {"OBSERVATION-SHORT"}
    why = "Left against advice, Dr Osei told"
    leave(infusion, nurse, short, reason=why, leaving=agreed(prescriber))
    [override] = Override.objects.all()
    assert (override.rule_id, override.reason) == ("OBSERVATION-SHORT", why)
    assert override.overridden_by_id == nurse.user_id
    values = InfusionEvent.objects.get(kind="discharged").values
    assert values["agreed_by"] == str(prescriber.user_id)
    assert "OBSERVATION-SHORT" in values["findings"]


@pytest.mark.parametrize("role", [None, *(set(Role) - {Role.PRESCRIBER})])
def test_nobody_else_can_agree_to_a_shorter_stay(
    infusion: Infusion, clinic: Clinic, nurse: Actor, role: str | None
) -> None:
    """H5: a reason alone does not open the door, nor does a name without the role."""
    end(infusion, nurse)
    other = make_user(clinic, role, email="other@north.example") if role else None
    leaving = replace(DONE_AT_THE_DOOR, agreed_by=other.pk if other else None)
    with pytest.raises(Invalid, match="Say which prescriber agreed") as refused:
        leave(infusion, nurse, 290, reason="The patient wants to go", leaving=leaving)
    assert set(refused.value.fields) == {"agreed_by"}
    assert not Override.objects.exists()


def test_a_prescriber_of_another_clinic_does_not_count(infusion: Infusion, nurse: Actor) -> None:
    end(infusion, nurse)
    stranger = make_actor(make_clinic("south"), Role.PRESCRIBER)
    with pytest.raises(Invalid):
        leave(infusion, nurse, 290, reason="Wants to go", leaving=agreed(stranger))


def test_whoever_charts_and_may_agree_needs_no_other_name(
    infusion: Infusion, clinic: Clinic, nurse: Actor
) -> None:
    end(infusion, nurse)
    assert nurse.user_id is not None
    Membership.objects.create(user_id=nurse.user_id, clinic=clinic, role=Role.PRESCRIBER)
    leave(infusion, nurse, 290, reason="Seen and well")
    assert Override.objects.get().overridden_by_id == nurse.user_id


@pytest.mark.parametrize("undone", ["line_removed", "advice_given"])
def test_line_and_advice_belong_to_every_discharge(
    infusion: Infusion, nurse: Actor, undone: str
) -> None:
    end(infusion, nurse)
    done = {"line_removed": True, "advice_given": True} | {undone: False}
    leaving = Leaving(line_removed=done["line_removed"], advice_given=done["advice_given"])
    with pytest.raises(Invalid) as refused:
        leave(infusion, nurse, leaving=leaving)
    assert set(refused.value.fields) == {undone}
    leave(infusion, nurse, leaving=leaving, reason="Walked out while nobody looked")
    event = InfusionEvent.objects.get(kind="discharged")
    assert (event.values[undone], event.reason) == (False, "Walked out while nobody looked")


def test_missing_vital_signs_stay_in_the_record(infusion: Infusion, nurse: Actor) -> None:
    end(infusion, nurse)
    leave(infusion, nurse)
    event = InfusionEvent.objects.get(kind="discharged")
    assert event.values["findings"] == ["OBSERVATION-VITALS"]
    assert not Override.objects.exists()


def test_with_every_set_taken_nothing_is_found(infusion: Infusion, nurse: Actor) -> None:
    end(infusion, nurse)
    for minute in (270, 299):
        chart_vitals(
            infusion_id=infusion.pk, event_id=uuid4(), occurred_at=at(minute),
            vitals={"systolic": 120}, actor=nurse, now=at(minute),
        )  # fmt: skip
    leave(infusion, nurse)
    assert InfusionEvent.objects.get(kind="discharged").values["findings"] == []


def test_the_hour_is_held_against_the_time_of_leaving_not_of_charting(
    infusion: Infusion, nurse: Actor
) -> None:
    end(infusion, nurse)
    with pytest.raises(RuleBroken):
        leave(infusion, nurse, 280, now=at(320))


def test_nobody_leaves_while_it_runs(infusion: Infusion, nurse: Actor) -> None:
    with pytest.raises(Conflict):
        leave(infusion, nurse, reason="Must go")


def test_nobody_leaves_before_the_end(infusion: Infusion, nurse: Actor) -> None:
    end(infusion, nurse)
    with pytest.raises(Invalid) as refused:
        leave(infusion, nurse, 239, now=at(300), reason="Clock is wrong")
    assert set(refused.value.fields) == {"occurred_at"}


def test_leaving_happens_once(infusion: Infusion, nurse: Actor) -> None:
    end(infusion, nurse)
    tap = uuid4()
    first = leave(infusion, nurse, event_id=tap)
    assert leave(infusion, nurse, event_id=tap, now=at(310)) == Charted(
        first.infusion_id, tap, repeated=True
    )
    with pytest.raises(Conflict, match="left already"):
        leave(infusion, nurse, 311)


def test_symptoms_still_open_hold_the_door(infusion: Infusion, nurse: Actor) -> None:
    assert nurse.user_id is not None
    end(infusion, nurse)
    InfusionEvent.objects.create(
        id=uuid4(), infusion=infusion, kind="reaction", occurred_at=at(250), recorded_at=at(250),
        recorded_by_id=nurse.user_id, values={"severity": "mild_moderate", "grade": 1},
    )  # fmt: skip
    with pytest.raises(RuleBroken) as refused:
        leave(infusion, nurse, 310)
    assert [finding.id for finding in refused.value.findings] == ["OBSERVATION-SYMPTOMS"]


@pytest.mark.parametrize("act", [end, leave])
def test_other_roles_and_other_clinics_end_nothing(
    clinic: Clinic, infusion: Infusion, act: Any
) -> None:
    with pytest.raises(Forbidden):
        act(infusion, make_actor(clinic, Role.MANAGER))
    with pytest.raises(NotFound):
        act(infusion, make_actor(make_clinic("south"), Role.NURSE))
