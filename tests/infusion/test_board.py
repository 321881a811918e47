"""Every state a chair can be in, at the minute it changes, and what the room costs to read."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any
from uuid import uuid4

import pytest
from django.db.backends.postgresql.psycopg_any import DateTimeTZRange

from clinics.models import Chair, ChairOutage, Clinic, Role
from core.actor import Actor
from core.errors import Forbidden
from infusion import record
from infusion.board import Act, Board, ChairCard, Place, Urgency
from infusion.models import Infusion, InfusionEvent
from infusion.selectors import board
from infusion.services.amending import amend_event
from infusion.services.premedication import give_premedication
from infusion.services.running import change_rate, chart_vitals, pause, resume
from reminders.models import Reminder
from scheduling.models import Booking
from tests.infusion.builders import (
    at,
    complete,
    expect,
    leave,
    premedicate,
    prepare,
    running,
    seat,
    start,
)
from tests.people import make_actor, make_clinic

GOOD = {"systolic": 120, "diastolic": 80}


def card(actor: Actor, minute: float, *, position: int = 1) -> ChairCard:
    found = [each for each in board(actor, at(minute)).cards if each.label == f"Chair {position}"]
    assert len(found) == 1
    return found[0]


def vitals(infusion: Infusion, nurse: Actor, minute: float) -> None:
    chart_vitals(
        infusion_id=infusion.pk, event_id=uuid4(), occurred_at=at(minute), vitals=GOOD,
        actor=nurse, now=at(minute),
    )  # fmt: skip


def rate(infusion: Infusion, nurse: Actor, minute: float, ml_h: int) -> None:
    change_rate(
        infusion_id=infusion.pk, event_id=uuid4(), rate_ml_h=Decimal(ml_h), occurred_at=at(minute),
        actor=nurse, now=at(minute),
    )  # fmt: skip


def move(service: Callable[..., Any], infusion: Infusion, nurse: Actor, minute: float,
         **more: Any) -> None:  # fmt: skip
    service(
        infusion_id=infusion.pk, event_id=uuid4(), occurred_at=at(minute), actor=nurse,
        now=at(minute), **more,
    )  # fmt: skip


def test_a_chair_nobody_is_booked_for_is_free(clinic: Clinic, nurse: Actor) -> None:
    shown = card(nurse, 0)
    assert (shown.place, shown.urgency, shown.primary, shown.acts) == (Place.FREE, None, None, ())
    assert (shown.seated, shown.coming) == (None, None)


@pytest.mark.parametrize(
    ("minute", "expected"),
    [
        (-31, (Place.FREE, None, None)),
        (-30, (Place.EXPECTED, None, Act.ARRIVE)),
        (0, (Place.EXPECTED, None, Act.ARRIVE)),
        (0.9, (Place.EXPECTED, None, Act.ARRIVE)),
        (1, (Place.LATE, Urgency.OVERDUE, Act.ARRIVE)),
        (90, (Place.LATE, Urgency.OVERDUE, Act.ARRIVE)),
    ],
)
def test_a_patient_to_come(
    clinic: Clinic, nurse: Actor, minute: float, expected: tuple[object, ...]
) -> None:
    visit = expect(clinic)
    shown = card(nurse, minute)
    assert (shown.place, shown.urgency, shown.primary) == expected
    assert shown.coming is not None
    assert (shown.coming.visit_id, shown.coming.arrives_at) == (visit.pk, at(0))
    assert shown.coming.patient.family_name == "Patel"


def test_somebody_expected_later_can_already_be_noted_as_here(clinic: Clinic, nurse: Actor) -> None:
    expect(clinic)
    shown = card(nurse, -120)
    assert (shown.primary, shown.acts) == (None, (Act.ARRIVE,))


@pytest.mark.parametrize(
    ("minute", "urgency"), [(0, Urgency.SOON), (0.9, Urgency.SOON), (1, Urgency.OVERDUE)]
)
def test_arrived_waits_for_premedication(
    clinic: Clinic, nurse: Actor, minute: float, urgency: Urgency
) -> None:
    seat(clinic)
    shown = card(nurse, minute)
    assert (shown.place, shown.urgency, shown.primary) == (Place.ARRIVED, urgency, Act.PREPARE)
    assert shown.seated is not None
    assert shown.seated.headline is not None
    assert shown.seated.headline.at == at(0)
    assert shown.seated.patient.mrn == "MRN-1"
    medicine = shown.seated.medicine
    assert medicine is not None
    assert (medicine.generic, medicine.dose_mg) == ("ocrelizumab", 600)


def test_a_patient_who_came_early_is_due_at_the_booked_time(clinic: Clinic, nurse: Actor) -> None:
    seat(clinic, arrived_at=at(-40))
    assert card(nurse, -40).urgency is Urgency.LATER


def test_half_premedicated_still_waits_for_the_other_half(clinic: Clinic, nurse: Actor) -> None:
    visit = seat(clinic)
    prepare(visit, nurse)
    give_premedication(
        visit_id=visit.pk, event_id=uuid4(), drug="methylprednisolone", dose_mg=Decimal(100),
        route="IV", occurred_at=at(3), actor=nurse, now=at(3),
    )  # fmt: skip
    shown = card(nurse, 4)
    assert (shown.place, shown.primary) == (Place.PREMEDICATION, Act.PREMEDICATE)
    assert shown.seated is not None
    assert shown.seated.given == (("methylprednisolone", at(3)),)


@pytest.mark.parametrize(
    ("minute", "due", "expected"),
    [
        (1, 30, (Place.PREMEDICATION, Urgency.LATER, None)),
        (26, 30, (Place.PREMEDICATION, Urgency.SOON, None)),
        (29, 30, (Place.PREMEDICATION, Urgency.SOON, Act.START)),
        (30, 60, (Place.READY, Urgency.LATER, Act.START)),
        (55, 60, (Place.READY, Urgency.SOON, Act.START)),
        (61, 60, (Place.READY, Urgency.OVERDUE, Act.START)),
    ],
)
def test_premedicated_waits_for_its_window_and_then_for_the_start(
    clinic: Clinic, nurse: Actor, minute: float, due: int, expected: tuple[object, ...]
) -> None:
    visit = seat(clinic)
    prepare(visit, nurse)
    premedicate(visit, nurse)
    shown = card(nurse, minute)
    assert (shown.place, shown.urgency, shown.primary) == expected
    assert Act.START not in shown.acts
    assert shown.seated is not None
    assert shown.seated.headline is not None
    assert (shown.seated.headline.act, shown.seated.headline.at) == (Act.START, at(due))


@pytest.mark.parametrize("left_out", ["checklist", "access", "bag", "bag_check", "vitals"])
def test_no_start_is_offered_before_everything_is_prepared(
    clinic: Clinic, nurse: Actor, left_out: str
) -> None:
    """The window of the medicines runs, and the card leads to what is still to be done."""
    visit = seat(clinic)
    prepare(visit, nurse, without=[left_out])
    premedicate(visit, nurse)
    shown = card(nurse, 40)
    assert (shown.place, shown.primary) == (Place.PREMEDICATION, Act.PREPARE)
    assert Act.START not in shown.acts
    assert shown.seated is not None
    assert shown.seated.headline is not None
    assert (shown.seated.headline.at, shown.seated.window_open) == (at(60), True)
    missing = 2 if left_out == "bag" else 1  # without a bag there is no check of it
    assert (shown.seated.parts_done, shown.seated.parts) == (6 - missing, 6)


def test_an_empty_chair_says_how_much_is_done_for_who_comes(clinic: Clinic, nurse: Actor) -> None:
    visit = seat(clinic)
    prepare(visit, nurse, without=["bag"])
    Booking.objects.filter(visit=visit).update(status=Booking.Status.CONFIRMED, arrived_at=None)
    coming = card(nurse, 5).coming
    assert coming is not None
    assert (coming.parts_done, coming.parts) == (3, 6)


def test_a_baseline_taken_back_is_due_again_at_once(clinic: Clinic, nurse: Actor) -> None:
    infusion = running(seat(clinic), nurse)
    amend_event(
        event_id=uuid4(), amends=infusion.events.get(kind="vitals").pk, withdrawn=True,
        reason="Another patient's", actor=nurse, now=at(31),
    )  # fmt: skip
    shown = card(nurse, 31)
    assert (shown.place, shown.urgency, shown.primary) == (
        Place.RUNNING, Urgency.OVERDUE, Act.VITALS,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("minute", "expected", "offered"),
    [
        (31, (Urgency.LATER, None), {Act.VITALS, Act.PAUSE}),
        (54, (Urgency.LATER, None), {Act.VITALS, Act.PAUSE}),
        (55, (Urgency.SOON, Act.VITALS), {Act.PAUSE}),
        (59, (Urgency.SOON, Act.VITALS), {Act.RATE, Act.PAUSE}),
        (61, (Urgency.OVERDUE, Act.VITALS), {Act.RATE, Act.PAUSE}),
    ],
)
def test_a_step_is_offered_when_it_opens(
    clinic: Clinic, nurse: Actor, minute: float, expected: tuple[object, ...], offered: set[Act]
) -> None:
    infusion = running(seat(clinic), nurse)
    vitals(infusion, nurse, 30)
    shown = card(nurse, minute)
    assert (shown.place, shown.urgency, shown.primary) == (Place.RUNNING, *expected)
    assert set(shown.acts) == {*offered, Act.REACTION}


def test_a_board_seen_before_shows_what_is_charted_and_corrected_since(
    clinic: Clinic, nurse: Actor
) -> None:
    """The story of a chart is kept between polls; another fact is another story."""
    visit = seat(clinic)
    infusion = running(visit, nurse)
    for minute in (45, 44, 46):
        course = visit.own_course
        events = list(infusion.events.all())
        assert record.seen_state(infusion, course, events, now=at(minute)) == record.run_state(
            infusion, course, events, now=at(minute)
        )
    assert card(nurse, 47).seated is not None
    vitals(infusion, nurse, 48)
    rate(infusion, nurse, 60, 80)
    shown = card(nurse, 61).seated
    assert shown is not None
    assert (shown.rate_ml_h, shown.step) == (Fraction(80), 2)
    changed = infusion.events.get(kind="rate_changed")
    amend_event(
        event_id=uuid4(), amends=changed.pk, reason="Read again", values={"rate_ml_h": "40"},
        actor=nurse, now=at(62),
    )  # fmt: skip
    shown = card(nurse, 63).seated
    assert shown is not None
    assert (shown.rate_ml_h, shown.step) == (Fraction(40), 1)


def test_after_the_vital_signs_the_rate_is_next(clinic: Clinic, nurse: Actor) -> None:
    infusion = running(seat(clinic), nurse)
    vitals(infusion, nurse, 30)
    vitals(infusion, nurse, 59)
    shown = card(nurse, 60)
    assert shown.primary is Act.RATE
    assert shown.seated is not None
    headline = shown.seated.headline
    assert headline is not None
    assert (headline.act, headline.at) == (Act.RATE, at(60))
    assert headline.rate_ml_h == Fraction(80)
    assert (shown.seated.rate_ml_h, shown.seated.step, shown.seated.steps) == (Fraction(40), 1, 5)


def test_a_confirmed_step_shows_at_once(clinic: Clinic, nurse: Actor) -> None:
    infusion = running(seat(clinic), nurse)
    vitals(infusion, nurse, 59)
    rate(infusion, nurse, 60, 80)
    shown = card(nurse, 61).seated
    assert shown is not None
    assert shown.headline is not None
    assert (shown.rate_ml_h, shown.step) == (Fraction(80), 2)
    assert shown.ends_at == at(30 + 210)


def test_paused_waits_and_never_turns_red_by_itself(clinic: Clinic, nurse: Actor) -> None:
    infusion = running(seat(clinic), nurse)
    vitals(infusion, nurse, 39)
    move(pause, infusion, nurse, 40, reason="Line kinked")
    shown = card(nurse, 60)
    assert (shown.place, shown.primary) == (Place.PAUSED, Act.RESUME)
    assert shown.urgency is Urgency.LATER
    assert shown.seated is not None
    assert (shown.seated.paused_at, shown.seated.rate_ml_h) == (at(40), Fraction(0))
    assert card(nurse, 70).urgency is Urgency.OVERDUE, "vital signs stay due"
    move(resume, infusion, nurse, 71, rate_ml_h=40)
    assert card(nurse, 72).place is Place.RUNNING


def test_an_empty_bag_asks_for_its_end(clinic: Clinic, nurse: Actor) -> None:
    infusion = running(seat(clinic), nurse)
    for minute, ml_h in ((60, 80), (90, 120), (120, 160), (150, 200)):
        vitals(infusion, nurse, minute - 1)
        rate(infusion, nurse, minute, ml_h)
    for minute in (179, 209, 239):
        vitals(infusion, nurse, minute)
    assert card(nurse, 238).place is Place.RUNNING
    shown = card(nurse, 240)
    assert (shown.place, shown.primary) == (Place.DONE, Act.COMPLETE)
    assert card(nurse, 241).urgency is Urgency.OVERDUE


@pytest.mark.parametrize(
    ("minute", "expected"),
    [
        (245, (Place.OBSERVATION, None, Urgency.LATER)),
        (265, (Place.OBSERVATION, Act.VITALS, Urgency.SOON)),
        (271, (Place.OBSERVATION, Act.VITALS, Urgency.OVERDUE)),
    ],
)
def test_the_hour_after_the_end(
    clinic: Clinic, nurse: Actor, minute: float, expected: tuple[object, ...]
) -> None:
    infusion = running(seat(clinic), nurse)
    complete(infusion, nurse, minute=240)
    assert card(nurse, 241).primary is Act.VITALS
    vitals(infusion, nurse, 241)
    shown = card(nurse, minute)
    assert (shown.place, shown.primary, shown.urgency) == expected
    assert shown.seated is not None
    assert shown.seated.headline is not None
    assert (shown.seated.headline.act, shown.seated.headline.at) == (Act.DISCHARGE, at(300))
    assert shown.seated.ends_at == at(240)


def test_the_hour_over_offers_the_door_and_is_no_alarm(clinic: Clinic, nurse: Actor) -> None:
    infusion = running(seat(clinic), nurse)
    complete(infusion, nurse, minute=240)
    vitals(infusion, nurse, 270)
    vitals(infusion, nurse, 299)
    assert card(nurse, 299.5).place is Place.OBSERVATION
    shown = card(nurse, 330)
    assert (shown.place, shown.primary, shown.urgency) == (
        Place.HOUR_OVER, Act.DISCHARGE, Urgency.SOON,
    )  # fmt: skip


def test_after_discharge_the_chair_is_free(clinic: Clinic, nurse: Actor) -> None:
    infusion = running(seat(clinic), nurse)
    complete(infusion, nurse, minute=240)
    leave(infusion, nurse, minute=300)
    shown = card(nurse, 301)
    assert (shown.place, shown.seated) == (Place.FREE, None)


def test_open_symptoms_show_and_hold_the_rate(clinic: Clinic, nurse: Actor) -> None:
    assert nurse.user_id is not None
    infusion = running(seat(clinic), nurse)
    InfusionEvent.objects.create(
        id=uuid4(), infusion=infusion, kind="reaction", occurred_at=at(50), recorded_at=at(50),
        recorded_by_id=nurse.user_id, values={"severity": "mild_moderate", "grade": 2},
    )  # fmt: skip
    shown = card(nurse, 51)
    assert shown.seated is not None
    assert shown.seated.symptoms_open
    dues = {due.act: due for due in shown.seated.dues()}
    assert dues[Act.RATE].rate_ml_h == Fraction(20), "halve the rate"


def test_a_chair_out_of_service_says_why(clinic: Clinic, nurse: Actor) -> None:
    chair = clinic.chairs.get(position=1)
    ChairOutage.objects.create(
        chair=chair, period=DateTimeTZRange(at(0), at(120)), reason="Arm rest broken"
    )
    shown = card(nurse, 10)
    assert (shown.place, shown.out_because, shown.out_until) == (
        Place.OUT_OF_SERVICE, "Arm rest broken", at(120),
    )  # fmt: skip
    assert card(nurse, 120).place is Place.FREE
    expect(clinic)
    assert card(nurse, 10).acts == (), "nobody is seated in a broken chair"


def test_whoever_sits_in_a_broken_chair_stays_visible(clinic: Clinic, nurse: Actor) -> None:
    seat(clinic)
    ChairOutage.objects.create(
        chair=clinic.chairs.get(position=1), period=DateTimeTZRange(at(0), at(120)), reason="x"
    )
    assert card(nurse, 10).place is Place.ARRIVED


def test_the_next_in_the_chair_shows_beside_who_sits_there(clinic: Clinic, nurse: Actor) -> None:
    seat(clinic, minutes=300)
    expect(clinic, from_minute=315, minutes=200)
    shown = card(nurse, 10)
    assert shown.place is Place.ARRIVED
    assert shown.coming is not None
    assert shown.coming.arrives_at == at(315)


def test_a_forgotten_discharge_is_still_there_the_next_day(clinic: Clinic, nurse: Actor) -> None:
    infusion = running(seat(clinic), nurse)
    complete(infusion, nurse, minute=240)
    assert card(nurse, 24 * 60).place is Place.HOUR_OVER


def test_two_people_in_one_chair_are_two_cards(clinic: Clinic, nurse: Actor) -> None:
    first = seat(clinic, minutes=60)
    second = seat(clinic, mrn="MRN-2", from_minute=75, arrived_at=at(75))
    shown = [each for each in board(nurse, at(80)).cards if each.label == "Chair 1"]
    assert {each.seated.visit_id for each in shown if each.seated} == {first.pk, second.pk}
    assert len({each.key for each in shown}) == 2


def test_bookings_of_other_days_and_other_clinics_do_not_show(clinic: Clinic, nurse: Actor) -> None:
    expect(clinic, from_minute=24 * 60)
    seat(make_clinic("south"), mrn="MRN-8")
    room = board(nurse, at(10))
    assert [each.place for each in room.cards] == [Place.FREE] * 3
    assert all(each.coming is None for each in room.cards)


def test_inactive_chairs_are_left_out(clinic: Clinic, nurse: Actor) -> None:
    Chair.objects.filter(clinic=clinic, position=2).update(is_active=False)
    assert [each.label for each in board(nurse, at(0)).cards] == ["Chair 1", "Chair 3"]


def test_what_is_due_is_listed_by_urgency(clinic: Clinic, nurse: Actor) -> None:
    seat(clinic, position=1, from_minute=20, arrived_at=at(20))
    premedicate(seat(clinic, mrn="MRN-2", position=2), nurse)
    seat(clinic, mrn="MRN-3", position=3, from_minute=-5, arrived_at=at(-5))
    room = board(nurse, at(21))
    prompts = room.prompts(within=timedelta(minutes=30))
    assert [(prompt.card.label, prompt.due.act) for prompt in prompts] == [
        ("Chair 3", Act.PREMEDICATE), ("Chair 1", Act.PREMEDICATE), ("Chair 2", Act.START),
    ]  # fmt: skip
    assert [prompt.due.act for prompt in room.prompts(within=timedelta(minutes=5))] == [
        Act.PREMEDICATE, Act.PREMEDICATE,
    ]  # fmt: skip


def reminder(clinic: Clinic, visit: Any, **changes: Any) -> Reminder:
    fields: dict[str, Any] = {
        "clinic": clinic, "kind": "monitoring.over", "subject_id": uuid4(),
        "patient_id": visit.patient_id, "recipient_role": Role.NURSE, "channel": "board",
        "dedupe_key": str(uuid4()), "due_at": at(0), "void_after": at(60), "state": "sent",
        "next_attempt_at": at(0), "created_at": at(0),
    }  # fmt: skip
    return Reminder.objects.create(**(fields | changes))


def test_nurse_reminders_show_until_somebody_has_seen_them(clinic: Clinic, nurse: Actor) -> None:
    visit = seat(clinic)
    shown = reminder(clinic, visit)
    reminder(clinic, visit, state="pending")
    reminder(clinic, visit, state="void")
    reminder(clinic, visit, seen_at=at(1), seen_by_id=nurse.user_id)
    reminder(clinic, visit, void_after=at(5))
    reminder(clinic, visit, recipient_role=Role.SCHEDULER)
    reminder(make_clinic("south"), visit)
    [notice] = board(nurse, at(10)).notices
    assert (notice.reminder_id, notice.chair, notice.patient.mrn) == (shown.pk, "Chair 1", "MRN-1")


def test_cards_tell_change_from_sameness(clinic: Clinic, nurse: Actor) -> None:
    infusion = running(seat(clinic), nurse)
    vitals(infusion, nurse, 30)
    calm = {card(nurse, minute).digest() for minute in (31, 32, 40, 54)}
    assert len(calm) == 1, "time passing changes nothing until something is due"
    assert card(nurse, 55).digest() not in calm
    free = card(nurse, 31, position=2).digest()
    assert free not in calm
    expect(clinic, position=2)
    assert card(nurse, 31, position=2).digest() != free


def test_the_layout_changes_with_the_cards(clinic: Clinic, nurse: Actor) -> None:
    def layout() -> str:
        return board(nurse, at(0)).layout()

    empty = layout()
    seat(clinic)
    seated = layout()
    assert empty != seated
    Chair.objects.filter(clinic=clinic, position=3).update(is_active=False)
    assert layout() != seated


@pytest.mark.parametrize("chairs", [1, 60])
@pytest.mark.django_db
def test_the_room_costs_the_same_at_any_size(django_assert_num_queries: Any, chairs: int) -> None:
    clinic = make_clinic("large", chairs=chairs)
    nurse = make_actor(clinic, Role.NURSE)
    for n in range(1, chairs + 1):
        visit = seat(clinic, mrn=f"MRN-{n}", position=n)
        if n % 3:
            infusion = running(visit, nurse)
            if n % 3 == 1:
                complete(infusion, nurse, minute=240)
        reminder(clinic, visit)
    room: Board
    with django_assert_num_queries(7):
        room = board(nurse, at(250))
    assert len(room.cards) == chairs
    assert all(each.seated for each in room.cards)


def test_an_empty_room_costs_no_more(clinic: Clinic, nurse: Actor,
                                     django_assert_max_num_queries: Any) -> None:  # fmt: skip
    with django_assert_max_num_queries(7):
        assert len(board(nurse, at(0)).cards) == 3


def test_the_board_is_for_those_who_may_see_it(clinic: Clinic) -> None:
    with pytest.raises(Forbidden):
        board(make_actor(clinic, Role.AUDITOR), at(0))


def test_a_discharge_frees_nothing_but_its_own_chair(clinic: Clinic, nurse: Actor) -> None:
    infusion = running(seat(clinic), nurse)
    other = seat(clinic, mrn="MRN-2", position=2)
    complete(infusion, nurse, minute=240)
    leave(infusion, nurse, minute=300)
    still = card(nurse, 301, position=2).seated
    assert still is not None
    assert still.visit_id == other.pk


def test_a_start_at_another_table_shows_its_own_steps(clinic: Clinic, nurse: Actor) -> None:
    visit = seat(clinic)
    premedicate(visit, nurse)
    start(visit, nurse, rate_option="short")
    shown = card(nurse, 31).seated
    assert shown is not None
    assert (shown.rate_ml_h, shown.step, shown.steps) == (Fraction(100), 1, 4)
