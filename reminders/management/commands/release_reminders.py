"""Lets a clinic's reminders go out again, after a person has looked at what is waiting."""

from reminders.management.holding import HoldingCommand
from reminders.services.holding import release


class Command(HoldingCommand):
    help = "Send the reminders of a clinic, or of all clinics, again."
    service = staticmethod(release)
    done = "reminders go out again"
