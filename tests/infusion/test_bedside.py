"""The chair side's facts: the plan beside what ran, readiness, and what a nurse is offered."""

from datetime import timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any
from uuid import uuid4

import pytest

from clinical.model import RateOption
from clinical.premedication import PremedicationGiven, PremedicationKind
from clinical.protocol import load
from clinics.models import Clinic, Role
from core.actor import Actor
from core.errors import Forbidden, NotFound
from infusion.bedside import bedside
from infusion.readiness import purpose_of, readiness
from infusion.services.running import change_rate
from tests.infusion.builders import at, expect, premedicate, running, seat
from tests.people import make_actor, make_clinic

STEROID, ANTIHISTAMINE = PremedicationKind.STEROID, PremedicationKind.ANTIHISTAMINE


def medicine(kind: PremedicationKind, minute: float) -> PremedicationGiven:
    return PremedicationGiven(kind=kind, drug="x", given_at=at(minute), dose_mg=Fraction(100))


@pytest.mark.parametrize(
    ("given", "missing", "span"),
    [
        ([], (STEROID, ANTIHISTAMINE), (None, None)),
        ([(STEROID, 0)], (ANTIHISTAMINE,), (20, 60)),
        ([(ANTIHISTAMINE, 0)], (STEROID,), (30, 60)),
        ([(STEROID, 0), (ANTIHISTAMINE, 0)], (), (30, 60)),
        ([(STEROID, 10), (ANTIHISTAMINE, 0)], (), (30, 60)),
        ([(STEROID, 0), (ANTIHISTAMINE, 10)], (), (40, 60)),
        ([(STEROID, 0), (ANTIHISTAMINE, 0), (STEROID, 25)], (), (45, 60)),
        ([(STEROID, 25), (ANTIHISTAMINE, 0), (STEROID, 0)], (), (45, 60)),
    ],
)
def test_premedication_opens_and_closes_the_start(
    given: list[tuple[PremedicationKind, int]], missing: object, span: tuple[Any, Any]
) -> None:
    ready = readiness(load(), [medicine(kind, minute) for kind, minute in given])
    expected = tuple(None if minute is None else at(minute) for minute in span)
    assert (ready.missing, (ready.start_from, ready.start_until)) == (missing, expected)
    assert ready.complete is (missing == ())


@pytest.mark.parametrize(
    ("drug", "purpose"),
    [
        ("methylprednisolone", STEROID),
        (" Dexamethasone ", STEROID),
        ("cetirizine", ANTIHISTAMINE),
        ("paracetamol", PremedicationKind.ANTIPYRETIC),
        ("gin", None),
    ],
)
def test_a_drug_has_the_purpose_the_protocol_gives_it(drug: str, purpose: object) -> None:
    assert purpose_of(load(), drug) is purpose


def test_the_plan_stands_beside_what_ran(clinic: Clinic, nurse: Actor) -> None:
    visit = seat(clinic)
    infusion = running(visit, nurse)
    change_rate(
        infusion_id=infusion.pk, event_id=uuid4(), rate_ml_h=Decimal(80), occurred_at=at(64),
        actor=nurse, now=at(64),
    )  # fmt: skip
    steps = bedside(visit.pk, nurse, at(70)).steps
    assert [step.planned_at for step in steps] == [at(30 + 30 * n) for n in range(5)]
    assert [step.begun_at for step in steps] == [at(30), at(64), None, None, None]
    assert [step.current for step in steps] == [False, True, False, False, False]


def test_before_the_start_the_plan_is_in_minutes(clinic: Clinic, nurse: Actor) -> None:
    visit = seat(clinic)
    steps = bedside(visit.pk, nurse, at(5)).steps
    assert {step.planned_at for step in steps} == {None}
    assert [step.step.starts_after for step in steps][:2] == [timedelta(0), timedelta(minutes=30)]


def test_a_visit_without_a_chair_can_be_looked_at(clinic: Clinic, nurse: Actor) -> None:
    visit = expect(clinic)
    visit.bookings.all().delete()
    bed = bedside(visit.pk, nurse, at(0))
    assert (bed.chair, bed.here, bed.acts, bed.primary) == ("", None, [], None)
    assert bed.plan.volume_ml == 500


@pytest.mark.parametrize(
    ("born", "options"),
    [
        ("1988-03-04", (RateOption.STANDARD, RateOption.SHORT)),
        ("2010-03-04", (RateOption.STANDARD,)),
    ],
)
def test_the_rate_tables_offered_are_the_patients(
    clinic: Clinic, nurse: Actor, born: str, options: object
) -> None:
    visit = seat(clinic, patient={"birth_date": born})
    assert bedside(visit.pk, nurse, at(0)).rates_offered() == options


def test_a_missing_medicine_is_named_until_it_is_given(clinic: Clinic, nurse: Actor) -> None:
    visit = seat(clinic)
    assert bedside(visit.pk, nurse, at(0)).missing() is STEROID
    premedicate(visit, nurse)
    assert bedside(visit.pk, nurse, at(1)).missing() is None


def test_an_entry_charted_late_is_marked(clinic: Clinic, nurse: Actor) -> None:
    visit = seat(clinic)
    infusion = running(visit, nurse)
    for now in (at(64.9), at(70)):
        change_rate(
            infusion_id=infusion.pk, event_id=uuid4(), occurred_at=at(60) if now == at(64.9) else
            at(65), rate_ml_h=Decimal(80 if now == at(64.9) else 40), reason="Asked to",
            actor=nurse, now=now,
        )  # fmt: skip
    entries = bedside(visit.pk, nurse, at(71)).entries
    late = {entry.event.values["rate_ml_h"]: entry.late for entry in entries
            if entry.event.kind == "rate_changed"}  # fmt: skip
    assert late == {"80": False, "40": True}


def test_another_clinics_bedside_is_not_there(clinic: Clinic, nurse: Actor) -> None:
    stranger = seat(make_clinic("south"), mrn="MRN-7")
    for visit_id in (stranger.pk, uuid4()):
        with pytest.raises(NotFound):
            bedside(visit_id, nurse, at(0))
    with pytest.raises(Forbidden):
        bedside(seat(clinic).pk, make_actor(clinic, Role.AUDITOR), at(0))
