from django.apps import AppConfig


class SchedulingConfig(AppConfig):
    name = "scheduling"

    def ready(self) -> None:
        from scheduling.reminder_kinds import register_kinds  # noqa: PLC0415 - models must be loaded first

        register_kinds()
