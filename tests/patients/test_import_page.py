"""The import page: a file handed in, worked on by a worker or in place, and every refusal shown."""

import csv
import json
import re
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from celery import current_app
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from kombu.exceptions import OperationalError
from pytest_django import Settings

from clinics.models import Clinic, Role
from core import clock
from core.errors import Conflict, Forbidden, NotFound
from core.models import AuditEntry
from patients import import_jobs, uploads
from patients.models import ImportRun, Patient
from patients.services.import_runs import (
    LOST_AFTER,
    move_import_on,
    request_import,
    take_import,
)
from patients.tasks import run_import
from patients.web import imports
from tests.patients.builders import REAL, importer, patient, vaccination
from tests.people import MONDAY_NINE, make_actor, make_clinic, make_user

pytestmark = pytest.mark.django_db
GOOD = json.dumps(patient())


@pytest.fixture
def north() -> Clinic:
    return make_clinic("north")


@pytest.fixture
def scheduler(north: Clinic, client: Client) -> Client:
    client.force_login(make_user(north, Role.SCHEDULER))
    return client


@pytest.fixture
def worker(monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker that takes each task up at once."""
    monkeypatch.setattr(current_app, "send_task", lambda name, args, **options: run_import(*args))


@pytest.fixture
def sleepy(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """A broker whose tasks nobody takes up."""
    sent: list[list[str]] = []
    monkeypatch.setattr(current_app, "send_task", lambda name, args, **options: sent.append(args))
    return sent


@pytest.fixture
def no_broker(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*args: Any, **options: Any) -> None:
        raise OperationalError("connection refused")

    monkeypatch.setattr(current_app, "send_task", refuse)


def hand_in(client: Client, contents: str | bytes, name: str = "people.ndjson") -> Any:
    data = contents if isinstance(contents, bytes) else contents.encode()
    return client.post("/c/north/import/", {"file": SimpleUploadedFile(name, data)})


def text_of(response: Any) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", response.content.decode()))


@pytest.mark.usefixtures("worker")
def test_a_file_is_imported_and_each_refusal_shown(scheduler: Client, import_dir: Path) -> None:
    response = hand_in(scheduler, "\n".join([GOOD, "broken", '{"resourceType":"Practitioner"}']))

    run = ImportRun.objects.get()
    page = scheduler.get(response["Location"])
    text = text_of(page)
    assert (run.state, run.lines_read) == ("done", 3)
    assert Patient.objects.get().mrn == "M1"
    assert "people.ndjson:2 (unreadable) not JSON, from column 1" in text
    assert "people.ndjson Practitioner not a resource this import takes 1" in text
    assert "hx-trigger" not in page.content.decode().split('id="import-run"')[1].split(">")[0]
    assert list(import_dir.iterdir()) == []
    assert "Done" in text_of(scheduler.get("/c/north/import/"))


@pytest.mark.usefixtures("worker")
def test_the_real_export_goes_through_the_page(scheduler: Client) -> None:
    hand_in(scheduler, (REAL / "Patient.000.ndjson").read_bytes(), "Patient.000.ndjson")

    assert ImportRun.objects.get().counts["Patient"]["created"] == 120
    assert Patient.objects.count() == 120


@pytest.mark.usefixtures("worker")
def test_the_ledger_names_who_asked(scheduler: Client, north: Clinic) -> None:
    hand_in(scheduler, GOOD)

    entries = AuditEntry.objects.filter(action__in=["import.requested", "patient.created"])
    assert entries.count() == 2
    assert {entry.user_id for entry in entries} == {ImportRun.objects.get().requested_by_id}


@pytest.mark.usefixtures("worker")
def test_refusals_come_as_a_file(scheduler: Client) -> None:
    hand_in(scheduler, f"{GOOD}\nbroken\n", "=cmd.ndjson")

    run = ImportRun.objects.get()
    response = scheduler.get(f"/c/north/import/{run.pk}/refusals.csv")

    rows = list(csv.reader(response.content.decode().splitlines()))
    assert rows[0] == ["outcome", "place", "resource", "reason", "lines"]
    assert rows[1][0] == "refused"
    assert rows[1][1].endswith("_cmd.ndjson:2")
    assert response["Content-Type"].startswith("text/csv")


UNUSABLE = {
    "an empty file": (b"", "The submitted file is empty."),
    "no header": (b"Doe,Jane,1988\n", "the header lacks mrn"),
    "UTF-16": ("mrn".encode("utf-16"), "not UTF-8 but UTF-16"),
    "no Bundle": (b'{\n "resourceType": "Patient"\n}', "not a FHIR Bundle"),
}


@pytest.mark.usefixtures("worker")
@pytest.mark.parametrize("case", UNUSABLE)
def test_a_file_that_cannot_be_read_says_so(case: str, scheduler: Client, import_dir: Path) -> None:
    contents, words = UNUSABLE[case]

    response = hand_in(scheduler, contents, "people.json" if contents[:1] == b"{" else "people.txt")
    if response.status_code == 302:
        response = scheduler.get(response["Location"])
        assert ImportRun.objects.get().state == "failed"

    assert words in text_of(response)
    assert not import_dir.exists() or list(import_dir.iterdir()) == []


def test_no_file_and_a_large_one_are_refused(scheduler: Client, settings: Settings) -> None:
    settings.IMPORT_MAX_BYTES = 1024 * 1024

    empty = scheduler.post("/c/north/import/", {})
    large = hand_in(scheduler, b"x" * (1024 * 1024 + 1))

    assert (empty.status_code, large.status_code) == (422, 422)
    assert "This field is required." in text_of(empty)
    assert "larger than 1 MB" in text_of(large)
    assert not ImportRun.objects.exists()


@pytest.mark.usefixtures("no_broker")
def test_without_a_broker_a_small_file_is_read_in_place(scheduler: Client) -> None:
    hand_in(scheduler, GOOD)

    assert ImportRun.objects.get().state == "done"


@pytest.mark.usefixtures("no_broker")
def test_without_a_broker_a_large_file_waits_and_says_why(
    scheduler: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(import_jobs, "SMALL_BYTES", 10)
    monkeypatch.setattr(imports, "NOBODY_CAME", timedelta(0))

    page = scheduler.get(hand_in(scheduler, GOOD)["Location"])

    assert ImportRun.objects.get().state == "waiting"
    assert "too large to read on this page" in text_of(page)


def test_when_nobody_comes_the_page_offers_to_read_it(
    scheduler: Client, sleepy: list[list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    location = hand_in(scheduler, GOOD)["Location"]
    run = ImportRun.objects.get()
    assert sleepy == [[str(run.pk)]]
    first = scheduler.get(f"{location}progress/").content.decode()
    assert 'hx-trigger="every 2s"' in first
    assert "No worker" not in first
    monkeypatch.setattr(imports, "NOBODY_CAME", timedelta(0))
    assert "No worker has taken this up" in text_of(scheduler.get(location))

    scheduler.post(f"{location}read-now/")

    run.refresh_from_db()
    assert run.state == "done"
    run_import(str(run.pk))  # the worker wakes up late, and finds nothing to do
    assert scheduler.post(f"{location}read-now/").status_code == 302
    assert Patient.objects.count() == 1


def test_two_imports_of_a_clinic_never_run_at_once(
    scheduler: Client, sleepy: list[list[str]]
) -> None:
    hand_in(scheduler, GOOD)

    second = hand_in(scheduler, GOOD)

    assert second.status_code == 422
    assert "already on its way" in text_of(second)
    assert len(sleepy) == 1


def test_a_run_that_lost_its_worker_makes_room(north: Clinic) -> None:
    actor = make_actor(north, Role.SCHEDULER)

    def ask(now: datetime) -> ImportRun:
        return request_import(file_name="a", size_bytes=1, actor=actor, now=now)

    lost = ask(MONDAY_NINE)
    take_import(run_id=lost.pk, now=MONDAY_NINE)
    with pytest.raises(Conflict):
        ask(MONDAY_NINE + LOST_AFTER)
    ask(MONDAY_NINE + LOST_AFTER + timedelta(seconds=1))

    lost.refresh_from_db()
    assert lost.state == "failed"
    assert "Import the file again" in lost.problem


def test_a_run_is_taken_up_once(north: Clinic) -> None:
    run = request_import(
        file_name="a", size_bytes=1, actor=make_actor(north, Role.MANAGER), now=MONDAY_NINE
    )

    take_import(run_id=run.pk, now=MONDAY_NINE)

    for key in (run.pk, uuid4()):
        with pytest.raises(NotFound):
            take_import(run_id=key, now=MONDAY_NINE)


@pytest.mark.parametrize("role", [Role.NURSE, Role.PRESCRIBER, Role.PHARMACIST, Role.AUDITOR])
def test_only_who_may_import_may_ask(role: str, north: Clinic) -> None:
    with pytest.raises(Forbidden):
        request_import(file_name="a", size_bytes=1, actor=make_actor(north, role), now=MONDAY_NINE)
    with pytest.raises(Forbidden):
        request_import(file_name="a", size_bytes=1, actor=importer(north), now=MONDAY_NINE)


@pytest.mark.usefixtures("worker")
def test_another_clinics_import_is_not_there(scheduler: Client) -> None:
    hand_in(scheduler, GOOD)
    run = ImportRun.objects.get()
    stranger = Client()
    stranger.force_login(make_user(make_clinic("south"), Role.MANAGER))

    for page in ("", "progress/", "refusals.csv"):
        assert stranger.get(f"/c/south/import/{run.pk}/{page}").status_code == 404
        assert stranger.get(f"/c/north/import/{run.pk}/{page}").status_code == 404
    assert stranger.post(f"/c/south/import/{run.pk}/read-now/").status_code == 404


def test_a_crash_is_named_and_leaves_no_file(
    scheduler: Client, sleepy: list[list[str]], import_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hand_in(scheduler, GOOD)
    [[run_id]] = sleepy

    def explode(**_: Any) -> None:
        raise ZeroDivisionError("Jane Doe")

    monkeypatch.setattr(import_jobs, "import_everything", explode)
    with pytest.raises(ZeroDivisionError):
        run_import(run_id)

    run = ImportRun.objects.get()
    assert (run.state, run.problem) == ("failed", import_jobs.BROKEN)
    assert list(import_dir.iterdir()) == []


def test_a_worker_that_cannot_see_the_upload_leaves_it_for_another(
    scheduler: Client, sleepy: list[list[str]]
) -> None:
    hand_in(scheduler, GOOD)
    [[run_id]] = sleepy
    uploads.remove(UUID(run_id))

    run_import(run_id)

    assert ImportRun.objects.get().state == "waiting"


def test_progress_is_kept_batch_by_batch(
    scheduler: Client, sleepy: list[list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("patients.importing.BATCH", 2)
    lines = [GOOD, *(json.dumps(vaccination(f"V{n}")) for n in range(5)), "broken"]
    hand_in(scheduler, "\n".join(lines))
    [[run_id]] = sleepy
    seen: list[int] = []
    moved = move_import_on

    def watch(**told: Any) -> None:
        moved(**told)
        seen.append(ImportRun.objects.get().lines_read)

    monkeypatch.setattr(import_jobs, "move_import_on", watch)
    run_import(run_id)

    assert seen == sorted(seen)
    assert len(set(seen)) > 2
    assert ImportRun.objects.get().notes.count() == 1


@pytest.mark.parametrize("name", ["../../etc/passwd", "..", ".hidden", "a b/c d.csv", "ü.json", ""])
def test_an_uploads_name_stays_inside_its_folder(name: str, import_dir: Path) -> None:
    run_id = uuid4()

    path = uploads.keep(run_id, name, [b"a", b"b"])

    assert path.resolve().parent == (import_dir / str(run_id)).resolve()
    assert path.read_bytes() == b"ab"
    assert (path.stat().st_mode & 0o777, path.parent.stat().st_mode & 0o777) == (0o600, 0o700)
    assert uploads.find(run_id) == path


def test_what_a_crash_left_behind_is_removed_after_a_day(import_dir: Path) -> None:
    uploads.keep(uuid4(), "a", [b"x"])

    uploads.remove_forgotten(clock.now())
    assert len(list(import_dir.iterdir())) == 1
    uploads.remove_forgotten(clock.now() + timedelta(days=1, minutes=1))
    assert list(import_dir.iterdir()) == []


@pytest.mark.parametrize("many", [1, 15])
def test_the_page_costs_the_same_with_few_and_many_runs(
    many: int, scheduler: Client, north: Clinic, django_assert_num_queries: Callable[..., Any]
) -> None:
    person = make_user(north, Role.MANAGER)
    for _number in range(many):
        ImportRun.objects.create(
            clinic=north, requested_at=MONDAY_NINE, requested_by=person, file_name="a",
            size_bytes=1, state="done", alive_at=MONDAY_NINE, finished_at=MONDAY_NINE,
        )  # fmt: skip
    scheduler.get("/c/north/import/")

    with django_assert_num_queries(4):
        scheduler.get("/c/north/import/")
