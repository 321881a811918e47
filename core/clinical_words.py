"""Codes of the clinical core in the words people use; every page says them alike."""

from django.utils.translation import gettext_lazy as _

EDITIONS = {"default": _("Default"), "us": _("US"), "eu": _("EU")}
"""An edition of a protocol."""

CTCAE_GRADES = [
    ("", _("Not graded")),
    ("1", _("1: mild")),
    ("2", _("2: moderate")),
    ("3", _("3: severe")),
    ("4", _("4: life-threatening")),
]
"""What a grade of an infusion reaction is called, for a form; the first is no answer."""

SIGNS = {
    "pruritus": _("Itching"),
    "rash": _("Rash"),
    "urticaria": _("Hives"),
    "erythema": _("Redness"),
    "flushing": _("Flushing"),
    "fever": _("Fever"),
    "headache": _("Headache"),
    "dizziness": _("Dizziness"),
    "fatigue": _("Tiredness"),
    "nausea": _("Nausea"),
    "tachycardia": _("Fast heartbeat"),
    "hypotension": _("Low blood pressure"),
    "throat_irritation": _("Throat irritation"),
    "throat_pain": _("Throat pain"),
    "dyspnoea": _("Short of breath"),
    "bronchospasm": _("Bronchospasm"),
    "asthma_exacerbation": _("Asthma attack"),
    "pharyngeal_oedema": _("Swelling of the throat"),
    "laryngeal_oedema": _("Swelling of the larynx"),
    "hypersensitivity": _("Suspected hypersensitivity"),
    "anaphylaxis": _("Anaphylaxis"),
    "acute_respiratory_distress": _("Acute respiratory distress"),
}
"""Signs of an infusion reaction, in the order they are asked for: the common ones first."""
