"""The shape of a protocol: frozen dataclasses whose fields are exactly the keys of the TOML.

Durations are `timedelta`, quantities exact `Fraction` or `int`, and every other unit is in the
field's name. clinical/loading.py fills them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from fractions import Fraction

from clinical.findings import Finding, Grade, Rule, finding


class IntervalMode(StrEnum):
    """How "six months" is counted."""

    CALENDAR = "calendar"
    WEEKS_24 = "weeks_24"
    WEEKS_26 = "weeks_26"


class RateOption(StrEnum):
    """Which rate table a visit runs."""

    INITIAL = "initial"
    STANDARD = "standard"
    SHORT = "short"


class ClimbPolicy(StrEnum):
    """How the rate rises again after it was halved."""

    INCREMENT = "increment"
    LADDER = "ladder"
    RETURN = "return"
    HELD = "held"


class ReactionSeverity(StrEnum):
    """The three bands of the label's reaction table, mildest first."""

    MILD_MODERATE = "mild_moderate"
    SEVERE = "severe"
    LIFE_THREATENING = "life_threatening"

    @property
    def rank(self) -> int:
        """Position in the order mild to moderate, severe, life-threatening."""
        return list(ReactionSeverity).index(self)

    @property
    def words(self) -> str:
        """The band as it is read aloud."""
        return {"mild_moderate": "mild to moderate", "severe": "severe"}.get(
            self.value, "life-threatening"
        )


class IgRequirement(StrEnum):
    """What clears a low baseline immunoglobulin."""

    ASSESSMENT = "assessment"
    IMMUNOLOGY = "immunology"


@dataclass(frozen=True, slots=True, kw_only=True)
class PaediatricDosing:
    """The weight-banded regimen, used only where an edition allows it."""

    allowed: bool
    indications: tuple[str, ...]
    minimum_age_years: int
    minimum_weight_kg: Fraction
    adult_dose_weight_kg: Fraction
    initial_mg: int
    maintenance_mg: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Dosing:
    """Milligrams per infusion, and whom the adult regimen is for."""

    indications: tuple[str, ...]
    adult_age_years: int
    initial_mg: int
    initial_infusions: int
    maintenance_mg: int
    paediatric: PaediatricDosing


@dataclass(frozen=True, slots=True, kw_only=True)
class CalendarRules:
    """Intervals and windows between doses."""

    infusion_2_after: timedelta
    infusion_2_window: timedelta
    interval_mode: IntervalMode
    interval_months: int
    interval_24_weeks: timedelta
    interval_26_weeks: timedelta
    minimum_interval_months: int
    window_before: timedelta
    window_after: timedelta
    prolonged_gap_months: int
    restart_options: tuple[str, ...]
    payer_gate: bool
    payer_minimum: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class BagRow:
    """The bag one dose goes into, and whether the concentration gate applies to it."""

    dose_mg: int
    bag_ml: Fraction
    concentration_gate: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class PreparationRules:
    """Vials, bags, concentration and how long a bag may be used."""

    vial_mg: int
    vial_ml: Fraction
    bags: tuple[BagRow, ...]
    diluent: str
    target_mg_per_ml: Fraction
    minimum_mg_per_ml: Fraction
    maximum_mg_per_ml: Fraction
    filter_micron: tuple[Fraction, ...]
    fridge_limit: timedelta
    room_limit: timedelta
    fridge_celsius: tuple[int, ...]
    room_maximum_celsius: int
    strict: bool
    strict_life: timedelta
    same_day: bool
    route: str
    subcutaneous_mg: int
    checklist: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SteroidEquivalent:
    """One glucocorticoid and the dose taken as equal to the adult methylprednisolone dose."""

    drug: str
    dose_mg: Fraction


