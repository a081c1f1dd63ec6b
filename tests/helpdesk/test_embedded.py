"""The embedded servers: private, durable, and back after any way of dying."""

import os
import pwd
import signal
import stat
import subprocess
import sys
import tempfile
import textwrap
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
import redis

from helpdesk import embedded
from helpdesk.supervisor import GaveUp, stop_all
from tests import needs

ROOT = Path(__file__).resolve().parents[2]
pytestmark = pytest.mark.timeout(120)


@pytest.fixture
def data() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="hd") as folder:
        yield Path(folder).resolve()


@pytest.fixture(scope="module")
def first() -> Iterator[Path]:
    """Data that have been started once."""
    with tempfile.TemporaryDirectory(prefix="hd") as folder:
        with embedded.servers(Path(folder).resolve(), durable=False):
            pass
        yield Path(folder).resolve()


@pytest.fixture
def used(first: Path, data: Path) -> Path:
    """A copy of them: making a database takes longer than anything that is done to it here."""
    subprocess.run(["cp", "-a", first / "postgres", data / "postgres"], check=True)
    return data


def test_addresses_need_no_server_and_no_directory() -> None:
    assert embedded.database_url(Path("/srv/help")) == "postgresql://helpdesk@%2Fsrv%2Fhelp%2Frun/helpdesk"
    assert embedded.redis_url(Path("/srv/help")) == "unix:///srv/help/run/valkey.sock"


def test_a_path_too_long_for_a_socket_gets_a_short_one_of_its_own() -> None:
    long, other = Path("/srv") / ("x" * 120), Path("/srv") / ("y" * 120)
    assert len(bytes(embedded.sockets(long) / ".s.PGSQL.5432")) <= 100
    assert embedded.sockets(long) != embedded.sockets(other)


def test_both_servers_start_answer_and_keep_what_they_were_told(data: Path) -> None:
    with embedded.servers(data) as (database, broker):
        with psycopg.connect(database) as session:
            session.execute("CREATE TABLE kept (word text)")
            session.execute("INSERT INTO kept VALUES ('Grüße')")
        redis.Redis.from_url(broker).set("kept", "yes")
    with embedded.servers(data) as (database, broker):
        with psycopg.connect(database) as session:
            assert session.execute("SELECT word FROM kept").fetchall() == [("Grüße",)]
        assert redis.Redis.from_url(broker).get("kept") == b"yes"


def test_settings_are_durable_and_nothing_listens_on_tcp(used: Path) -> None:
    with embedded.servers(used) as (database, broker):
        with psycopg.connect(database) as session:
            shown = {
                name: session.execute(f"SHOW {name}").fetchone()[0]  # type: ignore[index]
                for name in ("fsync", "synchronous_commit", "full_page_writes", "listen_addresses", "timezone")
            }
        settings = redis.Redis.from_url(broker).config_get("*")
        assert stat.S_IMODE(embedded.sockets(used).stat().st_mode) == 0o700
    assert shown == {
        "fsync": "on",
        "synchronous_commit": "on",
        "full_page_writes": "on",
        "listen_addresses": "",
        "timezone": "UTC",
    }
    assert (settings["port"], settings["appendonly"], settings["maxmemory-policy"]) == ("0", "yes", "noeviction")


def test_text_folds_and_searches_beyond_ascii(used: Path) -> None:
    with embedded.servers(used, durable=False) as (database, _), psycopg.connect(database) as session:
        session.execute("CREATE EXTENSION pg_trgm")
        session.execute("CREATE EXTENSION unaccent")
        assert session.execute(
            "SELECT 'ÄRGER' ILIKE 'ärger', unaccent('é'), similarity('naïve', 'naive') > 0"
        ).fetchone() == (
            True,
            "e",
            True,
        )


def test_a_directory_beyond_the_servants_reach_works_and_stays_closed(data: Path) -> None:
    data.chmod(0o700)
    inner = data / "in" / "data"
    with embedded.servers(inner, durable=False) as (database, _), psycopg.connect(database) as session:
        assert session.execute("SELECT 1").fetchone() == (1,)
    assert stat.S_IMODE(data.stat().st_mode) == 0o700


