"""The one vocabulary of states: every code a model can hold has a tone, an icon and a word."""

import re

import pytest
from django.apps import apps

from core.display import ALLERGIES
from core.states import STATES
from tests.architecture.tree import ROOMS, ROOT

SPRITE = set(re.findall(r'<symbol id="([^"]+)"', (ROOT / "static/icons/sprite.svg").read_text()))
TONES = {"neutral", "free", "info", "success", "warning", "danger"}
CODES = sorted(
    {
        (f"{model.__name__}.{field.name}", code)
        for model in apps.get_models()
        if model.__module__.split(".")[0] in ROOMS
        for field in model._meta.fields
        if field.name in {"status", "state", "severity"} and field.choices
        for code, _ in field.flatchoices
    }
)


@pytest.mark.parametrize(("field", "code"), CODES)
def test_every_state_of_a_model_can_be_shown(field: str, code: str) -> None:
    assert code in STATES, field


@pytest.mark.parametrize(("code", "shown"), [*STATES.items(), *ALLERGIES.items()])
def test_a_state_has_a_tone_an_icon_and_a_word(code: str, shown: object) -> None:
    tone, icon, label = (getattr(shown, part) for part in ("tone", "icon", "label"))
    assert tone in TONES, code
    assert icon in SPRITE, code
    assert str(label), code


def test_overdue_is_told_by_more_than_red() -> None:
    assert STATES["overdue"].icon == "alert"
    assert STATES["overdue"].icon != STATES["on_time"].icon
    assert str(STATES["overdue"].label) == "Overdue"


def test_models_do_hold_states() -> None:
    assert len(CODES) > 20
