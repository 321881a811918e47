from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from clinics.management.api_client_commands import actor_in, done, in_words
from clinics.permissions import SCOPE_PERMISSIONS
from clinics.services.api_clients import LONGEST_DAYS, create_api_client
from core import clock


class Command(BaseCommand):
    """Lets another system read one clinic, and prints its token once."""

    help = "Create an API client of one clinic and print its token once."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", help="what to call it, once per clinic")
        parser.add_argument("--clinic", metavar="SLUG", required=True)
        parser.add_argument(
            "--scopes",
            required=True,
            type=lambda text: text.split(","),
            help=f"separated by commas: {', '.join(SCOPE_PERMISSIONS)}",
        )
        parser.add_argument("--days", type=int, default=365, help=f"1 to {LONGEST_DAYS}")

    def handle(self, *args: Any, **options: Any) -> None:
        issued = done(
            create_api_client,
            name=options["name"],
            scopes=options["scopes"],
            days=options["days"],
            actor=actor_in(options["clinic"]),
            now=clock.now(),
        )
        self.stdout.write(in_words(issued))
