"""Who has an older database comes to the same tables as who begins today."""

import pytest
from django.db.migrations.autodetector import MigrationAutodetector
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.state import ProjectState


def state(*, squashed: bool) -> ProjectState:
    """What the migrations make, with those that stand for many or with the many."""
    loader = MigrationLoader(None, replace_migrations=squashed)
    long_way = {("tickets", "0001_initial"), ("tickets", "0009_snoozing_is_an_act")}
    assert squashed != (long_way <= set(loader.graph.nodes))
    # what the long way has beside it is not on the way; it only stands for all of it
    return loader.project_state([node for node in loader.graph.leaf_nodes() if node != ("tickets", "0001_up_to_0009")])


@pytest.mark.parametrize("begins_squashed", [True, False])
def test_the_short_way_and_the_long_way_lead_to_the_same_models(begins_squashed: bool) -> None:
    was, now = state(squashed=begins_squashed), state(squashed=not begins_squashed)
    detector = MigrationAutodetector(was, now)
    graph = MigrationLoader(None).graph
    changes = detector.changes(graph=graph)
    assert {app: [one.operations for one in found] for app, found in changes.items()} == {}
