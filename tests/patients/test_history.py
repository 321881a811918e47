"""Who opened a record, and who changed it: an auditor sees it, nobody else does."""

import re
from uuid import uuid4

import pytest
from django.db import transaction
from django.test import Client
from django.urls import reverse

from clinics.models import Role
from core import audit
from tests.people import MONDAY_NINE, make_actor, make_clinic, make_patient, make_user

pytestmark = pytest.mark.django_db


def test_an_auditor_sees_who_read_the_record() -> None:
    clinic = make_clinic()
    patient = make_patient(clinic)
    scheduler, auditor = Client(), Client()
    scheduler.force_login(make_user(clinic, Role.SCHEDULER))
    auditor.force_login(make_user(clinic, Role.AUDITOR))
    scheduler.get(reverse("patient", args=["north", patient.pk]))
    page = auditor.get(reverse("patient-history", args=["north", patient.pk])).content.decode()
    assert "record.read" in page
    assert "page: summary" in page
    assert ">Scheduler<" in page
    assert "page: history" in page, "the auditor's own reading is there too"


def test_what_was_done_is_written_as_people_read_it() -> None:
    clinic = make_clinic()
    patient = make_patient(clinic)
    auditor = Client()
    auditor.force_login(make_user(clinic, Role.AUDITOR))
    told = {
        "day": "2026-03-09", "start": "2026-03-09T08:00:00+00:00", "fields": ["email", "title"],
        "Vaccination": [str(uuid4()), str(uuid4())],
    }  # fmt: skip
    with transaction.atomic():
        audit.record(
            "booking.made", patient, actor=make_actor(clinic), now=MONDAY_NINE,
            patient_id=patient.pk, **told,
        )  # fmt: skip
    page = auditor.get(reverse("patient-history", args=["north", patient.pk])).content.decode()
    assert (
        "day: 09-Mar-2026, start: 09-Mar-2026 09:00, fields: email, title, Vaccination: 2" in page
    )


def test_nobody_else_does() -> None:
    clinic = make_clinic()
    patient = make_patient(clinic)
    for role in (Role.NURSE, Role.SCHEDULER, Role.MANAGER, Role.PRESCRIBER):
        client = Client()
        client.force_login(make_user(clinic, role))
        url = reverse("patient-history", args=["north", patient.pk])
        assert client.get(url).status_code == 403
        assert (
            url not in client.get(reverse("patient", args=["north", patient.pk])).content.decode()
        )


def test_the_page_costs_the_same_for_many_entries(django_assert_num_queries: object) -> None:
    clinic = make_clinic()
    patient = make_patient(clinic)
    auditor = Client()
    auditor.force_login(make_user(clinic, Role.AUDITOR))
    url = reverse("patient-history", args=["north", patient.pk])
    auditor.get(url)
    for _ in range(3):
        with django_assert_num_queries(9):  # type: ignore[operator]
            auditor.get(url)


def test_every_entry_stands_on_one_page_of_the_ledger_and_only_there() -> None:
    clinic = make_clinic()
    patient = make_patient(clinic)
    actor = make_actor(clinic, Role.SCHEDULER)
    with transaction.atomic():
        for number in range(230):
            audit.record(
                "test.entry", patient, actor=actor, now=MONDAY_NINE, patient_id=patient.pk,
                number=f"n{number:03}",
            )  # fmt: skip
    auditor = Client()
    auditor.force_login(make_user(clinic, Role.AUDITOR))
    url: str | None = reverse("patient-history", args=["north", patient.pk])
    seen: list[str] = []
    pages = 0
    while url is not None:
        html = auditor.get(url).content.decode()
        seen += re.findall(r"number: (n\d{3})", html)
        older = re.search(r'href="(\?before=\d+)"', html)
        url = url.split("?", 1)[0] + older[1] if older else None
        pages += 1
    assert seen == [f"n{number:03}" for number in reversed(range(230))]
    assert pages == 3


@pytest.mark.parametrize("before", ["x", "-1", "9" * 40, "\u0661"])
def test_a_page_that_is_none_is_the_newest(before: str) -> None:
    clinic = make_clinic()
    patient = make_patient(clinic)
    auditor = Client()
    auditor.force_login(make_user(clinic, Role.AUDITOR))
    url = reverse("patient-history", args=["north", patient.pk])
    answer = auditor.get(url, {"before": before})
    assert answer.status_code == 200
    assert "page: history" in answer.content.decode()
