"""A real IMAP server for the tests: Dovecot on a free port of this machine, with one mailbox."""

import getpass
import grp
import imaplib
import os
import pwd
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

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
ssl = no
disable_plaintext_auth = no
mail_location = maildir:{home}/mail
mail_uid = {uid}
mail_gid = {gid}
first_valid_uid = 1
passdb {{
  driver = static
  args = password=secret
}}
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
    port = 0
  }}
}}
service anvil {{
  chroot =
}}
service stats {{
  chroot =
}}
"""


class Dovecot:
    """Where it listens, and what a mail provider's other clients could do to the mailbox."""

    def __init__(self, port: int) -> None:
        self.host, self.port, self.username, self.password = "127.0.0.1", port, "support", "secret"

    def session(self) -> imaplib.IMAP4:
        """Another client of the same mailbox."""
        session = imaplib.IMAP4(self.host, self.port)
        session.login(self.username, self.password)
        session.select("INBOX")
        return session

    def deliver(self, content: bytes) -> None:
        """A mail arrives."""
        session = self.session()
        status, answer = session.append("INBOX", None, None, content.replace(b"\n", b"\r\n"))
        assert status == "OK", answer
        session.logout()


@contextmanager
def dovecot(folder: Path) -> Iterator[Dovecot]:
    """Run it in a folder; it ends with the `with`."""
    binary = needs.dovecot()
    name = "nobody" if os.geteuid() == 0 else getpass.getuser()
    person = pwd.getpwnam(name)
    home = Path("/tmp") / f"dovecot-{os.getpid()}"
    (home / "run" / "state").mkdir(parents=True)
    (home / "mail").mkdir()
    for path in (home, home / "mail"):
        os.chown(path, person.pw_uid, person.pw_gid)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    config = folder / "dovecot.conf"
    group = grp.getgrgid(person.pw_gid).gr_name
    config.write_text(
        CONFIG.format(
            run=home / "run", home=home, user=name, group=group, uid=person.pw_uid, gid=person.pw_gid, port=port
        )
    )
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
        yield Dovecot(port)
    finally:
        process.terminate()
        process.wait(10)
        subprocess.run(["rm", "-rf", str(home)], check=False)
