"""Tickets as a Django app."""

from django.apps import AppConfig


class TicketsConfig(AppConfig):
    """Tickets, customers, inboxes and channels."""

    name = "tickets"
    verbose_name = "Tickets"

    def ready(self) -> None:
        from django.conf import settings
        from django.utils.translation import gettext_lazy as _

        from helpdesk.models import Role
        from helpdesk.pages import RailEntry, Section, rail_entry, settings_section
        from tickets import badges, gauges, subscribers  # noqa: F401

        settings_section(
            Section(
                "intake", _("Incoming mail"), _("Every mail that came in, and what became of it."), "intake_log",
                tuple(Role),
            )
        )  # fmt: skip
        if settings.MAIL_CATCHER:
            settings_section(
                Section("catcher", _("Mail catcher"), _("Development: every mail that went out."), "mail_catcher")
            )
        rail_entry(RailEntry("queue", _("Queue"), "inbox", "queue"))
