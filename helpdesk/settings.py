"""Every setting of the helpdesk, read from the environment. docs/settings.md explains each one."""

from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

import dj_database_url
from django.core.exceptions import ImproperlyConfigured
from django.utils.translation import gettext_lazy as _
from whitenoise.compress import Compressor

from helpdesk import embedded, environment, logs

BASE_DIR = Path(__file__).resolve().parent.parent

# --- Where this copy lives ------------------------------------------------------------------------------------------
DATA = environment.folder("DATA", BASE_DIR / "data")
PORT = environment.whole("PORT", 8000, least=1, most=65535)
SMTP_PORT = environment.whole("SMTP_PORT", min(PORT + 25, 65535), least=1, most=65535)
if SMTP_PORT == PORT:
    raise ImproperlyConfigured(f"The setting SMTP_PORT must be another port than PORT: {PORT} is for the pages.")
BASE_URL = environment.url("BASE_URL", f"http://localhost:{PORT}", ["http", "https"]).rstrip("/")
INSTANCE = environment.text("INSTANCE", f"p{PORT}")
if not INSTANCE.isalnum():
    raise ImproperlyConfigured("The setting INSTANCE may have letters and digits only.")
DEBUG = environment.flag("DEBUG", False)
LOG_FORMAT = environment.choice("LOG_FORMAT", "console", ["console", "json"])

_secret_file = DATA / "secret_key"
SECRET_KEY = environment.text("SECRET_KEY", _secret_file.read_text().strip() if _secret_file.exists() else "")
if SECRET_KEY and len(SECRET_KEY) < 32:
    raise ImproperlyConfigured("The setting SECRET_KEY must have at least 32 characters.")
if not SECRET_KEY:
    # Commands that sign nothing (explaining a mail, making migrations) may run without one; whatever signs refuses.
    SECRET_KEY = "unsigned"  # noqa: S105 - helpdesk.checks refuses to serve with it
#: where Django's admin is, to look at rows; "" shuts it
MAINTENANCE_PATH = environment.text("MAINTENANCE_PATH", "maintenance").strip("/")
SECRET_KEY_FALLBACKS = environment.words("SECRET_KEY_FALLBACKS")

_host = urlsplit(BASE_URL).hostname or "localhost"
ALLOWED_HOSTS = environment.words("ALLOWED_HOSTS", f"{_host},localhost,127.0.0.1,[::1]")
CONTENT_URL = environment.text("CONTENT_URL", "").rstrip("/")
if CONTENT_URL:
    environment.url("CONTENT_URL", "", ["http", "https"])
    ALLOWED_HOSTS.append(urlsplit(CONTENT_URL).hostname or "")
_secure = BASE_URL.startswith("https://")

# --- Parts ----------------------------------------------------------------------------------------------------------
INSTALLED_APPS = [
    "helpdesk.apps.HelpdeskConfig",
    "tickets.apps.TicketsConfig",
    "feedback.apps.FeedbackConfig",
    "reports.apps.ReportsConfig",
    "django.contrib.admin.apps.SimpleAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.postgres",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
    "django_htmx",
    "django_prose_editor",
    "template_partials",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
]
MIDDLEWARE = [
    "helpdesk.middleware.RequestIdMiddleware",
    "helpdesk.middleware.MetricsMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "helpdesk.middleware.ContentHostMiddleware",
    "helpdesk.plain_files.PlainFilesMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "helpdesk.middleware.ReaderMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "helpdesk.middleware.SecondFactorMiddleware",
]
ROOT_URLCONF = "helpdesk.urls"
WSGI_APPLICATION = "helpdesk.wsgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "helpdesk.pages.shell",
            ],
        },
    }
]

