"""The admin: superusers only, every change on record, records and facts to be looked at only."""

from datetime import date
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.apps import apps
from django.contrib import admin
from django.test import Client
from django.urls import URLPattern, reverse

from clinics.models import ApiClient, Chair, Clinic, Closure, Membership, Role, User
from core.access import Audience, access_of
from core.admin_site import AuditedAdmin, RecordAdmin, SuperuserSite
from core.models import AuditEntry
from patients.models import Patient
from tests.api.builders import a_visit, make_booking, make_caller
from tests.architecture.test_routes import routes
from tests.architecture.tree import ROOMS
from tests.people import MONDAY_NINE, make_clinic, make_patient, make_user

OURS = [model for model in apps.get_models() if model._meta.app_label in ROOMS]
CHANGEABLE = {
    "Absence",
    "Clinic",
    "OpeningHours",
    "Closure",
    "HolidayOpening",
    "HeadCount",
    "Chair",
    "ChairOutage",
    "Shift",
    "User",
    "Membership",
    "ProductCode",
}


@pytest.fixture
def clinic(db: None) -> Clinic:
    return make_clinic()


@pytest.fixture
def root(clinic: Clinic) -> User:
    return User.objects.create_superuser(
        "root@clinic.example", "a long test password", full_name="Root"
    )


@pytest.fixture
def browser(root: User) -> Client:
    browser = Client()
    browser.force_login(root)
    return browser


def address(model: Any, page: str, *args: Any) -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{page}", args=args)


def test_every_model_is_there_and_no_other(db: None) -> None:
    assert isinstance(admin.site._wrapped, SuperuserSite)  # type: ignore[attr-defined]
    assert {model.__name__ for model in admin.site._registry} == {each.__name__ for each in OURS}


def test_what_happened_cannot_be_changed_here() -> None:
    for model, room in admin.site._registry.items():
        assert isinstance(room, AuditedAdmin), model
        assert isinstance(room, RecordAdmin) == (model.__name__ not in CHANGEABLE), model


def test_every_page_of_it_is_declared_for_superusers() -> None:
    found = [pattern for path, pattern in routes_of_admin() if path]
    assert len(found) > 100
    assert {access_of(pattern.callback).audience for pattern in found} == {Audience.SUPERUSER}  # type: ignore[union-attr]


def routes_of_admin() -> list[tuple[str, URLPattern]]:
    from django.urls import get_resolver  # noqa: PLC0415 - after the settings are there

    return [(path, each) for path, each in routes(get_resolver()) if path.startswith("admin/")]


@pytest.mark.parametrize("staff", [False, True])
def test_nobody_else_comes_in(clinic: Clinic, staff: bool) -> None:  # noqa: FBT001
    user = make_user(clinic, Role.MANAGER)
    User.objects.filter(pk=user.pk).update(is_staff=staff)
    browser = Client()
    browser.force_login(user)
    for page in ("index", "clinics_clinic_changelist", "patients_patient_changelist"):
        answer = browser.get(reverse(f"admin:{page}"), follow=True)
        assert answer.status_code == 403
    Membership.objects.all().delete()
    assert browser.post(address(Clinic, "add"), {}, follow=True).status_code == 403


def test_an_inactive_superuser_does_not_come_in(browser: Client, root: User) -> None:
    assert browser.get(reverse("admin:index")).status_code == 200
    User.objects.filter(pk=root.pk).update(is_active=False)
    assert browser.get(reverse("admin:index")).status_code == 302


def test_there_is_one_place_to_sign_in(db: None, browser: Client) -> None:
    answer = Client().get(reverse("admin:index"), follow=True)
    assert [urlsplit(where).path for where, _ in answer.redirect_chain][-1] == "/accounts/login/"
    assert "next=" in answer.redirect_chain[-1][0]
    assert b"username" not in Client().post(reverse("admin:login"), {"username": "x"}).content
    assert browser.get(reverse("admin:login"))["Location"] == reverse("admin:index")


@pytest.mark.parametrize("model", OURS, ids=lambda model: model.__name__)
def test_every_list_opens(clinic: Clinic, browser: Client, model: Any) -> None:
    booking = make_booking(
        a_visit(clinic, date(2026, 3, 9)), MONDAY_NINE, chair=Chair.objects.all()[0]
    )
    assert booking.pk
    assert browser.get(address(model, "changelist")).status_code == 200
    row = model._default_manager.first()
    if row is not None:
        assert browser.get(address(model, "change", row.pk)).status_code == 200


