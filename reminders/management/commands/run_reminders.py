"""Sends due reminders without Redis: the driver that Celery's tick does not depend on."""

import logging
import signal
import threading
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.db import close_old_connections

from reminders.sweep import sweep

logger = logging.getLogger(__name__)


class Command(BaseCommand):
    help = "Tell what is due, every few seconds, until SIGTERM or Ctrl-C. Needs no Redis."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--once", action="store_true", help="sweep once and exit")
        parser.add_argument("--every", type=float, default=10.0, help="seconds between sweeps")

    def handle(self, *args: Any, **options: Any) -> None:
        """Sweep until told to stop; the message at hand is finished first."""
        stop = threading.Event()
        if options["once"]:
            self.stdout.write(str(dict(sweep(driver="loop", stop=stop.is_set))))
            return
        signal.signal(signal.SIGTERM, lambda *_: stop.set())
        signal.signal(signal.SIGINT, lambda *_: stop.set())
        while not stop.is_set():
            _sweep_and_survive(stop)
            stop.wait(options["every"])


def _sweep_and_survive(stop: threading.Event) -> None:
    try:
        sweep(driver="loop", stop=stop.is_set)
    except Exception as exc:
        # The name of the error only: a database's message may repeat a patient's data.
        logger.error("sweep failed: %s", type(exc).__name__)  # noqa: TRY400
    finally:
        close_old_connections()
