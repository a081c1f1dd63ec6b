"""manage.py update_translations: collect what code and templates say into the catalogues."""

from typing import Any

from django.core.management.base import BaseCommand

from helpdesk import catalogs


class Command(BaseCommand):
    """Bring the catalogues up to date and say what is still to be translated."""

    help = "Collect messages from code and templates into the catalogues of all languages."
    requires_system_checks = []

    def handle(self, *args: Any, **options: Any) -> None:
        for language in catalogs.languages():
            messages, untranslated = catalogs.update(language)
            self.stdout.write(f"{language}: {messages} messages, {untranslated} untranslated")
