"""The bag: vials, volumes, the concentration gate, lots and expiry, the right product."""

# A Fraction equals an int of the same value, and these tests write volumes as ints.
# mypy: disable-error-code="comparison-overlap"

from datetime import date
from fractions import Fraction

import pytest
from hypothesis import given as forall
from hypothesis import strategies as st

from clinical.preparation import (
    Vial,
    appearance_findings,
    bag_for,
    concentration_findings,
    prepare,
    product_findings,
    vial_findings,
)
from clinical.protocol import Protocol, load
from tests.clinical.test_protocol import swapped

TODAY = date(2026, 7, 6)


@pytest.mark.parametrize(
    ("mg_per_ml", "expected"),
    [
        ("1.099", ["BAG-CONCENTRATION"]),
        ("1.10", []),
        ("1.2", []),
        ("1.25", []),
        ("1.251", ["BAG-CONCENTRATION"]),
    ],
)
@pytest.mark.parametrize("dose", [300, 600])
def test_the_gate_and_its_limits(
    protocol: Protocol, dose: int, mg_per_ml: str, expected: list[str]
) -> None:
    found = concentration_findings(protocol, dose_mg=dose, mg_per_ml=Fraction(mg_per_ml))
    assert [item.id for item in found] == expected


def test_the_gate_does_not_apply_to_150_mg(protocol: Protocol) -> None:
    assert concentration_findings(protocol, dose_mg=150, mg_per_ml=Fraction("0.6")) == []


@pytest.mark.parametrize(
    ("dose", "bag", "saline_removed", "total", "passes"),
    [
        (300, None, True, 250, True),
        (300, None, False, 260, True),
        (600, None, False, 520, True),
        (300, 240, True, 240, True),
        (300, 239, True, 239, False),
        (300, 100, True, 100, False),
        (600, 545, True, 545, True),
        (600, 546, True, 546, False),
    ],
)
def test_other_bags(
    protocol: Protocol,
    *,
    dose: int,
    bag: int | None,
    saline_removed: bool,
    total: int,
    passes: bool,
) -> None:
    made = prepare(protocol, dose_mg=dose, bag_ml=bag, saline_removed=saline_removed)
    assert made.total_ml == total
    assert (made.findings == ()) is passes


def test_words_of_the_gate(protocol: Protocol) -> None:
    (found,) = prepare(protocol, dose_mg=300, bag_ml=100).findings
    assert found.words == "3.000 mg/mL is outside 1.10 to 1.25 mg/mL."


def test_what_the_nurse_reads(protocol: Protocol) -> None:
    made = prepare(protocol, dose_mg=600)
    assert (made.dose_mg, made.vials, made.drug_ml, made.bag_ml) == (600, 2, 20, 500)
    assert made.diluent == "0.9% sodium chloride"
    assert "dedicated line" in made.checklist
    assert made.filter_micron == (Fraction(1, 5), Fraction(11, 50))


@pytest.mark.parametrize("dose", [0, 450, 920])
def test_a_dose_without_a_bag(protocol: Protocol, dose: int) -> None:
    with pytest.raises(ValueError, match=f"no bag is given for {dose} mg"):
        bag_for(protocol, dose)


@pytest.mark.parametrize("bag", [0, 10])
def test_a_bag_too_small_for_the_drug(protocol: Protocol, bag: int) -> None:
    with pytest.raises(ValueError, match=f"a bag of {bag} mL does not hold 10 mL of drug"):
        prepare(protocol, dose_mg=300, bag_ml=bag)
    assert prepare(protocol, dose_mg=300, bag_ml=11).total_ml == 11


def vial(lot: str = "B1234", expires: date = TODAY) -> Vial:
    return Vial(lot=lot, expires_on=expires)


@pytest.mark.parametrize(
    ("dose", "vials", "expected"),
    [
        (300, [vial()], []),
        (600, [vial(), vial()], []),
        (150, [vial()], []),
        (600, [vial()], ["BAG-VIALS"]),
        (300, [vial(), vial()], ["BAG-VIALS"]),
        (300, [], ["BAG-VIALS"]),
        (300, [vial(lot="  ")], ["VIAL-LOT"]),
        (600, [vial(lot=""), vial(lot="")], ["VIAL-LOT"]),
        (300, [vial(expires=date(2026, 7, 5))], ["VIAL-EXPIRED"]),
        (300, [vial(expires=date(2026, 7, 7))], []),
        (600, [vial(expires=date(2026, 7, 5))] * 2, ["VIAL-EXPIRED", "VIAL-EXPIRED"]),
    ],
)
def test_vials(protocol: Protocol, dose: int, vials: list[Vial], expected: list[str]) -> None:
    found = vial_findings(protocol, dose_mg=dose, vials=vials, on=TODAY)
    assert [item.id for item in found] == expected


def test_words_about_vials(protocol: Protocol) -> None:
    short, expired = vial_findings(
        protocol, dose_mg=600, vials=[vial(expires=date(2026, 7, 5))], on=TODAY
    )
    assert short.words == "600 mg needs 2 vials, 1 are on record."
    assert expired.words == "Lot B1234 expired on 2026-07-05."
    assert expired.override_by == ()


@pytest.mark.parametrize(
    ("discoloured", "particles", "words"),
    [
        (False, False, None),
        (True, False, "The bag is not used: discoloured."),
        (False, True, "The bag is not used: foreign particles."),
        (True, True, "The bag is not used: discoloured, foreign particles."),
    ],
)
def test_appearance(
    protocol: Protocol, *, discoloured: bool, particles: bool, words: str | None
) -> None:
    found = appearance_findings(protocol, discoloured=discoloured, foreign_particles=particles)
    assert [item.words for item in found] == ([words] if words else [])
    assert all(item.id == "BAG-APPEARANCE" for item in found)


@pytest.mark.parametrize(
    ("route", "labelled", "stopped"),
    [
        ("IV", None, False),
        ("IV", 300, False),
        ("IV", 920, True),
        ("SC", None, True),
        ("SC", 920, True),
    ],
)
def test_the_subcutaneous_product_is_never_infused(
    protocol: Protocol, *, route: str, labelled: int | None, stopped: bool
) -> None:
    found = product_findings(protocol, route=route, labelled_mg=labelled)
    assert [item.id for item in found] == ["PRODUCT-SUBCUTANEOUS"] * stopped
    assert all("920 mg" in item.words and item.override_by == () for item in found)


def test_another_vial_in_the_file_is_another_answer() -> None:
    small = swapped("vial_mg = { value = 300", "vial_mg = { value = 100")
    made = prepare(small, dose_mg=600)
    assert (made.vials, made.drug_ml) == (6, 60)


@forall(st.sampled_from([150, 300, 600]), st.integers(100, 1000), st.booleans())
def test_milligrams_are_conserved(dose: int, bag: int, removed: bool) -> None:  # noqa: FBT001
    made = prepare(load(), dose_mg=dose, bag_ml=bag, saline_removed=removed)
    assert made.mg_per_ml * made.total_ml == dose
    assert made.total_ml == bag + (0 if removed else made.drug_ml)
    assert made.vials * 300 >= dose > (made.vials - 1) * 300
