"""Handing mail to a provider's HTTP API, through django-anymail, and telling what it said of each recipient.

One request carries a mail to all the recipients whose turn it is. A provider finds out later whether the mail arrived
and says so to `views.reports`; it knows a delivery by the name it gave it here.
"""

import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from email.mime.base import MIMEBase
from email.mime.image import MIMEImage
from typing import Any

import requests
import structlog
from anymail.backends.base import AnymailBaseBackend
from anymail.exceptions import AnymailAPIError, AnymailError, AnymailRecipientsRefused
from django.core.mail import EmailMultiAlternatives
from django.utils.module_loading import import_string
from urllib3.exceptions import NewConnectionError

from helpdesk.failpoints import reach
from tickets import texts
from tickets.channels.email.book import Book
from tickets.channels.email.composing import Parts
from tickets.channels.email.mail_addresses import NotAnAddress, ascii_domain, mailbox
from tickets.channels.email.servers import Server
from tickets.channels.email.smtp_session import SignInRefused
from tickets.models import Delivery, OutgoingServer

log = structlog.get_logger(__name__)

_Kind = OutgoingServer.Kind
#: the option that takes the key
_KEY = {_Kind.POSTMARK: "server_token"}
#: what else each provider may be told, beside `api_url`
OPTIONS: Mapping[str, tuple[str, ...]] = {
    _Kind.AMAZON_SES: ("access_key", "region", "configuration_set_name"),
    _Kind.BREVO: (),
    _Kind.MAILGUN: ("sender_domain",),
    _Kind.MAILJET: ("secret_key",),
    _Kind.POSTMARK: ("message_stream",),
    _Kind.RESEND: (),
    _Kind.SENDGRID: (),
    _Kind.SPARKPOST: ("subaccount",),
}
#: without these it does nothing
NEEDED: Mapping[str, tuple[str, ...]] = {
    _Kind.AMAZON_SES: ("access_key", "region"),
    _Kind.MAILGUN: ("sender_domain",),
    _Kind.MAILJET: ("secret_key",),
}
REQUEST_SECONDS = 60
#: every mail carries its own name under this one, and every report about it brings it back
MARK = "helpdesk"
#: they keep our Message-ID only if they are asked
_MORE_HEADERS = {_Kind.POSTMARK: {"X-PM-KeepID": "true"}}
#: it writes this itself, or refuses it
_THEIR_HEADERS = ("date",)


def backend(server: Server) -> AnymailBaseBackend:
    """The provider's client with this server's key. Raises AnymailError and ImportError where it cannot be made."""
    given = {name: value for name, value in server.options if name in (*OPTIONS[server.kind], "api_url") and value}
    made = import_string(f"anymail.backends.{server.kind}.EmailBackend")
    if server.kind == _Kind.AMAZON_SES:
        client: dict[str, Any] = {"region_name": given["region"], "aws_access_key_id": given["access_key"]}
        client["aws_secret_access_key"] = server.password
        more = {name: given[name] for name in ("configuration_set_name",) if name in given}
        return made(client_params=client, **more)
    key = {_KEY.get(_Kind(server.kind), "api_key"): server.password}
    return made(**key, **given, timeout=REQUEST_SECONDS)


def send_all(deliveries: Sequence[Delivery], server: Server, book: Book, until: float) -> None:
    """Send claimed deliveries, a request for each mail; each ends settled, whatever happens to the others."""
    mails: dict[int, list[Delivery]] = defaultdict(list)
    for delivery in deliveries:
        mails[delivery.mail_id].append(delivery)
    waiting = list(mails.values())
    client, works = None, False
    try:
        while waiting:
            if time.monotonic() >= until:
                book.hand_back([delivery for group in waiting for delivery in group])
                break
            if client is None:
                client = backend(server)
                client.open()
            taken = _one(client, waiting[0], server, book)
            if taken and not works:
                works = True
                book.works(waiting[0])
            waiting.pop(0)
    except SignInRefused as refusal:
        book.pause([delivery for group in waiting for delivery in group], server, refusal)
    except (AnymailError, ImportError, KeyError) as error:  # the client cannot even be made: its settings are wrong
        book.pause([delivery for group in waiting for delivery in group], server, SignInRefused(str(error)))
    finally:
        if client is not None:
            client.close()


def _one(client: AnymailBaseBackend, group: Sequence[Delivery], server: Server, book: Book) -> bool:
    """One request. Raises SignInRefused; anything else is written down. True when the provider took the mail."""
    try:
        message = message_of(group, server, book.parts(group[0]))
    except Exception as error:  # whatever is wrong with this mail, the others go out
        if not isinstance(error, NotAnAddress | OSError):
            log.exception("a mail could not be written", mail=group[0].mail_id)
        for delivery in group:
            book.refused(delivery, str(error), for_good=isinstance(error, NotAnAddress))
        return False
    reach("out.connected")
    mine = [delivery for delivery in group if book.begin(delivery)]
    if not mine:
        return False
    try:
        client.send_messages([message])
        reach("out.250_seen")
    except AnymailRecipientsRefused:
        pass  # each recipient is told apart below
    except (AnymailError, requests.RequestException) as error:
        _failed(error, mine, book)
        return False
    except Exception as error:
        log.exception("a provider could not be asked", mail=group[0].mail_id)
        for delivery in mine:
            book.unknowable(delivery, f"It broke while the mail was handed over: {error}")
        return False
    said = {address.lower(): status for address, status in message.anymail_status.recipients.items()}
    for delivery in mine:
        _tell(delivery, said.get(ascii_domain(delivery.recipient).lower()), book)
    return True


