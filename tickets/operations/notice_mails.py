"""Notifications by mail, for who asked for it. The notification is the job: its mail is written in the transaction that
says so, so that a crash between loses neither and repeats nothing.

Looked at again before writing: that the agent is here, wants it, may see the ticket, and has not read it meanwhile. A
hard cap for each agent and hour gathers what is more.
"""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, time, timedelta

import structlog
from django.db import transaction

from helpdesk import clock
from helpdesk.models import Agent
from helpdesk.models.agent import Digest
from helpdesk.quiet import is_quiet, next_loud, zone_of
from tickets import bell, notice_mail, notices
from tickets.models import Inbox, Notification, OutgoingMail, Way
from tickets.operations import budget, notifying, sending

log = structlog.get_logger(__name__)

#: mails of this sort to one agent within an hour
MOST_PER_HOUR = 20
#: the hour of the summary, by the agent's clock
DIGEST_AT = time(8)
AGENTS_AT_ONCE = 500

_State = Notification.State


def send_due() -> int:
    """Write the mails that are due. Returns how many; one agent's trouble is nobody else's."""
    waiting = Notification.objects.filter(mail=_State.WAITING, due_at__lte=clock.now())
    count = 0
    for pk in list(waiting.order_by().values_list("agent_id", flat=True).distinct()[:AGENTS_AT_ONCE]):
        try:
            count += send_to(pk)
        except Exception:
            log.exception("an agent could not be notified by mail; it is tried again", agent=pk)
    return count


@transaction.atomic
def send_to(pk: int) -> int:
    """Write what is due for one agent. Two workers at once: the second finds nothing."""
    agent = Agent.objects.select_for_update(skip_locked=True, of=("self",)).filter(pk=pk).first()
    if agent is None:
        return 0
    now = clock.now()
    rows = Notification.objects.select_for_update(skip_locked=True, of=("self",)).filter(
        agent=agent, mail=_State.WAITING, due_at__lte=now
    )
    if is_quiet(agent, now):
        rows.update(due_at=next_loud(agent, now))
        return 0
    is_digest = agent.digest != Digest.NEVER
    if is_digest:
        rows = rows.filter(at__lte=last_digest(agent, now))
    found = _still_wanted(agent, list(rows.select_related("ticket__inbox", "ticket__customer").order_by("pk")[:200]))
    if not found:
        return 0
    left = MOST_PER_HOUR - _lately(agent, now)
    if left <= 0:
        Notification.objects.filter(pk__in=[one.pk for one in found]).update(due_at=now + timedelta(minutes=10))
        return 0
    letters = [found] if is_digest else _by_ticket(found, left)
    for number, letter in enumerate(letters):
        _send(agent, letter, now + timedelta(microseconds=number), is_digest=is_digest)
    return len(letters)


def last_digest(agent: Agent, now: datetime) -> datetime:
    """The latest hour of a summary that has come, by the agent's clock."""
    zone = zone_of(agent)
    day = now.astimezone(zone).date()
    if agent.digest == Digest.WEEKLY:
        day -= timedelta(days=day.weekday())
    step = timedelta(days=7 if agent.digest == Digest.WEEKLY else 1)
    at = datetime.combine(day, DIGEST_AT, zone)
    return at if at <= now else datetime.combine(day - step, DIGEST_AT, zone)


def _still_wanted(agent: Agent, rows: Sequence[Notification]) -> list[Notification]:
    """Those that may and should still be mailed; the others are done with."""
    theirs = Notification.objects.filter(bell.visible(agent), pk__in=[one.pk for one in rows])
    visible = set(theirs.values_list("pk", flat=True))
    choices = notifying.choices_of([agent.pk], {one.kind for one in rows})
    is_reachable = agent.is_active and budget.inbox_at(agent.email) is None
    good = [
        one
        for one in rows
        if is_reachable and one.read_at is None and one.pk in visible
        and (kind := notices.named(one.kind))
        and choices.wants(agent.pk, one.ticket.inbox_id if one.ticket else None, kind, Way.MAIL)
    ]  # fmt: skip
    dropped = {one.pk for one in rows} - {one.pk for one in good}
    if dropped:
        Notification.objects.filter(pk__in=dropped).update(mail=_State.NONE)
    return good


def _lately(agent: Agent, now: datetime) -> int:
    hour = Notification.objects.filter(agent=agent, mailed_at__gt=now - timedelta(hours=1))
    return hour.order_by().values("mailed_at").distinct().count()


def _by_ticket(rows: Sequence[Notification], most: int) -> list[list[Notification]]:
    """A mail for each ticket, and for each that is about none; beyond the cap one mail for all."""
    letters: dict[int, list[Notification]] = defaultdict(list)
    for one in rows:
        letters[one.ticket_id or -one.pk].append(one)
    return list(letters.values()) if len(letters) <= most else [list(rows)]


def _send(agent: Agent, rows: Sequence[Notification], at: datetime, *, is_digest: bool) -> None:
    ticket = next((one.ticket for one in rows if one.ticket), None)
    carrier = ticket.inbox.mailing if ticket else None
    if carrier is None or not carrier.is_active:
        own = ticket.inbox if ticket else None
        carrier = Inbox.objects.active().of_mail().order_by("pk").first() or carrier or own
    if carrier is None:  # there is no inbox at all to send it from
        Notification.objects.filter(pk__in=[one.pk for one in rows]).update(mail=_State.NONE)
        return
    written = notice_mail.write(agent, carrier, rows, is_digest=is_digest)
    sending.enqueue(
        inbox=carrier, ticket=None, to=agent.email, subject=written.subject, text=written.text, html=written.html,
        purpose=OutgoingMail.Purpose.NOTICE, headers=written.headers, reply_to=written.reply_to,
    )  # fmt: skip
    Notification.objects.filter(pk__in=[one.pk for one in rows]).update(mail=_State.SENT, mailed_at=at)
