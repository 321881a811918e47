"""When vital signs are asked for, where the nurse sees it, and a clinic's own times."""

from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from django.urls import reverse

from clinical.protocol import load
from clinical.vitals import VitalsWhy
from clinics.models import Clinic, Role
from core.actor import Actor
from infusion.bedside import bedside
from infusion.board import Act
from infusion.models import Infusion
from infusion.selectors import board
from infusion.services.running import change_rate
from infusion.web.vital_times import schedule_words
from scheduling.models import Visit
from tests.infusion.builders import at, complete, running, seat
from tests.infusion.pages import Tablet
from tests.infusion.test_board import vitals
from tests.people import make_user

CLINIC = "admin:clinics_clinic_change"


@pytest.fixture
def visit(clinic: Clinic) -> Visit:
    return seat(clinic)


@pytest.fixture
def infusion(visit: Visit, nurse: Actor) -> Infusion:
    return running(visit, nurse)


def due(visit: Visit, nurse: Actor, minute: float) -> tuple[object, VitalsWhy | None]:
    run = bedside(visit.pk, nurse, at(minute)).run
    assert run is not None
    return run.vitals_due, run.vitals_why


def test_before_a_step_after_a_change_at_the_end_and_after_it(
    visit: Visit, infusion: Infusion, nurse: Actor
) -> None:
    assert due(visit, nurse, 31) == (at(60), VitalsWhy.RATE_CHANGE)
    change_rate(
        infusion_id=infusion.pk, event_id=uuid4(), occurred_at=at(61), rate_ml_h=Decimal(80),
        actor=nurse, now=at(61),
    )  # fmt: skip
    assert due(visit, nurse, 62) == (at(60), VitalsWhy.GAP)  # half an hour after the start
    vitals(infusion, nurse, 62)
    assert due(visit, nurse, 63) == (at(91), VitalsWhy.RATE_CHANGE)
    complete(infusion, nurse, minute=240)
    assert due(visit, nurse, 241) == (at(240), VitalsWhy.END)
    vitals(infusion, nurse, 241)
    assert due(visit, nurse, 242) == (at(270), VitalsWhy.AFTER_END)


def test_board_pad_and_record_say_what_they_are_for(
    clinic: Clinic, visit: Visit, infusion: Infusion, nurse: Actor
) -> None:
    tablet = Tablet.of(clinic, nurse)
    vitals(infusion, nurse, 35)
    words = 'Vital signs for the rate change due <b class="num">11:00</b>'
    assert words in tablet.get(56, "board").content.decode()
    assert words in tablet.get(56, "chair_side", visit.pk).content.decode()
    pad = tablet.get(56, "chair_act", visit.pk, "vitals").content.decode()
    assert 'Vital signs for the rate change due <span class="num">11:00</span>' in pad
    assert "Asked for: baseline, at most 30min apart, at each change of the rate" in pad
    record = tablet.get(56, "infusion_record", visit.pk).content.decode()
    assert "Asked for: baseline, at most 30min apart" in record


def test_a_clinics_own_times_count_everywhere(
    clinic: Clinic, visit: Visit, infusion: Infusion, nurse: Actor, django_assert_num_queries: Any
) -> None:
    clinic.vitals_gap_minutes = 20
    clinic.vitals_at_rate_changes = False
    clinic.vitals_after_end_minutes = [15]
    clinic.save()
    assert due(visit, nurse, 31) == (at(50), VitalsWhy.GAP)
    with django_assert_num_queries(7):
        shown = board(nurse, at(31)).cards[0].seated
    assert shown is not None
    first = shown.dues()[0]
    assert (first.act, first.at, first.why) == (Act.VITALS, at(50), VitalsWhy.GAP)
    complete(infusion, nurse, minute=240)
    vitals(infusion, nurse, 240)
    assert due(visit, nurse, 241) == (at(255), VitalsWhy.AFTER_END)
    pad = Tablet.of(clinic, nurse).get(241, "chair_act", visit.pk, "vitals").content.decode()
    assert (
        "Asked for: baseline, at most 20min apart, at the end, 15min after the end, 30min after "
        "the end, 1hr after the end, in a reaction at most 15min apart." in pad
    )


def test_the_schedule_in_words() -> None:
    assert schedule_words(load()) == (
        "baseline, at most 30min apart, at each change of the rate, at the end, 30min after the "
        "end, 1hr after the end, in a reaction at most 15min apart"
    )


@pytest.fixture
def back_office(clinic: Clinic) -> Client:
    root = make_user(clinic, Role.MANAGER, email="root@example.org")
    root.is_staff = root.is_superuser = True
    root.save()
    client = Client()
    client.force_login(root)
    return client


def sent(clinic: Clinic, **changes: Any) -> dict[str, Any]:
    """What the back office's form would send for the clinic as it is, with changes."""
    values = {
        field.name: getattr(clinic, field.name)
        for field in clinic._meta.fields
        if field.editable
        and not any(getattr(clinic, field.name) is empty for empty in (None, False))
    }
    return {**values, "vitals_after_end_minutes": "", "midday": "12:00", **changes}


@pytest.mark.parametrize(
    ("gaps", "problem"),
    [
        ({"vitals_gap_minutes": 20, "vitals_gap_in_reaction_minutes": 10}, ""),
        ({"vitals_gap_minutes": 40}, "The nearest it allows: 30 minutes."),
        ({"vitals_gap_in_reaction_minutes": 20}, "The nearest it allows: 15 minutes."),
        ({"vitals_gap_in_reaction_minutes": 4}, "The nearest it allows: 5 minutes."),
        ({"edition": "mars"}, "unknown edition"),
    ],
)
def test_the_back_office_takes_no_rarer_times_than_the_protocols(
    back_office: Client, clinic: Clinic, gaps: dict[str, Any], problem: str
) -> None:
    answer = back_office.post(reverse(CLINIC, args=[clinic.pk]), sent(clinic, **gaps))
    if problem:
        assert problem in answer.content.decode()
        assert answer.status_code == 200
        return
    assert answer.status_code == 302, answer.content.decode()
    clinic.refresh_from_db()
    assert (clinic.vitals_gap_minutes, clinic.vitals_gap_in_reaction_minutes) == (20, 10)
