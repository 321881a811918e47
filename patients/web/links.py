"""Addresses that lists of patients lead to."""

from uuid import UUID

from django.urls import NoReverseMatch, reverse


def patient_page(slug: str, patient_id: UUID) -> str:
    """Return the address of a patient's own page, or of their safety page where there is none."""
    try:
        return reverse("patient", args=[slug, patient_id])
    except NoReverseMatch:
        return reverse("patient-safety", args=[slug, patient_id])
