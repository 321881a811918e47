"""A bag made ready for the quarter-hour of its start is good until it is empty, by every edition.

That is why capacity counts bags by the quarter-hour and keeps no use-by time of its own. A bag
made up earlier, or a start that is late, is judged at the chair from when it was really made up.
"""

from datetime import timedelta

import pytest

from clinical.protocol import Protocol, RateOption, load, names
from clinical.titration import rate_table, visit_phases
from scheduling.grid import MINUTES

EDITIONS = [load(name, edition) for name in names() for edition in load(name).editions()]


@pytest.mark.parametrize("protocol", EDITIONS, ids=lambda each: each.edition)
@pytest.mark.parametrize("option", RateOption)
def test_a_bag_outlasts_the_longest_infusion_it_is_made_for(
    protocol: Protocol, option: RateOption
) -> None:
    rules = protocol.preparation
    life = min(rules.room_limit, rules.strict_life) if rules.strict else rules.room_limit
    for dose_mg in rate_table(protocol, option).doses_mg:
        phases = visit_phases(protocol, dose_number=3, option=option, dose_mg=dose_mg)
        assert phases.infusion + timedelta(minutes=MINUTES) < life
