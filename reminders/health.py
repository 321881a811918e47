"""Is anybody sending? Part of /readyz, and what an outer watchdog asks."""

from datetime import timedelta

from reminders.selectors import database_now, last_sweep

LONGEST_SILENCE = timedelta(minutes=3)


def sweep() -> str | None:
    """Return a line when no driver has finished a sweep for three minutes, or none ever has.

    A fresh installation is therefore not ready before its first sweep, ten seconds or so after
    the drivers start; from then on a single missed tick changes nothing.
    """
    last = last_sweep()
    if last is None:
        return "no reminder sweep yet"
    if database_now() - last > LONGEST_SILENCE:
        return "no reminder sweep in the last 3 minutes"
    return None
