"""How many cases each property runs: two hundred by default, the same every time; ten thousand
others in full.

`pytest tests/clinical --hypothesis-profile=full` (or HYPOTHESIS_PROFILE=full) is the full run.
"""

import os

import pytest
from hypothesis import HealthCheck, Phase, settings

from clinical.protocol import Protocol, load

_SLOW_IS_FINE = (HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much)
settings.register_profile(
    "fast",
    max_examples=200,
    deadline=None,
    derandomize=True,
    suppress_health_check=_SLOW_IS_FINE,
    database=None,
)
settings.register_profile(
    "full", max_examples=10_000, deadline=None, suppress_health_check=_SLOW_IS_FINE, database=None
)
settings.register_profile(
    "mutants",
    max_examples=60,
    deadline=None,
    derandomize=True,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=_SLOW_IS_FINE,
    database=None,
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "fast"))


@pytest.fixture(scope="session")
def protocol() -> Protocol:
    return load()
