"""When a patient can come, as searches and offers take it, and in words. Reading only."""

from collections.abc import Collection
from datetime import time, timedelta
from uuid import UUID

from django.utils.dates import WEEKDAYS_ABBR
from django.utils.translation import gettext as _

from scheduling.backfill_words import notice_words
from scheduling.models import PatientWishes
from scheduling.slot_search import Wishes

USUAL_NOTICE = timedelta(hours=24)  # for whom nobody has asked


def wishes_of(patient_id: UUID) -> PatientWishes | None:
    """Return what a patient wishes; None when nobody has asked."""
    return PatientWishes.objects.filter(patient=patient_id).first()


def wishes_by_patient(patient_ids: Collection[UUID]) -> dict[UUID, PatientWishes]:
    """Return the wishes of many patients in one query; who has none is left out."""
    rows = PatientWishes.objects.filter(patient__in=patient_ids)
    return {row.patient_id: row for row in rows}


def as_sought(row: PatientWishes | None) -> Wishes:
    """Return the wishes as a search takes them: nothing in particular when nobody has asked."""
    if row is None:
        return Wishes()
    return Wishes(
        weekdays=frozenset(row.weekdays), half=row.half, arrives_from=row.arrives_from,
        leaves_by=row.leaves_before,
    )  # fmt: skip


def notice_of(row: PatientWishes | None) -> timedelta:
    """Return how long before a visit the patient must know."""
    return USUAL_NOTICE if row is None else timedelta(hours=row.notice_hours)


def in_words(row: PatientWishes | None) -> tuple[str, ...]:
    """Return the wishes in short words, the notice last."""
    words = []
    if row is not None:
        words += [", ".join(str(WEEKDAYS_ABBR[day]) for day in sorted(row.weekdays))]
        words += [str(PatientWishes.Half(row.half).label).lower() if row.half else ""]
        words += [_companion(row.arrives_from, row.leaves_before)]
    return tuple(word for word in [*words, notice_words(notice_of(row))] if word)


def _companion(first: time | None, last: time | None) -> str:
    if first is None and last is None:
        return ""
    if last is None:
        return _("not before %s") % f"{first:%H:%M}"
    if first is None:
        return _("home by %s") % f"{last:%H:%M}"
    return _("from %(first)s, home by %(last)s") % {
        "first": f"{first:%H:%M}", "last": f"{last:%H:%M}",
    }  # fmt: skip
