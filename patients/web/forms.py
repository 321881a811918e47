"""The form of a patient's own record."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from patients.models import Patient
from patients.services.records import Details


class DayInput(forms.DateInput):
    """A day, picked or typed; sent as 1988-03-04."""

    input_type = "date"

    def __init__(self, attrs: dict[str, Any] | None = None) -> None:
        super().__init__(attrs, format="%Y-%m-%d")


def day_field(label: Any, *, required: bool = True, help_text: Any = "") -> forms.DateField:
    """Return a field for one calendar day."""
    return forms.DateField(
        label=label, required=required, help_text=help_text, widget=DayInput(),
        input_formats=["%Y-%m-%d"],
    )  # fmt: skip


class PatientForm(forms.Form):
    """Who somebody is and how they are reached."""

    mrn = forms.CharField(label=_("Record number (MRN)"), max_length=64)
    title = forms.CharField(label=_("Title"), max_length=20, required=False)
    family_name = forms.CharField(label=_("Family name"), max_length=120, required=False)
    given_names = forms.CharField(label=_("Given names"), max_length=120, required=False)
    birth_date = day_field(_("Born"))
    sex = forms.ChoiceField(label=_("Gender"), choices=Patient.Sex.choices)
    weight_kg = forms.DecimalField(
        label=_("Weight in kg"), max_digits=5, decimal_places=2, required=False
    )
    deceased_on = day_field(_("Died on"), required=False)
    telephone = forms.CharField(label=_("Telephone"), max_length=40, required=False)
    email = forms.EmailField(label=_("E-mail"), max_length=254, required=False)
    channel = forms.ChoiceField(
        label=_("Messages"),
        choices=Patient.Channel.choices,
        help_text=_("Nothing is sent without the patient's consent."),
    )
    language = forms.CharField(
        label=_("Language"), max_length=10, required=False, help_text=_("As en, de or es.")
    )

    def details(self) -> Details:
        """Return what was typed. Call it on a valid form only."""
        return Details(**self.cleaned_data)


class EditPatientForm(PatientForm):
    """The same, for somebody who is already here."""

    version = forms.IntegerField(widget=forms.HiddenInput)

    def details(self) -> Details:
        """Return what was typed, without the version it was typed over."""
        return Details(**{k: v for k, v in self.cleaned_data.items() if k != "version"})


def form_of(patient: Patient) -> EditPatientForm:
    """Return the form as it stands for `patient`."""
    names = EditPatientForm.base_fields
    return EditPatientForm(initial={name: getattr(patient, name) for name in names})
