from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from clinics.management.api_client_commands import actor_in, client_called, done
from clinics.services.api_clients import revoke_api_client
from core import clock


class Command(BaseCommand):
    """Shuts an API client out."""

    help = "Revoke an API client's token: it stops working with its next request."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name")
        parser.add_argument("--clinic", metavar="SLUG", required=True)

    def handle(self, *args: Any, **options: Any) -> None:
        actor = actor_in(options["clinic"])
        client = client_called(options["name"], actor)
        done(revoke_api_client, client_id=client.pk, actor=actor, now=clock.now())
        self.stdout.write(f"{client.name} may not come in any more.")
