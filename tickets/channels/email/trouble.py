"""What went wrong with a mail server, in plain words, and what to do about it.

Nothing of what the server said is repeated: these words are for people, and no answer to whoever scans ports.
"""

import imaplib
import re
import socket
import ssl
from dataclasses import dataclass

from django.utils.translation import gettext as _
from imap_tools.errors import ImapToolsError, MailboxLoginError, MailboxStarttlsError

from tickets.channels.email import oauth
from tickets.channels.email.imap import PLAIN_PORT, TLS_PORT, FolderGone, WrongPort
from tickets.models import Mailbox, Security, SignIn


@dataclass(frozen=True, slots=True)
class Trouble:
    """A sentence that says what is wrong, one that says what to do, and a word for programs."""

    code: str
    words: str
    remedy: str = ""

    def __str__(self) -> str:
        return f"{self.words} {self.remedy}".strip()

    @property
    def is_busy(self) -> bool:
        """Whether the server asks for patience, so that asking again soon makes it worse."""
        return self.code == "busy"


def explain(error: Exception, mailbox: Mailbox) -> Trouble:
    """What this error of a session with the mailbox's server means."""
    if isinstance(error, oauth.OAuthTrouble):
        return Trouble(error.code, str(error), error.remedy)
    if isinstance(error, FolderGone):
        return Trouble(
            "folder", _("There is no folder “%(name)s” in this mailbox.") % {"name": error.name},
            _("Choose from the folders that are there."),
        )  # fmt: skip
    if isinstance(error, UnicodeError):
        return Trouble(
            "letters", _("A server's name, a user name or a password has letters that cannot be sent."),
            _("Look for a typing error; names of servers have letters, digits, dots and hyphens."),
        )  # fmt: skip
    if isinstance(error, imaplib.IMAP4.error | ImapToolsError):
        return _said_by_the_server(error, mailbox)
    if isinstance(error, ssl.SSLError):
        return _tls(error, mailbox)
    return _unreachable(error, mailbox)


def _unreachable(error: Exception, mailbox: Mailbox) -> Trouble:
    there = {"host": mailbox.host, "port": mailbox.port}
    if isinstance(error, socket.gaierror):
        return Trouble(
            "name", _("There is no server of the name %(host)s.") % there,
            _("Look for a typing error; the provider's help says the name of its IMAP server."),
        )  # fmt: skip
    if isinstance(error, ConnectionRefusedError):
        return Trouble(
            "refused", _("Nobody answers at %(host)s, port %(port)s.") % there,
            _("993 is the usual port with TLS, 143 with STARTTLS. A firewall may also be in between."),
        )  # fmt: skip
    if isinstance(error, TimeoutError):
        return Trouble(
            "timeout", _("%(host)s, port %(port)s, did not answer in time.") % there, _ports_hint(mailbox)
        )  # fmt: skip
    return Trouble(
        "network", _("The connection to %(host)s, port %(port)s, does not come about or breaks.") % there,
        _("It is tried again by itself. If it lasts, look at the network and the port."),
    )  # fmt: skip


def _ports_hint(mailbox: Mailbox) -> str:
    if mailbox.security != Security.TLS and mailbox.port == TLS_PORT:
        return _("Port 993 speaks TLS: choose TLS.")
    if mailbox.security == Security.TLS and mailbox.port == PLAIN_PORT:
        return _("Port 143 begins without TLS: choose STARTTLS, or port 993.")
    return _("Look at the port, and for a firewall in between.")


#: what OpenSSL calls them (X509_V_ERR_…)
_EXPIRED, _NOT_YET, _OTHER_NAME, _OTHER_ADDRESS = 10, 9, 62, 64
_SELF_SIGNED = (18, 19)


def _tls(error: ssl.SSLError, mailbox: Mailbox) -> Trouble:
    there = {"host": mailbox.host, "port": mailbox.port}
    if not isinstance(error, ssl.SSLCertVerificationError):
        return Trouble(
            "plaintext", _("%(host)s does not speak TLS on port %(port)s.") % there, _tls_hint(mailbox)
        )  # fmt: skip
    if error.verify_code == _EXPIRED:
        words, remedy = _("The certificate of %(host)s has expired."), _("Whoever runs the server must renew it.")
    elif error.verify_code == _NOT_YET:
        words = _("The certificate of %(host)s is not valid yet.")
        remedy = _("Look whether the clock of this machine is right.")
    elif error.verify_code in (_OTHER_NAME, _OTHER_ADDRESS):
        words = _("The certificate that %(host)s shows is for another name.")
        remedy = _("Use the name the provider gives for its IMAP server; an alias or an address does not do.")
    elif error.verify_code in _SELF_SIGNED:
        words = _("%(host)s signed its certificate itself, so that nobody can tell who it is.")
        remedy = _("Give the server a certificate of a known authority, or add its own to those this machine trusts.")
    else:
        words = _("The certificate of %(host)s is by nobody this machine trusts.")
        remedy = _("Whoever runs the server must send the whole chain of certificates with it.")
    return Trouble("certificate", words % there, remedy)


