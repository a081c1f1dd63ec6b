"""The image and the composition: valid by their schemas, and every service's command really runs.

No Docker engine is needed: each command is started as a process against a real PostgreSQL and a real Redis on loopback,
with the service's own environment, and its own health check is asked.
"""

import contextlib
import http.client
import os
import pwd
import re
import shutil
import signal
import smtplib
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
import yaml
from django.conf import settings

from helpdesk.supervisor import Program
from tests import needs

ROOT = Path(__file__).resolve().parents[2]
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OURS = [name for name, service in SERVICES.items() if str(service["image"]).startswith("helpdesk:")]
DOCKERFILE = (ROOT / "Dockerfile").read_text()
PASSWORD = "compose"
KEY = "a key for the composition under test, forty characters"
#: a dozen programs start here; on a machine with much else to do that may take minutes
PATIENCE = 240
pytestmark = pytest.mark.timeout(900)


# --- what the files say ---------------------------------------------------------------------------------------------


def test_the_composition_keeps_the_schema() -> None:
    done = subprocess.run(
        ["check-jsonschema", "--builtin-schema", "vendor.compose-spec", ROOT / "docker-compose.yml"],
        env={**os.environ, "PATH": _path()},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout


def test_the_dockerfile_passes_its_linter() -> None:
    hadolint = shutil.which("hadolint", path=_path())
    if not hadolint:
        pytest.skip("hadolint comes as a package for Linux on x86_64 only")
    done = subprocess.run([hadolint, ROOT / "Dockerfile"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_the_image_is_built_in_stages_runs_without_rights_and_is_asked_for_its_health() -> None:
    assert len(re.findall(r"^FROM ", DOCKERFILE, re.MULTILINE)) == 2
    last = DOCKERFILE.rpartition("\nFROM ")[2]
    assert re.search(r"^USER 10001:10001$", last, re.MULTILINE)
    assert re.search(r"^HEALTHCHECK ", last, re.MULTILINE)
    assert "collectstatic" in last
    assert "SECRET_KEY" not in re.findall(r"^ENV (?:.*\\\n)*.*", last, re.MULTILINE)[0], "no key is baked in"


def test_what_the_image_leaves_out_is_not_imported_by_servers() -> None:
    left_out = re.search(r"grep -v -E '\^\((.*?)\)=='", DOCKERFILE)
    assert left_out
    for package in left_out[1].split("|"):
        module = package.replace("-", "_")
        for file in (*ROOT.glob("helpdesk/**/*.py"), *ROOT.glob("tickets/**/*.py")):
            assert not re.search(rf"^\s*(import|from) {module}\b", file.read_text(), re.MULTILINE), file


def test_every_service_has_a_health_check_and_comes_back_or_is_done_once() -> None:
    for name, service in SERVICES.items():
        once = service["restart"] == "no"
        assert once == (name == "migrate"), name
        assert once or service["healthcheck"]["test"], name


def test_nothing_is_published_beyond_loopback_unless_asked() -> None:
    for name, service in SERVICES.items():
        for port in service.get("ports", []):
            assert _filled(port, {}).startswith("127.0.0.1:"), name


def test_every_queue_has_a_worker() -> None:
    queues = {route["queue"] for route in settings.CELERY_TASK_ROUTES.values()} | {settings.CELERY_TASK_DEFAULT_QUEUE}
    served = set()
    for service in SERVICES.values():
        command = service.get("command") or []
        if "--queues" in command:
            served |= set(command[command.index("--queues") + 1].split(","))
    assert served == queues


def test_a_secret_that_is_missing_is_named() -> None:
    text = (ROOT / "docker-compose.yml").read_text()
    assert {"SECRET_KEY", "POSTGRES_PASSWORD"} == set(re.findall(r"\$\{(\w+):\?", text))


# --- what the services do -------------------------------------------------------------------------------------------


def _path() -> str:
    return f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"


def _filled(text: str, variables: dict[str, str]) -> str:
    """Compose's own interpolation: ${NAME}, ${NAME:-default}, ${NAME:?words}, $$."""

    def value(found: re.Match[str]) -> str:
        name, default = found[1], found[3] if found[2] == ":-" else None
        if variables.get(name) or default is not None:
            return variables.get(name) or str(default)
        pytest.fail(f"{name} is required")

    return re.sub(r"\$\{(\w+)(?:(:-|:\?)([^}]*))?\}", value, text).replace("$$", "$")


def _free_port() -> int:
    with socket.socket() as line:
        line.bind(("127.0.0.1", 0))
        return int(line.getsockname()[1])


class Stack:
    """The composition as processes: service names and ports become loopback ones, /var/lib/helpdesk a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.ports = {name: _free_port() for name in ("postgres", "redis", "web", "sse", "mail", "proxy")}
        self.running: dict[str, subprocess.Popen[bytes]] = {}
        self.variables = {"SECRET_KEY": KEY, "POSTGRES_PASSWORD": PASSWORD}
        (folder / "state").mkdir()

    def words(self, service: str, text: str) -> str:
        """A word of the file as it is in this stack."""
        port = self.ports.get(service, 0)
        text = _filled(text, self.variables).replace("/var/lib/helpdesk", str(self.folder / "state"))
        text = text.replace("@postgres:5432", f"@127.0.0.1:{self.ports['postgres']}")
        text = text.replace("redis://redis:6379", f"redis://127.0.0.1:{self.ports['redis']}")
        text = text.replace("smtp://mail:2525", f"smtp://127.0.0.1:{self.ports['mail']}")
        text = text.replace("127.0.0.1:8000/", f"127.0.0.1:{port}/").replace("127.0.0.1:8080/", f"127.0.0.1:{port}/")
        text = text.replace("--port 5432", f"--port {port}")
        return {"0.0.0.0": "127.0.0.1", "2525": str(port), "8000": str(port), "6379": str(port)}.get(text, text)

    def env(self, service: str) -> dict[str, str]:
        said = SERVICES[service].get("environment", {})
        image = dict(re.findall(r"(\w+)=(\S+)", re.findall(r"^ENV (PATH(?:.*\\\n)*.*)", DOCKERFILE, re.MULTILINE)[0]))
        kept = {key: os.environ[key] for key in ("HOME", "LANG", "TMPDIR") if key in os.environ}
        return {
            **kept,
            **{key: self.words(service, value) for key, value in image.items()},
            **{key: self.words(service, str(value)) for key, value in said.items()},
            "STATIC": str(self.folder / "static"),
            "PATH": _path(),
        }

    def command(self, service: str) -> list[str]:
        said = SERVICES[service].get("command")
        if said is None:
            found = re.search(
                r"^CMD (\[.*\])$", DOCKERFILE.rpartition("HEALTHCHECK")[2].partition("\n    CMD")[2], re.MULTILINE
            )
            assert found
            said = yaml.safe_load(found[1])
        return [self.words(service, word) for word in said]

    def start(self, service: str, argv: list[str] | None = None, **more: Any) -> None:
        with (self.folder / f"{service}.log").open("ab") as log:
            program = Program(service, argv or self.command(service), env=self.env(service), cwd=ROOT, **more)
            self.running[service] = program.spawn(log)

    def once(self, service: str, argv: list[str] | None = None) -> str:
        done = subprocess.run(
            argv or self.command(service),
            env=self.env(service), cwd=ROOT, capture_output=True, text=True, timeout=PATIENCE, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def is_healthy(self, service: str) -> bool:
        test = SERVICES[service]["healthcheck"]["test"]
        kind, words = test[0], [self.words(service, word) for word in test[1:]]
        argv = words if kind == "CMD" else ["/bin/sh", "-c", *words]
        done = subprocess.run(argv, env=self.env(service), cwd=ROOT, capture_output=True, timeout=60, check=False)
        return done.returncode == 0

    def becomes_healthy(self, service: str, seconds: float = PATIENCE) -> None:
        until = time.monotonic() + seconds
        while not self.is_healthy(service):
            ended = self.running[service].poll()
            if ended is not None or time.monotonic() > until:
                log = (self.folder / f"{service}.log").read_text(errors="replace")
                pytest.fail(f"{service}: {'ended' if ended is not None else 'not healthy'}\n{log[-4000:]}")
            time.sleep(0.3)

    def stop(self, *services: str) -> None:
        """Ask the services to end, as Docker does, and see that they do."""
        chosen = [name for name in (services or reversed(list(self.running))) if name in self.running]
        for name in chosen:
            self.running[name].send_signal(signal.SIGINT if name == "postgres" else signal.SIGTERM)
        for name in chosen:
            process = self.running.pop(name)
            try:
                process.wait(25)
            except subprocess.TimeoutExpired:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
                process.wait()
                pytest.fail(f"{name} did not stop")

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        url = self.env("web")["DATABASE_URL"]
        with psycopg.connect(url) as session:
            return session.execute(query.encode()).fetchall()

    def get(self, service: str, path: str) -> tuple[int, str]:
        with contextlib.closing(http.client.HTTPConnection("127.0.0.1", self.ports[service], timeout=20)) as line:
            line.request("GET", path, headers={"Host": "localhost", "Connection": "close"})
            answer = line.getresponse()
            return answer.status, answer.read().decode(errors="replace")

    # --- the servers beside us --------------------------------------------------------------------------------------

    def start_postgresql(self) -> None:
        """PostgreSQL as installed on this machine, on TCP with a password; as an ordinary user when we are root."""
        binaries, home = needs.postgresql_binaries(), self.folder / "pg"
        home.mkdir()
        user: dict[str, Any] = {}
        if os.geteuid() == 0:
            entry = pwd.getpwnam("postgres" if _exists("postgres") else "nobody")
            user = {"uid": entry.pw_uid, "gid": entry.pw_gid}
            self.folder.chmod(0o711)
            os.chown(home, entry.pw_uid, entry.pw_gid)
        (home / "password").write_text(PASSWORD)
        (home / "password").chmod(0o644)
        initdb = [
            binaries / "initdb", "-D", home / "data", "-U", "helpdesk", "--encoding=UTF8", "--locale=C.UTF-8",
            "--auth=scram-sha-256", f"--pwfile={home / 'password'}", "--no-sync",
        ]  # fmt: skip
        with (self.folder / "initdb.log").open("wb") as log:
            assert Program("initdb", initdb, cwd=home, **user).spawn(log).wait(60) == 0
        port = str(self.ports["postgres"])
        self.start(
            "postgres",
            [str(binaries / "postgres"), "-D", str(home / "data"), "-h", "127.0.0.1", "-p", port, "-k", "", "-F"],
            **user,
        )
        self.becomes_healthy("postgres")
        with psycopg.connect(
            host="127.0.0.1", port=port, user="helpdesk", password=PASSWORD, dbname="postgres", autocommit=True
        ) as session:
            session.execute("CREATE DATABASE helpdesk")

    def start_redis(self) -> None:
        needs.redis_server()
        more = ["--port", str(self.ports["redis"]), "--bind", "127.0.0.1", "--dir", str(self.folder)]
        self.start("redis", self.command("redis") + more)
        self.becomes_healthy("redis")

    def start_proxy(self) -> None:
        conf = (ROOT / "helpdesk" / "nginx.conf").read_text()
        for service in ("web", "sse"):
            conf = conf.replace(f"http://{service}:8000", f"http://127.0.0.1:{self.ports[service]}")
        conf = conf.replace("listen 8080", f"listen 127.0.0.1:{self.ports['proxy']}")
        conf = conf.replace("/tmp/nginx", str(self.folder / "nginx"))
        if os.geteuid() == 0:
            conf = "user root;\n" + conf
        (self.folder / "nginx.conf").write_text(conf)
        argv = [
            word.replace("/etc/nginx/nginx.conf", str(self.folder / "nginx.conf")) for word in self.command("proxy")
        ]
        self.start("proxy", [str(needs.nginx()), "-p", str(self.folder), *argv[1:]])


def _exists(user: str) -> bool:
    with contextlib.suppress(KeyError):
        return bool(pwd.getpwnam(user))
    return False


@pytest.fixture
def stack() -> Iterator[Stack]:
    with tempfile.TemporaryDirectory(prefix="hd", ignore_cleanup_errors=True) as folder:
        stack = Stack(Path(folder).resolve())
        try:
            yield stack
        finally:
            with contextlib.suppress(pytest.fail.Exception):
                stack.stop()


def test_every_service_runs_is_healthy_and_does_its_part(stack: Stack) -> None:
    needs.nginx()
    stack.start_postgresql()
    stack.start_redis()
    first = stack.once("migrate")
    assert re.search(r"^LOGIN \S+ \S+$", first, re.MULTILINE)
    assert "LOGIN" not in stack.once("migrate"), "the password is told once"
    stack.once("web", ["python", "manage.py", "compile_translations"])
    stack.once("web", ["python", "manage.py", "collectstatic", "--no-input", "--verbosity", "0"])

    ours = [name for name in OURS if name != "migrate"]
    for name in ours:
        stack.start(name)
    stack.start_proxy()
    for name in (*ours, "proxy"):
        stack.becomes_healthy(name)

    # a mail through the front door of the mail service becomes a ticket by way of the worker for intake
    with smtplib.SMTP("127.0.0.1", stack.ports["mail"], timeout=20) as line:
        line.sendmail(
            "ada@example.com",
            ["support@demo.localhost"],
            "From: Ada <ada@example.com>\r\nTo: support@demo.localhost\r\nSubject: Composed\r\n"
            "Message-ID: <composed@example.com>\r\n\r\nHello\r\n",
        )
    until = time.monotonic() + PATIENCE
    while not stack.rows("SELECT 1 FROM tickets_ticket WHERE subject = 'Composed'"):
        assert time.monotonic() < until, (stack.folder / "worker-intake.log").read_text()
        time.sleep(0.1)

    # one door for pages and live updates
    status, page = stack.get("proxy", "/accounts/login/")
    assert status == 200
    (style, *_) = re.findall(r'href="(/static/[^"]+\.css)"', page)
    assert re.search(r"\.[0-9a-f]{12}\.css$", style), "static names carry their hash"
    assert stack.get("proxy", style)[0] == 200
    assert stack.get("proxy", "/live/")[0] in {401, 403}, "a stranger hears nothing"
    assert stack.get("proxy", "/metrics")[0] == 404
    assert stack.get("web", "/metrics")[0] == 200

    stack.stop(*ours)


def test_health_checks_notice(stack: Stack) -> None:
    """Nothing runs, so nothing is well."""
    for name in ("web", "sse", "mail", "beat", "redis", "postgres"):
        with contextlib.suppress(FileNotFoundError):  # a client that is not on this machine
            assert not stack.is_healthy(name), name
