"""The rate chart's geometry: whole pixels, inside the frame, in the order of time."""

import re
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clinical.protocol import RateOption, ReactionSeverity, load
from clinical.titration import plan
from reference import picture
from reference.amounts import rounded, text
from reference.questions.reaction import ReactionQuestion, answer
from reference.questions.titration import Bag

volumes = st.fractions(min_value=1, max_value=2000, max_denominator=1000)


@given(volume=volumes, option=st.sampled_from([RateOption.STANDARD, RateOption.SHORT]))
def test_a_plan_stays_in_its_frame(volume: Fraction, option: RateOption) -> None:
    made = plan(load(), dose_mg=600, option=option, volume_ml=volume)
    drawn = picture.draw([("plan", picture.of_plan(made))])
    [curve] = drawn.curves
    across = [int(x) for x in re.findall(r"H(\d+)", curve.path)]
    down = [int(y) for y in re.findall(r"V(\d+)", curve.path)]
    assert across == sorted(across)
    assert across[-1] == drawn.right
    assert all(drawn.top <= y <= drawn.floor for y in down)
    assert down[-1] == drawn.floor
    assert len(drawn.hours) <= picture.MOST_TICKS + 1
    assert drawn.hours[0].label == "0:00"


def test_the_reaction_stands_where_it_happened() -> None:
    bag = Bag(edition="default", dose_mg=600, option=RateOption.STANDARD)
    found = answer(
        ReactionQuestion(
            bag=bag, onset_minute=Fraction(105), severity=ReactionSeverity.MILD_MODERATE
        )
    )
    made = picture.of_plan(found.plan)
    drawn = picture.draw([("behind", made)], onset=Fraction(105 * 60))
    assert drawn.onset_x == (drawn.left + drawn.right) // 2


@pytest.mark.parametrize(
    ("value", "shown", "written"),
    [
        (Fraction(1, 3), "0.33", "0.333333"),
        (Fraction(225, 2), "112.50", "112.5"),
        (Fraction(1, 8), "0.13", "0.125"),  # half up
        (Fraction(500), "500.00", "500"),
        (Fraction(600, 520), "1.15", "1.153846"),
    ],
)
def test_amounts(value: Fraction, shown: str, written: str) -> None:
    assert (str(rounded(value)), text(value)) == (shown, written)
