"""manage.py run: the whole helpdesk in the foreground."""

import os
import sys
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand


class Command(BaseCommand):
    """Become the supervisor, which needs neither Django nor the memory it takes. (`make run` starts it directly.)"""

    help = "Run everything in the foreground: PostgreSQL, Valkey, web, worker, clock and mail server. Ctrl-C stops it."
    requires_system_checks = ()

    def handle(self, *args: Any, **options: Any) -> None:
        os.environ["DATA"] = str(settings.DATA)  # which may have been said relative to where we are now
        os.chdir(settings.BASE_DIR)
        sys.stdout.flush()
        os.execv(sys.executable, [sys.executable, "-m", "helpdesk.running"])  # noqa: S606 - no shell is wanted
