"""One command is one transaction; locks come in one order; constraints become refusals."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from django.contrib.auth.models import AnonymousUser
from django.db import OperationalError, connection, transaction
from django.db.models import QuerySet
from django.http import HttpResponse
from django.test import RequestFactory

from clinics.models import Chair, Clinic
from core import locks
from core.api.problems import exception_handler
from core.db import command, joins, refusing
from core.errors import Busy, Conflict, NotFound
from core.web.middleware import RefusalMiddleware
from patients.models import Patient
from scheduling.models import ClinicDay, Visit
from tests.people import make_clinic, make_patient

pytestmark = pytest.mark.django_db


@command
def inner() -> None: ...


@command
def outer() -> None:
    inner()


@joins
def part() -> str:
    return "done"


def test_a_command_inside_a_command_is_an_error() -> None:
    inner()
    with pytest.raises(RuntimeError, match="durable"):
        outer()


@pytest.mark.django_db(transaction=True)
def test_a_part_refuses_to_stand_alone() -> None:
    with pytest.raises(RuntimeError, match="part belongs inside a command"):
        part()
    assert command(part)() == "done"


@pytest.mark.django_db(transaction=True)
def test_a_command_that_fails_leaves_nothing() -> None:
    @command
    def half() -> None:
        make_clinic()
        raise Conflict("no")

    with pytest.raises(Conflict):
        half()
    assert not Clinic.objects.exists()


def test_locking_against_the_order_is_an_error_at_once() -> None:
    @command
    def backwards() -> None:
        locks.lock_rows(Visit.objects.all())
        locks.lock_rows(ClinicDay.objects.all())

    with pytest.raises(RuntimeError, match=r"ClinicDay locked after scheduling\.Visit"):
        backwards()


def test_each_command_counts_its_locks_afresh() -> None:
    @command
    def lock_visits() -> None:
        locks.lock_rows(Visit.objects.all())

    @command
    def lock_days() -> None:
        locks.lock_rows(ClinicDay.objects.all())

    lock_visits()
    lock_days()


def test_a_model_without_a_place_in_the_order_cannot_be_locked() -> None:
    @command
    def lock_chairs() -> None:
        locks.lock_rows(Chair.objects.all())

    with pytest.raises(RuntimeError, match=r"clinics\.Chair has no place"):
        lock_chairs()


@pytest.mark.django_db(transaction=True)
def test_a_lock_needs_a_transaction_and_a_row() -> None:
    with pytest.raises(RuntimeError, match="open transaction"):
        locks.lock_rows(Patient.objects.all())

    @command
    def lock_nobody() -> None:
        locks.lock_row(Patient.objects.all())

    with pytest.raises(NotFound):
        lock_nobody()


def test_one_named_constraint_becomes_its_refusal_and_others_pass() -> None:
    clinic = make_clinic()
    make_patient(clinic, mrn="A")
    with (
        pytest.raises(Conflict, match="taken"),
        refusing(patient_mrn_once=Conflict("taken")),
        transaction.atomic(),
    ):
        make_patient(clinic, mrn="A")
    with (
        pytest.raises(Exception, match="patient_channel_reachable"),
        refusing(patient_mrn_once=Conflict("taken")),
        transaction.atomic(),
    ):
        make_patient(clinic, mrn="B", channel="email")


@contextmanager
def held(rows: QuerySet[Patient]) -> Iterator[None]:
    """Hold the one row of `rows` on another connection."""
    there, release = threading.Event(), threading.Event()

    @command
    def hold() -> None:
        locks.lock_row(rows)
        there.set()
        release.wait(10)

    def hold_in_thread() -> None:
        try:
            hold()
        finally:
            connection.close()

    holder = threading.Thread(target=hold_in_thread)
    holder.start()
    assert there.wait(10)
    try:
        yield
    finally:
        release.set()
        holder.join()


@pytest.mark.race
@pytest.mark.django_db(transaction=True)
def test_a_lock_waited_for_outside_a_command_is_answered_as_busy_too() -> None:
    patient = make_patient(make_clinic())
    rows = Patient.objects.filter(pk=patient.pk)

    @transaction.atomic
    def change() -> None:
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL lock_timeout = '50ms'")
        rows.update(mrn="OTHER")

    with held(rows), pytest.raises(OperationalError) as waited:
        change()
    page = RequestFactory().get("/")
    page.user = AnonymousUser()
    shown = RefusalMiddleware(lambda _: HttpResponse()).process_exception(page, waited.value)
    assert shown is not None
    assert (shown.status_code, shown["Retry-After"]) == (503, "3")
    assert "Someone else is changing this" in shown.content.decode()
    problem = exception_handler(waited.value, {})
    assert problem is not None
    assert (problem.status_code, problem.data["code"]) == (503, "busy")
    assert "Someone else" in problem.data["detail"]


@pytest.mark.race
@pytest.mark.django_db(transaction=True)
def test_a_lock_held_too_long_is_busy_not_a_hang() -> None:
    patient = make_patient(make_clinic())
    rows = Patient.objects.filter(pk=patient.pk)

    @command
    def try_too(wait: str) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SHOW lock_timeout")
            assert cursor.fetchone() == ("3s",), "nobody waits longer, for whatever lock"
            cursor.execute("SELECT set_config('lock_timeout', %s, true)", [wait])
        locks.lock_row(rows)

    with held(rows), pytest.raises(Busy):
        try_too("50ms")
    try_too("50ms")
