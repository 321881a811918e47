"""A day's bookings added up: what `ClinicDay` stores, and the day a new visit is held against."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from uuid import UUID

from clinics.models import Clinic
from scheduling.capacity import Load, Phases, load_of, mask
from scheduling.grid import MINUTES, Grid
from scheduling.models import Booking
from scheduling.standing import Standing, standing_of
from scheduling.wide import at_slot, narrow, wide

MINUTES_COLUMNS = (
    "premedication_minutes", "infusion_minutes", "observation_minutes", "turnaround_minutes",
)  # fmt: skip
FIRST_DOSES = "initial"  # the rate table of the split first dose, watched more closely


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """Starts and points by slot, taken slots by chair, chair time promised without a time."""

    starts: list[int]
    points: list[int]
    bagless: list[int]  # of the starts those that need no bag; empty where each needs one
    chairs: dict[UUID, int]
    held_minutes: int


def phases_for(
    minutes: Mapping[str, int],
    rate_option: str,
    clinic: Clinic,
    *,
    watched_closely: bool = False,
    isolation: bool = False,
) -> Phases:
    """Return a visit's phases from its columns of minutes, with what they cost in this clinic.

    A patient who reacted severely before is watched as closely as the clinic says, and never
    less closely than the dose asks for by itself.
    """
    points = [
        clinic.points_first_dose if rate_option == FIRST_DOSES else clinic.points_infusion,
        clinic.points_after_reaction if watched_closely else 0,
    ]
    return Phases(
        premedication=minutes["premedication_minutes"],
        infusion=minutes["infusion_minutes"],
        observation=minutes["observation_minutes"],
        turnaround=minutes.get("turnaround_minutes", clinic.turnaround_minutes),
        points_infusion=max(points),
        points_observation=clinic.points_observation,
        isolation=isolation,
        bag=bool(rate_option),  # without a rate nothing is infused
    )


def phases_of(booking: Booking | Standing, clinic: Clinic) -> Phases:
    """Return the phases a booking was made with."""
    it = booking if isinstance(booking, Standing) else standing_of(booking)
    minutes = (it.premedication, it.infusion, it.observation, it.turnaround)
    return phases_for(
        dict(zip(MINUTES_COLUMNS, minutes, strict=True)), it.rate_option, clinic,
        watched_closely=it.watched_closely, isolation=it.isolation,
    )  # fmt: skip


def placed(booking: Booking, clinic: Clinic, grid: Grid) -> tuple[int, Load]:
    """Return the first slot and the load of a booking that has a period."""
    slot, offset = divmod(grid.minute(booking.period.lower), MINUTES)
    return slot, load_of(phases_of(booking, clinic), offset=offset)


def waiting(bookings: Iterable[Standing], clinic: Clinic) -> list[Load]:
    """Return the loads of the bookings that hold the day without a time."""
    return [load_of(phases_of(booking, clinic)) for booking in bookings if booking.arrives is None]


@lru_cache(maxsize=1024)  # a clinic's days are made of a few kinds of visit
def _laid(phases: Phases, offset: int) -> tuple[int, int, int, bool]:
    """Return the length of one kind of visit, its starts and points as wide numbers, and whether
    it needs a bag."""
    load = load_of(phases, offset=offset)
    return load.chair, wide(load.starts), wide(load.points), load.bag


def summarise(grid: Grid, clinic: Clinic, bookings: Iterable[Booking | Standing]) -> Summary:
    """Add up the active `bookings` of one day.

    A hundred visits take a few kinds of length: each kind is laid on the grid once, and a whole
    array is added as one wide number.
    """
    starts = points = bagless = held = 0
    chairs: dict[UUID, int] = {}
    kinds: dict[tuple[object, ...], tuple[int, int, int, bool]] = {}
    midnight = int(grid.midnight.timestamp())
    for booking in bookings:
        it = booking if isinstance(booking, Standing) else standing_of(booking)
        if it.arrives is None or it.chair_id is None:
            held += phases_of(it, clinic).total
            continue
        slot, offset = divmod((it.arrives - midnight) // 60, MINUTES)
        kind = (offset, *it.takes)
        if kind not in kinds:
            kinds[kind] = _laid(phases_of(it, clinic), offset)
        length, starting, watched, bag = kinds[kind]
        starts += at_slot(starting, slot)
        bagless += 0 if bag else at_slot(starting, slot)
        points += at_slot(watched, slot)
        chairs[it.chair_id] = chairs.get(it.chair_id, 0) | mask(range(slot, slot + length))
    return Summary(
        starts=narrow(starts, grid.count), points=narrow(points, grid.count),
        bagless=narrow(bagless, grid.count) if bagless else [], chairs=chairs, held_minutes=held,
    )  # fmt: skip
