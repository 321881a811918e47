from django.urls import URLPattern, path

from scheduling.api.ad_hoc import AdHocVisitDropView, AdHocVisitListView
from scheduling.api.availability import (
    AvailabilityView,
    BookingConfirmView,
    BookingMoveView,
    BookingReleaseView,
    HoldListView,
)
from scheduling.api.bookings import BookingCancelView, BookingListView, BookingView
from scheduling.api.courses import CourseListView, CourseView
from scheduling.api.disruptions import (
    AbsenceListView,
    ClosureListView,
    ConflictListView,
    DisruptionListView,
    OutageListView,
)
from scheduling.api.plans import (
    PlannerRunAcceptView,
    PlannerRunCancelView,
    PlannerRunListView,
    PlannerRunView,
)
from scheduling.api.visits import VisitListView, VisitView
from scheduling.api.waitlist import (
    OfferAnswerView,
    WaitlistLeaveView,
    WaitlistOfferView,
    WaitlistView,
)

urlpatterns: list[URLPattern] = [
    path("ad-hoc-visits", AdHocVisitListView.as_view(), name="api-ad-hoc-visits"),
    path(
        "ad-hoc-visits/<uuid:visit_id>/drop", AdHocVisitDropView.as_view(), name="api-ad-hoc-drop"
    ),
    path("visits", VisitListView.as_view(), name="api-visits"),
    path("visits/<uuid:visit_id>", VisitView.as_view(), name="api-visit"),
    path("bookings", BookingListView.as_view(), name="api-bookings"),
    path("bookings/<uuid:booking_id>", BookingView.as_view(), name="api-booking"),
    path(
        "bookings/<uuid:booking_id>/cancel", BookingCancelView.as_view(), name="api-booking-cancel"
    ),
    path("availability", AvailabilityView.as_view(), name="api-availability"),
    path("holds", HoldListView.as_view(), name="api-holds"),
    path(
        "bookings/<uuid:booking_id>/confirm",
        BookingConfirmView.as_view(),
        name="api-booking-confirm",
    ),
    path(
        "bookings/<uuid:booking_id>/release",
        BookingReleaseView.as_view(),
        name="api-booking-release",
    ),
    path("bookings/<uuid:booking_id>/move", BookingMoveView.as_view(), name="api-booking-move"),
    path("waitlist", WaitlistView.as_view(), name="api-waitlist"),
    path("waitlist/<uuid:entry_id>/leave", WaitlistLeaveView.as_view(), name="api-waitlist-leave"),
    path("waitlist/<uuid:entry_id>/offer", WaitlistOfferView.as_view(), name="api-waitlist-offer"),
    path("offers/<uuid:offer_id>/answer", OfferAnswerView.as_view(), name="api-offer-answer"),
    path("planner-runs", PlannerRunListView.as_view(), name="api-planner-runs"),
    path("planner-runs/<uuid:run_id>", PlannerRunView.as_view(), name="api-planner-run"),
    path(
        "planner-runs/<uuid:run_id>/cancel",
        PlannerRunCancelView.as_view(),
        name="api-planner-run-cancel",
    ),
    path(
        "planner-runs/<uuid:run_id>/accept",
        PlannerRunAcceptView.as_view(),
        name="api-planner-run-accept",
    ),
    path("disruptions", DisruptionListView.as_view(), name="api-disruptions"),
    path("closures", ClosureListView.as_view(), name="api-closures"),
    path("chair-outages", OutageListView.as_view(), name="api-chair-outages"),
    path("absences", AbsenceListView.as_view(), name="api-absences"),
    path("conflicts", ConflictListView.as_view(), name="api-conflicts"),
    path("courses", CourseListView.as_view(), name="api-courses"),
    path("courses/<uuid:course_id>", CourseView.as_view(), name="api-course"),
]
