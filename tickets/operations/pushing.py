"""Notifications on agents' devices. The notification is the job: claimed by a later time to try again, posted, settled.

A crash between posting and settling posts again after a minute; the message's topic and tag let the second take the
place of the first. A device that is gone (404, 410) is forgotten; a push service in trouble is asked again with growing
patience. Reaching one of an agent's devices is enough.
"""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

import structlog
from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _

from helpdesk import clock, webpush
from helpdesk.models import Agent
from helpdesk.quiet import is_quiet, next_loud
from tickets import bell, notices
from tickets.models import Notification, PushSubscription, Ticket, Way
from tickets.notices import Kind, Said
from tickets.operations import notifying

log = structlog.get_logger(__name__)

LEASE = timedelta(minutes=1)
#: after that many tries it is given up: by then it is old news
PATIENCE = 5
MOST_DEVICES = 20

_State = Notification.State
_GONE = (404, 410)


@transaction.atomic
def subscribe(
    agent: Agent, *, session: str, endpoint: str, p256dh: str, auth: str, device: str
) -> PushSubscription:  # fmt: skip
    """Let a browser be told, as long as the session of this key lasts.

    The same browser again, or with another agent signed in, is the same device.
    Raises webpush.BadKeys for what no browser gives.
    """
    webpush.check(endpoint, p256dh, auth)
    made, _is_new = PushSubscription.objects.update_or_create(
        endpoint=endpoint, defaults={
            "agent": agent, "session_id": session, "p256dh": p256dh, "auth": auth, "device": device[:100],
        },
    )  # fmt: skip
    newest = agent.push_subscriptions.order_by("-pk").values_list("pk", flat=True)[:MOST_DEVICES]
    agent.push_subscriptions.exclude(pk__in=list(newest)).delete()
    return made


def unsubscribe(agent: Agent, *, pk: int) -> bool:
    """Tell this device no more."""
    return bool(PushSubscription.objects.filter(agent=agent, pk=pk).delete()[0])


def forget_all(agent: int) -> int:
    """Tell none of an agent's devices any more. Returns how many there were."""
    return PushSubscription.objects.filter(agent=agent).delete()[0]


def push_due(limit: int = 100) -> int:
    """Post what is due. Returns how many notifications reached a device."""
    count = 0
    for one in _claim(limit):
        try:
            count += _push(one)
        except Exception:
            log.exception("a notification could not be pushed; it is tried again", notification=one.pk)
    return count


@transaction.atomic
def _claim(limit: int) -> list[Notification]:
    due = Notification.objects.select_for_update(skip_locked=True, of=("self",)).filter(
        push=_State.WAITING, push_due_at__lte=clock.now()
    )
    rows = list(due.select_related("agent", "ticket").order_by("push_due_at")[:limit])
    Notification.objects.filter(pk__in=[one.pk for one in rows]).update(
        push_due_at=clock.now() + LEASE, push_attempts=F("push_attempts") + 1
    )
    return rows


def _push(one: Notification) -> bool:
    agent, ticket, kind = one.agent, one.ticket, notices.named(one.kind)
    if kind is None or not _is_wanted(one, agent, ticket, kind):
        _settle(one, _State.NONE)
        return False
    if is_quiet(agent, clock.now()):
        Notification.objects.filter(pk=one.pk).update(
            push_due_at=next_loud(agent, clock.now()), push_attempts=one.push_attempts
        )
        return False
    answers = [_post(device, one, agent, ticket, kind) for device in devices(agent)]
    if any(200 <= answer < 300 for answer in answers):
        _settle(one, _State.SENT)
        return True
    again = any(answer == 0 or answer == 429 or answer >= 500 for answer in answers)
    if not again or one.push_attempts + 1 >= PATIENCE:
        _settle(one, _State.FAILED)
    else:
        wait = LEASE * 4**one.push_attempts
        Notification.objects.filter(pk=one.pk).update(push_due_at=clock.now() + wait)
    return False


def _is_wanted(one: Notification, agent: Agent, ticket: Ticket | None, kind: Kind) -> bool:
    """Looked at again: what was read meanwhile, or may be seen no more, is not shown."""
    fresh = Notification.objects.filter(pk=one.pk, read_at=None, push=_State.WAITING)
    choices = notifying.choices_of([agent.pk], [kind.key])
    return (
        agent.is_active and fresh.filter(bell.visible(agent)).exists()
        and choices.wants(agent.pk, ticket.inbox_id if ticket else None, kind, Way.PUSH)
    )  # fmt: skip


def _settle(one: Notification, state: str) -> None:
    Notification.objects.filter(pk=one.pk, push=_State.WAITING).update(push=state)


def _post(device: PushSubscription, one: Notification, agent: Agent, ticket: Ticket | None, kind: Kind) -> int:
    """The push service's answer; 0 for none."""
    try:
        answer = webpush.post(
            device.endpoint, message(one, agent, ticket, kind), p256dh=device.p256dh, auth=device.auth,
            topic=_tag(one, ticket), urgent=kind.is_urgent,
        )  # fmt: skip
    except webpush.Trouble as error:
        log.warning("a push service cannot be reached", subscription=device.pk, error=str(error))
        return 0
    if answer in _GONE:
        device.delete()
    elif 200 <= answer < 300:
        PushSubscription.objects.filter(pk=device.pk).update(last_used_at=clock.now())
    else:
        log.warning("a push service refused", subscription=device.pk, status=answer)
    return answer


def _tag(one: Notification, ticket: Ticket | None) -> str:
    return f"ticket-{ticket.number}" if ticket else f"notification-{one.pk}"


def message(one: Notification, agent: Agent, ticket: Ticket | None, kind: Kind) -> Mapping[str, Any]:
    """What the device shows: who of us did what, and the ticket's number. Nothing a customer wrote, not even a name:
    it may stand on a locked screen."""
    with translation.override(agent.language or settings.LANGUAGE_CODE):
        names = Agent.objects.filter(pk=one.actor_id or 0).values_list("name", flat=True)
        name = names.first() or (_("The customer") if _by_customer(one) else "")
        return {
            "title": kind.sentence(Said(name, one.facts.get("verb", ""), one.facts)),
            "body": _("Ticket %(number)s") % {"number": f"#{ticket.number}"} if ticket else "",
            "url": (kind.leads_to(one.facts) if kind.leads_to else "")
            or (reverse("ticket", args=[ticket.number]) if ticket else reverse("notifications")),
            "tag": _tag(one, ticket),
        }


def _by_customer(one: Notification) -> bool:
    return one.facts.get("verb") in ("message.received", "message.answered_aside", "ticket.created")


def devices(agent: Agent) -> Sequence[PushSubscription]:
    """Where an agent is told: where they are signed in."""
    return list(PushSubscription.objects.standing().filter(agent=agent).order_by("pk"))
