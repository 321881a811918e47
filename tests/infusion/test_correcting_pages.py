"""Correcting an entry: never erased, always with a reason; the gravest by a prescriber only."""

from uuid import uuid4

import pytest

from clinics.models import Clinic, Role
from core.actor import Actor
from infusion import record
from infusion.models import Infusion
from scheduling.models import Course, Visit
from tests.infusion.builders import running as run_up
from tests.infusion.builders import seat
from tests.infusion.pages import Tablet
from tests.infusion.test_life_threatening import anaphylaxis
from tests.people import make_actor


@pytest.fixture
def visit(clinic: Clinic) -> Visit:
    return seat(clinic)


@pytest.fixture
def infusion(visit: Visit, nurse: Actor) -> Infusion:
    return run_up(visit, nurse)


@pytest.fixture
def tablet(clinic: Clinic, nurse: Actor) -> Tablet:
    return Tablet.of(clinic, nurse)


def standing(infusion: Infusion, kind: str) -> list[dict[str, object]]:
    return [row.values for row in record.standing(infusion.events.all()) if row.kind == kind]


def correct(tablet: Tablet, infusion: Infusion, event: object, **data: str) -> int:
    fields = {"event_id": str(uuid4()), "reason": "Wrong button", **data}
    answer = tablet.post(80, "entry_correct", infusion.visit_id, event, **fields)
    return int(answer.status_code)


def test_a_rate_is_corrected_and_both_are_shown(
    tablet: Tablet, infusion: Infusion, visit: Visit
) -> None:
    tablet.act(60, visit.pk, "rate", other_rate="80", planned_rate="85", reason="Slower")
    event = infusion.events.get(kind="rate_changed")
    page = tablet.get(61, "entry_correct", visit.pk, event.pk).content.decode()
    assert 'name="rate_ml_h" value="80"' in page
    assert correct(tablet, infusion, event.pk, at="2026-03-02T11:00", rate_ml_h="85") == 302
    assert standing(infusion, "rate_changed") == [{"rate_ml_h": "85"}]
    log = tablet.get(81, "chair_side", visit.pk).content.decode()
    assert "corrected above" in log
    assert "correction" in log
    assert "Wrong button" in log
    assert tablet.get(82, "entry_correct", visit.pk, event.pk).status_code == 404


def test_a_time_left_alone_stays_to_the_second(
    tablet: Tablet, infusion: Infusion, visit: Visit
) -> None:
    tablet.act(60.5, visit.pk, "vitals", systolic="120", diastolic="80")
    event = infusion.events.filter(kind="vitals").latest("occurred_at")
    shown = tablet.get(61, "entry_correct", visit.pk, event.pk).content.decode()
    assert 'value="2026-03-02T11:00"' in shown
    assert correct(tablet, infusion, event.pk, at="2026-03-02T11:00", systolic="125",
                   diastolic="80") == 302  # fmt: skip
    amended = infusion.events.get(amends=event)
    assert amended.occurred_at == event.occurred_at
    assert amended.values["systolic"] == "125"


def test_without_a_reason_nothing_is_written_and_nothing_is_lost(
    tablet: Tablet, infusion: Infusion
) -> None:
    event = infusion.events.filter(kind="premedication").first()
    assert event is not None
    assert (
        correct(tablet, infusion, event.pk, at="2026-03-02T10:00", dose_mg="90", reason="") == 422
    )
    assert not infusion.events.exclude(amends=None).exists()


def test_a_start_can_be_moved_but_not_taken_back(tablet: Tablet, infusion: Infusion) -> None:
    event = infusion.events.get(kind="started")
    page = tablet.get(61, "entry_correct", infusion.visit_id, event.pk).content.decode()
    assert "withdrawn" not in page
    assert correct(tablet, infusion, event.pk, at="2026-03-02T10:35", rate_ml_h="40") == 302


def test_an_entry_taken_back_leaves_a_trace(
    tablet: Tablet, infusion: Infusion, visit: Visit
) -> None:
    tablet.act(70, visit.pk, "reaction", back="chair")
    event = infusion.events.get(kind="reaction")
    assert correct(tablet, infusion, event.pk, at="2026-03-02T11:10", withdrawn="on") == 302
    assert standing(infusion, "reaction") == []
    assert "taken back" in tablet.get(82, "chair_side", visit.pk).content.decode()


def test_only_a_prescriber_corrects_what_ended_the_treatment(
    tablet: Tablet, infusion: Infusion, visit: Visit, clinic: Clinic, nurse: Actor
) -> None:
    reaction = anaphylaxis(infusion, nurse).event_id
    doctor = Tablet.of(clinic, make_actor(clinic, Role.PRESCRIBER))
    data = {"event_id": str(uuid4()), "severity": "mild_moderate", "reason": "Other patient"}
    assert tablet.post(80, "reaction_correct", visit.pk, reaction, **data).status_code == 403
    log = doctor.get(80, "chair_side", visit.pk).content.decode()
    assert "Charted in error" in log
    assert "Charted in error" not in tablet.get(80, "chair_side", visit.pk).content.decode()
    assert doctor.get(80, "reaction_correct", visit.pk, reaction).status_code == 200
    empty = doctor.post(81, "reaction_correct", visit.pk, reaction, **(data | {"reason": ""}))
    assert empty.status_code == 422
    assert doctor.post(82, "reaction_correct", visit.pk, reaction, **data).status_code == 302
    assert Course.objects.get().status == Course.Status.ACTIVE


def test_another_clinics_entry_is_not_there(infusion: Infusion, tablet: Tablet) -> None:
    assert tablet.get(61, "entry_correct", uuid4(), uuid4()).status_code == 404
    assert tablet.get(61, "entry_correct", infusion.visit_id, uuid4()).status_code == 404
