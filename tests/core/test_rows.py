"""Rows read by a statement written once are what the ORM reads."""

from typing import Any

import pytest
from django.db import models

from clinics.models import Chair, Clinic
from core.rows import rows_by
from patients.models import Patient
from scheduling.models import Booking, ClinicDay, Course, Visit
from tests.scheduling.builders import make_desk

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("model", [Clinic, Chair, Patient, ClinicDay, Course, Visit, Booking])
def test_every_column_is_what_the_orm_reads(model: type[models.Model]) -> None:
    desk = make_desk()
    desk.book(desk.visit())
    rows: Any = model._default_manager.order_by("pk")
    found = rows_by(model, id=list(rows.values_list("pk", flat=True)))
    assert found == list(rows)
    for one, usual in zip(found, rows, strict=True):
        for field in model._meta.concrete_fields:
            assert getattr(one, field.attname) == getattr(usual, field.attname)
        assert (one._state.adding, one._state.db) == (False, usual._state.db)


def test_columns_are_joined_and_the_order_is_the_one_asked_for() -> None:
    desk = make_desk()
    visit = desk.visit()
    later = Visit.objects.filter(course=visit.course).exclude(pk=visit.pk)
    later.update(status="cancelled")
    assert rows_by(Visit, course_id=[visit.course_id], status=["planned"]) == [visit]
    numbers = [row.nth_dose for row in rows_by(Visit, order="due_on", course_id=[visit.course_id])]
    assert numbers == sorted(numbers)
    assert rows_by(Visit, id=[]) == []
