"""The barcode on a vial: what scanners type, and what is not the code of a medicine."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import Invalid
from infusion.gs1 import LONGEST, Scanned, read_code

GTIN = "04000000001232"
EXPECTED = Scanned(gtin=GTIN, lot="B7001", expires_on=date(2027, 6, 30))


@pytest.mark.parametrize(
    "typed",
    [
        f"01{GTIN}1727063010B7001",
        f"]d201{GTIN}1727063010B7001",
        f"  01{GTIN}1727063010B7001\n",
        f"01{GTIN}10B7001\x1d17270630",
        f"]d2\x1d01{GTIN}10B7001\x1d17270630",
        f"01{GTIN}10B7001~17270630",
        f"01{GTIN}10B7001|17270630",
        f"01{GTIN}10B7001<GS>17270630",
        f"01{GTIN}1727063010B7001\x1d21SERIAL9",
        f"(01){GTIN}(17)270630(10)B7001",
    ],
)
def test_every_way_a_scanner_says_it_is_the_same_vial(typed: str) -> None:
    assert read_code(typed) == EXPECTED


def test_an_expiry_without_its_day_is_the_last_of_the_month() -> None:
    """GS1: day 00 means that the month counts whole."""
    assert read_code(f"01{GTIN}17270200").expires_on == date(2027, 2, 28)
    assert read_code(f"01{GTIN}17280200").expires_on == date(2028, 2, 29)


def test_what_a_code_does_not_say_stays_empty() -> None:
    nothing_more = Scanned(gtin=GTIN, lot="", expires_on=None)
    assert read_code(f"01{GTIN}") == nothing_more
    assert read_code(f"(01){GTIN}(17)") == nothing_more


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "   ",
        "B7001",
        "5901234123457",
        "17270630",
        "10B7001",
        "01040000000012331727063010B7001",
        f"01{GTIN}17271330",
        f"01{GTIN}17270631",
        "https://example.com/vial",
        "(",
        "]d2",
        f"01{GTIN}10" + "B" * LONGEST,
        "\x00\x1d",
    ],
)
def test_anything_else_is_refused_where_it_was_scanned(typed: str) -> None:
    with pytest.raises(Invalid) as refused:
        read_code(typed)
    assert set(refused.value.fields) == {"scan"}


@given(st.text(max_size=60) | st.from_regex(r"(\]d2)?01\d{14}[0-9A-Z\x1d~]{0,30}", fullmatch=True))
def test_no_input_is_an_error_of_ours(typed: str) -> None:
    """Scanners type nonsense when they are held askew."""
    try:
        read = read_code(typed)
    except Invalid:
        return
    assert len(read.gtin) == 14
