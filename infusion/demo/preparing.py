"""What is prepared before a start in the demo: tests on record, questions, access, bag, check."""

import uuid
from datetime import date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

from clinical.beyond_use import Kept, Place
from clinics.models import Role
from core.actor import Actor
from infusion.bag import Bag, Vial
from infusion.before_start import Part
from infusion.demo.setting import Setting
from infusion.facts import holds_on
from infusion.iv_access import Access
from infusion.services.preparing import (
    answer_questions,
    chart_access,
    chart_bag,
    chart_baseline,
    check_bag,
)
from patients.models import Patient
from patients.services.results import Measured, enter_result
from scheduling.models import Visit
from scheduling.treatment import age_on

LOTS = ("B1207H03", "B1211H01", "B1198H07")
OLDER = 65  # years; the demo's chairs hold nobody who needs a word of caution at every start
RECENTLY = timedelta(days=60)  # no vaccination within


def is_well(patient: Patient, today: date) -> bool:
    """Return whether nothing in the imported record stands in the way of an infusion."""
    return (
        age_on(patient.birth_date, today) < OLDER
        and not any(holds_on(row, today) for row in patient.conditions.all())
        and not patient.vaccinations.filter(occurred_on__gt=today - RECENTLY).exists()
    )


def baseline_tests(patient: Patient, *, by: Actor, at: datetime, screened: bool = True) -> None:
    """Enter the tests asked for before a course; not `screened` leaves hepatitis B open."""

    def enter(analyte: str, **changes: Any) -> None:
        measured = Measured(analyte=analyte, collected_at=at, **changes)
        enter_result(patient_id=patient.pk, measured=measured, actor=by, now=at)

    if screened:
        enter("hbsag", finding="negative")
        enter("anti_hbc", finding="negative")
    enter("igg", value=Decimal("9.8"), unit="g/L", reference_low=Decimal(7))
    for analyte, value, upper in (("alt", 22, 40), ("ast", 25, 40), ("alp", 71, 120)):
        enter(analyte, value=Decimal(value), unit="U/L", reference_high=Decimal(upper))
    enter("bilirubin", value=Decimal(9), unit="umol/L", reference_high=Decimal(21))


class Preparing:
    """Two nurses at one chair, up to the start."""

    def __init__(self, setting: Setting) -> None:
        self.nurse = setting.actor(Role.NURSE)
        self.colleague = setting.actor("nurse2")

    def prepare(
        self, visit: Visit, *, arrived: datetime, start: datetime, parts: frozenset[Part]
    ) -> None:
        """Chart `parts` of what comes before a start at `start`."""
        if Part.CHECKLIST in parts:
            self._ask(visit, arrived + timedelta(minutes=2))
        if Part.ACCESS in parts:
            self._access(visit, arrived + timedelta(minutes=6))
        if Part.VITALS in parts:
            self._baseline(visit, arrived + timedelta(minutes=8))
        if Part.BAG in parts:
            bag = self._bag(visit, start - timedelta(minutes=20))
            if Part.BAG_CHECK in parts:
                self._check(visit, bag, start - timedelta(minutes=17))

    def _ask(self, visit: Visit, at: datetime) -> None:
        man = visit.patient.sex == Patient.Sex.MALE
        answers = dict.fromkeys(("infection", "neurological", "diarrhoea", "vaccination"), "no")
        answers |= {
            "liver": "no",
            "pregnancy": "not_applicable" if man else "no",
            "contraception": "not_applicable" if man else "yes",
        }
        answer_questions(
            visit_id=visit.pk, event_id=uuid.uuid4(), answers=answers, notes={}, occurred_at=at,
            actor=self.nurse, now=at,
        )  # fmt: skip

    def _access(self, visit: Visit, at: datetime) -> None:
        access = Access(device="cannula", site="left forearm", gauge="22 G", attempts=1)
        chart_access(
            visit_id=visit.pk, event_id=uuid.uuid4(), access=access, occurred_at=at,
            actor=self.nurse, now=at,
        )  # fmt: skip

    def _baseline(self, visit: Visit, at: datetime) -> None:
        chart_baseline(
            visit_id=visit.pk, event_id=uuid.uuid4(), occurred_at=at, actor=self.nurse, now=at,
            vitals={
                "systolic": 122, "diastolic": 76, "heart_rate": 72, "respiratory_rate": 14,
                "spo2": 98, "temperature_c": Decimal("36.6"),
            },
        )  # fmt: skip

    def _bag(self, visit: Visit, at: datetime) -> uuid.UUID:
        """A bag made up in the pharmacy, kept cold, taken out half an hour before."""
        made, out = at - timedelta(hours=2), at - timedelta(minutes=30)
        vials = visit.milligrams // 300
        bag = Bag(
            drug="ocrelizumab", route="IV", labelled_mg=300, dose_mg=visit.milligrams,
            volume_ml=Fraction(250 * vials),
            vials=tuple(
                Vial(lot=LOTS[n % len(LOTS)], expires_on=at.date() + timedelta(days=240))
                for n in range(vials)
            ),
            prepared_at=made,
            storage=(Kept(place=Place.FRIDGE, since=made), Kept(place=Place.ROOM, since=out)),
            filter_micron="0.2", dedicated_line=True,
        )  # fmt: skip
        return chart_bag(
            visit_id=visit.pk, event_id=uuid.uuid4(), bag=bag, replaces=None, occurred_at=at,
            actor=self.nurse, now=at,
        ).event_id  # fmt: skip

    def _check(self, visit: Visit, bag: uuid.UUID, at: datetime) -> None:
        check_bag(
            visit_id=visit.pk, event_id=uuid.uuid4(), bag_id=bag, all_match=True, occurred_at=at,
            actor=self.colleague, now=at,
        )  # fmt: skip
