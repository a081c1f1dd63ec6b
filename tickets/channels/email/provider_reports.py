"""What a mail provider says of our mails over HTTP: is it the provider, and what does it say?

Signatures are checked with the inbox's own secret. Reports come twice, late and in any order; each is matched to its
delivery by the name our mail carries, and `sending.reported` takes the news and leaves the rest.
"""

import base64
import binascii
import hashlib
import hmac
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import structlog
from anymail.exceptions import AnymailError, AnymailWebhookValidationFailure
from anymail.signals import AnymailTrackingEvent, EventType, RejectReason
from anymail.webhooks.base import AnymailCoreWebhookView
from django.http import HttpRequest
from django.utils.module_loading import import_string

from helpdesk import clock
from tickets import delivery_words, minting
from tickets.channels.email.providers import MARK
from tickets.models import Delivery, Inbox, OutgoingServer
from tickets.operations.sending import Action

log = structlog.get_logger(__name__)

_Kind = OutgoingServer.Kind
_VIEWS: Mapping[str, str] = {
    _Kind.AMAZON_SES: "amazon_ses.AmazonSESTrackingWebhookView",
    _Kind.BREVO: "brevo.BrevoTrackingWebhookView",
    _Kind.MAILGUN: "mailgun.MailgunTrackingWebhookView",
    _Kind.MAILJET: "mailjet.MailjetTrackingWebhookView",
    _Kind.POSTMARK: "postmark.PostmarkTrackingWebhookView",
    _Kind.RESEND: "resend.ResendTrackingWebhookView",
    _Kind.SENDGRID: "sendgrid.SendGridTrackingWebhookView",
    _Kind.SPARKPOST: "sparkpost.SparkPostTrackingWebhookView",
}
#: these sign with a key of theirs; the others are given a name and a password of ours
SIGNING = (_Kind.MAILGUN, _Kind.RESEND, _Kind.SENDGRID)
#: the user name in the address we give to those who do not sign
USER = "helpdesk"
#: a signature older than that is somebody else's memory of it; providers try for a day at most
_OLDEST = 25 * 3600

_ACTIONS: Mapping[str, Action] = {
    EventType.DELIVERED: "delivered",
    EventType.DEFERRED: "delayed",
    EventType.BOUNCED: "failed",
    EventType.REJECTED: "failed",
    EventType.FAILED: "failed",
}
#: where the provider gives a reason and no code
_CODES: Mapping[str | None, str] = {
    RejectReason.INVALID: "5.1.3",
    RejectReason.BOUNCED: "5.0.0",
    RejectReason.TIMED_OUT: "5.4.7",
    RejectReason.BLOCKED: "5.7.1",
    RejectReason.SPAM: "5.7.1",
    RejectReason.UNSUBSCRIBED: "5.7.1",
}


class NotGenuine(Exception):
    """Not from the provider, altered on the way, or remembered by somebody."""


class NotReadable(Exception):
    """From the provider, but not what it says it sends."""


@dataclass(frozen=True, slots=True)
class Report:
    """One thing a provider says of one recipient of one of our mails."""

    action: Action
    recipient: str
    #: our mail's own name, where the report carries it, and the provider's
    mark: str
    provider_id: str
    status_code: str
    words: str


def read(request: HttpRequest, server: OutgoingServer) -> list[Report]:
    """The reports in a request of this server's provider. Raises NotGenuine and NotReadable."""
    if not server.webhook_secret:
        raise NotGenuine("no secret was agreed on")
    try:
        view = _view(server)
        if server.kind == _Kind.RESEND:
            _check_svix(request, server.webhook_secret)
        else:
            view.run_validators(request)
        _check_age(request, server.kind)
        events = view.parse_events(request)
    except AnymailWebhookValidationFailure as error:
        raise NotGenuine(str(error)) from error
    except (AnymailError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise NotReadable(str(error)) from error
    return [report for event in events if (report := _report(event)) is not None]


def _view(server: OutgoingServer) -> AnymailCoreWebhookView:
    """The provider's view, which knows its signature and its words; none of its own answers are used."""
    made = import_string(f"anymail.webhooks.{_VIEWS[server.kind]}")
    secret = server.webhook_secret
    match server.kind:
        case _Kind.MAILGUN:
            return made(webhook_signing_key=secret, webhook_secret=[])
        case _Kind.SENDGRID:
            return made(tracking_webhook_verification_key=secret, webhook_secret=[])
        case _Kind.AMAZON_SES:
            client = {"region_name": server.options.get("region", "us-east-1")}
            return made(client_params=client, webhook_secret=f"{USER}:{secret}")
        case _:
            return made(webhook_secret=f"{USER}:{secret}")


def _check_svix(request: HttpRequest, secret: str) -> None:
    """Resend's signature (docs.svix.com/receiving/verifying-payloads/how-manual)."""
    named = [request.headers.get(f"svix-{name}", "") for name in ("id", "timestamp", "signature")]
    try:
        key = base64.b64decode(secret.removeprefix("whsec_"), validate=True)
    except (ValueError, binascii.Error):
        raise NotGenuine("the secret is none") from None
    signed = f"{named[0]}.{named[1]}.".encode() + request.body
    expected = base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode()
    given = [part.partition(",")[2] for part in named[2].split(" ") if part.startswith("v1,")]
    if not all(named) or not any(hmac.compare_digest(expected.encode(), one.encode()) for one in given):
        raise NotGenuine("the signature is not the provider's")


def _check_age(request: HttpRequest, kind: str) -> None:
    match kind:
        case _Kind.MAILGUN:
            if request.content_type == "application/json":
                said = json.loads(request.body)["signature"]["timestamp"]
            else:
                said = request.POST.get("timestamp", "")
        case _Kind.SENDGRID:
            said = request.headers.get("X-Twilio-Email-Event-Webhook-Timestamp", "")
        case _Kind.RESEND:
            said = request.headers.get("svix-timestamp", "")
        case _:
            return
    if abs(clock.now().timestamp() - float(said)) > _OLDEST:
        raise NotGenuine("the signature is too old")


def _report(event: AnymailTrackingEvent) -> Report | None:
    action = _ACTIONS.get(event.event_type)
    if action is None:
        if event.event_type == EventType.COMPLAINED:
            log.info("a recipient called a mail spam", provider_id=event.message_id)
        return None
    words = " ".join(str(part) for part in (event.mta_response, event.description) if part)
    code = delivery_words.status_in(words)
    if action == "failed" and not code.startswith("5"):
        code = _CODES.get(event.reject_reason, code)
    metadata = event.metadata if isinstance(event.metadata, Mapping) else {}
    return Report(
        action,
        str(event.recipient or "").lower(),
        _mark(metadata),
        str(event.message_id or "")[:255],
        code,
        words[:1000],
    )


def _mark(metadata: Mapping[str, Any]) -> str:
    mark = str(metadata.get(MARK, ""))
    return mark if minting.is_token(mark) else ""


def delivery_of(report: Report, inbox: Inbox) -> Delivery | None:
    """The delivery a report speaks of: of this inbox, to that very recipient."""
    mine: Sequence[dict[str, str]] = [
        {"mail__message_id__startswith": f"{report.mark}@"} if report.mark else {},
        {"provider_id": report.provider_id} if report.provider_id else {},
        {"mail__message_id": report.provider_id.strip("<>")} if report.provider_id else {},
    ]
    found = Delivery.objects.select_related("mail__ticket", "mail__inbox").filter(
        mail__inbox=inbox, recipient__iexact=report.recipient
    )
    return next((delivery for way in mine if way and (delivery := found.filter(**way).first())), None)
