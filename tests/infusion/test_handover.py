"""The handover: the whole room on one sheet, and who read it."""

import re
from uuid import uuid4

import pytest
from pytest_django import DjangoAssertNumQueries

from clinics.models import Clinic, Role
from core.actor import Actor
from core.models import AuditEntry
from core.states import STATES as KNOWN
from infusion.handover import handover
from infusion.selectors import board
from infusion.services.reacting import chart_reaction
from infusion.services.running import pause
from infusion.web.cards import STATES
from tests.infusion.builders import at, expect, premedicate, running, seat
from tests.infusion.pages import Tablet
from tests.people import make_clinic, make_user


@pytest.fixture
def tablet(clinic: Clinic, nurse: Actor) -> Tablet:
    return Tablet.of(clinic, nurse)


def words(html: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", html).replace("\u00a0", " ").split())


def test_everybody_in_a_chair_is_on_it_with_what_comes_next(
    tablet: Tablet, clinic: Clinic, nurse: Actor
) -> None:
    running(seat(clinic, patient={"family_name": "Ångström"}), nurse)
    premedicate(seat(clinic, mrn="MRN-2", position=2, patient={"family_name": "Okafor"}), nurse)
    expect(clinic, mrn="MRN-3", position=3, from_minute=120)
    text = words(tablet.get(45, "handover").content.decode())
    for said in ("Chair 1", "ÅNGSTRÖM, Jane", "MRN-1", "40 mL per hour, step 1 of 5",
                 "Vital signs for the rate change due 11:00", "rate 80 mL/h", "OKAFOR, Jane",
                 "PATEL, Raj", "12:00", "Due in the next four hours"):  # fmt: skip
        assert said in text, said


def test_a_reaction_and_what_is_overdue_are_to_be_watched(clinic: Clinic, nurse: Actor) -> None:
    infusion = running(seat(clinic), nurse)
    calm = handover(board(nurse, at(45))).lines[0]
    assert calm.calm
    chart_reaction(
        infusion_id=infusion.pk, event_id=uuid4(), occurred_at=at(46), actor=nurse, now=at(46)
    )
    (line,) = handover(board(nurse, at(58))).lines
    assert (line.symptoms_open, line.unassessed, line.calm) == (True, True, False)
    assert line.overdue


def test_a_pause_is_to_be_watched(clinic: Clinic, nurse: Actor) -> None:
    infusion = running(seat(clinic), nurse)
    pause(
        infusion_id=infusion.pk, event_id=uuid4(), occurred_at=at(40), reason="toilet",
        actor=nurse, now=at(40),
    )  # fmt: skip
    assert not handover(board(nurse, at(41))).lines[0].calm


def test_what_is_due_comes_by_time_and_ends_with_the_hours_shown(
    clinic: Clinic, nurse: Actor
) -> None:
    running(seat(clinic), nurse)
    running(seat(clinic, mrn="MRN-2", position=2), nurse)
    sheet = handover(board(nurse, at(45)))
    times = [prompt.due.at for prompt in sheet.ahead]
    assert times == sorted(times)
    assert max(times) <= at(45 + 240)
    assert {prompt.card.label for prompt in sheet.ahead} == {"Chair 1", "Chair 2"}


def test_an_empty_room_says_so(tablet: Tablet) -> None:
    text = words(tablet.get(45, "handover").content.decode())
    assert "Nobody sits in a chair." in text


def test_reading_it_is_in_the_ledger(tablet: Tablet, clinic: Clinic, nurse: Actor) -> None:
    visit = seat(clinic)
    tablet.get(5, "handover")
    entry = AuditEntry.objects.filter(details__page="handover").latest("id")
    assert entry.details["visits"] == [str(visit.pk)]


def test_it_is_one_clinics_and_for_who_sees_the_board(clinic: Clinic) -> None:
    seat(make_clinic("south"), mrn="MRN-9", patient={"family_name": "Elsewhere"})
    manager = Tablet(clinic, make_user(clinic, Role.MANAGER))
    assert "ELSEWHERE" not in manager.get(45, "handover").content.decode()
    auditor = Tablet(clinic, make_user(clinic, Role.AUDITOR))
    assert auditor.get(45, "handover").status_code == 403


def test_a_full_room_costs_no_more_queries(
    clinic: Clinic, nurse: Actor, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    running(seat(clinic), nurse)
    with django_assert_num_queries(7):
        handover(board(nurse, at(45)))
    for position in (2, 3):
        running(seat(clinic, mrn=f"MRN-{position}", position=position), nurse)
    with django_assert_num_queries(7):
        handover(board(nurse, at(45)))


def test_every_place_has_a_state_that_the_screens_know() -> None:
    """An unknown one would be shown with a question mark."""
    assert [place for place, (code, _) in STATES.items() if code not in KNOWN] == []


def test_who_is_expected_first_stands_first(clinic: Clinic, nurse: Actor) -> None:
    expect(clinic, mrn="MRN-2", position=1, from_minute=200)
    expect(clinic, mrn="MRN-3", position=2, from_minute=100)
    labels = [card.label for card in handover(board(nurse, at(5))).coming]
    assert labels == ["Chair 2", "Chair 1"]
