"""An empty database is brought up quickly, and is what the models say."""

import pytest
from django.apps import apps
from django.core.management import call_command, get_commands
from django.db import connection
from django.db.migrations.state import ProjectState
from django.db.models import Model

from helpdesk.models import Event

MODELS = [model for model in apps.get_models(include_auto_created=True) if model._meta.managed]


@pytest.mark.parametrize("model", MODELS, ids=[model._meta.label for model in MODELS])
def test_a_table_has_the_columns_and_the_rules_of_its_model(db: None, model: type[Model]) -> None:
    options = model._meta
    with connection.cursor() as cursor:
        there = {
            column.name: column.null_ok
            for column in connection.introspection.get_table_description(cursor, options.db_table)
        }
        rules = connection.introspection.get_constraints(cursor, options.db_table)
    assert there == {field.column: field.null for field in options.local_concrete_fields}
    # an exclusion or a unique rule under a condition is an index to PostgreSQL, and any name will do for the others
    named = {one.name for one in (*options.indexes, *options.constraints)}
    assert named - set(rules) == set()
    for field in options.local_concrete_fields:
        alone = [rule for rule in rules.values() if rule["columns"] == [field.column]]
        if field.unique:
            # the ledger lies in parts by time, and its key says which
            key = [rule for rule in rules.values() if rule["columns"] == [field.column, "at"]]
            assert any(rule["unique"] or rule["primary_key"] for rule in (alone, key)[model is Event]), field
        if field.remote_field and field.db_constraint:
            to = (field.remote_field.model._meta.db_table, field.target_field.column)
            assert any(rule["foreign_key"] == to for rule in alone), field


def test_it_is_our_command_and_who_upgrades_gets_djangos_way(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    assert get_commands()["migrate"] == "helpdesk"
    ways = []
    monkeypatch.setattr(
        "django.core.management.commands.migrate.Command.handle",
        lambda *_, **__: ways.append(ProjectState._find_reload_model),
    )
    call_command("migrate", verbosity=0)
    monkeypatch.setattr("django.db.migrations.recorder.MigrationRecorder.applied_migrations", lambda _self: {})
    call_command("migrate", verbosity=0)
    assert ways[0] is ProjectState._find_reload_model
    assert ways[1] is not ProjectState._find_reload_model
