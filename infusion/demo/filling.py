"""The demo, filled once: real imported patients, believable courses, today as it might be."""

import json
import tempfile
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from string import digits
from typing import Any

from clinics.models import Clinic, Role
from clinics.permissions import PATIENTS_IMPORT
from core.actor import system_actor
from core.db import command
from core.zones import local_date
from infusion.demo import PASSWORD
from infusion.demo.disrupting import disrupt
from infusion.demo.other_visits import ask_for_others
from infusion.demo.planning import plan_ahead
from infusion.demo.referrals import hand_in_referrals
from infusion.demo.setting import STAFF, Setting, set_the_scene
from infusion.demo.stages import fill_everyday
from infusion.demo.today import fill_today
from infusion.demo.waiting import fill_waitlist
from patients.eligibility import bookable
from patients.fhir.source import open_source
from patients.importing import import_everything
from patients.models import Patient
from patients.services.tally import Tally
from reminders.models import Reminder
from reminders.outcomes import Outcome
from reminders.services.sweeping import claim, settle

OLDEST_COURSE = timedelta(days=4 * 366)  # everybody was of age when their course began
OLDEST_PATIENT = timedelta(days=75 * 365)  # few begin later; the export has people of 110
RECORD_NUMBERS = 402_118  # where the demo's record numbers begin
SECOND_CLINIC_EVERY = 4  # every fourth person of the export belongs to the smaller clinic


class _Nobody:
    """Nobody watches the demo's import."""

    def refused(self, refusal: object) -> None: ...

    def progressed(self, tally: Tally) -> None: ...


def is_filled() -> bool:
    """Return whether any clinic exists: the demo never mixes with real data."""
    return Clinic.objects.exists()


def fill(*, export: Path, now: datetime, tell: Callable[[str], None]) -> list[Setting]:
    """Create both clinics and everything in them as at `now`, from a FHIR bulk export."""
    settings = set_the_scene(now=now)
    tell("two clinics, their staff, chairs and shifts")
    for setting, lines in zip(settings, _split(export), strict=True):
        _import(setting, lines, now)
        _consent(clinic=setting.clinic, by=setting, now=now)
        tell(f"{setting.clinic.name}: patients imported")
        patients = _patients(setting.clinic, now)
        fill_everyday(setting, fill_today(setting, patients, now), now)
        tell(f"{setting.clinic.name}: courses, bookings and today's chairs")
    hand_in_referrals(settings[0], now)
    _one_letter_fails(now)
    for setting in settings:
        ask_for_others(setting, now)
        fill_waitlist(setting, now)
    disrupt(settings[0], now)  # after what the waitlist frees: who is affected stays booked
    plan_ahead(settings[0], now)
    return settings


def _patients(clinic: Clinic, now: datetime) -> list[Patient]:
    """Return who may believably have a course here."""
    today = local_date(now, clinic.time_zone)
    fitting = Patient.objects.filter(
        bookable(today - OLDEST_COURSE), clinic=clinic, birth_date__gt=today - OLDEST_PATIENT
    )
    return list(fitting.order_by("mrn"))


def _one_letter_fails(now: datetime) -> None:
    """One address is wrong, as in life: its letter has failed and somebody must look."""
    for letter in claim(channel=Reminder.Channel.EMAIL, limit=1, now=now):
        refused = Outcome(
            state=Reminder.State.FAILED, problem="The mail server does not know this address."
        )
        settle(reminder_id=letter.pk, lease_token=letter.lease_token, outcome=refused, now=now)


def sign_ins() -> list[dict[str, str]]:
    """Return how to sign in as each role of each clinic."""
    return [
        {
            "label": f"{Role(role).label}, {clinic.name}",
            "email": f"{role}@{clinic.slug}.example",
            "password": PASSWORD,
        }
        for clinic in Clinic.objects.order_by("name")
        for role, _name in STAFF
    ]


def _split(export: Path) -> tuple[dict[str, list[str]], dict[str, list[str]]]:
    """Deal the export's people to the two clinics, their other resources following them."""
    people = [
        json.loads(line)["id"]
        for line in (export / "Patient.000.ndjson").read_text(encoding="utf-8").splitlines()
    ]
    second = set(people[::SECOND_CLINIC_EVERY])
    dealt: tuple[dict[str, list[str]], dict[str, list[str]]] = ({}, {})
    for file in sorted(export.glob("*.ndjson")):
        for line in file.read_text(encoding="utf-8").splitlines():
            resource = json.loads(line)
            owner = resource.get("patient", {}).get("reference", "/").split("/")[-1]
            theirs = (owner or resource["id"]) in second
            kept = line
            if resource["resourceType"] == "Patient":
                kept = json.dumps(_as_a_clinic_writes(resource, people.index(resource["id"])))
            dealt[theirs].setdefault(file.name, []).append(kept)
    return dealt


def _as_a_clinic_writes(person: dict[str, Any], n: int) -> dict[str, Any]:
    """The export marks its made-up names with digits and numbers people by UUID. On a card that
    nurses read as an identifier, names are letters and a record number is short."""
    for name in person.get("name", []):
        name["family"] = name["family"].strip(digits)
        name["given"] = [each.strip(digits) for each in name["given"]]
    for identifier in person["identifier"]:
        if identifier.get("type", {}).get("coding", [{}])[0].get("code") == "MR":
            identifier["value"] = f"{RECORD_NUMBERS + 37 * n}"
    return person


def _import(setting: Setting, files: dict[str, list[str]], now: datetime) -> None:
    actor = system_actor(setting.clinic.pk, PATIENTS_IMPORT)
    with tempfile.TemporaryDirectory() as folder:
        for name, lines in files.items():
            (Path(folder) / name).write_text("\n".join(lines), encoding="utf-8")
        import_everything(
            source=open_source(Path(folder)), actor=actor, now=now, listener=_Nobody()
        )


@command
def _consent(*, clinic: Clinic, by: Setting, now: datetime) -> None:
    """Most people agreed to messages, a few did not; addresses are invented."""
    for n, patient in enumerate(Patient.objects.filter(clinic=clinic).order_by("mrn")):
        if n % 5 == 4:
            continue
        patient.email = f"patient{n}@{clinic.slug}.example"
        patient.channel = Patient.Channel.EMAIL
        patient.consented_at = now - timedelta(days=60)
        patient.consented_by = by.users[Role.SCHEDULER]
        patient.save(update_fields=["email", "channel", "consented_at", "consented_by"])
