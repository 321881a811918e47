"""A day's bookings added up: what `ClinicDay` stores, and the day a new visit is held against."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from clinics.models import Clinic
from scheduling.capacity import Load, Phases, add, load_of, mask
from scheduling.grid import MINUTES, Grid
from scheduling.models import Booking

MINUTES_COLUMNS = (
    "premedication_minutes", "infusion_minutes", "observation_minutes", "turnaround_minutes",
)  # fmt: skip
FIRST_DOSES = "initial"  # the rate table of the split first dose, watched more closely


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """Starts and points by slot, taken slots by chair, chair time promised without a time."""

    starts: list[int]
    points: list[int]
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
    )


def phases_of(booking: Booking, clinic: Clinic) -> Phases:
    """Return the phases a booking was made with."""
    columns = {name: getattr(booking, name) for name in MINUTES_COLUMNS}
    return phases_for(
        columns, booking.rate_option, clinic, watched_closely=booking.watched_closely,
        isolation=booking.isolation,
    )  # fmt: skip


def placed(booking: Booking, clinic: Clinic, grid: Grid) -> tuple[int, Load]:
    """Return the first slot and the load of a booking that has a period."""
    slot, offset = divmod(grid.minute(booking.period.lower), MINUTES)
    return slot, load_of(phases_of(booking, clinic), offset=offset)


def waiting(bookings: Iterable[Booking], clinic: Clinic) -> list[Load]:
    """Return the loads of the bookings that hold the day without a time."""
    return [load_of(phases_of(booking, clinic)) for booking in bookings if booking.period is None]


def summarise(grid: Grid, clinic: Clinic, bookings: Sequence[Booking]) -> Summary:
    """Add up the active `bookings` of one day."""
    starts, points = [0] * grid.count, [0] * grid.count
    chairs: dict[UUID, int] = {}
    held = 0
    for booking in bookings:
        if booking.period is None or booking.chair_id is None:
            held += phases_of(booking, clinic).total
            continue
        slot, load = placed(booking, clinic, grid)
        add(starts, load.starts, slot)
        add(points, load.points, slot)
        taken = mask(range(slot, slot + load.chair))
        chairs[booking.chair_id] = chairs.get(booking.chair_id, 0) | taken
    return Summary(starts=starts, points=points, chairs=chairs, held_minutes=held)
