"""What the database itself refuses, by name."""

from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from django.db import IntegrityError, transaction

from clinics.models import Clinic
from core.actor import Actor
from infusion.models import Infusion, InfusionEvent
from scheduling.models import Visit
from tests.infusion.builders import at, running, seat


def row(visit: Visit, **changes: Any) -> Infusion:
    fields: dict[str, Any] = {
        "clinic_id": visit.clinic_id, "visit": visit, "patient_id": visit.patient_id,
        "rate_option": "standard", "dose_mg": 600, "volume_ml": Decimal(500),
        "updated_at": at(0),
    }  # fmt: skip
    return Infusion.objects.create(**(fields | changes))


def refused(name: str, visit: Visit, **changes: Any) -> None:
    with pytest.raises(IntegrityError, match=name), transaction.atomic():
        row(visit, **changes)


RUNNING = {"status": "running", "started_at": at(30)}
OBSERVING = {
    "status": "observing", "started_at": at(30), "ended_at": at(240), "observe_until": at(300),
}  # fmt: skip
DISCHARGED = {**OBSERVING, "status": "discharged", "discharged_at": at(310)}


@pytest.mark.parametrize(
    "state", [{}, RUNNING, OBSERVING, DISCHARGED], ids=lambda state: state.get("status", "new")
)
def test_every_state_can_be_written(clinic: Clinic, state: dict[str, Any]) -> None:
    assert row(seat(clinic), **state).pk


@pytest.mark.parametrize(
    "state",
    [
        {"status": "preparing", "started_at": at(30)},
        {"status": "preparing", "discharged_at": at(30)},
        {"status": "running"},
        {**RUNNING, "ended_at": at(240)},
        {**RUNNING, "observe_until": at(300)},
        {**OBSERVING, "started_at": None},
        {**OBSERVING, "ended_at": None},
        {**OBSERVING, "observe_until": None},
        {**OBSERVING, "ended_at": at(29)},
        {**OBSERVING, "observe_until": at(240)},
        {**OBSERVING, "discharged_at": at(310)},
        {**DISCHARGED, "discharged_at": None},
        {**DISCHARGED, "discharged_at": at(239)},
        {**DISCHARGED, "ended_at": None},
        {**DISCHARGED, "started_at": None},
        {"status": "lost"},
    ],
)
def test_a_row_that_contradicts_itself_is_refused(clinic: Clinic, state: dict[str, Any]) -> None:
    refused("infusion_states", seat(clinic), **state)


def test_one_infusion_per_visit(clinic: Clinic) -> None:
    visit = seat(clinic)
    row(visit)
    refused("infusion_visit_once", visit)


@pytest.mark.parametrize("volume", [0, -1])
def test_a_bag_holds_something(clinic: Clinic, volume: int) -> None:
    refused("infusion_volume_positive", seat(clinic), volume_ml=Decimal(volume))


def fact(infusion: Infusion, nurse: Actor, **changes: Any) -> InfusionEvent:
    fields: dict[str, Any] = {
        "id": uuid4(), "infusion": infusion, "kind": "note", "occurred_at": at(40),
        "recorded_at": at(41), "recorded_by_id": nurse.user_id,
    }  # fmt: skip
    return InfusionEvent.objects.create(**(fields | changes))


@pytest.mark.parametrize(
    ("name", "changes"),
    [
        ("infusion_event_not_future", {"occurred_at": at(41.1)}),
        ("infusion_event_amendment_reasoned", {"amends": True}),
        ("infusion_event_amended_once", {"amends": True, "reason": "twice"}),
        ("infusion_infusionevent_pkey", {"id": True}),
    ],
)
def test_a_fact_that_cannot_be_is_refused(
    clinic: Clinic, nurse: Actor, name: str, changes: dict[str, Any]
) -> None:
    infusion = running(seat(clinic), nurse)
    first = fact(infusion, nurse)
    if name == "infusion_event_amended_once":
        fact(infusion, nurse, amends=first, reason="once")
    given = {key: first if value is True else value for key, value in changes.items()}
    if "id" in given:
        given["id"] = first.pk
    with pytest.raises(IntegrityError, match=name), transaction.atomic():
        fact(infusion, nurse, **given)
