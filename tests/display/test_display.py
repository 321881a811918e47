"""The words on the screen: dates, times, names, ages, quantities."""

from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from fractions import Fraction
from zoneinfo import ZoneInfo

import pytest
from django.utils import translation
from hypothesis import given
from hypothesis import strategies as st

from core import display
from core.display import Medicine

LONDON = ZoneInfo("Europe/London")
KIRITIMATI = ZoneInfo("Pacific/Kiritimati")
INSTANTS = st.datetimes(
    min_value=datetime(1900, 1, 2),  # noqa: DTZ001
    max_value=datetime(2200, 1, 1),  # noqa: DTZ001
    timezones=st.just(UTC),
)
DAYS = st.dates(min_value=date(1900, 1, 1), max_value=date(2200, 1, 1))


class TestDates:
    def test_the_day_comes_first_and_the_month_in_letters(self) -> None:
        assert display.clinical_date(date(1988, 3, 4), LONDON) == "04-Mar-1988"

    def test_an_instant_falls_on_the_clinics_day(self) -> None:
        instant = datetime(2026, 6, 30, 23, 30, tzinfo=UTC)
        assert display.clinical_date(instant, LONDON) == "01-Jul-2026"
        assert display.clinical_date(instant, ZoneInfo("America/Chicago")) == "30-Jun-2026"

    def test_another_language_does_not_touch_a_clinical_date(self) -> None:
        with translation.override("de"):
            assert display.clinical_date(date(2026, 5, 1), LONDON) == "01-May-2026"

    def test_patients_read_the_month_in_their_language(self) -> None:
        day = date(1988, 3, 4)
        with translation.override("en"):
            assert display.patient_date(day, LONDON) == "04 March 1988"
        with translation.override("fr"):
            assert display.patient_date(day, LONDON) == "04 mars 1988"

    @given(day=DAYS)
    def test_a_clinical_date_can_be_read_back(self, day: date) -> None:
        number, month, year = display.clinical_date(day, LONDON).split("-")
        assert date(int(year), display.MONTHS.index(month) + 1, int(number)) == day

    def test_a_day_inside_a_sentence_is_written_as_any_other(self) -> None:
        words = "Earliest date is 2026-06-15, not 2026-06-01."
        assert display.sentence(words) == "Earliest date is 15-Jun-2026, not 01-Jun-2026."

    def test_an_instant_inside_a_sentence_keeps_its_day_and_zone(self) -> None:
        assert display.sentence("Record 2026-13-45 is no day.") == "Record 2026-13-45 is no day."
        assert display.sentence("Until 2026-06-15T10:00:00Z.") == "Until 2026-06-15T10:00:00Z."


class TestTimes:
    def test_the_clock_has_24_hours(self) -> None:
        afternoon = datetime(2026, 11, 23, 14, 5, 9, tzinfo=UTC)
        assert display.clinical_time(afternoon, LONDON) == "14:05"
        assert display.clinical_time(afternoon, LONDON, seconds=True) == "14:05:09"

    def test_summer_time_is_the_clinics(self) -> None:
        assert display.clinical_time(datetime(2026, 7, 1, 8, 0, tzinfo=UTC), LONDON) == "09:00"

    def test_date_and_time_share_one_zone(self) -> None:
        new_year = datetime(2026, 12, 31, 11, 0, tzinfo=UTC)
        assert display.clinical_datetime(new_year, KIRITIMATI) == "01-Jan-2027 01:00"

    def test_an_instant_without_a_zone_is_refused(self) -> None:
        with pytest.raises(ValueError, match="no time zone"):
            display.clinical_time(datetime(2026, 1, 1, 12, 0), LONDON)  # noqa: DTZ001

    @given(instant=INSTANTS, hours=st.integers(-12, 14))
    def test_the_zone_an_instant_is_written_in_does_not_matter(
        self, instant: datetime, hours: int
    ) -> None:
        elsewhere = instant.astimezone(timezone(timedelta(hours=hours)))
        shown = display.clinical_datetime(instant, LONDON)
        assert display.clinical_datetime(elsewhere, LONDON) == shown


