"""Reading patients: only the actor's clinic's, and never without the ledger knowing."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import NamedTuple
from uuid import UUID

from django.db.models import Q, QuerySet, Subquery, Value

from clinics.models import Clinic
from clinics.permissions import PATIENTS_VIEW
from core import audit
from core.actor import Actor
from core.errors import NotFound
from core.zones import local_date
from patients.eligibility import bookable, latest_adult_birthday
from patients.finding import birth_dates, cleaned
from patients.models import Patient, SearchText

PAGE_SIZE = 50


class PatientLine(NamedTuple):
    """One patient as lists show them: name and two identifiers, and what stands in the way."""

    id: UUID
    mrn: str
    family_name: str
    given_names: str
    title: str
    birth_date: date
    sex: str
    allergy_status: str
    deceased_on: date | None
    deceased_undated: bool

    @property
    def is_deceased(self) -> bool:
        """Whether this person is known to have died."""
        return self.deceased_on is not None or self.deceased_undated

    def get_sex_display(self) -> str:
        """The word for the sex, as the model gives it."""
        return str(Patient.Sex(self.sex).label)


@dataclass(frozen=True, slots=True)
class PatientPage:
    """A page of a list. `cursor` is the id to go on after, None on the last page."""

    lines: list[PatientLine]
    cursor: UUID | None
    adult_birthday: date

    def under_age(self, line: PatientLine) -> bool:
        """Whether this person is under 18 today, by the clinic's calendar."""
        return line.birth_date > self.adult_birthday


def search(
    *, actor: Actor, clinic: Clinic, typed: str, after: UUID | None, now: datetime
) -> PatientPage:
    """Return a page of the clinic's patients by name, those that `typed` means; one statement.

    A name matches from its beginning, family name first or given name first, whatever its accents
    and capitals; a record number from its beginning; a birth date in any usual notation. The place
    in the list is kept as an id, so that no name travels in an address.
    """
    actor.require(PATIENTS_VIEW)
    rows = wanted_rows(actor, typed, after)
    found = audit.audited_rows(
        rows.values_list(*PatientLine._fields)[: PAGE_SIZE + 1],
        patient_column=0,
        actor=actor,
        now=now,
        page="patients",
        shown=PAGE_SIZE,
    )
    lines = [PatientLine._make(row) for row in found[:PAGE_SIZE]]
    return PatientPage(
        lines=lines,
        cursor=lines[-1].id if len(found) > PAGE_SIZE else None,
        adult_birthday=latest_adult_birthday(local_date(now, clinic.time_zone)),
    )


def wanted_rows(actor: Actor, typed: str, after: UUID | None) -> QuerySet[Patient]:
    """Return the query behind a search: whom, in which order, from where on."""
    rows = Patient.objects.filter(_meant(cleaned(typed)), clinic_id=actor.clinic_id)
    if after is not None:
        rows = rows.filter(_behind(after, actor))
    return rows.order_by("search_family", "id")


def _meant(query: str) -> Q:
    if not query:
        return Q()
    name = SearchText(Value(query), Value(""))
    wanted = (
        Q(search_family__startswith=name)
        | Q(search_given__startswith=name)
        | Q(mrn__startswith=query)
    )
    days = birth_dates(query)
    return wanted | Q(birth_date__in=sorted(days)) if days else wanted


def _behind(after: UUID, actor: Actor) -> Q:
    last = Patient.objects.filter(clinic_id=actor.clinic_id, pk=after)
    family = Subquery(last.values("search_family")[:1])
    # The first term is for the index, the second takes out those already shown.
    return Q(search_family__gte=family) & (Q(search_family__gt=family) | Q(id__gt=after))


def bookable_patients(actor: Actor, today: date) -> QuerySet[Patient]:
    """Return the clinic's patients who may be offered a booking on its local `today`."""
    return Patient.objects.filter(bookable(today), clinic_id=actor.clinic_id)


def open_record(*, actor: Actor, patient_id: UUID, now: datetime, page: str) -> Patient:
    """Return one patient for a page about them, and record that it was opened.

    Raises NotFound for a patient who is not there or not this clinic's: the two look the same.
    """
    actor.require(PATIENTS_VIEW)
    patient = Patient.objects.filter(clinic_id=actor.clinic_id, pk=patient_id).first()
    if patient is None:
        raise NotFound
    audit.record_read(subject=patient, patient_id=patient.pk, actor=actor, now=now, page=page)
    return patient
