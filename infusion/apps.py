from django.apps import AppConfig


class InfusionConfig(AppConfig):
    name = "infusion"

    def ready(self) -> None:
        """Tell the rooms below what this one knows."""
        from infusion.reminder_plans import register_kinds
        from infusion.selectors import reaction_history
        from scheduling import history

        history.register(reaction_history)
        register_kinds()
