"""The worked cases about rates (T), reactions and observation (R)."""

from datetime import datetime, timedelta
from fractions import Fraction

import pytest

from clinical import premedication, preparation, reactions
from clinical.observation import check_discharge, observe_until
from clinical.protocol import ReactionSeverity, load
from clinical.run import Event, EventKind, replay
from clinical.titration import offered_options, seconds
from tests.clinical.cases import (
    CASES,
    POLICIES,
    Case,
    Cases,
    clock,
    instant,
    minutes,
    number,
    profile,
)

case = Cases()


@case("T01", "T03", "T05")
def _table(given: Case, expected: Case) -> None:
    made = profile(load(), given["profile"], given["volume_ml"])
    assert [
        {
            "step": step.number,
            "rate_ml_h": step.rate_ml_h,
            "start_min": minutes(step.starts_s),
            "end_min": minutes(step.ends_s),
            "step_volume_ml": step.volume_ml,
            "cumulative_ml": step.cumulative_ml,
        }
        for step in made.steps
    ] == expected["steps"]
    assert minutes(made.total_seconds) == expected["total_min"]
    assert str(made.total_duration) == expected["total_hms"]


@case("T02")
def _volume_at(given: Case, expected: Case) -> None:
    made = profile(load(), given["profile"])
    for minute in given["minutes"]:
        elapsed = timedelta(minutes=minute)
        assert made.volume_at(elapsed) == Fraction(str(expected["cumulative_ml"][str(minute)]))
        assert made.rate_at(elapsed) == expected["rate_ml_h"][str(minute)]


@case("T08")
def _drug_added(_: Case, expected: Case) -> None:
    for name, answer in expected.items():
        made = profile(load(), name, answer["volume_ml"])
        bag = preparation.prepare(load(), dose_mg=made.dose_mg, saline_removed=False)
        assert bag.total_ml == answer["volume_ml"]
        assert number(bag.mg_per_ml) == answer["concentration_mg_ml"]
        assert minutes(made.total_seconds) == answer["total_min"]
        assert str(made.total_duration) == answer["total_hms"]


@case("T10")
def _visit_timeline(given: Case, expected: Case) -> None:
    start = instant(given["infusion_start"])
    for name, answer in expected.items():
        due = {
            item.kind: item
            for item in premedication.premedication_due(load(), infusion_start=start)
        }
        antihistamine = due[premedication.PremedicationKind.ANTIHISTAMINE]
        window = [antihistamine.opens_at, antihistamine.closes_at]
        assert [clock(at)[11:] for at in window] == answer["antihistamine_window"]
        about = due[premedication.PremedicationKind.STEROID].about
        assert about is not None
        assert clock(about)[11:] == answer["methylprednisolone_about"]
        end = start + profile(load(), name).total_duration
        assert clock(end)[11:] == answer["infusion_end"]
        until = observe_until(load(), end)
        assert clock(until)[11:] == answer["observe_until"]
        chair = until - instant("2026-07-06T08:00:00")
        assert minutes(seconds(chair)) == answer["chair_min_from_0800"]


@case("T11")
def _allowed_profiles(given: Case, expected: Case) -> None:
    names = {
        "INIT_300_250": "initial",
        "MAINT_600_500_3H5": "standard",
        "MAINT_600_500_2H": "short",
    }
    for row, allowed in zip(given["rows"], expected["allowed"], strict=True):
        offer = offered_options(
            load(),
            dose_number={"infusion1": 1, "infusion2": 2, "maintenance": 3}[row["visit"]],
            prior_severe=row["prior_severe"],
            prior_serious=row["prior_serious"],
            age_years=row["age"],
        )
        assert [*offer.options] == [names[text.split(" ")[0]] for text in allowed]


