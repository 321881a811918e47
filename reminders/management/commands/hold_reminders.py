"""Stops sending for one clinic or for all. Run it before a restored database goes live."""

from reminders.management.holding import HoldingCommand
from reminders.services.holding import hold


class Command(HoldingCommand):
    help = "Send no reminders until release_reminders."
    service = staticmethod(hold)
    done = "reminders are held"
