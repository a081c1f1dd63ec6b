"""What must be right before the helpdesk serves anybody."""

import os
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, register

from helpdesk import failpoints


@register(Tags.security)
def secret_key_is_there(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Refuse to serve without a key to sign with."""
    if settings.SECRET_KEY == "unsigned" or len(settings.SECRET_KEY) < 32:  # noqa: S105
        return [
            Error(
                "The setting SECRET_KEY is missing or shorter than 32 characters.",
                hint="`make run` makes one; elsewhere: python -c 'import secrets; print(secrets.token_urlsafe(48))'",
                id="helpdesk.E001",
            )
        ]
    return []


@register()
def nobody_expects_fail_points(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Refuse to serve where somebody set FAILPOINT: only a test arms fail points, and it tells nobody else to."""
    if os.environ.get("FAILPOINT") and not failpoints.is_armed():
        return [
            Error(
                "FAILPOINT is set, but fail points exist in test builds only.",
                hint="Unset it. `make faults` runs the fault matrix; docs/reliability.md explains it.",
                id="helpdesk.E002",
            )
        ]
    return []


@register(Tags.security)
def content_is_elsewhere(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Refuse a CONTENT_URL that shares its cookies with the pages: browsers send them to every port of a host."""
    if not settings.CONTENT_URL:
        return []
    content, pages = urlsplit(settings.CONTENT_URL), urlsplit(settings.BASE_URL)
    if content.hostname and content.hostname != pages.hostname and not content.path:
        return []
    return [
        Error(
            "The setting CONTENT_URL must be an origin of its own: a host name other than that of BASE_URL, no path.",
            hint="Point a second name, such as content.helpdesk.example, at the same server.",
            id="helpdesk.E003",
        )
    ]
