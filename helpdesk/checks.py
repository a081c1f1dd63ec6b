"""What must be right before the helpdesk serves anybody."""

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, register


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
