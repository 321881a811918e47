"""A life-threatening reaction against everybody else who wants the same rows at that moment.

Real threads, real PostgreSQL, real commits. Each race stands beside its control: the same race
without the locks, which must go wrong.
"""

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import NamedTuple, ParamSpec, TypeVar
from uuid import UUID, uuid4

import pytest
from django.db import connection

from clinical.model import ReactionSeverity
from clinics.access import standing_of
from clinics.models import Clinic, Role
from core.actor import Actor
from core.errors import Conflict, Refusal, RuleBroken
from infusion.chart import Charted
from infusion.models import Infusion, InfusionEvent
from infusion.services import charting, reacting
from infusion.services.reacting import Assessment
from scheduling.models import Booking, Course, Visit
from scheduling.services import bookings, days, desk
from tests.infusion.builders import at, running, seat
from tests.people import make_actor, make_clinic, make_user
from tests.scheduling.builders import staff
from tests.scheduling.racing import lift_locks, meeting, race

pytestmark = [pytest.mark.race, pytest.mark.django_db(transaction=True)]

ANAPHYLAXIS = Assessment(
    severity=ReactionSeverity.LIFE_THREATENING, grade=4, signs=("anaphylaxis",)
)
Job = Callable[[], object]
P = ParamSpec("P")
R = TypeVar("R")


class Scene(NamedTuple):
    """One infusion that runs, and the people around it."""

    clinic: Clinic
    infusion: Infusion
    nurse: Actor
    other: Actor
    scheduler: Actor


@pytest.fixture
def scene() -> Scene:
    clinic = make_clinic()
    nurse = make_actor(clinic, Role.NURSE)
    other = make_user(clinic, Role.NURSE, email="second@north.example")
    return Scene(
        clinic, running(seat(clinic), nurse), nurse,
        standing_of(other, clinic.slug).actor, make_actor(clinic, Role.SCHEDULER),
    )  # fmt: skip


def patiently(function: Callable[P, R]) -> Callable[P, R]:
    """On a busy machine three seconds may pass before the first is done: that is no refusal."""

    def wait_longer(*args: P.args, **kwargs: P.kwargs) -> R:
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL lock_timeout = '30s'")
        return function(*args, **kwargs)

    return wait_longer


@pytest.fixture
def meet(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """From the call on, two rivals both hold the course before either decides, unless locked out.
    What a test builds first is built alone."""

    def begin() -> None:
        take_visit = meeting(patiently(desk.take_visit))
        for room in (desk, bookings):  # `take_dose` takes it from the desk
            monkeypatch.setattr(room, "take_visit", take_visit)

    return begin


@pytest.fixture
def no_locks(monkeypatch: pytest.MonkeyPatch) -> None:
    lift_locks(monkeypatch, charting, desk, days)


def anaphylaxis(infusion: Infusion, nurse: Actor, tap: UUID | None = None) -> Charted:
    return reacting.chart_reaction(
        infusion_id=infusion.pk, event_id=tap or uuid4(), occurred_at=at(70),
        assessment=ANAPHYLAXIS, actor=nurse, now=at(70),
    )  # fmt: skip


def book_next(scene: Scene) -> Job:
    """The scheduler's click on the dose after this one."""
    visit = Visit.objects.get(course=scene.infusion.visit.course, dose_number=4)
    day = visit.due_on + timedelta(days=(7 - visit.due_on.weekday()) % 7)
    staff(scene.clinic, day)
    return partial(
        bookings.book, visit_id=visit.pk, chair_id=scene.clinic.chairs.get(position=2).pk,
        start=at((day - at(0).date()).days * 1440 + 60), actor=scene.scheduler, now=at(70),
    )  # fmt: skip


def refusals(results: list[object]) -> list[Refusal]:
    return [result for result in results if isinstance(result, Refusal)]


def later_bookings(scene: Scene) -> int:
    """Bookings in force for doses of the course that were not given."""
    return Booking.objects.filter(
        visit__course__visits=scene.infusion.visit_id, visit__given_on=None,
        status__in=Booking.ACTIVE,
    ).count()  # fmt: skip


def course(scene: Scene) -> Course:
    return Course.objects.get(visits=scene.infusion.visit_id)


def charted(kind: str) -> int:
    return InfusionEvent.objects.filter(kind=kind).count()


def test_a_booking_made_at_the_same_moment_does_not_survive(
    scene: Scene, meet: Callable[[], None]
) -> None:
    """Whoever is first: the booking is freed with the others, or it is refused."""
    jobs: list[Job] = [partial(anaphylaxis, scene.infusion, scene.nurse), book_next(scene)]
    meet()
    for refusal in refusals(race(*jobs)):
        assert isinstance(refusal, Conflict | RuleBroken)
    assert course(scene).status == Course.Status.PERMANENTLY_DISCONTINUED
    assert later_bookings(scene) == 0


@pytest.mark.usefixtures("no_locks")
def test_without_the_locks_the_patient_stays_booked(scene: Scene, meet: Callable[[], None]) -> None:
    """The control: if this fails, the test above proves nothing."""
    jobs: list[Job] = [partial(anaphylaxis, scene.infusion, scene.nurse), book_next(scene)]
    meet()
    assert refusals(race(*jobs)) == []
    assert course(scene).status == Course.Status.PERMANENTLY_DISCONTINUED
    assert later_bookings(scene) == 1


def test_one_tap_sent_twice_at_once_ends_everything_once(
    scene: Scene, meet: Callable[[], None]
) -> None:
    """H2: both senders get the answer."""
    job = partial(anaphylaxis, scene.infusion, scene.nurse, uuid4())
    meet()
    answers = race(job, job)
    assert sorted(each.repeated for each in answers if isinstance(each, Charted)) == [False, True]
    assert (charted("reaction"), charted("stopped")) == (1, 1)


@pytest.mark.usefixtures("no_locks")
def test_without_the_locks_one_sender_is_turned_away(
    scene: Scene, meet: Callable[[], None]
) -> None:
    """The control: the key of the table alone keeps the fact single, and answers with an error."""
    job = partial(anaphylaxis, scene.infusion, scene.nurse, uuid4())
    meet()
    [loser] = refusals(race(job, job))
    assert isinstance(loser, Conflict)


def test_two_nurses_see_it_and_it_ends_once(scene: Scene, meet: Callable[[], None]) -> None:
    jobs = [partial(anaphylaxis, scene.infusion, who) for who in (scene.nurse, scene.other)]
    meet()
    assert refusals(race(*jobs)) == []
    assert (charted("reaction"), charted("stopped")) == (2, 1)
    assert course(scene).status == Course.Status.PERMANENTLY_DISCONTINUED


@pytest.mark.usefixtures("no_locks")
def test_without_the_locks_it_ends_twice(scene: Scene, meet: Callable[[], None]) -> None:
    """The control."""
    jobs = [partial(anaphylaxis, scene.infusion, who) for who in (scene.nurse, scene.other)]
    meet()
    assert refusals(race(*jobs)) == []
    assert charted("stopped") == 2
