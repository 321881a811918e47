"""The addresses of what is read and printed rather than charted."""

from django.urls import URLPattern, path

from infusion.web import handover, records

urlpatterns: list[URLPattern] = [
    path("handover/", handover.handover_page, name="handover"),
    path("visits/<uuid:visit_id>/record/", records.infusion_record, name="infusion_record"),
    path("visits/<uuid:visit_id>/record.pdf", records.infusion_record_pdf,
         name="infusion_record_pdf"),
    path("visits/<uuid:visit_id>/record.json", records.infusion_record_json,
         name="infusion_record_json"),
]  # fmt: skip
