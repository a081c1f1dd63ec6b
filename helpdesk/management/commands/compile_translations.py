"""manage.py compile_translations: make what Django reads out of the catalogues."""

from typing import Any

from django.core.management.base import BaseCommand

from helpdesk import catalogs


class Command(BaseCommand):
    """Compile the catalogues that changed."""

    help = "Compile the translations that changed since they were last compiled."
    requires_system_checks = []

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(f"compiled {catalogs.compile_all()} of {len(catalogs.languages())} languages")
