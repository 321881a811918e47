"""The record of an infusion in words: what the page, the paper and the PDF show alike."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from django.utils.functional import Promise

from core import display
from infusion import rate_chart, segments
from infusion.checklist import Answers, Question
from infusion.models import InfusionEvent
from infusion.selectors_record import WholeRecord
from infusion.vitals import RANGES
from infusion.web.entries import details, line
from infusion.web.forms.checklist import ANSWERS, NOT_APPLICABLE, QUESTIONS
from infusion.web.prepared import lines_of
from infusion.web.vital_times import schedule_words
from infusion.web.words import on_the_wall

Kind = InfusionEvent.Kind
Words = str | Promise


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One charted fact in a table: when, what it says, by whom."""

    at: datetime
    cells: tuple[Words, ...]
    by: str


def context_of(found: WholeRecord) -> dict[str, Any]:
    """Return what the record's templates show."""
    zone = ZoneInfo(found.clinic.time_zone)
    started = found.last(Kind.STARTED)
    return {
        "record": found,
        "patient": found.patient,
        "now": found.now,
        "chart": rate_chart.draw(found.plan, found.run, zone),
        "rows": segments.ran(found.run),
        "volume_in": segments.tenth_of_ml(found.run.volume_in_ml) if found.run else None,
        "charted_volume": _charted_volume(found),
        "answers": _answers(found.done.checklist),
        "prepared": [
            (Kind(event.kind).label, lines_of(event), event)
            for event in (found.done.access, found.done.bag, found.done.check)
            if event is not None
        ],
        "medicines": [_row(each, [details(each)]) for each in found.all_of(Kind.PREMEDICATION)],
        "vital_times": schedule_words(found.protocol),
        "vital_signs": [sign.label for sign in RANGES.values()],
        "vital_rows": [_row(each, _signs(each)) for each in found.all_of(Kind.VITALS)],
        "reactions": [_row(each, [details(each)]) for each in found.all_of(Kind.REACTION)],
        "resolved": found.all_of(Kind.SYMPTOMS_RESOLVED),
        "identified": bool(started and started.values.get("two_identifiers_checked")),
        "started_by": started.recorded_by.full_name if started else "",
        "start_findings": started.values.get("findings", []) if started else [],
        "warnings": [on_the_wall(item.words) for item in found.run.warnings] if found.run else [],
        "people": people(found.standing),
        "log": [line(entry) for entry in found.log],
    }


def _row(event: InfusionEvent, cells: Iterable[Words]) -> Row:
    return Row(at=event.occurred_at, cells=tuple(cells), by=event.recorded_by.full_name)


def _charted_volume(found: WholeRecord) -> Decimal | None:
    """Return what the nurse charted as given, in mL; None before the end."""
    end = found.last(Kind.COMPLETED) or found.last(Kind.STOPPED)
    return None if end is None else Decimal(end.values["volume_ml"])


def _answers(event: InfusionEvent | None) -> list[tuple[Words, Words, str]]:
    if event is None:
        return []
    said = Answers.read(event.values)
    words: Mapping[str, Words] = dict([*ANSWERS, *NOT_APPLICABLE])
    return [
        (QUESTIONS[each], words[said.answers[each].value], said.notes.get(each, ""))
        for each in Question  # the database keeps an object's names in an order of its own
        if each in said.answers
    ]


def _signs(event: InfusionEvent) -> list[str]:
    return [
        display.quantity(Decimal(event.values[name]), sign.unit) if name in event.values else ""
        for name, sign in RANGES.items()
    ]


def people(events: Iterable[InfusionEvent]) -> list[tuple[str, list[Words]]]:
    """Return who charted what of the record as it stands, in the order of their first entry."""
    # By person, not by name: two people may have one name.
    found: dict[object, tuple[str, dict[Words, None]]] = {}
    for event in events:
        person = event.recorded_by
        kinds = found.setdefault(person.pk, (person.full_name, {}))[1]
        kinds[Kind(event.kind).label] = None
    return [(name, list(kinds)) for name, kinds in found.values()]
