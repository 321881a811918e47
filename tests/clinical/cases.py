"""The worked cases, and the small conversions their notation needs."""

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from fractions import Fraction
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from _pytest.mark import ParameterSet

from clinical.protocol import ClimbPolicy, Protocol, RateOption
from clinical.titration import RatePlan, plan

FILE = Path(__file__).parents[1] / "data" / "clinical_cases.json"
Case = dict[str, Any]
Runner = Callable[[Case, Case], None]
CASES: dict[str, Case] = {
    case["id"]: case for case in json.loads(FILE.read_text(encoding="utf-8"))["cases"]
}
PROFILES = {
    "INIT_300_250": (300, RateOption.INITIAL),
    "MAINT_600_500_3H5": (600, RateOption.STANDARD),
    "MAINT_600_500_2H": (600, RateOption.SHORT),
}
POLICIES = {
    "hold_half": ClimbPolicy.HELD,
    "us_increment": ClimbPolicy.INCREMENT,
    "us_ladder": ClimbPolicy.LADDER,
    "eu_return": ClimbPolicy.RETURN,
}
UTC = ZoneInfo("UTC")


def profile(protocol: Protocol, name: str, volume_ml: int | None = None) -> RatePlan:
    dose, option = PROFILES[name]
    return plan(protocol, dose_mg=dose, option=option, volume_ml=volume_ml)


def minutes(seconds: Fraction | None) -> float | None:
    """Seconds as the cases write minutes: four decimals."""
    return None if seconds is None else round(float(seconds / 60), 4)


def number(value: Fraction | None) -> float | None:
    return None if value is None else round(float(value), 4)


def instant(text: str) -> datetime:
    """A case's clock, read as UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def clock(value: datetime) -> str:
    """An instant as the cases write it: to the nearest second, no zone."""
    rounded = value.astimezone(UTC) + timedelta(milliseconds=500)
    return rounded.replace(microsecond=0, tzinfo=None).isoformat()


class Cases:
    """A decorator that names the cases a function runs, and keeps them."""

    def __init__(self) -> None:
        self.runners: dict[str, Runner] = {}

    def __call__(self, *ids: str) -> Callable[[Runner], Runner]:
        def register(runner: Runner) -> Runner:
            self.runners.update(dict.fromkeys(ids, runner))
            return runner

        return register


def derived(name: str, basis: str, source: str, *values: object) -> ParameterSet:
    """One case worked out from the text of a source, apart from the code.

    `basis` says what the expected value is: a rule (article or label), a policy proposed for this
    app, or arithmetic on one of the two.
    """
    if basis not in {"rule", "policy", "arithmetic"}:
        raise ValueError(f"{name}: {basis!r} is no basis")
    return pytest.param(*values, id=f"{name} [{basis}: {source}]")
