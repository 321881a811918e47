"""What became of one attempt to tell somebody, and when to try again. Pure."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from reminders.models import Reminder

# An attempt that failed because of the message itself. An outage of the mail server is no
# attempt: it is waited out until telling would no longer help.
MAX_ATTEMPTS = 8
FIRST_DELAY = timedelta(seconds=30)
LONGEST_DELAY = timedelta(minutes=15)
OUTAGE_DELAY = timedelta(seconds=60)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """The state a claimed reminder goes to. `again_at` is set only when it waits once more."""

    state: str
    problem: str = ""
    provider_id: str = ""
    again_at: datetime | None = None
    counted: bool = True


def sent(provider_id: str = "") -> Outcome:
    """It was handed over, or is on the screen now."""
    return Outcome(state=Reminder.State.SENT, provider_id=provider_id)


def void(reason: str) -> Outcome:
    """It is no longer true, or this person is not to be told."""
    return Outcome(state=Reminder.State.VOID, problem=reason)


def expired() -> Outcome:
    """Telling it now would no longer help; somebody has to look at it."""
    return Outcome(state=Reminder.State.EXPIRED, problem="too late to help")


def failed(problem: str) -> Outcome:
    """It cannot be told, however often it is tried; somebody has to look at it."""
    return Outcome(state=Reminder.State.FAILED, problem=problem)


def try_again(row: Reminder, problem: str, now: datetime) -> Outcome:
    """Wait twice as long as last time, or give up after MAX_ATTEMPTS."""
    if row.attempts >= MAX_ATTEMPTS:
        return failed(f"{problem}, tried {row.attempts} times")
    delay = min(FIRST_DELAY * 2 ** (row.attempts - 1), LONGEST_DELAY)
    return Outcome(
        state=Reminder.State.PENDING, problem=problem, again_at=now + _spread(delay, row.pk)
    )


def wait_out(row: Reminder, problem: str, now: datetime) -> Outcome:
    """Try again in a minute or so without counting the attempt."""
    return Outcome(
        state=Reminder.State.PENDING,
        problem=problem,
        again_at=now + _spread(OUTAGE_DELAY, row.pk),
        counted=False,
    )


def _spread(delay: timedelta, key: UUID) -> timedelta:
    """Between three quarters and all of `delay`, so that a thousand rows do not return at once."""
    return delay * (0.75 + 0.25 * (key.int % 1000) / 1000)
