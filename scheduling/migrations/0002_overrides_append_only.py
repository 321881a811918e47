from django.db import migrations

from core.append_only import refuse_changes


class Migration(migrations.Migration):

    dependencies = [
        ("scheduling", "0001_initial"),
        ("core", "0002_audit_append_only"),
    ]

    operations = [refuse_changes("scheduling_override")]
