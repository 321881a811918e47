"""Corrections: both entries stay, the right one counts, and the chart never contradicts itself."""

from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db import DatabaseError, connection, transaction

from clinics.models import Clinic, Role
from core.actor import Actor
from core.errors import Conflict, Forbidden, Invalid, NotFound, RuleBroken
from infusion import record
from infusion.chart import Charted
from infusion.models import Infusion, InfusionEvent
from infusion.services.amending import amend_event
from infusion.services.running import change_rate, chart_vitals
from infusion.services.starting import start_infusion
from reminders.models import Reminder
from tests.infusion.builders import at, complete, leave, premedicate, prepare, running, seat
from tests.people import make_actor, make_clinic


@pytest.fixture
def infusion(clinic: Clinic, nurse: Actor) -> Infusion:
    return running(seat(clinic), nurse)


def amend(old: InfusionEvent, nurse: Actor, **changes: Any) -> Charted:
    fields: dict[str, Any] = {
        "event_id": uuid4(), "amends": old.pk, "reason": "Wrong row", "actor": nurse,
        "now": at(400),
    }  # fmt: skip
    return amend_event(**(fields | changes))


def rate(infusion: Infusion, nurse: Actor, minute: float, ml_h: int) -> InfusionEvent:
    charted = change_rate(
        infusion_id=infusion.pk, event_id=uuid4(), rate_ml_h=Decimal(ml_h),
        occurred_at=at(minute), reason="", actor=nurse, now=at(minute),
    )  # fmt: skip
    return InfusionEvent.objects.get(pk=charted.event_id)


def rate_at(infusion: Infusion, minute: float) -> object:
    events = infusion.events.all()
    return record.run_state(infusion, infusion.visit.own_course, events, now=at(minute)).rate_ml_h


def only(infusion: Infusion, kind: str) -> InfusionEvent:
    return InfusionEvent.objects.get(infusion=infusion, kind=kind)


def test_both_entries_stay_and_the_correction_counts(infusion: Infusion, nurse: Actor) -> None:
    wrong = rate(infusion, nurse, 60, 80)
    charted = amend(wrong, nurse, values={"rate_ml_h": "60"}, occurred_at=at(62))
    new = InfusionEvent.objects.get(pk=charted.event_id)
    assert (new.amends_id, new.reason, new.kind) == (wrong.pk, "Wrong row", "rate_changed")
    wrong.refresh_from_db()
    assert wrong.values == {"rate_ml_h": "80"}
    assert (rate_at(infusion, 61), rate_at(infusion, 63)) == (40, 60)


def test_an_entry_can_be_taken_back(infusion: Infusion, nurse: Actor) -> None:
    wrong = rate(infusion, nurse, 60, 80)
    amend(wrong, nurse, withdrawn=True)
    assert rate_at(infusion, 100) == 40
    assert wrong.pk not in {event.pk for event in record.standing(infusion.events.all())}


def test_a_withdrawal_can_be_corrected_in_turn(infusion: Infusion, nurse: Actor) -> None:
    wrong = rate(infusion, nurse, 60, 80)
    gone = InfusionEvent.objects.get(pk=amend(wrong, nurse, withdrawn=True).event_id)
    amend(gone, nurse, reason="It was right after all")
    assert rate_at(infusion, 100) == 80


def test_an_entry_is_corrected_once(infusion: Infusion, nurse: Actor) -> None:
    wrong = rate(infusion, nurse, 60, 80)
    amend(wrong, nurse, withdrawn=True)
    with pytest.raises(Conflict, match="corrected already"):
        amend(wrong, nurse, withdrawn=True)


def test_the_same_correction_again_is_the_same_fact(infusion: Infusion, nurse: Actor) -> None:
    wrong, tap = rate(infusion, nurse, 60, 80), uuid4()
    first = amend(wrong, nurse, event_id=tap, withdrawn=True)
    assert amend(wrong, nurse, event_id=tap, withdrawn=True) == Charted(
        first.infusion_id, tap, repeated=True
    )


def test_a_correction_says_why_and_not_for_later(infusion: Infusion, nurse: Actor) -> None:
    wrong = rate(infusion, nurse, 60, 80)
    with pytest.raises(Invalid) as refused:
        amend(wrong, nurse, reason=" ")
    assert set(refused.value.fields) == {"reason"}
    with pytest.raises(Invalid) as refused:
        amend(wrong, nurse, occurred_at=at(401))
    assert set(refused.value.fields) == {"occurred_at"}


def test_a_correction_is_never_too_late(infusion: Infusion, nurse: Actor) -> None:
    wrong = rate(infusion, nurse, 60, 80)
    assert amend(wrong, nurse, occurred_at=at(61), now=at(0) + timedelta(days=90))


