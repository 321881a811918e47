from django.urls import URLPattern, path

from clinics.api.chairs import ChairListView

urlpatterns: list[URLPattern] = [
    path("chairs", ChairListView.as_view(), name="api-chairs"),
]
