"""Tickets as a Django app."""

from django.apps import AppConfig


class TicketsConfig(AppConfig):
    """Tickets, customers, inboxes and channels."""

    name = "tickets"
    verbose_name = "Tickets"

    def ready(self) -> None:
        from tickets import gauges, subscribers  # noqa: F401