# --- Data -----------------------------------------------------------------------------------------------------------
DATABASE_URL = environment.url("DATABASE_URL", embedded.database_url(DATA), ["postgres", "postgresql"])
DATABASES = {"default": dj_database_url.parse(DATABASE_URL, conn_max_age=600, conn_health_checks=True)}
DATABASES["default"].setdefault("OPTIONS", {})
#: PostgreSQL keeps the plans of what is asked at every turn; not behind a pooler that gives each transaction a session
PREPARED_STATEMENTS = environment.flag("PREPARED_STATEMENTS", True)
if PREPARED_STATEMENTS:
    DATABASES["default"]["OPTIONS"].setdefault("prepare_threshold", 2)
REDIS_URL = environment.url("REDIS_URL", embedded.redis_url(DATA), ["redis", "rediss", "unix"])
CACHES = {
    "default": {
        "BACKEND": "helpdesk.cache.ForgivingRedisCache",
        "LOCATION": REDIS_URL,
        "KEY_PREFIX": INSTANCE,
    }
}
#: names with hashes need `collectstatic` first, as the image does; plain names are served straight from the sources
STATIC_HASHED = environment.flag("STATIC_HASHED", False)
FILES_ROOT = environment.folder("FILES", DATA / "files")
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage", "OPTIONS": {"location": str(FILES_ROOT)}},
    "staticfiles": {
        "BACKEND": "helpdesk.hashed_files.Storage"
        if STATIC_HASHED
        else "django.contrib.staticfiles.storage.StaticFilesStorage"
    },
}
STATIC_URL = "/static/"
STATIC_ROOT = environment.folder("STATIC", DATA / "static")
WHITENOISE_USE_FINDERS = not STATIC_HASHED
WHITENOISE_AUTOREFRESH = DEBUG
# maps are for who looks into a script, and large
WHITENOISE_SKIP_COMPRESS_EXTENSIONS = (*Compressor.SKIP_COMPRESS_EXTENSIONS, "map")

# --- People ---------------------------------------------------------------------------------------------------------
AUTH_USER_MODEL = "helpdesk.Agent"
AUTHENTICATION_BACKENDS = ["helpdesk.signed_in.Backend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.ScryptPasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
ACCOUNT_ADAPTER = "helpdesk.accounts.AccountAdapter"
ACCOUNT_FORMS = {"login": "helpdesk.forms.SignInForm", "reset_password": "helpdesk.forms.ForgottenForm"}
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_LOGOUT_ON_GET = False
ACCOUNT_LOGOUT_ON_PASSWORD_CHANGE = False
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
ACCOUNT_SESSION_REMEMBER = True
MFA_ADAPTER = "helpdesk.accounts.SecondFactorAdapter"
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
#: an admin gave the address; nobody confirms it
MFA_ALLOW_UNVERIFIED_EMAIL = True
MFA_TOTP_ISSUER = "Helpdesk"
MFA_TOTP_TOLERANCE = 1
#: browsers call a name a secure place if it is localhost, whatever the scheme
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = _host in ("localhost", "127.0.0.1")
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "queue"
ACCOUNT_LOGOUT_REDIRECT_URL = "account_login"

SESSION_ENGINE = "helpdesk.signed_in"
SESSION_COOKIE_AGE = environment.whole("SESSION_DAYS", 14, least=1, most=365) * 86400
_prefix = "__Host-" if _secure else ""
SESSION_COOKIE_NAME = f"{_prefix}helpdesk_session_{INSTANCE}"
CSRF_COOKIE_NAME = f"{_prefix}helpdesk_csrf_{INSTANCE}"
LANGUAGE_COOKIE_NAME = f"helpdesk_language_{INSTANCE}"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = LANGUAGE_COOKIE_SECURE = _secure
SESSION_COOKIE_HTTPONLY = CSRF_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
CSRF_TRUSTED_ORIGINS = [BASE_URL]
CSRF_FAILURE_VIEW = "helpdesk.views.errors.csrf_failure"

# --- What a browser may do ------------------------------------------------------------------------------------------
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
SECURE_HSTS_SECONDS = environment.whole("HSTS_SECONDS", 0) if _secure else 0
if environment.flag("BEHIND_PROXY", False):
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    #: whose sign-ins are slowed down: the address that our own proxy saw
    ALLAUTH_TRUSTED_PROXY_COUNT = 1
X_FRAME_OPTIONS = "SAMEORIGIN"
_content = [CONTENT_URL] if CONTENT_URL else []
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'none'"],
        "script-src": ["'self'"],
        "style-src": ["'self'"],
        "img-src": ["'self'", "data:", *_content],
        "font-src": ["'self'"],
        "connect-src": ["'self'"],
        "frame-src": ["'self'", *_content],
        "frame-ancestors": ["'self'"],
        "form-action": ["'self'"],
        "base-uri": ["'none'"],
        "manifest-src": ["'self'"],
    }
}

