"""The frame around pages that belong to no clinic."""

from typing import Any

from clinics.access import standing_of
from clinics.models import Clinic, User
from clinics.selectors import clinics_of


def clinics_around(request: Any) -> list[Clinic]:
    """Return the clinics of whoever is signed in; who has one only keeps its navigation.

    Which of several clinics a person comes from is not known here: then there is no navigation.
    """
    assert isinstance(request.user, User)
    clinics = clinics_of(request.user)
    if len(clinics) == 1:
        standing = standing_of(request.user, clinics[0].slug)
        request.clinic, request.roles = standing.clinic, standing.roles
        request.actor = standing.actor
    return clinics
