"""A visit that is no dose: asked for, found a place, booked, moved, kept, over or dropped."""

from dataclasses import replace
from datetime import date, timedelta
from importlib import import_module

import pytest
from django.db import IntegrityError, connection, transaction

from clinics.models import Clinic, Role
from core.errors import Conflict, Forbidden, Invalid, NotFound, RuleBroken
from core.models import AuditEntry
from reminders.models import Reminder
from scheduling import reminder_kinds as kinds
from scheduling.ad_hoc import LONGEST, SHORTEST
from scheduling.days import recompute_summaries
from scheduling.disruption.ahead import in_doubt, look_ahead
from scheduling.models import Booking, ClinicDay, Visit
from scheduling.openings import open_starts
from scheduling.plan_input import Options, collect
from scheduling.services import bookings
from scheduling.services.ad_hoc import AskedFor, ask_for_visit, drop_visit, end_visit
from scheduling.services.dosing import record_given
from scheduling.services.undoing import restore
from scheduling.services.waiting import Wished, join_waitlist
from scheduling.slots import Asked, find_slots
from scheduling.stored_days import read_span
from scheduling.tasks import round_of
from tests.people import make_actor, make_clinic, make_patient
from tests.scheduling.builders import MONDAY, NOW, Desk, at, make_desk, weeks

pytestmark = pytest.mark.django_db
TUESDAY = MONDAY + timedelta(days=1)
TEN, LATER = at(MONDAY, "10:00"), at(MONDAY, "10:30")
BLOODS = AskedFor(
    purpose=Visit.Purpose.BLOOD_TEST, minutes=30, first=MONDAY, last=MONDAY + timedelta(days=6)
)


@pytest.fixture
def desk() -> Desk:
    return make_desk()


def asked(desk: Desk, wanted: AskedFor = BLOODS) -> Visit:
    patient = make_patient(desk.clinic, mrn=f"AH-{Visit.objects.count()}")
    return ask_for_visit(patient_id=patient.pk, asked=wanted, actor=desk.actor, now=NOW)


def booked(desk: Desk, visit: Visit, shown: str = "10:00") -> Booking:
    return desk.book(visit, MONDAY, shown)


def every_day_adds_up(clinic: Clinic) -> bool:
    return recompute_summaries(clinic, MONDAY, weeks(MONDAY, 12)[-1]) == []


def test_it_waits_to_be_booked_and_takes_what_it_was_asked_for(desk: Desk) -> None:
    visit = asked(desk)
    assert (visit.status, visit.course, visit.dose_number) == (Visit.Status.PLANNED, None, None)
    booking = booked(desk, visit)
    turnaround = desk.clinic.turnaround_minutes
    assert booking.period.upper - booking.period.lower == timedelta(minutes=30 + turnaround)
    assert (booking.rate_option, booking.premedication_minutes) == ("", 0)
    visit.refresh_from_db()
    assert (visit.status, visit.day) == (Visit.Status.BOOKED, MONDAY)
    assert every_day_adds_up(desk.clinic)


def test_it_takes_a_nurses_hands_and_a_chair_like_any_visit(desk: Desk) -> None:
    booked(desk, asked(desk))
    with pytest.raises(Conflict, match="taken"):
        booked(desk, asked(desk))
    with pytest.raises(Conflict):
        desk.book(desk.visit(), MONDAY, "09:45")


def test_the_pharmacy_makes_no_bag_for_it(desk: Desk) -> None:
    """One bag a quarter-hour: a blood test takes none of them, and needs none."""
    Clinic.objects.update(pharmacy_limit=1)
    desk.book(desk.visit(mrn="DOSE"), MONDAY, "09:00", chair=0)  # its infusion begins at 10:00
    desk.book(asked(desk), MONDAY, "10:00", chair=1)
    with pytest.raises(RuleBroken, match="bags to make ready"):
        desk.book(desk.visit(mrn="LATE"), MONDAY, "09:00", chair=2)
    desk.book(asked(desk), MONDAY, "12:00", chair=1)
    desk.book(desk.visit(mrn="NEXT"), MONDAY, "11:00", chair=2)
    day = ClinicDay.objects.get(date=MONDAY)
    both = sum(day.starts[n] == 2 and day.bagless[n] == 1 for n in range(96))
    assert (both, sum(day.bagless)) == (2, 2)
    assert every_day_adds_up(desk.clinic)
    span = read_span(Clinic.objects.get(), [MONDAY, MONDAY + timedelta(days=1)])
    assert list(span[MONDAY].bags) == [s - b for s, b in zip(day.starts, day.bagless, strict=True)]
    assert sum(span[MONDAY].bags) == 2


