"""Change one value of the protocol file, whichever, and some answer of the core changes."""

import copy
import tomllib
from fractions import Fraction
from functools import cache
from typing import Any

import pytest

from clinical.loading import build
from clinical.protocol import load
from tests.clinical.battery import QUESTIONS, answers
from tests.clinical.test_protocol import TEXT

# Read by people, not by a rule: shown on the protocol page and in the checklist.
FOR_READING = {
    "preparation.target_mg_per_ml",
    "preparation.fridge_celsius",
    "preparation.room_maximum_celsius",
    "reaction.made_ready",
    "observation.vitals_items",
    "observation.vitals_expected",  # asked with a sign's value: test_observation.py
    "titration.initial.stated_duration",
    "titration.standard.stated_duration",
    "titration.short.stated_duration",
}
OTHER_WORDS = {
    "calendar": "weeks_24",
    "increment": "held",
    "ladder": "held",
    "assessment": "immunology",
    "mild_moderate": "severe",
}


def other_text(text: str) -> str:
    """Return another duration, another number, another choice, or another name."""
    head, _, unit = text.partition(" ")
    if head.isdigit() and unit:
        return f"{int(head) + 1} {unit}"
    if text.replace(".", "").replace("/", "").isdigit():
        return str(Fraction(text) + Fraction(1, 50))
    return OTHER_WORDS.get(text, text + "X")


def changed(value: Any) -> Any:
    """Return another value of the same kind, as small a step away as its kind allows."""
    if isinstance(value, list):
        return [changed(value[0]), *value[1:]]
    if isinstance(value, dict):
        key = list(value)[-1]
        return {**value, key: changed(value[key])}
    if isinstance(value, str):
        return other_text(value)
    return not value if isinstance(value, bool) else value + 1


@cache
def answers_as_shipped(subject: str, edition: str) -> str:
    return answers(load("ocrelizumab", edition), subject)


def leaf(document: dict[str, Any], path: str) -> dict[str, Any]:
    node: dict[str, Any] = document
    for key in path.split("."):
        node = node[key]
    return node


@pytest.mark.parametrize("path", [value.path for value in load().values])
def test_changing_a_value_changes_an_answer(path: str) -> None:
    document = copy.deepcopy(tomllib.loads(TEXT))
    node = leaf(document, path)
    node["value"] = changed(node["value"])
    # The paediatric numbers count only where an edition allows them.
    paediatric = path.startswith("dosing.paediatric") and not path.endswith("allowed")
    edition = "us" if paediatric else "default"
    protocol = build(document, edition)
    section = path.partition(".")[0]
    subjects = sorted(QUESTIONS, key=lambda subject: subject != section)
    differs = any(
        answers(protocol, subject) != answers_as_shipped(subject, edition) for subject in subjects
    )
    assert differs is (path not in FOR_READING)


def test_the_values_for_reading_are_there() -> None:
    assert {value.path for value in load().values} >= FOR_READING
