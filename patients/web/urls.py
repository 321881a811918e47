from django.urls import URLPattern, path

from patients.web import editing, history, imports, people, safety

urlpatterns: list[URLPattern] = [
    path("patients/", people.patients, name="patients"),
    path("patients/new/", editing.new_patient, name="patient-new"),
    path("patients/<uuid:patient_id>/edit/", editing.edit_patient, name="patient-edit"),
    path("patients/<uuid:patient_id>/consent/", editing.consent, name="patient-consent"),
    path("patients/<uuid:patient_id>/history/", history.patient_history, name="patient-history"),
    path("patients/<uuid:patient_id>/safety/", safety.patient_safety, name="patient-safety"),
    path(
        "patients/<uuid:patient_id>/safety/new/<slug:kind>/", safety.new_fact, name="patient-fact"
    ),
    path(
        "patients/<uuid:patient_id>/safety/<slug:ending>/<uuid:fact_id>/",
        safety.end_fact,
        name="patient-fact-end",
    ),
    path("import/", imports.import_page, name="import"),
    path("import/<uuid:run_id>/", imports.import_run, name="import-run"),
    path("import/<uuid:run_id>/progress/", imports.import_progress, name="import-progress"),
    path("import/<uuid:run_id>/read-now/", imports.work_here, name="import-work"),
    path("import/<uuid:run_id>/refusals.csv", imports.refusals_csv, name="import-refusals"),
]
