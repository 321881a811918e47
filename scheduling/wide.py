"""Arrays over a day's slots as one wide number, sixteen bits a slot: added in one step."""

import struct
from collections.abc import Sequence

BITS = 16


def wide(values: Sequence[int]) -> int:
    """Return small non-negative `values` side by side, the first in the lowest bits."""
    return int.from_bytes(struct.pack(f"<{len(values)}H", *values), "little")


def at_slot(number: int, slot: int) -> int:
    """Return the array moved to begin at `slot`; what lies before the day's first is dropped."""
    return number << BITS * slot if slot >= 0 else number >> BITS * -slot


def narrow(number: int, count: int) -> list[int]:
    """Return the first `count` values of a wide number."""
    whole = number & (1 << BITS * count) - 1
    return list(struct.unpack(f"<{count}H", whole.to_bytes(count * BITS // 8, "little")))
