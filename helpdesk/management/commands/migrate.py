"""Django's `migrate`, which brings an empty database up in a second or two instead of a quarter of a minute.

With every operation Django draws anew all models that are related to the one that changes, and theirs: nearly all.
That serves migrations that read and write rows. An empty database has no rows, and its tables are made by names that
do not change by it, so there only the model itself is drawn. Whoever upgrades gets Django's way.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.core.management.commands import migrate
from django.db import connections
from django.db.migrations.recorder import MigrationRecorder
from django.db.migrations.state import ProjectState


class Command(migrate.Command):
    def handle(self, *args: Any, **options: Any) -> None:
        recorder = MigrationRecorder(connections[options["database"]])
        if recorder.has_table() and recorder.applied_migrations():
            super().handle(*args, **options)
            return
        with _each_alone():
            super().handle(*args, **options)


@contextmanager
def _each_alone() -> Iterator[None]:
    real = ProjectState._find_reload_model  # type: ignore[attr-defined]
    ProjectState._find_reload_model = lambda _self, app, model, delay=False: {(app, model)}  # type: ignore[attr-defined]
    try:
        yield
    finally:
        ProjectState._find_reload_model = real  # type: ignore[attr-defined]
