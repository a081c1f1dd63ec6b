"""An IMAP4rev1 server that does what a test tells it to, and keeps a journal of what it had and what it gave.

Enough of RFC 3501 (and IDLE, XOAUTH2, UIDPLUS) for one client; what it answers is what a good server answers, until a
rule says otherwise or the connection is cut after so many bytes.
"""

import base64
import re
import socketserver
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta

from tests.faults.imap_mailbox import Folder, Journal, Rule

CAPABILITIES = "IMAP4rev1 IDLE UIDPLUS AUTH=PLAIN AUTH=XOAUTH2 UNSELECT NAMESPACE"
_WORD = re.compile(rb'"((?:[^"\\]|\\.)*)"|(\((?:[^()]|\([^()]*\))*\))|([^\s"()]+(?:\[[^\]]*\])?)')


class _Gone(Exception):
    """The connection is over."""


class Session(socketserver.StreamRequestHandler):
    """One connection."""

    server: "Server"
    disable_nagle_algorithm = True

    def handle(self) -> None:
        self.sent, self.known, self.limit = 0, 0, self.server.next_limit()
        self.folder: Folder | None = None
        self.name = ""
        try:
            self._say(f"* OK [CAPABILITY {CAPABILITIES}] scripted server ready")
            while line := self._line():
                self._obey(line)
        except (OSError, _Gone, ValueError):
            pass

    # --- the wire ---------------------------------------------------------------------------------------------------

    def _line(self) -> bytes:
        """A command line, its literals put into quotes."""
        whole = b""
        while True:
            line = self.rfile.readline()
            if not line:
                return b""
            literal = re.search(rb"\{(\d+)(\+?)\}\r?\n\Z", line)
            if not literal:
                return whole + line.rstrip(b"\r\n")
            if not literal[2]:
                self._say("+ go on")
            octets = self.rfile.read(int(literal[1]))
            whole += line[: literal.start()] + b'"' + octets.replace(b"\\", b"\\\\").replace(b'"', b'\\"') + b'"'

    def _say(self, words: str | bytes) -> None:
        octets = (words.encode() if isinstance(words, str) else words) + b"\r\n"
        if self.limit is not None and self.sent + len(octets) > self.limit:
            with suppress(OSError):
                self.wfile.write(octets[: self.limit - self.sent])
            raise _Gone
        self.wfile.write(octets)
        self.sent += len(octets)
        self.server.journal.sent = max(self.server.journal.sent, self.sent)

    # --- commands ---------------------------------------------------------------------------------------------------

    def _obey(self, line: bytes) -> None:
        words = [
            re.sub(rb"\\(.)", rb"\1", quoted) if plain == group == b"" else group or plain
            for quoted, group, plain in _WORD.findall(line)
        ]
        tag, verb, rest = words[0].decode(), words[1].decode().upper(), words[2:]
        if verb == "UID":
            verb, rest = f"UID {rest[0].decode().upper()}", rest[1:]
        self.server.journal.commands[verb] += 1
        rule = self.server.rule_for(verb)
        if rule and rule.wait:
            self.server.over.wait(rule.wait)
        if rule and rule.act:
            rule.act()
        if rule and rule.bye:
            self._say("* BYE the server is going down")
        if rule and (rule.bye or rule.cut):
            raise _Gone
        if rule and rule.reply:
            self._say(f"{tag} {rule.reply}")
            return
        do = getattr(self, "_" + verb.lower().replace(" ", "_"), None)
        if do is None:
            self._say(f"{tag} BAD I do not know {verb}")
            return
        if verb in ("IDLE", "AUTHENTICATE"):  # which wait for the client, and must hold nobody up
            answer = do(rest, rule)
        else:
            with self.server.lock:
                answer = do(rest, rule)
        self._say(f"{tag} {answer}")
        if verb == "LOGOUT":
            raise _Gone

    def _capability(self, _words: list[bytes], _rule: Rule | None) -> str:
        self._say(f"* CAPABILITY {CAPABILITIES}")
        return "OK done"

    def _noop(self, _words: list[bytes], _rule: Rule | None) -> str:
        return "OK done"

    def _logout(self, _words: list[bytes], _rule: Rule | None) -> str:
        self._say("* BYE until later")
        return "OK done"

    def _namespace(self, _words: list[bytes], _rule: Rule | None) -> str:
        self._say('* NAMESPACE (("" "/")) NIL NIL')
        return "OK done"

    def _login(self, words: list[bytes], _rule: Rule | None) -> str:
        name, password = (word.decode() for word in words)
        well = (name, password) == (self.server.username, self.server.password)
        self.server.journal.logins.append((time.time(), "LOGIN", well))
        return "OK welcome" if well else "NO [AUTHENTICATIONFAILED] wrong user name or password"

    def _authenticate(self, words: list[bytes], _rule: Rule | None) -> str:
        if words[0].upper() != b"XOAUTH2":
            return "NO only XOAUTH2"
        if len(words) == 1:
            self._say("+ ")
            words = [words[0], self.rfile.readline().strip()]
        said = base64.b64decode(words[1]).decode()
        well = f"auth=Bearer {self.server.token}\x01" in said and f"user={self.server.username}\x01" in said
        self.server.journal.logins.append((time.time(), "XOAUTH2", well))
        if well:
            return "OK welcome"
        self._say("+ " + base64.b64encode(b'{"status":"401","schemes":"bearer"}').decode())
        self.rfile.readline()
        return "NO [AUTHENTICATIONFAILED] the token has expired"

    def _list(self, _words: list[bytes], _rule: Rule | None) -> str:
        for name in self.server.folders:
            self._say(f'* LIST (\\HasNoChildren) "/" "{name}"')
        return "OK done"

    def _status(self, words: list[bytes], _rule: Rule | None) -> str:
        name = words[0].decode()
        folder = self.server.folders.get(name)
        if folder is None:
            return "NO [NONEXISTENT] there is no such folder"
        figures = {
            "MESSAGES": len(folder.mails), "UIDNEXT": folder.next_uid, "UIDVALIDITY": folder.uidvalidity, "RECENT": 0,
            "UNSEEN": sum("\\Seen" not in mail.flags for mail in folder.mails.values()),
        }  # fmt: skip
        wanted = words[1].strip(b"()").decode().upper().split()
        self._say(f'* STATUS "{name}" ({" ".join(f"{key} {figures[key]}" for key in wanted)})')
        return "OK done"

    def _select(self, words: list[bytes], _rule: Rule | None) -> str:
        self.name = words[0].decode()
        self.folder = self.server.folders.get(self.name)
        if self.folder is None:
            return "NO [NONEXISTENT] there is no such folder"
        self._say("* FLAGS (\\Answered \\Flagged \\Deleted \\Seen \\Draft)")
        self.known = len(self.folder.mails)
        self._say(f"* {self.known} EXISTS")
        self._say("* 0 RECENT")
        self._say(f"* OK [UIDVALIDITY {self.folder.uidvalidity}] valid")
        self._say(f"* OK [UIDNEXT {self.folder.next_uid}] next")
        return "OK [READ-WRITE] done"

    _examine = _select

    def _close(self, _words: list[bytes], _rule: Rule | None) -> str:
        self.folder = None
        return "OK done"

    _unselect = _close

    def _uid_search(self, words: list[bytes], _rule: Rule | None) -> str:
        assert self.folder is not None
        text = b" ".join(words).decode().upper().replace("(", " ").replace(")", " ")
        terms = re.sub(r"^\s*CHARSET \S+", "", text).split()
        found = set(self.folder.mails)
        while terms:
            term = terms.pop(0)
            if term == "UID":
                found &= self._range(terms.pop(0))
            elif term in ("SINCE", "BEFORE"):
                day = datetime.strptime(terms.pop(0), "%d-%b-%Y").date()
                after = {uid for uid in found if self.folder.mails[uid].arrived.date() >= day}
                found = after if term == "SINCE" else found - after
            elif term == "UNSEEN":
                found = {uid for uid in found if "\\Seen" not in self.folder.mails[uid].flags}
            elif term not in ("ALL", "UNDELETED"):
                return f"BAD I cannot search for {term}"
        self._say(" ".join(["* SEARCH", *map(str, sorted(found))]))
        return "OK done"

    def _range(self, words: str) -> set[int]:
        """A set of UIDs; `*` is the highest there is, so that 9:* of five mails is 5:9 (RFC 3501 §9)."""
        assert self.folder is not None
        highest = max(self.folder.mails, default=0)
        chosen = set[int]()
        for one in words.split(","):
            ends = [highest if end == "*" else int(end) for end in one.split(":")]
            chosen |= {uid for uid in self.folder.mails if min(ends) <= uid <= max(ends)}
        return chosen

    def _uid_fetch(self, words: list[bytes], rule: Rule | None) -> str:
        assert self.folder is not None
        wanted = b" ".join(words[1:]).upper()
        order = sorted(self.folder.mails)
        for uid in sorted(self._range(words[0].decode())):
            if rule and uid in rule.silent:
                continue
            mail = self.folder.mails[uid]
            parts = [f"UID {uid}".encode()]
            if b"RFC822.SIZE" in wanted:
                parts.append(f"RFC822.SIZE {len(mail.content)}".encode())
            if b"INTERNALDATE" in wanted:
                parts.append(mail.arrived.strftime('INTERNALDATE "%d-%b-%Y %H:%M:%S +0000"').encode())
            if b"FLAGS" in wanted:
                parts.append(f"FLAGS ({' '.join(sorted(mail.flags))})".encode())
            if b"HEADER" in wanted:
                head = mail.content.partition(b"\r\n\r\n")[0] + b"\r\n\r\n"
                parts.append(b"BODY[HEADER] {%d}\r\n%b" % (len(head), head))
            elif b"BODY" in wanted or b"RFC822 " in wanted + b" ":
                parts.append(b"BODY[] {%d}\r\n%b" % (len(mail.content), mail.content))
            self._say(b"* %d FETCH (%b)" % (order.index(uid) + 1, b" ".join(parts)))
            if b"BODY" in wanted:
                self.server.journal.given.append((self.name, self.folder.uidvalidity, uid))
        return "OK done"

    def _uid_store(self, words: list[bytes], _rule: Rule | None) -> str:
        assert self.folder is not None
        if not self.server.forgets_flags:
            for uid in self._range(words[0].decode()):
                self.folder.mails[uid].flags |= set(words[-1].strip(b"()").decode().split())
        return "OK done"

    def _expunge(self, _words: list[bytes], _rule: Rule | None) -> str:
        return "OK done"

    def _idle(self, _words: list[bytes], _rule: Rule | None) -> str:
        """Tell of new mail until DONE comes."""
        assert self.folder is not None
        self._say("+ idling")
        self.connection.settimeout(0.05)
        while not self.server.over.is_set():
            if len(self.folder.mails) != self.known:
                self.known = len(self.folder.mails)
                self._say(f"* {self.known} EXISTS")
            if self.server.drops_idle.is_set():
                raise _Gone
            with suppress(TimeoutError):
                # the buffered reader of a socket that timed out once refuses to go on
                if b"DONE" in self.connection.recv(64).upper():
                    break
        self.connection.settimeout(None)
        self.rfile = self.connection.makefile("rb")
        return "OK idled"


