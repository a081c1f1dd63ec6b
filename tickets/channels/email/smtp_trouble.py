"""What went wrong with an outgoing server, in plain words, and what to do about it.

Nothing of what the server said is repeated, but in the words of a refusal; these are for people.
"""

import re
import smtplib
import socket
import ssl
from dataclasses import dataclass

from django.utils.translation import gettext as _

from tickets.channels.email.servers import Server
from tickets.channels.email.smtp_session import NoEncryption, SignInRefused, words
from tickets.models.mailbox import Security, SignIn


@dataclass(frozen=True, slots=True)
class Trouble:
    """A sentence that says what is wrong, one that says what to do, and a word for programs."""

    code: str
    words: str
    remedy: str = ""

    def __str__(self) -> str:
        return f"{self.words} {self.remedy}".strip()


def explain(error: Exception, server: Server) -> Trouble:
    """What this error of a session with an outgoing server means."""
    there = {"host": server.host, "port": server.port, "username": server.username}
    if isinstance(error, SignInRefused):
        return _refused(str(error), server)
    if isinstance(error, NoEncryption):
        return Trouble(
            "no-starttls", _("%(host)s offers no STARTTLS on port %(port)s, and nothing is sent in the open.") % there,
            _("Port 587 is the usual one with STARTTLS, 465 with TLS."),
        )  # fmt: skip
    if isinstance(error, UnicodeError):
        return Trouble(
            "letters", _("The server's name, the user name or the password has letters that cannot be sent."),
            _("Look for a typing error; names of servers have letters, digits, dots and hyphens."),
        )  # fmt: skip
    if isinstance(error, smtplib.SMTPResponseException):
        return _said(error, server)
    if isinstance(error, ssl.SSLError):
        return _tls(error, server)
    if isinstance(error, smtplib.SMTPException):
        return Trouble(
            "closed", _("%(host)s ended the connection on port %(port)s.") % there, _ports_hint(server)
        )  # fmt: skip
    return _unreachable(error, server)


def _unreachable(error: Exception, server: Server) -> Trouble:
    there = {"host": server.host, "port": server.port}
    if isinstance(error, socket.gaierror):
        return Trouble(
            "name", _("There is no server of the name %(host)s.") % there,
            _("Look for a typing error; the provider's help says the name of its SMTP server."),
        )  # fmt: skip
    if isinstance(error, ConnectionRefusedError):
        return Trouble(
            "refused", _("Nobody answers at %(host)s, port %(port)s.") % there,
            _("587 is the usual port with STARTTLS, 465 with TLS. A firewall may also be in between."),
        )  # fmt: skip
    if isinstance(error, TimeoutError):
        return Trouble("timeout", _("%(host)s, port %(port)s, did not answer in time.") % there, _ports_hint(server))
    return Trouble(
        "network", _("The connection to %(host)s, port %(port)s, does not come about or breaks.") % there,
        _("It is tried again by itself. If it lasts, look at the network and the port."),
    )  # fmt: skip


def _ports_hint(server: Server) -> str:
    if server.port == 25:
        return _("Many networks let nothing through to port 25: use 587 or 465.")
    if server.security != Security.TLS and server.port == 465:
        return _("Port 465 speaks TLS from the first word on: choose TLS.")
    if server.security == Security.TLS and server.port == 587:
        return _("Port 587 begins without TLS: choose STARTTLS, or port 465.")
    return _("Look at the port, and for a firewall in between.")


#: what OpenSSL calls them (X509_V_ERR_…)
_EXPIRED, _OTHER_NAME, _OTHER_ADDRESS = 10, 62, 64
_SELF_SIGNED = (18, 19)


def _tls(error: ssl.SSLError, server: Server) -> Trouble:
    there = {"host": server.host, "port": server.port}
    if not isinstance(error, ssl.SSLCertVerificationError):
        return Trouble("plaintext", _("%(host)s does not speak TLS on port %(port)s.") % there, _ports_hint(server))
    if error.verify_code == _EXPIRED:
        said, remedy = _("The certificate of %(host)s has expired."), _("Whoever runs the server must renew it.")
    elif error.verify_code in (_OTHER_NAME, _OTHER_ADDRESS):
        said = _("The certificate that %(host)s shows is for another name.")
        remedy = _("Use the name the provider gives for its SMTP server; an alias or an address does not do.")
    elif error.verify_code in _SELF_SIGNED:
        said = _("%(host)s signed its certificate itself, so that nobody can tell who it is.")
        remedy = _("Give the server a certificate of a known authority, or add its own to those this machine trusts.")
    else:
        said = _("The certificate of %(host)s is by nobody this machine trusts.")
        remedy = _("Whoever runs the server must send the whole chain of certificates with it.")
    return Trouble("certificate", said % there, remedy)