def test_days_booked_before_bags_were_counted_apart_are_brought_up_to_date(desk: Desk) -> None:
    booked(desk, asked(desk), "09:00")
    desk.book(asked(desk), MONDAY, "09:15", chair=1)
    desk.book(desk.visit(), MONDAY, "11:00", chair=2)
    known = ClinicDay.objects.get(date=MONDAY).bagless
    assert sum(known) == 2
    ClinicDay.objects.update(bagless=[])
    with connection.cursor() as cursor:
        cursor.execute(import_module("scheduling.migrations.0011_bagless_starts").FILL)
    assert ClinicDay.objects.get(date=MONDAY).bagless == known
    assert every_day_adds_up(desk.clinic)


def test_the_planner_and_the_look_ahead_count_no_bag_for_it(desk: Desk) -> None:
    Clinic.objects.update(pharmacy_limit=1)
    desk.book(desk.visit(mrn="DOSE"), MONDAY, "09:00", chair=0)
    desk.book(asked(desk), MONDAY, "10:00", chair=1)
    here = desk.book(asked(desk), MONDAY, "10:00", chair=2)
    clinic = Clinic.objects.get()
    assert list(in_doubt(read_span(clinic, [MONDAY]))) == []
    assert look_ahead(clinic, [MONDAY], among=[MONDAY]).affected == []
    Booking.objects.filter(pk=here.pk).update(status=Booking.Status.ARRIVED)
    found = collect(clinic, MONDAY, MONDAY, Options(), now=NOW)
    assert sorted(each.visit.phases.bag for each in found.visits) == [False, True]
    [day] = found.days
    assert (sum(day.taken_starts), sum(day.taken_bags)) == (1, 0)


def test_no_time_is_proposed_at_which_the_patient_sits_elsewhere(desk: Desk) -> None:
    """The constraint would refuse it: exactly what it allows is offered."""
    dose = desk.book(desk.visit(), MONDAY, "10:00", chair=0)
    wanted = replace(BLOODS, last=MONDAY)
    blood = ask_for_visit(patient_id=dose.patient_id, asked=wanted, actor=desk.actor, now=NOW)
    page = open_starts(desk.actor, blood.pk, MONDAY, now=NOW)
    offered = {each.start for each in page.starts}
    assert offered
    for shown in (f"{hour:02}:{minute:02}" for hour in range(8, 18) for minute in (0, 15, 30, 45)):
        try:
            made = desk.book(blood, MONDAY, shown, chair=1)
        except (Conflict, RuleBroken):
            assert at(MONDAY, shown) not in offered
            continue
        assert at(MONDAY, shown) in offered
        bookings.cancel(booking_id=made.pk, reason="To try the next", actor=desk.actor, now=NOW)
    found = find_slots(desk.actor, blood.pk, Asked(first=MONDAY, last=MONDAY), now=NOW)
    assert {each.start for each in found.slots} <= offered
    assert found.slots
    again = find_slots(desk.actor, dose.visit_id, Asked(first=MONDAY, last=MONDAY), now=NOW)
    assert again.slots, "its own booking is not in its way"