def test_a_corrected_end_moves_the_hour_and_its_reminders(infusion: Infusion, nurse: Actor) -> None:
    complete(infusion, nurse, minute=240)
    amend(only(infusion, "completed"), nurse, occurred_at=at(225), now=at(250))
    infusion.refresh_from_db()
    assert (infusion.ended_at, infusion.observe_until) == (at(225), at(285))
    waiting = Reminder.objects.filter(subject_id=infusion.pk, kind="monitoring.over")
    live = waiting.exclude(state=Reminder.State.VOID)
    assert [row.due_at for row in live] == [at(285)]


def test_a_corrected_start_moves_the_steps(infusion: Infusion, nurse: Actor) -> None:
    amend(only(infusion, "started"), nurse, occurred_at=at(35), now=at(50))
    infusion.refresh_from_db()
    assert infusion.started_at == at(35)
    with pytest.raises(RuleBroken):
        rate(infusion, nurse, 60, 80)
    assert rate(infusion, nurse, 65, 80)


@pytest.mark.parametrize(
    ("kind", "minute"), [("started", 70), ("completed", 50), ("started", -16 * 60)]
)
def test_a_chart_cannot_be_corrected_into_a_contradiction(
    infusion: Infusion, nurse: Actor, kind: str, minute: int
) -> None:
    rate(infusion, nurse, 60, 80)
    complete(infusion, nurse, minute=240)
    with pytest.raises(Conflict):
        amend(only(infusion, kind), nurse, occurred_at=at(minute))


def test_nobody_left_before_the_end(infusion: Infusion, nurse: Actor) -> None:
    complete(infusion, nurse, minute=240)
    leave(infusion, nurse, minute=300)
    for kind, minute in (("discharged", 239), ("completed", 301)):
        with pytest.raises(Invalid):
            amend(only(infusion, kind), nurse, occurred_at=at(minute))
    amend(only(infusion, "discharged"), nurse, occurred_at=at(310))
    infusion.refresh_from_db()
    assert infusion.discharged_at == at(310)


@pytest.mark.parametrize("kind", ["started", "completed"])
def test_what_a_visit_rests_on_cannot_be_taken_back(
    infusion: Infusion, nurse: Actor, kind: str
) -> None:
    complete(infusion, nurse, minute=240)
    with pytest.raises(Conflict, match="cannot be taken back"):
        amend(only(infusion, kind), nurse, withdrawn=True)


def test_a_medicine_charted_by_mistake_does_not_count(clinic: Clinic, nurse: Actor) -> None:
    visit = seat(clinic)
    prepare(visit, nurse)
    premedicate(visit, nurse)
    steroid = InfusionEvent.objects.get(values__purpose="steroid")
    amend(steroid, nurse, withdrawn=True, now=at(5))
    with pytest.raises(RuleBroken) as refused:
        start_infusion(
            visit_id=visit.pk, event_id=uuid4(), occurred_at=at(30), rate_option="standard",
            two_identifiers_checked=True, actor=nurse, now=at(30),
        )  # fmt: skip
    assert [finding.id for finding in refused.value.findings] == ["PREMED-STEROID-MISSING"]


def test_corrected_vital_signs_are_checked_like_new_ones(infusion: Infusion, nurse: Actor) -> None:
    charted = chart_vitals(
        infusion_id=infusion.pk, event_id=uuid4(), occurred_at=at(31), actor=nurse, now=at(31),
        vitals={"systolic": 120, "diastolic": 80},
    )  # fmt: skip
    wrong = InfusionEvent.objects.get(pk=charted.event_id)
    with pytest.raises(Invalid):
        amend(wrong, nurse, values={"systolic": 12})
    new = amend(wrong, nurse, values={"systolic": 130})
    kept = InfusionEvent.objects.get(pk=new.event_id)
    assert kept.values == {"systolic": "130", "diastolic": "80"}


def test_other_roles_and_other_clinics_correct_nothing(
    clinic: Clinic, infusion: Infusion, nurse: Actor
) -> None:
    wrong = rate(infusion, nurse, 60, 80)
    with pytest.raises(Forbidden):
        amend(wrong, make_actor(clinic, Role.PHARMACIST))
    stranger = make_actor(make_clinic("south"), Role.NURSE)
    with pytest.raises(NotFound):
        amend(wrong, stranger)
    with pytest.raises(NotFound):
        amend(wrong, nurse, amends=UUID(int=5))


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE infusion_infusionevent SET occurred_at = recorded_at - interval '1 hour'",
        "DELETE FROM infusion_infusionevent",
    ],
)
def test_the_database_refuses_to_change_a_fact(infusion: Infusion, statement: str) -> None:
    assert infusion.events.exists()
    with pytest.raises(DatabaseError) as refused, transaction.atomic():
        connection.cursor().execute(statement)
    assert refused.value.__cause__.sqlstate == "42501"  # type: ignore[union-attr]
