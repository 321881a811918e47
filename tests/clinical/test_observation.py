"""The hour after the real end, vital signs, a reaction at home, clocks that change meanwhile."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given as forall
from hypothesis import strategies as st

from clinical.findings import Severity
from clinical.model import ExpectedRange
from clinical.observation import (
    check_discharge,
    delayed_reaction_findings,
    observe_until,
    reaction_window_until,
    vitals_findings,
)
from clinical.protocol import Protocol, load
from tests.clinical.charts import at
from tests.clinical.test_protocol import swapped
from tests.clinical.zones import MOMENTS, ZONES

DONE = [at(-5), at(25), at(50)]


@pytest.mark.parametrize(
    ("minute", "vitals", "symptoms", "expected", "allowed"),
    [
        (59, DONE, False, ["OBSERVATION-SHORT"], False),
        (60, DONE, False, [], True),
        (61, DONE, False, [], True),
        (60, DONE, True, ["OBSERVATION-SYMPTOMS"], False),
        (59, DONE, True, ["OBSERVATION-SHORT", "OBSERVATION-SYMPTOMS"], False),
        (60, [], False, ["OBSERVATION-VITALS"], True),
    ],
)
def test_discharge(
    protocol: Protocol,
    *,
    minute: int,
    vitals: list[datetime],
    symptoms: bool,
    expected: list[str],
    allowed: bool,
) -> None:
    said = check_discharge(
        protocol, actual_end=at(0), at=at(minute), vitals=vitals, symptoms_open=symptoms
    )
    assert [item.id for item in said.findings] == expected
    assert (said.allowed, said.opens_at) == (allowed, at(60))


def test_a_shorter_stay_needs_the_prescriber(protocol: Protocol) -> None:
    (found,) = check_discharge(protocol, actual_end=at(0), at=at(30), vitals=DONE).findings
    assert found.override_by == ("prescriber",)
    assert found.words == f"Observation runs until {at(60).isoformat()}, from the actual end."


def test_no_end_no_discharge(protocol: Protocol) -> None:
    said = check_discharge(protocol, actual_end=None, at=at(500))
    assert ([item.id for item in said.findings], said.opens_at) == (["OBSERVATION-NO-END"], None)
    assert not said.allowed


@pytest.mark.parametrize(
    ("minute", "counts"), [(-1, False), (0, False), (1, True), (1440, True), (1441, False)]
)
def test_a_reaction_at_home_counts_for_a_day(
    protocol: Protocol, *, minute: int, counts: bool
) -> None:
    found = delayed_reaction_findings(protocol, actual_end=at(0), onset=at(minute))
    assert [item.id for item in found] == ["REACTION-DELAYED"] * counts
    assert reaction_window_until(protocol, at(0)) == at(1440)


def test_another_hour_in_the_file_is_another_answer() -> None:
    longer = swapped('after_end = { value = "60 min"', 'after_end = { value = "90 min"')
    assert observe_until(longer, at(0)) == at(90)


def test_an_hour_across_the_change_of_clocks(protocol: Protocol) -> None:
    berlin = ZoneInfo("Europe/Berlin")
    autumn = datetime(2026, 10, 25, 2, 30, tzinfo=berlin, fold=0)
    assert observe_until(protocol, autumn).astimezone(berlin).isoformat() == (
        "2026-10-25T02:30:00+01:00"
    )
    spring = datetime(2026, 3, 29, 1, 30, tzinfo=berlin)
    assert observe_until(protocol, spring).astimezone(berlin).isoformat() == (
        "2026-03-29T03:30:00+02:00"
    )


@forall(MOMENTS, st.sampled_from(ZONES))
def test_sixty_minutes_are_3600_seconds_everywhere(end: datetime, zone: ZoneInfo) -> None:
    protocol, local = load(), end.astimezone(zone)
    until = observe_until(protocol, local)
    assert (until - end).total_seconds() == 3600
    assert until.tzinfo is UTC
    early = check_discharge(
        protocol, actual_end=local, at=(until - timedelta(seconds=1)).astimezone(zone)
    )
    assert "OBSERVATION-SHORT" in [item.id for item in early.findings]
    on_time = check_discharge(protocol, actual_end=local, at=until.astimezone(zone))
    assert "OBSERVATION-SHORT" not in [item.id for item in on_time.findings]
    assert (reaction_window_until(protocol, local) - end).total_seconds() == 24 * 3600


def signs(**taken: str) -> dict[str, Fraction]:
    return {name: Fraction(value) for name, value in taken.items()}


@pytest.mark.parametrize(
    ("taken", "said"),
    [
        (signs(systolic="101", heart_rate="41", spo2="94", temperature_c="36.1"), []),
        (signs(systolic="219", heart_rate="110", spo2="100", temperature_c="38.0"), []),
        (signs(systolic="100"), ["systolic: 100, expected 101 to 219."]),
        (signs(systolic="220"), ["systolic: 220, expected 101 to 219."]),
        (signs(spo2="93"), ["spo2: 93, expected 94 or more."]),
        (signs(temperature_c="38.1"), ["temperature_c: 38.1, expected 36.1 to 38."]),
        (signs(respiratory_rate="8", heart_rate="111"), [
            "heart_rate: 111, expected 41 to 110.", "respiratory_rate: 8, expected 9 to 20.",
        ]),
        (signs(diastolic="20"), []),
        ({}, []),
    ],
)  # fmt: skip
def test_a_sign_outside_its_range_is_named(
    protocol: Protocol, taken: dict[str, Fraction], said: list[str]
) -> None:
    found = vitals_findings(protocol, taken)
    assert [item.words for item in found] == said
    assert {item.id for item in found} <= {"VITALS-OUT-OF-RANGE"}
    assert all(item.severity is Severity.CAUTION and item.needs_sign_off for item in found)


def test_a_range_may_have_no_lower_end(protocol: Protocol) -> None:
    rules = replace(
        protocol.observation, vitals_expected=(ExpectedRange(sign="spo2", high=Fraction(96)),)
    )
    [found] = vitals_findings(replace(protocol, observation=rules), signs(spo2="97"))
    assert found.words == "spo2: 97, expected 96 or less."
    assert vitals_findings(replace(protocol, observation=rules), signs(spo2="1")) == []
