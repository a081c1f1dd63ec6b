"""The one-command start (`make run`): everything the helpdesk consists of, in the foreground, under one supervisor."""

import errno
import functools
import hashlib
import os
import re
import secrets
import select
import shlex
import signal
import socket
import sys
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured

from helpdesk import embedded, environment, probe
from helpdesk.supervisor import GaveUp, Log, Program, Stopped, Supervisor

ROOT = Path(__file__).resolve().parent.parent
_SERVERS, _WORK, _FRONT = 0, 1, 2
_LOGIN = re.compile(r"^LOGIN \S+ \S+$")
#: Celery's greetings, and its warning about root
_NOISE = re.compile(
    r"superuser privileges|absolutely not recommended|User information: uid=|^\s*$|SecurityWarning"
    r"|--uid option|_warn_or_raise_security_error|celery beat v.* is starting|Warm shutdown"
)


class Instance:
    """One running copy of the helpdesk."""

    def __init__(self) -> None:
        # the settings as a plain module: their defaults and their complaints, without starting Django
        from helpdesk import settings

        self.data: Path = settings.DATA
        self.port: int = settings.PORT
        self.smtp_port: int = settings.SMTP_PORT
        self.address: str = settings.BASE_URL
        self.instance: str = settings.INSTANCE
        self.domain: str = settings.MAIL_DOMAIN
        self.embeds_postgresql = not os.environ.get("DATABASE_URL", "").strip()
        self.embeds_valkey = not os.environ.get("REDIS_URL", "").strip()
        self.web_processes = environment.whole("WEB_PROCESSES", 1, least=1, most=64)
        self.concurrency = environment.whole("WORKER_PROCESSES", 2, least=1, most=64)
        self.wants_demo = environment.flag("DEMO", True)
        self.demo_first = environment.whole("DEMO_FIRST_TICKETS", 300, least=1)
        self.demo_all = environment.whole("DEMO_TICKETS", 20_000, least=1)
        self.static: Path = settings.STATIC_ROOT
        self.log = Log(plain=settings.LOG_FORMAT == "json")
        self.env = {
            "MAIL_CATCHER": "1",
            "MALLOC_ARENA_MAX": "2",  # threads share their heaps: a third less memory, no measurable time
            **({"SURVEY_DELAY_MINUTES": "0"} if self.wants_demo else {}),
            **os.environ,
            "DATA": str(self.data),
            "PORT": str(self.port),
            "SMTP_PORT": str(self.smtp_port),
            "DJANGO_SETTINGS_MODULE": "helpdesk.settings",
            "PYTHONUNBUFFERED": "1",
        }
        self.login = ""

    def run(self) -> int:
        """Run until a signal comes. The exit status: 0 for a clean stop, 1 for a start that failed."""
        os.umask(0o077)
        supervisor = None
        try:
            with embedded.claim(self.data):
                listening = self._bind()
                self._make_secret_key()
                self.static.mkdir(parents=True, exist_ok=True)
                supervisor = Supervisor(self.log)
                try:
                    self._start(supervisor, listening)
                    supervisor.run()
                except Stopped:
                    pass
                finally:
                    listening.close()
                    self.log.line("helpdesk", "stopping")
                    supervisor.stop()
        except GaveUp as error:
            self.log.raw(f"\nThe helpdesk cannot run: {error}")
            return 1
        self.log.line("helpdesk", "stopped; the data are kept")
        return 0

    # --- before anything starts -------------------------------------------------------------------------------------

    def _bind(self) -> socket.socket:
        """Take the web port for as long as we live (children inherit it), and see that the mail port is free."""
        self._try_port(self.smtp_port, "SMTP_PORT").close()
        return self._try_port(self.port, "PORT")

    def _try_port(self, port: int, setting: str) -> socket.socket:
        line = socket.socket()
        line.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        # connections inherit it; uvicorn takes a socket given by number for a Unix one and would not set it, and an
        # answer's last part would wait 40 ms for the browser's delayed acknowledgement
        line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            line.bind(("127.0.0.1", port))
            line.listen(1024)
        except OSError as error:
            line.close()
            if error.errno == errno.EADDRINUSE:
                raise GaveUp(
                    f"Port {port} on 127.0.0.1 is taken by another program. "
                    f"Choose another: {setting}={port + 1 if port < 65535 else 8001} make run"
                ) from None
            raise GaveUp(
                f"Port {port} on 127.0.0.1 cannot be had ({error.strerror}). Choose another: {setting}=8001 make run"
            ) from None
        return line

    def _make_secret_key(self) -> None:
        """DATA/secret_key, at the first start, readable by its owner alone."""
        key = self.data / "secret_key"
        if self.env.get("SECRET_KEY") or (key.exists() and key.stat().st_size):
            return
        fresh = key.with_name("secret_key.new")
        fresh.unlink(missing_ok=True)
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(secrets.token_urlsafe(48) + "\n")
            file.flush()
            os.fsync(file.fileno())
        fresh.rename(key)

    # --- starting ---------------------------------------------------------------------------------------------------

    def _start(self, supervisor: Supervisor, listening: socket.socket) -> None:
        say = functools.partial(self.log.line, "helpdesk")
        servers = []
        fresh = not (self.data / "postgres").exists()
        if self.embeds_postgresql:
            say("preparing a new database" if fresh else "starting the database")
            servers.append((embedded.postgresql(self.data), embedded.postgresql_answers))
        if self.embeds_valkey:
            servers.append((embedded.valkey(self.data), embedded.valkey_answers))
        for child, answers in [(supervisor.start(program), answers) for program, answers in servers]:
            supervisor.wait_for(child, functools.partial(answers, self.data), seconds=90)

        if fresh or not self.embeds_postgresql or not self._is_prepared():
            self._prepare(supervisor)

        webs = [
            supervisor.start(self._web(listening, "web" if self.web_processes == 1 else f"web{number + 1}"))
            for number in range(self.web_processes)
        ]
        mail = supervisor.start(
            self._command(
                "mail", "mailroom", "--skip-checks", "--host", "127.0.0.1", "--port", str(self.smtp_port), tier=_FRONT
            )
        )
        supervisor.start(self._worker())
        supervisor.start(self._beat())
        supervisor.wait_for(webs[0], _Question(self.port, "/readyz"), seconds=120)
        supervisor.wait_for(mail, lambda: probe.smtp_greets("127.0.0.1", self.smtp_port, 0.5), seconds=60)
        self._small_demo(supervisor)
        self._welcome()
        self._whole_demo(supervisor)

    def _prepare(self, supervisor: Supervisor) -> None:
        """Migrations, translations, the first admin; the one line with the password is shown as it is."""
        prepared = supervisor.once(self._command("prepare", "prepare", quiet=_LOGIN))
        for line in prepared.last:
            if _LOGIN.match(line):
                self.login = line
                self.log.raw(line)
        (self.data / "prepared").write_text(_fingerprint())

    def _is_prepared(self) -> bool:
        """Whether our own database saw these migrations and translations before: two seconds saved at every start."""
        mark = self.data / "prepared"
        return mark.exists() and mark.read_text() == _fingerprint()

    def _python(self, name: str, *words: str, tier: int = _FRONT, **more: object) -> Program:
        return Program(name, [sys.executable, *words], env=self.env, cwd=ROOT, tier=tier, **more)  # type: ignore[arg-type]

    def _command(self, name: str, *words: str, tier: int = _WORK, **more: object) -> Program:
        return self._python(name, "manage.py", *words, tier=tier, **more)

    def _web(self, listening: socket.socket, name: str) -> Program:
        number = listening.fileno()
        return self._python(
            name, "-m", "uvicorn", "helpdesk.asgi:application", "--fd", str(number),
            "--no-access-log", "--log-level", "warning", "--timeout-graceful-shutdown", "2",
            pass_fds=(number,),
        )  # fmt: skip

    def _worker(self) -> Program:
        return self._python(
            "worker", "-m", "celery", "--quiet", "-A", "helpdesk", "worker",
            "--queues", "intake,delivery,default,reports",
            "--pool", "prefork", "--concurrency", str(self.concurrency), "--hostname", f"{self.instance}@%h",
            "--without-gossip", "--without-mingle", "--loglevel", "WARNING",
            tier=_WORK, quiet=_NOISE,
        )  # fmt: skip

    def _beat(self) -> Program:
        return self._python(
            "beat", "-m", "celery", "--quiet", "-A", "helpdesk", "beat", "--schedule", str(self.data / "beat-schedule"),
            "--pidfile", "", "--loglevel", "WARNING",
            quiet=_NOISE,
        )  # fmt: skip

    # --- the demo company -------------------------------------------------------------------------------------------

    @property
    def _wanted(self) -> Path:
        """There while the demo company is not complete; a stopped start goes on with it at the next one."""
        return self.data / "demo-wanted"

    def _small_demo(self, supervisor: Supervisor) -> None:
        """A small company at the very first start, so that the first look is not at an empty house."""
        if not (self.wants_demo and self.login and any(ROOT.glob("*/management/commands/demo.py"))):
            return
        self._wanted.touch()
        supervisor.once(
            self._command(
                "demo", "demo", "--skip-checks", "--tickets", str(min(self.demo_first, self.demo_all)), "--if-empty"
            )
        )

    def _whole_demo(self, supervisor: Supervisor) -> None:
        """The rest of its history, beside the work."""
        if not (self.wants_demo and self._wanted.exists()):
            return

        def ended(code: int) -> None:
            if code == 0:
                self._wanted.unlink(missing_ok=True)
                self.log.line("demo", "the demo company is complete")

        words = "demo", "--skip-checks", "--tickets", str(self.demo_all), "--final"
        supervisor.start(self._command("demo", *words, restart=False, nice=10, ended=ended))

    # --- words ------------------------------------------------------------------------------------------------------

    def _welcome(self) -> None:
        support = f"support@{self.domain}"
        script = (
            f"from smtplib import SMTP; SMTP('127.0.0.1', {self.smtp_port}).sendmail('ada@example.com', "
            f"'{support}', 'From: Ada <ada@example.com>\\nSubject: Hello\\n\\nWhere is my order?')"
        )
        if self.login:
            _, email, password = self.login.split()
            sign_in = f"{email}  with the password  {password}  (shown this once)"
        else:
            where = f"DATA={shlex.quote(str(self.data))} " if os.environ.get("DATA") else ""
            sign_in = f"as before (a new password: {where}.venv/bin/python manage.py changepassword ADDRESS)"
        self.log.raw(
            f"""
  The helpdesk is running.

  Open       {self.address}
  Sign in    {sign_in}
  First mail send one to {support} through 127.0.0.1 port {self.smtp_port}, for example
             python3 -c "{script}"
  Sent mail  every mail that goes out is shown at {self.address}/mail-catcher/
  Data       {self.data}
  Stop       Ctrl-C
"""
        )
        self.log.raw(f"READY http://localhost:{self.port} smtp://127.0.0.1:{self.smtp_port}")