def test_who_is_there_all_day_has_no_other_time(desk: Desk) -> None:
    patient = make_patient(desk.clinic, mrn="LONG")
    whole = replace(BLOODS, minutes=600, last=MONDAY)
    for wanted in (whole, replace(BLOODS, last=MONDAY)):
        visit = ask_for_visit(patient_id=patient.pk, asked=wanted, actor=desk.actor, now=NOW)
        if wanted is whole:
            desk.book(visit, MONDAY, "08:00", chair=0)
    page = open_starts(desk.actor, visit.pk, MONDAY, now=NOW)
    assert page.starts == ()
    assert page.why == "No room for 30min: the patient has another visit then."
    found = find_slots(desk.actor, visit.pk, Asked(first=MONDAY, last=MONDAY), now=NOW)
    [miss] = found.missed
    assert "The patient has another visit at 08:00." in miss.why
    assert miss.remedy == "Moving the patient's other visit would free it."


def test_what_needs_no_bag_is_forgotten_with_its_booking(desk: Desk) -> None:
    booking = booked(desk, asked(desk))
    bookings.cancel(booking_id=booking.pk, reason="Not today", actor=desk.actor, now=NOW)
    assert ClinicDay.objects.get(date=MONDAY).bagless == []


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"purpose": "infusion"}, "purpose"),
        ({"purpose": ""}, "purpose"),
        ({"minutes": SHORTEST - 1}, "minutes"),
        ({"minutes": LONGEST + 1}, "minutes"),
        ({"first": MONDAY - timedelta(days=60)}, "first"),
        ({"last": MONDAY - timedelta(days=1)}, "last"),
        ({"last": MONDAY + timedelta(days=401)}, "last"),
        ({"purpose": "other"}, "note"),
        ({"note": "x" * 201}, "note"),
    ],
)
def test_nonsense_is_refused_by_its_field(
    desk: Desk, change: dict[str, object], field: str
) -> None:
    with pytest.raises(Invalid) as refusal:
        asked(desk, replace(BLOODS, **change))  # type: ignore[arg-type]
    assert field in refusal.value.fields
    assert not Visit.objects.exists()


@pytest.mark.parametrize("minutes", [SHORTEST, LONGEST])
def test_the_shortest_and_the_longest_are_allowed(desk: Desk, minutes: int) -> None:
    assert asked(desk, replace(BLOODS, minutes=minutes)).minutes == minutes


def test_only_who_books_may_ask_and_another_clinic_sees_nothing(desk: Desk) -> None:
    patient = make_patient(desk.clinic, mrn="AH")
    with pytest.raises(Forbidden):
        ask_for_visit(
            patient_id=patient.pk, asked=BLOODS, now=NOW,
            actor=make_actor(desk.clinic, Role.AUDITOR),
        )  # fmt: skip
    stranger = make_actor(make_clinic("south"))
    with pytest.raises(NotFound):
        ask_for_visit(patient_id=patient.pk, asked=BLOODS, actor=stranger, now=NOW)
    visit = asked(desk)
    with pytest.raises(NotFound):
        drop_visit(visit_id=visit.pk, reason="Not needed", actor=stranger, now=NOW)
    with pytest.raises(NotFound):
        end_visit(booking_id=booked(desk, visit).pk, actor=stranger, now=NOW)


def test_nobody_who_has_died_is_asked_to_come(desk: Desk) -> None:
    dead = make_patient(desk.clinic, mrn="AH", deceased_on=MONDAY - timedelta(days=30))
    with pytest.raises(RuleBroken, match="died"):
        ask_for_visit(patient_id=dead.pk, asked=BLOODS, actor=desk.actor, now=NOW)


def test_the_round_drops_the_visits_of_somebody_who_died(desk: Desk) -> None:
    visit = asked(desk)
    booking = booked(desk, visit)
    visit.patient.deceased_on = NOW.date()
    visit.patient.save()
    round_of(desk.clinic.pk, now=NOW)
    visit.refresh_from_db()
    booking.refresh_from_db()
    assert (visit.status, booking.status) == (Visit.Status.CANCELLED, Booking.Status.CANCELLED)
    assert every_day_adds_up(desk.clinic)


