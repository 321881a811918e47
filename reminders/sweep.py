"""One sweep: tell everything that is due. Celery's tick and the plain loop both run it.

Either alone is enough, and both at once do no harm: a reminder is lent to one of them at a time.
"""

import logging
from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta
from time import monotonic

from reminders.delivery import deliver
from reminders.mailing import Mailer
from reminders.models import Reminder
from reminders.selectors import database_now
from reminders.services.sweeping import LEASE, beat, claim, give_back, settle

logger = logging.getLogger(__name__)

BATCH = 20
# No message is begun with less of the lease left than a mail server may take to answer.
NOT_BEGUN_AFTER = LEASE / 2


def never() -> bool:
    """A sweep that nobody stops."""
    return False


def sweep(
    *,
    driver: str,
    stop: Callable[[], bool] = never,
    clock: Callable[[], datetime] = database_now,
) -> Counter[str]:
    """Tell what is due until nothing is left; return how many went to each state.

    The screen comes first: a nurse's reminder never waits behind a slow mail server's letters.
    `stop` is asked between messages; what is not begun then is given back.
    """
    tally: Counter[str] = Counter()
    more = True
    while more and not stop():
        full = [_batch(channel, tally, stop, clock) for channel in ("board", "email")]
        beat(driver=driver, now=clock())
        more = any(full)
    if tally:
        logger.info("sweep by %s: %s", driver, dict(tally))
    return tally


def _batch(
    channel: str, tally: Counter[str], stop: Callable[[], bool], clock: Callable[[], datetime]
) -> bool:
    """Claim and tell one batch; True when there may be more."""
    claimed_at, begun = clock(), monotonic()
    rows = claim(channel=channel, limit=BATCH, now=claimed_at)
    with Mailer() as mailer:
        for position, row in enumerate(rows):
            elapsed = timedelta(seconds=monotonic() - begun)
            if stop() or elapsed > NOT_BEGUN_AFTER:
                _give_back(rows[position:], claimed_at + elapsed)
                return not stop()
            _tell(row, mailer, claimed_at + elapsed, tally)
    return len(rows) == BATCH


def _tell(row: Reminder, mailer: Mailer, now: datetime, tally: Counter[str]) -> None:
    outcome = deliver(row, mailer, now)
    mine = settle(reminder_id=row.pk, lease_token=row.lease_token, outcome=outcome, now=now)
    tally[str(outcome.state) if mine else "lease lost"] += 1


def _give_back(rows: list[Reminder], now: datetime) -> None:
    give_back(reminder_ids=[row.pk for row in rows], lease_token=rows[0].lease_token, now=now)
