"""The hour of observation: told when it begins and when it is over, by the real end."""

from datetime import timedelta

import pytest

from infusion.models import Infusion
from infusion.reminder_plans import plan_observation, void_observation
from reminders.models import Reminder
from reminders.sweep import sweep
from tests.reminders.builders import (
    HOUR,
    MINUTE,
    NOW,
    make_infusion,
    make_reachable_clinic,
    make_visit,
)

pytestmark = pytest.mark.django_db
S = Reminder.State
ENDED = NOW - 2 * MINUTE  # charted two minutes later


@pytest.fixture
def infusion() -> Infusion:
    _, patient = make_reachable_clinic()
    visit = make_visit(patient, due_on=NOW.date(), status="observing", given_on=NOW.date())
    return make_infusion(visit, ended_at=ENDED)


def spans() -> dict[str, tuple[object, object]]:
    rows = Reminder.objects.filter(state=S.PENDING)
    return {row.kind: (row.due_at, row.void_after) for row in rows}


def shown() -> list[str]:
    return sorted(Reminder.objects.filter(state=S.SENT).values_list("kind", flat=True))


def test_the_hour_counts_from_the_real_end(infusion: Infusion) -> None:
    plan_observation(infusion, now=NOW)
    assert spans() == {
        "monitoring.begins": (NOW, ENDED + HOUR),
        "monitoring.over": (ENDED + HOUR, ENDED + 13 * HOUR),
    }
    rows = Reminder.objects.all()
    assert {(row.recipient_role, row.channel) for row in rows} == {("nurse", "board")}


def test_the_nurses_see_each_in_its_time(infusion: Infusion) -> None:
    plan_observation(infusion, now=NOW)
    sweep(driver="test", clock=lambda: NOW)
    assert shown() == ["monitoring.begins"]
    almost = ENDED + HOUR - timedelta(microseconds=1)
    sweep(driver="test", clock=lambda: almost)
    assert shown() == ["monitoring.begins"]
    sweep(driver="test", clock=lambda: ENDED + HOUR)
    assert shown() == ["monitoring.begins", "monitoring.over"]


def test_an_amended_end_moves_the_hour(infusion: Infusion) -> None:
    plan_observation(infusion, now=NOW)
    sweep(driver="test", clock=lambda: NOW)
    infusion.ended_at = ENDED + 10 * MINUTE
    infusion.observe_until = infusion.ended_at + HOUR
    infusion.save()
    later = NOW + 15 * MINUTE
    plan_observation(infusion, now=later)
    assert spans() == {
        "monitoring.begins": (later, infusion.observe_until),
        "monitoring.over": (infusion.observe_until, infusion.observe_until + 12 * HOUR),
    }
    assert shown() == []


def test_charting_the_same_end_twice_tells_it_once(infusion: Infusion) -> None:
    plan_observation(infusion, now=NOW)
    plan_observation(infusion, now=NOW)
    assert sorted(Reminder.objects.values_list("state", flat=True)) == [S.PENDING] * 2


def test_an_end_charted_after_the_hour_is_told_as_over(infusion: Infusion) -> None:
    plan_observation(infusion, now=ENDED + 2 * HOUR)
    assert set(spans()) == {"monitoring.over"}


def test_discharge_withdraws_what_waits_and_what_is_on_the_screen(infusion: Infusion) -> None:
    plan_observation(infusion, now=NOW)
    sweep(driver="test", clock=lambda: NOW)
    void_observation(infusion, now=NOW + MINUTE)
    assert set(Reminder.objects.values_list("state", flat=True)) == {S.VOID}


@pytest.mark.parametrize("status", ["running", "discharged"])
def test_without_an_observation_nothing_is_planned(infusion: Infusion, status: str) -> None:
    plan_observation(infusion, now=NOW)
    infusion.status = status
    plan_observation(infusion, now=NOW)
    assert spans() == {}


def test_a_patient_who_has_left_is_not_announced(infusion: Infusion) -> None:
    plan_observation(infusion, now=NOW)
    Infusion.objects.update(status="discharged", discharged_at=NOW)
    assert sweep(driver="test", clock=lambda: NOW) == {"void": 1}
    assert sweep(driver="test", clock=lambda: ENDED + HOUR) == {"void": 1}


def test_a_sweep_that_was_down_still_tells_that_the_hour_is_over(infusion: Infusion) -> None:
    plan_observation(infusion, now=NOW)
    tally = sweep(driver="test", clock=lambda: ENDED + 3 * HOUR)
    assert tally == {"expired": 1, "sent": 1}
    assert shown() == ["monitoring.over"]
