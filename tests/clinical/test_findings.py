"""Findings carry their rule, come in order, and only get worse with worse facts."""

from dataclasses import fields
from typing import Any

from hypothesis import given as forall
from hypothesis import strategies as st

from clinical.eligibility import (
    for_visit,
)
from clinical.facts import (
    Facts,
)
from clinical.findings import Severity, by_severity, worst
from clinical.protocol import load
from tests.clinical.patients import START, said, well


def test_findings_come_most_severe_first() -> None:
    answer = said(well(age_years=70, active_infection=True, prior_life_threatening_reaction=True))
    assert [item.severity for item in answer.findings] == ["block", "hold", "caution"]
    assert answer.decision is worst(answer.findings) is Severity.BLOCK
    assert worst([]) is Severity.CLEAR
    rules = load().rules
    assert [item.rank for item in Severity] == [0, 1, 2, 3]
    assert by_severity([]) == []
    assert rules["AGE-OLDER"].id == "AGE-OLDER"


def test_a_finding_carries_its_rule() -> None:
    (found,) = said(well(active_infection=True)).findings
    rule = load().rules["INFECTION-ACTIVE"]
    for name in (
        "id",
        "severity",
        "source",
        "grade",
        "needs_sign_off",
        "clears_when",
        "override_by",
    ):
        assert getattr(found, name) == getattr(rule, name), name


FLAGS = [
    "active_infection", "pregnant", "can_become_pregnant", "contraception", "breastfeeding",
    "active_malignancy", "severely_immunocompromised", "hypersensitivity", "persistent_diarrhoea",
    "prior_life_threatening_reaction", "prior_severe_reaction", "prior_serious_reaction",
]  # fmt: skip


@forall(
    st.fixed_dictionaries({name: st.sampled_from([None, True, False]) for name in FLAGS}),
    st.none() | st.integers(0, 100),
    st.none() | st.integers(5, 150),
    st.sampled_from(["default", "us", "eu"]),
    st.integers(1, 9),
)
def test_a_worse_fact_never_makes_it_better(
    flags: dict[str, Any], age: int | None, weight: int | None, edition: str, dose: int
) -> None:
    assert set(FLAGS) <= {field.name for field in fields(Facts)}
    protocol = load("ocrelizumab", edition)
    facts = well(**flags, age_years=age, weight_kg=weight)
    before = for_visit(protocol, facts, dose_number=dose, on=START)
    for name in ("active_infection", "prior_life_threatening_reaction", "hypersensitivity"):
        worse = well(**{**flags, name: True}, age_years=age, weight_kg=weight)
        after = for_visit(protocol, worse, dose_number=dose, on=START)
        assert after.decision.rank >= before.decision.rank
        assert len(after.ids) >= len(before.ids) - (name == "active_infection")
    assert before.decision is worst(before.findings)
    assert len(set(before.ids)) == len(before.ids)
