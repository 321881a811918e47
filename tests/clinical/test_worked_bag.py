"""The worked cases about the bag (B)."""

from datetime import timedelta

import pytest

from clinical import beyond_use, preparation
from clinical.protocol import load
from tests.clinical.cases import (
    CASES,
    UTC,
    Case,
    Cases,
    clock,
    instant,
    number,
    profile,
)

case = Cases()


def kept(storage: list[list[str]]) -> list[beyond_use.Kept]:
    places = {"RT": beyond_use.Place.ROOM, "FRIDGE": beyond_use.Place.FRIDGE}
    return [
        beyond_use.Kept(place=places[place], since=instant(since)) for place, since, _ in storage
    ]


def use_by(given: Case, *, strict: bool = False) -> beyond_use.BeyondUse:
    return beyond_use.beyond_use(
        load(),
        prepared_at=instant(given["prepared"]),
        storage=kept(given["storage"]),
        strict=strict,
    )


@case("B01")
def _room_only(given: Case, expected: Case) -> None:
    until = use_by(given).must_finish_by
    assert clock(until) == expected["must_finish_by"]
    for name, latest in expected["latest_start"].items():
        start = beyond_use.latest_start(
            load(), profile(load(), name), must_finish_by=until, zone=UTC
        )
        assert clock(start) == latest


@case("B02")
def _fridge_then_room(given: Case, expected: Case) -> None:
    assert clock(use_by(given).must_finish_by) == expected["label_mode_must_finish_by"]
    strict = use_by(given, strict=True).must_finish_by
    assert clock(strict) == expected["strict_article_mode_must_finish_by"]


@case("B04")
def _mixed(given: Case, expected: Case) -> None:
    said = use_by(given)
    assert said.fridge_used == timedelta(hours=expected["fridge_hours"])
    assert said.room_used == timedelta(hours=expected["rt_hours_used_before"])
    assert clock(said.must_finish_by) == expected["label_mode_must_finish_by"]


@case("B05")
def _start_gate(given: Case, expected: Case) -> None:
    answers = zip(given["starts"], expected["planned_end"], expected["allowed"], strict=True)
    for (name, at), end, allowed in answers:
        plan, start = profile(load(), name), instant(f"2026-07-06T{at}:00")
        found = beyond_use.start_findings(
            load(), plan, start=start, must_finish_by=instant(given["must_finish_by"]), zone=UTC
        )
        assert clock(start + plan.total_duration)[11:] == end
        assert (found == []) is allowed, name


@case("B08")
def _bag(given: Case, expected: Case) -> None:
    for milligrams in given["doses_mg"]:
        removed = preparation.prepare(load(), dose_mg=milligrams)
        added = preparation.prepare(load(), dose_mg=milligrams, saline_removed=False)
        key = str(milligrams)
        assert removed.vials == expected["vials"][key]
        assert removed.drug_ml == expected["drug_ml"][key]
        assert removed.bag_ml == expected["bag_ml"][key]
        assert number(removed.mg_per_ml) == expected["mg_per_ml_if_total_equals_bag"][key]
        assert number(added.mg_per_ml) == expected["mg_per_ml_if_drug_added"][key]
        assert removed.diluent == expected["diluent"]
        assert [float(size) for size in removed.filter_micron] == expected["filter_micron"]
        assert removed.findings == added.findings == ()


@pytest.mark.parametrize("case_id", sorted(case.runners))
def test_worked_case(case_id: str) -> None:
    case.runners[case_id](CASES[case_id]["input"], CASES[case_id]["expected"])
