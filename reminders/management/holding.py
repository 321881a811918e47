"""What `hold_reminders` and `release_reminders` share: for which clinics."""

from collections.abc import Callable
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from clinics.models import Clinic
from core import clock
from core.actor import system_actor


class HoldingCommand(BaseCommand):
    """Runs `service` for one clinic, or for all."""

    service: Callable[..., None]
    done = ""

    def add_arguments(self, parser: CommandParser) -> None:
        which = parser.add_mutually_exclusive_group(required=True)
        which.add_argument("--clinic", metavar="SLUG")
        which.add_argument("--all", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        """Change each clinic in its own transaction; raise CommandError for an unknown slug."""
        clinics = Clinic.objects.order_by("slug")
        if not options["all"]:
            clinics = clinics.filter(slug=options["clinic"])
        if not (found := list(clinics)):
            raise CommandError("There is no such clinic.")
        for clinic in found:
            type(self).service(actor=system_actor(clinic.pk), now=clock.now())
            self.stdout.write(f"{clinic.slug}: {self.done}")