def test_a_slot_is_found_inside_its_days_and_can_be_booked(desk: Desk) -> None:
    visit = asked(desk)
    found = find_slots(desk.actor, visit.pk, Asked(), now=NOW)
    assert found.slots
    assert found.minutes == 30
    assert all(slot.in_window and slot.findings == () for slot in found.slots)
    assert {slot.day for slot in found.slots} <= {MONDAY + timedelta(days=n) for n in range(7)}
    assert all(slot.reasons[0] == "One of the days it is wanted on." for slot in found.slots)
    best = found.slots[0]
    bookings.book(
        visit_id=visit.pk, chair_id=best.chair.pk, start=best.start, actor=desk.actor, now=NOW
    )
    assert find_slots(desk.actor, visit.pk, Asked(), now=NOW).booking is not None


def test_after_its_days_the_search_says_how_late_it_is(desk: Desk) -> None:
    visit = asked(desk, replace(BLOODS, last=MONDAY))
    later = Asked(first=TUESDAY, last=TUESDAY)
    [slot, *_] = find_slots(desk.actor, visit.pk, later, now=NOW).slots
    assert slot.reasons[0] == "1 day after the last day it is wanted on."
    assert not slot.in_window


def test_it_is_held_moved_and_freed_like_any_visit(desk: Desk) -> None:
    visit = asked(desk)
    bookings.hold_day(visit_id=visit.pk, day=MONDAY, actor=desk.actor, now=NOW)
    booking = Booking.objects.get(visit=visit)
    moved = bookings.move(
        booking_id=booking.pk, chair_id=desk.chairs[1], start=at(TUESDAY, "11:00"),
        version=booking.version, actor=desk.actor, now=NOW,
    )  # fmt: skip
    assert (moved.status, moved.clinic_day.date) == (Booking.Status.PROPOSED, TUESDAY)
    bookings.confirm(booking_id=booking.pk, actor=desk.actor, now=NOW)
    gone = bookings.cancel(booking_id=booking.pk, reason="A cold", actor=desk.actor, now=NOW)
    visit.refresh_from_db()
    assert (visit.status, visit.day) == (Visit.Status.PLANNED, visit.due_on)
    restore(
        booking_id=booking.pk, version=gone.version, was=Booking.Status.CONFIRMED,
        actor=desk.actor, now=NOW + timedelta(seconds=5),
    )  # fmt: skip
    visit.refresh_from_db()
    assert (visit.status, visit.day) == (Visit.Status.BOOKED, TUESDAY)
    assert every_day_adds_up(desk.clinic)


def test_who_came_is_seen_out_and_the_chair_is_free(desk: Desk) -> None:
    visit = asked(desk)
    booking = booked(desk, visit)
    with pytest.raises(Conflict, match="not here"):
        end_visit(booking_id=booking.pk, actor=desk.actor, now=TEN)
    bookings.mark_arrived(booking_id=booking.pk, actor=desk.actor, now=TEN)
    for _twice in range(2):
        end_visit(booking_id=booking.pk, actor=desk.actor, now=LATER)
    visit.refresh_from_db()
    booking.refresh_from_db()
    assert (visit.status, visit.given_on, visit.day) == (Visit.Status.COMPLETED, None, MONDAY)
    assert (booking.status, booking.ended_at) == (Booking.Status.COMPLETED, LATER)
    assert AuditEntry.objects.filter(subject_id=visit.pk, action="visit.completed").count() == 1
    assert every_day_adds_up(desk.clinic)


def test_who_did_not_come_is_to_be_booked_again(desk: Desk) -> None:
    visit = asked(desk)
    bookings.mark_no_show(booking_id=booked(desk, visit).pk, actor=desk.actor, now=LATER)
    visit.refresh_from_db()
    assert (visit.status, visit.no_shows) == (Visit.Status.PLANNED, 1)


