"""Of a day's starts, those that need no bag from the pharmacy: visits that are no dose.

A day with such visits has the empty default until something on it is booked, moved or freed: until
then the pharmacy's limit is kept too strictly there, never too loosely.
"""

import django.contrib.postgres.fields
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('scheduling', '0010_ad_hoc_visits'),
    ]

    operations = [
        migrations.AddField(
            model_name='clinicday',
            name='bagless',
            field=django.contrib.postgres.fields.ArrayField(base_field=models.SmallIntegerField(), db_default=[], default=list, size=None),
        ),
    ]
