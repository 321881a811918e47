"""How a refusal comes back on a form: on its field where it has one, else on the form itself."""

from django import forms

from core.errors import Conflict, Invalid, Refusal, RuleBroken

REFUSED = 422


def put_on(form: forms.Form, refusal: Refusal) -> None:
    """Add `refusal` to the form's errors; raise it again when a form cannot show it.

    What is not there, or not allowed, is a page of its own.
    """
    if isinstance(refusal, Invalid) and refusal.fields:
        for name, problems in refusal.fields.items():
            for problem in problems:
                form.add_error(name if name in form.fields else None, problem)
    elif isinstance(refusal, Invalid | Conflict | RuleBroken):
        form.add_error(None, refusal.message)
    else:
        raise refusal
