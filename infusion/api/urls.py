from django.urls import URLPattern, path

from infusion.api.infusions import BoardView, InfusionEventsView, InfusionView

urlpatterns: list[URLPattern] = [
    path("board", BoardView.as_view(), name="api-board"),
    path("infusions/<uuid:infusion_id>", InfusionView.as_view(), name="api-infusion"),
    path(
        "infusions/<uuid:infusion_id>/events",
        InfusionEventsView.as_view(),
        name="api-infusion-events",
    ),
]
