"""Dose calendars projected per second. Pure Python: there is no floor."""

from datetime import date

from benchmarks.measure import Measured, row, timed
from clinical.calendar import GivenDose, project
from clinical.protocol import load

CALENDARS = 1000


def run() -> list[Measured]:
    """Project two and twenty years of doses for a thousand patients."""
    protocol = load("ocrelizumab", "default")
    first = date(2026, 1, 5)
    given = [
        GivenDose(number=1, given_on=first, dose_mg=300),
        GivenDose(number=2, given_on=date(2026, 1, 19), dose_mg=300),
    ]

    def thousand(until: date) -> None:
        for _ in range(CALENDARS):
            project(protocol, first_infusion=first, given=given, until=until)

    rows = []
    for years in (2, 20):
        until = date(2026 + years, 1, 5)
        times = timed(lambda until=until: thousand(until), 10)  # type: ignore[misc]
        per_second = CALENDARS / (sorted(times)[len(times) // 2] / 1000)
        rows.append(
            row("projection", f"1000 calendars, {years} years", CALENDARS, times,
                note=f"{per_second:,.0f} a second")
        )  # fmt: skip
    return rows