@pytest.mark.parametrize("model", OURS, ids=lambda model: model.__name__)
def test_records_take_no_change(clinic: Clinic, browser: Client, model: Any) -> None:
    if model.__name__ in CHANGEABLE:
        assert browser.get(address(model, "add")).status_code == 200
        return
    assert browser.get(address(model, "add")).status_code == 403
    patient = make_patient(clinic)
    if model is Patient:
        for page in ("change", "delete"):
            sent = {"family_name": "Changed", "post": "yes"}
            answer = browser.post(address(Patient, page, patient.pk), sent)
            assert answer.status_code == 403
        assert Patient.objects.get().family_name == "Doe"


def test_adding_changing_and_removing_are_recorded(
    clinic: Clinic, browser: Client, root: User
) -> None:
    form = {"clinic": str(clinic.pk), "date": "2026-12-24", "reason": "Holiday"}
    browser.post(address(Closure, "add"), form)
    closure = Closure.objects.get()
    browser.post(address(Closure, "change", closure.pk), {**form, "reason": "Flood"})
    browser.post(address(Closure, "delete", closure.pk), {"post": "yes"})
    assert Closure.objects.count() == 0
    entries = AuditEntry.objects.order_by("id")
    assert [entry.action for entry in entries] == ["admin.added", "admin.changed", "admin.removed"]
    assert {(entry.user_id, entry.clinic_id, entry.subject_id) for entry in entries} == {
        (root.pk, clinic.pk, closure.pk)
    }
    assert entries[1].details == {"changes": [{"changed": {"fields": ["Reason"]}}]}
    assert "Flood" not in str([entry.details for entry in entries])


def test_removing_several_at_once_is_recorded_one_by_one(clinic: Clinic, browser: Client) -> None:
    days = [
        Closure.objects.create(clinic=clinic, date=date(2026, 12, n), reason="x") for n in (24, 25)
    ]
    picked = {"action": "delete_selected", "_selected_action": [str(day.pk) for day in days]}
    browser.post(address(Closure, "changelist"), {**picked, "post": "yes"})
    removed = AuditEntry.objects.filter(action="admin.removed").values_list("subject_id", flat=True)
    assert set(removed) == {day.pk for day in days}


def test_a_change_that_fails_leaves_no_entry(clinic: Clinic, browser: Client) -> None:
    answer = browser.post(address(Closure, "add"), {"clinic": str(clinic.pk), "date": "soon"})
    assert answer.status_code == 200
    assert AuditEntry.objects.count() == 0


def test_looking_at_a_patient_is_recorded(clinic: Clinic, browser: Client, root: User) -> None:
    patient, other = make_patient(clinic, "A"), make_patient(clinic, "B")
    browser.get(address(Patient, "changelist"))
    browser.get(address(Patient, "change", patient.pk))
    listed, read = AuditEntry.objects.order_by("id")
    assert listed.details["patients"] == sorted([str(patient.pk), str(other.pk)])
    assert (read.action, read.patient_id, read.user_id) == ("record.read", patient.pk, root.pk)


def test_a_person_is_made_with_a_role_and_can_sign_in(clinic: Clinic, browser: Client) -> None:
    browser.post(
        address(User, "add"),
        {
            "email": "new@clinic.example", "full_name": "New Person", "usable_password": "true",
            "password1": "an uncommon phrase", "password2": "an uncommon phrase",
            "memberships-TOTAL_FORMS": "0", "memberships-INITIAL_FORMS": "0",
        },
    )  # fmt: skip
    person = User.objects.get(email="new@clinic.example")
    assert person.check_password("an uncommon phrase")
    assert not person.is_staff
    browser.post(address(Membership, "add"), {
        "user": str(person.pk), "clinic": str(clinic.pk), "role": "nurse",
    })  # fmt: skip
    assert Membership.objects.get(user=person).role == "nurse"
    assert AuditEntry.objects.filter(action="admin.added").count() == 2


def test_a_password_changed_here_is_recorded_without_it(clinic: Clinic, browser: Client) -> None:
    person = make_user(clinic)
    page = reverse("admin:auth_user_password_change", args=[person.pk])
    new = "another uncommon phrase"
    browser.post(page, {"usable_password": "true", "password1": new, "password2": new})
    person.refresh_from_db()
    assert person.check_password(new)
    [entry] = AuditEntry.objects.filter(action="admin.changed")
    assert new not in str(entry.details)


def test_a_token_is_never_shown(clinic: Clinic, browser: Client) -> None:
    row = make_caller(clinic).row
    page = browser.get(address(ApiClient, "change", row.pk)).content.decode()
    assert row.name in page
    assert row.secret_sha256 not in page


def test_its_pages_keep_to_the_policy(clinic: Clinic, browser: Client) -> None:
    answer = browser.get(address(Chair, "changelist"))
    assert "unsafe" not in answer["Content-Security-Policy"]
    assert answer["Cache-Control"] == "no-store" or "no-store" in answer["Cache-Control"]
