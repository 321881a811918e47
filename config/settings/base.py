"""Settings shared by every way of running. What differs stands in dev, test, production."""

import os
from pathlib import Path

from csp.constants import NONE, SELF

from config.env import Env

BASE_DIR = Path(__file__).resolve().parents[2]
env = Env(os.environ)

SECRET_KEY = env.text("SECRET_KEY", default="only-for-development-and-tests")
DEBUG = False
ALLOWED_HOSTS = env.listing("ALLOWED_HOSTS", default=["localhost", "127.0.0.1", "[::1]"])
CSRF_TRUSTED_ORIGINS = env.url_list("CSRF_TRUSTED_ORIGINS", default=[])

INSTALLED_APPS = [
    "core.admin_apps.SuperuserAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.postgres",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django.forms",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "django_htmx",
    "csp",
    "rest_framework",
    "drf_spectacular",
    "core",
    "clinics",
    "patients",
    "reminders",
    "scheduling",
    "infusion",
    "reference",
]

MIDDLEWARE = [
    "core.web.middleware.RequestIdMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "csp.middleware.CSPMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "clinics.web.sessions.IdleSessionMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "core.web.middleware.RefusalMiddleware",
    "core.web.middleware.NoStoreMiddleware",
]

ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "clinics.web.context.shell",
                "clinics.web.context.demo_sign_ins",
                "infusion.web.context.outbox",
            ],
        },
    }
]
FORM_RENDERER = "django.forms.renderers.TemplatesSetting"

database = env.database("DATABASE_URL")
DATABASES = {
    "default": {
        **database,
        "ATOMIC_REQUESTS": False,
        "CONN_MAX_AGE": 0,
        "CONN_HEALTH_CHECKS": False,
        "OPTIONS": {
            **database.get("OPTIONS", {}),
            "prepare_threshold": 0,  # the statements of core.prepared, at their first run
            "pool": {
                "min_size": 1,
                "max_size": env.integer("DATABASE_POOL_SIZE", default=10, minimum=1),
                "timeout": 10,
            },
            # Nothing waits for a lock longer than three seconds: a command then answers that it is
            # busy, and a migration fails before all others wait behind it. Prepared statements are
            # planned once for a connection: PostgreSQL would plan each of their first five runs.
            "options": (
                "-c idle_in_transaction_session_timeout=30000 -c lock_timeout=3000 -c timezone=UTC "
                "-c plan_cache_mode=force_generic_plan"
            ),
        },
    }
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

REDIS_URL = env.redis("REDIS_URL", default="redis://localhost:6379/0")
CELERY_BROKER_URL = env.text("CELERY_BROKER_URL", default=REDIS_URL)
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": REDIS_URL,
        "KEY_PREFIX": "clinic",
        # A Redis that hangs costs a request this long, then it goes on without.
        "OPTIONS": {"socket_connect_timeout": 1, "socket_timeout": 1},
    }
}

AUTH_USER_MODEL = "clinics.User"
AUTHENTICATION_BACKENDS = [
    "django.contrib.auth.backends.ModelBackend",
    "allauth.account.auth_backends.AuthenticationBackend",
]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 12},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "home"
LOGOUT_REDIRECT_URL = "account_login"
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_ADAPTER = "clinics.web.sign_in.ClosedSignUpAdapter"
ACCOUNT_SESSION_REMEMBER = False
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
ACCOUNT_PREVENT_ENUMERATION = True

SESSION_ENGINE = "django.contrib.sessions.backends.db"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_HTTPONLY = True
CSRF_COOKIE_SAMESITE = "Lax"
SESSION_IDLE_MINUTES = env.integer("SESSION_IDLE_MINUTES", default=15, minimum=1)
SESSION_COOKIE_AGE = 12 * 60 * 60  # a shift, however busy

LANGUAGE_CODE = "en-gb"
USE_I18N = True
USE_TZ = True
TIME_ZONE = "UTC"
LOCALE_PATHS = [BASE_DIR / "locale"]

# Uploads wait here for whoever works on them, and are gone when that is done. Where web and
# workers run on different machines the folder must be one that both see.
IMPORT_DIR = BASE_DIR / "var" / "imports"
IMPORT_MAX_BYTES = env.integer("IMPORT_MAX_MEGABYTES", default=50, minimum=1) * 1024 * 1024

# What prints when nothing else works: the room and the day of each clinic, made every few minutes.
# A folder that the people on the floor can reach; it holds names, so nobody else.
DOWNTIME_DIR = Path(env.text("DOWNTIME_DIR", default=str(BASE_DIR / "var" / "downtime")))

