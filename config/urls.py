"""Every address. A clinic's pages live under /c/<slug>/; the API under /api/v1/."""

from django.contrib import admin
from django.urls import include, path

from clinics.web.api_docs import api_docs, api_schema
from clinics.web.home import home
from clinics.web.landing import landing
from core.api.problems import nothing_here
from core.web.health import healthz, readyz
from core.web.styleguide import styleguide

urlpatterns = [
    path("", home, name="home"),
    path("healthz", healthz, name="healthz"),
    path("readyz", readyz, name="readyz"),
    path("styleguide/", styleguide, name="styleguide"),
    path("accounts/", include("config.accounts")),
    path("admin/", admin.site.urls),
    path("c/<slug:slug>/", landing, name="clinic"),
    path("c/<slug:slug>/", include("patients.web.urls")),
    path("c/<slug:slug>/", include("reminders.web.urls")),
    path("c/<slug:slug>/", include("scheduling.web.urls")),
    path("c/<slug:slug>/", include("infusion.web.urls")),
    path("", include("reference.web.urls")),
    path("api/v1/", include("clinics.api.urls")),
    path("api/v1/", include("patients.api.urls")),
    path("api/v1/", include("scheduling.api.urls")),
    path("api/v1/", include("infusion.api.urls")),
    path("api/v1/", include("reference.api.urls")),
    path("api/schema/", api_schema, name="api-schema"),
    path("api/docs/", api_docs, name="api-docs"),
    path("api/<path:rest>", nothing_here, name="api-nothing"),
]
