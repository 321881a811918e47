from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from clinics.management.api_client_commands import actor_in, client_called, done, in_words
from clinics.services.api_clients import LONGEST_DAYS, rotate_api_client
from core import clock


class Command(BaseCommand):
    """Replaces an API client's token; the old one stops working at once."""

    help = "Give an API client a new token and print it once; the old one stops working at once."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name")
        parser.add_argument("--clinic", metavar="SLUG", required=True)
        parser.add_argument("--days", type=int, default=365, help=f"1 to {LONGEST_DAYS}")

    def handle(self, *args: Any, **options: Any) -> None:
        actor = actor_in(options["clinic"])
        client = client_called(options["name"], actor)
        issued = done(
            rotate_api_client,
            client_id=client.pk,
            days=options["days"],
            actor=actor,
            now=clock.now(),
        )
        self.stdout.write(in_words(issued))
