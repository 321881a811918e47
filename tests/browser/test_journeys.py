"""One journey per role through the demo clinic, as that person would walk it."""

import json
import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.clinic import DemoClinic
from tests.browser.conftest import SignIn
from tests.browser.pages import BUSY_DAY, GAP_PATIENT, UNTREATED

pytestmark = pytest.mark.browser
NORTHSIDE = "/c/northside"


def card(page: Page, chair: int) -> object:
    return page.locator(".chair-card").filter(has_text=re.compile(rf"Chair\s*{chair}\b"))


def test_a_nurse_sees_somebody_arrive_and_confirms_a_rate(
    sign_in: SignIn, demo: DemoClinic
) -> None:
    visitor = sign_in("nurse", size="tablet")
    page = visitor.page
    page.goto(f"{demo.address}{NORTHSIDE}/board/")
    late = page.locator(".chair-card").filter(has_text="Not here yet")
    late.get_by_role("button", name=re.compile("Arrived")).click()
    expect(page.locator(".chair-card").filter(has_text="Not here yet")).to_have_count(0)

    overdue = page.locator(".chair-card").filter(has_text="Rate now 120")
    rate = overdue.get_by_role("link", name=re.compile("Rate now 120"))
    said = re.search(r": (?P<surname>\S+), Chair 2", rate.text_content() or "")
    assert said is not None, "the button names surname and chair"
    surname = said["surname"]
    rate.click()
    dialog = page.locator("dialog[open]")
    expect(dialog.get_by_role("heading")).to_contain_text(surname)
    confirm = re.compile(rf"Confirm 120.mL.h.*{surname}.*Chair 2", re.I)
    dialog.get_by_role("button", name=confirm).click()
    expect(page.locator(".chair-card").filter(has_text=surname)).to_contain_text("Step 3 of 5")


def test_a_scheduler_books_moves_and_cancels(sign_in: SignIn, demo: DemoClinic) -> None:
    page = sign_in("scheduler").page
    page.goto(f"{demo.address}{NORTHSIDE}/day/?view=list")
    page.goto(f"{demo.address}{NORTHSIDE}/due/")
    bookable = page.get_by_role("link", name=re.compile("^Find a slot"))
    row = page.get_by_role("row").filter(has=bookable).first  # the most urgent stands first
    who = row.locator(".identity__name").inner_text()
    row.get_by_role("link", name=re.compile("^Find a slot")).click()
    page.get_by_role("link", name="Choose a day and time yourself").click()
    page.get_by_label("Day").fill(demo.one(BUSY_DAY))  # the clinic is open on it
    page.get_by_role("button", name="Show times").click()
    page.get_by_role("radio").nth(3).check()
    page.get_by_role("button", name=re.compile("^Book ")).click()
    line = page.get_by_role("row").filter(has_text=who)
    expect(line).to_contain_text("Confirmed")

    line.get_by_label(re.compile("^More for")).click()
    line.get_by_role("link", name="Move").click()
    page.get_by_role("radio").nth(8).check()
    page.get_by_role("button", name=re.compile("^Move ")).click()
    expect(page.get_by_role("row").filter(has_text=who)).to_contain_text("Confirmed")

    line.get_by_label(re.compile("^More for")).click()
    line.get_by_role("link", name="Cancel the visit").click()
    page.get_by_role("button", name=re.compile("^Cancel the visit of")).click()
    page.get_by_label("Reason").fill("Telephoned: a cold")
    page.get_by_role("button", name=re.compile("^Cancel the visit of")).click()
    expect(page.get_by_role("row").filter(has_text=who)).to_have_count(0)
    page.goto(f"{demo.address}{NORTHSIDE}/due/")
    expect(page.get_by_role("row").filter(has_text=who)).to_have_count(1)


def test_a_prescriber_decides_after_a_gap_and_starts_a_course(
    sign_in: SignIn, demo: DemoClinic
) -> None:
    page = sign_in("prescriber").page
    page.goto(f"{demo.address}{NORTHSIDE}/patients/{demo.one(GAP_PATIENT)}/")
    page.get_by_role("link", name="Decide").click()
    day = demo.one("SELECT (now() + interval '20 days')::date::text")
    page.get_by_label("First infusion").fill(day)
    page.get_by_label("Reason").fill("Relapse free, restart with one dose")
    page.get_by_role("button", name=re.compile("^Restart")).click()
    expect(page.get_by_role("heading", name="Dose timeline")).to_be_visible()
    expect(page.get_by_text("Prolonged gap")).to_have_count(0)

    page.goto(f"{demo.address}{NORTHSIDE}/patients/{demo.one(UNTREATED)}/")
    page.get_by_role("link", name="Start a course").click()
    page.get_by_label("First infusion").fill(day)
    page.get_by_role("button", name=re.compile("^Start the course")).click()
    expect(page.get_by_role("row")).not_to_have_count(0)
    expect(page.locator(".timeline__mark")).not_to_have_count(0)


def test_a_pharmacist_reads_checks_bags_and_changes_nothing_else(
    sign_in: SignIn, demo: DemoClinic
) -> None:
    page = sign_in("pharmacist").page
    page.goto(f"{demo.address}{NORTHSIDE}/board/")
    expect(page.locator(".chair-card")).to_have_count(12)
    to_the_bag = '[href*="/before/"], [href*="/bag_check/"]'
    expect(page.locator(f".chair-card .button--chairside:not({to_the_bag})")).to_have_count(0)
    page.goto(f"{demo.address}{NORTHSIDE}/due/")
    expect(page.get_by_role("link", name=re.compile("^Book"))).to_have_count(0)


def test_a_manager_imports_a_file_and_sees_what_was_refused(
    sign_in: SignIn, demo: DemoClinic, tmp_path: Path
) -> None:
    visitor = sign_in("manager")
    page = visitor.page
    good = {
        "resourceType": "Patient", "id": "browser-1", "birthDate": "1980-05-06",
        "name": [{"family": "Æbelø", "given": ["Åse"]}],
        "identifier": [{"system": "urn:clinic", "value": "BR-1",
                        "type": {"coding": [{"code": "MR"}]}}],
    }  # fmt: skip
    file = tmp_path / "Patient.ndjson"
    file.write_text(json.dumps(good) + "\n{broken\n", encoding="utf-8")
    page.goto(f"{demo.address}{NORTHSIDE}/import/")
    page.locator("input[type=file]").set_input_files(file)
    page.get_by_role("button", name=re.compile("Import|Upload", re.I)).first.click()
    expect(page.get_by_text(re.compile("Patient.ndjson")).first).to_be_visible(timeout=60_000)
    expect(page.get_by_role("row").filter(has_text=re.compile(r"\b2\b")).first).to_be_visible(
        timeout=60_000
    )
    page.goto(f"{demo.address}{NORTHSIDE}/patients/")
    page.locator("#list-search").fill("aebelo")
    expect(page.get_by_text("ÆBELØ, Åse")).to_be_visible()


def test_an_auditor_sees_records_and_their_history_only(sign_in: SignIn, demo: DemoClinic) -> None:
    visitor = sign_in("auditor")
    page = visitor.page
    refused = page.goto(f"{demo.address}{NORTHSIDE}/board/")
    assert refused is not None
    assert refused.status == 403
    visitor.complaints.clear()  # the browser itself notes every 403
    page.goto(f"{demo.address}{NORTHSIDE}/patients/")
    page.locator(".identity__name a").first.click()
    page.get_by_role("link", name="Access and changes").click()
    expect(page.get_by_role("cell", name="record.read").first).to_be_visible()