class Server(socketserver.ThreadingTCPServer):
    """The server. Change folders, rules and the password at any time."""

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Session)
        self.username, self.password, self.token = "support", "secret", ""
        self.folders = {"INBOX": Folder()}
        self.rules: list[Rule] = []
        #: for each of the next connections: cut after so many bytes (None: never)
        self.limits: list[int | None] = []
        self.forgets_flags = False
        self.drops_idle = threading.Event()
        self.over = threading.Event()
        self.lock = threading.RLock()
        self.journal = Journal()

    @property
    def port(self) -> int:
        return self.server_address[1]

    @property
    def inbox(self) -> Folder:
        return self.folders["INBOX"]

    def deliver(self, content: bytes, *flags: str, folder: str = "INBOX", age: timedelta = timedelta(0)) -> bytes:
        """A mail arrives; returns its bytes as they travel."""
        octets = content.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
        with self.lock:
            self.folders[folder].add(octets, *flags, arrived=datetime.now(UTC) - age)
        return octets

    def next_limit(self) -> int | None:
        with self.lock:
            return self.limits.pop(0) if self.limits else None

    def rule_for(self, command: str) -> Rule | None:
        """The first rule for this command that is not used up."""
        with self.lock:
            for rule in self.rules:
                if rule.command == command and rule.times:
                    rule.times -= 1
                    return rule
        return None

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that went away is nothing to tell of."""


@contextmanager
def imap_server() -> Iterator[Server]:
    """Run one."""
    server = Server()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.over.set()
        server.shutdown()
        server.server_close()
        thread.join(5)
