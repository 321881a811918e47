"""The downtime sheet: whole, current, one per clinic, and nobody's name in its name."""

import logging
import os
import re
import stat
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import time_machine
from django.core.management import call_command
from pytest_django import Settings

from clinics.models import Clinic
from core import pdf, rounds
from core.actor import Actor
from core.errors import Unavailable
from core.models import AuditEntry
from infusion.tasks import render_downtime_sheets
from infusion.web import downtime
from tests.infusion.builders import at, expect, running, seat
from tests.people import make_clinic


@pytest.fixture(autouse=True)
def folder(settings: Settings, tmp_path: Path) -> Path:
    settings.DOWNTIME_DIR = tmp_path / "sheets"
    return tmp_path / "sheets"


@pytest.fixture(autouse=True)
def _plain(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lay out no PDF where a test is not about it: that takes a second each."""
    monkeypatch.setattr(downtime, "pdf_of", lambda html: html.encode()[:20])


def page(folder: Path, clinic: Clinic) -> str:
    html = (folder / f"{clinic.pk}.html").read_text()
    return " ".join(re.sub(r"<[^>]+>", " ", html).replace("\u00a0", " ").split())


def test_it_holds_the_room_the_bookings_and_their_rates(
    folder: Path, clinic: Clinic, nurse: Actor
) -> None:
    running(seat(clinic), nurse)
    expect(clinic, mrn="MRN-3", position=3, from_minute=120)
    assert downtime.write_sheets(at(45)) == 1
    text = page(folder, clinic)
    for said in ("Made 02-Mar-2026 10:45 (Europe/Berlin)", "DOE, Jane", "MRN MRN-1",
                 "Bookings of 02-Mar-2026", "12:00 · Chair 3 · PATEL, Raj",
                 "+0min +30min 40 mL per hour 20 mL", "Chart on paper"):  # fmt: skip
        assert said in text, said


def test_every_clinic_has_its_own_and_only_its_own(
    folder: Path, clinic: Clinic, nurse: Actor
) -> None:
    south = make_clinic("south", time_zone="Europe/London")
    seat(clinic)
    seat(south, mrn="MRN-9", patient={"family_name": "Elsewhere"})
    assert downtime.write_sheets(at(5)) == 2
    assert "ELSEWHERE" not in page(folder, clinic)
    assert "Made 02-Mar-2026 09:05 (Europe/London)" in page(folder, south)


def test_names_stand_in_the_file_alone(
    folder: Path, clinic: Clinic, caplog: pytest.LogCaptureFixture
) -> None:
    seat(clinic)
    with caplog.at_level(logging.DEBUG):
        downtime.write_sheets(at(5))
    names = sorted(path.name for path in folder.iterdir())
    assert names == sorted([f"{clinic.pk}.html", f"{clinic.pk}.pdf", "record.css"])
    assert "Doe" not in caplog.text
    assert "DOE" not in caplog.text
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert stat.S_IMODE((folder / f"{clinic.pk}.html").stat().st_mode) == 0o600


def test_it_stands_alone_without_a_server(folder: Path, clinic: Clinic) -> None:
    downtime.write_sheets(at(5))
    html = (folder / f"{clinic.pk}.html").read_text()
    assert re.findall(r'(?:href|src)="([^"]+)"', html.split("<body")[0]) == ["record.css"]
    assert (folder / "record.css").read_text().startswith("/*")


def test_a_second_driver_finds_it_fresh_and_a_later_one_makes_it_anew(
    folder: Path, clinic: Clinic
) -> None:
    assert downtime.write_sheets(at(0)) == 1
    assert downtime.write_sheets(at(3)) == 0
    assert downtime.write_sheets(at(5)) == 1
    assert "10:05" in page(folder, clinic)


def test_a_write_that_fails_leaves_the_old_sheet_whole(
    folder: Path, clinic: Clinic, monkeypatch: pytest.MonkeyPatch
) -> None:
    downtime.write_sheets(at(0))
    before = page(folder, clinic)

    def fails(*_: Any) -> None:
        raise OSError("no space left")

    monkeypatch.setattr(os, "utime", fails)
    with pytest.raises(OSError, match="no space"):
        downtime.write_sheets(at(10))
    assert page(folder, clinic) == before
    assert not list(folder.glob(".half-*"))


def test_without_pdf_libraries_no_old_pdf_is_left_beside_a_new_page(
    folder: Path, clinic: Clinic, monkeypatch: pytest.MonkeyPatch
) -> None:
    downtime.write_sheets(at(0))
    assert (folder / f"{clinic.pk}.pdf").exists()

    def missing(_html: str) -> bytes:
        raise Unavailable(pdf.MISSING)

    monkeypatch.setattr(downtime, "pdf_of", missing)
    downtime.write_sheets(at(10))
    assert not (folder / f"{clinic.pk}.pdf").exists()
    assert (folder / f"{clinic.pk}.html").exists()


@pytest.mark.skipif(not pdf.available(), reason="WeasyPrint's libraries are not installed")
def test_the_pdf_is_one(
    folder: Path, clinic: Clinic, nurse: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(downtime, "pdf_of", pdf.pdf_of)
    running(seat(clinic), nurse)
    downtime.write_sheets(at(45))
    assert (folder / f"{clinic.pk}.pdf").read_bytes().startswith(b"%PDF-1.7")


@pytest.mark.parametrize(("minutes", "well"), [(0, True), (15, True), (16, False)])
def test_a_sheet_older_than_a_quarter_of_an_hour_is_not_well(
    clinic: Clinic, minutes: int, *, well: bool
) -> None:
    with time_machine.travel(at(0), tick=False):
        assert downtime.stale() is None
    downtime.write_sheets(at(0))
    with time_machine.travel(at(minutes), tick=False):
        assert (downtime.stale() is None) is well


def test_that_names_were_written_down_is_in_the_ledger(clinic: Clinic) -> None:
    visit = seat(clinic)
    downtime.write_sheets(at(5))
    entry = AuditEntry.objects.get(details__page="downtime sheet")
    assert (entry.actor_kind, entry.details["visits"]) == ("system", [str(visit.pk)])


def test_celery_the_loop_and_a_person_write_the_same(folder: Path, clinic: Clinic) -> None:
    with time_machine.travel(at(5), tick=False):
        render_downtime_sheets()
    assert "10:05" in page(folder, clinic)
    assert "downtime sheets" in rounds.Rounds().go(at(10))
    assert "10:10" in page(folder, clinic)
    with time_machine.travel(at(20), tick=False):
        call_command("render_downtime")
    assert "10:20" in page(folder, clinic)


class TestRounds:
    """The loop's own clockwork."""

    def test_each_work_has_its_own_time_and_its_own_trouble(
        self, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
    ) -> None:
        ran: list[str] = []

        def breaks(_now: Any) -> None:
            ran.append("breaks")
            raise ValueError("a name nobody may log")

        monkeypatch.setattr(rounds, "_rounds", {})
        rounds.register("breaks", timedelta(minutes=1), breaks)
        rounds.register("often", timedelta(minutes=1), lambda _: ran.append("often"))
        rounds.register("seldom", timedelta(minutes=5), lambda _: ran.append("seldom"))
        driver = rounds.Rounds()
        assert driver.go(at(0)) == ["often", "seldom"]
        assert driver.go(at(0.5)) == []
        assert driver.go(at(1)) == ["often"]
        assert driver.go(at(5)) == ["often", "seldom"]
        assert ran.count("breaks") == 3
        assert "breaks failed: ValueError" in caplog.text
        assert "a name nobody" not in caplog.text
