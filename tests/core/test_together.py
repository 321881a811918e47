"""Statements sent together run in order, one by one, and fail like any other."""

from datetime import UTC, datetime
from threading import Event, Thread

import pytest
from django.db import IntegrityError, connection, transaction

from clinics.models import Chair, Clinic
from core.locks import ask_lock, begin
from core.prepared import ask, prepared
from core.rows import ask_rows, insert_row, write_row
from core.together import together
from scheduling.models import Booking, ClinicDay
from tests.scheduling.builders import make_desk

NOW = datetime(2026, 11, 2, 9, tzinfo=UTC)


@pytest.mark.django_db
def test_answers_are_read_in_any_order_and_within() -> None:
    with together():
        one, two = ask("SELECT 1", []), ask("SELECT %s::int", [2])
        within = two()
        three = ask("SELECT 3", [])
    assert (three(), one(), within) == ([(3,)], [(1,)], [(2,)])


@pytest.mark.django_db
def test_each_sees_what_those_before_it_wrote() -> None:
    desk = make_desk()
    with together():
        desk.clinic.name = "Seen at once"
        write_row(desk.clinic, "name")
        found = ask_rows(Clinic, id=[desk.clinic.pk])
    assert [clinic.name for clinic in found()] == ["Seen at once"]


@pytest.mark.django_db
def test_what_fails_is_a_database_error_and_nothing_after_it_runs() -> None:
    desk = make_desk()
    with pytest.raises(IntegrityError), transaction.atomic(), together():  # noqa: PT012 - the end raises
        with prepared() as cursor:
            cursor.execute("UPDATE clinics_clinic SET slug = NULL WHERE id = %s", [desk.clinic.pk])
        desk.clinic.name = "Never written"
        write_row(desk.clinic, "name")
    assert Clinic.objects.get(pk=desk.clinic.pk).name != "Never written"


@pytest.mark.django_db
def test_a_row_that_was_inserted_is_what_the_orm_reads() -> None:
    desk = make_desk()
    booking = desk.book(desk.visit())
    Booking.objects.all().delete()
    insert_row(booking)
    again = Booking.objects.get(pk=booking.pk)
    for field in Booking._meta.concrete_fields:
        assert getattr(again, field.attname) == getattr(booking, field.attname)


@pytest.mark.race
@pytest.mark.django_db(transaction=True)
def test_what_is_asked_after_a_lock_sees_what_was_written_before_it_was_free() -> None:
    """The statement that waits for the lock has its snapshot from before; those behind it have
    theirs from after."""
    desk = make_desk()
    day = ClinicDay.objects.create(clinic=desk.clinic, date=NOW.date(), updated_at=NOW)
    locked, go_on = Event(), Event()

    def first() -> None:
        with transaction.atomic():
            begin()
            ask_lock(ClinicDay, id=[day.pk])()
            locked.set()
            go_on.wait(5)
            Chair.objects.filter(clinic=desk.clinic).update(is_active=False)
        connection.close()

    rival = Thread(target=first)
    rival.start()
    assert locked.wait(5)
    with transaction.atomic():
        begin()
        with together():
            ask_lock(ClinicDay, id=[day.pk])
            active = ask(
                "SELECT count(*) FROM clinics_chair WHERE clinic_id = %s AND is_active",
                [desk.clinic.pk],
            )
            go_on.set()  # nothing has been waited for yet: the lock is only asked for
        counted = active()
    rival.join()
    assert counted == [(0,)]
