"""Reading planner runs: the clinic's latest, and what one of them would change for whom."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from clinics.models import Chair
from clinics.permissions import BOOKINGS_CHANGE
from core.actor import Actor
from core.audit import audited_rows
from core.errors import NotFound
from scheduling.models import Visit
from scheduling.plan_result import MOVES
from scheduling.planner_model import PlannerRun
from scheduling.purposes import what_for
from scheduling.services.planner_runs import LOST_AFTER

RUNS_SHOWN = 10
_PERSON = (
    "pk", "patient_id", "patient__family_name", "patient__given_names", "patient__birth_date",
    "patient__mrn", "dose_number", "dose_mg", "purpose", "due_on",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanLine:
    """One visit of a plan: who, and where they stand before and after."""

    id: str
    visit_id: UUID
    patient_id: UUID
    family_name: str
    given_names: str
    birth_date: Any
    mrn: str
    dose_number: int | None  # None, as the milligrams, for an ad-hoc visit
    dose_mg: int | None
    purpose: str
    due_on: date
    what: str = ""  # new, time, moved, chair; empty for who found no time
    words: str = ""
    day: date | None = None
    start: datetime | None = None
    chair: str = ""
    was_start: datetime | None = None
    was_chair: str = ""

    @property
    def what_for(self) -> str:
        """What the visit is for: the milligrams of a dose, else the purpose."""
        return what_for(self.dose_mg, self.purpose)


@dataclass(frozen=True, slots=True)
class PlanShown:
    """A finished plan for people: what it changes, who found no time, how many stay."""

    changes: list[PlanLine]
    unplaced: list[PlanLine]
    stays: int


def recent_runs(actor: Actor) -> list[PlannerRun]:
    """Return the clinic's newest runs, newest first."""
    actor.require(BOOKINGS_CHANGE)
    runs = PlannerRun.objects.filter(clinic_id=actor.clinic_id, night_of__isnull=True)
    runs = runs.select_related("requested_by")
    return list(runs.defer("result").order_by("-requested_at", "pk")[:RUNS_SHOWN])


@dataclass(frozen=True, slots=True)
class NightShown:
    """A day planned last night: how it came out, and how much there is to accept."""

    run: PlannerRun
    words: str
    changes: int
    unplaced: int


def night_runs(actor: Actor, night_of: date) -> list[NightShown]:
    """Return last night's plans by day, without anybody's name."""
    actor.require(BOOKINGS_CHANGE)
    runs = PlannerRun.objects.filter(clinic_id=actor.clinic_id, night_of=night_of)
    return [_night(run) for run in runs.order_by("first_on")]


def _night(run: PlannerRun) -> NightShown:
    result = run.result
    return NightShown(
        run=run,
        words=" · ".join(words for day in result.get("days", []) for words in day["words"][:2]),
        changes=len(changes_of(run)),
        unplaced=len(result.get("unplaced", [])),
    )


def changes_of(run: PlannerRun) -> list[dict[str, Any]]:
    """Return the rows of a run's result that change something."""
    return [row for row in run.result.get("rows", []) if row["what"] in MOVES]


def run_of(actor: Actor, run_id: UUID) -> PlannerRun:
    """Return one run. Raises NotFound for another clinic's."""
    actor.require(BOOKINGS_CHANGE)
    run = (
        PlannerRun.objects.filter(pk=run_id, clinic_id=actor.clinic_id)
        .select_related("requested_by", "clinic")
        .first()
    )
    if run is None:
        raise NotFound
    return run


def is_lost(run: PlannerRun, now: datetime) -> bool:
    """Whether nobody seems to be working on a run that is not over."""
    return not run.is_over and run.alive_at < now - LOST_AFTER


def plan_shown(run: PlannerRun, actor: Actor, *, now: datetime) -> PlanShown:
    """Return a run's plan with the people it is about; two queries for any number of them."""
    rows = run.result.get("rows", [])
    changes = changes_of(run)
    unplaced = run.result.get("unplaced", [])
    if not changes and not unplaced:
        return PlanShown([], [], len(rows))
    people = _people([row["visit"] for row in [*changes, *unplaced]], actor, now)
    labels = {
        str(pk): label
        for pk, label in Chair.objects.filter(clinic_id=actor.clinic_id).values_list("pk", "label")
    }
    return PlanShown(
        changes=[_change(row, people[row["visit"]], labels) for row in changes],
        unplaced=[
            PlanLine(id=row["visit"], words=row["words"], **people[row["visit"]])
            for row in unplaced
        ],
        stays=len(rows) - len(changes),
    )


def _people(visits: list[str], actor: Actor, now: datetime) -> dict[str, dict[str, Any]]:
    rows = Visit.objects.filter(pk__in=visits, clinic_id=actor.clinic_id).values_list(*_PERSON)
    column = _PERSON.index("patient_id")
    names = ["visit_id", *(name.removeprefix("patient__") for name in _PERSON[1:])]
    return {
        str(row[0]): dict(zip(names, row, strict=True))
        for row in audited_rows(rows, patient_column=column, actor=actor, now=now, page="plan")
    }


def _change(row: dict[str, Any], person: dict[str, Any], labels: dict[str, str]) -> PlanLine:
    was = row["was_start"]
    return PlanLine(
        id=row["id"], what=row["what"], day=date.fromisoformat(row["day"]),
        start=datetime.fromisoformat(row["start"]),
        chair=labels[row["chair"]], was_start=datetime.fromisoformat(was) if was else None,
        was_chair=labels.get(row["was_chair"] or "", ""), **person,
    )  # fmt: skip
