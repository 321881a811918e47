"""The four answers to "any allergies?", drawn from what is recorded and from nothing else."""

from collections.abc import Collection

from patients.fhir.codes import ALLERGIES_UNAVAILABLE, NO_KNOWN_ALLERGIES
from patients.models import Allergy, Patient

ACTIVE = "active"


def status_from(allergies: Collection[Allergy]) -> str:
    """Return the allergy state that `allergies` amount to.

    An active allergy wins over any statement that there is none; silence is "not recorded".
    """
    stated = {(one.code_system, one.code) for one in allergies if one.clinical_status == ACTIVE}
    statements = NO_KNOWN_ALLERGIES | ALLERGIES_UNAVAILABLE
    if stated - statements:
        return Patient.AllergyStatus.KNOWN
    if stated & NO_KNOWN_ALLERGIES:
        return Patient.AllergyStatus.NONE_KNOWN
    if stated & ALLERGIES_UNAVAILABLE:
        return Patient.AllergyStatus.UNAVAILABLE
    return Patient.AllergyStatus.NOT_RECORDED
