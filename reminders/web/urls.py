from django.urls import URLPattern, path

from reminders.web import views

urlpatterns: list[URLPattern] = [
    path("reminders/", views.mailbox, name="mailbox"),
    path("reminders/list.csv", views.mailbox_csv, name="mailbox_csv"),
    path("reminders/letters/", views.written_letters, name="letters"),
    path("reminders/<uuid:reminder_id>/seen", views.seen, name="reminder_seen"),
]
