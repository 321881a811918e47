from django.apps import AppConfig

from core.health import register


class RemindersConfig(AppConfig):
    name = "reminders"

    def ready(self) -> None:
        from reminders import health  # noqa: PLC0415 - models must be loaded first

        register("sweep", health.sweep)
