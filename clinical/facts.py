"""What is known about a patient when a rule is asked. None always means: not known."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction

Quantity = Fraction | Decimal | int


class TestResult(StrEnum):
    """A screening result."""

    __test__ = False  # not a test, whatever pytest makes of the name

    NEGATIVE = "negative"
    POSITIVE = "positive"


class RenalImpairment(StrEnum):
    """How far kidney function is impaired."""

    NONE = "none"
    MILD = "mild"
    MODERATE = "moderate"
    SEVERE = "severe"


class Pml(StrEnum):
    """Progressive multifocal leukoencephalopathy, as far as it has been looked into."""

    NONE = "none"
    SUSPECTED = "suspected"
    CONFIRMED = "confirmed"


@dataclass(frozen=True, slots=True, kw_only=True)
class HepatitisB:
    """Hepatitis B screen. `active` is a clinician's word and goes before what the tests suggest."""

    hbsag: TestResult | None = None
    anti_hbc: TestResult | None = None
    active: bool | None = None
    dna_detected: bool | None = None
    hepatology_opinion: bool = False
    dna_monitoring_plan: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Immunoglobulins:
    """IgG with its laboratory's lower limit, both in g/L, or `low` when only that is known."""

    igg_g_l: Quantity | None = None
    lower_limit_g_l: Quantity | None = None
    low: bool | None = None
    risk_assessment: bool = False
    immunology_consultation: bool = False

    def is_low(self) -> bool | None:
        """Return whether IgG is below its lower limit (not at it), None when not known."""
        if self.igg_g_l is not None and self.lower_limit_g_l is not None:
            return Fraction(self.igg_g_l) < Fraction(self.lower_limit_g_l)
        return self.low


@dataclass(frozen=True, slots=True, kw_only=True)
class Liver:
    """Liver tests as multiples of the upper limit of normal, symptoms, and what came of them.

    `tests_recorded` says the four baseline tests are on record without their numbers.
    """

    alt_x_uln: Quantity | None = None
    ast_x_uln: Quantity | None = None
    alp_x_uln: Quantity | None = None
    bilirubin_x_uln: Quantity | None = None
    tests_recorded: bool = False
    symptoms: bool = False
    injury_unexplained: bool = False

    def results(self) -> dict[str, Fraction | None]:
        """Return the four results by the name the protocol gives the test."""
        raw = {
            "ALT": self.alt_x_uln,
            "AST": self.ast_x_uln,
            "ALP": self.alp_x_uln,
            "bilirubin": self.bilirubin_x_uln,
        }
        return {name: None if x is None else Fraction(x) for name, x in raw.items()}


@dataclass(frozen=True, slots=True, kw_only=True)
class Vaccine:
    """One vaccination, given or planned."""

    name: str
    live: bool
    on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """Everything the rules may ask about one patient."""

    age_years: int | None = None
    weight_kg: Quantity | None = None
    indication: str | None = None
    hepatitis_b: HepatitisB = HepatitisB()
    immunoglobulins: Immunoglobulins = Immunoglobulins()
    liver: Liver = Liver()
    renal: RenalImpairment | None = None
    active_infection: bool | None = None
    pregnant: bool | None = None
    can_become_pregnant: bool | None = None
    contraception: bool | None = None
    breastfeeding: bool | None = None
    lactation_decision: bool = False
    vaccines: tuple[Vaccine, ...] = ()
    pml: Pml = Pml.NONE
    active_malignancy: bool | None = None
    severely_immunocompromised: bool | None = None
    hypersensitivity: bool | None = None
    persistent_diarrhoea: bool | None = None
    prior_life_threatening_reaction: bool | None = None
    prior_severe_reaction: bool | None = None
    prior_serious_reaction: bool | None = None
    last_dose_on: date | None = None
