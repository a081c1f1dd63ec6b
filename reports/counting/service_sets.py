"""Sets of rows for the pages of what the team did, and the lists of the tickets in them."""

from dataclasses import replace
from datetime import datetime, timedelta

from django.db.models import BigIntegerField, ExpressionWrapper, F, Q, QuerySet
from django.utils.translation import gettext_lazy as _

from helpdesk import clock
from helpdesk.calendars import start_of_day
from reports import periods, reading
from reports.models import AnswerFacts, TicketFacts
from reports.reading import BEHIND, Behind, Filter, choice, within
from tickets.models import Ticket

# ---------------------------------------------------------------------- today


def today(chosen: Filter) -> Filter:
    """The same choice on this day of its zone, compared with nothing."""
    day = periods.local_day(clock.now(), chosen.zone)
    return replace(chosen.on(day, day), compare="")


def unassigned(chosen: Filter) -> "QuerySet[TicketFacts]":
    return reading.still_open(chosen).filter(agent=None)


def owed(chosen: Filter) -> "QuerySet[TicketFacts]":
    """Open tickets whose customer waits for a word of ours."""
    return reading.still_open(chosen).filter(waiting_since__isnull=False)


def waking(chosen: Filter) -> "QuerySet[TicketFacts]":
    """Snoozed tickets that wake before this day ends."""
    at = clock.now()
    end = start_of_day(chosen.zone, periods.local_day(at, chosen.zone) + timedelta(days=1))
    asleep = Ticket.objects.filter(inbox__in=chosen.inboxes, snoozed_until__gt=at, snoozed_until__lt=end)
    return reading.tickets(chosen).filter(ticket__in=asleep.values("pk"))


def came_in_today(chosen: Filter) -> "QuerySet[TicketFacts]":
    return reading.came_in(today(chosen))


def replied_today(chosen: Filter) -> "QuerySet[TicketFacts]":
    return reading.replied(today(chosen))


def settled_today(chosen: Filter) -> "QuerySet[TicketFacts]":
    return reading.settled(today(chosen))


# ---------------------------------------------------------------------- speed


def answers(chosen: Filter, *kinds: str) -> "QuerySet[AnswerFacts]":
    """Public messages of people in the period, on tickets that count."""
    rows = AnswerFacts.objects.filter(choice(chosen), within("at", chosen.period), in_volume=True)
    return rows.filter(kind__in=kinds) if kinds else rows


def next_answers(chosen: Filter) -> "QuerySet[AnswerFacts]":
    """Answers to what a customer wrote after our first one."""
    # each answer has a number of its own, so that a list of them can be turned over
    number = ExpressionWrapper(F("ticket") * 100_000 + F("number"), output_field=BigIntegerField())
    return answers(chosen, "next").annotate(place=number)


def owes_first_reply(chosen: Filter) -> "QuerySet[TicketFacts]":
    """Tickets customers opened in the period: each is owed a first answer."""
    return reading.came_in(chosen).exclude(initiated_by="agent")


def never_answered(chosen: Filter) -> "QuerySet[TicketFacts]":
    return owes_first_reply(chosen).filter(frt_s=None)


def abandoned(chosen: Filter) -> "QuerySet[TicketFacts]":
    """Chats whose visitor left before anybody answered."""
    return owes_first_reply(chosen).filter(channel="chat", abandoned_at__isnull=False)


# ---------------------------------------------------------------------- resolution

SUCCESSES = ("fcr_confirmed", "fcr_operational")
JUDGED = (*SUCCESSES, "reopened", "repeat_contact", "customer_says_no", "not_one_reply")


def solved(chosen: Filter) -> "QuerySet[TicketFacts]":
    """Tickets first resolved in the period, whatever became of them since."""
    return reading.tickets(chosen).filter(within("first_resolved_at", chosen.period), in_quality=True)


def reopened(chosen: Filter) -> "QuerySet[TicketFacts]":
    return solved(chosen).filter(net_reopens__gt=0)


def is_mature(at: datetime) -> Q:
    """Old enough to be judged."""
    return Q(judged_at__lte=at)


def judged(chosen: Filter) -> "QuerySet[TicketFacts]":
    """Tickets that came in the period and can be judged."""
    return reading.created(chosen).filter(is_mature(clock.now()), fcr__in=JUDGED)


def immature(chosen: Filter) -> "QuerySet[TicketFacts]":
    return reading.created(chosen).filter(judged_at__gt=clock.now(), fcr__in=JUDGED)


# ---------------------------------------------------------------------- lists

BEHIND.update({
    "unassigned": Behind(_("Open and unassigned"), unassigned, "started_at", ("started_at", "status")),
    "owed": Behind(_("Customers waiting for our answer"), owed, "waiting_since", ("waiting_since", "status")),
    "waking": Behind(_("Snoozed, waking today"), waking, "started_at", ("started_at", "status")),
    "today_created": Behind(_("New today"), came_in_today, "-created_at", ("created_at", "channel", "status")),
    "today_replied": Behind(
        _("First answered today"), replied_today, "-first_reply_at", ("frt_s", "frt_business_s", "first_reply_at")),
    "today_resolved": Behind(_("Resolved today"), settled_today, "-resolved_at", ("resolution_s", "resolved_at")),
    "next_response": Behind(
        _("Next response time"), next_answers, "-seconds", ("seconds", "business_seconds", "at"), identity="place"),
    "our_wait": Behind(
        _("How long customers waited on us"), reading.measured, "-open_s",
        ("open_s", "business_open_s", "on_hold_s", "resolution_s", "resolved_at")),
    "never_answered": Behind(_("Not answered so far"), never_answered, "created_at", ("started_at", "status")),
    "abandoned": Behind(_("Visitors who left"), abandoned, "-created_at", ("started_at", "abandoned_at")),
    "reopened": Behind(
        _("Reopened"), reopened, "-first_resolved_at",
        ("first_resolved_at", "net_reopened_at", "reopens", "net_reopens")),
    "fcr": Behind(
        _("Judged for first contact resolution"), judged, "-created_at",
        ("fcr", "replies_before_first_resolution", "first_resolved_at", "net_reopened_at", "next_same_topic_at")),
    "fcr_immature": Behind(
        _("Too young to judge"), immature, "-created_at", ("fcr", "first_resolved_at", "judged_at")),
    "touches": Behind(
        _("Resolved, by replies"), reading.measured, "-resolved_at", ("touches", "replies", "resolved_at")),
})  # fmt: skip
