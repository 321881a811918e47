from django.db import migrations

from core.append_only import refuse_changes


class Migration(migrations.Migration):

    dependencies = [
        ("infusion", "0001_initial"),
        ("core", "0002_audit_append_only"),
    ]

    operations = [refuse_changes("infusion_infusionevent")]