STATIC_URL = "static/"
STATIC_ROOT = BASE_DIR / "var" / "static"
# The day's grid, where npm has installed it; without it the day is a list.
DAY_GRID_FILES = BASE_DIR / "node_modules" / "@event-calendar" / "build" / "dist"
HAS_DAY_GRID = DAY_GRID_FILES.is_dir()
STATICFILES_DIRS: list[Path | tuple[str, Path]] = [BASE_DIR / "static"]
if HAS_DAY_GRID:
    STATICFILES_DIRS.append(("libraries/event-calendar", DAY_GRID_FILES))
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}

SECURE_REFERRER_POLICY = "same-origin"
SECURE_CONTENT_TYPE_NOSNIFF = True
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "connect-src": [SELF],
        "font-src": [SELF],
        "manifest-src": [SELF],
        "worker-src": [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
    }
}

EMAIL_HOST = env.text("EMAIL_HOST", default="localhost")
EMAIL_PORT = env.integer("EMAIL_PORT", default=25, minimum=1)
EMAIL_HOST_USER = env.text("EMAIL_HOST_USER", default="")
EMAIL_HOST_PASSWORD = env.text("EMAIL_HOST_PASSWORD", default="")
EMAIL_USE_TLS = env.flag("EMAIL_USE_TLS", default=False)
EMAIL_TIMEOUT = 8  # seconds for each answer, well under a reminder's lease
DEFAULT_FROM_EMAIL = env.text("EMAIL_FROM", default="clinic@localhost")
PUBLIC_URL = env.url("PUBLIC_URL", default="http://localhost:8000")

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["clinics.api.authentication.ApiClientAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["clinics.api.permissions.HasPermission"],
    "DEFAULT_THROTTLE_CLASSES": ["clinics.api.throttling.ApiClientThrottle"],
    "DEFAULT_THROTTLE_RATES": {"api_client": env.rate("API_RATE", default="600/min")},
    "DEFAULT_RENDERER_CLASSES": ["core.api.rendering.OrjsonRenderer"],
    "DEFAULT_PARSER_CLASSES": ["core.api.parsing.OrjsonParser"],
    "URL_FORMAT_OVERRIDE": None,  # `format` is an unknown parameter like any other
    "EXCEPTION_HANDLER": "core.api.problems.exception_handler",
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "UNAUTHENTICATED_USER": None,
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Infusion clinic API",
    "DESCRIPTION": "Upcoming visits, patients, chairs and courses of one clinic.",
    "VERSION": "1.0.0",
    "OAS_VERSION": "3.1.0",
    "SERVE_INCLUDE_SCHEMA": False,
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "core.api.openapi.declare_problem_responses",
    ],
    "ENUM_NAME_OVERRIDES": {},
}

CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = False
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_TIMEZONE = "UTC"
CELERY_BEAT_SCHEDULE = {
    "sweep-reminders": {
        "task": "reminders.tasks.sweep_reminders",
        "schedule": 10.0,
        "options": {"expires": 10},
    },
    "free-expired-holds": {
        "task": "scheduling.tasks.free_expired_holds",
        "schedule": 60.0,
        "options": {"expires": 60},
    },
    "render-downtime-sheets": {
        "task": "infusion.tasks.render_downtime_sheets",
        "schedule": 300.0,
        "options": {"expires": 240},
    },
    "plan-nights": {
        "task": "scheduling.tasks.plan_nights",
        "schedule": 300.0,
        "options": {"expires": 240},
    },
    "roll-calendars": {
        "task": "scheduling.tasks.roll_calendars",
        "schedule": 3600.0,
        "options": {"expires": 600},
    },
}

LEVELS = ["DEBUG", "INFO", "WARNING", "ERROR"]
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {"request_id": {"()": "core.logs.RequestIdFilter"}},
    "formatters": {
        "line": {
            "format": "{asctime} {levelname} {name} request={request_id} {message}",
            "style": "{",
        }
    },
    "handlers": {
        "console": {
            "class": "logging.StreamHandler",
            "filters": ["request_id"],
            "formatter": "line",
        }
    },
    "root": {"handlers": ["console"], "level": env.choice("LOG_LEVEL", LEVELS, default="INFO")},
    "loggers": {
        "django": {"handlers": [], "level": "INFO", "propagate": True},
        "django.server": {"handlers": ["console"], "level": "INFO", "propagate": False},
    },
}
