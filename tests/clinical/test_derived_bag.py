"""Bags and premedication worked out by hand from the sources' text, one row a case (B, E21)."""

from datetime import datetime, timedelta
from fractions import Fraction
from zoneinfo import ZoneInfo

import pytest

from clinical.beyond_use import Kept, Place, beyond_use, latest_start, start_findings
from clinical.premedication import (
    PremedicationGiven,
    PremedicationKind,
    check_premedication,
    steroid_dose_mg,
)
from clinical.preparation import prepare
from clinical.protocol import load
from tests.clinical.cases import UTC, clock, derived, instant, number, profile

FRIDGE, ROOM = Place
BERLIN, NEW_YORK = ZoneInfo("Europe/Berlin"), ZoneInfo("America/New_York")
LORD_HOWE = ZoneInfo("Australia/Lord_Howe")
STANDARD, SHORT, INIT = "MAINT_600_500_3H5", "MAINT_600_500_2H", "INIT_300_250"
Storage = list[tuple[Place, str]]


def local(text: str, zone: ZoneInfo) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=zone)


@pytest.mark.parametrize(
    ("storage", "label", "strict"),
    [
        derived(
            "room-only", "rule", "article S8, L26",
            [(ROOM, "06T09:15")], "06T17:15", "06T17:15",
        ),
        derived(
            "fridge-all-24-hours", "rule", "EU-PL, L26",
            [(FRIDGE, "06T08:00"), (ROOM, "07T08:00")], "07T16:00", "07T08:00",
        ),
        derived(
            "fridge-for-25-hours-is-over-at-24", "rule", "EU-PL, L26",
            [(FRIDGE, "06T08:00"), (ROOM, "07T09:00")], "07T08:00", "07T08:00",
        ),
        derived(
            "still-in-the-fridge", "rule", "EU-PL, L26",
            [(FRIDGE, "06T08:00")], "07T16:00", "07T08:00",
        ),
        derived(
            "room-then-fridge-to-the-end", "policy", "EU-PL; budget over all time out",
            [(ROOM, "06T08:00"), (FRIDGE, "06T11:00")], "07T16:00", "07T08:00",
        ),
        derived(
            "in-and-out-and-in-and-out", "policy", "EU-PL; budget over all time out",
            [(FRIDGE, "06T08:00"), (ROOM, "06T10:00"), (FRIDGE, "06T12:30"), (ROOM, "06T20:00")],
            "07T01:30", "07T01:30",
        ),
        derived(
            "eight-hours-out-before-the-fridge", "policy", "L26; budget over all time out",
            [(ROOM, "06T08:00"), (FRIDGE, "06T16:00"), (ROOM, "06T17:00")], "06T17:00", "06T17:00",
        ),
        derived(
            "nine-hours-out-before-the-fridge", "policy", "L26; budget over all time out",
            [(ROOM, "06T08:00"), (FRIDGE, "06T17:00")], "06T16:00", "06T16:00",
        ),
        derived(
            "strict-bites-only-past-a-day", "rule", "article S8 read strictly",
            [(FRIDGE, "06T08:00"), (ROOM, "06T15:00")], "06T23:00", "06T23:00",
        ),
    ],
)  # fmt: skip
def test_use_by(storage: Storage, label: str, strict: str) -> None:
    kept = [Kept(place=place, since=instant(f"2026-07-{at}:00")) for place, at in storage]
    found = [
        clock(
            beyond_use(
                load(), prepared_at=kept[0].since, storage=kept, strict=reading
            ).must_finish_by
        )
        for reading in (False, True)
    ]
    assert found == [f"2026-07-{label}:00", f"2026-07-{strict}:00"]


@pytest.mark.parametrize(
    ("zone", "storage", "until"),
    [
        derived(
            "spring-forward-in-the-room", "policy", "section 4: real elapsed time",
            BERLIN, [(ROOM, "2026-03-29T00:30")], "2026-03-29T09:30",
        ),
        derived(
            "autumn-back-in-the-room", "policy", "section 4: real elapsed time",
            BERLIN, [(ROOM, "2026-10-25T00:30")], "2026-10-25T07:30",
        ),
        derived(
            "a-23-hour-night-in-the-fridge", "policy", "section 4: real elapsed time",
            NEW_YORK, [(FRIDGE, "2026-03-07T16:00"), (ROOM, "2026-03-08T08:00")],
            "2026-03-08T16:00",
        ),
        derived(
            "24-hours-across-a-25-hour-day", "policy", "section 4: real elapsed time",
            NEW_YORK, [(FRIDGE, "2026-10-31T16:00"), (ROOM, "2026-11-01T16:00")],
            "2026-11-01T15:00",
        ),
        derived(
            "half-an-hour-on-lord-howe", "policy", "section 4: real elapsed time",
            LORD_HOWE, [(ROOM, "2026-10-04T00:00")], "2026-10-04T08:30",
        ),
    ],
)  # fmt: skip
def test_use_by_across_a_clock_change(zone: ZoneInfo, storage: Storage, until: str) -> None:
    kept = [Kept(place=place, since=local(at, zone)) for place, at in storage]
    found = beyond_use(load(), prepared_at=kept[0].since, storage=kept).must_finish_by
    assert found == local(until, zone)


