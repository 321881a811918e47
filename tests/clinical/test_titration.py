"""The rate plan: the tables, the arithmetic, who may have the short one, how long a visit takes."""

from datetime import timedelta
from fractions import Fraction

import pytest
from hypothesis import given as forall
from hypothesis import strategies as st

from clinical.protocol import Protocol, RateOption, load
from clinical.titration import (
    RatePlan,
    duration_of,
    offered_options,
    plan,
    rate_table,
    seconds,
    visit_phases,
)
from tests.clinical.test_protocol import swapped

PLANS = st.builds(
    lambda option, volume: plan(
        load(),
        dose_mg=300 if option is RateOption.INITIAL else 600,
        option=option,
        volume_ml=volume,
    ),
    st.sampled_from(RateOption),
    st.fractions(Fraction(1, 10), 2000, max_denominator=20),
)


def minutes(number: Fraction | float | int) -> timedelta:
    return timedelta(minutes=float(number))


@pytest.mark.parametrize(
    ("option", "dose", "volume", "total"),
    [
        (RateOption.INITIAL, 300, None, "2:38:20"),
        (RateOption.INITIAL, 300, 260, "2:41:40"),
        (RateOption.INITIAL, 150, None, "2:38:20"),
        (RateOption.STANDARD, 600, None, "3:30:00"),
        (RateOption.STANDARD, 600, 520, "3:36:00"),
        (RateOption.SHORT, 600, None, "2:00:00"),
        (RateOption.SHORT, 600, 520, "2:04:00"),
        (RateOption.INITIAL, 300, 15, "0:30:00"),
        (RateOption.INITIAL, 300, Fraction(225), "2:30:00"),
    ],
)
def test_total_duration(
    protocol: Protocol, option: RateOption, dose: int, volume: int | None, total: str
) -> None:
    made = plan(protocol, dose_mg=dose, option=option, volume_ml=volume)
    assert str(made.total_duration) == total


def test_a_small_bag_ends_in_an_earlier_step(protocol: Protocol) -> None:
    made = plan(protocol, dose_mg=300, option=RateOption.INITIAL, volume_ml=15)
    assert [(step.number, step.rate_ml_h, step.until_empty) for step in made.steps] == [
        (1, Fraction(30), False)
    ]
    whole = plan(protocol, dose_mg=300, option=RateOption.INITIAL)
    assert [step.until_empty for step in whole.steps] == [False] * 5 + [True]
    assert whole.steps[1].duration == minutes(30)
    assert whole.steps[1].starts_after == minutes(30)
    assert whole.steps[1].ends_after == minutes(60)


def test_before_the_start_and_after_the_end(protocol: Protocol) -> None:
    made = plan(protocol, dose_mg=600, option=RateOption.SHORT)
    assert made.rate_at(timedelta(seconds=-1)) == 0
    assert made.volume_at(timedelta(seconds=-1)) == 0
    assert made.rate_at(minutes(120)) == 0
    assert made.step_at(minutes(120)) is None
    assert made.rate_at(minutes(120) - timedelta(microseconds=1)) == 300
    assert made.volume_at(minutes(500)) == 500


@pytest.mark.parametrize("volume", [0, -1, Fraction(-1, 100)])
def test_a_bag_volume_is_above_zero(protocol: Protocol, volume: int | Fraction) -> None:
    with pytest.raises(ValueError, match=f"a bag volume is above 0 mL, got {volume}"):
        plan(protocol, dose_mg=300, option=RateOption.INITIAL, volume_ml=volume)


@pytest.mark.parametrize(
    ("dose", "option"),
    [
        (600, RateOption.INITIAL),
        (300, RateOption.STANDARD),
        (300, RateOption.SHORT),
        (920, RateOption.STANDARD),
    ],
)
def test_a_table_runs_only_its_own_doses(protocol: Protocol, dose: int, option: RateOption) -> None:
    with pytest.raises(ValueError, match=f"the {option} table is not for {dose} mg"):
        plan(protocol, dose_mg=dose, option=option)


