from django.urls import URLPattern, path

from infusion.web import (
    acts,
    before,
    board,
    chair,
    correcting,
    live,
    record_urls,
    reports,
    review,
    visiting,
)

urlpatterns: list[URLPattern] = [
    path("board/", board.board, name="board"),
    path("board/live/", board.live, name="board_live"),
    path("board/<uuid:booking_id>/arrived/", board.arrived, name="board_arrived"),
    path("board/<uuid:booking_id>/not-arrived/", board.not_arrived, name="board_not_arrived"),
    path("board/<uuid:booking_id>/over/", visiting.visit_over, name="board_visit_over"),
    path(
        "board/reminders/<uuid:reminder_id>/seen/", board.reminder_seen, name="board_reminder_seen"
    ),
    path("visits/<uuid:visit_id>/before/", before.before, name="before_start"),
    path("visits/<uuid:visit_id>/before/sign-off/", before.sign_off, name="before_sign_off"),
    path("visits/<uuid:visit_id>/chair/", chair.chair_side, name="chair_side"),
    path("visits/<uuid:visit_id>/chair/live/", live.chair_live, name="chair_live"),
    # Before the acts in general, at the address they would have: for more roles than those.
    path("visits/<uuid:visit_id>/chair/bag_check/", acts.bag_check, name="bag_check"),
    path(
        "visits/<uuid:visit_id>/chair/bag_check/ready/",
        acts.bag_check_ready,
        name="bag_check_ready",
    ),
    path("visits/<uuid:visit_id>/chair/<slug:act>/", acts.act, name="chair_act"),
    path("visits/<uuid:visit_id>/chair/<slug:act>/ready/", acts.act_ready, name="chair_act_ready"),
    path("needs-review/", review.needs_review, name="needs_review"),
    path("needs-review/whose/", review.whose, name="needs_review_whose"),
    path("needs-review/discarded/", review.discarded, name="needs_review_discarded"),
    path(
        "visits/<uuid:visit_id>/entries/<uuid:event_id>/correct/",
        correcting.correct,
        name="entry_correct",
    ),
    path(
        "visits/<uuid:visit_id>/entries/<uuid:event_id>/correct-reaction/",
        correcting.correct_reaction,
        name="reaction_correct",
    ),
    path("visits/<uuid:visit_id>/chair/undo/<uuid:event_id>/", acts.undo, name="chair_undo"),
    path("reports/use/", reports.use, name="reports_use"),
    path("reports/use/list.csv", reports.use_csv, name="reports_use_csv"),
    path("reports/reactions/", reports.reactions, name="reports_reactions"),
    path("reports/reactions/list.csv", reports.reactions_csv, name="reports_reactions_csv"),
    *record_urls.urlpatterns,
]