def test_what_is_not_needed_any_more_frees_its_place(desk: Desk) -> None:
    visit = asked(desk)
    booking = booked(desk, visit)
    with pytest.raises(Invalid):
        drop_visit(visit_id=visit.pk, reason=" ", actor=desk.actor, now=NOW)
    drop_visit(visit_id=visit.pk, reason="Done at the doctor's", actor=desk.actor, now=NOW)
    visit.refresh_from_db()
    booking.refresh_from_db()
    assert (visit.status, booking.status) == (Visit.Status.CANCELLED, Booking.Status.CANCELLED)
    assert visit.dropped_because == "Done at the doctor's"
    assert "doctor" not in str(list(AuditEntry.objects.values_list("details", flat=True)))
    with pytest.raises(Conflict):
        drop_visit(visit_id=visit.pk, reason="Again", actor=desk.actor, now=NOW)
    with pytest.raises(Conflict, match="not waiting"):
        booked(desk, visit)
    assert every_day_adds_up(desk.clinic)


def test_who_is_here_is_not_dropped(desk: Desk) -> None:
    visit = asked(desk)
    bookings.mark_arrived(booking_id=booked(desk, visit).pk, actor=desk.actor, now=TEN)
    with pytest.raises(Conflict, match="here"):
        drop_visit(visit_id=visit.pk, reason="Not needed", actor=desk.actor, now=LATER)


def test_no_act_of_a_dose_is_one_of_its(desk: Desk) -> None:
    visit = asked(desk)
    nurse = make_actor(desk.clinic, Role.NURSE)
    with pytest.raises(RuleBroken, match="something else than a dose"):
        record_given(visit_id=visit.pk, given_on=NOW.date(), actor=nurse, now=NOW)
    with pytest.raises(RuleBroken, match="something else than a dose"):
        join_waitlist(visit_id=visit.pk, wished=Wished(), actor=desk.actor, now=NOW)
    with pytest.raises(Invalid):
        bookings.book(
            visit_id=visit.pk, chair_id=desk.chairs[0], start=TEN, rate_option="short",
            actor=desk.actor, now=NOW,
        )  # fmt: skip


def test_no_act_of_its_is_one_of_a_dose(desk: Desk) -> None:
    visit = desk.visit()
    with pytest.raises(RuleBroken, match="for a dose"):
        drop_visit(visit_id=visit.pk, reason="Not needed", actor=desk.actor, now=NOW)
    booking = desk.book(visit)
    bookings.mark_arrived(booking_id=booking.pk, actor=desk.actor, now=booking.period.lower)
    with pytest.raises(RuleBroken, match="for a dose"):
        end_visit(booking_id=booking.pk, actor=desk.actor, now=booking.period.lower)


def test_no_rule_about_doses_can_be_asked_about_it(desk: Desk) -> None:
    visit = asked(desk)
    for wrong in ("nth_dose", "milligrams", "own_course"):
        with pytest.raises(TypeError):
            getattr(visit, wrong)


def test_only_the_word_of_the_day_before_is_planned(desk: Desk) -> None:
    booking = booked(desk, asked(desk))
    planned = Reminder.objects.filter(subject_id__in=[booking.pk, booking.visit_id])
    assert set(planned.values_list("kind", flat=True)) == {kinds.DAY_BEFORE}


@pytest.mark.parametrize(
    "change",
    [
        {"purpose": ""}, {"minutes": None}, {"minutes": 0}, {"dose_number": 1},
        {"dose_mg": 300}, {"status": "infusing"}, {"given_on": date(2026, 1, 5)},
    ],
)  # fmt: skip
def test_the_database_keeps_the_two_kinds_apart(desk: Desk, change: dict[str, object]) -> None:
    visit = asked(desk)
    with pytest.raises(IntegrityError, match="visit_"), transaction.atomic():
        Visit.objects.filter(pk=visit.pk).update(**change)


@pytest.mark.parametrize(
    "change",
    [
        {"purpose": "blood_test", "minutes": 30}, {"note": "x"}, {"dose_number": None},
        {"dose_mg": None}, {"dose_mg": 0}, {"course": None},
    ],
)  # fmt: skip
def test_the_database_keeps_a_dose_whole(desk: Desk, change: dict[str, object]) -> None:
    visit = desk.visit()
    with pytest.raises(IntegrityError, match="visit_dose_or_ad_hoc"), transaction.atomic():
        Visit.objects.filter(pk=visit.pk).update(**change)
