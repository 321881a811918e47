"""The forms of what rules ask about. Each knows the one service it calls."""

from datetime import datetime
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from core.actor import Actor
from core.zones import local_instant
from patients.fhir.codes import analytes
from patients.models import Condition, Patient, SignOff, Vaccination
from patients.services.allergies_told import STATEMENTS, add_allergy, state_allergies
from patients.services.conditions import begin_condition
from patients.services.results import Measured, enter_result
from patients.services.sign_offs import sign_off
from patients.services.vaccinations import record_vaccination
from patients.web.forms import day_field

FINDINGS = [
    ("", _("a number")),
    ("negative", _("Negative")),
    ("positive", _("Positive")),
    ("indeterminate", _("Indeterminate")),
]


class FactForm(forms.Form):
    """One fact about a patient, ready to be recorded."""

    title: Any = ""

    def record(self, patient: Patient, zone: str, *, actor: Actor, now: datetime) -> None:
        """Call the service this form stands for. Raises what the service raises."""
        raise NotImplementedError


class AllergyForm(FactForm):
    """An allergy that is active now."""

    title = _("Add an allergy")
    substance = forms.CharField(label=_("Substance"), max_length=200)
    criticality = forms.ChoiceField(
        label=_("Risk"),
        required=False,
        choices=[("", _("not known")), ("low", _("low")), ("high", _("high"))],
    )

    def record(self, patient: Patient, zone: str, *, actor: Actor, now: datetime) -> None:
        add_allergy(patient_id=patient.pk, actor=actor, now=now, **self.cleaned_data)


class AllergyStatementForm(FactForm):
    """What is said about allergies when none is recorded."""

    title = _("Say how allergies stand")
    status = forms.ChoiceField(
        label=_("Allergies"),
        choices=[
            (value, label) for value, label in Patient.AllergyStatus.choices if value in STATEMENTS
        ],
        widget=forms.RadioSelect,
    )
    version = forms.IntegerField(widget=forms.HiddenInput)

    def record(self, patient: Patient, zone: str, *, actor: Actor, now: datetime) -> None:
        state_allergies(patient_id=patient.pk, actor=actor, now=now, **self.cleaned_data)


class VaccinationForm(FactForm):
    """A vaccine given or planned."""

    title = _("Add a vaccination")
    name = forms.CharField(label=_("Vaccine"), max_length=200)
    live = forms.ChoiceField(
        label=_("Live vaccine"),
        choices=[("", _("not known")), ("yes", _("live")), ("no", _("not live"))],
        required=False,
    )
    status = forms.ChoiceField(
        label=_("State"),
        choices=[
            (value, label)
            for value, label in Vaccination.Status.choices
            if value != Vaccination.Status.NOT_DONE
        ],
    )
    occurred_on = day_field(_("Day"))

    def record(self, patient: Patient, zone: str, *, actor: Actor, now: datetime) -> None:
        told = dict(self.cleaned_data)
        is_live = {"yes": True, "no": False}.get(told.pop("live"))
        record_vaccination(patient_id=patient.pk, is_live=is_live, actor=actor, now=now, **told)


class ConditionForm(FactForm):
    """A state that lasts from a day on."""

    title = _("Add a condition")
    kind = forms.ChoiceField(label=_("Condition"), choices=Condition.Kind.choices)
    from_date = day_field(_("Since"))

    def record(self, patient: Patient, zone: str, *, actor: Actor, now: datetime) -> None:
        begin_condition(patient_id=patient.pk, actor=actor, now=now, **self.cleaned_data)


class ResultForm(FactForm):
    """A laboratory result, as a number or as a word."""

    title = _("Add a test result")
    analyte = forms.ChoiceField(label=_("Test"))
    finding = forms.ChoiceField(label=_("Result"), choices=FINDINGS, required=False)
    value = forms.DecimalField(label=_("Value"), max_digits=14, decimal_places=4, required=False)
    unit = forms.CharField(label=_("Unit"), max_length=20, required=False)
    reference_low = forms.DecimalField(
        label=_("Lower limit of normal"), max_digits=14, decimal_places=4, required=False
    )
    reference_high = forms.DecimalField(
        label=_("Upper limit of normal"), max_digits=14, decimal_places=4, required=False
    )
    collected_on = day_field(_("Taken on"))
    collected_time = forms.TimeField(
        label=_("at"), widget=forms.TimeInput(attrs={"type": "time"}), input_formats=["%H:%M"]
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        test = self.fields["analyte"]
        assert isinstance(test, forms.ChoiceField)
        test.choices = [(one.key, one.label) for one in analytes()]

    def record(self, patient: Patient, zone: str, *, actor: Actor, now: datetime) -> None:
        told = dict(self.cleaned_data)
        taken = local_instant(told.pop("collected_on"), told.pop("collected_time"), zone)
        measured = Measured(collected_at=taken, **told)
        enter_result(patient_id=patient.pk, measured=measured, actor=actor, now=now)


class SignOffForm(FactForm):
    """A named person's decision on one rule."""

    title = _("Sign off a rule")
    rule_id = forms.CharField(
        label=_("Rule"), max_length=60, help_text=_("Its id, as HBV-CARRIER.")
    )
    decision = forms.ChoiceField(label=_("Decision"), choices=SignOff.Decision.choices)
    reason = forms.CharField(
        label=_("Reason"), max_length=500, widget=forms.Textarea(attrs={"rows": 3})
    )
    until_date = day_field(_("Until"), required=False)

    def record(self, patient: Patient, zone: str, *, actor: Actor, now: datetime) -> None:
        sign_off(patient_id=patient.pk, actor=actor, now=now, **self.cleaned_data)


FORMS: dict[str, type[FactForm]] = {
    "allergy": AllergyForm,
    "allergies": AllergyStatementForm,
    "vaccination": VaccinationForm,
    "condition": ConditionForm,
    "result": ResultForm,
    "decision": SignOffForm,
}


class EndForm(forms.Form):
    """The day on which something ended or happened."""

    day = day_field(_("Day"))
