"""How a bag is made up, how long it keeps, and by when each rate table must start."""

from dataclasses import dataclass
from datetime import datetime, tzinfo
from fractions import Fraction

from clinical.beyond_use import (
    BeyondUse,
    Kept,
    beyond_use,
    finish_by,
    latest_start,
    start_findings,
)
from clinical.findings import Finding
from clinical.preparation import Preparation, prepare
from clinical.protocol import Protocol, RateOption, load
from clinical.titration import RatePlan, plan, rate_table
from core.errors import Invalid


@dataclass(frozen=True, slots=True, kw_only=True)
class PreparationQuestion:
    """`storage` begins at `prepared_at`. `zone` decides on which day an infusion ends."""

    edition: str
    dose_mg: int
    prepared_at: datetime
    storage: tuple[Kept, ...]
    zone: tzinfo
    bag_ml: Fraction | None = None
    saline_removed: bool = True
    strict: bool | None = None
    start: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """One rate table on this bag. `too_late` says the latest start lies before the bag was made.

    `findings` speak about the start that was asked about; None when none was.
    """

    option: RateOption
    plan: RatePlan
    latest: datetime
    finish_by: datetime
    too_late: bool
    findings: tuple[Finding, ...] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PreparationAnswer:
    """All instants are UTC."""

    protocol: Protocol
    made: Preparation
    strict: bool
    beyond_use: BeyondUse
    starts: tuple[Start, ...]
    start: datetime | None


def _made(protocol: Protocol, asked: PreparationQuestion) -> Preparation:
    try:
        return prepare(
            protocol,
            dose_mg=asked.dose_mg,
            saline_removed=asked.saline_removed,
            bag_ml=asked.bag_ml,
        )
    except ValueError as problem:
        field = "dose_mg" if "no bag is given" in str(problem) else "bag_ml"
        words = f"{problem}."
        raise Invalid(
            "The request is not valid.", {field: [words[0].upper() + words[1:]]}
        ) from None


def _use_by(protocol: Protocol, asked: PreparationQuestion) -> BeyondUse:
    try:
        return beyond_use(
            protocol, prepared_at=asked.prepared_at, storage=asked.storage, strict=asked.strict
        )
    except ValueError as problem:
        words = f"{problem}."
        raise Invalid(
            "The request is not valid.", {"storage": [words[0].upper() + words[1:]]}
        ) from None


def _start(
    protocol: Protocol, asked: PreparationQuestion, made: RatePlan, must_finish_by: datetime
) -> Start:
    latest = latest_start(protocol, made, must_finish_by=must_finish_by, zone=asked.zone)
    findings = None
    if asked.start is not None:
        findings = tuple(
            start_findings(
                protocol, made, start=asked.start, must_finish_by=must_finish_by, zone=asked.zone
            )
        )
    return Start(
        option=made.option,
        plan=made,
        latest=latest,
        finish_by=finish_by(protocol, must_finish_by=must_finish_by, start=latest, zone=asked.zone),
        too_late=latest < asked.prepared_at,
        findings=findings,
    )


def answer(asked: PreparationQuestion) -> PreparationAnswer:
    """Return how the bag is made and until when it may be used.

    Raises Invalid for a dose without a bag, a bag too small for the drug, and storage that does
    not begin at preparation or goes backwards.
    """
    protocol = load("ocrelizumab", asked.edition)
    made, use_by = _made(protocol, asked), _use_by(protocol, asked)
    plans = [
        plan(protocol, dose_mg=asked.dose_mg, option=option, volume_ml=made.total_ml)
        for option in RateOption
        if asked.dose_mg in rate_table(protocol, option).doses_mg
    ]
    return PreparationAnswer(
        protocol=protocol,
        made=made,
        strict=protocol.preparation.strict if asked.strict is None else asked.strict,
        beyond_use=use_by,
        starts=tuple(_start(protocol, asked, each, use_by.must_finish_by) for each in plans),
        start=asked.start,
    )
