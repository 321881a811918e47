"""What is given before the start."""

from datetime import datetime
from decimal import Decimal
from uuid import UUID

from clinical.premedication import PremedicationKind
from core.actor import Actor
from core.db import command
from core.errors import Invalid
from infusion.chart import Charted, Kind, Tap, check_tap
from infusion.readiness import purpose_of
from infusion.services.charting import lock_visit, preparing_chart, repeat_of, write

# More than any dose of any drug that belongs here; catches a slipped decimal point.
MOST_MG = Decimal(2000)


@command
def give_premedication(
    *,
    visit_id: UUID,
    event_id: UUID,
    drug: str,
    dose_mg: Decimal,
    route: str,
    occurred_at: datetime,
    purpose: str | None = None,
    actor: Actor,
    now: datetime,
) -> Charted:
    """Chart one drug given before the infusion.

    `dose_mg` in milligrams; `purpose` None takes what the protocol gives the drug for. Raises
    Conflict unless the patient has arrived and nothing runs yet, Invalid for a time outside the
    attendance or an impossible dose.
    """
    tap = Tap(
        event_id=event_id, kind=Kind.PREMEDICATION, occurred_at=occurred_at, actor=actor, now=now
    )
    check_tap(tap)
    _check_dose(drug, dose_mg, route, purpose)
    visit = lock_visit(visit_id, actor)
    if done := repeat_of(tap, visit.pk):
        return done
    chart = preparing_chart(visit, now=now)
    known = purpose or purpose_of(chart.protocol, drug)
    values = {
        "drug": drug.strip(), "dose_mg": str(dose_mg), "route": route.strip(), "purpose": known,
    }  # fmt: skip
    return write(tap, tap.fact(chart.infusion, values))


def _check_dose(drug: str, dose_mg: Decimal, route: str, purpose: str | None) -> None:
    problems: dict[str, list[str]] = {}
    if not drug.strip():
        problems["drug"] = ["Say which drug was given."]
    if not route.strip():
        problems["route"] = ["Say how it was given."]
    if not Decimal(0) < dose_mg <= MOST_MG:
        problems["dose_mg"] = [f"A dose is above 0 and at most {MOST_MG} mg."]
    if purpose is not None and purpose not in set(PremedicationKind):
        problems["purpose"] = ["Not one of the purposes we know."]
    if problems:
        raise Invalid("This premedication is not complete.", problems)
