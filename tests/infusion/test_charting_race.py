"""Two nurses, one patient. Real threads, real PostgreSQL, real commits.

Each race stands beside its control: the same race without the lock, which must go wrong.
"""

from collections.abc import Callable
from decimal import Decimal
from functools import partial
from uuid import UUID, uuid4

import pytest
from django.db import IntegrityError

from clinics.access import standing_of
from clinics.models import Clinic, Role
from core.actor import Actor
from core.errors import Conflict, Refusal
from infusion.chart import Charted
from infusion.models import Infusion, InfusionEvent
from infusion.services import charting, premedication, running, starting
from scheduling.models import Visit
from scheduling.services import desk
from tests.infusion.builders import at, premedicate, prepare, seat
from tests.infusion.builders import running as run_up
from tests.people import make_actor, make_clinic, make_user
from tests.scheduling.racing import lift_locks, meeting, race

pytestmark = [pytest.mark.race, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def no_locks(monkeypatch: pytest.MonkeyPatch) -> None:
    lift_locks(monkeypatch, charting, desk)


@pytest.fixture
def nurses() -> tuple[Clinic, Actor, Actor]:
    clinic = make_clinic()
    first = make_actor(clinic, Role.NURSE)
    other = make_user(clinic, Role.NURSE, email="second@north.example")
    return clinic, first, standing_of(other, clinic.slug).actor


def start(visit: Visit, nurse: Actor, tap: UUID | None = None) -> Charted:
    return starting.start_infusion(
        visit_id=visit.pk, event_id=tap or uuid4(), occurred_at=at(31), rate_option="standard",
        two_identifiers_checked=True, actor=nurse, now=at(31),
    )  # fmt: skip


def step(infusion: Infusion, nurse: Actor, tap: UUID | None = None) -> Charted:
    return running.change_rate(
        infusion_id=infusion.pk, event_id=tap or uuid4(), rate_ml_h=Decimal(80),
        occurred_at=at(61), actor=nurse, now=at(61),
    )  # fmt: skip


def medicine(visit: Visit, nurse: Actor) -> object:
    try:
        return premedication.give_premedication(
            visit_id=visit.pk, event_id=uuid4(), drug="cetirizine", dose_mg=Decimal(10),
            route="oral", occurred_at=at(1), actor=nurse, now=at(1),
        )  # fmt: skip
    except IntegrityError as problem:
        return problem


def refusals(results: list[object]) -> list[Refusal]:
    return [result for result in results if isinstance(result, Refusal)]


def starts() -> int:
    return InfusionEvent.objects.filter(kind="started").count()


def two_starts(nurses: tuple[Clinic, Actor, Actor]) -> list[Callable[[], object]]:
    clinic, first, second = nurses
    visit = seat(clinic)
    prepare(visit, first)
    premedicate(visit, first)
    return [partial(start, visit, first), partial(start, visit, second)]


def test_two_nurses_start_one_visit_once(
    nurses: tuple[Clinic, Actor, Actor], monkeypatch: pytest.MonkeyPatch
) -> None:
    jobs = two_starts(nurses)
    monkeypatch.setattr(starting, "_prepared", meeting(starting._prepared))
    [loser] = refusals(race(*jobs))
    assert isinstance(loser, Conflict)
    assert starts() == 1
    assert Visit.objects.filter(status=Visit.Status.INFUSING).count() == 1


@pytest.mark.usefixtures("no_locks")
def test_without_the_lock_it_starts_twice(
    nurses: tuple[Clinic, Actor, Actor], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control: if this fails, the test above proves nothing. The calendar, whose own
    constraint would break one of the two, is left out."""
    jobs = two_starts(nurses)
    monkeypatch.setattr(starting, "mark_given", lambda *_args, **_given: None)
    monkeypatch.setattr(starting, "_prepared", meeting(starting._prepared))
    assert refusals(race(*jobs)) == []
    assert starts() == 2


def two_steps(nurses: tuple[Clinic, Actor, Actor]) -> list[Callable[[], object]]:
    clinic, first, second = nurses
    infusion = run_up(seat(clinic), first)
    return [partial(step, infusion, first), partial(step, infusion, second)]


def test_two_nurses_confirm_one_step_once(
    nurses: tuple[Clinic, Actor, Actor], monkeypatch: pytest.MonkeyPatch
) -> None:
    jobs = two_steps(nurses)
    monkeypatch.setattr(running, "open_chart", meeting(charting.open_chart))
    [loser] = refusals(race(*jobs))
    assert "80 mL/h already" in loser.message
    assert InfusionEvent.objects.filter(kind="rate_changed").count() == 1


@pytest.mark.usefixtures("no_locks")
def test_without_the_lock_the_step_is_charted_twice(
    nurses: tuple[Clinic, Actor, Actor], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control."""
    jobs = two_steps(nurses)
    monkeypatch.setattr(running, "open_chart", meeting(charting.open_chart))
    assert refusals(race(*jobs)) == []
    assert InfusionEvent.objects.filter(kind="rate_changed").count() == 2


def test_one_tap_sent_twice_at_once_is_one_fact(
    nurses: tuple[Clinic, Actor, Actor], monkeypatch: pytest.MonkeyPatch
) -> None:
    """H2: one tap charted twice. Both senders get the answer."""
    clinic, nurse, _ = nurses
    infusion, tap = run_up(seat(clinic), nurse), uuid4()
    monkeypatch.setattr(running, "open_chart", meeting(charting.open_chart))
    job = partial(step, infusion, nurse, tap)
    answers = race(job, job)
    assert sorted(answer.repeated for answer in answers if isinstance(answer, Charted)) == [
        False, True,
    ]  # fmt: skip
    assert InfusionEvent.objects.filter(kind="rate_changed").count() == 1


def two_medicines(nurses: tuple[Clinic, Actor, Actor]) -> list[Callable[[], object]]:
    clinic, first, second = nurses
    visit = seat(clinic)
    return [partial(medicine, visit, first), partial(medicine, visit, second)]


def test_the_first_medicines_of_two_nurses_share_one_row(
    nurses: tuple[Clinic, Actor, Actor], monkeypatch: pytest.MonkeyPatch
) -> None:
    jobs = two_medicines(nurses)
    monkeypatch.setattr(charting, "chart_of_visit", meeting(charting.chart_of_visit))
    assert all(isinstance(answer, Charted) for answer in race(*jobs))
    assert (Infusion.objects.count(), InfusionEvent.objects.count()) == (1, 2)


@pytest.mark.usefixtures("no_locks")
def test_without_the_lock_the_constraint_alone_keeps_one_row(
    nurses: tuple[Clinic, Actor, Actor], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control: the second medicine is lost to an error nobody could act on."""
    jobs = two_medicines(nurses)
    monkeypatch.setattr(charting, "chart_of_visit", meeting(charting.chart_of_visit))
    [problem] = [answer for answer in race(*jobs) if isinstance(answer, IntegrityError)]
    assert "infusion_visit_once" in str(problem)
    assert (Infusion.objects.count(), InfusionEvent.objects.count()) == (1, 1)
