"""Sends due reminders without Redis: the driver that Celery's tick does not depend on."""

import logging
import signal
import threading
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.db import close_old_connections

from core import clock
from core.rounds import Rounds
from reminders.sweep import sweep

logger = logging.getLogger(__name__)


class Command(BaseCommand):
    help = "Tell what is due, and do the regular rounds, until SIGTERM or Ctrl-C. No Redis."

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
        # In a thread of its own: nothing that takes seconds may hold a message back.
        threading.Thread(target=_go_rounds, args=(stop, options["every"]), daemon=True).start()
        while not stop.is_set():
            _sweep_and_survive(stop)
            stop.wait(options["every"])


def _go_rounds(stop: threading.Event, every: float) -> None:
    """Do the other rooms' regular work; what fails says so in the log and waits."""
    rounds = Rounds()
    while not stop.is_set():
        rounds.go(clock.now())
        close_old_connections()
        stop.wait(every)


def _sweep_and_survive(stop: threading.Event) -> None:
    try:
        sweep(driver="loop", stop=stop.is_set)
    except Exception as exc:
        # The name of the error only: a database's message may repeat a patient's data.
        logger.error("sweep failed: %s", type(exc).__name__)  # noqa: TRY400
    finally:
        close_old_connections()
