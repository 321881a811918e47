from django.urls import URLPattern, path

from infusion.web import acts, board, chair

urlpatterns: list[URLPattern] = [
    path("board/", board.board, name="board"),
    path("board/live/", board.live, name="board_live"),
    path("board/<uuid:booking_id>/arrived/", board.arrived, name="board_arrived"),
    path("board/<uuid:booking_id>/not-arrived/", board.not_arrived, name="board_not_arrived"),
    path(
        "board/reminders/<uuid:reminder_id>/seen/", board.reminder_seen, name="board_reminder_seen"
    ),
    path("visits/<uuid:visit_id>/chair/", chair.chair_side, name="chair_side"),
    path("visits/<uuid:visit_id>/chair/<slug:act>/", acts.act, name="chair_act"),
    path("visits/<uuid:visit_id>/chair/undo/<uuid:event_id>/", acts.undo, name="chair_undo"),
]
