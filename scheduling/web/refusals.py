"""A refusal on a form: beside its field where it has one, above all of them otherwise."""

from django import forms

from core.display import sentence
from core.errors import Invalid, Refusal


def explain(form: forms.Form, refusal: Refusal) -> None:
    """Put the words of `refusal` on `form`."""
    fields = refusal.fields if isinstance(refusal, Invalid) else {}
    for name, problems in fields.items():
        for problem in problems:
            form.add_error(name if name in form.fields else None, sentence(problem))
    if not fields:
        form.add_error(None, sentence(refusal.message))
