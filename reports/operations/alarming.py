"""Raising alarms: the signals of the control charts of each inbox, each once, and who is told of them by mail.

Run by the clock once a day, and safe to run as often as one likes: an alarm is one row, and its mail is written in the
transaction that made the row.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

import structlog
from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.urls import reverse
from django.utils import formats, translation
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from helpdesk import clock
from helpdesk.events import record
from helpdesk.models import Agent, Role
from reports import periods
from reports.counting.control import OUTSIDE_BY_CHANCE, RUN_BY_CHANCE
from reports.counting.daily import WATCHED
from reports.models import Alarm
from reports.pages.changes import NAMES, RULES, say_of
from reports.reading import Filter
from tickets.models import Inbox, NotificationChoice, OutgoingMail, Way, readers_of
from tickets.operations import budget, sending

log = structlog.get_logger(__name__)

#: how many of the last days are judged each time, so that days on which the clock stood still are made up for
LOOK_BACK = 3
#: what is chosen to be told of, in the words of `NotificationChoice`
KIND = "report_alarm"


def raise_due(at: datetime | None = None) -> int:
    """Judge the last days of every inbox. Returns how many alarms were raised."""
    at, raised = at or clock.now(), 0
    for inbox in Inbox.objects.active().select_related("calendar"):
        try:
            raised += len(raise_for(inbox, at))
        except Exception:  # one inbox must not keep the others from being looked at
            log.exception("the figures of an inbox could not be judged", inbox=inbox.pk)
    return raised


@transaction.atomic
def raise_for(inbox: Inbox, at: datetime) -> list[Alarm]:
    """The alarms of one inbox that nobody raised yet, and the mail about them."""
    chosen = days_of(inbox, at)
    raised = [alarm for alarm in found_in(chosen, inbox) if _raise(alarm)]
    if raised:
        _tell(inbox, raised, chosen)
    return raised


def days_of(inbox: Inbox, at: datetime) -> Filter:
    """The days of an inbox that are judged at a moment."""
    zone = inbox.calendar.zone if inbox.calendar else settings.TIME_ZONE
    today = periods.local_day(at, zone)
    return Filter(today - timedelta(days=LOOK_BACK), today - timedelta(days=1), zone, (inbox.pk,), inbox=inbox.pk)


def found_in(chosen: Filter, inbox: Inbox) -> Iterator[Alarm]:
    """The signals of some days that are over as alarms, not yet kept."""
    for one in WATCHED:
        judged = one.judge(chosen, chosen.last + timedelta(days=1))
        for signal in judged.signals:
            point, limit = judged.points[signal.place], judged.limits[signal.place]
            assert point.value is not None  # what has no value is no signal
            yield Alarm(
                figure=one.key, inbox=inbox, rule=signal.rule, day=point.day, value=point.value,
                lower=limit.low if limit else None, upper=limit.high if limit else None,
            )  # fmt: skip


def _raise(alarm: Alarm) -> bool:
    """Keep an alarm, unless it was raised before."""
    made, is_new = Alarm.objects.get_or_create(
        figure=alarm.figure, inbox=alarm.inbox, rule=alarm.rule, day=alarm.day,
        defaults={"value": alarm.value, "lower": alarm.lower, "upper": alarm.upper},
    )  # fmt: skip
    if is_new:
        record(
            "alarm.raised", made, actor=None, figure=made.figure, inbox=made.inbox_id, rule=made.rule,
            day=made.day.isoformat(),
        )  # fmt: skip
    return is_new


# ---------------------------------------------------------------------- who is told


def wants(agent: Agent) -> bool:
    """Whether alarms are mailed to them."""
    return NotificationChoice.objects.filter(
        agent=agent, inbox=None, kind=KIND, way=Way.MAIL, is_wanted=True
    ).exists()  # fmt: skip


@transaction.atomic
def choose(agent: Agent, *, is_wanted: bool) -> None:
    """Leads and admins say whether alarms are mailed to them."""
    NotificationChoice.objects.update_or_create(
        agent=agent, inbox=None, kind=KIND, way=Way.MAIL, defaults={"is_wanted": is_wanted}
    )
    record("notification.chosen", agent, actor=agent, kinds=[KIND], inbox=None)


def _tell(inbox: Inbox, raised: Sequence[Alarm], chosen: Filter) -> None:
    wanting = NotificationChoice.objects.filter(kind=KIND, way=Way.MAIL, inbox=None, is_wanted=True).values("agent")
    told = readers_of(inbox.pk).filter(Q(role=Role.LEAD) | Q(role=Role.ADMIN), pk__in=wanting)
    for agent in told:
        if budget.inbox_at(agent.email) is not None:  # it would make a ticket of it
            continue
        with translation.override(agent.language or settings.LANGUAGE_CODE):
            subject, text = _words(inbox, raised, chosen)
        sending.enqueue(
            inbox=inbox, ticket=None, to=agent.email, subject=subject, text=text, purpose=OutgoingMail.Purpose.NOTICE
        )


def _words(inbox: Inbox, raised: Sequence[Alarm], chosen: Filter) -> tuple[str, str]:
    subject = ngettext("%(inbox)s: %(n)d figure left its limits", "%(inbox)s: %(n)d figures left their limits",
                       len(raised)) % {"inbox": inbox.name, "n": len(raised)}  # fmt: skip
    url = f"{settings.BASE_URL}{reverse('report', args=['changes'])}?{chosen.query()}"
    return subject, "\n".join([
        *map(described, raised), "",
        _("Chance alone gives about %(n)s such signals a month in an inbox.")
        % {"n": formats.number_format(round(by_chance_a_month(), 1))},
        _("The charts: %(url)s") % {"url": url},
        _("Stop these mails: %(url)s") % {"url": f"{settings.BASE_URL}{reverse('report_alarms')}"},
    ])  # fmt: skip


def by_chance_a_month() -> float:
    """How many alarms of one inbox a month would bring if nothing ever changed."""
    points = sum(30 / 7 if one.is_weekly else 30 for one in WATCHED)
    return points * (OUTSIDE_BY_CHANCE + RUN_BY_CHANCE)


def described(alarm: Alarm) -> str:
    """An alarm in a sentence: figure, day, value and rule; and the limits it left, which a run did not leave."""
    unit = next((one.unit for one in WATCHED if one.key == alarm.figure), "")
    say = say_of(unit)
    words = (
        _("%(figure)s: %(value)s on %(day)s, %(rule)s (expected %(low)s to %(high)s)") if "run" not in alarm.rule
        else _("%(figure)s: %(value)s on %(day)s, %(rule)s")
    )  # fmt: skip
    return words % {
        "figure": NAMES.get(alarm.figure, alarm.figure), "value": say(alarm.value),
        "day": formats.date_format(alarm.day, "DATE_FORMAT"), "rule": RULES.get(alarm.rule, alarm.rule),  # type: ignore[call-overload]
        "low": say(alarm.lower), "high": say(alarm.upper),
    }  # fmt: skip