@pytest.mark.parametrize(
    ("name", "volume", "finish_by", "zone", "latest"),
    [
        derived(
            "260-mL", "arithmetic", "GRPH",
            INIT, 260, "2026-07-06T16:00", UTC, "2026-07-06T13:18:20",
        ),
        derived(
            "520-mL-standard", "arithmetic", "GRPH",
            STANDARD, 520, "2026-07-06T16:00", UTC, "2026-07-06T12:24:00",
        ),
        derived(
            "520-mL-short", "arithmetic", "GRPH",
            SHORT, 520, "2026-07-06T16:00", UTC, "2026-07-06T13:56:00",
        ),
        derived(
            "the-day-ends-first", "rule", "EU-PL, L26: the same day",
            SHORT, 500, "2026-07-07T01:00", UTC, "2026-07-06T22:00:00",
        ),
        derived(
            "the-clinics-day-ends-first", "rule", "EU-PL, L26: the same day",
            STANDARD, 500, "2026-07-06T23:30", BERLIN, "2026-07-06T18:30:00",
        ),
    ],
)  # fmt: skip
def test_latest_start(name: str, volume: int, finish_by: str, zone: ZoneInfo, latest: str) -> None:
    made = profile(load(), name, volume)
    found = latest_start(load(), made, must_finish_by=instant(f"{finish_by}:00"), zone=zone)
    assert clock(found) == latest
    for start, refused in ((found, False), (found + timedelta(seconds=1), True)):
        said = start_findings(
            load(), made, start=start, must_finish_by=instant(f"{finish_by}:00"), zone=zone
        )
        assert bool(said) is refused


@pytest.mark.parametrize(
    ("dose", "bag", "removed", "total", "mg_per_ml", "refused"),
    [
        derived("at-the-top", "policy", "section 4: 1.10-1.25", 300, 240, True, 240, 1.25, False),
        derived("over-it", "policy", "section 4", 300, 239, True, 239, 1.2552, True),
        derived("272-mL", "policy", "section 4", 300, 272, True, 272, 1.1029, False),
        derived("273-mL", "policy", "section 4", 300, 273, True, 273, 1.0989, True),
        derived("600-in-250", "policy", "section 4", 600, 250, True, 250, 2.4, True),
        derived("300-in-500", "policy", "section 4", 300, 500, False, 510, 0.5882, True),
        derived("600-literal", "arithmetic", "GRPH", 600, 500, False, 520, 1.1538, False),
        derived("150-has-no-gate", "rule", "L26; section 4", 150, 250, False, 255, 0.5882, False),
    ],
)
def test_concentration(
    *, dose: int, bag: int, removed: bool, total: int, mg_per_ml: float, refused: bool
) -> None:
    made = prepare(load(), dose_mg=dose, bag_ml=bag, saline_removed=removed)
    assert (number(made.total_ml), number(made.mg_per_ml)) == (total, mg_per_ml)
    assert [item.id for item in made.findings] == ["BAG-CONCENTRATION"] * refused


@pytest.mark.parametrize(
    ("age", "weight", "milligrams"),
    [
        derived("39.9-kg", "rule", "L26", 15, "39.9", Fraction("79.8")),
        derived("40-kg", "rule", "L26", 15, "40", 100),
        derived("25-kg", "rule", "L26", 10, "25", 50),
        derived("a-light-adult", "rule", "EU-PL", 18, "38", 100),
        derived("a-child-not-weighed", "rule", "EU-PL", 12, None, 100),
    ],
)
def test_methylprednisolone(age: int, weight: str | None, milligrams: Fraction) -> None:
    kilograms = None if weight is None else Fraction(weight)
    assert steroid_dose_mg(load(), age_years=age, weight_kg=kilograms) == milligrams


GIVEN = {
    "steroid": (PremedicationKind.STEROID, "methylprednisolone"),
    "antihistamine": (PremedicationKind.ANTIHISTAMINE, "diphenhydramine"),
    "antipyretic": (PremedicationKind.ANTIPYRETIC, "paracetamol"),
}


@pytest.mark.parametrize(
    ("befores", "said"),
    [
        derived("both-at-30", "rule", "EU-PL", {"steroid": 30, "antihistamine": 30}, []),
        derived("at-60", "rule", "EU-PL", {"steroid": 30, "antihistamine": 60}, []),
        derived(
            "antihistamine-at-61", "rule", "EU-PL",
            {"steroid": 30, "antihistamine": 61}, ["PREMED-EARLY"],
        ),
        derived(
            "antihistamine-at-29", "rule", "EU-PL",
            {"steroid": 30, "antihistamine": 29}, ["PREMED-LATE"],
        ),
        derived(
            "steroid-at-19", "policy", "about 30 min",
            {"steroid": 19, "antihistamine": 45}, ["PREMED-LATE"],
        ),
        derived(
            "steroid-at-61", "policy", "about 30 min",
            {"steroid": 61, "antihistamine": 45}, ["PREMED-EARLY"],
        ),
        derived(
            "after-the-start-is-not-before-it", "rule", "SMPC-B: must be",
            {"steroid": -5, "antihistamine": 45}, ["PREMED-STEROID-MISSING"],
        ),
        derived(
            "neither", "rule", "SMPC-B: must be", {},
            ["PREMED-STEROID-MISSING", "PREMED-ANTIHISTAMINE-MISSING"],
        ),
        derived(
            "antipyretic-alone-is-none-of-the-two", "rule", "article S5", {"antipyretic": 45},
            ["PREMED-STEROID-MISSING", "PREMED-ANTIHISTAMINE-MISSING"],
        ),
    ],
)  # fmt: skip
def test_what_was_given_before(befores: dict[str, int], said: list[str]) -> None:
    start = instant("2026-07-06T09:00:00")
    given = [
        PremedicationGiven(
            kind=GIVEN[name][0],
            drug=GIVEN[name][1],
            given_at=start - timedelta(minutes=minutes),
            dose_mg=Fraction(100),
        )
        for name, minutes in befores.items()
    ]
    found = check_premedication(load(), infusion_start=start, given=given)
    assert [item.id for item in found] == said
