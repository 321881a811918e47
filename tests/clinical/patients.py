"""A patient about whom no rule has anything to say, and what is said when one fact changes."""

from datetime import date
from typing import Any

from clinical import eligibility
from clinical.facts import Facts, HepatitisB, Immunoglobulins, Liver, TestResult
from clinical.protocol import load

START = date(2026, 7, 6)


def well(**changes: Any) -> Facts:
    """An adult about whom no rule has anything to say, but for `changes`."""
    facts: dict[str, Any] = {
        "age_years": 35,
        "indication": "RMS",
        "hepatitis_b": HepatitisB(hbsag=TestResult.NEGATIVE, anti_hbc=TestResult.NEGATIVE),
        "immunoglobulins": Immunoglobulins(low=False),
        "liver": Liver(tests_recorded=True),
        "active_infection": False,
        "pregnant": False,
        "prior_life_threatening_reaction": False,
    }
    return Facts(**{**facts, **changes})


def said(facts: Facts, edition: str = "default") -> eligibility.Eligibility:
    protocol = load("ocrelizumab", edition)
    return eligibility.for_visit(protocol, facts, dose_number=1, on=START)