def _tell(delivery: Delivery, said: Any, book: Book) -> None:
    """What the provider said of one recipient."""
    status = said.status if said else "unknown"
    if status in ("invalid", "rejected"):
        code = "5.1.3" if status == "invalid" else "5.7.1"
        book.refused(delivery, f"The provider refused this recipient ({status}).", for_good=True, status_code=code)
    elif status == "failed":
        book.refused(delivery, "The provider could not send it.", for_good=False)
    else:
        name = str(said.message_id or "") if said else ""
        book.sent(delivery, f"The provider took it ({status or 'queued'}).", provider_id=name)


def _failed(error: Exception, mine: Sequence[Delivery], book: Book) -> None:
    """A request that failed: a wrong key, a refusal, a provider that is away, or an answer that never came."""
    code = error.status_code if isinstance(error, AnymailAPIError) else None
    words = _words(error)
    if code in (401, 403):
        raise SignInRefused(f"{code} {words}")
    for delivery in mine:
        if code in (502, 504) or (code is None and _may_have_been_taken(error)):
            book.unknowable(delivery, f"The provider's answer did not come: {words}")
        elif code is None or code >= 500 or code in (408, 429):
            book.refused(delivery, f"The provider could not take it now: {words}", for_good=False)
        else:
            size = {"status_code": "5.3.4"} if code == 413 else {}
            book.refused(delivery, f"The provider refused it: {words}", for_good=True, **size)


def _may_have_been_taken(error: Exception) -> bool:
    """Whether the request may have arrived: unless no connection came about, or it could not even be written."""
    cause = error.__cause__ if isinstance(error.__cause__, requests.RequestException) else error
    if not isinstance(cause, requests.RequestException) or isinstance(cause, requests.ConnectTimeout):
        return False
    reason = getattr(cause.args[0], "reason", None) if cause.args else None
    return not isinstance(reason, NewConnectionError)


def _words(error: Exception) -> str:
    response = getattr(error, "response", None)
    if response is not None:
        return texts.line(f"{response.status_code} {response.text}", 900)
    return texts.line(str(error).partition("\n")[0], 900)


class ProviderMessage(EmailMultiAlternatives):
    """A mail, with what Anymail reads of it and what it says of it."""

    metadata: dict[str, str]
    anymail_status: Any


def message_of(group: Sequence[Delivery], server: Server, parts: Parts) -> ProviderMessage:
    """The mail as Django has it, addressed to these recipients: To and Cc as they were written, the others in Bcc."""
    mail = group[0].mail
    turn = {delivery.recipient.lower() for delivery in group}
    to, cc = (_named([a for a in addresses if a.lower() in turn]) for addresses in (mail.to, mail.cc))
    shown = {address.lower() for address in [*mail.to, *mail.cc]}
    bcc = _named([delivery.recipient for delivery in group if delivery.recipient.lower() not in shown])
    if not to:  # providers want somebody there
        to, cc, bcc = (cc, [], bcc) if cc else (bcc[:1], [], bcc[1:])
    headers = {name: value for name, value in parts.headers().items() if name.lower() not in _THEIR_HEADERS}
    message = ProviderMessage(
        subject=texts.line(mail.subject),
        body=parts.text,
        from_email=str(mailbox(mail.inbox.address, mail.inbox.sender_name or mail.inbox.name)),
        to=to,
        cc=cc,
        bcc=bcc,
        reply_to=_named([mail.reply_to]) if mail.reply_to else None,
        headers=headers | _MORE_HEADERS.get(_Kind(server.kind), {}),
    )
    message.metadata = {MARK: mail.message_id.partition("@")[0]}
    message.attach_alternative(parts.html, "text/html")
    for picture in parts.pictures:
        message.attach(_inline(picture.file.read(), picture))
    for file in parts.files:
        message.attach(texts.filename(file.filename), file.file.read(), texts.media_type(file.content_type))
    return message


def _named(addresses: Sequence[str]) -> list[str]:
    return [str(mailbox(address)) for address in addresses if address]


def _inline(content: bytes, picture: Any) -> MIMEBase:
    subtype = texts.media_type(picture.content_type).partition("/")[2]
    part = MIMEImage(content, _subtype=subtype)
    part.add_header("Content-Disposition", "inline", filename=texts.filename(picture.filename))
    part.add_header("Content-ID", f"<{picture.content_id}>")
    return part
