"""Telling the admins by mail that an inbox is in trouble: once for each problem, and once a day while it lasts."""

from datetime import timedelta
from functools import partial

import structlog
from django.conf import settings
from django.core.mail import EmailMessage
from django.db import transaction
from django.db.models.functions import Lower
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _

from helpdesk import clock
from helpdesk.models import Agent, Role
from tickets.models import Inbox, InboxHealth, OutgoingMail
from tickets.operations import health as heartbeat
from tickets.operations import sending

log = structlog.get_logger(__name__)

AGAIN = timedelta(days=1)
#: a problem that comes and goes is not a new one every minute
PAUSE = timedelta(hours=1)
HEADERS = {"Auto-Submitted": "auto-generated", "X-Auto-Response-Suppress": "All"}


@transaction.atomic
def tell(inbox: Inbox) -> int:
    """Tell the admins what is wrong with an inbox, unless they were told. Returns how many mails were written."""
    health, now = heartbeat.locked(inbox), clock.now()
    since = max(filter(None, (health.problem_in_since, health.problem_out_since)), default=None)
    if since is None:
        return 0
    told = health.told_at
    if told and told > now - (AGAIN if told >= since else PAUSE):
        return 0
    health.told_at = now
    health.save(update_fields=["told_at"])
    carrier = _carrier(inbox, health)
    # an inbox's own address would make a ticket of it, and another mail, and so on
    inboxes = Inbox.objects.annotate(lower=Lower("address")).values_list("lower", flat=True)
    admins = [a for a in Agent.objects.active().filter(role=Role.ADMIN) if a.email.lower() not in set(inboxes)]
    for admin in admins:
        with translation.override(admin.language or settings.LANGUAGE_CODE):
            subject, text = _words(inbox, health)
        if carrier:
            sending.enqueue(
                inbox=carrier, ticket=None, to=admin.email, subject=subject, text=text,
                purpose=OutgoingMail.Purpose.NOTICE,
            )  # fmt: skip
        else:
            letter = EmailMessage(subject, text, to=[admin.email], headers=HEADERS)
            transaction.on_commit(partial(_send, letter), robust=True)
    return len(admins)


def _carrier(inbox: Inbox, health: InboxHealth) -> Inbox | None:
    """Through which inbox the notice goes: a sound one, else this one while it can send."""
    sound = Inbox.objects.active().of_mail().exclude(pk=inbox.pk).exclude(pk__in=_troubled()).order_by("pk").first()
    return sound or (None if health.problem_out or not inbox.is_of_mail else inbox)


def _troubled():  # type: ignore[no-untyped-def]
    return InboxHealth.objects.exclude(problem_in="", problem_out="").values("inbox")


def _words(inbox: Inbox, health: InboxHealth) -> tuple[str, str]:
    if health.problem_in:
        subject = _("%(inbox)s is not receiving mail") % {"inbox": inbox.name}
    else:
        subject = _("%(inbox)s is not sending mail") % {"inbox": inbox.name}
    parts = [
        f"{said}\n{words}"
        for said, words in (
            (_("Coming in:"), health.problem_in),
            (_("Going out:"), health.problem_out),
        )
        if words
    ]
    where = _("How things stand: %(url)s") % {"url": f"{settings.BASE_URL}{reverse('inbox_health')}"}
    return subject, "\n\n".join([f"{inbox.name} <{inbox.address}>", *parts, where])


def _send(letter: EmailMessage) -> None:
    """No inbox can send: the server of EMAIL_URL is asked straight, once. The page and the banner say it anyway."""
    try:
        letter.send()
    except Exception as error:
        log.error("a notice about an inbox could not be sent", to=letter.to, error=str(error))
