"""Tickets as a Django app."""

from django.apps import AppConfig


class TicketsConfig(AppConfig):
    """Tickets, customers, inboxes and channels."""

    name = "tickets"
    verbose_name = "Tickets"

    def ready(self) -> None:
        from django.conf import settings
        from django.utils.translation import gettext_lazy as _
        from django.utils.translation import pgettext_lazy

        from helpdesk import channel_names
        from helpdesk.auditing import audited
        from helpdesk.models import Role
        from helpdesk.pages import RailEntry, Section, banner, menu_entry, rail_entry, settings_block, settings_section
        from tickets import (  # noqa: F401
            acts_by_key,
            badges,
            bell,
            chat_desk,
            gauges,
            guide,
            search_subscribers,
            subscribers,
            watching,
        )
        from tickets.channels import directory
        from tickets.channels.chat import stream  # noqa: F401

        acts_by_key.register()
        for channel in directory.every().values():
            channel_names.register(channel.kind, channel.name, channel.icon)

        banner(watching.banners)
        menu_entry(chat_desk.menu_entry)
        settings_block(guide.above_settings)
        audited(
            "inbox", _("Inboxes"), "inbox.created", "inbox.changed", "inbox.access_changed",
            access_changed=_("changed what somebody may do in it"),
        )  # fmt: skip
        audited("tag", _("Tags"), renamed=_("renamed a tag"), merged=_("merged a tag"), deleted=_("deleted a tag"))
        audited("brand", _("Brands"))
        audited("customfield", _("Custom fields"))
        audited("macro", _("Macros"))
        audited("grant", _("Mail accounts"))
        audited("customer", _("Customers erased"), "customer.erased", erased=_("erased"))
        settings_section(
            Section(
                "tags", _("Tags"), _("Words agents sort tickets by: rename, merge and delete them."), "settings_tags"
            )
        )  # fmt: skip
        settings_section(
            Section(
                "intake", _("Incoming mail"), _("Every mail that came in, and what became of it."), "intake_log",
                tuple(Role), watching.waiting_for,
            )
        )  # fmt: skip
        settings_section(
            Section(
                "health", _("Inbox health"), _("Whether mail comes in and goes out, and what to do where it does not."),
                "inbox_health", tuple(Role),
            )
        )  # fmt: skip
        if settings.MAIL_CATCHER:
            settings_section(
                Section("catcher", _("Mail catcher"), _("Development: every mail that went out."), "mail_catcher")
            )
        rail_entry(RailEntry("queue", _("Queue"), "inbox", "queue", short=pgettext_lazy("below an icon", "Queue")))
        rail_entry(
            RailEntry(
                "customers", _("Customers"), "users-round", "customers", short=pgettext_lazy("below an icon", "People")
            )
        )
        rail_entry(RailEntry("search", _("Search"), "search", "search"))
        rail_entry(
            RailEntry(
                "notifications", _("Notifications"), "bell", "notifications", waiting=bell.unread, short=_("Alerts")
            )
        )
