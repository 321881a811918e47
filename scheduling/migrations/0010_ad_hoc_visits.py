"""A visit may be for something that is no dose (adr/0023): no course, but a purpose and a length.

Such a visit is never `given`, so once it is over its booking says which day it was.
"""

import django.db.models.deletion
from django.db import migrations, models

SET_DAY = """
CREATE OR REPLACE FUNCTION visit_set_day() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.day := coalesce(
        NEW.given_on,
        (SELECT held.date
           FROM scheduling_booking booking
           JOIN scheduling_clinicday held ON held.id = booking.clinic_day_id
          WHERE booking.visit_id = NEW.id
            AND (booking.status IN ('day_held', 'proposed', 'confirmed', 'arrived'){over})),
        NEW.due_on);
    RETURN NEW;
END $$;
"""
DAY_WHEN_OVER = SET_DAY.format(
    over=" OR (booking.status = 'completed' AND NEW.course_id IS NULL)"
)
DAY_WHILE_BOOKED = SET_DAY.format(over="")


class Migration(migrations.Migration):

    dependencies = [
        ('clinics', '0006_vitals_times'),
        ('patients', '0003_search_sources_imports'),
        ('scheduling', '0009_night_plans'),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name='visit',
            name='visit_dose_positive',
        ),
        migrations.RemoveConstraint(
            model_name='visit',
            name='visit_given_when_given',
        ),
        migrations.AddField(
            model_name='visit',
            name='minutes',
            field=models.PositiveSmallIntegerField(null=True),
        ),
        migrations.AddField(
            model_name='visit',
            name='note',
            field=models.CharField(blank=True, max_length=200),
        ),
        migrations.AddField(
            model_name='visit',
            name='dropped_because',
            field=models.CharField(blank=True, max_length=200),
        ),
        migrations.AddField(
            model_name='visit',
            name='purpose',
            field=models.CharField(blank=True, choices=[('blood_test', 'Blood test'), ('examination', 'Examination'), ('observation', 'Observation'), ('line_care', 'Line care'), ('teaching', 'Teaching'), ('other', 'Other visit')], max_length=12),
        ),
        migrations.AlterField(
            model_name='visit',
            name='course',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='visits', to='scheduling.course'),
        ),
        migrations.AlterField(
            model_name='visit',
            name='dose_mg',
            field=models.PositiveSmallIntegerField(null=True),
        ),
        migrations.AlterField(
            model_name='visit',
            name='dose_number',
            field=models.PositiveSmallIntegerField(null=True),
        ),
        migrations.AddConstraint(
            model_name='visit',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('course__isnull', False), ('dose_mg__gt', 0), ('dose_mg__isnull', False), ('dose_number__gt', 0), ('dose_number__isnull', False), ('minutes__isnull', True), ('note', ''), ('purpose', '')), models.Q(models.Q(('purpose', ''), _negated=True), ('course__isnull', True), ('dose_mg__isnull', True), ('dose_number__isnull', True), ('given_on__isnull', True), ('minutes__gt', 0), ('minutes__isnull', False), ('status__in', ['planned', 'booked', 'arrived', 'completed', 'cancelled'])), _connector='OR'), name='visit_dose_or_ad_hoc'),
        ),
        migrations.AddConstraint(
            model_name='visit',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('given_on__isnull', False), ('status__in', ['infusing', 'observing', 'completed'])), models.Q(('given_on__isnull', True), ('status__in', ['planned', 'booked', 'arrived', 'cancelled'])), models.Q(('course__isnull', True), ('given_on__isnull', True), ('status', 'completed')), _connector='OR'), name='visit_given_when_given'),
        ),
        migrations.RunSQL(DAY_WHEN_OVER, DAY_WHILE_BOOKED),
    ]
