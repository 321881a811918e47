"""manage.py check_days: does every day's stored summary say what its bookings add up to?"""

from datetime import date, timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from clinics.models import Clinic
from core import clock
from core.zones import local_date
from scheduling.days import recompute_summaries


class Command(BaseCommand):
    help = "Compare each day's stored summary with its bookings; fail when one differs."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--clinic", help="a clinic's slug; every clinic by default")
        parser.add_argument("--from", dest="first", type=date.fromisoformat, help="a date")
        parser.add_argument("--days", type=int, default=400, help="how many days from there")

    def handle(self, *args: Any, **options: Any) -> None:
        clinics = Clinic.objects.order_by("slug")
        if options["clinic"]:
            clinics = clinics.filter(slug=options["clinic"])
        wrong = 0
        for clinic in clinics:
            first = options["first"] or local_date(clock.now(), clinic.time_zone)
            last = first + timedelta(days=options["days"])
            for difference in recompute_summaries(clinic, first, last):
                columns = ", ".join(difference.columns)
                self.stderr.write(f"{clinic.slug} {difference.day}: {columns} differ")
                wrong += 1
        if wrong:
            raise CommandError(f"{wrong} days are not what their bookings add up to.")
        self.stdout.write("Every day is what its bookings add up to.")
