"""What each role, and each scope of an API client, may do. What is not here is refused."""

from collections.abc import Iterable

from clinics.models import Role

BOARD_VIEW = "board.view"
PATIENTS_VIEW = "patients.view"
PATIENTS_CHANGE = "patients.change"
PATIENTS_IMPORT = "patients.import"
FACTS_RECORD = "facts.record"
COURSES_VIEW = "courses.view"
COURSES_START = "courses.start"
COURSES_STOP = "courses.stop"
DOSES_RECORD = "doses.record"
VISITS_VIEW = "visits.view"
BOOKINGS_VIEW = "bookings.view"
BOOKINGS_CHANGE = "bookings.change"
BOOKINGS_ARRIVE = "bookings.arrive"
CHAIRS_VIEW = "chairs.view"
DISRUPTIONS_VIEW = "disruptions.view"
DISRUPTIONS_RECORD = "disruptions.record"
INFUSIONS_CHART = "infusions.chart"
INFUSIONS_VIEW = "infusions.view"
BAGS_CHECK = "bags.check"
REMINDERS_VIEW = "reminders.view"
REMINDERS_ACKNOWLEDGE = "reminders.acknowledge"
RULES_OVERRIDE = "rules.override"
REACTIONS_CORRECT = "reactions.correct"
AUDIT_VIEW = "audit.view"
REPORTS_VIEW = "reports.view"
API_CLIENTS_MANAGE = "api_clients.manage"
CALCULATOR_USE = "calculator.use"

_EVERYBODY_AT_WORK = frozenset(
    {BOARD_VIEW, PATIENTS_VIEW, COURSES_VIEW, VISITS_VIEW, BOOKINGS_VIEW, CHAIRS_VIEW}
    | {DISRUPTIONS_VIEW, INFUSIONS_VIEW}
)

ROLE_PERMISSIONS: dict[str, frozenset[str]] = {
    Role.NURSE: _EVERYBODY_AT_WORK
    | {FACTS_RECORD, BOOKINGS_ARRIVE, DOSES_RECORD, INFUSIONS_CHART, BAGS_CHECK}
    | {REMINDERS_VIEW, REMINDERS_ACKNOWLEDGE},
    Role.SCHEDULER: _EVERYBODY_AT_WORK
    | {PATIENTS_CHANGE, PATIENTS_IMPORT, COURSES_START, BOOKINGS_CHANGE, BOOKINGS_ARRIVE}
    | {REPORTS_VIEW, DISRUPTIONS_RECORD}
    | {REMINDERS_VIEW, REMINDERS_ACKNOWLEDGE},
    Role.PRESCRIBER: _EVERYBODY_AT_WORK
    | {PATIENTS_CHANGE, FACTS_RECORD, BAGS_CHECK}
    | {COURSES_START, COURSES_STOP, DOSES_RECORD, RULES_OVERRIDE, REACTIONS_CORRECT}
    | {REMINDERS_VIEW, REMINDERS_ACKNOWLEDGE},
    Role.PHARMACIST: _EVERYBODY_AT_WORK | {BAGS_CHECK},
    Role.MANAGER: _EVERYBODY_AT_WORK
    | {PATIENTS_IMPORT, REMINDERS_VIEW, API_CLIENTS_MANAGE, REPORTS_VIEW, DISRUPTIONS_RECORD},
    Role.AUDITOR: frozenset({PATIENTS_VIEW, AUDIT_VIEW, INFUSIONS_VIEW}),
}

SCOPE_PERMISSIONS: dict[str, frozenset[str]] = {
    "visits:read": frozenset({VISITS_VIEW}),
    "patients:read": frozenset({PATIENTS_VIEW}),
    "courses:read": frozenset({COURSES_VIEW}),
    "chairs:read": frozenset({CHAIRS_VIEW}),
    "board:read": frozenset({BOARD_VIEW}),
    "infusions:read": frozenset({INFUSIONS_VIEW}),
    "bookings:write": frozenset({BOOKINGS_VIEW, BOOKINGS_CHANGE, DISRUPTIONS_VIEW}),
    "disruptions:write": frozenset({DISRUPTIONS_VIEW, DISRUPTIONS_RECORD}),
    "calculator:use": frozenset({CALCULATOR_USE}),
}


def permissions_of_roles(roles: Iterable[str]) -> frozenset[str]:
    """Return everything any of `roles` may do."""
    return frozenset().union(*(ROLE_PERMISSIONS[role] for role in roles))


def permissions_of_scopes(scopes: Iterable[str]) -> frozenset[str]:
    """Return everything any of `scopes` may do; a scope we no longer know grants nothing."""
    return frozenset().union(*(SCOPE_PERMISSIONS.get(scope, frozenset()) for scope in scopes))
