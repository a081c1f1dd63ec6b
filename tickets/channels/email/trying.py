"""Whether mail would leave through a server: everything but a mail itself is done, and what fails is said in words."""

import smtplib
import uuid

import requests
from anymail.exceptions import AnymailError
from django.utils.translation import gettext as _

from tickets.channels.email import providers
from tickets.channels.email.book import Book
from tickets.channels.email.mail_addresses import ascii_domain
from tickets.channels.email.servers import Server
from tickets.channels.email.smtp_session import Session, SignInRefused, connect
from tickets.channels.email.smtp_trouble import Trouble, explain
from tickets.models import Inbox

SECONDS = 20


def trouble(server: Server, inbox: Inbox) -> Trouble | None:
    """Why mail of this inbox could not leave through this server; None when it could."""
    return _api(server) if server.is_api else _smtp(server, inbox)


def _smtp(server: Server, inbox: Inbox) -> Trouble | None:
    """Connect, sign in, and ask whether the inbox's address may write to itself; then take it back."""
    session: Session | None = None
    try:
        session = connect(server, Book(uuid.uuid4()).secret(server), seconds=SECONDS)
        session.allow(SECONDS)
        address = ascii_domain(inbox.address)
        for ask in (session.mail, session.rcpt):
            code, answer = ask(address)
            if code not in (250, 251) and not 400 <= code < 500:
                return explain(smtplib.SMTPResponseException(code, answer), server)
        session.rset()
    except (SignInRefused, OSError, smtplib.SMTPException, UnicodeError) as error:
        return explain(error, server)
    finally:
        if session is not None:
            session.hang_up()
    return None


def _api(server: Server) -> Trouble | None:
    """Make the provider's client and reach its address. Whether the key may send shows with the first mail."""
    try:
        client = providers.backend(server)
    except ImportError:
        return Trouble("package", _("This helpdesk lacks the Python package that speaks to this provider."))
    except (AnymailError, KeyError, ValueError):
        return Trouble("options", _("The provider wants more than it was given: look at the lines below the key."))
    if not server.password:
        return Trouble("key", _("The provider wants an API key."))
    url = getattr(client, "api_url", "")
    try:
        if url:
            requests.head(url, timeout=SECONDS, allow_redirects=False)
    except requests.RequestException:
        return Trouble("network", _("%(url)s cannot be reached from here.") % {"url": url})
    return None
