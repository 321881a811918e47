"""`manage.py import_patients PATH --clinic SLUG`: records of another system, into one clinic."""

import sys
import tempfile
from pathlib import Path
from typing import IO, Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from clinics.models import Clinic
from clinics.permissions import PATIENTS_IMPORT
from core import clock
from core.actor import system_actor
from core.errors import Busy
from patients.fhir.records import Refused, Unusable
from patients.fhir.source import open_source
from patients.fhir.table import HEADER
from patients.importing import import_everything, rehearse_import
from patients.services.tally import Outcome, Tally

UNUSABLE = 2
TELL_EVERY = 5_000  # lines, where nobody watches a terminal


class Command(BaseCommand):
    """Reads FHIR R4 NDJSON (a file or a folder), a FHIR Bundle, or CSV. Safe to run again.

    Exit code 0 when the input was read, even with refusals; 2 when it could not be.
    """

    help = "Import patients from FHIR bulk NDJSON, a FHIR Bundle or CSV into one clinic."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("path", nargs="?", type=Path, help="a file, or a folder of files")
        parser.add_argument("--clinic", metavar="SLUG", help="the clinic the patients belong to")
        parser.add_argument(
            "--dry-run", action="store_true", help="say what would happen, and change nothing"
        )
        parser.add_argument(
            "--csv-header", action="store_true", help="print the header a CSV file must have"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if options["csv_header"]:
            self.stdout.write(",".join(HEADER))
            return
        if options["path"] is None or options["clinic"] is None:
            raise CommandError("Give a PATH and --clinic SLUG.", returncode=UNUSABLE)
        clinic = Clinic.objects.filter(slug=options["clinic"]).first()
        if clinic is None:
            raise CommandError("There is no clinic with that slug.", returncode=UNUSABLE)
        importing = rehearse_import if options["dry_run"] else import_everything
        with tempfile.TemporaryFile("w+", encoding="utf-8") as refusals:
            teller = _Teller(self, refusals)
            try:
                tally = importing(
                    source=open_source(options["path"]),
                    actor=system_actor(clinic.pk, PATIENTS_IMPORT),
                    now=clock.now(),
                    listener=teller,
                )
            except Unusable as exc:
                raise CommandError(str(exc), returncode=UNUSABLE) from None
            except Busy as exc:
                raise CommandError(f"{exc.message} Then run the import again.") from None
            teller.finish(tally, rehearsal=options["dry_run"])


class _Teller:
    """Says how far the import is, and at the end what became of every line."""

    def __init__(self, command: BaseCommand, refusals: IO[str]) -> None:
        self.command = command
        self.refusals = refusals
        self.watched = sys.stderr.isatty()
        self.told_at = 0

    def refused(self, refusal: Refused) -> None:
        self.refusals.write(f"{refusal.place}: {refusal.resource}: {refusal.reason}\n")

    def progressed(self, tally: Tally) -> None:
        if self.watched:
            self.command.stderr.write(f"\r{tally.lines_read} lines", ending="")
        elif tally.lines_read - self.told_at >= TELL_EVERY:
            self.told_at = tally.lines_read
            self.command.stderr.write(f"{tally.lines_read} lines")

    def finish(self, tally: Tally, *, rehearsal: bool) -> None:
        """Print the counts by resource, then what was left out, then every refusal."""
        out = self.command.stdout
        if self.watched:
            self.command.stderr.write("")
        if rehearsal:
            out.write("Nothing was changed. This import would end so:")
        widths = [20, *(10 for _outcome in Outcome)]
        out.write(_line(["", *map(str, Outcome)], widths))
        for resource, ended in tally.by_resource().items():
            out.write(_line([resource, *map(str, ended.values())], widths))
        for (file, resource, reason), times in sorted(tally.skips.items()):
            out.write(f"{file}: {times} skipped: {resource}: {reason}")
        self.refusals.seek(0)
        for line in self.refusals:
            out.write(line, ending="")


def _line(cells: list[str], widths: list[int]) -> str:
    first, *rest = [
        cell.rjust(width) if n else cell.ljust(width)
        for n, (cell, width) in enumerate(zip(cells, widths, strict=True))
    ]
    return " ".join([first, *rest]).rstrip()
