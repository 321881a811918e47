"""What each value of the protocol is called on paper, by its key; sections in the label's order."""

from django.utils.translation import gettext_lazy as _

SECTIONS = {
    "dosing": _("Dosing"),
    "dosing.paediatric": _("Dosing of children, where an edition allows it"),
    "calendar": _("Calendar"),
    "preparation": _("Preparation and storage"),
    "premedication": _("Premedication"),
    "titration": _("Rates"),
    "titration.initial": _("Initial rate table"),
    "titration.standard": _("Standard rate table"),
    "titration.short": _("Short rate table"),
    "reaction": _("Infusion reactions"),
    "observation": _("Observation"),
    "eligibility": _("Limits of the eligibility rules"),
}

LABELS = {
    "indications": _("Indications"),
    "adult_age_years": _("Adult from"),
    "initial_mg": _("Each initial infusion"),
    "initial_infusions": _("Number of initial infusions"),
    "maintenance_mg": _("Each dose after that"),
    "allowed": _("Children may be treated"),
    "minimum_age_years": _("Lowest age"),
    "minimum_weight_kg": _("Lowest weight"),
    "adult_dose_weight_kg": _("Adult doses from"),
    "infusion_2_after": _("Infusion 2, after infusion 1"),
    "infusion_2_window": _("Window around infusion 2"),
    "interval_mode": _("How six months are counted"),
    "interval_months": _("Interval"),
    "interval_24_weeks": _("Interval, when counted as 24 weeks"),
    "interval_26_weeks": _("Interval, when counted as 26 weeks"),
    "minimum_interval_months": _("Minimum interval"),
    "window_before": _("Window opens before the due date"),
    "window_after": _("Window closes after the due date"),
    "prolonged_gap_months": _("A gap is prolonged from"),
    "restart_options": _("Restart after a prolonged gap"),
    "payer_gate": _("Payer rule switched on"),
    "payer_minimum": _("Payer's minimum interval"),
    "vial_mg": _("Drug in a vial"),
    "vial_ml": _("Volume of a vial"),
    "bags": _("Bags"),
    "diluent": _("Diluent"),
    "target_mg_per_ml": _("Concentration, about"),
    "minimum_mg_per_ml": _("Lowest concentration accepted"),
    "maximum_mg_per_ml": _("Highest concentration accepted"),
    "filter_micron": _("In-line filter"),
    "fridge_limit": _("Time in the fridge, at most"),
    "room_limit": _("Time out of the fridge, at most"),
    "fridge_celsius": _("Fridge temperature"),
    "room_maximum_celsius": _("Room temperature, at most"),
    "strict": _("Strict reading of the storage times"),
    "strict_life": _("Whole life under the strict reading"),
    "same_day": _("The infusion ends on the day it starts"),
    "route": _("Route"),
    "subcutaneous_mg": _("Dose on the subcutaneous product"),
    "checklist": _("Checked before the start"),
    "lead": _("Chair time before the start"),
    "steroid": _("Glucocorticoid"),
    "steroid_mg": _("Dose of the glucocorticoid"),
    "steroid_route": _("Route of the glucocorticoid"),
    "steroid_before": _("Glucocorticoid, about, before the start"),
    "steroid_earliest": _("Glucocorticoid, not earlier than"),
    "steroid_latest": _("Glucocorticoid, not later than"),
    "steroid_equivalents": _("Equal doses"),
    "child_below_kg": _("Dose by weight for a child below"),
    "child_steroid_mg_per_kg": _("Dose by weight"),
    "antihistamines": _("Antihistamine, one of"),
    "antihistamine_earliest": _("Antihistamine, not earlier than"),
    "antihistamine_latest": _("Antihistamine, not later than"),
    "antipyretics": _("Antipyretic, if wanted"),
    "antipyretic_earliest": _("Antipyretic, not earlier than"),
    "antipyretic_latest": _("Antipyretic, not later than"),
    "antihypertensive_withhold": _("Consider withholding antihypertensives for"),
    "short_minimum_age_years": _("Short table from the age of"),
    "volume_tolerance_ml": _("Difference not worth a warning"),
    "doses_mg": _("Doses"),
    "volume_ml": _("Volume"),
    "increment_ml_h": _("Increment"),
    "maximum_ml_h": _("Maximum rate"),
    "steps": _("Steps"),
    "stated_duration": _("Duration as the label states it"),
    "climb": _("How the rate rises after a reaction"),
    "rate_fraction": _("Rate after a reaction, part of the rate at onset"),
    "hold": _("Held at that rate for at least"),
    "increase_every": _("Increase by increment every"),
    "return_step": _("Kept at the rate at onset, policy return"),
    "window_after_end": _("Counts as a reaction after the end for"),
    "grades": _("CTCAE grades read as"),
    "signs": _("Signs"),
    "severe_any": _("Severe, any of"),
    "severe_together": _("Severe, all together"),
    "life_threatening_any": _("Life-threatening, any of"),
    "permanent_any": _("Stop for good, any of"),
    "after_end": _("Observation after the real end"),
    "vitals_gap": _("Vital signs at most apart"),
    "vitals_gap_in_reaction": _("Vital signs during a reaction, at most apart"),
    "vitals_gap_in_reaction_least": _("Vital signs during a reaction, a clinic's shortest gap"),
    "vitals_at_rate_changes": _("Vital signs at each change of the rate"),
    "vitals_counts_for": _("Vital signs count for a change or the end when taken before it by"),
    "vitals_after_end": _("Vital signs after the end, at"),
    "vitals_items": _("Vital signs"),
    "vitals_expected": _("Vital signs expected; outside, a warning"),
    "older_age_years": _("Older patient from"),
    "renal_caution": _("Kidney impairment that needs caution"),
    "liver_tests": _("Liver tests before the start"),
    "hys_law_transaminase_x_uln": _("ALT or AST, with raised bilirubin, above"),
    "hys_law_bilirubin_x_uln": _("Bilirubin, with raised ALT or AST, above"),
    "liver_caution_x_uln": _("Any liver test above"),
    "ig_requirement": _("What clears a low IgG"),
    "live_vaccine_before": _("Live vaccine before an infusion, at least"),
    "nonlive_vaccine_before": _("Other vaccine before the first infusion, at least"),
    "contraception_months": _("Contraception after the last dose"),
}