# --- What strangers name and send -----------------------------------------------------------------------------------
FETCH_ALLOW = environment.networks("FETCH_ALLOW")
CLAMD_URL = environment.text("CLAMD_URL", "")
if CLAMD_URL:
    environment.url("CLAMD_URL", "", ["tcp", "unix"])

# --- Words and times ------------------------------------------------------------------------------------------------
LANGUAGE_CODE = environment.choice("LANGUAGE_CODE", "en", ["en", "de"])
LANGUAGES = [("en", _("English")), ("de", _("German"))]
LOCALE_PATHS = [BASE_DIR / "helpdesk" / "locale"]
TIME_ZONE = environment.zone("TIME_ZONE", "UTC")
USE_I18N = USE_TZ = True

# --- Mail -----------------------------------------------------------------------------------------------------------
MAIL_DOMAIN = environment.text("MAIL_DOMAIN", "demo.localhost").lower()
MAIL_REPLY_DOMAIN = environment.text("MAIL_REPLY_DOMAIN", "").lower()
MAIL_CATCHER = environment.flag("MAIL_CATCHER", False)
MAIL_FLOOD_PER_HOUR = environment.whole("MAIL_FLOOD_PER_HOUR", 60)
TRUSTED_AUTHSERV_ID = environment.text("TRUSTED_AUTHSERV_ID", "")
MAIL_MAX_MB = environment.whole("MAIL_MAX_MB", 50, least=1, most=500)
LMTP_PORT = environment.whole("LMTP_PORT", 0, most=65535)
SMTP_TLS_CERT = environment.text("SMTP_TLS_CERT", "")
SMTP_TLS_KEY = environment.text("SMTP_TLS_KEY", "")
SMTP_TLS_REQUIRED = environment.flag("SMTP_TLS_REQUIRED", False)
if SMTP_TLS_REQUIRED and not SMTP_TLS_CERT:
    raise ImproperlyConfigured("The setting SMTP_TLS_REQUIRED needs SMTP_TLS_CERT.")
SMTP_TIMEOUT = environment.whole("SMTP_TIMEOUT", 300, least=1, most=3600)
SMTP_MAX_CONNECTIONS = environment.whole("SMTP_MAX_CONNECTIONS", 100, least=1, most=10_000)
SMTP_RATE_PER_CLIENT = environment.whole("SMTP_RATE_PER_CLIENT", 300)
SMTP_RATE_PER_SENDER = environment.whole("SMTP_RATE_PER_SENDER", 60)
SMTP_UNLIMITED = [word for word in environment.words("SMTP_UNLIMITED", "127.0.0.0/8,::1") if word != "none"]
UNDO_SECONDS = environment.whole("UNDO_SECONDS", 10, most=120)
EMAIL_URL = environment.url("EMAIL_URL", f"smtp://127.0.0.1:{SMTP_PORT}", ["smtp", "smtps", "smtp+starttls"])
_email = urlsplit(EMAIL_URL)
EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
EMAIL_HOST = _email.hostname or "127.0.0.1"
EMAIL_PORT = _email.port or {"smtp": 25, "smtps": 465, "smtp+starttls": 587}[_email.scheme]
EMAIL_HOST_USER = unquote(_email.username or "")
EMAIL_HOST_PASSWORD = unquote(_email.password or "")
EMAIL_USE_SSL = _email.scheme == "smtps"
EMAIL_USE_TLS = _email.scheme == "smtp+starttls"
#: how long the answer to a mail's last dot is waited for: whoever gives up sooner sends it twice (RFC 1047)
EMAIL_TIMEOUT = max(600, int(parse_qs(_email.query).get("timeout", ["600"])[0]))
GOOGLE_CLIENT_ID = environment.text("GOOGLE_CLIENT_ID", "")
GOOGLE_CLIENT_SECRET = environment.text("GOOGLE_CLIENT_SECRET", "")
MICROSOFT_CLIENT_ID = environment.text("MICROSOFT_CLIENT_ID", "")
MICROSOFT_CLIENT_SECRET = environment.text("MICROSOFT_CLIENT_SECRET", "")
MICROSOFT_TENANT = environment.text("MICROSOFT_TENANT", "common")
DEFAULT_FROM_EMAIL = environment.text("FROM_EMAIL", f"Helpdesk <no-reply@{MAIL_DOMAIN}>")
SERVER_EMAIL = DEFAULT_FROM_EMAIL

