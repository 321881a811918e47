"""The vitals pad: what was measured before, what is expected, and a word when it is not that."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clinical.protocol import load
from clinics.models import Clinic
from core.actor import Actor
from infusion.models import Infusion, InfusionEvent
from infusion.vitals import RANGES, out_of_range
from scheduling.models import Visit
from tests.infusion.builders import running as run_up
from tests.infusion.builders import seat
from tests.infusion.pages import Tablet


@pytest.fixture
def visit(clinic: Clinic) -> Visit:
    return seat(clinic)


@pytest.fixture
def infusion(visit: Visit, nurse: Actor) -> Infusion:
    return run_up(visit, nurse)


@pytest.fixture
def tablet(clinic: Clinic, nurse: Actor) -> Tablet:
    return Tablet.of(clinic, nurse)


def pad(tablet: Tablet, visit: Visit, minute: float) -> str:
    text: str = tablet.get(minute, "chair_act", visit.pk, "vitals", htmx=True).content.decode()
    return text


@pytest.mark.usefixtures("infusion")
def test_the_sets_before_stand_above_the_pad(tablet: Tablet, visit: Visit) -> None:
    for minute, systolic in ((40, "121"), (50, "122"), (60, "123")):
        tablet.act(minute, visit.pk, "vitals", systolic=systolic)
    text = pad(tablet, visit, 61)
    shown = [text.index(f"Systolic pressure {n}\N{NO-BREAK SPACE}mmHg") for n in (123, 122, 121)]
    assert shown == sorted(shown), "the last first"
    assert "Systolic pressure 120" not in text, "three are enough"


@pytest.mark.usefixtures("infusion")
def test_the_pad_says_what_is_expected_and_refuses_nothing_for_it(
    tablet: Tablet, visit: Visit
) -> None:
    text = pad(tablet, visit, 40)
    assert "mmHg, 101 to 219" in text
    assert "%, 94 or more" in text
    answer = tablet.act(41, visit.pk, "vitals", back="chair", systolic="84", spo2="97")
    assert answer.status_code == 302
    latest = InfusionEvent.objects.filter(kind="vitals").latest("recorded_at")
    assert latest.values == {"systolic": "84", "spo2": "97"}


@pytest.mark.usefixtures("infusion")
def test_out_of_range_is_said_at_once_and_stays_until_the_next_set(
    tablet: Tablet, visit: Visit
) -> None:
    words = "Systolic pressure 84 mmHg (expected 101 to 219)"
    answer = tablet.act(41, visit.pk, "vitals", htmx=True, systolic="84", heart_rate="80")
    assert f"Look again: {words}" in answer.content.decode()
    assert words in tablet.get(42, "chair_side", visit.pk).content.decode()
    assert words in pad(tablet, visit, 42)
    tablet.act(45, visit.pk, "vitals", systolic="118")
    assert words not in tablet.get(46, "chair_side", visit.pk).content.decode()


@pytest.mark.usefixtures("infusion")
def test_a_set_taken_back_warns_no_more(tablet: Tablet, visit: Visit) -> None:
    tablet.act(41, visit.pk, "vitals", htmx=True, systolic="84")
    latest = InfusionEvent.objects.filter(kind="vitals").latest("recorded_at")
    tablet.post(41.1, "chair_undo", visit.pk, latest.pk, htmx=True)
    assert "expected 101 to 219" not in tablet.get(42, "chair_side", visit.pk).content.decode()


@pytest.mark.usefixtures("infusion")
def test_any_number_of_sets_costs_the_same(
    tablet: Tablet, visit: Visit, django_assert_max_num_queries: Callable[[int], Any]
) -> None:
    tablet.act(40, visit.pk, "vitals", systolic="120")
    pad(tablet, visit, 41)
    with django_assert_max_num_queries(20) as few:
        pad(tablet, visit, 41)
    for minute in range(42, 52):
        tablet.act(minute, visit.pk, "vitals", systolic="84")
    pad(tablet, visit, 52)
    with django_assert_max_num_queries(20) as many:
        pad(tablet, visit, 52)
    assert len(few) == len(many)


@given(
    st.dictionaries(
        st.sampled_from(sorted(RANGES)), st.decimals(20, 200, places=1), max_size=len(RANGES)
    )
)
def test_every_warning_names_a_sign_that_was_taken(values: dict[str, Any]) -> None:
    found = out_of_range(load(), values)
    labels = [RANGES[name].label for name in values]
    assert all(any(words.startswith(label) for label in labels) for words in found)
    expected = {row.sign: row for row in load().observation.vitals_expected}
    outside = [
        name
        for name, value in values.items()
        if (row := expected.get(name))
        and not (row.low or 0) <= value <= (10**6 if row.high is None else row.high)
    ]
    assert len(found) == len(outside)
