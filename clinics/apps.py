from importlib import import_module

from django.apps import AppConfig


class ClinicsConfig(AppConfig):
    name = "clinics"

    def ready(self) -> None:
        import_module("clinics.api.openapi")  # teaches drf-spectacular our tokens
