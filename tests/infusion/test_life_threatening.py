"""One transaction: the infusion ends, the course is over for good, every booking is free."""

from datetime import timedelta
from decimal import Decimal
from uuid import UUID, uuid4

import pytest

from clinical.model import ReactionSeverity
from clinics.models import Clinic, Role
from core.actor import Actor
from core.errors import Conflict, Forbidden, Invalid, RuleBroken
from core.models import AuditEntry
from infusion import record
from infusion.chart import Charted
from infusion.models import Infusion
from infusion.segments import tenth_of_ml
from infusion.services import reacting, running, stopping
from infusion.services.amending import amend_event, take_back
from infusion.services.reacting import Assessment
from reminders.models import Reminder
from scheduling.models import Booking, Course, Override, Visit
from scheduling.services import bookings, courses
from tests.infusion.builders import at, complete, seat
from tests.infusion.builders import running as run_up
from tests.people import make_actor
from tests.scheduling.builders import staff

MILD, SEVERE, FATAL = ReactionSeverity
ANAPHYLAXIS = Assessment(severity=FATAL, grade=4, signs=("anaphylaxis",))


@pytest.fixture
def infusion(clinic: Clinic, nurse: Actor) -> Infusion:
    return run_up(seat(clinic), nurse)


@pytest.fixture
def next_dose(infusion: Infusion, clinic: Clinic) -> Booking:
    """The dose after this one, booked half a year ahead."""
    visit = Visit.objects.get(course=infusion.visit.course, dose_number=4)
    day = visit.due_on + timedelta(days=(7 - visit.due_on.weekday()) % 7)
    staff(clinic, day)
    return bookings.book(
        visit_id=visit.pk, chair_id=clinic.chairs.get(position=2).pk,
        start=at((day - at(0).date()).days * 1440 + 60),
        actor=make_actor(clinic, Role.SCHEDULER), now=at(40),
    )  # fmt: skip


def anaphylaxis(infusion: Infusion, nurse: Actor, minute: float = 70, **more: object) -> Charted:
    fields: dict[str, object] = {
        "infusion_id": infusion.pk, "event_id": uuid4(), "occurred_at": at(minute),
        "assessment": ANAPHYLAXIS, "actor": nurse, "now": at(minute),
    }  # fmt: skip
    return reacting.chart_reaction(**(fields | more))  # type: ignore[arg-type]


def course_of(infusion: Infusion) -> Course:
    return Course.objects.get(visits=infusion.visit_id)


def test_everything_ends_at_once(infusion: Infusion, nurse: Actor, next_dose: Booking) -> None:
    anaphylaxis(infusion, nurse)
    infusion.refresh_from_db()
    next_dose.refresh_from_db()
    course = course_of(infusion)
    assert (infusion.status, infusion.ended_at) == (Infusion.Status.OBSERVING, at(70))
    assert course.status == Course.Status.PERMANENTLY_DISCONTINUED
    assert next_dose.status == Booking.Status.CANCELLED
    assert not Visit.objects.filter(course=course, given_on=None).exclude(status="cancelled")
    told = Reminder.objects.filter(kind="treatment.ended", channel="board")
    assert {row.recipient_role for row in told} == {Role.PRESCRIBER, Role.SCHEDULER}
    waiting = Reminder.objects.filter(patient=infusion.patient, state="pending")
    kinds = set(waiting.values_list("kind", flat=True))
    assert kinds == {"treatment.ended", "monitoring.begins", "monitoring.over"}
    actions = set(AuditEntry.objects.values_list("action", flat=True))
    assert {"infusion.reaction", "infusion.stopped", "course.permanently_discontinued"} <= actions


def test_the_first_tap_and_then_the_assessment_do_the_same(
    infusion: Infusion, nurse: Actor, next_dose: Booking
) -> None:
    tap = anaphylaxis(infusion, nurse, assessment=None)
    assert course_of(infusion).status == Course.Status.ACTIVE
    running.pause(
        infusion_id=infusion.pk, event_id=uuid4(), occurred_at=at(71), reason="Reaction",
        actor=nurse, now=at(71),
    )  # fmt: skip
    reacting.assess_reaction(
        reaction_id=tap.event_id, event_id=uuid4(), assessment=ANAPHYLAXIS, actor=nurse, now=at(74)
    )
    infusion.refresh_from_db()
    next_dose.refresh_from_db()
    assert infusion.ended_at == at(71)  # when the pump was stopped, not when it was written down
    assert next_dose.status == Booking.Status.CANCELLED
    stopped = infusion.events.get(kind="stopped")
    volume = record.run_state(
        infusion, course_of(infusion), infusion.events.all(), now=at(74)
    ).volume_in_ml
    assert stopped.values["volume_ml"] == str(tenth_of_ml(volume))


def test_something_charted_later_does_not_stand_in_the_way(
    infusion: Infusion, nurse: Actor
) -> None:
    running.change_rate(
        infusion_id=infusion.pk, event_id=uuid4(), rate_ml_h=Decimal(85), occurred_at=at(75),
        actor=nurse, now=at(75), reason="As the table has it",
    )  # fmt: skip
    anaphylaxis(infusion, nurse, 72, now=at(78))
    infusion.refresh_from_db()
    assert infusion.ended_at == at(78)


