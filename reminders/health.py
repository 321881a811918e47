"""Is anybody sending? Part of /readyz, and what an outer watchdog asks."""

from datetime import timedelta

from reminders.selectors import database_now, swept_since

LONGEST_SILENCE = timedelta(minutes=3)


def sweep() -> str | None:
    """Return a line when no driver has finished a sweep for three minutes, or none ever has.

    A fresh installation is therefore not ready before its first sweep, ten seconds or so after
    the drivers start; from then on a single missed tick changes nothing.
    """
    if swept_since(database_now() - LONGEST_SILENCE):
        return None
    return "no reminder sweep in the last 3 minutes"
