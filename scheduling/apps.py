from django.apps import AppConfig


class SchedulingConfig(AppConfig):
    name = "scheduling"

    def ready(self) -> None:
        # Models must be loaded first.
        from scheduling import change_kinds  # noqa: PLC0415
        from scheduling.reminder_kinds import register_kinds  # noqa: PLC0415

        register_kinds()
        change_kinds.register_kinds()