def _fingerprint() -> str:
    """Changes whenever `manage.py prepare` may have something to do."""
    digest = hashlib.sha256()
    for pattern in ("*/migrations/*.py", "*/locale/**/*.[pm]o", "requirements.txt"):
        for file in sorted(ROOT.glob(pattern)):
            found = file.stat()
            digest.update(f"{file.relative_to(ROOT)} {found.st_size} {found.st_mtime_ns}\n".encode())
    return digest.hexdigest()


class _Question:
    """One request to the web process, asked once and waited for without blocking.

    Our port takes connections before anybody answers them, so asking again and again would leave a queue.
    """

    def __init__(self, port: int, path: str) -> None:
        self.port, self.path = port, path
        self.line: socket.socket | None = None

    def __call__(self) -> bool:
        if self.line is None:
            self.line = socket.create_connection(("127.0.0.1", self.port), timeout=2)
            self.line.sendall(f"GET {self.path} HTTP/1.0\r\nHost: localhost\r\n\r\n".encode())
        if not select.select([self.line], [], [], 0)[0]:
            return False
        try:
            well = self.line.recv(64).split()[1:2] == [b"200"]
        except OSError:
            well = False
        self.line.close()
        self.line = None
        return well


def main() -> int:
    """Run the instance the environment describes."""
    try:
        instance = Instance()
    except ImproperlyConfigured as error:
        sys.stderr.write(f"The helpdesk cannot run: {error}\n")
        return 1
    signal.signal(signal.SIGPIPE, signal.SIG_IGN)
    return instance.run()


if __name__ == "__main__":
    sys.exit(main())
