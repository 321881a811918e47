from django.apps import AppConfig


class SchedulingConfig(AppConfig):
    name = "scheduling"

    def ready(self) -> None:
        # Models must be loaded first.
        from scheduling import change_kinds, offer_kinds, reminder_kinds  # noqa: PLC0415

        for kinds in (reminder_kinds, change_kinds, offer_kinds):
            kinds.register_kinds()
