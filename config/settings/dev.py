"""`make run` on one's own machine: plain HTTP on localhost, mail kept as files."""

from config.settings.base import *

EMAIL_BACKEND = "django.core.mail.backends.filebased.EmailBackend"
EMAIL_FILE_PATH = BASE_DIR / "var" / "run" / "mailbox"
DEMO = True
DEMO_FOLDER = BASE_DIR / "var" / "run"
SESSION_IDLE_MINUTES = env.integer("SESSION_IDLE_MINUTES", default=120, minimum=1)

env.stop_if_bad()
