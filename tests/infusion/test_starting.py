"""The start: what it needs, what it makes true, and that it happens once."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest

from clinics.models import Clinic, Role
from core.actor import Actor
from core.errors import Conflict, Forbidden, Invalid, NotFound, RuleBroken
from core.models import AuditEntry
from infusion.chart import Charted
from infusion.models import Infusion, InfusionEvent
from infusion.services.premedication import give_premedication
from infusion.services.starting import start_infusion
from scheduling.models import Booking, Override, Visit
from tests.infusion.builders import at, expect, premedicate, prepare, running, seat
from tests.people import make_actor, make_clinic


def begin(visit: Visit, nurse: Actor, **changes: Any) -> Charted:
    fields: dict[str, Any] = {
        "visit_id": visit.pk, "event_id": uuid4(), "occurred_at": at(30),
        "two_identifiers_checked": True, "rate_option": "standard", "actor": nurse,
        "now": at(30),
    }  # fmt: skip
    return start_infusion(**(fields | changes))


def given(visit: Visit, nurse: Actor, drug: str, when: datetime, dose_mg: int = 100) -> None:
    give_premedication(
        visit_id=visit.pk, event_id=uuid4(), drug=drug, dose_mg=Decimal(dose_mg), route="IV",
        occurred_at=when, actor=nurse, now=when,
    )  # fmt: skip


def ready(visit: Visit, nurse: Actor, *, minute: float = 0) -> None:
    """Everything before the start, the medicines at `minute`."""
    prepare(visit, nurse)
    premedicate(visit, nurse, minute=minute)


def rules(refused: pytest.ExceptionInfo[RuleBroken]) -> set[str]:
    return {finding.id for finding in refused.value.findings}


def test_a_start_makes_the_visit_a_given_dose(clinic: Clinic, nurse: Actor) -> None:
    visit = seat(clinic)
    ready(visit, nurse)
    charted = begin(visit, nurse)
    infusion = Infusion.objects.get(pk=charted.infusion_id)
    assert (infusion.status, infusion.started_at) == (Infusion.Status.RUNNING, at(30))
    visit.refresh_from_db()
    assert (visit.status, visit.given_on) == (Visit.Status.INFUSING, date(2026, 3, 2))
    event = InfusionEvent.objects.get(pk=charted.event_id)
    assert event.values == {
        "rate_ml_h": "40", "rate_option": "standard", "two_identifiers_checked": True,
        "findings": [], "signed_off": {},
    }  # fmt: skip
    entry = AuditEntry.objects.get(action="infusion.started")
    assert (entry.user_id, entry.patient_id) == (nurse.user_id, visit.patient_id)


def test_the_date_given_is_the_clinics_own(nurse: Actor) -> None:
    """Half past one in the night of the 3rd in Auckland is still the 2nd in UTC."""
    clinic = make_clinic("far", time_zone="Pacific/Auckland")
    late = at(4 * 60)  # 13:00 UTC, 02:00 on the 3rd in Auckland
    visit = seat(clinic, from_minute=4 * 60)
    booking = Booking.objects.get(visit=visit)
    booking.clinic_day.date = date(2026, 3, 3)
    booking.clinic_day.save()
    local_nurse = make_actor(clinic, Role.NURSE)
    prepare(visit, local_nurse, minute=3.5 * 60)
    for drug, dose in (("methylprednisolone", 100), ("cetirizine", 10)):
        given(visit, local_nurse, drug, at(3.5 * 60), dose)
    begin(visit, local_nurse, occurred_at=late, now=late)
    visit.refresh_from_db()
    assert visit.given_on == date(2026, 3, 3)


def test_the_first_doses_run_their_own_table(clinic: Clinic, nurse: Actor) -> None:
    visit = seat(clinic, number=1, dose_mg=300)
    ready(visit, nurse)
    begin(visit, nurse, rate_option="initial")
    infusion = Infusion.objects.get()
    assert (infusion.rate_option, infusion.volume_ml) == ("initial", Decimal(250))
    assert InfusionEvent.objects.get(kind="started").values["rate_ml_h"] == "30"


def test_without_the_identity_check_nothing_starts(clinic: Clinic, nurse: Actor) -> None:
    visit = seat(clinic)
    ready(visit, nurse)
    with pytest.raises(Invalid) as refused:
        begin(visit, nurse, two_identifiers_checked=False)
    assert set(refused.value.fields) == {"two_identifiers_checked"}
    assert not InfusionEvent.objects.filter(kind="started").exists()


@pytest.mark.parametrize(
    ("drugs", "missing"),
    [
        ([], {"PREMED-STEROID-MISSING", "PREMED-ANTIHISTAMINE-MISSING"}),
        (["methylprednisolone"], {"PREMED-ANTIHISTAMINE-MISSING"}),
        (["cetirizine"], {"PREMED-STEROID-MISSING"}),
        (["paracetamol"], {"PREMED-STEROID-MISSING", "PREMED-ANTIHISTAMINE-MISSING"}),
    ],
)
def test_a_missing_medicine_blocks_whatever_the_reason(
    clinic: Clinic, nurse: Actor, drugs: list[str], missing: set[str]
) -> None:
    visit = seat(clinic)
    prepare(visit, nurse)
    for drug in drugs:
        given(visit, nurse, drug, at(0))
    for reason in ("", "The patient is in a hurry"):
        with pytest.raises(RuleBroken) as refused:
            begin(visit, nurse, reason=reason)
        assert rules(refused) == missing
    visit.refresh_from_db()
    assert (visit.status, visit.given_on) == (Visit.Status.ARRIVED, None)


def test_what_was_given_after_the_start_does_not_count(clinic: Clinic, nurse: Actor) -> None:
    visit = seat(clinic)
    ready(visit, nurse, minute=40)
    with pytest.raises(RuleBroken) as refused:
        begin(visit, nurse, occurred_at=at(35), now=at(45))
    assert "PREMED-STEROID-MISSING" in rules(refused)


def test_what_was_given_on_another_day_does_not_count(clinic: Clinic, nurse: Actor) -> None:
    visit = seat(clinic)
    prepare(visit, nurse)
    premedicate(visit, nurse, minute=-23 * 60)
    with pytest.raises(RuleBroken) as refused:
        begin(visit, nurse)
    assert rules(refused) == {"PREMED-STEROID-MISSING", "PREMED-ANTIHISTAMINE-MISSING"}


@pytest.mark.parametrize(("minute", "rule"), [(10, "PREMED-LATE"), (61, "PREMED-EARLY")])
def test_a_start_outside_the_window_needs_a_reason(
    clinic: Clinic, nurse: Actor, minute: int, rule: str
) -> None:
    visit = seat(clinic)
    ready(visit, nurse)
    with pytest.raises(RuleBroken) as refused:
        begin(visit, nurse, occurred_at=at(minute), now=at(minute))
    assert rules(refused) == {rule}
    begin(visit, nurse, occurred_at=at(minute), now=at(minute), reason="Pharmacy was late")
    written = Override.objects.values_list("rule_id", "reason", "overridden_by")
    assert set(written) == {(rule, "Pharmacy was late", nurse.user_id)}


def test_the_short_table_is_refused_after_a_severe_reaction(clinic: Clinic, nurse: Actor) -> None:
    earlier = seat(clinic, mrn="MRN-5", position=2)
    ran = running(earlier, nurse)
    visit = seat(clinic)
    assert nurse.user_id is not None
    InfusionEvent.objects.create(
        id=uuid4(), infusion=ran, kind="reaction", occurred_at=at(40), recorded_at=at(40),
        recorded_by_id=nurse.user_id, values={"severity": "severe", "grade": 3},
    )  # fmt: skip
    ready(visit, nurse)
    Infusion.objects.filter(pk=ran.pk).update(patient_id=visit.patient_id)
    with pytest.raises(RuleBroken) as refused:
        begin(visit, nurse, rate_option="short")
    assert rules(refused) == {"SHORT-PRIOR-REACTION"}
    Infusion.objects.filter(pk=ran.pk).update(patient_id=earlier.patient_id)
    begin(visit, nurse, rate_option="short")
    assert Infusion.objects.get(visit=visit).rate_option == "short"


def test_a_table_that_does_not_exist_is_bad_input(clinic: Clinic, nurse: Actor) -> None:
    visit = seat(clinic)
    ready(visit, nurse)
    with pytest.raises(Invalid):
        begin(visit, nurse, rate_option="fast")


def test_the_same_tap_again_is_the_same_start(clinic: Clinic, nurse: Actor) -> None:
    visit, tap = seat(clinic), uuid4()
    ready(visit, nurse)
    first = begin(visit, nurse, event_id=tap)
    again = begin(visit, nurse, event_id=tap, now=at(31))
    assert again == Charted(first.infusion_id, first.event_id, repeated=True)
    assert InfusionEvent.objects.filter(kind="started").count() == 1


def test_a_second_start_is_refused(clinic: Clinic, nurse: Actor) -> None:
    visit = seat(clinic)
    running(visit, nurse)
    with pytest.raises(Conflict, match="runs already"):
        begin(visit, nurse, occurred_at=at(31), now=at(31))


def test_a_tap_that_was_a_medicine_cannot_become_a_start(clinic: Clinic, nurse: Actor) -> None:
    visit = seat(clinic)
    ready(visit, nurse)
    used = InfusionEvent.objects.first()
    assert used is not None
    with pytest.raises(Conflict, match="something else"):
        begin(visit, nurse, event_id=used.pk)


def test_nobody_starts_for_a_patient_who_has_not_come(clinic: Clinic, nurse: Actor) -> None:
    with pytest.raises(Conflict, match="arrived"):
        begin(expect(clinic), nurse)


def test_a_start_belongs_to_the_day_of_the_booking(clinic: Clinic, nurse: Actor) -> None:
    visit = seat(clinic)
    ready(visit, nurse)
    with pytest.raises(Invalid, match="02-Mar-2026"):
        begin(visit, nurse, occurred_at=at(16 * 60), now=at(16 * 60))


def test_a_start_in_the_future_is_refused(clinic: Clinic, nurse: Actor) -> None:
    visit = seat(clinic)
    ready(visit, nurse)
    with pytest.raises(Invalid) as refused:
        begin(visit, nurse, occurred_at=at(31), now=at(30))
    assert set(refused.value.fields) == {"occurred_at"}


def test_a_late_entry_keeps_both_times(clinic: Clinic, nurse: Actor) -> None:
    visit = seat(clinic)
    ready(visit, nurse)
    begin(visit, nurse, occurred_at=at(30), now=at(55))
    event = InfusionEvent.objects.get(kind="started")
    assert (event.occurred_at, event.recorded_at) == (at(30), at(55))
    assert Infusion.objects.get().started_at == at(30)


def test_other_roles_and_other_clinics_start_nothing(clinic: Clinic, nurse: Actor) -> None:
    visit = seat(clinic)
    ready(visit, nurse)
    with pytest.raises(Forbidden):
        begin(visit, make_actor(clinic, Role.PRESCRIBER))
    with pytest.raises(NotFound):
        begin(visit, make_actor(make_clinic("south"), Role.NURSE))