_RELAY = re.compile(r"relay|not permitted to send|not allowed to send", re.IGNORECASE)
_SENDER = re.compile(r"SendAs|5\.7\.60|not (?:owned|allowed).{0,40}(?:from|sender|user)|sender.{0,30}reject", re.I)
_DISABLED = re.compile(r"5\.7\.139|SmtpClientAuthentication is disabled|basic authentication is disabled", re.I)


def _said(error: smtplib.SMTPResponseException, server: Server) -> Trouble:
    said, there = words(error.smtp_error), {"host": server.host, "port": server.port}
    if _SENDER.search(said):
        return Trouble(
            "sender", _("%(host)s does not let this account write from the inbox's address.") % there,
            _("Sign in as that address, or have the provider allow it as a sender of the account."),
        )  # fmt: skip
    if _RELAY.search(said):
        return Trouble(
            "relay", _("%(host)s passes no mail on for us (relay denied).") % there,
            _("It wants a user name and a password, or our address among those it trusts."),
        )  # fmt: skip
    if 400 <= error.smtp_code < 500:
        return Trouble(
            "busy", _("%(host)s asks for patience.") % there, _("It is tried again by itself, more and more rarely.")
        )  # fmt: skip
    return Trouble(
        "server", _("%(host)s refused (code %(code)s).") % {**there, "code": error.smtp_code},
        _("Look whether this is the server that takes mail from you, and at its port."),
    )  # fmt: skip


def _refused(said: str, server: Server) -> Trouble:
    there = {"host": server.host or server.kind, "username": server.username}
    if server.is_api:
        return Trouble(
            "key", _("%(host)s does not know the API key, or the key may not send.") % there,
            _("Make a new one in the provider's settings and put it in here."),
        )  # fmt: skip
    if "not supported" in said or "No suitable" in said:
        return Trouble(
            "no-auth", _("%(host)s offers no sign-in on this port.") % there,
            _("Use port 587 with STARTTLS or 465 with TLS; or leave user name and password empty."),
        )  # fmt: skip
    if said.startswith("530"):
        return Trouble(
            "auth-wanted", _("%(host)s takes mail only from who signs in.") % there,
            _("Put in a user name and a password."),
        )  # fmt: skip
    if _DISABLED.search(said):
        return Trouble(
            "disabled", _("Sending by SMTP is switched off for %(username)s.") % there,
            _("Switch on “Authenticated SMTP” in the Microsoft 365 admin centre, and sign in with Microsoft (OAuth2)."),
        )  # fmt: skip
    if server.sign_in != SignIn.PASSWORD:
        return Trouble(
            "token", _("%(host)s does not let the connected account %(username)s send.") % there,
            _("Look whether SMTP is switched on for it; then connect the account again."),
        )  # fmt: skip
    return Trouble(
        "password", _("%(host)s refused the user name or password of %(username)s.") % there, _hint(said, server)
    )  # fmt: skip


def _hint(said: str, server: Server) -> str:
    host = server.host.lower()
    if re.search(r"gmail\.com|googlemail\.com", host) or re.search(r"application-specific", said, re.IGNORECASE):
        return _(
            "Google takes an “app password” here, not the account's own: make one at myaccount.google.com/apppasswords "
            "(2-step verification must be on), or sign in with Google (OAuth2)."
        )
    if re.search(r"yahoo|aol\.com", host):
        return _("Yahoo takes an “app password” here, not the account's own: make one under Account security.")
    if re.search(r"mail\.me\.com|icloud\.com", host):
        return _(
            "Apple takes an “app-specific password” here, not the account's own: make one at account.apple.com under "
            "Sign-In and Security."
        )
    if re.search(r"outlook|office365|hotmail", host):
        return _("Microsoft takes no passwords here any more: sign in with Microsoft (OAuth2).")
    return _(
        "Type both again; the user name is often the whole address. With two-step sign-in, the provider may want an "
        "app password."
    )
