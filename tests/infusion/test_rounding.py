"""Volumes are shown half up to a tenth, as a pump shows them, wherever they are shown."""

from decimal import Decimal
from fractions import Fraction

import pytest

from clinics.models import Clinic
from core.actor import Actor
from infusion.bedside import bedside
from infusion.segments import tenth_of_ml
from infusion.web.forms.reacting import StopForm
from tests.infusion.builders import at, running, seat
from tests.infusion.pages import Tablet


@pytest.mark.parametrize(
    ("exact", "shown"),
    [("0.05", "0.1"), ("0.15", "0.2"), ("0.25", "0.3"), ("0.249", "0.2"), ("499.85", "499.9")],
)
def test_a_half_goes_up(exact: str, shown: str) -> None:
    assert tenth_of_ml(Fraction(exact)) == Decimal(shown)


def test_the_chair_and_the_stop_form_round_alike(clinic: Clinic, nurse: Actor) -> None:
    """At 40 mL/h 13.5 s are 0.15 mL, 22.5 s are 0.25 mL."""
    visit = seat(clinic)
    running(visit, nurse)
    text = Tablet.of(clinic, nurse).get(30 + 13.5 / 60, "chair_side", visit.pk).content.decode()
    assert "499.9\u00a0mL" in text
    form = StopForm(bed=bedside(visit.pk, nurse, at(30 + 22.5 / 60)))
    assert form.initial["volume_ml"] == Decimal("0.3")
