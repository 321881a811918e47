"""The page of what is told to whom: tabs, paging, acknowledging, the export, the demo's letters."""

import csv
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.core import mail
from django.test import Client, override_settings
from pytest_django import DjangoAssertNumQueries

from clinics.models import Clinic, Role
from core.errors import Invalid
from core.models import AuditEntry
from reminders import selectors
from reminders.models import Heartbeat, Reminder
from reminders.selectors import page_of
from reminders.sweep import sweep
from reminders.web import views
from tests.people import make_actor, make_clinic, make_user
from tests.reminders.builders import DAY, HOUR, MINUTE, NOW, make_reachable, plan

pytestmark = pytest.mark.django_db
S = Reminder.State


@pytest.fixture
def north() -> Clinic:
    return make_clinic("north")


@pytest.fixture
def nurse(north: Clinic, client: Client) -> Client:
    client.force_login(make_user(north, Role.NURSE))
    return client


def set_state(row: Reminder, state: str, **changes: Any) -> Reminder:
    Reminder.objects.filter(pk=row.pk).update(state=state, settled_at=NOW, **changes)
    return row


def text_of(response: Any) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", response.content.decode()))


def test_a_row_says_what_when_to_whom_and_about_whom(nurse: Client, north: Clinic) -> None:
    patient = make_reachable(north)
    plan(north, patient=patient)
    text = text_of(nurse.get("/c/north/reminders/?tab=waiting"))
    assert "02-Mar-2026 10:00" in text  # 09:00 UTC on Berlin's wall
    assert "A test.plain" in text
    assert "Patient by e-mail" in text
    assert "DOE, Jane" in text
    assert "04-Mar-1988" in text
    assert "MRN-1" in text
    assert "Waiting 1" in text


@pytest.mark.parametrize(
    ("state", "tab"),
    [(S.SENT, "sent"), (S.FAILED, "failed"), (S.EXPIRED, "expired"), (S.VOID, "void")],
)
def test_a_tab_holds_its_states_and_counts_them(
    nurse: Client, north: Clinic, state: str, tab: str
) -> None:
    set_state(plan(north), state, last_problem="the reason for it")
    plan(north, kind="test.untrue")
    text = text_of(nurse.get(f"/c/north/reminders/?tab={tab}"))
    assert "A test.plain the reason for it" in text
    assert text.count("on screen") == 1  # one row, its tab says "On screen"
    assert f"{views.TAB_LABELS[tab]} 1" in text


@pytest.mark.parametrize("tab", views.TAB_LABELS)
def test_an_empty_tab_says_so_in_words(nurse: Client, tab: str) -> None:
    response = nurse.get(f"/c/north/reminders/?tab={tab}")
    assert b'class="empty"' in response.content
    assert b"<table" not in response.content


def test_another_clinics_reminders_are_nowhere(nurse: Client) -> None:
    south = make_clinic("south")
    row = set_state(plan(south, patient=make_reachable(south)), S.SENT)
    plan(south, patient=make_reachable(south, "MRN-2"))
    for tab in views.TAB_LABELS:
        assert b"MRN-" not in nurse.get(f"/c/north/reminders/?tab={tab}").content
        assert b"MRN-" not in nurse.get(f"/c/north/reminders/list.csv?tab={tab}").content
    assert nurse.get("/c/south/reminders/").status_code == 404
    assert nurse.post(f"/c/north/reminders/{row.pk}/seen").status_code == 404
    assert nurse.post(f"/c/north/reminders/{uuid4()}/seen").status_code == 404


def test_who_may_not_see_reminders_is_refused(north: Clinic, client: Client) -> None:
    client.force_login(make_user(north, Role.PHARMACIST))
    for path in ("", "list.csv", "letters/"):
        assert client.get(f"/c/north/reminders/{path}").status_code == 403


def test_a_manager_may_look_but_not_acknowledge(north: Clinic, client: Client) -> None:
    client.force_login(make_user(north, Role.MANAGER))
    row = set_state(plan(north), S.SENT)
    page = client.get("/c/north/reminders/?tab=sent")
    assert b">Seen<" not in page.content
    assert client.post(f"/c/north/reminders/{row.pk}/seen").status_code == 403


