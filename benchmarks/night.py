"""Fifty clinics' next day on two Celery workers, as in production: rows, broker, worker, result.

The night's tick opens a run for each clinic and hands it over; a real worker of two processes
takes them up. Everything counts from the tick to the last result, with the patients in PostgreSQL.
"""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from datetime import time as wall_time
from itertools import product
from pathlib import Path

from celery import current_app
from django.db import connection

from benchmarks.clinic_days import CLOSES, OPENS, SIZES, generate
from benchmarks.measure import Measured, row
from benchmarks.scene import FIRST_DAY, NOW, make_visits
from clinics.models import Chair, Clinic, OpeningHours, Shift
from scheduling.models import Booking, ClinicDay, Visit
from scheduling.plan_jobs import begin_nights
from scheduling.planner_model import PlannerRun

CLINICS, WORKERS = 50, 2
PATIENCE = 300.0  # seconds, then what is done is what there is
TONIGHT = datetime.combine(FIRST_DAY - timedelta(days=1), wall_time(3), UTC)
MIXES = ("one drug", "day unit")


def night() -> list[Measured]:
    """Plan a night; say how many visits were placed, how many days were proven, at what cost."""
    kinds = list(product("SSSMML", (75, 80, 85, 90)))
    kinds += [("S", 85)] * (CLINICS - len(kinds))
    for n, (size, load) in enumerate(kinds[:CLINICS]):
        _clinic(size, load, MIXES[n % 2], 200 + n)
    with _worker() as process:
        begun = time.perf_counter()
        begin_nights(TONIGHT)
        while _unfinished() and time.perf_counter() - begun < PATIENCE:
            time.sleep(0.2)
        took, cpu = time.perf_counter() - begun, _cpu_of_family(process.pid)
    runs = list(PlannerRun.objects.filter(night_of=TONIGHT.date()))
    days = [day for run in runs for day in run.result.get("days", [])]
    proven = sum(all(tier["proven"] for tier in day["tiers"][:2]) for day in days)
    note = (
        f"{sum(run.status == 'done' for run in runs)} planned, {sum(d['placed'] for d in days)} of "
        f"{sum(d['asked'] for d in days)} visits placed, proven {proven}/{len(runs)}; cpu "
        f"{cpu:.1f} s; load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores; "
        "goal 120 s on two workers"
    )
    return [row("planner", "50 clinics, two Celery workers", len(runs), [took * 1000], note=note)]


def _unfinished() -> bool:
    return PlannerRun.objects.filter(status__in=PlannerRun.UNFINISHED).exists()


def _clinic(size: str, load: int, mix: str, seed: int) -> None:
    """Write a clinic whose next day is held, without times, by a made-up day's visits."""
    chairs, nurses = SIZES[size]
    clinic = Clinic.objects.create(
        slug=f"night-{seed}", name="Bench", time_zone="UTC", country="GB"
    )
    opens, closes = wall_time(OPENS // 60), wall_time(CLOSES // 60)
    OpeningHours.objects.create(
        clinic=clinic, weekday=FIRST_DAY.weekday(), opens=opens, closes=closes
    )
    Chair.objects.bulk_create(Chair(clinic=clinic, label=f"{n}", position=n) for n in range(chairs))
    Shift.objects.create(clinic=clinic, date=FIRST_DAY, starts=opens, ends=closes, nurses=nurses)
    wanted = generate(size, load, mix, seed).visits
    ids = make_visits(clinic, len(wanted), prefix=f"{seed}-")
    visits = Visit.objects.in_bulk(ids)
    Visit.objects.filter(pk__in=ids).update(status=Visit.Status.BOOKED)
    day = ClinicDay.objects.create(clinic=clinic, date=FIRST_DAY, updated_at=NOW)
    Booking.objects.bulk_create(
        Booking(
            clinic=clinic, visit=visits[pk], patient_id=visits[pk].patient_id, clinic_day=day,
            status=Booking.Status.DAY_HELD, rate_option="initial" if one.first else "standard",
            premedication_minutes=one.phases.premedication,
            infusion_minutes=one.phases.infusion, observation_minutes=one.phases.observation,
            turnaround_minutes=one.phases.turnaround, created_at=NOW, updated_at=NOW,
        )
        for pk, one in zip(ids, wanted, strict=True)
    )  # fmt: skip


@contextmanager
def _worker() -> Iterator["subprocess.Popen[bytes]"]:
    """A Celery worker of two processes on the scratch database, ready when this returns."""
    before, _, query = os.environ["DATABASE_URL"].partition("?")
    name = connection.settings_dict["NAME"]
    url = f"{before.rpartition('/')[0]}/{name}" + (f"?{query}" if query else "")
    command = [sys.executable, "-m", "celery", "-A", "config"]
    environ = os.environ | {"DATABASE_URL": url}
    process = subprocess.Popen(
        [*command, "worker", "--concurrency", str(WORKERS), "--loglevel", "ERROR",
         "--without-gossip", "--without-mingle"],
        env=environ, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        for _ in range(60):
            if current_app.control.ping(timeout=2):
                break
        yield process
    finally:
        process.terminate()
        process.wait(30)


def _cpu_of_family(pid: int) -> float:
    """Return the processor time of a process, its living descendants and those they waited for."""
    fields = {
        int(path.name): path.joinpath("stat").read_text().rpartition(")")[2].split()
        for path in Path("/proc").iterdir()
        if path.name.isdigit() and path.joinpath("stat").exists()
    }
    family = {pid}
    for _ in range(4):  # worker, its processes, their solvers
        family |= {one for one, stat in fields.items() if int(stat[1]) in family}
    ticks = sum(int(tick) for one in family if one in fields for tick in fields[one][11:15])
    return ticks / os.sysconf("SC_CLK_TCK")
