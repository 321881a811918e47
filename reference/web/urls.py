from django.urls import URLPattern, path

from reference.web.calculator import calculator
from reference.web.protocol import protocol_page, protocols

urlpatterns: list[URLPattern] = [
    path("calculator/", calculator, name="calculator"),
    path("protocols/", protocols, name="protocols"),
    path("protocols/<slug:name>/", protocol_page, name="protocol"),
]
