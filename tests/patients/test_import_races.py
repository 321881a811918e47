"""Two imports of the same people at the same moment, on real connections."""

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db import IntegrityError, close_old_connections, connection

from clinics.models import Clinic
from patients.models import Patient, SourceLink
from patients.services import imported_patients, importing
from patients.services.tally import Outcome, Tally
from tests.patients.builders import Heard, import_from, ndjson, patient
from tests.people import make_clinic

pytestmark = [pytest.mark.race, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def clinic() -> Clinic:
    return make_clinic()


@pytest.fixture
def both_have_read(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let neither import write before both have found nobody there."""
    barrier = threading.Barrier(2, timeout=10)
    read_links = imported_patients._links
    waited = threading.local()

    def meet(*args: Any) -> Any:
        found = read_links(*args)
        if not getattr(waited, "once", False):
            waited.once = True
            barrier.wait()
        return found

    monkeypatch.setattr(imported_patients, "_links", meet)
    yield
    barrier.abort()


def import_twice_at_once(path: Path, clinic: Clinic) -> tuple[list[Tally], list[BaseException]]:
    tallies: list[Tally] = []
    broken: list[BaseException] = []

    def one() -> None:
        close_old_connections()
        try:
            tallies.append(import_from(path, clinic, Heard()))
        except BaseException as exc:
            broken.append(exc)
        finally:
            connection.close()

    threads = [threading.Thread(target=one) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    return tallies, broken


@pytest.mark.usefixtures("both_have_read")
def test_each_person_is_created_once_and_nobody_is_refused(clinic: Clinic, tmp_path: Path) -> None:
    path = ndjson(tmp_path, *(patient(f"M{number}") for number in range(20)))

    tallies, broken = import_twice_at_once(path, clinic)

    assert broken == []
    assert Patient.objects.count() == SourceLink.objects.count() == 20
    assert [one.total(Outcome.REFUSED) for one in tallies] == [0, 0]
    assert sorted(one.total(Outcome.CREATED) for one in tallies) == [0, 20]
    assert sorted(one.total(Outcome.UNCHANGED) for one in tallies) == [0, 20]


@pytest.mark.usefixtures("both_have_read")
def test_without_trying_again_one_of_the_two_breaks(
    clinic: Clinic, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control: the race above is a real one."""
    monkeypatch.setattr(importing, "_halving", importing._write)
    path = ndjson(tmp_path, *(patient(f"M{number}") for number in range(20)))

    _tallies, broken = import_twice_at_once(path, clinic)

    assert [type(one) for one in broken] == [IntegrityError]