class TestDuration:
    @pytest.mark.parametrize(
        ("minutes", "shown"),
        [
            (0, "0min"),
            (45, "45min"),
            (60, "1hr"),
            (65, "1hr 5min"),
            (150, "2hr 30min"),
            (1565, "26hr 5min"),
            (-3, "-3min"),
        ],
    )
    def test_hours_and_minutes(self, minutes: int, shown: str) -> None:
        assert display.duration(timedelta(minutes=minutes)) == shown

    def test_seconds_are_cut_off_not_rounded_up(self) -> None:
        assert display.duration(timedelta(minutes=4, seconds=59)) == "4min"
        assert display.duration(-timedelta(seconds=59)) == "0min"

    @given(minutes=st.integers(0, 10_000))
    def test_it_adds_up(self, minutes: int) -> None:
        total = 0
        for part in display.duration(timedelta(minutes=minutes)).split():
            total += int(part[:-2]) * 60 if part.endswith("hr") else int(part[:-3])
        assert total == minutes


class TestNames:
    @pytest.mark.parametrize(
        ("family", "given_names", "title", "shown"),
        [
            ("Doe", "Jane", "Ms", "DOE, Jane (Ms)"),
            ("O'Neil", "Max", "", "O'NEIL, Max"),
            ("Łukasz", "Ada", "", "ŁUKASZ, Ada"),
            ("", "Jane", "", "Jane"),
            ("Doe", "", "Dr", "DOE (Dr)"),
            (" van Dyk ", " Jo ", " Mx ", "VAN DYK, Jo (Mx)"),
            ("", "", "Ms", "Name not recorded"),
        ],
    )
    def test_surname_first_in_capitals(
        self, family: str, given_names: str, title: str, shown: str
    ) -> None:
        assert display.person_name(family, given_names, title) == shown


class TestAge:
    @pytest.mark.parametrize(
        ("born", "today", "shown"),
        [
            ("1988-03-04", "2026-11-23", "38y"),
            ("1988-11-23", "2026-11-23", "38y"),
            ("1988-11-24", "2026-11-23", "37y"),
            ("2019-08-23", "2026-11-23", "7y 3m"),
            ("2019-11-23", "2026-11-23", "7y"),
            ("2008-11-24", "2026-11-23", "17y 11m"),
            ("2008-11-23", "2026-11-23", "18y"),
            ("2025-09-23", "2026-11-23", "14m"),
            ("2026-11-11", "2026-11-23", "12d"),
            ("2026-11-23", "2026-11-23", "0d"),
            ("2026-01-31", "2026-02-28", "4w"),
            ("2008-02-29", "2026-02-28", "17y 11m"),
            ("2008-02-29", "2026-03-01", "18y"),
        ],
    )
    def test_the_unit_fits_the_age(self, born: str, today: str, shown: str) -> None:
        assert display.age(date.fromisoformat(born), date.fromisoformat(today)) == shown

    def test_nobody_has_an_age_before_birth(self) -> None:
        with pytest.raises(ValueError, match="before the birth"):
            display.age(date(2026, 11, 24), date(2026, 11, 23))

    @given(born=DAYS, days=st.integers(0, 40_000))
    def test_a_day_never_makes_anyone_younger(self, born: date, days: int) -> None:
        today = born + timedelta(days=days)
        now = display.whole_months(born, today)
        assert now <= display.whole_months(born, today + timedelta(days=1)) <= now + 1


