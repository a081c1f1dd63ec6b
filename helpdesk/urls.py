"""The map of the site; each app brings its own part."""

from django.conf import settings
from django.urls import include, path, re_path
from drf_spectacular.views import SpectacularAPIView

from helpdesk.accounts import closed
from helpdesk.maintenance import door
from helpdesk.views import banners, health, joining
from helpdesk.views.api_docs import ApiDocs

urlpatterns = [
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
    path("metrics", health.metrics, name="metrics"),
    path("banners/", banners.banners, name="banners"),
    path("accounts/email/", closed),
    re_path(r"^accounts/confirm-email/(?P<key>.*)$", closed),
    path("accounts/invitation/", joining.accept, name="invitation_accept"),
    path("accounts/invitation/<str:secret>/", joining.invitation, name="invitation"),
    path("accounts/2fa/", include("allauth.mfa.urls")),
    path("accounts/", include("allauth.account.urls")),
    path("settings/", include("helpdesk.settings_urls")),
    path("settings/", include("tickets.settings_urls")),
    path("api/schema/", SpectacularAPIView.as_view(), name="api_schema"),
    path("api/docs/", ApiDocs.as_view(), name="api_docs"),
    path("api/v1/", include("tickets.api.urls")),
    path("api/v1/", include("feedback.api.urls")),
    path("api/v1/reports/", include("reports.api.urls")),
    path("api/", include("helpdesk.api.urls")),
    path("reports/", include("reports.urls")),
    path("", include("feedback.urls")),
    path("", include("tickets.urls")),
]

if settings.MAINTENANCE_PATH:
    urlpatterns.insert(0, path(f"{settings.MAINTENANCE_PATH}/", door().urls))

handler400 = "helpdesk.views.errors.bad_request"
handler403 = "helpdesk.views.errors.forbidden"
handler404 = "helpdesk.views.errors.not_found"
handler500 = "helpdesk.views.errors.broken"
