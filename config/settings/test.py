"""What the tests run under: real PostgreSQL, real Redis, mail to a real SMTP server in-process."""

from config.settings.base import *

SECRET_KEY = "only-for-tests-" + "x" * 50
ALLOWED_HOSTS = ["*"]
DEMO = True
DOWNTIME_DIR = BASE_DIR / "var" / "test" / "downtime"
DEMO_FOLDER = BASE_DIR / "var" / "test" / "demo"
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
EMAIL_FILE_PATH = BASE_DIR / "var" / "test" / "mailbox"
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
DATABASES["default"]["TEST"] = {"NAME": env.text("TEST_DATABASE_NAME", default="test_clinic")}
# Threads and flushed test databases outlive a pool's bookkeeping; the pool itself is tested apart.
DATABASES["default"]["OPTIONS"].pop("pool")
STORAGES["staticfiles"] = {
    "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage",
}
WHITENOISE_AUTOREFRESH = True
WHITENOISE_USE_FINDERS = True

env.stop_if_bad()
