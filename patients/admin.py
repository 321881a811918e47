"""Patients in the back office: to be looked at only, and looking is recorded."""

from django.contrib import admin

from core.admin_site import RecordAdmin
from patients.models import (
    Allergy,
    Condition,
    ImportNote,
    ImportRun,
    Patient,
    SignOff,
    SourceLink,
    TestResult,
    Vaccination,
)


@admin.register(Patient)
class PatientAdmin(RecordAdmin):
    list_display = ["mrn", "family_name", "given_names", "birth_date", "clinic"]
    list_filter = ["clinic"]
    search_fields = ["=mrn", "family_name", "given_names"]


@admin.register(Allergy)
class AllergyAdmin(RecordAdmin):
    list_display = ["patient", "substance", "clinical_status"]


@admin.register(TestResult)
class TestResultAdmin(RecordAdmin):
    list_display = ["patient", "loinc", "label", "collected_at"]


@admin.register(Vaccination)
class VaccinationAdmin(RecordAdmin):
    list_display = ["patient", "cvx", "status", "occurred_on"]


@admin.register(Condition)
class ConditionAdmin(RecordAdmin):
    list_display = ["patient", "kind", "from_date", "until_date"]


@admin.register(SignOff)
class SignOffAdmin(RecordAdmin):
    list_display = ["patient", "rule_id", "decision", "signed_at"]


@admin.register(SourceLink)
class SourceLinkAdmin(RecordAdmin):
    list_display = ["__str__"]


@admin.register(ImportRun)
class ImportRunAdmin(RecordAdmin):
    list_display = ["__str__", "clinic"]


@admin.register(ImportNote)
class ImportNoteAdmin(RecordAdmin):
    list_display = ["__str__"]
