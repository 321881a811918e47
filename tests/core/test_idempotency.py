"""The same key twice is one effect and one answer."""

import threading
from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import connection

from core import idempotency
from core.db import command
from core.errors import Conflict, Invalid
from core.idempotency import Answer, Request
from core.models import IdempotencyKey
from patients.models import Patient
from tests.people import MONDAY_NINE, make_clinic, make_patient

OWNER = uuid4()


def request(key: str = "k", body: bytes = b"{}") -> Request:
    return Request(owner_id=OWNER, route="POST /things", key=key, body=body)


class Effect:
    """Counts how often it ran."""

    def __init__(self) -> None:
        self.runs = 0

    def __call__(self) -> Answer:
        self.runs += 1
        return Answer(201, {"run": self.runs})


@command
def once(asked: Request, effect: Effect, later: timedelta = timedelta()) -> Answer:
    return idempotency.once(asked, effect, now=MONDAY_NINE + later)


@pytest.mark.django_db
def test_a_repeat_gets_the_first_answer() -> None:
    effect = Effect()
    first, again = once(request(), effect), once(request(), effect)
    assert (first.status, first.body, first.replayed) == (201, {"run": 1}, False)
    assert (again.status, again.body, again.replayed) == (201, {"run": 1}, True)
    assert effect.runs == 1


@pytest.mark.django_db
def test_another_body_under_the_same_key_is_refused() -> None:
    effect = Effect()
    once(request(), effect)
    with pytest.raises(Invalid, match="different request"):
        once(request(body=b'{"other": 1}'), effect)


@pytest.mark.django_db
@pytest.mark.parametrize("key", ["", "x" * 256], ids=["missing", "overlong"])
def test_a_key_must_be_a_key(key: str) -> None:
    with pytest.raises(Invalid):
        once(request(key=key), Effect())


@pytest.mark.django_db
def test_after_a_day_the_key_is_new_again() -> None:
    effect = Effect()
    once(request(), effect)
    assert once(request(), effect, timedelta(hours=24)).replayed
    assert not once(request(), effect, timedelta(hours=24, seconds=1)).replayed
    assert effect.runs == 2


@pytest.mark.django_db(transaction=True)
def test_a_refused_effect_may_be_tried_again() -> None:
    class Refused(Effect):
        def __call__(self) -> Answer:
            raise Conflict("not now")

    with pytest.raises(Conflict):
        once(request(), Refused())
    assert not IdempotencyKey.objects.exists()
    assert once(request(), Effect()).body == {"run": 1}


@pytest.mark.race
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("guarded", [False, True], ids=["control", "guarded"])
def test_twins_at_the_same_moment_make_one_thing(*, guarded: bool) -> None:
    """The control shows that without the key, two requests at once make two things."""
    clinic = make_clinic()
    barrier, answers = threading.Barrier(8), []

    def effect() -> Answer:
        patient = make_patient(clinic, mrn=str(uuid4()))
        return Answer(201, {"id": str(patient.pk)})

    @command
    def attempt() -> Answer:
        barrier.wait(10)
        return idempotency.once(request(), effect, now=MONDAY_NINE) if guarded else effect()

    def run() -> None:
        try:
            answers.append(attempt().body["id"])
        finally:
            connection.close()

    threads = [threading.Thread(target=run) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(answers) == 8
    assert len(set(answers)) == Patient.objects.count() == (1 if guarded else 8)