CHOSEN = {
    "calendar": _("calendar months"),
    "increment": _("by increment"),
    "ladder": _("up the table's ladder"),
    "return": _("return to the rate at onset"),
    "assessment": _("an infection risk assessment"),
    "immunology": _("an immunology consultation"),
}
"""What a choice among codes is called."""

SIGNS_TAKEN = {
    "systolic": _("systolic pressure"),
    "heart_rate": _("heart rate"),
    "respiratory_rate": _("respiratory rate"),
    "spo2": _("SpO2"),
    "temperature_c": _("temperature, °C,"),
}
"""Vital signs with their unit where it is not plain."""

GRADES = {
    "-": _("the source article, which is the product's requirement"),
    "A": _("text of a label, a regulator or the manufacturer, read"),
    "B": _("a secondary source that quotes a label"),
    "C": _("reported practice"),
    "P": _("policy proposed here; the labels are silent"),
    "M": _("from memory, not verified"),
}

WHY_SIGN_OFF = {
    "B": _("one secondary source"),
    "C": _("reported practice"),
    "P": _("policy, labels silent"),
    "M": _("from memory"),
}

ROLES = {"nurse": _("nurse"), "pharmacist": _("pharmacist"), "prescriber": _("prescriber")}

RULE_GROUPS = (
    (_("Calendar"), ("INTERVAL", "DOSE", "WINDOW", "INFUSION", "GAP", "PAYER")),
    (_("Short rate table"), ("SHORT",)),
    (_("Bag"), ("BAG", "VIAL", "PRODUCT")),
    (_("Premedication"), ("PREMED",)),
    (_("Running infusion"), ("RATE", "INCREASE", "VOLUME", "ENDED", "EVENT", "BEYOND", "VITALS")),
    (_("Reaction"), ("REACTION", "RESTART")),
    (_("Observation"), ("OBSERVATION",)),
)
"""Group of a rule by the first word of its id."""
ELIGIBILITY = _("Eligibility")
"""Every other rule."""
OF_THE_PATIENT = frozenset({"REACTION-LIFE-THREATENING", "REACTION-PRIOR-SEVERE"})
"""Rules about a history of reactions: eligibility, whatever the first word says."""
