"""A clinic's server: TLS in front, secrets from the environment, nothing assumed."""

from config.settings.base import *

DEMO = False
SECRET_KEY = env.text("SECRET_KEY", minimum_length=50)
ALLOWED_HOSTS = env.listing("ALLOWED_HOSTS")
env.database("DATABASE_URL", required=True)  # described in base; here it must be there
env.redis("REDIS_URL")
EMAIL_HOST = env.text("EMAIL_HOST")
DEFAULT_FROM_EMAIL = env.text("EMAIL_FROM")
PUBLIC_URL = env.url("PUBLIC_URL")
EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"

SECURE_SSL_REDIRECT = True
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$"]
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SECURE_HSTS_SECONDS = 31_536_000
SECURE_HSTS_INCLUDE_SUBDOMAINS = True
SECURE_HSTS_PRELOAD = True
SESSION_COOKIE_SECURE = True
SESSION_COOKIE_NAME = "__Host-session"
CSRF_COOKIE_SECURE = True
CSRF_COOKIE_NAME = "__Host-csrf"

env.stop_if_bad()
