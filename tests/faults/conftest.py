"""The stage of the fault tests, and the table `make faults` prints."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from helpdesk.models import Agent
from tests.faults import table
from tests.faults.imap_server import imap_server
from tests.faults.smtp_server import smtp_server
from tests.faults.world import IS_LONG_RUN, Row, World
from tickets.models import Inbox


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What takes long runs under `make faults` only."""
    for item in items:
        marker = item.get_closest_marker("faults")
        if marker and marker.kwargs.get("long") and not IS_LONG_RUN:
            item.add_marker(pytest.mark.skip(reason="takes longer: make faults"))


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """After `make faults`: the table."""
    if not IS_LONG_RUN:
        return
    reports = [report for kind in terminalreporter.stats.values() for report in kind]
    ends = [report for report in reports if getattr(report, "when", "") == "teardown"]
    figures = [value for report in ends for key, value in report.user_properties if key == "faults"]
    if figures:
        terminalreporter.section("the fault matrix (docs/reliability.md)")
        terminalreporter.write_line(table.text(figures))


@pytest.fixture
def row(request: pytest.FixtureRequest) -> Iterator[Row]:
    """What this test did, for the table."""
    marker = request.node.get_closest_marker("faults")
    row = Row(list(marker.args))
    yield row
    row.rounds = max(row.rounds, 1)
    request.node.user_properties.append(("faults", row.as_property()))


@pytest.fixture
def world(transactional_db: None, inbox: Inbox, ana: Agent, settings: Any, tmp_path: Path, row: Row) -> Iterator[World]:
    """A helpdesk between scripted servers."""
    with smtp_server() as next_server, imap_server() as imap:
        settings.EMAIL_HOST, settings.EMAIL_PORT, settings.EMAIL_TIMEOUT = "127.0.0.1", next_server.port, 20
        settings.EMAIL_USE_SSL = settings.EMAIL_USE_TLS = False
        settings.EMAIL_HOST_USER = ""
        world = World(inbox, ana, tmp_path, row, next_server, imap)
        try:
            yield world
        finally:
            world.end()
