"""What Celery's beat ticks. Losing every tick costs nothing: the loop sweeps too."""

from celery import shared_task

from reminders.sweep import sweep


@shared_task(ignore_result=True, acks_late=False, expires=10)
def sweep_reminders() -> None:
    """Tell what is due."""
    sweep(driver="celery")
