"""Every state a screen can show, with its tone, icon and word: one vocabulary for all pages."""

from django.utils.translation import gettext_lazy as _

from core.display import State

STATES = {
    # A chair or an infusion, by how urgent the next step is
    "on_time": State("success", "check", _("On time")),
    "due_soon": State("warning", "clock", _("Due soon")),
    "overdue": State("danger", "alert", _("Overdue")),
    "premedication": State("info", "pill", _("Premedication")),
    "running": State("success", "drop", _("Running")),
    "paused": State("warning", "pause", _("Paused")),
    "stopped": State("danger", "stop", _("Stopped")),
    "reaction": State("danger", "alert", _("Reaction")),
    "visiting": State("info", "person", _("Here for a visit")),
    "free": State("free", "circle", _("Free")),
    "out_of_service": State("neutral", "ban", _("Out of service")),
    # A visit and its booking
    "unbooked": State("warning", "calendar", _("Not booked")),
    "day_held": State("neutral", "calendar", _("Day held")),
    "proposed": State("neutral", "calendar", _("Proposed")),
    "booked": State("info", "calendar-check", _("Booked")),
    "confirmed": State("info", "calendar-check", _("Confirmed")),
    "arrived": State("info", "arrive", _("Arrived")),
    "infusing": State("success", "drop", _("Infusing")),
    "observing": State("info", "eye", _("Observation")),
    "preparing": State("info", "pill", _("Preparing")),
    "discharged": State("success", "check", _("Discharged")),
    "completed": State("success", "check", _("Completed")),
    "given": State("success", "check", _("Given")),
    "planned": State("neutral", "calendar", _("Planned")),
    "due": State("warning", "clock", _("Due")),
    "prolonged_gap": State("danger", "alert", _("Prolonged gap")),
    "cancelled": State("neutral", "cross", _("Cancelled")),
    "no_show": State("danger", "person-off", _("Did not attend")),
    "offered": State("info", "hand", _("Offered")),
    "declined": State("neutral", "cross", _("Declined")),
    "withdrawn": State("neutral", "undo", _("Withdrawn")),
    "placed": State("success", "check", _("Took a place")),
    "left": State("neutral", "cross", _("Off the list")),
    "unanswered": State("warning", "clock", _("No answer in time")),
    "missed": State("danger", "cross", _("Missed")),
    "not_done": State("neutral", "cross", _("Not done")),
    # A course
    "active": State("success", "check", _("Active")),
    "permanently_discontinued": State("danger", "ban", _("Permanently discontinued")),
    # A message, an entry, an import line
    "waiting": State("neutral", "clock", _("Waiting")),
    "pending": State("neutral", "clock", _("Waiting")),
    "queued": State("neutral", "clock", _("Waiting")),
    "claimed": State("info", "send", _("Sending")),
    "expired": State("warning", "clock", _("Too late to send")),
    "done": State("success", "check", _("Done")),
    "accepted": State("success", "check", _("Accepted")),
    "sent": State("success", "check", _("Sent")),
    "failed": State("danger", "alert", _("Failed")),
    "void": State("neutral", "cross", _("No longer needed")),
    "unsaved": State("warning", "cloud-off", _("Not saved yet")),
    "late_entry": State("warning", "clock", _("Late entry")),
    "refused": State("danger", "alert", _("Refused")),
    "created": State("success", "plus", _("Created")),
    "updated": State("info", "edit", _("Updated")),
    "unchanged": State("neutral", "equal", _("Unchanged")),
    # What a rule says, and what a named person decided about it
    "clear": State("success", "check", _("Clear")),
    "caution": State("warning", "alert", _("Caution")),
    "hold": State("danger", "hand", _("Hold")),
    "block": State("danger", "ban", _("Not allowed")),
    "may_proceed": State("success", "shield", _("May proceed")),
    "must_not": State("danger", "ban", _("Must not proceed")),
}


def state(code: str) -> State:
    """The state by its code; an unknown code is shown as it is, in neutral, and breaks a test."""
    return STATES.get(code, State("neutral", "question", code.replace("_", " ").capitalize()))