def test_a_long_path_works_and_strangers_socket_directories_are_refused(data: Path) -> None:
    deep = data / ("d" * 100)
    place = embedded.sockets(deep)
    try:
        with embedded.servers(deep, durable=False) as (database, broker), psycopg.connect(database) as session:
            assert session.execute("SELECT 1").fetchone() == (1,)
            assert redis.Redis.from_url(broker).ping()
        for left in place.iterdir():
            left.unlink()
        place.rmdir()
        place.symlink_to("/tmp")
        with pytest.raises(GaveUp, match="belongs to somebody else"), embedded.servers(deep):
            pass
    finally:
        if place.is_symlink():
            place.unlink()


def test_one_directory_one_instance(data: Path) -> None:
    with embedded.claim(data):
        assert embedded.is_claimed(data)
        with pytest.raises(embedded.InUse, match=rf"process {os.getpid()}"), embedded.claim(data):
            pass
    assert not embedded.is_claimed(data)


def test_a_directory_that_cannot_be_made_is_named() -> None:
    with pytest.raises(GaveUp, match="/proc/nowhere cannot be written"), embedded.claim(Path("/proc/nowhere")):
        pass


_HOLD = """
import sys, time
from pathlib import Path
from helpdesk import embedded
with embedded.servers(Path(sys.argv[1])) as (database, broker):
    print(database, flush=True)
    time.sleep(600)
"""


def _holder(data: Path, **options: object) -> tuple[subprocess.Popen[str], str]:
    process = subprocess.Popen(  # type: ignore[call-overload]
        [sys.executable, "-c", _HOLD, str(data)], cwd=ROOT, stdout=subprocess.PIPE, text=True, **options
    )
    return process, process.stdout.readline().strip()


def _postmaster(data: Path) -> int:
    return int((data / "postgres" / "postmaster.pid").read_text().split()[0])


def _is_alive(pid: int) -> bool:
    return Path(f"/proc/{pid}").exists() and ") Z " not in Path(f"/proc/{pid}/stat").read_text()


def _gone(pid: int, seconds: float = 10) -> bool:
    until = time.monotonic() + seconds
    while _is_alive(pid) and time.monotonic() < until:
        time.sleep(0.05)
    return not _is_alive(pid)


def test_servers_die_with_a_killed_parent_and_nothing_acknowledged_is_lost(used: Path) -> None:
    holder, database = _holder(used)
    with psycopg.connect(database, autocommit=True) as session:
        session.execute("CREATE TABLE numbers (n int)")
        session.execute("INSERT INTO numbers SELECT generate_series(1, 5000)")
    postmaster = _postmaster(used)
    holder.kill()
    holder.communicate()
    assert _gone(postmaster)
    with embedded.servers(used) as (database, _), psycopg.connect(database) as session:
        assert session.execute("SELECT count(*) FROM numbers").fetchone() == (5000,)


def test_killing_everything_at_once_loses_nothing_acknowledged(used: Path) -> None:
    holder, database = _holder(used)
    session = psycopg.connect(database, autocommit=True)
    session.execute("CREATE TABLE numbers (n int)")
    session.execute("CREATE INDEX ON numbers (n)")
    for number in range(300):
        session.execute("INSERT INTO numbers VALUES (%s)", [number])
    postmaster = _postmaster(used)
    holder.send_signal(signal.SIGSTOP)  # so that it cannot say goodbye to anybody
    os.killpg(postmaster, signal.SIGKILL)
    holder.kill()
    holder.communicate()
    session.close()
    with embedded.servers(used) as (database, _), psycopg.connect(database) as again:
        assert again.execute("SELECT count(*) FROM numbers").fetchone() == (300,)


def test_a_lock_file_naming_a_zombie_or_a_stranger_does_not_stop_the_start(used: Path) -> None:
    with embedded.servers(used, durable=False):
        lines = (used / "postgres" / "postmaster.pid").read_text().splitlines()
    servant = embedded._servant()
    zombie = subprocess.Popen(["/bin/true"], user=servant.uid if servant else None)
    stranger = subprocess.Popen(["/bin/sleep", "60"], user=servant.uid if servant else None)
    try:
        while ") Z " not in Path(f"/proc/{zombie.pid}/stat").read_text():
            time.sleep(0.01)
        for pid in (zombie.pid, stranger.pid):
            lock = used / "postgres" / "postmaster.pid"
            lock.write_text("\n".join([str(pid), *lines[1:]]) + "\n")
            if servant:
                os.chown(lock, servant.uid, servant.gid)
            with embedded.servers(used, durable=False) as (database, _), psycopg.connect(database) as session:
                assert session.execute("SELECT 1").fetchone() == (1,)
        assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()
        zombie.wait()


