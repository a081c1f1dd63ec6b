"""Reports as a Django app."""

from django.apps import AppConfig


class ReportsConfig(AppConfig):
    """Facts folded from events, and the pages that show them."""

    name = "reports"
    verbose_name = "Reports"

    def ready(self) -> None:
        from reports import subscribers  # noqa: F401
