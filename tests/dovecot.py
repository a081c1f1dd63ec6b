"""A real IMAP server for the tests: Dovecot on free ports of this machine. Every user name has a mailbox of its own."""

import getpass
import grp
import imaplib
import os
import pwd
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from imap_tools.utils import encode_folder

from tests import needs

CONFIG = """
protocols = imap
base_dir = {run}
state_dir = {run}/state
log_path = {home}/dovecot.log
listen = 127.0.0.1
default_internal_user = {user}
default_login_user = {user}
default_internal_group = {group}
ssl = {ssl}
{certificate}
disable_plaintext_auth = no
mail_location = maildir:{home}/mail/%u
mail_uid = {uid}
mail_gid = {gid}
first_valid_uid = 1
mail_max_userip_connections = 100
auth_failure_delay = 0 secs
namespace inbox {{
  inbox = yes
  separator = /
  mailbox Junk {{
    special_use = \\Junk
    auto = create
  }}
}}
auth_mechanisms = plain login xoauth2
passdb {{
  driver = static
  mechanisms = plain login
  args = password=secret
}}
{tokens}
userdb {{
  driver = static
  args = uid={uid} gid={gid} home={home}
}}
service imap-login {{
  chroot =
  inet_listener imap {{
    port = {port}
  }}
  inet_listener imaps {{
    port = {tls_port}
    ssl = yes
  }}
}}
service anvil {{
  chroot =
  # nobody is made to wait after wrong passwords
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
service stats {{
  chroot =
}}
"""

OAUTH = """
passdb {{
  driver = oauth2
  mechanisms = xoauth2
  args = {file}
}}
"""


class Dovecot:
    """Where it listens, and what a mail provider's other clients could do to a mailbox."""

    def __init__(self, process: subprocess.Popen[bytes], home: Path, port: int, tls_port: int) -> None:
        self.process = process
        self.home, self.port, self.tls_port = home, port, tls_port
        self.host, self.username, self.password = "127.0.0.1", "support", "secret"

    def session(self, folder: str = "INBOX", username: str = "") -> imaplib.IMAP4:
        """Another client of the same mailbox."""
        session = imaplib.IMAP4(self.host, self.port)
        session.login(username or self.username, self.password)
        session.select(folder)
        return session

    def deliver(self, *contents: bytes, folder: str = "INBOX", at: datetime | None = None, flags: str = "") -> None:
        """Mails arrive."""
        session = self.session()
        name = encode_folder(folder)
        if session.select(name)[0] != "OK":  # type: ignore[arg-type]
            session.create(name)  # type: ignore[arg-type]
        for content in contents:
            when = imaplib.Time2Internaldate(at) if at else None  # type: ignore[arg-type]
            status, answer = session.append(name, flags, when, content.replace(b"\n", b"\r\n"))  # type: ignore[arg-type]
            assert status == "OK", answer
        session.logout()

    def hold(self, *contents: bytes, at: datetime) -> None:
        """Mails lie in the inbox since then, put there as a mail server does: told to this one, many take long."""
        self.session().logout()  # the mailbox is made when somebody comes
        inbox, when = self.home / "mail" / self.username, at.timestamp()
        owner = inbox.stat()
        for number, content in enumerate(contents):
            path = inbox / "new" / f"{int(when)}.M{number:06}.localhost"
            path.write_bytes(content)
            os.chown(path, owner.st_uid, owner.st_gid)
            os.utime(path, (when, when))

    def fresh(self) -> None:
        """The mailbox as a new one."""
        shutil.rmtree(self.home / "mail" / self.username, ignore_errors=True)

    def number_anew(self, folder: str = "INBOX") -> None:
        """The server forgets its numbers: every mail gets a new UID under another UIDVALIDITY."""
        place = self.home / "mail" / self.username
        time.sleep(1.1)  # it numbers by the clock
        for path in (place if folder == "INBOX" else place / f".{folder}").glob("dovecot*"):
            path.unlink()

    def hang_up(self) -> None:
        """Every session ends without a word."""
        mine = subprocess.run(["pgrep", "-P", str(self.process.pid)], capture_output=True, text=True, check=False)
        for pid in map(int, mine.stdout.split()):
            if Path(f"/proc/{pid}/comm").read_text().strip() == "imap":
                os.kill(pid, signal.SIGKILL)

    def log(self) -> str:
        return (self.home / "dovecot.log").read_text()


@contextmanager
def dovecot(folder: Path, *, tokeninfo_url: str = "", certificate: Path | None = None) -> Iterator[Dovecot]:
    """Run it in a folder; it ends with the `with`.

    `tokeninfo_url` tells of access tokens whose they are; `certificate` is a file with a certificate and its key.
    """
    binary = needs.dovecot()
    name = "nobody" if os.geteuid() == 0 else getpass.getuser()
    person = pwd.getpwnam(name)
    home = Path("/tmp") / f"dovecot-{os.getpid()}-{time.monotonic_ns() % 10**9}"
    (home / "run" / "state").mkdir(parents=True)
    (home / "mail").mkdir()
    for path in (home, home / "mail"):
        os.chown(path, person.pw_uid, person.pw_gid)
    port, tls_port = _free_port(), _free_port() if certificate else 0
    (home / "oauth.conf").write_text(
        f"tokeninfo_url = {tokeninfo_url}\nusername_attribute = email\nactive_attribute = active\nactive_value = true\n"
    )
    config = folder / "dovecot.conf"
    config.write_text(
        CONFIG.format(
            run=home / "run", home=home, user=name, group=grp.getgrgid(person.pw_gid).gr_name, uid=person.pw_uid,
            gid=person.pw_gid, port=port, tls_port=tls_port, ssl="yes" if certificate else "no",
            certificate=f"ssl_cert = <{certificate}\nssl_key = <{certificate}" if certificate else "",
            tokens=OAUTH.format(file=home / "oauth.conf") if tokeninfo_url else "",
        )
    )  # fmt: skip
    process = subprocess.Popen([str(binary), "-F", "-c", str(config)], stderr=subprocess.PIPE)
    try:
        until = time.monotonic() + 20
        while True:
            try:
                imaplib.IMAP4("127.0.0.1", port).logout()
                break
            except OSError:
                assert process.poll() is None, process.stderr.read().decode() if process.stderr else ""
                assert time.monotonic() < until, (home / "dovecot.log").read_text()
                time.sleep(0.1)
        yield Dovecot(process, home, port, tls_port)
    finally:
        process.terminate()
        process.wait(10)
        assert process.stderr
        process.stderr.close()
        subprocess.run(["rm", "-rf", str(home)], check=False)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