def test_a_server_that_outlived_its_supervisor_is_ended_first(used: Path) -> None:
    with embedded.claim(used):
        program = embedded.postgresql(used, durable=False)
        orphan = program.spawn(subprocess.DEVNULL)
        while not embedded.postgresql_answers(used):
            time.sleep(0.05)
    try:
        with embedded.servers(used, durable=False) as (database, _), psycopg.connect(database) as session:
            assert session.execute("SELECT 1").fetchone() == (1,)
            assert orphan.wait(5) == 0
    finally:
        stop_all([(program, orphan)])


def test_a_start_killed_during_initdb_begins_again(data: Path) -> None:
    (data / "postgres.new").mkdir()
    (data / "postgres.new" / "PG_VERSION").write_text("18")
    with embedded.servers(data, durable=False) as (database, _), psycopg.connect(database) as session:
        assert session.execute("SELECT 1").fetchone() == (1,)


def test_valkey_reads_a_file_cut_off_by_a_power_cut(used: Path) -> None:
    with embedded.servers(used) as (_, broker):
        redis.Redis.from_url(broker).set("kept", "yes")
    (file,) = (used / "valkey" / "appendonlydir").glob("*.incr.aof")
    with file.open("ab") as log:
        log.write(b"*3\r\n$3\r\nSET\r\n$4\r\nha")
    with embedded.servers(used) as (_, broker):
        assert redis.Redis.from_url(broker).get("kept") == b"yes"


def test_servers_of_a_running_instance_are_used_and_left_running(used: Path) -> None:
    with embedded.servers(used, durable=False) as first:
        with embedded.servers(used) as second:
            assert second == first
        with psycopg.connect(first[0]) as session:
            assert session.execute("SELECT 1").fetchone() == (1,)


def _python_for_everybody() -> Path:
    """An interpreter of our version that other users may run (a root's own build often lies in root's home)."""
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    for candidate in (Path(sys.executable).resolve(), Path("/usr/bin") / version, Path("/usr/local/bin") / version):
        if candidate.exists() and embedded._within_reach(candidate.resolve()):
            return candidate
    needs.missing(f"no {version} that other users may run")


def test_an_ordinary_user_runs_it_from_the_packages_themselves() -> None:
    if os.geteuid() != 0:
        pytest.skip("every other test here runs as an ordinary user")
    packages = Path(psycopg.__file__).parents[1]
    if not embedded._within_reach(ROOT) or not embedded._within_reach(packages):
        needs.missing("this clone lies in a private directory, where no other user can run it")
    entry = pwd.getpwnam("daemon")
    with tempfile.TemporaryDirectory(prefix="hd") as folder:
        os.chown(folder, entry.pw_uid, entry.pw_gid)
        program = textwrap.dedent("""
            import sys, psycopg
            from pathlib import Path
            from helpdesk import embedded
            with embedded.servers(Path(sys.argv[1])) as (database, broker), psycopg.connect(database) as session:
                print(session.execute("SELECT current_setting('data_directory')").fetchone()[0])
        """)
        done = subprocess.run(
            [_python_for_everybody(), "-c", program, folder],
            cwd=ROOT,
            env={"PYTHONPATH": str(packages), "PATH": os.environ["PATH"]},
            user=entry.pw_uid,
            group=entry.pw_gid,
            extra_groups=[],
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.stdout.strip() == f"{folder}/postgres", done.stderr


def test_the_systems_own_postgresql_serves_when_named(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    binaries = needs.postgresql_binaries()
    monkeypatch.setenv("HELPDESK_PG_BIN", str(binaries))
    with embedded.servers(data, durable=False) as (database, _), psycopg.connect(database) as session:
        assert session.execute("SHOW server_version_num").fetchone()[0].startswith(binaries.parent.name)  # type: ignore[index]
        assert session.execute("SELECT 'ÄRGER' ILIKE 'ärger'").fetchone() == (True,)
    monkeypatch.delenv("HELPDESK_PG_BIN")
    assert embedded.find_postgresql(data).bin == binaries, "data keep to the version that wrote them"


def test_no_fitting_postgresql_is_said_in_words(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedded, "_candidates", lambda: iter(()))
    with pytest.raises(GaveUp, match=r"HELPDESK_PG_BIN .* DATABASE_URL"):
        embedded.find_postgresql(data)
    monkeypatch.undo()
    (data / "postgres").mkdir()
    (data / "postgres" / "PG_VERSION").write_text("9\n")
    with pytest.raises(GaveUp, match="was written by PostgreSQL 9"):
        embedded.find_postgresql(data)
