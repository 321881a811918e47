"""The forms of the safety questions and of the IV access."""

from typing import Any

from django import forms
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from infusion.checklist import MAY_NOT_APPLY, WORRIES, Answer, Question
from infusion.iv_access import MOST_ATTEMPTS, Access, Device, Gauge
from infusion.web.forms.base import ActForm
from patients.models import Patient

QUESTIONS = {
    Question.INFECTION: _("Any infection now: fever, cough, burning, a wound?"),
    Question.PREGNANCY: _("Pregnant, or possibly pregnant?"),
    Question.CONTRACEPTION: _("Effective contraception in use?"),
    Question.NEUROLOGICAL: _("New trouble with vision, speech, thinking, strength or balance?"),
    Question.DIARRHOEA: _("New or persistent diarrhoea?"),
    Question.VACCINATION: _("Any vaccination since the last infusion?"),
    Question.LIVER: _("Yellow skin or eyes, dark urine, pain in the upper belly?"),
}
WORRY = {
    Question.INFECTION: _("Infection"),
    Question.PREGNANCY: _("Pregnancy"),
    Question.NEUROLOGICAL: _("Neurological change"),
    Question.DIARRHOEA: _("Diarrhoea"),
    Question.VACCINATION: _("Vaccination"),
    Question.LIVER: _("Liver symptoms"),
}
ANSWERS = [(Answer.NO.value, _("No")), (Answer.YES.value, _("Yes"))]
NOT_APPLICABLE = [(Answer.NOT_APPLICABLE.value, _("Does not apply"))]
DEVICES = {
    Device.CANNULA: _("Cannula"),
    Device.MIDLINE: _("Midline"),
    Device.PICC: _("PICC"),
    Device.PORT: _("Port"),
}


class ChecklistForm(ActForm):
    """Every question, each with room for a word. Nothing is answered beforehand."""

    extra = ("at",)

    def fit(self) -> None:
        """Answers given earlier today stand in the form; what cannot apply to a man is set."""
        del self.fields["reason"]
        before, man = self.bed.done.answers, self.bed.patient.sex == Patient.Sex.MALE
        for question in Question:
            may_not_apply = question in MAY_NOT_APPLY
            self.fields[question.value] = forms.ChoiceField(
                label=QUESTIONS[question], choices=ANSWERS + NOT_APPLICABLE * may_not_apply,
                widget=forms.RadioSelect,
            )  # fmt: skip
            if question in WORRIES:
                self.fields[f"{question}_note"] = forms.CharField(
                    label=format_lazy("{} {}", _("Note:"), WORRY[question]),
                    required=False,
                    max_length=300,
                )
            if before is not None:
                self.initial.setdefault(question.value, before.answers[question].value)
                self.initial.setdefault(f"{question}_note", before.notes.get(question, ""))
            elif man and may_not_apply:
                self.initial.setdefault(question.value, Answer.NOT_APPLICABLE.value)

    def answers(self) -> dict[str, str]:
        """Return the answers by question."""
        return {question.value: self.cleaned_data[question.value] for question in Question}

    def notes(self) -> dict[str, str]:
        """Return the notes by question."""
        return {
            question.value: self.cleaned_data.get(f"{question}_note", "") for question in Question
        }


class AccessForm(ActForm):
    """The IV access."""

    device = forms.ChoiceField(
        label=_("Device"), choices=list(DEVICES.items()), widget=forms.RadioSelect,
        initial=Device.CANNULA.value,
    )  # fmt: skip
    site = forms.CharField(label=_("Site"), max_length=60, help_text=_("As: left forearm."))
    gauge = forms.ChoiceField(
        label=_("Size"), required=False, widget=forms.RadioSelect,
        choices=[*((size.value, size.value) for size in Gauge), ("", _("Line was there"))],
    )  # fmt: skip
    attempts = forms.IntegerField(
        label=_("Attempts"), initial=1, min_value=1, max_value=MOST_ATTEMPTS,
        widget=forms.NumberInput(attrs={"inputmode": "numeric"}),
    )  # fmt: skip
    extra = ("at",)

    def fit(self) -> None:
        """An access has no reason beside it."""
        del self.fields["reason"]

    def access(self) -> Access:
        """Return the access that was typed."""
        data: dict[str, Any] = self.cleaned_data
        return Access(
            device=data["device"], site=data["site"], gauge=data["gauge"],
            attempts=data["attempts"],
        )  # fmt: skip
