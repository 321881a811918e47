"""Writes the downtime sheets once, by hand or from another scheduler."""

from typing import Any

from django.core.management.base import BaseCommand

from core import clock
from infusion.web.downtime import write_sheets


class Command(BaseCommand):
    help = "Write the room and the day of every clinic to files that print without a server."

    def handle(self, *args: Any, **options: Any) -> None:
        """Write every sheet that is not fresh and say how many."""
        self.stdout.write(f"{write_sheets(clock.now())} written")