@pytest.mark.parametrize(
    ("number", "severe", "serious", "age", "dose", "options", "refusals"),
    [
        (1, False, False, 40, None, ["initial"], ["SHORT-FIRST-COURSE"]),
        (2, False, False, 40, None, ["initial"], ["SHORT-FIRST-COURSE"]),
        (3, False, False, 40, None, ["standard", "short"], []),
        (9, False, False, 18, None, ["standard", "short"], []),
        (3, True, False, 40, None, ["standard"], ["SHORT-PRIOR-REACTION"]),
        (3, False, True, 40, None, ["standard"], ["SHORT-PRIOR-REACTION"]),
        (3, True, True, 40, None, ["standard"], ["SHORT-PRIOR-REACTION"]),
        (3, False, False, 17, None, ["standard"], ["SHORT-AGE"]),
        (3, False, False, None, None, ["standard"], ["SHORT-AGE"]),
        (3, True, False, 15, None, ["standard"], ["SHORT-PRIOR-REACTION", "SHORT-AGE"]),
        (2, False, False, 40, 600, ["standard"], ["SHORT-FIRST-COURSE"]),
        (3, False, False, 12, 300, ["initial"], ["SHORT-FIRST-COURSE"]),
        (1, False, False, 12, 150, ["initial"], ["SHORT-FIRST-COURSE"]),
    ],
)
def test_who_may_have_the_short_infusion(
    protocol: Protocol,
    *,
    number: int,
    severe: bool,
    serious: bool,
    age: int | None,
    dose: int | None,
    options: list[str],
    refusals: list[str],
) -> None:
    offer = offered_options(
        protocol,
        dose_number=number,
        prior_severe=severe,
        prior_serious=serious,
        age_years=age,
        dose_mg=dose,
    )
    assert list(offer.options) == options
    assert [item.id for item in offer.findings] == refusals


def test_the_refusal_says_which_reaction(protocol: Protocol) -> None:
    def words(*, severe: bool, serious: bool) -> str:
        offer = offered_options(
            protocol, dose_number=3, prior_severe=severe, prior_serious=serious, age_years=40
        )
        return offer.findings[0].words

    assert words(severe=True, serious=True).startswith("An earlier infusion reaction was severe;")
    assert words(severe=False, serious=True).startswith("An earlier infusion reaction was serious;")


@pytest.mark.parametrize(
    ("number", "option", "total"),
    [
        (1, RateOption.INITIAL, "4:38:20"),
        (2, RateOption.INITIAL, "4:38:20"),
        (3, RateOption.STANDARD, "5:30:00"),
        (3, RateOption.SHORT, "4:00:00"),
    ],
)
def test_chair_time(protocol: Protocol, number: int, option: RateOption, total: str) -> None:
    phases = visit_phases(protocol, dose_number=number, option=option)
    assert (phases.premedication, phases.observation) == (minutes(60), minutes(60))
    assert str(phases.total) == total


def test_chair_time_of_another_dose_or_bag(protocol: Protocol) -> None:
    child = visit_phases(protocol, dose_number=3, option=RateOption.INITIAL, dose_mg=300)
    assert str(child.infusion) == "2:38:20"
    bag = visit_phases(protocol, dose_number=3, option=RateOption.SHORT, volume_ml=520)
    assert str(bag.infusion) == "2:04:00"
    with pytest.raises(ValueError, match="the initial table is not for 600 mg"):
        visit_phases(protocol, dose_number=3, option=RateOption.INITIAL)


def test_another_table_in_the_file_is_another_answer(protocol: Protocol) -> None:
    faster = swapped(
        '{ rate_ml_h = 40, duration = "30 min" }', '{ rate_ml_h = 40, duration = "15 min" }'
    )
    made = plan(faster, dose_mg=600, option=RateOption.STANDARD)
    assert str(made.total_duration) == "3:18:00"


def test_seconds_and_back_round_up() -> None:
    assert seconds(timedelta(hours=1, microseconds=1)) == Fraction(3_600_000_001, 1_000_000)
    assert duration_of(Fraction(1, 3)) == timedelta(microseconds=333_334)
    assert duration_of(Fraction(3)) == timedelta(seconds=3)


@forall(PLANS)
def test_the_steps_sum_to_the_bag_and_no_rate_passes_the_maximum(made: RatePlan) -> None:
    assert sum(step.volume_ml for step in made.steps) == made.volume_ml
    assert made.steps[-1].cumulative_ml == made.volume_ml
    assert all(step.rate_ml_h <= made.table.maximum_ml_h for step in made.steps)
    assert [step.number for step in made.steps] == list(range(1, len(made.steps) + 1))
    for before, after in zip(made.steps, made.steps[1:], strict=False):
        assert before.ends_s == after.starts_s
        assert before.rate_ml_h < after.rate_ml_h


@forall(PLANS, st.integers(-100, 100_000), st.integers(0, 100_000))
def test_volume_grows_and_never_passes_the_bag(made: RatePlan, at: int, more: int) -> None:
    early, late = timedelta(seconds=at), timedelta(seconds=at + more)
    assert 0 <= made.volume_at(early) <= made.volume_at(late) <= made.volume_ml
    assert (made.volume_at(late) == made.volume_ml) == (late >= made.total_duration)
    assert (made.rate_at(late) == 0) == (at + more < 0 or late >= made.total_duration)


@pytest.mark.parametrize("option", list(RateOption))
def test_the_tables_are_well_formed(protocol: Protocol, option: RateOption) -> None:
    table = rate_table(protocol, option)
    rates = [row.rate_ml_h for row in table.steps]
    assert rates == sorted(set(rates))
    assert rates[-1] == table.maximum_ml_h
    assert [row.duration is None for row in table.steps] == [False] * (len(rates) - 1) + [True]
