"""Tickets as a Django app."""

from django.apps import AppConfig


class TicketsConfig(AppConfig):
    """Tickets, customers, inboxes and channels."""

    name = "tickets"
    verbose_name = "Tickets"

    def ready(self) -> None:
        from django.utils.translation import gettext_lazy as _

        from helpdesk.pages import RailEntry, rail_entry
        from tickets import gauges, subscribers  # noqa: F401

        rail_entry(RailEntry("queue", _("Queue"), "inbox", "queue"))
