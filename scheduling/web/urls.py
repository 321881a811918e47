from django.urls import URLPattern, path, register_converter

from core.web.converters import IsoDate
from scheduling.web import (
    attending,
    booking,
    course,
    day,
    due,
    grid,
    grid_acts,
    month,
    patient,
    reports,
    series,
    slots,
)

register_converter(IsoDate, "isodate")

urlpatterns: list[URLPattern] = [
    path("day/", day.today, name="day"),
    path("day/<isodate:day>/", day.on, name="day_on"),
    path("day/<isodate:day>/list.csv", day.as_csv, name="day_csv"),
    path("day/<isodate:day>/changes/", grid.changes, name="day_changes"),
    path("day/<isodate:day>/create/", grid_acts.create, name="day_create"),
    path("day/undo/", grid_acts.undo, name="day_undo"),
    path("month/<isodate:day>/", month.month, name="month"),
    path("reports/", reports.doses, name="reports"),
    path("reports/list.csv", reports.late_csv, name="reports_csv"),
    path("reports/overrides/", reports.rules, name="reports_overrides"),
    path("reports/overrides/list.csv", reports.rules_csv, name="reports_overrides_csv"),
    path("due/", due.due_list, name="due"),
    path("due/list.csv", due.as_csv, name="due_csv"),
    path("visits/<uuid:visit_id>/book/", booking.book_visit, name="visit_book"),
    path("visits/<uuid:visit_id>/slots/", slots.visit_slots, name="visit_slots"),
    path("visits/<uuid:visit_id>/given/", course.visit_given, name="visit_given"),
    path("visits/<uuid:visit_id>/what-if/", grid_acts.visit_what_if, name="visit_what_if"),
    path("bookings/<uuid:booking_id>/card/", grid_acts.card, name="booking_card"),
    path("bookings/<uuid:booking_id>/what-if/", grid_acts.booking_what_if, name="booking_what_if"),
    path("bookings/<uuid:booking_id>/act/<slug:what>/", grid_acts.act, name="booking_act"),
    path("bookings/<uuid:booking_id>/move/", booking.move_booking, name="booking_move"),
    path("bookings/<uuid:booking_id>/cancel/", attending.cancel_booking, name="booking_cancel"),
    path("bookings/<uuid:booking_id>/release/", slots.release, name="booking_release"),
    path("bookings/<uuid:booking_id>/no-show/", attending.no_show, name="booking_no_show"),
    path("bookings/<uuid:booking_id>/arrived/", attending.arrived, name="booking_arrived"),
    path(
        "bookings/<uuid:booking_id>/not-arrived/",
        attending.not_arrived,
        name="booking_not_arrived",
    ),
    path("bookings/<uuid:booking_id>/confirm/", attending.confirmed, name="booking_confirm"),
    path("patients/<uuid:patient_id>/", patient.patient, name="patient"),
    path("patients/<uuid:patient_id>/course/", course.start, name="course_start"),
    path("courses/<uuid:course_id>/series/", series.series, name="course_series"),
    path("courses/<uuid:course_id>/stop/", course.stop, name="course_stop"),
    path("courses/<uuid:course_id>/restart/", course.restart, name="course_restart"),
]
