from django.urls import URLPattern, path

from patients.api.patients import PatientListView, PatientSearchView, PatientView

urlpatterns: list[URLPattern] = [
    path("patients", PatientListView.as_view(), name="api-patients"),
    path("patients/search", PatientSearchView.as_view(), name="api-patient-search"),
    path("patients/<uuid:patient_id>", PatientView.as_view(), name="api-patient"),
]
