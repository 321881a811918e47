"""What an ad-hoc visit may be for, and how what a visit is for reads in a list."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from core.display import quantity


class Purpose(models.TextChoices):
    """What somebody comes for when it is no dose."""

    BLOOD_TEST = "blood_test", _("Blood test")
    EXAMINATION = "examination", _("Examination")
    OBSERVATION = "observation", _("Observation")
    LINE_CARE = "line_care", _("Line care")
    TEACHING = "teaching", _("Teaching")
    OTHER = "other", _("Other visit")


def what_for(dose_mg: int | None, purpose: str) -> str:
    """Return the milligrams of a dose, else the purpose in words."""
    return str(Purpose(purpose).label) if dose_mg is None else quantity(dose_mg, "mg")