@case("R01", "R02", "R04")
def _reaction(given: Case, expected: Case) -> None:
    free = given["symptom_free_after_min"]
    plan = profile(load(), given["profile"])
    outcome = reactions.what_if(
        load(),
        plan,
        onset=timedelta(minutes=given["onset_min"]),
        severity=ReactionSeverity(given["severity"]),
        symptom_free_after=None if free is None else timedelta(minutes=free),
    )
    assert number(outcome.rate_at_onset_ml_h) == expected["rate_at_onset"]
    assert number(outcome.volume_at_onset_ml) == expected["volume_at_onset_ml"]
    assert number(outcome.remaining_ml) == expected["remaining_ml"]
    assert number(outcome.new_rate_ml_h) == expected["new_rate"]
    assert minutes(outcome.restart_s) == expected["restart_min"]
    assert minutes(outcome.earliest_increase_s) == expected["earliest_increase_min"]
    at_increase = outcome.volume_at_earliest_increase_ml
    assert number(at_increase) == expected["volume_at_earliest_increase_ml"]
    assert minutes(outcome.original_end_s) == expected["original_end_min"]
    assert plan.volume_ml == expected["total_dose_unchanged_ml"]
    for name, policy in POLICIES.items():
        answer = expected["end_by_policy"][name]
        end = instant(given["start"]) + outcome.end(policy)
        assert clock(end) == answer["end_clock"]
        assert clock(observe_until(load(), end)) == answer["observe_until"]
        assert [
            {
                "start_min": minutes(part.starts_s),
                "end_min": minutes(part.ends_s),
                "rate_ml_h": number(part.rate_ml_h),
                "cumulative_ml": number(part.cumulative_ml),
            }
            for part in outcome.paths[policy]
        ] == answer["segments"]
        assert minutes(outcome.paths[policy][-1].ends_s) == answer["end_min"]
        delay = minutes(seconds(outcome.delay(policy)))
        assert delay == expected["delay_min_by_policy"][name]


@case("R10")
def _increase_gate(given: Case, expected: Case) -> None:
    start = instant("2026-07-06T09:00:00")
    reduced = start + timedelta(minutes=given["half_rate_since_min"])
    allowed = []
    for attempt in given["attempts"]:
        at = start + timedelta(minutes=attempt["at"])
        found = reactions.check_increase(
            load(),
            at=at,
            reduced_since=reduced,
            symptoms_resolved_at=None if attempt["symptoms"] else reduced,
        )
        allowed.append(found == [])
    assert allowed == expected["allowed"]


@case("R11")
def _grades(given: Case, expected: Case) -> None:
    said = {str(grade): reactions.severity_of_grade(load(), grade) for grade in given["grades"]}
    assert {key: value.upper() for key, value in said.items()} == expected["map"]


@case("R14")
def _observation(given: Case, expected: Case) -> None:
    def today(text: str) -> datetime:
        return instant(f"2026-07-06T{text}:00")

    end = today(given["actual_end"])
    assert observe_until(load(), end) == today(expected["observe_until"])
    vitals = [end + timedelta(minutes=30), end + timedelta(minutes=50)]
    for text in given["discharge_attempts"]:
        answer = check_discharge(load(), actual_end=end, at=today(text), vitals=vitals)
        assert answer.allowed is expected["allowed"][text], text


def start_event(at: datetime) -> Event:
    return Event(id="s", kind=EventKind.START, occurred_at=at, recorded_at=at)


@case("R16")
def _pause(given: Case, expected: Case) -> None:
    plan, start = profile(load(), given["profile"]), instant("2026-07-06T09:00:00")
    pause = start + timedelta(minutes=given["pause_start_min"])
    resume = pause + timedelta(minutes=given["pause_min"])
    events = [
        start_event(start),
        Event(id="r", kind=EventKind.RATE_CHANGED, occurred_at=start + timedelta(minutes=30),
              recorded_at=start, rate_ml_h=Fraction(60)),
        Event(id="q", kind=EventKind.RATE_CHANGED, occurred_at=start + timedelta(minutes=60),
              recorded_at=start, rate_ml_h=Fraction(90)),
        Event(id="p", kind=EventKind.PAUSED, occurred_at=pause, recorded_at=pause),
        Event(id="u", kind=EventKind.RESUMED, occurred_at=resume, recorded_at=resume),
    ]  # fmt: skip
    paused = replay(load(), plan, events, resume - timedelta(minutes=1))
    assert paused.volume_in_ml == expected["volume_at_pause_ml"]
    after = replay(load(), plan, events, resume)
    assert after.projected_end is not None
    assert minutes(seconds(after.projected_end - start)) == expected["end_min"]
    assert str(after.projected_end - start) == expected["end_hms"]


@pytest.mark.parametrize("case_id", sorted(case.runners))
def test_worked_case(case_id: str) -> None:
    case.runners[case_id](CASES[case_id]["input"], CASES[case_id]["expected"])
