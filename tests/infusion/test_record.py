"""The record of an infusion: complete, corrected in the open, the same on page, paper and file."""

import io
import json
import re
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from pypdf import PdfReader
from pytest_django import DjangoAssertNumQueries

from clinical.model import ReactionSeverity
from clinics.models import Clinic, Role
from core import pdf
from core.actor import Actor
from core.errors import Unavailable
from core.models import AuditEntry
from infusion import segments
from infusion.models import Infusion, InfusionEvent
from infusion.selectors_record import whole_record
from infusion.services.amending import amend_event
from infusion.services.reacting import Assessment, chart_reaction, chart_symptoms_resolved
from infusion.services.running import change_rate, chart_vitals, pause, resume
from infusion.web.forms.checklist import QUESTIONS
from infusion.web.record_parts import people
from scheduling.models import Visit
from tests.infusion.builders import at, complete, running, seat
from tests.infusion.pages import Tablet
from tests.people import make_clinic, make_user


def given(infusion: Infusion, nurse: Actor) -> None:
    """An infusion from half past nine: a reaction, a pause, a late entry and a correction."""

    def tap(minute: float, *, charted: float | None = None) -> dict[str, Any]:
        return {
            "infusion_id": infusion.pk, "event_id": uuid4(), "occurred_at": at(minute),
            "actor": nurse, "now": at(charted if charted is not None else minute),
        }  # fmt: skip

    change_rate(rate_ml_h=Decimal(80), **tap(60))
    sight = Assessment(severity=ReactionSeverity.MILD_MODERATE, grade=1, signs=("rash",))
    chart_reaction(assessment=sight, **tap(70))
    change_rate(rate_ml_h=Decimal(40), **tap(71))
    chart_symptoms_resolved(**tap(90))
    pause(reason="toilet", **tap(100))
    resume(rate_ml_h=Decimal(40), reason="back", **tap(110))
    chart_vitals(vitals={"heart_rate": 88}, **tap(112, charted=130))


@pytest.fixture
def visit(clinic: Clinic, nurse: Actor) -> Visit:
    """A visit whose infusion is over; nearly all of the bag was given."""
    seated = seat(clinic, patient={"family_name": "Öztürk-Ångström", "given_names": "Zoë"})
    infusion = running(seated, nurse)
    given(infusion, nurse)
    complete(infusion, nurse, minute=400, volume_ml=Decimal(480), reason="line clotted")
    return seated


@pytest.fixture
def tablet(clinic: Clinic, nurse: Actor) -> Tablet:
    return Tablet.of(clinic, nurse)