def test_during_observation_the_end_stays_as_it_was(infusion: Infusion, nurse: Actor) -> None:
    complete(infusion, nurse, minute=245)
    anaphylaxis(infusion, nurse, 260)
    infusion.refresh_from_db()
    assert infusion.ended_at == at(245)
    assert course_of(infusion).status == Course.Status.PERMANENTLY_DISCONTINUED


def test_the_same_tap_twice_ends_it_once(infusion: Infusion, nurse: Actor) -> None:
    tap = uuid4()
    assert not anaphylaxis(infusion, nurse, event_id=tap).repeated
    assert anaphylaxis(infusion, nurse, event_id=tap).repeated
    assert infusion.events.filter(kind="stopped").count() == 1


def test_nothing_runs_and_nothing_is_booked_afterwards(
    infusion: Infusion, clinic: Clinic, nurse: Actor
) -> None:
    anaphylaxis(infusion, nurse)
    with pytest.raises(Conflict):
        running.resume(
            infusion_id=infusion.pk, event_id=uuid4(), occurred_at=at(100), rate_ml_h=Decimal(20),
            reason="Better", actor=nurse, now=at(100),
        )  # fmt: skip
    with pytest.raises(RuleBroken, match="permanently discontinued"):
        courses.start_course(
            patient_id=infusion.patient_id, indication="rms", first_infusion_on=at(0).date(),
            actor=make_actor(clinic, Role.SCHEDULER), now=at(100),
        )  # fmt: skip


def test_nobody_takes_it_back(infusion: Infusion, clinic: Clinic, nurse: Actor) -> None:
    reaction = anaphylaxis(infusion, nurse).event_id
    with pytest.raises(Conflict, match="by a prescriber only"):
        take_back(event_id=uuid4(), entry=reaction, actor=nurse, now=at(70))
    others = [nurse, *(make_actor(clinic, role) for role in set(Role) - {Role.NURSE})]
    for who in others:
        with pytest.raises((Conflict, Forbidden)):
            amend_event(
                event_id=uuid4(), amends=reaction, reason="Slip", withdrawn=True, actor=who,
                now=at(80),
            )  # fmt: skip
    for who in (each for each in others if not each.may("reactions.correct")):
        with pytest.raises(Forbidden):
            correct(reaction, who)
    assert sum(each.may("reactions.correct") for each in others) == 1
    assert course_of(infusion).status == Course.Status.PERMANENTLY_DISCONTINUED


def correct(
    reaction: UUID, actor: Actor, *, severity: ReactionSeverity | None = MILD,
    reason: str = "Charted on the wrong patient",
) -> Charted:  # fmt: skip
    return stopping.correct_life_threatening(
        reaction_id=reaction, event_id=uuid4(), severity=severity, reason=reason, actor=actor,
        now=at(200),
    )  # fmt: skip


@pytest.mark.parametrize("severity", [MILD, SEVERE, None])
def test_a_prescriber_corrects_an_error_of_charting(
    infusion: Infusion, clinic: Clinic, nurse: Actor, next_dose: Booking,
    severity: ReactionSeverity | None,
) -> None:  # fmt: skip
    reaction = anaphylaxis(infusion, nurse).event_id
    doctor = make_actor(clinic, Role.PRESCRIBER)
    correct(reaction, doctor, severity=severity)
    course = course_of(infusion)
    infusion.refresh_from_db()
    next_dose.refresh_from_db()
    assert (course.status, course.ended_on, course.end_reason) == (Course.Status.ACTIVE, None, "")
    assert infusion.status == Infusion.Status.OBSERVING  # what was stopped stays stopped
    assert next_dose.status == Booking.Status.CANCELLED
    next_dose.visit.refresh_from_db()
    assert next_dose.visit.status == Visit.Status.PLANNED
    override = Override.objects.get()
    assert (override.rule_id, override.reason) == (
        "REACTION-PERMANENT", "Charted on the wrong patient",
    )  # fmt: skip
    assert Reminder.objects.filter(subject_id=next_dose.visit_id, state="pending").exists()
    with pytest.raises(Conflict):
        correct(reaction, doctor)


def test_a_correction_needs_a_reason_and_a_difference(
    infusion: Infusion, clinic: Clinic, nurse: Actor
) -> None:
    reaction = anaphylaxis(infusion, nurse).event_id
    doctor = make_actor(clinic, Role.PRESCRIBER)
    with pytest.raises(Invalid):
        correct(reaction, doctor, reason=" ")
    with pytest.raises(Invalid):
        correct(reaction, doctor, severity=FATAL)


def test_a_second_one_keeps_the_course_closed(
    infusion: Infusion, clinic: Clinic, nurse: Actor
) -> None:
    first = anaphylaxis(infusion, nurse).event_id
    anaphylaxis(infusion, nurse, 80)
    correct(first, make_actor(clinic, Role.PRESCRIBER))
    assert course_of(infusion).status == Course.Status.PERMANENTLY_DISCONTINUED


def test_a_course_stopped_by_hand_is_not_opened(
    infusion: Infusion, clinic: Clinic, nurse: Actor
) -> None:
    doctor = make_actor(clinic, Role.PRESCRIBER)
    courses.stop_course(
        course_id=infusion.visit.own_course.pk, reason="Wants no more", permanently=True,
        actor=doctor, now=at(60),
    )  # fmt: skip
    correct(anaphylaxis(infusion, nurse).event_id, doctor)
    assert course_of(infusion).status == Course.Status.PERMANENTLY_DISCONTINUED
