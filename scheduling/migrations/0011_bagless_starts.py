"""Of a day's starts, those that need no bag from the pharmacy: visits that are no dose.

Such visits have no rate table. A start takes a nurse's hands for fifteen minutes.
"""

import django.contrib.postgres.fields
from django.db import migrations, models


FILL = """
UPDATE scheduling_clinicday day SET bagless = (
    SELECT array_agg((
        SELECT count(*) FROM scheduling_booking booking
         WHERE booking.clinic_day_id = day.id AND booking.rate_option = ''
           AND booking.status IN ('proposed', 'offered', 'confirmed', 'arrived')
           AND lower(booking.period) + booking.premedication_minutes * interval '1 minute'
               < midnight.at + (slot + 1) * interval '15 minutes'
           AND lower(booking.period) + (booking.premedication_minutes + 15) * interval '1 minute'
               > midnight.at + slot * interval '15 minutes'
    ) ORDER BY slot)
    FROM generate_series(0, cardinality(day.starts) - 1) slot,
         (SELECT day.date::timestamp AT TIME ZONE clinic.time_zone AS at) midnight)
FROM clinics_clinic clinic
WHERE clinic.id = day.clinic_id AND day.starts <> '{}' AND EXISTS (
    SELECT 1 FROM scheduling_booking booking
     WHERE booking.clinic_day_id = day.id AND booking.rate_option = '' AND booking.period IS NOT NULL
       AND booking.status IN ('proposed', 'offered', 'confirmed', 'arrived'))
"""


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
        migrations.RunSQL(FILL, migrations.RunSQL.noop),
    ]
