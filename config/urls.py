"""Every address. A clinic's pages live under /c/<slug>/; the API under /api/v1/."""

from django.contrib import admin
from django.urls import include, path

from clinics.web.home import home
from clinics.web.landing import landing
from core.web.health import healthz, readyz

urlpatterns = [
    path("", home, name="home"),
    path("healthz", healthz, name="healthz"),
    path("readyz", readyz, name="readyz"),
    path("accounts/", include("allauth.urls")),
    path("admin/", admin.site.urls),
    path("c/<slug:slug>/", landing, name="clinic"),
]