class TestQuantity:
    @pytest.mark.parametrize(
        ("value", "shown"),
        [
            (Decimal("40.00"), "40"),
            (Decimal("0.50"), "0.5"),
            (Decimal(".5"), "0.5"),
            (Decimal("1E+2"), "100"),
            (Decimal("-0.0"), "0"),
            (600, "600"),
            (Decimal("100"), "100"),
            (Fraction(1, 8), "0.125"),
            (Fraction(600, 1), "600"),
            (Fraction(-5, 2), "-2.5"),
        ],
    )
    def test_a_leading_zero_and_never_a_trailing_one(
        self, value: display.Quantity, shown: str
    ) -> None:
        assert display.number(value) == shown

    @pytest.mark.parametrize("value", [40.0, True, "40", None])
    def test_what_is_not_exact_is_refused(self, value: object) -> None:
        with pytest.raises(TypeError, match="not an exact quantity"):
            display.number(value)  # type: ignore[arg-type]

    @pytest.mark.parametrize("value", [Decimal("NaN"), Decimal("Infinity"), Fraction(1, 3)])
    def test_what_has_no_last_digit_is_refused(self, value: display.Quantity) -> None:
        with pytest.raises(ValueError, match=r"not a quantity|round it first"):
            display.number(value)

    @given(
        value=st.decimals(
            allow_nan=False, allow_infinity=False, places=4, min_value=-10_000, max_value=10_000
        )
    )
    def test_the_digits_say_the_value_and_no_more(self, value: Decimal) -> None:
        shown = display.number(value)
        assert Decimal(shown) == value
        assert not shown.startswith((".", "-."))
        assert "." not in shown or shown[-1] not in "0."

    @given(numerator=st.integers(-10_000, 10_000), twos=st.integers(0, 6), fives=st.integers(0, 4))
    def test_a_fraction_with_an_end_is_told_exactly(
        self, numerator: int, twos: int, fives: int
    ) -> None:
        value = Fraction(numerator, 2**twos * 5**fives)
        assert Fraction(display.number(value)) == value

    def test_number_and_unit_stay_on_one_line(self) -> None:
        assert display.quantity(600, "mg") == "600\u00a0mg"

    @pytest.mark.parametrize(
        ("typed", "shown"),
        [("ml", "mL"), ("ug", "mcg"), ("\u00b5g", "mcg"), ("\u03bcg", "mcg"), ("mL/h", "mL/h")],
    )
    def test_a_unit_has_one_spelling(self, typed: str, shown: str) -> None:
        assert display.quantity(1, typed) == f"1\u00a0{shown}"

    def test_a_rate_reads_as_the_pump_and_is_spoken_in_words(self) -> None:
        assert display.rate(Decimal("40.00")) == "40\u00a0mL/h"
        assert display.rate(Decimal("40.00"), spoken=True) == "40\u00a0mL per hour"


class TestMedicine:
    def test_generic_first_dose_in_bold(self) -> None:
        line = display.medicine_line(Medicine("ocrelizumab", 600, "Ocrevus", 500))
        assert line == (
            "<strong>ocrelizumab</strong> (Ocrevus), DOSE "
            "<strong>600\u00a0mg</strong> in 500\u00a0mL"
        )

    def test_brand_and_volume_may_be_missing(self) -> None:
        line = display.medicine_line(Medicine("ocrelizumab", Decimal("300.0")))
        assert line == "<strong>ocrelizumab</strong>, DOSE <strong>300\u00a0mg</strong>"

    def test_a_name_from_outside_cannot_bring_markup(self) -> None:
        line = display.medicine_line(Medicine("<script>", 1, "<b>"))
        assert "<script>" not in line
        assert "(&lt;b&gt;)" in line


class TestAllergies:
    @pytest.mark.parametrize(
        ("code", "words"),
        [
            ("known", "Allergies known"),
            ("none_known", "No known allergies"),
            ("not_recorded", "Allergies not recorded"),
            ("unavailable", "Allergies unavailable"),
        ],
    )
    def test_there_are_four_answers(self, code: str, words: str) -> None:
        assert str(display.allergy_state(code).label) == words
        assert len(display.ALLERGIES) == 4

    @given(code=st.text(max_size=12).filter(lambda code: code not in display.ALLERGIES))
    def test_a_code_nobody_knows_never_reads_as_none(self, code: str) -> None:
        assert display.allergy_state(code) is display.ALLERGIES["unavailable"]
