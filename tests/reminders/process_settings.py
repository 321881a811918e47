"""For a sender in its own process: the tests' database, a real SMTP server, no Redis at all."""

import os

from config.settings.test import *  # noqa: F403 - what differs stands below

DATABASES["default"]["NAME"] = os.environ["SENDER_DATABASE"]  # noqa: F405
EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
EMAIL_HOST = "127.0.0.1"
EMAIL_PORT = int(os.environ["SENDER_SMTP_PORT"])
EMAIL_TIMEOUT = 5
