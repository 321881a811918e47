"""The benchmark replays the infusion it says it does."""

from benchmarks.replay import EVENTS, START, chart
from clinical.protocol import RateOption, load
from clinical.run import EventKind, RunStatus, replay
from clinical.titration import plan


def test_forty_events_of_a_whole_infusion_without_a_warning() -> None:
    made = plan(load(), dose_mg=600, option=RateOption.STANDARD)
    events = chart(made)
    assert len(events) == EVENTS
    assert sum(event.kind is EventKind.RATE_CHANGED for event in events) == 4
    state = replay(load(), made, events, START + made.total_duration)
    assert state.status is RunStatus.RUNNING
    assert state.volume_left_ml == 0
    assert [found.id for found in state.warnings if found.id != "VITALS-OVERDUE"] == []
