"""Feedback as a Django app."""

from django.apps import AppConfig


class FeedbackConfig(AppConfig):
    """Surveys, invitations, responses."""

    name = "feedback"
    verbose_name = "Feedback"

    def ready(self) -> None:
        from feedback import (  # noqa: F401
            notices,
            panels,
            personal_data,
            subscribers,
            voice_panels,
            voice_subscribers,
        )
