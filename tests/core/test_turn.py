"""Who waits for a row that many want comes to it in the order in which they came."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from functools import partial
from threading import Event, Thread
from time import monotonic, sleep

import pytest
from django.db import connection, transaction

from core import locks
from core.db import command
from scheduling.models import ClinicDay
from scheduling.services.days import lock_days
from tests.scheduling.builders import Desk, make_desk
from tests.scheduling.racing import deadlocks, race

NOW = datetime(2026, 11, 2, 9, tzinfo=UTC)
TOMORROW = datetime(2026, 11, 3, 9, tzinfo=UTC).date()
WAITING = """
    SELECT count(*) FROM pg_locks WHERE NOT granted AND locktype = %s
        AND pid IN (SELECT pid FROM pg_stat_activity WHERE datname = current_database())
"""


def test_a_turn_is_taken_in_the_order_of_locks() -> None:
    with pytest.raises(RuntimeError, match="open transaction"):
        locks.ask_turns(ClinicDay, ["one"])


def waiting(kind: str) -> int:
    """Return how many wait for a lock of this kind in this database."""
    with connection.cursor() as cursor:
        cursor.execute(WAITING, [kind])
        [count] = cursor.fetchone()
        return int(count)


def in_line(number: int) -> bool:
    return waiting("advisory") == number


def until(holds: Callable[[], bool]) -> None:
    give_up = monotonic() + 10
    while not holds():
        assert monotonic() < give_up, "nobody came to wait"
        sleep(0.005)


def stand(desk: Desk, came: list[int], number: int, meanwhile: Callable[[], object]) -> Thread:
    """Lock tomorrow in a thread of its own, and write down that it was this one's turn."""

    def lock() -> None:
        try:
            with transaction.atomic(), connection.cursor() as cursor:
                cursor.execute("SET LOCAL lock_timeout = '30s'")  # a busy machine is no refusal
                locks.begin()
                [day] = lock_days(desk.clinic, [TOMORROW], now=NOW).values()
                came.append(number)
                ClinicDay.objects.filter(pk=day.pk).update(version=day.version + 1)
                meanwhile()
        finally:
            connection.close()

    thread = Thread(target=lock)
    thread.start()
    return thread


@pytest.mark.race
@pytest.mark.django_db(transaction=True)
def test_whoever_waits_for_a_day_waits_in_line_and_not_at_the_row() -> None:
    desk, came, go_on = make_desk(), list[int](), Event()
    ClinicDay.objects.create(clinic=desk.clinic, date=TOMORROW, updated_at=NOW)
    threads = [stand(desk, came, 0, partial(go_on.wait, 20))]
    until(lambda: came == [0])
    for number in range(1, 6):
        threads.append(stand(desk, came, number, lambda: None))
        until(partial(in_line, number))
    at_the_row = waiting("tuple") + waiting("transactionid")
    go_on.set()
    for thread in threads:
        thread.join()
    assert (came, at_the_row) == ([0, 1, 2, 3, 4, 5], 0)
    assert ClinicDay.objects.get().version == 7


@pytest.mark.race
@pytest.mark.django_db(transaction=True)
def test_two_turns_are_in_each_others_way_only_for_the_same_thing() -> None:
    free, done = Event(), Event()

    def hold() -> None:
        with transaction.atomic():
            locks.begin()
            locks.ask_turns(ClinicDay, ["one"])
            free.set()
            done.wait(20)
        connection.close()

    rival = Thread(target=hold)
    rival.start()
    assert free.wait(10)
    with transaction.atomic():
        locks.begin()
        locks.ask_turns(ClinicDay, ["two", "three"])
    done.set()
    rival.join()


@pytest.mark.race
@pytest.mark.django_db(transaction=True)
def test_days_that_nobody_has_asked_for_yet_are_made_by_many_at_once() -> None:
    """The turn comes before the making too: else who makes a day and who has its turn would wait
    for each other."""
    clinic, before = make_desk().clinic, deadlocks()

    @command
    def lock(dates: list[date]) -> list[date]:
        return sorted(lock_days(clinic, dates, now=NOW))

    for first in (TOMORROW + timedelta(days=2 * n) for n in range(15)):
        second = first + timedelta(days=1)
        wanted = [[first], [first, second], [second], [second, first]]
        found = race(*(partial(lock, dates) for dates in wanted))
        assert found == [sorted(dates) for dates in wanted]
    assert deadlocks() == before
