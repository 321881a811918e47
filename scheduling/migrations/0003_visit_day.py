"""A visit's own day, kept by the database so that a list by day can walk one index.

The day hangs on the visit and on its booking. Every writer (services, admin, bulk inserts) would
have to remember to restate it; a trigger cannot forget.
"""

from django.db import migrations, models

DAY_OF_A_VISIT = """
CREATE FUNCTION visit_set_day() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.day := coalesce(
        NEW.given_on,
        (SELECT held.date
           FROM scheduling_booking booking
           JOIN scheduling_clinicday held ON held.id = booking.clinic_day_id
          WHERE booking.visit_id = NEW.id
            AND booking.status IN ('day_held', 'proposed', 'confirmed', 'arrived')),
        NEW.due_on);
    RETURN NEW;
END $$;
CREATE TRIGGER visit_day BEFORE INSERT OR UPDATE ON scheduling_visit
    FOR EACH ROW EXECUTE FUNCTION visit_set_day();

CREATE FUNCTION booking_restates_visit_day() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE scheduling_visit SET day = day WHERE id = NEW.visit_id;
    RETURN NULL;
END $$;
CREATE TRIGGER booking_visit_day AFTER INSERT OR UPDATE OF status, clinic_day_id
    ON scheduling_booking FOR EACH ROW EXECUTE FUNCTION booking_restates_visit_day();

UPDATE scheduling_visit SET day = day;
SET CONSTRAINTS ALL IMMEDIATE;
"""
NO_DAY = """
DROP TRIGGER booking_visit_day ON scheduling_booking;
DROP FUNCTION booking_restates_visit_day();
DROP TRIGGER visit_day ON scheduling_visit;
DROP FUNCTION visit_set_day();
"""


class Migration(migrations.Migration):
    dependencies = [("scheduling", "0002_overrides_append_only")]

    operations = [
        migrations.AddField(
            model_name="visit", name="day", field=models.DateField(editable=False, null=True)
        ),
        migrations.RunSQL(DAY_OF_A_VISIT, NO_DAY),
        migrations.AlterField(
            model_name="visit", name="day", field=models.DateField(editable=False)
        ),
        migrations.AddIndex(
            model_name="visit",
            index=models.Index(fields=["clinic", "day", "id"], name="visit_by_day"),
        ),
    ]
