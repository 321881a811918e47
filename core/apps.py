from django.apps import AppConfig

from core import health


class CoreConfig(AppConfig):
    name = "core"

    def ready(self) -> None:
        health.register("database", health.database)
        health.register("redis", health.redis)
        health.register("migrations", health.migrations)
