"""The ground floor as a Django app."""

from django.apps import AppConfig


class HelpdeskConfig(AppConfig):
    """People, calendars, the ledger, the page shell."""

    name = "helpdesk"
    verbose_name = "Helpdesk"

    def ready(self) -> None:
        from helpdesk import accounts, checks, keyboard, measures  # noqa: F401
        from helpdesk.events import set_aside
        from helpdesk.models import PendingEvent

        measures.gauge("events_pending", "Events whose subscribers have not run", PendingEvent.objects.count)
        measures.gauge("events_set_aside", "Events no subscriber could hear", set_aside)
        keyboard.register_own()
