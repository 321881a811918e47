"""A spreadsheet shows what was written, and runs none of it."""

import pytest

from core.web.tables import csv_response


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r"])
def test_a_cell_that_would_be_run_stays_text(start: str) -> None:
    response = csv_response("x.csv", ["a"], [[f"{start}1+1"]])
    assert f"'{start}1+1" in response.content.decode()


def test_nothing_is_empty_and_the_rest_is_as_it_is() -> None:
    response = csv_response("x.csv", ["a", "b"], [[None, 7], ["Æbelø, Åse", "x=1"]])
    assert response.content.decode().splitlines() == ["a,b", ",7", '"Æbelø, Åse",x=1']
    assert response["Content-Disposition"] == 'attachment; filename="x.csv"'


def test_a_number_below_zero_stays_a_number() -> None:
    response = csv_response("x.csv", ["a", "b"], [[-5.0, -3]])
    assert response.content.decode().splitlines()[1] == "-5.0,-3"
