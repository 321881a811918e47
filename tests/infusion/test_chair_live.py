"""What a poll of the chair side page brings, to whom, and what it costs."""

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import resolve

from clinics.models import Clinic, Role
from core.actor import Actor
from core.models import AuditEntry
from infusion.models import Infusion
from scheduling.models import Visit
from tests.infusion.builders import running, seat
from tests.infusion.pages import Tablet
from tests.infusion.test_board import vitals
from tests.people import make_clinic, make_user


@pytest.fixture
def tablet(clinic: Clinic, nurse: Actor) -> Tablet:
    return Tablet.of(clinic, nurse)


@pytest.fixture
def visit(clinic: Clinic, nurse: Actor) -> Visit:
    visit = seat(clinic)
    running(visit, nurse)
    return visit


def shown(page: Any) -> str:
    """The fingerprint a page holds."""
    text: str = page.content.decode()
    return text.split('name="chair" value="', 1)[1].split('"', 1)[0]


def poll(tablet: Tablet, minute: float, visit: Visit, page: Any) -> Any:
    return tablet.get(minute, "chair_live", visit.pk, htmx=True, chair=shown(page))


def test_nothing_new_is_no_answer_and_no_entry(tablet: Tablet, visit: Visit) -> None:
    page = tablet.get(31, "chair_side", visit.pk)
    written = AuditEntry.objects.count()
    answer = poll(tablet, 31.2, visit, page)
    assert (answer.status_code, answer.content) == (204, b"")
    assert AuditEntry.objects.count() == written


def test_what_a_colleague_charts_is_brought_and_recorded(
    tablet: Tablet, visit: Visit, nurse: Actor
) -> None:
    page = tablet.get(31, "chair_side", visit.pk)
    vitals(Infusion.objects.get(), nurse, 31)
    answer = poll(tablet, 31.2, visit, page)
    assert answer.status_code == 200
    assert shown(answer) != shown(page)
    entry = AuditEntry.objects.get(details__page="chair poll")
    assert entry.patient_id == visit.patient_id
    assert poll(tablet, 31.3, visit, answer).status_code == 204


def test_time_alone_brings_a_step_that_opens(tablet: Tablet, visit: Visit, nurse: Actor) -> None:
    vitals(Infusion.objects.get(), nurse, 55)
    page = tablet.get(58.5, "chair_side", visit.pk)
    assert poll(tablet, 60.5, visit, page).status_code == 200


def test_a_correction_of_the_patients_record_is_brought(tablet: Tablet, visit: Visit) -> None:
    page = tablet.get(31, "chair_side", visit.pk)
    patient = visit.patient
    patient.updated_at = patient.updated_at.replace(year=2027)
    patient.save(update_fields=["updated_at"])
    assert poll(tablet, 31.2, visit, page).status_code == 200


def test_a_poll_keeps_no_session_alive_and_knows_its_clinic(
    tablet: Tablet, clinic: Clinic, visit: Visit
) -> None:
    assert getattr(resolve(tablet.address("chair_live", visit.pk)).func, "polled", False)
    stranger = seat(make_clinic("south"), mrn="MRN-7")
    assert tablet.get(31, "chair_live", stranger.pk).status_code == 404
    auditor = Tablet(clinic, make_user(clinic, Role.AUDITOR))
    assert auditor.get(31, "chair_live", visit.pk).status_code == 403


def test_it_costs_the_same_however_much_is_charted(
    tablet: Tablet, visit: Visit, nurse: Actor
) -> None:
    counts = []
    for minute in (35, 50):
        vitals(Infusion.objects.get(), nurse, minute)
        page = tablet.get(minute, "chair_side", visit.pk)
        with CaptureQueriesContext(connection) as asked:
            assert poll(tablet, minute + 0.05, visit, page).status_code == 204
        counts.append(len(asked))
        for later in range(1, 8):
            vitals(Infusion.objects.get(), nurse, minute + later)
    assert counts[0] == counts[1]
