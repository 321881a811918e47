"""Work done every few minutes, whichever driver comes first. Rooms register theirs at start-up.

The loop that needs no Redis goes through all; Celery's beat ticks each by a task of its own.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

Work = Callable[[datetime], object]
log = logging.getLogger(__name__)
_rounds: dict[str, tuple[timedelta, Work]] = {}


def register(name: str, every: timedelta, work: Work) -> None:
    """Have `work(now)` done every `every`; doing it more often must do no harm."""
    _rounds[name] = (every, work)


def do(name: str, now: datetime) -> None:
    """Do one registered work now. Raises KeyError for a name nobody registered."""
    _rounds[name][1](now)


@dataclass(slots=True)
class Rounds:
    """One driver's own memory of when it last did what."""

    done_at: dict[str, datetime] = field(default_factory=dict)

    def go(self, now: datetime) -> list[str]:
        """Do all that is due and return what was done; what fails waits for its next time."""
        done = []
        for name, (every, work) in _rounds.items():
            last = self.done_at.get(name)
            if last is not None and now - last < every:
                continue
            self.done_at[name] = now
            try:
                work(now)
            except Exception as exc:  # one round's trouble is not the others'
                # The name of the error only: a message may repeat a patient's data.
                log.error("%s failed: %s", name, type(exc).__name__)  # noqa: TRY400
            else:
                done.append(name)
        return done
