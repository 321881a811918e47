"""`manage.py fill_demo`: a believable clinic in an empty database. `make run` calls it once."""

import json
from datetime import datetime
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from core import clock
from infusion.demo.filling import fill, is_filled, sign_ins

EXPORT = Path("tests") / "data" / "fhir-bulk-100"


class Command(BaseCommand):
    """Fills an empty database with two clinics. Refuses to touch one that has clinics already."""

    help = "Fill an empty database with two demo clinics from the sample patients."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--once", action="store_true", help="do nothing when already filled")
        parser.add_argument(
            "--at", type=datetime.fromisoformat, help="as if it were this instant (with offset)"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.DEMO:
            raise CommandError("These settings are not for a demo.")
        if is_filled():
            if not options["once"]:
                raise CommandError("There are clinics already. `make reset` starts afresh.")
        else:
            export = settings.BASE_DIR / EXPORT
            fill(export=export, now=options["at"] or clock.now(), tell=self.stdout.write)
        people = sign_ins()
        lines = [f"{one['label']:<42} {one['email']:<34} {one['password']}" for one in people]
        folder: Path = settings.DEMO_FOLDER
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "sign-ins.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
        (folder / "sign-ins.json").write_text(json.dumps(people), encoding="utf-8")
