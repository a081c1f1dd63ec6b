"""Feedback as a Django app."""

from django.apps import AppConfig


class FeedbackConfig(AppConfig):
    """Surveys, invitations, responses."""

    name = "feedback"
    verbose_name = "Feedback"

    def ready(self) -> None:
        from feedback import notices, panels, personal_data, subscribers  # noqa: F401
