"""What Celery's beat ticks for this room. The loop that needs no Redis does the same."""

from celery import shared_task

from core import clock, rounds

DOWNTIME = "downtime sheets"


@shared_task(ignore_result=True, expires=240)
def render_downtime_sheets() -> None:
    """Write what prints when nothing else works."""
    rounds.do(DOWNTIME, clock.now())
