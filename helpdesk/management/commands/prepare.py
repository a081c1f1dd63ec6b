"""manage.py prepare: what must be done once before the processes of a new version start."""

from typing import Any

from django.core.management import call_command, get_commands
from django.core.management.base import BaseCommand, CommandError
from django.db import OperationalError, connection

#: any number, the same in every copy: two that prepare at once wait for each other
_LOCK = 7_410_125_308


class Command(BaseCommand):
    """Bring the database up to date, compile translations, make the first admin. Harmless when nothing is to do."""

    help = "Migrate the database, compile the translations, and create what the helpdesk needs to be usable."

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            connection.ensure_connection()
        except OperationalError as error:
            raise CommandError(f"The database does not answer; is DATABASE_URL right?\n{error}") from None
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_lock(%s)", [_LOCK])
        try:
            before = self._migrations()
            call_command("migrate", interactive=False, verbosity=0)
            applied = self._migrations() - before
            self.stdout.write(
                f"the database is up to date ({applied} migrations applied)"
                if applied
                else "the database is up to date"
            )
        finally:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock(%s)", [_LOCK])
        commands = get_commands()
        if "compile_translations" in commands:
            call_command("compile_translations", stdout=self.stdout, stderr=self.stderr)
        if "bootstrap" in commands:
            call_command("bootstrap", stdout=self.stdout, stderr=self.stderr)

    @staticmethod
    def _migrations() -> int:
        """How many migrations have been applied."""
        from django.db.migrations.recorder import MigrationRecorder

        recorder = MigrationRecorder(connection)
        return recorder.migration_qs.count() if recorder.has_table() else 0
