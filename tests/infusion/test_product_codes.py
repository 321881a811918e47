"""Product numbers: the clinic's own list, an unknown one read by eye, another product's blocked."""

from datetime import date
from typing import Any
from uuid import uuid4

import pytest
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse

from clinics.models import Clinic, Role
from core.actor import Actor
from core.errors import Invalid, RuleBroken
from core.models import AuditEntry
from infusion.bag import Vial
from infusion.models import InfusionEvent, ProductCode
from infusion.readying import before_start
from scheduling.models import Visit
from tests.infusion.builders import at, bag_at_chair, premedicate, prepare, seat, start
from tests.infusion.pages import Tablet
from tests.infusion.test_preparing_forms import BAG, CODE, GTIN, said, words_of
from tests.people import make_clinic, make_user

ANOTHER = "00000000000017"
SCANNED = {**BAG, "vial_1_scan": CODE, "vial_1_lot": "", "vial_1_expires": ""}
VIALS = tuple(Vial(lot="B7001", expires_on=date(2027, 6, 30), gtin=GTIN) for _ in range(2))


@pytest.fixture
def visit(clinic: Clinic) -> Visit:
    return seat(clinic)


@pytest.fixture
def tablet(clinic: Clinic, nurse: Actor) -> Tablet:
    return Tablet.of(clinic, nurse)


def listed(clinic: Clinic, product: str = "concentrate", **changes: Any) -> ProductCode:
    pharmacist = make_user(clinic, Role.PHARMACIST, email=f"pharmacy@{clinic.slug}.example")
    fields: dict[str, Any] = {
        "clinic": clinic, "gtin": GTIN, "product": product, "name": "As on the test's pack",
        "verified_by": pharmacist, "verified_at": at(-1000),
    }  # fmt: skip
    return ProductCode.objects.create(**(fields | changes))


def test_an_unknown_code_says_so_and_asks_to_read_the_vial(tablet: Tablet, visit: Visit) -> None:
    first = words_of(tablet.get(50, "chair_act", visit.pk, "bag"))
    assert "I read the vial itself" not in first, "asked only when a code is unknown"
    refused = tablet.act(50, visit.pk, "bag", **SCANNED)
    assert refused.status_code == 422
    text = words_of(refused)
    assert "Unknown code on vial 1: check the vial." in text
    assert "I read the vial itself: name, strength and route" in text
    assert CODE in text, "nothing that was typed is lost"
    assert not InfusionEvent.objects.filter(kind="bag").exists()
    answer = tablet.act(51, visit.pk, "bag", codes_checked="on", **SCANNED)
    assert answer.status_code == 302, answer.content.decode()
    assert said("bag")["codes_checked"] is True
    page = words_of(tablet.get(52, "before_start", visit.pk))
    assert "Unknown code; the vial itself was read" in page


def test_a_known_code_asks_nothing(tablet: Tablet, clinic: Clinic, visit: Visit) -> None:
    listed(clinic)
    assert tablet.act(50, visit.pk, "bag", **SCANNED).status_code == 302
    assert said("bag")["codes_checked"] is False


def test_the_code_of_another_product_is_refused_whatever_is_ticked(
    tablet: Tablet, clinic: Clinic, visit: Visit
) -> None:
    """H17: the subcutaneous product in the hand, the concentrate in the form."""
    listed(clinic, "other", name="the subcutaneous product")
    refused = tablet.act(50, visit.pk, "bag", codes_checked="on", **SCANNED)
    assert refused.status_code == 422
    text = words_of(refused)
    assert "VIAL-CODE-OTHER-PRODUCT" in text
    assert "Vial 1: its code is that of the subcutaneous product. It must not be infused." in text
    assert not InfusionEvent.objects.filter(kind="bag").exists()


def test_a_list_is_of_one_clinic(visit: Visit, nurse: Actor) -> None:
    listed(make_clinic("south"), "other")
    with pytest.raises(Invalid, match="Unknown code on vial 1, 2: check the vial"):
        bag_at_chair(visit, nurse, vials=VIALS)
    assert bag_at_chair(visit, nurse, vials=VIALS, codes_checked=True)


def test_a_code_learnt_after_the_bag_was_charted_still_stops_the_start(
    clinic: Clinic, visit: Visit, nurse: Actor
) -> None:
    prepare(visit, nurse, without=["bag"])
    premedicate(visit, nurse)
    bag_at_chair(visit, nurse, vials=VIALS, codes_checked=True)
    listed(clinic, "other", name="another product")
    blockers = {item.id for item in before_start(visit.pk, nurse, at(30)).blockers}
    assert "VIAL-CODE-OTHER-PRODUCT" in blockers
    with pytest.raises(RuleBroken) as refused:
        start(visit, nurse)
    assert "VIAL-CODE-OTHER-PRODUCT" in {item.id for item in refused.value.findings}


def test_a_vial_typed_by_hand_has_no_code_to_know(visit: Visit, nurse: Actor) -> None:
    assert bag_at_chair(visit, nurse)


@pytest.mark.parametrize(
    ("gtin", "taken"),
    [(GTIN, True), (GTIN[1:], True), ("04000000001233", False), ("A" * 14, False)],
)
def test_the_back_office_takes_only_real_numbers(clinic: Clinic, gtin: str, *, taken: bool) -> None:
    root = make_user(clinic, Role.MANAGER, email="root@example.org")
    root.is_staff = root.is_superuser = True
    root.save()
    client = Client()
    client.force_login(root)
    answer = client.post(
        reverse("admin:infusion_productcode_add"),
        {
            "clinic": clinic.pk, "gtin": gtin, "product": "concentrate", "name": "A pack",
            "verified_by": root.pk, "verified_at_0": "2026-03-02", "verified_at_1": "09:00",
        },
    )  # fmt: skip
    assert ProductCode.objects.filter(gtin=GTIN).exists() is taken, answer.content.decode()
    if taken:
        assert AuditEntry.objects.filter(action="admin.added").exists()
    else:
        assert "check its digits" in answer.content.decode()


def test_the_database_holds_the_list_together(clinic: Clinic) -> None:
    row = listed(clinic)
    for changes, name in (
        ({"gtin": GTIN}, "product_code_once"),
        ({"gtin": "123"}, "product_code_digits"),
        ({"gtin": ANOTHER, "name": ""}, "product_code_named"),
    ):
        fields: dict[str, Any] = {
            "clinic": clinic, "product": "other", "name": "Another",
            "verified_by": row.verified_by, "verified_at": at(0), "id": uuid4(), **changes,
        }  # fmt: skip
        with pytest.raises(IntegrityError, match=name), transaction.atomic():
            ProductCode.objects.create(**fields)
