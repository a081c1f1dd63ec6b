"""Feedback as a Django app."""

from django.apps import AppConfig


class FeedbackConfig(AppConfig):
    """Surveys and answers, recoveries, quality, the voice of the customer."""

    name = "feedback"
    verbose_name = "Feedback"

    def ready(self) -> None:
        from django.utils.translation import gettext_lazy as _

        from feedback import (  # noqa: F401
            chat_questions,
            notices,
            panels,
            personal_data,
            recovery_panels,
            review_settings,
            subscribers,
            tabs,
            ticket_conditions,
            voice_panels,
            voice_personal_data,
            voice_subscribers,
        )
        from helpdesk.auditing import WORDS, audited
        from helpdesk.pages import RailEntry, rail_entry

        rail_entry(RailEntry("feedback", _("Feedback"), "message-circle-heart", "feedback", waiting=tabs.waiting))
        audited("department", _("Departments"))
        audited("reasoncode", _("Reasons"))
        audited("retention", _("Retention"))
        audited(
            "accountimport", _("Account events"), "account.import_begun", "account.imported", "account.import_undone"
        )
        WORDS.update({"account.import_begun": _("began to read in"), "account.imported": _("read in")})
        WORDS.update({"account.import_undone": _("took back")})
