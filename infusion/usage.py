"""Chairs and nurses: what was planned and what really happened, summed by the database."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection

from clinics.models import Chair, Clinic
from scheduling.days import openings
from scheduling.grid import MINUTES
from scheduling.reports.span import Span

TOLERANCE_MINUTES = 15  # an overrun is longer than a quarter-hour of the plan

# Every booking of the span that had a time and was not cancelled, in the clinic's wall time, with
# what was charted of it. A patient's stay is known once they have left. An ad-hoc visit has no
# rate table and no chart: all of its stay weighs as its running time does.
STAYS = """
    WITH stay AS (
        SELECT *, rate_option <> '' AS is_dose,
            CASE WHEN rate_option = '' AND status = 'completed' THEN ended_at END AS left_at
        FROM scheduling_booking
    )
    SELECT lower(b.period) AT TIME ZONE %(zone)s AS p0,
        upper(b.period) AT TIME ZONE %(zone)s AS p1,
        b.arrived_at AT TIME ZONE %(zone)s AS a0,
        coalesce(i.discharged_at, b.left_at) AT TIME ZONE %(zone)s AS a1,
        CASE WHEN b.is_dose THEN i.started_at ELSE b.arrived_at END AS started_at,
        coalesce(i.ended_at, b.left_at) AS ended_at,
        coalesce(i.discharged_at, b.left_at) AS discharged_at,
        b.arrived_at, lower(b.period) AS starts, b.is_dose,
        b.premedication_minutes AS premedication, b.infusion_minutes AS infusion,
        b.observation_minutes AS observation, b.turnaround_minutes AS turnaround,
        CASE WHEN b.rate_option = 'initial' THEN %(first)s ELSE %(later)s END AS points
    FROM stay b
    JOIN scheduling_clinicday d ON d.id = b.clinic_day_id
    LEFT JOIN infusion_infusion i ON i.visit_id = b.visit_id
        AND b.status IN ('arrived', 'completed')
    WHERE b.clinic_id = %(clinic)s AND d.date BETWEEN %(since)s AND %(until)s
        AND b.status NOT IN ('cancelled', 'offered') AND b.period IS NOT NULL
"""
BY_HOUR = f"""
    WITH stays AS ({STAYS}),
    spans AS (
        SELECT 'planned' AS kind, p0 AS since, p1 AS until FROM stays
        UNION ALL SELECT 'actual', a0, a1 FROM stays WHERE a0 IS NOT NULL AND a1 IS NOT NULL
    ),
    hours AS (
        SELECT hour, kind, since, until,
            date_trunc('day', since) + make_interval(hours => hour) AS first,
            date_trunc('day', since) + make_interval(hours => hour + 1) AS last
        FROM spans CROSS JOIN generate_series(0, 23) AS hour
    ),
    parts AS (
        SELECT hour, kind,
            extract(epoch FROM least(until, last) - greatest(since, first)) / 3600 AS share
        FROM hours WHERE since < last AND until > first
    )
    SELECT hour, coalesce(sum(share) FILTER (WHERE kind = 'planned'), 0) AS planned,
        coalesce(sum(share) FILTER (WHERE kind = 'actual'), 0) AS actual
    FROM parts GROUP BY hour ORDER BY hour
"""  # noqa: S608 - both parts are constants of this module
SUMS = f"""
    WITH stays AS ({STAYS}),
    ended AS (
        SELECT *, extract(epoch FROM discharged_at - starts) / 60
            - (premedication + infusion + observation) AS over
        FROM stays WHERE discharged_at IS NOT NULL AND arrived_at IS NOT NULL
    )
    SELECT (SELECT count(*) FROM stays) AS planned,
        (SELECT coalesce(sum(extract(epoch FROM p1 - p0) / 60), 0) FROM stays) AS planned_minutes,
        (SELECT coalesce(sum(infusion * points + observation * %(watch)s), 0) FROM stays)
            AS planned_points,
        count(*) AS ended,
        coalesce(sum(extract(epoch FROM discharged_at - arrived_at) / 60), 0) AS actual_minutes,
        coalesce(sum(extract(epoch FROM ended_at - started_at) / 60 * points
            + extract(epoch FROM discharged_at - ended_at) / 60 * %(watch)s), 0) AS actual_points,
        count(*) FILTER (WHERE over > %(tolerance)s) AS over_count,
        avg(over) FILTER (WHERE over > %(tolerance)s) AS over_mean,
        max(over) FILTER (WHERE over > %(tolerance)s) AS over_longest,
        avg(extract(epoch FROM arrived_at - starts) / 60) AS arrival,
        avg(extract(epoch FROM started_at - arrived_at) / 60) FILTER (WHERE is_dose)
            AS before_start,
        avg(premedication) FILTER (WHERE is_dose) AS before_start_planned,
        avg(extract(epoch FROM ended_at - started_at) / 60) FILTER (WHERE is_dose) AS running,
        avg(infusion) FILTER (WHERE is_dose) AS running_planned,
        avg(extract(epoch FROM discharged_at - ended_at) / 60) FILTER (WHERE is_dose) AS observed,
        avg(observation) FILTER (WHERE is_dose) AS observed_planned
    FROM ended
