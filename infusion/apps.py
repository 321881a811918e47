from django.apps import AppConfig


class InfusionConfig(AppConfig):
    name = "infusion"

    def ready(self) -> None:
        """Tell the rooms below what this one knows."""
        from infusion.selectors import reaction_history
        from scheduling import history

        history.register(reaction_history)
