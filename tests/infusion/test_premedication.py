"""What is given before the start: charted once, in the right place, by the right people."""

from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest

from clinics.models import Clinic, Role
from core.actor import Actor
from core.errors import Conflict, Forbidden, Invalid, NotFound, Refusal
from core.models import AuditEntry
from infusion.chart import Charted
from infusion.models import Infusion, InfusionEvent
from infusion.services.premedication import give_premedication
from scheduling.models import Booking, Visit
from tests.infusion.builders import at, expect, running, seat
from tests.people import make_actor, make_clinic

pytestmark = pytest.mark.django_db


def give(visit: Visit, nurse: Actor, **changes: Any) -> Charted:
    fields: dict[str, Any] = {
        "visit_id": visit.pk, "event_id": uuid4(), "drug": "methylprednisolone",
        "dose_mg": Decimal(100), "route": "IV", "occurred_at": at(2), "actor": nurse,
        "now": at(3),
    }  # fmt: skip
    return give_premedication(**(fields | changes))


def test_the_first_medicine_makes_the_infusions_row(clinic: Clinic, nurse: Actor) -> None:
    visit = seat(clinic)
    charted = give(visit, nurse)
    infusion = Infusion.objects.get()
    assert (infusion.pk, infusion.visit_id) == (charted.infusion_id, visit.pk)
    assert infusion.status == Infusion.Status.PREPARING
    assert (infusion.dose_mg, infusion.volume_ml, infusion.started_at) == (600, Decimal(500), None)
    event = InfusionEvent.objects.get()
    assert event.pk == charted.event_id
    assert event.values == {
        "drug": "methylprednisolone", "dose_mg": "100", "route": "IV", "purpose": "steroid",
    }  # fmt: skip
    assert (event.occurred_at, event.recorded_at) == (at(2), at(3))
    assert event.recorded_by_id == nurse.user_id


def test_the_second_medicine_goes_to_the_same_row(clinic: Clinic, nurse: Actor) -> None:
    visit = seat(clinic)
    give(visit, nurse)
    give(visit, nurse, drug="Cetirizine", dose_mg=Decimal(10), route="oral")
    assert Infusion.objects.get().version == 3
    assert {event.values["purpose"] for event in _events()} == {"steroid", "antihistamine"}


def test_a_drug_the_protocol_does_not_know_is_charted_for_its_purpose(
    clinic: Clinic, nurse: Actor
) -> None:
    visit = seat(clinic)
    give(visit, nurse, drug="Betamethasone", purpose="steroid")
    give(visit, nurse, drug="Ondansetron", dose_mg=Decimal(4))
    purposes = {event.values["drug"]: event.values["purpose"] for event in _events()}
    assert purposes == {"Betamethasone": "steroid", "Ondansetron": None}


def _events() -> list[InfusionEvent]:
    return list(InfusionEvent.objects.all())


def test_the_same_tap_again_is_the_same_fact(clinic: Clinic, nurse: Actor) -> None:
    visit, tap = seat(clinic), uuid4()
    first = give(visit, nurse, event_id=tap)
    again = give(visit, nurse, event_id=tap, now=at(20))
    assert (first.repeated, again.repeated) == (False, True)
    assert (again.event_id, again.infusion_id) == (first.event_id, first.infusion_id)
    assert InfusionEvent.objects.count() == 1
    assert InfusionEvent.objects.get().recorded_at == at(3)
    assert AuditEntry.objects.filter(action="infusion.premedication").count() == 1


def test_a_tap_of_another_visit_cannot_be_used_again(clinic: Clinic, nurse: Actor) -> None:
    tap = uuid4()
    give(seat(clinic), nurse, event_id=tap)
    with pytest.raises(Conflict, match="something else"):
        give(seat(clinic, mrn="MRN-9", position=2), nurse, event_id=tap)
    assert InfusionEvent.objects.count() == 1
    assert Infusion.objects.count() == 1, "a refused first medicine leaves no empty row"


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"drug": " "}, "drug"),
        ({"route": ""}, "route"),
        ({"dose_mg": Decimal(0)}, "dose_mg"),
        ({"dose_mg": Decimal(2001)}, "dose_mg"),
        ({"purpose": "luck"}, "purpose"),
        ({"occurred_at": at(4)}, "occurred_at"),
        ({"occurred_at": at(3 - 24 * 60 - 1)}, "occurred_at"),
    ],
)
def test_what_makes_no_sense_names_its_field(
    clinic: Clinic, nurse: Actor, changes: dict[str, Any], field: str
) -> None:
    with pytest.raises(Invalid) as refused:
        give(seat(clinic), nurse, **changes)
    assert set(refused.value.fields) == {field}
    assert not Infusion.objects.exists()


def test_a_time_a_day_ago_is_still_believed(clinic: Clinic, nurse: Actor) -> None:
    give(seat(clinic), nurse, occurred_at=at(3 - 24 * 60))
    assert InfusionEvent.objects.count() == 1


def test_only_a_patient_who_has_arrived_is_given_anything(clinic: Clinic, nurse: Actor) -> None:
    visit = expect(clinic)
    with pytest.raises(Conflict, match="arrived"):
        give(visit, nurse)
    Booking.objects.update(status=Booking.Status.ARRIVED, arrived_at=at(0))
    assert give(visit, nurse)


def test_nothing_is_added_before_a_start_that_has_happened(clinic: Clinic, nurse: Actor) -> None:
    visit = seat(clinic)
    running(visit, nurse)
    with pytest.raises(Conflict, match="started"):
        give(visit, nurse, occurred_at=at(31), now=at(31))


@pytest.mark.parametrize(
    "role", [Role.SCHEDULER, Role.PRESCRIBER, Role.PHARMACIST, Role.MANAGER, Role.AUDITOR]
)
def test_only_nurses_chart(clinic: Clinic, role: str) -> None:
    with pytest.raises(Forbidden):
        give(seat(clinic), make_actor(clinic, role))


def test_another_clinics_visit_is_not_there(clinic: Clinic, nurse: Actor) -> None:
    stranger = seat(make_clinic("south"), mrn="MRN-7")
    refusals: list[Refusal] = []
    for visit_id in (stranger.pk, uuid4()):
        with pytest.raises(NotFound) as refused:
            give(stranger, nurse, visit_id=visit_id)
        refusals.append(refused.value)
    assert refusals[0].message == refusals[1].message