def words(html: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", html).replace("\u00a0", " ").split())


def pages_of(answer: Any) -> list[str]:
    reader = PdfReader(io.BytesIO(answer.content))
    return [" ".join(page.extract_text().split()) for page in reader.pages]


def test_the_page_says_everything_that_was_charted(tablet: Tablet, visit: Visit) -> None:
    text = words(tablet.get(480, "infusion_record", visit.pk).content.decode())
    for said in (
        "Start 10:30", "Stop 16:40", "480 mL", "DOSE 600 mg", "lot B7001", "Cannula 22 G",
        "Any infection now", "methylprednisolone 100 mg, IV",
        "Two identifiers checked", "Mild to moderate, grade 1, Rash", "Symptoms resolved",
        "toilet", "line clotted", "Late entry", "120 mmHg", "88 /min", "Independent second check",
    ):  # fmt: skip
        assert said in text, said


def test_segments_are_one_row_per_constant_rate(nurse: Actor, visit: Visit) -> None:
    found = whole_record(visit.pk, nurse, at(480))
    rows = [(row.begins_at, row.ends_at, int(row.rate_ml_h)) for row in segments.ran(found.run)]
    assert rows == [
        (at(30), at(60), 40), (at(60), at(71), 80), (at(71), at(100), 40),
        (at(100), at(110), 0), (at(110), at(400), 40),
    ]  # fmt: skip


def test_an_amendment_shows_both_and_who_made_it(
    tablet: Tablet, nurse: Actor, visit: Visit
) -> None:
    entry = InfusionEvent.objects.get(infusion__visit=visit, kind="rate_changed",
                                      occurred_at=at(60))  # fmt: skip
    amend_event(
        event_id=uuid4(), amends=entry.pk, reason="read the wrong pump",
        occurred_at=at(62), actor=nurse, now=at(475),
    )  # fmt: skip
    html = tablet.get(480, "infusion_record", visit.pk).content.decode()
    assert "<s>80\u00a0mL/h</s>" in html
    assert "read the wrong pump" in html
    assert "corrected by a later entry" in html
    rows = re.findall(r'class="num nowrap">02-Mar-2026 (\d\d:\d\d)', html)
    assert "11:00" in rows
    assert "11:02" in rows


def test_every_reading_is_recorded_by_what_was_opened(tablet: Tablet, visit: Visit) -> None:
    for name in ("infusion_record", "infusion_record_pdf", "infusion_record_json"):
        assert tablet.get(480, name, visit.pk).status_code == 200
    entries = AuditEntry.objects.filter(action="record.read", patient_id=visit.patient_id)
    assert [entry.details["page"] for entry in entries.order_by("id")] == [
        "infusion record", "infusion record pdf", "infusion record json",
    ]  # fmt: skip


def test_the_record_is_for_this_clinic_and_its_auditor(
    tablet: Tablet, clinic: Clinic, visit: Visit
) -> None:
    auditor = Tablet(clinic, make_user(clinic, Role.AUDITOR))
    assert auditor.get(480, "infusion_record", visit.pk).status_code == 200
    stranger = seat(make_clinic("south"), mrn="MRN-9")
    assert tablet.get(480, "infusion_record", stranger.pk).status_code == 404


def test_a_visit_of_which_nothing_is_charted_has_no_record(tablet: Tablet, clinic: Clinic) -> None:
    assert tablet.get(5, "infusion_record", seat(clinic).pk).status_code == 404


def test_an_infusion_that_runs_has_no_stop_and_no_billed_hours(
    tablet: Tablet, clinic: Clinic, nurse: Actor
) -> None:
    visit = seat(clinic)
    running(visit, nurse)
    text = words(tablet.get(600, "infusion_record", visit.pk).content.decode())
    assert "No stop charted" in text
    assert "no hours are counted" in text
    found = tablet.get(600, "infusion_record_json", visit.pk).json()
    assert (found["ended_at"], found["billing"]["infusion_minutes"]) == (None, None)


def test_two_people_of_one_name_stay_two(nurse: Actor, visit: Visit) -> None:
    """The colleague who checked the bag has the first nurse's name."""
    who = people(whole_record(visit.pk, nurse, at(480)).standing)
    assert [name for name, _ in who] == ["Nurse", "Nurse"]
    assert ["independent second check"] in [kinds for _, kinds in who]


@pytest.mark.skipif(not pdf.available(), reason="WeasyPrint's libraries are not installed")
class TestPdf:
    """Read back as a PDF reader reads it."""

    def test_identity_and_page_number_stand_on_every_page(
        self, tablet: Tablet, visit: Visit
    ) -> None:
        pages = pages_of(tablet.get(480, "infusion_record_pdf", visit.pk))
        assert len(pages) >= 2
        for number, text in enumerate(pages, start=1):
            assert "ÖZTÜRK-ÅNGSTRÖM, Zoë" in text
            assert "04-Mar-1988" in text
            assert "MRN MRN-1" in text
            assert f"Page {number} of {len(pages)}" in text

    def test_it_says_what_the_page_says(self, tablet: Tablet, visit: Visit) -> None:
        text = " ".join(pages_of(tablet.get(480, "infusion_record_pdf", visit.pk)))
        for said in ("480 mL", "lot B7001", "Mild to moderate", "line clotted", "16:40"):
            assert said in text, said

    def test_it_is_tagged_for_screen_readers_and_names_nobody_in_its_title(
        self, tablet: Tablet, visit: Visit
    ) -> None:
        answer = tablet.get(480, "infusion_record_pdf", visit.pk)
        reader = PdfReader(io.BytesIO(answer.content))
        root: Any = reader.trailer["/Root"]
        assert root["/MarkInfo"]["/Marked"]
        assert root["/Lang"] == "en-gb"
        assert b"pdfuaid" in root["/Metadata"].get_object().get_data()
        assert reader.metadata is not None
        assert reader.metadata.title == "Infusion record"
        assert answer["Content-Type"] == "application/pdf"
        assert "zt" not in answer["Content-Disposition"]
        assert answer["Cache-Control"] == "no-store"

    def test_nothing_but_static_files_can_be_reached(self) -> None:
        for address in ("https://example.org/x.css", "file:///etc/passwd", "http://127.0.0.1/"):
            with pytest.raises(BaseException, match="not a static file"):
                pdf.pdf_of(f'<html lang="en"><link rel="stylesheet" href="{address}"></html>')

    def test_it_is_made_outside_of_any_transaction(
        self, tablet: Tablet, visit: Visit, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        inside: list[bool] = []
        library = pdf._library

        def watched() -> Any:
            blocks = connection.atomic_blocks
            inside.append(any(not getattr(block, "_from_testcase", False) for block in blocks))
            return library()

        monkeypatch.setattr(pdf, "_library", watched)
        assert tablet.get(480, "infusion_record_pdf", visit.pk).status_code == 200
        assert inside == [False]

    def test_without_its_libraries_the_answer_says_to_print(
        self, tablet: Tablet, visit: Visit, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def missing() -> Any:
            raise Unavailable(pdf.MISSING)

        monkeypatch.setattr(pdf, "_library", missing)
        answer = tablet.get(480, "infusion_record_pdf", visit.pk)
        assert answer.status_code == 503
        assert "Print the page instead" in answer.content.decode()
        assert tablet.get(480, "infusion_record", visit.pk).status_code == 200


def test_json_holds_every_entry_with_what_became_of_it(tablet: Tablet, visit: Visit) -> None:
    found = json.loads(tablet.get(480, "infusion_record_json", visit.pk).content)
    assert found["billing"]["infusion_minutes"] == 360
    assert found["billing"]["pause_minutes"] == 10
    assert [row["rate_ml_h"] for row in found["segments"]] == ["40", "80", "40", "0", "40"]
    assert len(found["entries"]) == InfusionEvent.objects.filter(infusion__visit=visit).count()
    late = [entry for entry in found["entries"] if entry["late"]]
    assert [entry["kind"] for entry in late] == ["vitals"]


def test_a_long_record_costs_no_more_queries_than_a_short_one(
    clinic: Clinic, nurse: Actor, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    visit = seat(clinic)
    infusion = running(visit, nurse)
    with django_assert_num_queries(4):
        whole_record(visit.pk, nurse, at(60))
    given(infusion, nurse)
    with django_assert_num_queries(4):
        whole_record(visit.pk, nurse, at(200))


def test_the_questions_stand_in_the_order_they_were_asked(tablet: Tablet, visit: Visit) -> None:
    """The database keeps an object's names in an order of its own."""
    text = words(tablet.get(480, "infusion_record", visit.pk).content.decode())
    asked = [text.index(str(said)) for said in QUESTIONS.values()]
    assert asked == sorted(asked)
