"""The ledger: written with the change, never changed afterwards."""

import pytest
from django.db import DatabaseError, connection, transaction

from core import audit
from core.models import AuditEntry
from patients.models import Patient
from tests.people import MONDAY_NINE, make_actor, make_clinic, make_patient

pytestmark = pytest.mark.django_db


def test_an_entry_needs_the_transaction_of_its_change(transactional_db: None) -> None:
    clinic = make_clinic()
    with pytest.raises(RuntimeError, match="command"):
        audit.record("clinic.renamed", clinic, actor=make_actor(clinic), now=MONDAY_NINE)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE core_auditentry SET action = 'x'",
        "DELETE FROM core_auditentry",
        "TRUNCATE core_auditentry",
    ],
)
def test_the_database_refuses_to_change_the_ledger(statement: str) -> None:
    clinic = make_clinic()
    audit.record("clinic.renamed", clinic, actor=make_actor(clinic), now=MONDAY_NINE)
    with pytest.raises(DatabaseError) as refused, transaction.atomic():
        connection.cursor().execute(statement)
    assert refused.value.__cause__.sqlstate == "42501"  # type: ignore[union-attr]
    assert AuditEntry.objects.count() == 1


def test_a_list_is_read_and_recorded_in_one_query(django_assert_num_queries: object) -> None:
    clinic = make_clinic()
    patients = [make_patient(clinic, mrn=f"M{n}") for n in range(3)]
    actor = make_actor(clinic)
    rows = Patient.objects.order_by("mrn").values_list("mrn", "id")
    with django_assert_num_queries(1):  # type: ignore[operator]
        found = audit.audited_rows(
            rows, patient_column=1, actor=actor, now=MONDAY_NINE, page="patients"
        )
    assert [mrn for mrn, _ in found] == ["M0", "M1", "M2"]
    [entry] = AuditEntry.objects.all()
    assert sorted(entry.details["patients"]) == sorted(str(p.pk) for p in patients)
    assert (entry.action, entry.user_id) == ("records.listed", actor.user_id)


def test_an_empty_list_is_recorded_too() -> None:
    clinic = make_clinic()
    rows = Patient.objects.values_list("mrn", "id")
    assert (
        audit.audited_rows(
            rows, patient_column=1, actor=make_actor(clinic), now=MONDAY_NINE, page="patients"
        )
        == []
    )
    assert AuditEntry.objects.get().details == {"page": "patients", "patients": []}
