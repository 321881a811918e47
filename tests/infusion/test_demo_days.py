"""The demo holds what its pages and the browser's tests need, on whatever day it is filled."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from django.db import connection

from clinics.models import Role
from infusion.demo.filling import fill
from scheduling.waitlist import read_waitlist
from tests.browser.pages import BUSY_DAY, PAGES
from tests.browser.test_series_booking import WAITING

EXPORT = Path(__file__).resolve().parents[1] / "data" / "fhir-bulk-100"
# A Sunday, and a public holiday where it is early afternoon: Dubai's National Day.
DAYS = [datetime(2026, 11, 29, 1, 5, tzinfo=UTC), datetime(2026, 12, 2, 9, 5, tzinfo=UTC)]


def as_at(query: str, now: datetime) -> str:
    """The pages ask the database for its own clock."""
    instant = f"(timestamptz '{now.isoformat()}')"
    return query.replace("current_date", f"{instant}::date").replace("now()", instant)


def found(query: str, now: datetime) -> int:
    with connection.cursor() as cursor:
        cursor.execute(as_at(query, now))
        return len(cursor.fetchall())


@pytest.mark.django_db
@pytest.mark.parametrize("now", DAYS, ids=str)
def test_nothing_that_is_looked_for_is_missing(now: datetime) -> None:
    first, _ = fill(export=EXPORT, now=now, tell=lambda _words: None)
    assert [page.name for page in PAGES if page.query and not found(page.query, now)] == []
    assert found(BUSY_DAY, now), "a day ahead that nothing disturbs"
    three = WAITING.replace("LIMIT 1", "LIMIT 3")
    assert found(three, now) == 3, "one for each test that books a series"
    waitlist = read_waitlist(first.actor(Role.SCHEDULER), now=now)
    assert len([place for place in waitlist.free if place.suited]) >= 2
    assert len(waitlist.open_offers) == 1
    assert [each.badge for each in waitlist.answered] == ["declined"]
