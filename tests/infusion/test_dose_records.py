"""Records and reactions by dose, on the patient's own page."""

import re
from uuid import uuid4

import pytest
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from clinical.model import ReactionSeverity
from clinics.models import Clinic, Role
from core.actor import Actor
from infusion.models import Infusion
from infusion.services.amending import amend_event
from infusion.services.reacting import Assessment, chart_reaction, chart_symptoms_resolved
from infusion.web.dose_records import dose_records
from scheduling import dose_records as registry
from tests.infusion.builders import at, premedicate, running, seat
from tests.infusion.pages import Tablet
from tests.people import make_actor


@pytest.fixture
def infusion(clinic: Clinic, nurse: Actor) -> Infusion:
    return running(seat(clinic), nurse)


def react(infusion: Infusion, nurse: Actor, minute: float) -> None:
    sight = Assessment(severity=ReactionSeverity.MILD_MODERATE, grade=1, signs=("rash",))
    chart_reaction(
        infusion_id=infusion.pk, event_id=uuid4(), occurred_at=at(minute), assessment=sight,
        actor=nurse, now=at(minute),
    )  # fmt: skip


def test_the_page_lists_reactions_by_dose_and_opens_the_record(
    clinic: Clinic, nurse: Actor, infusion: Infusion
) -> None:
    react(infusion, nurse, 50)
    chart_symptoms_resolved(
        infusion_id=infusion.pk, event_id=uuid4(), occurred_at=at(70), actor=nurse, now=at(70)
    )
    html = Tablet.of(clinic, nurse).get(80, "patient", infusion.patient_id).content.decode()
    text = " ".join(re.sub(r"<[^>]+>", " ", html).replace("\u00a0", " ").split())
    assert "Dose 3, 600 mg" in text
    assert "10:50 Mild to moderate, grade 1, Rash symptoms gone 11:10" in text
    assert reverse("infusion_record", args=[clinic.slug, infusion.visit_id]) in html


def test_open_symptoms_say_so_and_a_withdrawn_reaction_is_not_listed(
    clinic: Clinic, nurse: Actor, infusion: Infusion
) -> None:
    react(infusion, nurse, 50)
    (found,) = dose_records(infusion.patient_id, nurse, clinic.slug)
    assert [line.resolved_at for line in found.reactions] == [None]
    entry = infusion.events.get(kind="reaction")
    amend_event(
        event_id=uuid4(), amends=entry.pk, reason="wrong patient", withdrawn=True, actor=nurse,
        now=at(60),
    )  # fmt: skip
    (found,) = dose_records(infusion.patient_id, nurse, clinic.slug)
    assert found.reactions == ()


def test_a_dose_that_is_being_prepared_is_listed_without_a_day(
    clinic: Clinic, nurse: Actor
) -> None:
    visit = seat(clinic)
    premedicate(visit, nurse)
    (found,) = dose_records(visit.patient_id, nurse, clinic.slug)
    assert (found.given_on, found.state) == (None, "preparing")


def test_another_clinics_records_and_a_stranger_to_them(
    clinic: Clinic, nurse: Actor, infusion: Infusion
) -> None:
    nobody = Actor(kind=nurse.kind, clinic_id=clinic.pk, user_id=nurse.user_id)
    assert dose_records(infusion.patient_id, nobody, clinic.slug) == ()
    elsewhere = Actor(
        kind=nurse.kind, clinic_id=uuid4(), user_id=nurse.user_id, permissions=nurse.permissions
    )
    assert dose_records(infusion.patient_id, elsewhere, clinic.slug) == []


def test_the_rooms_below_reach_it_by_registration(
    clinic: Clinic, nurse: Actor, infusion: Infusion
) -> None:
    found = registry.of(infusion.patient_id, nurse, clinic.slug)
    assert [each.visit_id for each in found] == [infusion.visit_id]


def test_two_queries_whatever_happened(
    clinic: Clinic, nurse: Actor, infusion: Infusion,
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:  # fmt: skip
    with django_assert_num_queries(2):
        dose_records(infusion.patient_id, nurse, clinic.slug)
    react(infusion, nurse, 50)
    auditor = make_actor(clinic, Role.AUDITOR)
    with django_assert_num_queries(2):
        dose_records(infusion.patient_id, auditor, clinic.slug)
