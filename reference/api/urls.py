from django.urls import URLPattern, path

from reference.api.calendar import CalendarView
from reference.api.eligibility import EligibilityView
from reference.api.preparation import PreparationView
from reference.api.reaction import ReactionView
from reference.api.titration import TitrationView

urlpatterns: list[URLPattern] = [
    path("calculator/calendar", CalendarView.as_view(), name="api-calculator-calendar"),
    path("calculator/titration", TitrationView.as_view(), name="api-calculator-titration"),
    path("calculator/reaction", ReactionView.as_view(), name="api-calculator-reaction"),
    path("calculator/preparation", PreparationView.as_view(), name="api-calculator-preparation"),
    path("calculator/eligibility", EligibilityView.as_view(), name="api-calculator-eligibility"),
]
