"""A refusal on a form at the chair: beside its field, or above them all, in the clinic's time."""

from collections.abc import Mapping

from django import forms

from core.errors import Invalid, Refusal
from infusion.web.words import on_the_wall


def explain(form: forms.Form, refusal: Refusal, names: Mapping[str, str]) -> None:
    """Put a refusal where it belongs on `form`; `names` tells a service's word for a field from
    the form's."""
    fields = refusal.fields if isinstance(refusal, Invalid) else {}
    for name, problems in fields.items():
        shown = names.get(name, name)
        target = shown if shown in form.fields else None
        for problem in problems:
            form.add_error(target, problem)
    if not fields:
        form.add_error(None, on_the_wall(refusal.message))
