"""Arrays added as one wide number are the arrays added slot by slot."""

from hypothesis import given
from hypothesis import strategies as st

from scheduling.wide import at_slot, narrow, wide

arrays = st.lists(st.integers(0, 30), max_size=40)


@given(
    loads=st.lists(st.tuples(arrays, st.integers(-10, 100)), max_size=12), count=st.integers(1, 100)
)
def test_any_arrays_at_any_slots_add_up(loads: list[tuple[list[int], int]], count: int) -> None:
    plain = [0] * count
    for values, slot in loads:
        for n, value in enumerate(values, start=slot):
            if 0 <= n < count:
                plain[n] += value
    assert narrow(sum(at_slot(wide(values), slot) for values, slot in loads), count) == plain
