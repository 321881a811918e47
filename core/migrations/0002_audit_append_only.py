from django.db import migrations

from core.append_only import CREATE_FUNCTION, refuse_changes


class Migration(migrations.Migration):

    dependencies = [("core", "0001_initial")]

    operations = [
        migrations.RunSQL(CREATE_FUNCTION, "DROP FUNCTION refuse_change()"),
        refuse_changes("core_auditentry"),
    ]
