from django.db import migrations

from core.append_only import refuse_changes


class Migration(migrations.Migration):

    dependencies = [
        ("patients", "0001_initial"),
        ("core", "0002_audit_append_only"),
    ]

    operations = [refuse_changes("patients_signoff")]
