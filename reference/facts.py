"""The facts the eligibility rules may ask about, as flat fields that belong to nobody."""

from collections.abc import Mapping
from typing import Any

from clinical.facts import Facts, HepatitisB, Immunoglobulins, Liver, Vaccine

QUANTITIES = (
    ("weight_kg", "Needed for a child.", "kg"),
    ("igg_g_l", "IgG, in g/L.", "g_l"),
    ("igg_lower_limit_g_l", "The laboratory's lower limit of IgG, in g/L.", "g_l"),
    ("alt_x_uln", "ALT, times the upper limit of normal.", "x_uln"),
    ("ast_x_uln", "AST, times the upper limit of normal.", "x_uln"),
    ("alp_x_uln", "ALP, times the upper limit of normal.", "x_uln"),
    ("bilirubin_x_uln", "Bilirubin, times the upper limit of normal.", "x_uln"),
)
"""(name, what it is, unit) of every measured fact."""

YES_OR_NO: tuple[tuple[str, str, bool | None], ...] = (
    ("hbv_active", "Hepatitis B is active, in a clinician's word.", None),
    ("hbv_dna_detected", "HBV DNA was detected.", None),
    ("hepatology_opinion", "A hepatology opinion is recorded.", False),
    ("dna_monitoring_plan", "A plan to monitor HBV DNA is recorded.", False),
    ("igg_low", "IgG is low, where only that is known.", None),
    ("risk_assessment", "The infection risk of a low IgG is assessed.", False),
    ("immunology_consultation", "Immunology was consulted about a low IgG.", False),
    ("liver_tests_recorded", "The four liver tests are recorded, without their numbers.", False),
    ("liver_symptoms", "Symptoms of liver injury.", False),
    ("liver_injury_unexplained", "Liver injury without another cause.", False),
    ("active_infection", "An infection is active.", None),
    ("pregnant", "Pregnant.", None),
    ("can_become_pregnant", "Could become pregnant.", None),
    ("contraception", "Effective contraception.", None),
    ("breastfeeding", "Breastfeeding.", None),
    ("lactation_decision", "The decision about breastfeeding is recorded.", False),
    ("active_malignancy", "A malignancy is active.", None),
    ("severely_immunocompromised", "Severely immunocompromised.", None),
    ("hypersensitivity", "Hypersensitivity to ocrelizumab.", None),
    ("persistent_diarrhoea", "Diarrhoea is new or persists.", None),
    ("prior_life_threatening_reaction", "An infusion reaction was life-threatening.", None),
    ("prior_severe_reaction", "An infusion reaction was severe.", None),
    ("prior_serious_reaction", "An infusion reaction was serious.", None),
)
"""(name, what it says, what silence means) of every fact that is true or false."""

_PLAIN = (
    "age_years", "weight_kg", "indication", "renal", "pml", "last_dose_on", "active_infection",
    "pregnant", "can_become_pregnant", "contraception", "breastfeeding", "lactation_decision",
    "active_malignancy", "severely_immunocompromised", "hypersensitivity",
    "persistent_diarrhoea", "prior_life_threatening_reaction", "prior_severe_reaction",
    "prior_serious_reaction",
)  # fmt: skip


def facts_of(asked: Mapping[str, Any]) -> Facts:
    """Return the rules' facts from flat fields; KeyError when one is missing."""
    return Facts(
        hepatitis_b=HepatitisB(
            hbsag=asked["hbsag"],
            anti_hbc=asked["anti_hbc"],
            active=asked["hbv_active"],
            dna_detected=asked["hbv_dna_detected"],
            hepatology_opinion=asked["hepatology_opinion"],
            dna_monitoring_plan=asked["dna_monitoring_plan"],
        ),
        immunoglobulins=Immunoglobulins(
            igg_g_l=asked["igg_g_l"],
            lower_limit_g_l=asked["igg_lower_limit_g_l"],
            low=asked["igg_low"],
            risk_assessment=asked["risk_assessment"],
            immunology_consultation=asked["immunology_consultation"],
        ),
        liver=Liver(
            alt_x_uln=asked["alt_x_uln"],
            ast_x_uln=asked["ast_x_uln"],
            alp_x_uln=asked["alp_x_uln"],
            bilirubin_x_uln=asked["bilirubin_x_uln"],
            tests_recorded=asked["liver_tests_recorded"],
            symptoms=asked["liver_symptoms"],
            injury_unexplained=asked["liver_injury_unexplained"],
        ),
        vaccines=tuple(Vaccine(**each) for each in asked["vaccines"]),
        **{name: asked[name] for name in _PLAIN},
    )