def _tls_hint(mailbox: Mailbox) -> str:
    if mailbox.security == Security.TLS:
        return _("Choose STARTTLS for this port, or TLS with port 993.")
    return _("Choose TLS with port 993, if the server has it.")


def _said_by_the_server(error: Exception, mailbox: Mailbox) -> Trouble:
    said = str(error)
    there = {"host": mailbox.host, "port": mailbox.port}
    if isinstance(error, WrongPort):
        return Trouble("port", _("Port 993 speaks TLS from the first word on."), _("Choose TLS, or port 143."))
    if isinstance(error, MailboxStarttlsError) or "TLS not supported" in said:
        return Trouble("no-starttls", _("%(host)s offers no STARTTLS on port %(port)s.") % there, _tls_hint(mailbox))
    if ("EOF" in said or "socket error" in said) and not _BUSY.search(said):
        return Trouble(
            "closed", _("%(host)s ended the connection.") % there,
            _ports_hint(mailbox) if mailbox.port in _PORTS else _("It is tried again by itself."),
        )  # fmt: skip
    if _BUSY.search(said):
        return Trouble(
            "busy", _("%(host)s asks for patience: too much at once, or it is being looked after.") % there,
            _("We ask again later, more and more rarely. Other programs may be reading this mailbox too."),
        )  # fmt: skip
    if _DISABLED.search(said):
        return Trouble(
            "disabled", _("IMAP is switched off for this mailbox."),
            _("Switch it on in the mailbox's settings (Gmail: “Forwarding and POP/IMAP”; Microsoft 365: the admin "
              "centre, “Mail apps”)."),
        )  # fmt: skip
    if _ENCRYPT.search(said):
        return Trouble(
            "encrypt", _("%(host)s takes a password over an encrypted connection only.") % there,
            _("Choose TLS or STARTTLS."),
        )  # fmt: skip
    if isinstance(error, MailboxLoginError) or _REFUSED.search(said):
        return _refused(said, mailbox)
    return Trouble(
        "server", _("%(host)s answered something that an IMAP server should not.") % there,
        _("It is tried again by itself. If it lasts, look whether this is an IMAP server."),
    )  # fmt: skip


_PORTS = (PLAIN_PORT, TLS_PORT)
#: response codes of RFC 5530 and what large providers say beside them
_BUSY = re.compile(
    r"\[(?:THROTTLED|OVERQUOTA|LIMIT|UNAVAILABLE|INUSE|SERVERBUG)|too many|rate.?limit|temporar|bandwidth|"
    r"server unavailable|try again|shutting down|BYE",
    re.IGNORECASE,
)
_DISABLED = re.compile(
    r"not enabled for IMAP|IMAP.{0,30}(?:disabled|not allowed|not permitted)|\[NOPERM", re.IGNORECASE
)
_ENCRYPT = re.compile(
    r"\[PRIVACYREQUIRED|LOGINDISABLED|plaintext auth|cleartext|command is disabled|SSL.{0,20}required", re.IGNORECASE
)
_REFUSED = re.compile(r"AUTH|credential|\bLOGIN\b|password|\[EXPIRED|\[ALERT", re.IGNORECASE)
_APP_PASSWORD = re.compile(r"application-specific|app(?:lication)?[ -]password", re.IGNORECASE)


def _refused(said: str, mailbox: Mailbox) -> Trouble:
    there = {"host": mailbox.host, "username": mailbox.username}
    if mailbox.sign_in != SignIn.PASSWORD:
        return Trouble(
            "token", _("%(host)s does not let the connected account into the mailbox %(username)s.") % there,
            _("Look whether IMAP is switched on for it, and whether the account may read it; then connect again."),
        )  # fmt: skip
    host = mailbox.host.lower()
    words = _("%(host)s refused the user name or password of %(username)s.") % there
    if _APP_PASSWORD.search(said) or re.search(r"gmail\.com|googlemail\.com", host):
        return Trouble(
            "app-password", words,
            _("Google takes an “app password” here, not the account's own: make one at "
              "myaccount.google.com/apppasswords (2-step verification must be on), or sign in with Google (OAuth2)."),
        )  # fmt: skip
    if re.search(r"yahoo|aol\.com", host):
        return Trouble(
            "app-password", words,
            _("Yahoo takes an “app password” here, not the account's own: make one under Account security."),
        )  # fmt: skip
    if re.search(r"mail\.me\.com|icloud\.com", host):
        return Trouble(
            "app-password", words,
            _("Apple takes an “app-specific password” here, not the account's own: make one at "
              "account.apple.com under Sign-In and Security. The user name is the part before the @."),
        )  # fmt: skip
    if re.search(r"outlook|office365|hotmail", host):
        return Trouble(
            "microsoft", words, _("Microsoft takes no passwords here any more: sign in with Microsoft (OAuth2).")
        )  # fmt: skip
    return Trouble(
        "password", words,
        _("Type both again; the user name is often the whole address. With two-step sign-in, the provider may want an "
          "app password."),
    )  # fmt: skip
