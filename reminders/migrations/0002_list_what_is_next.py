from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('reminders', '0001_initial'),
    ]

    operations = [
        migrations.AddIndex(
            model_name='reminder',
            index=models.Index(condition=models.Q(('state__in', ['pending', 'claimed'])), fields=['clinic', 'due_at', 'id'], name='reminder_upcoming'),
        ),
        migrations.AddIndex(
            model_name='reminder',
            index=models.Index(condition=models.Q(('channel', 'board'), ('seen_at__isnull', True), ('state', 'sent')), fields=['clinic', 'due_at', 'id'], name='reminder_on_screen'),
        ),
    ]
