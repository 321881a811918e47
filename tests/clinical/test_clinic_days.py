"""Rolling a due date to a day the clinic is open."""

from datetime import date

import pytest

from clinical.calendar import Roll, roll_to_clinic_day

D = date.fromisoformat


def weekdays(day: date) -> bool:
    return day.weekday() < 5


@pytest.mark.parametrize(
    ("day", "direction", "not_before", "expected"),
    [
        ("2026-07-05", Roll.FORWARD, "2026-06-05", "2026-07-06"),
        ("2026-07-06", Roll.FORWARD, "2026-06-05", "2026-07-06"),
        ("2026-07-05", Roll.BACKWARD, "2026-06-05", "2026-07-03"),
        ("2026-07-05", Roll.BACKWARD, "2026-07-03", "2026-07-03"),
        ("2026-07-05", Roll.BACKWARD, "2026-07-04", "2026-07-06"),
        ("2026-07-01", Roll.FORWARD, "2026-07-04", "2026-07-06"),
        ("2026-07-01", Roll.BACKWARD, "2026-07-04", "2026-07-06"),
        ("2026-07-05", "backward", "2026-06-05", "2026-07-03"),
    ],
)
def test_rolling_to_a_clinic_day(
    day: str, direction: Roll | str, not_before: str, expected: str
) -> None:
    rolled = roll_to_clinic_day(
        D(day), is_open=weekdays, direction=direction, not_before=D(not_before)
    )
    assert rolled == D(expected)


def test_a_clinic_that_never_opens_is_an_error() -> None:
    with pytest.raises(ValueError, match="no clinic day within 400 days of 2026-07-05"):
        roll_to_clinic_day(D("2026-07-05"), is_open=lambda _: False, not_before=D("2026-01-01"))
    with pytest.raises(ValueError, match="no clinic day"):
        roll_to_clinic_day(
            D("2026-07-05"),
            is_open=lambda _: False,
            direction=Roll.BACKWARD,
            not_before=date.min,
        )
