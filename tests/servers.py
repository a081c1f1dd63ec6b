"""Real servers for the tests: those the environment names, else embedded ones in a folder of their own.

Loaded by pytest before Django reads its settings (`-p tests.servers`); workers of xdist inherit the environment.
"""

import atexit
import gc
import os
import tempfile
from pathlib import Path

# thousands of modules and tests are read, and all of them stay: nobody need look through them for what may go
gc.set_threshold(500_000, 50, 50)

os.environ.setdefault("SECRET_KEY", "a key for tests, long enough to be taken for a real one")
os.environ.setdefault("INSTANCE", "tests")
os.environ.setdefault("MAIL_CATCHER", "1")
os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
# tests start our programs a hundred times: what we wrote is compiled once, and not by each of them
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

if (_worker := os.environ.get("PYTEST_XDIST_WORKER", "").removeprefix("gw")) and "REDIS_URL" in os.environ:
    # Redis's channels are the same in all its databases; their names carry the instance
    os.environ["INSTANCE"] += _worker
    # each worker has a Redis database of its own: a test that empties the cache empties nobody else's
    _redis, _number = os.environ["REDIS_URL"], int(_worker) + 1
    if _redis.startswith("unix:"):
        os.environ["REDIS_URL"] = f"{_redis.partition('?')[0]}?db={_number}"
    else:
        _server, _slash, _own = _redis.partition("//")[2].partition("/")
        os.environ["REDIS_URL"] = f"redis://{_server}/{(int(_own or 0) + _number) % 16}"

if "PYTEST_XDIST_WORKER" not in os.environ and not (os.environ.get("DATABASE_URL") and os.environ.get("REDIS_URL")):
    from helpdesk import embedded

    _folder = tempfile.TemporaryDirectory(prefix="helpdesk-tests-")
    _data = Path(_folder.name)
    _servers = embedded.start(_data, durable=False)
    (_data / "static").mkdir()  # WhiteNoise wants it there, though nothing is collected into it
    os.environ.setdefault("DATA", str(_data))
    os.environ.setdefault("DATABASE_URL", embedded.database_url(_data))
    os.environ.setdefault("REDIS_URL", embedded.redis_url(_data))
    atexit.register(_folder.cleanup)
    atexit.register(_servers.stop)