@dataclass(frozen=True, slots=True, kw_only=True)
class PremedicationRules:
    """What is given before every infusion, and how long before."""

    lead: timedelta
    steroid: str
    steroid_mg: Fraction
    steroid_route: str
    steroid_before: timedelta
    steroid_earliest: timedelta
    steroid_latest: timedelta
    steroid_equivalents: tuple[SteroidEquivalent, ...]
    child_below_kg: Fraction
    child_steroid_mg_per_kg: Fraction
    antihistamines: tuple[str, ...]
    antihistamine_earliest: timedelta
    antihistamine_latest: timedelta
    antipyretics: tuple[str, ...]
    antipyretic_earliest: timedelta
    antipyretic_latest: timedelta
    antihypertensive_withhold: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class StepRow:
    """One row of a rate table; the last has no duration and runs until the bag is empty."""

    rate_ml_h: Fraction
    duration: timedelta | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RateTable:
    """One rate table as the label prints it."""

    doses_mg: tuple[int, ...]
    volume_ml: Fraction
    increment_ml_h: Fraction | None = None
    maximum_ml_h: Fraction
    steps: tuple[StepRow, ...]
    stated_duration: str
    climb: ClimbPolicy


@dataclass(frozen=True, slots=True, kw_only=True)
class TitrationRules:
    """The three rate tables, and how far off the arithmetic may be before it is worth a word."""

    initial: RateTable
    standard: RateTable
    short: RateTable
    short_minimum_age_years: int
    volume_tolerance_ml: Fraction


@dataclass(frozen=True, slots=True, kw_only=True)
class GradeRow:
    """One CTCAE grade and the label's band it is read as."""

    grade: int
    severity: ReactionSeverity


@dataclass(frozen=True, slots=True, kw_only=True)
class ReactionRules:
    """What an infusion reaction does to the rate."""

    rate_fraction: Fraction
    hold: timedelta
    increase_every: timedelta
    return_step: timedelta
    window_after_end: timedelta
    grades: tuple[GradeRow, ...]
    made_ready: tuple[str, ...]
    signs: tuple[str, ...]
    severe_any: tuple[str, ...]
    severe_together: tuple[str, ...]
    life_threatening_any: tuple[str, ...]
    permanent_any: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpectedRange:
    """One vital sign, in the unit it is charted in, and what is expected; None is no limit."""

    sign: str
    low: Fraction | None = None
    high: Fraction | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ObservationRules:
    """Watching the patient: during the infusion, and after its real end."""

    after_end: timedelta
    vitals_gap: timedelta
    vitals_gap_in_reaction: timedelta
    vitals_gap_in_reaction_least: timedelta
    vitals_at_rate_changes: bool
    vitals_counts_for: timedelta
    vitals_after_end: tuple[timedelta, ...]
    vitals_items: tuple[str, ...]
    vitals_expected: tuple[ExpectedRange, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class EligibilityRules:
    """Limits that the facts about a patient are held against."""

    older_age_years: int
    renal_caution: tuple[str, ...]
    liver_tests: tuple[str, ...]
    hys_law_transaminase_x_uln: Fraction
    hys_law_bilirubin_x_uln: Fraction
    liver_caution_x_uln: Fraction
    ig_requirement: IgRequirement
    live_vaccine_before: timedelta
    nonlive_vaccine_before: timedelta
    contraception_months: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SourcedValue:
    """One value of the protocol file as a person reads it: where it stands and what backs it.

    `confirm` says why it needs sign-off when its grade alone would not ask for that.
    """

    path: str
    value: object
    source: tuple[str, ...]
    grade: Grade
    needs_sign_off: bool
    confirm: str
    note: str
    set_by: str


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Protocol:
    """One edition of one protocol. Compared by identity: `load` returns the same object."""

    name: str
    edition: str
    version: str
    drug: str
    brand: str
    edition_names: tuple[str, ...]
    sources: Mapping[str, str]
    dosing: Dosing
    calendar: CalendarRules
    preparation: PreparationRules
    premedication: PremedicationRules
    titration: TitrationRules
    reaction: ReactionRules
    observation: ObservationRules
    eligibility: EligibilityRules
    rules: Mapping[str, Rule]
    values: tuple[SourcedValue, ...]

    def editions(self) -> tuple[str, ...]:
        """Return the names of every edition in the same file, `default` first."""
        return self.edition_names

    def finding(self, rule_id: str, words: str) -> Finding:
        """Return the finding of rule `rule_id`; KeyError when the protocol has no such rule."""
        return finding(self.rules[rule_id], words)
