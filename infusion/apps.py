from django.apps import AppConfig

from core import health, rounds
from scheduling import actuals, dose_records, history


class InfusionConfig(AppConfig):
    name = "infusion"

    def ready(self) -> None:
        """Tell the rooms below what this one knows."""
        # Models must be loaded first.
        from infusion.happened import actual_times, leaving_times  # noqa: PLC0415
        from infusion.holds_ahead import holds_ahead as holds_of  # noqa: PLC0415
        from infusion.reminder_plans import register_kinds  # noqa: PLC0415
        from infusion.selectors import ask_reactions  # noqa: PLC0415
        from infusion.tasks import DOWNTIME  # noqa: PLC0415
        from infusion.web import downtime  # noqa: PLC0415
        from infusion.web.dose_records import dose_records as records_of  # noqa: PLC0415
        from scheduling import holds_ahead, overruns  # noqa: PLC0415

        register_kinds()
        history.register(ask_reactions)
        actuals.register(actual_times)
        overruns.register(leaving_times)
        holds_ahead.register(holds_of)
        dose_records.register(records_of)
        rounds.register(DOWNTIME, downtime.EVERY, downtime.write_sheets)
        health.register("downtime", downtime.stale)