@pytest.mark.parametrize("rows", [1, 12])
def test_the_page_costs_the_same_for_few_and_for_many(
    nurse: Client, north: Clinic, rows: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for n in range(rows):
        plan(north, patient=make_reachable(north, f"MRN-{n}"))
    nurse.get("/c/north/reminders/?tab=waiting")  # the session's own bookkeeping
    with django_assert_num_queries(11):  # session, user, standing, rows and audit, 6 tabs, sweep
        nurse.get("/c/north/reminders/?tab=waiting")


def test_looking_at_the_list_is_recorded(nurse: Client, north: Clinic) -> None:
    patient = make_reachable(north)
    plan(north, patient=patient)
    nurse.get("/c/north/reminders/?tab=waiting")
    [entry] = AuditEntry.objects.filter(action="records.listed")
    assert entry.details == {"page": "reminders", "patients": [str(patient.pk)]}


@pytest.mark.parametrize(
    ("tab", "state"), [("waiting", S.PENDING), ("screen", S.SENT), ("sent", S.SENT)]
)
def test_pages_follow_each_other_without_gap_or_repeat(north: Clinic, tab: str, state: str) -> None:
    actor = make_actor(north, Role.NURSE)
    due = [NOW, NOW, NOW, NOW + HOUR, NOW + 2 * HOUR, NOW + MINUTE / 60_000]
    rows = {set_state(plan(north, due_at=at, void_after=NOW + DAY), state).pk for at in due}
    seen: list[selectors.Listed] = []
    cursor = ""
    while True:
        page = page_of(actor, tab=tab, after=cursor, limit=2, now=NOW)
        seen += page.rows
        if not (cursor := page.following):
            break
    assert len(seen) == len(rows)
    assert {row.id for row in seen} == rows
    times = [row.due_at for row in seen]
    assert times == sorted(times, reverse=tab == "sent")


def test_the_next_page_is_a_link(
    nurse: Client, north: Clinic, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(views, "PAGE_ROWS", 1)
    plan(north)
    plan(north, kind="test.untrue", due_at=NOW + HOUR)
    first = nurse.get("/c/north/reminders/?tab=waiting")
    assert "A test.untrue on" not in text_of(first)
    link = re.search(
        r'href="(/c/north/reminders/\?tab=waiting&amp;after=[^"]+)"', first.content.decode()
    )
    assert link
    second = nurse.get(link.group(1).replace("&amp;", "&"))
    assert text_of(second).count("on screen") == 1
    assert b'rel="next"' not in second.content


@pytest.mark.parametrize("query", ["tab=nonsense", "tab=", "after=x", "after=20260302T090000~zz"])
def test_an_address_that_makes_no_sense_is_refused_in_words(nurse: Client, query: str) -> None:
    assert nurse.get(f"/c/north/reminders/?{query}").status_code == 422


def test_a_broken_cursor_is_named(north: Clinic) -> None:
    with pytest.raises(Invalid, match="does not exist"):
        page_of(make_actor(north, Role.NURSE), tab="sent", after="~", limit=2, now=NOW)


def test_one_kind_can_be_chosen(nurse: Client, north: Clinic) -> None:
    plan(north)
    plan(north, kind="test.untrue")
    page = nurse.get("/c/north/reminders/?tab=waiting&kind=test.untrue")
    assert text_of(page).count("on screen") == 1
    assert "None of this kind" in text_of(
        nurse.get("/c/north/reminders/?tab=waiting&kind=monitoring.over")
    )


def test_counting_stops_at_a_thousand(
    nurse: Client, north: Clinic, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(selectors, "COUNTED", 3)
    for _ in range(4):
        plan(north)
    assert "Waiting 2+" in text_of(nurse.get("/c/north/reminders/?tab=waiting"))


def test_a_nurse_acknowledges_once_and_the_first_one_stays(nurse: Client, north: Clinic) -> None:
    row = set_state(plan(north), S.SENT)
    page = nurse.get("/c/north/reminders/")  # the first tab is what is to be seen
    assert f"/c/north/reminders/{row.pk}/seen" in page.content.decode()
    assert nurse.post(f"/c/north/reminders/{row.pk}/seen").status_code == 302
    row.refresh_from_db()
    first = row.seen_at
    assert first
    assert row.seen_by
    assert row.seen_by.email == "nurse@north.example"
    nurse.post(f"/c/north/reminders/{row.pk}/seen")
    row.refresh_from_db()
    assert row.seen_at == first
    assert AuditEntry.objects.filter(action="reminder.seen", subject_id=row.pk).count() == 1
    assert str(row.pk) not in nurse.get("/c/north/reminders/").content.decode()
    again = nurse.get("/c/north/reminders/?tab=sent")
    assert f"/{row.pk}/seen" not in again.content.decode()
    assert "Seen" in text_of(again)


@pytest.mark.parametrize("state", [S.PENDING, S.VOID])
def test_only_what_is_on_the_screen_can_be_acknowledged(
    nurse: Client, north: Clinic, state: str
) -> None:
    row = set_state(plan(north), state)
    assert nurse.post(f"/c/north/reminders/{row.pk}/seen").status_code == 409
    row.refresh_from_db()
    assert row.seen_at is None


def test_a_letter_cannot_be_acknowledged(nurse: Client, north: Clinic) -> None:
    row = set_state(plan(north, patient=make_reachable(north)), S.SENT)
    assert nurse.post(f"/c/north/reminders/{row.pk}/seen").status_code == 409


def test_acknowledging_takes_a_post(nurse: Client, north: Clinic) -> None:
    row = set_state(plan(north), S.SENT)
    assert nurse.get(f"/c/north/reminders/{row.pk}/seen").status_code == 405


def test_the_export_names_nobody_and_starts_no_formula(nurse: Client, north: Clinic) -> None:
    patient = make_reachable(north, "=HYPERLINK(1)")
    set_state(plan(north, patient=patient), S.FAILED, last_problem="+49 refused")
    response = nurse.get("/c/north/reminders/list.csv?tab=failed")
    heading, line = csv.reader(response.content.decode().splitlines())
    row = dict(zip(heading, line, strict=True))
    assert row["due"] == "2026-03-02T10:00:00+01:00"
    assert row["patient record number"] == "'=HYPERLINK(1)"
    assert row["problem"] == "'+49 refused"
    assert b"Doe" not in response.content
    assert response["Content-Disposition"] == 'attachment; filename="reminders-failed.csv"'
    assert response["Cache-Control"] == "no-store"


def test_held_reminders_and_the_last_sweep_are_said(nurse: Client, north: Clinic) -> None:
    assert "No sweep yet" in text_of(nurse.get("/c/north/reminders/?tab=waiting"))
    Clinic.objects.update(reminders_held=True)
    Heartbeat.objects.create(driver="loop", beat_at=NOW)
    text = text_of(nurse.get("/c/north/reminders/?tab=waiting"))
    assert "Reminders are held" in text
    assert "Last sweep 02-Mar-2026 10:00" in text


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    with override_settings(
        EMAIL_BACKEND="django.core.mail.backends.filebased.EmailBackend",
        EMAIL_FILE_PATH=str(tmp_path),
    ):
        yield tmp_path


def test_the_demonstration_shows_its_own_letters_only(
    nurse: Client, north: Clinic, folder: Path
) -> None:
    south = make_clinic("south", telephone="+44 20 1")
    for clinic, mrn in ((north, "MRN-1"), (north, "MRN-2"), (south, "MRN-3")):
        plan(clinic, patient=make_reachable(clinic, mrn))
    sweep(driver="test", clock=lambda: NOW)
    assert list(folder.glob("*.log"))
    text = text_of(nurse.get("/c/north/reminders/letters/"))
    assert text.count("we would like to see you.") == 2
    assert "mrn-1@post.example" in text
    assert "mrn-2@post.example" in text
    assert "mrn-3@post.example" not in text
    assert "South" not in text


def test_what_lies_in_the_folder_is_not_believed(
    nurse: Client, north: Clinic, folder: Path, tmp_path: Path
) -> None:
    plan(north, patient=make_reachable(north))
    sweep(driver="test", clock=lambda: NOW)
    [real] = folder.glob("*.log")
    (folder / "forged.log").write_text("Subject: Forged\nMessage-ID: <x@y>\n\nforged words\n")
    (folder / "broken.log").write_bytes(b"\xff\xfe\x00" * 100)
    outside = tmp_path.parent / "outside.txt"
    outside.write_text(real.read_text().replace("Your visit at North", "From outside"))
    (folder / "zz.log").symlink_to(outside)
    (folder / "large.log").write_text(real.read_text().replace("Your", "Large") + "x" * 1_000_001)
    text = text_of(nurse.get("/c/north/reminders/letters/"))
    assert "Your visit at North" in text
    for word in ("forged", "outside", "Large"):
        assert word not in text


def test_letters_cannot_bring_markup(nurse: Client, north: Clinic, folder: Path) -> None:
    Clinic.objects.filter(pk=north.pk).update(telephone="<b>1</b>")
    north.refresh_from_db()
    plan(north, patient=make_reachable(north))
    sweep(driver="test", clock=lambda: NOW)
    assert b"&lt;b&gt;1&lt;/b&gt;" in nurse.get("/c/north/reminders/letters/").content


def test_where_mail_is_really_sent_there_are_no_letters_to_show(
    nurse: Client, north: Clinic, folder: Path
) -> None:
    plan(north, patient=make_reachable(north))
    sweep(driver="test", clock=lambda: NOW)
    with override_settings(DEMO=False):
        assert "No letters yet" in text_of(nurse.get("/c/north/reminders/letters/"))
        assert b"Letters written" not in nurse.get("/c/north/reminders/?tab=waiting").content
    assert mail.outbox == []
