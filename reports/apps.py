"""Reports as a Django app."""

from django.apps import AppConfig


class ReportsConfig(AppConfig):
    """Facts folded from events, and the pages that show them."""

    name = "reports"
    verbose_name = "Reports"

    def ready(self) -> None:
        from django.utils.translation import gettext_lazy as _

        from helpdesk import measures
        from helpdesk.models import Role
        from helpdesk.pages import RailEntry, rail_entry
        from reports import pages, subscribers  # noqa: F401
        from reports.ledger import sweep
        from reports.showing import panels  # noqa: F401

        pages.load()
        readers = (Role.ADMIN, Role.LEAD, Role.AGENT)
        rail_entry(RailEntry("reports", _("Reports"), "chart-column", "reports", readers))
        measures.gauge("facts_lag_seconds", "Age of the oldest event the figures may not know yet", sweep.lag)
