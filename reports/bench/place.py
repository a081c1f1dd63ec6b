"""Where the benchmark works: servers of its own, or a database of its own on those the environment names."""

import contextlib
import os
import secrets
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg
import redis
from psycopg import sql

from helpdesk import embedded


@dataclass(frozen=True, slots=True)
class Place:
    """Two servers and a folder. `kept` are the servers whose made databases stay for the next run."""

    server: str
    redis_url: str
    folder: Path
    is_kept: bool
    instance: str

    def environment(self, database: str) -> dict[str, str]:
        """What a process of the benchmark runs with."""
        own = {
            "DATA": str(self.folder),
            "DATABASE_URL": self.url(database),
            "REDIS_URL": self.redis_url,
            "INSTANCE": self.instance,
            "SECRET_KEY": secrets.token_urlsafe(48),
            "BASE_URL": "http://localhost:8000",
            "MAIL_DOMAIN": "bench.localhost",
            "API_RATE_PER_MINUTE": "0",
            "DEBUG": "0",
            "LOG_LEVEL": "ERROR",
            "LANGUAGE_CODE": "en",
            "TIME_ZONE": "UTC",
            "DJANGO_SETTINGS_MODULE": "helpdesk.settings",
            "PYTHONUNBUFFERED": "1",
        }
        inherited = {key: value for key, value in os.environ.items() if key not in ("FILES", "STATIC", "STATIC_HASHED")}
        return {**inherited, **own}

    def url(self, database: str) -> str:
        """The address of one of the server's databases."""
        return urlunsplit(urlsplit(self.server)._replace(path=f"/{database}"))

    def _run(self, statement: sql.Composed) -> None:
        with psycopg.connect(self.url("postgres"), autocommit=True, connect_timeout=10) as session:
            session.execute(statement)

    def has(self, database: str) -> bool:
        """Whether the server has this database."""
        with psycopg.connect(self.url("postgres"), connect_timeout=10) as session:
            found = session.execute("SELECT 1 FROM pg_database WHERE datname = %s", [database]).fetchone()
        return found is not None

    def create(self, database: str, template: str = "template0") -> None:
        """A new database, a copy of `template`."""
        self._run(sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(database), sql.Identifier(template)))

    def rename(self, database: str, to: str) -> None:
        self._run(sql.SQL("ALTER DATABASE {} RENAME TO {}").format(sql.Identifier(database), sql.Identifier(to)))

    def drop(self, database: str) -> None:
        """Remove a database, whoever still uses it."""
        self._run(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(database)))

    def settle(self, database: str) -> None:
        """What autovacuum would have done to a database of this size long ago."""
        with psycopg.connect(self.url(database), autocommit=True, connect_timeout=10) as session:
            session.execute("VACUUM (ANALYZE)")


@contextlib.contextmanager
def servers() -> Iterator[Place]:
    """PostgreSQL and Redis for the length of a `with`.

    Embedded and durable, in a folder that goes away or that BENCH_DATA names; or those of DATABASE_URL and REDIS_URL.
    """
    named, named_redis = os.environ.get("DATABASE_URL", "").strip(), os.environ.get("REDIS_URL", "").strip()
    kept = os.environ.get("BENCH_DATA", "").strip()
    instance = f"bench{os.getpid()}"
    with contextlib.ExitStack() as stack:
        folder = Path(tempfile.mkdtemp(prefix="helpdesk-bench-"))
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        (folder / "static").mkdir()
        database_url, redis_url = named, named_redis
        if not (named and named_redis):
            data = Path(kept).resolve() if kept and not named else folder / "servers"
            ours = stack.enter_context(embedded.servers(data, durable=True))
            database_url, redis_url = named or ours[0], named_redis or ours[1]
        if named_redis:
            stack.callback(_forget, redis_url, instance)
        yield Place(database_url, redis_url, folder, bool(kept and not named), instance)


def _forget(redis_url: str, instance: str) -> None:
    """Leave nothing of ours in somebody's Redis."""
    with contextlib.suppress(redis.RedisError, OSError):
        client = redis.Redis.from_url(redis_url, socket_timeout=5)
        for key in client.scan_iter(match=f"{instance}:*", count=1000):
            client.delete(key)