# --- Surveys and clocks ---------------------------------------------------------------------------------------------
SURVEY_DELAY_MINUTES = environment.whole("SURVEY_DELAY_MINUTES", 24 * 60)
COMPLAINT_DAYS = environment.whole("COMPLAINT_DAYS", 5, most=60)
AUTO_CLOSE_DAYS = environment.whole("AUTO_CLOSE_DAYS", 14)
TRASH_DAYS = environment.whole("TRASH_DAYS", 30)

# --- Work behind the pages ------------------------------------------------------------------------------------------
_broker = REDIS_URL.replace("unix://", "redis+socket://", 1).replace("?db=", "?virtual_host=")
CELERY_BROKER_URL = _broker
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TASK_DEFAULT_QUEUE = "default"
CELERY_TASK_ROUTES = {
    "tickets.tasks.receive_mail": {"queue": "intake"},
    "tickets.tasks.receive_posts": {"queue": "intake"},
    "tickets.tasks.deliver_posts": {"queue": "delivery"},
    "tickets.tasks.deliver": {"queue": "delivery"},
    "reports.tasks.*": {"queue": "reports"},
}
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_TASK_TIME_LIMIT = 900
CELERY_TASK_SOFT_TIME_LIMIT = 840
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "global_keyprefix": f"{INSTANCE}:",
    "visibility_timeout": 1800,
    "unacked_restore_interval": 5,
    "unacked_restore_throttle": 1,
    "socket_connect_timeout": 2,
    "socket_timeout": 30,
    "max_retries": 0,
}
CELERY_TASK_PUBLISH_RETRY = False

# --- API ------------------------------------------------------------------------------------------------------------
API_RATE_PER_MINUTE = environment.whole("API_RATE_PER_MINUTE", 600)
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "helpdesk.api.authentication.TokenAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "EXCEPTION_HANDLER": "helpdesk.api.problems.exception_handler",
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "UNAUTHENTICATED_USER": "django.contrib.auth.models.AnonymousUser",
    "URL_FORMAT_OVERRIDE": None,
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Helpdesk API",
    "VERSION": "1",
    "DESCRIPTION": "Tickets, messages and the acts agents perform on them. Errors are RFC 9457 problem details.",
    "SERVE_INCLUDE_SCHEMA": False,
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "ENUM_NAME_OVERRIDES": {
        "TicketStatus": "tickets.models.Status",
        "MessageKind": "tickets.models.MessageKind",
        "CustomFieldKind": "tickets.models.CustomField.Kind",
        "LinkKind": "tickets.api.acts.LINK_KINDS",
    },
}

# --- Logs -----------------------------------------------------------------------------------------------------------
LOGGING = logs.configuration(LOG_FORMAT, environment.choice("LOG_LEVEL", "INFO", ["DEBUG", "INFO", "WARNING", "ERROR"]))
LOGGING_CONFIG = "helpdesk.logs.configure"
