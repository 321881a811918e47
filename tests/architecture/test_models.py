"""Rules over all models are tests over all models."""

import pytest
from django.apps import apps
from django.db import connection, models

from tests.architecture.tree import ROOMS

OURS = [model for model in apps.get_models() if model._meta.app_label in ROOMS]


def label(model: type[models.Model]) -> str:
    return model._meta.label


@pytest.mark.parametrize("model", OURS, ids=label)
def test_uniqueness_is_named(model: type[models.Model]) -> None:
    """A refusal names the constraint it comes from; `unique=True` would have no name."""
    unnamed = [
        field.name
        for field in model._meta.local_fields
        if field.unique and not field.primary_key and not isinstance(field, models.OneToOneField)
    ]
    assert unnamed == []
    assert not model._meta.unique_together
    assert all(constraint.name for constraint in model._meta.constraints)


@pytest.mark.parametrize("model", OURS, ids=label)
def test_relations_protect_and_ids_are_opaque(model: type[models.Model]) -> None:
    for field in model._meta.local_fields:
        if isinstance(field, models.ForeignKey):
            assert field.remote_field.on_delete is models.PROTECT, field.name
    key = model._meta.pk
    internal = {"core.AuditEntry", "reminders.Heartbeat"}
    assert label(model) in internal or isinstance(key, models.UUIDField)


@pytest.mark.parametrize("model", OURS, ids=label)
def test_who_stands_beside_when(model: type[models.Model]) -> None:
    """A column `x_by` has its `x_at`, and when either may be empty a constraint pairs them."""
    names = {field.name for field in model._meta.local_fields}
    for name in names:
        if name.endswith("_by"):
            assert f"{name.removesuffix('_by')}_at" in names, name


@pytest.mark.parametrize("model", OURS, ids=label)
def test_a_model_says_what_it_is(model: type[models.Model]) -> None:
    assert model.__doc__
    assert not model.__doc__.startswith(f"{model.__name__}(")


@pytest.mark.django_db
def test_facts_are_append_only_in_the_database() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT event_object_table FROM information_schema.triggers "
            "WHERE trigger_name = event_object_table || '_append_only'"
        )
        tables = {table for (table,) in cursor.fetchall()}
    assert tables == {
        "core_auditentry",
        "infusion_infusionevent",
        "patients_signoff",
        "scheduling_override",
    }


@pytest.mark.django_db
def test_no_migration_is_missing() -> None:
    from django.core.management import call_command  # noqa: PLC0415 - needs the database ready

    call_command("makemigrations", "--check", "--dry-run", verbosity=0)