"""  # noqa: S608 - both parts are constants of this module


@dataclass(frozen=True, slots=True)
class Phase:
    """One phase of a visit: its mean minutes as planned and as charted; None when unknown."""

    name: str
    planned: float | None
    actual: float | None


@dataclass(frozen=True, slots=True)
class Hour:
    """One hour of the clinic's day: how many patients sat there on average, plan and fact."""

    hour: int
    planned: float
    actual: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """What a span of days asked of chairs and nurses, and what it got. Shares are percent."""

    open_days: int
    planned: int
    ended: int
    chair_planned: float | None
    chair_actual: float | None
    nurse_planned: float | None
    nurse_actual: float | None
    hours: tuple[Hour, ...]
    over_count: int
    over_mean: float | None  # minutes, of those that ran over
    over_longest: float | None
    arrival: float | None  # minutes after the booked time; below zero before it
    phases: tuple[Phase, ...]

    @property
    def over_share(self) -> float | None:
        """Percent of the visits that ended for which the patient left late."""
        return 100 * self.over_count / self.ended if self.ended else None


def usage(clinic: Clinic, span: Span) -> Usage:
    """Add up the visits booked for the days of `span`; a constant number of queries.

    Planned counts every booking with a time that was not cancelled; actual counts the visits whose
    patient has left. The use of nurses is counted in points of watching, as bookings are.
    """
    open_days, chair_minutes, point_minutes = _offered(clinic, span)
    values = {
        "zone": clinic.time_zone, "clinic": clinic.pk, "since": span.first, "until": span.last,
        "first": clinic.points_first_dose, "later": clinic.points_infusion,
        "watch": clinic.points_observation, "tolerance": TOLERANCE_MINUTES,
    }  # fmt: skip
    [sums] = _rows(SUMS, values)
    hours = _rows(BY_HOUR, values)
    return Usage(
        open_days=open_days,
        planned=sums["planned"],
        ended=sums["ended"],
        chair_planned=_percent(sums["planned_minutes"], chair_minutes),
        chair_actual=_percent(sums["actual_minutes"], chair_minutes),
        nurse_planned=_percent(sums["planned_points"], point_minutes),
        nurse_actual=_percent(sums["actual_points"], point_minutes),
        hours=tuple(_hour(row, open_days) for row in hours),
        over_count=sums["over_count"],
        over_mean=_number(sums["over_mean"]),
        over_longest=_number(sums["over_longest"]),
        arrival=_number(sums["arrival"]),
        phases=tuple(
            Phase(name, _number(sums[f"{name}_planned"]), _number(sums[name]))
            for name in ("before_start", "running", "observed")
        ),
    )


def _offered(clinic: Clinic, span: Span) -> tuple[int, int, int]:
    """Return the open days of a span, its minutes of chairs, and its minutes of nurses' points."""
    chairs = Chair.objects.filter(clinic=clinic, is_active=True).count()
    days = [day for day in openings(clinic, span.days).values() if day.slots]
    slots = sum(len(day.slots) for day in days)
    nurses = sum(sum(day.nurses[n] for n in day.slots) for day in days)
    return len(days), slots * MINUTES * chairs, nurses * MINUTES * clinic.points_per_nurse


def _rows(statement: str, values: dict[str, Any]) -> Sequence[dict[str, Any]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        names = [column[0] for column in cursor.description or ()]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def _hour(row: dict[str, Any], open_days: int) -> Hour:
    days = max(open_days, 1)
    return Hour(row["hour"], float(row["planned"]) / days, float(row["actual"]) / days)


def _percent(part: Any, whole: int) -> float | None:
    return float(part) * 100 / whole if whole else None


def _number(value: Any) -> float | None:
    return None if value is None else float(value)
