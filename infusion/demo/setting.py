"""The demo's two clinics: where they are, who works there, which chairs stand there."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.db.backends.postgresql.psycopg_any import DateTimeTZRange

from clinics.access import standing_of
from clinics.models import (
    Chair,
    ChairOutage,
    Clinic,
    Closure,
    HolidayOpening,
    Membership,
    OpeningHours,
    Role,
    Shift,
    User,
)
from clinics.public_holidays import holiday
from core.actor import Actor
from core.db import command
from infusion.demo import PASSWORD

# The demo stands where it is day right now, so that its chairs are full whenever it is filled.
PLACES = (
    ("Pacific/Auckland", "NZ"), ("Australia/Sydney", "AU"), ("Asia/Tokyo", "JP"),
    ("Asia/Kolkata", "IN"), ("Asia/Dubai", "AE"), ("Europe/Berlin", "DE"),
    ("Europe/London", "GB"), ("America/Sao_Paulo", "BR"), ("America/New_York", "US"),
    ("America/Denver", "US"), ("America/Los_Angeles", "US"), ("Pacific/Honolulu", "US"),
)  # fmt: skip
EARLY_AFTERNOON, MORNING = 13 * 60, 10 * 60
STAFF = (
    (Role.NURSE, "Amara Osei"), (Role.SCHEDULER, "Ben Lindqvist"), (Role.PRESCRIBER, "Carla Ruiz"),
    (Role.PHARMACIST, "Deniz Kaya"), (Role.MANAGER, "Elin Novak"), (Role.AUDITOR, "Femi Adeyemi"),
)  # fmt: skip
MORE_NURSES = ("Grace Mbeki", "Hana Sato", "Ivo Petrov")
SHIFTS = (
    (time(6), time(14, 30)),
    (time(7, 30), time(19, 30)),
    (time(8), time(18)),
    (time(11), time(20)),
)


@dataclass(frozen=True, slots=True)
class Setting:
    """One demo clinic with somebody of each role to act in it."""

    clinic: Clinic
    chairs: list[Chair]
    users: dict[str, User]

    def actor(self, role: str) -> Actor:
        """Return the person of that role as an actor."""
        return standing_of(self.users[role], self.clinic.slug).actor


@command
def set_the_scene(*, now: datetime) -> list[Setting]:
    """Create both clinics, their staff, chairs, hours and a year and a half of shifts."""
    first = _place(now, EARLY_AFTERNOON, ())
    second = _place(now, MORNING, (first,))
    return [
        _clinic("northside", "Northside Infusion Centre", first, 12, every_day=True, now=now),
        _clinic("riverside", "Riverside Day Unit", second, 6, every_day=False, now=now),
    ]


def _place(now: datetime, minute: int, taken: tuple[tuple[str, str], ...]) -> tuple[str, str]:
    def away(place: tuple[str, str]) -> int:
        local = now.astimezone(ZoneInfo(place[0]))
        return abs(local.hour * 60 + local.minute - minute)

    return min((place for place in PLACES if place not in taken), key=away)


def _clinic(
    slug: str, name: str, place: tuple[str, str], chairs: int, *, every_day: bool, now: datetime
) -> Setting:
    zone, country = place
    clinic = Clinic.objects.create(
        slug=slug, name=name, time_zone=zone, country=country, telephone="+00 555 0100"
    )
    weekdays = range(7 if every_day else 5)
    OpeningHours.objects.bulk_create(
        OpeningHours(clinic=clinic, weekday=day, opens=time(6), closes=time(20)) for day in weekdays
    )
    rows = Chair.objects.bulk_create(
        Chair(
            clinic=clinic, label=f"Chair {n}", position=n,
            kind=Chair.Kind.ISOLATION if n == chairs else Chair.Kind.CHAIR,
        )
        for n in range(1, chairs + 1)
    )  # fmt: skip
    today = now.astimezone(ZoneInfo(zone)).date()
    users = _staff(clinic)
    Shift.objects.bulk_create(_shifts(clinic, today, users, weekdays))
    Closure.objects.create(clinic=clinic, date=today + timedelta(days=24), reason="Fire drill day")
    if every_day and holiday(country, "", today):  # the demo shows a day's work, whatever the day
        HolidayOpening.objects.create(clinic=clinic, date=today)
    if every_day:
        ChairOutage.objects.create(
            chair=rows[10], reason="Arm rest broken",
            period=DateTimeTZRange(now - timedelta(days=1), now + timedelta(days=3)),
        )  # fmt: skip
    return Setting(clinic, rows, users)


def _staff(clinic: Clinic) -> dict[str, User]:
    users: dict[str, User] = {}
    for role, name in STAFF:
        users[role] = _member(clinic, role, f"{role}@{clinic.slug}.example", name)
    for n, name in enumerate(MORE_NURSES, start=2):
        users[f"nurse{n}"] = _member(clinic, Role.NURSE, f"nurse{n}@{clinic.slug}.example", name)
    return users


def _member(clinic: Clinic, role: str, email: str, name: str) -> User:
    user = User.objects.create_user(email, PASSWORD, full_name=name)
    Membership.objects.create(user=user, clinic=clinic, role=role)
    return user


def _shifts(
    clinic: Clinic, today: date, users: dict[str, User], weekdays: range
) -> Iterator[Shift]:
    nurses = [users[Role.NURSE], users["nurse2"], users["nurse3"], users["nurse4"]]
    for offset in range(-10, 400):
        day = today + timedelta(days=offset)
        if day.weekday() in weekdays:
            for nurse, (starts, ends) in zip(nurses, SHIFTS, strict=True):
                yield Shift(clinic=clinic, date=day, starts=starts, ends=ends, nurse=nurse)
