"""What conditions mean: a filter of tickets."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from functools import reduce
from operator import or_
from typing import Any
from zoneinfo import ZoneInfo

from django.db import models
from django.db.models import Exists, OuterRef, Q, Value
from django.db.models.fields.json import KeyTransform
from django.db.models.lookups import GreaterThan, LessThan

from helpdesk import clock
from helpdesk.models import Agent
from tickets import hours, time_words
from tickets.conditions.upper import UPPER
from tickets.conditions.vocabulary import (
    ABOUT,
    BARE,
    ME,
    MY_TEAMS,
    Condition,
    custom,
    values_of,
)
from tickets.models import (
    Attachment,
    ContactPoint,
    Customer,
    CustomField,
    Follower,
    Organisation,
    Tag,
    Ticket,
)
from tickets.models.ticket import TicketQuerySet

#: words that mean more people than that are looked for another way
MOST_PEOPLE = 500
_COLUMNS = {
    "assignee": "assignee", "team": "team", "inbox": "inbox", "priority": "priority", "type": "type",
    "channel": "channel", "status": "status", "customer": "customer", "organisation": "customer__organisation",
    "created": "created_at", "updated": "updated_at", "resolved": "resolved_at", "snoozed": "snoozed_until",
}  # fmt: skip


def narrow(tickets: TicketQuerySet, conditions: Sequence[Condition], agent: Agent) -> TicketQuerySet:
    """Those of `tickets` of which all conditions hold, for this agent. The conditions are cleaned ones."""
    return tickets.filter(as_q(conditions, agent))


def as_q(conditions: Iterable[Condition], agent: Agent) -> Q:
    """Cleaned conditions as a filter of tickets."""
    both = Q()
    names_statuses = False
    for condition in conditions:
        key = condition["field"]
        names_statuses = names_statuses or (key == "status" and condition["is"] in ("is", "any_of"))
        both &= _OWN.get(key, _q_upper if key in UPPER else _q_custom)(condition, agent)
    # a status that is named says it, and a list of open tickets is then read from their index alone
    return both if names_statuses else both & Q(removed_at=None)


def is_personal(conditions: Iterable[Condition]) -> bool:
    """Whether they speak of whoever looks, by `me` or `my_teams`."""
    return any(value in (ME, MY_TEAMS) for condition in conditions for value in values_of(condition))


def _is_negative(condition: Condition) -> bool:
    return condition["is"] in ("is_not", "none_of", "not_set")


def _either(found: Q, condition: Condition) -> Q:
    return ~found if _is_negative(condition) else found


def _q_column(condition: Condition, agent: Agent) -> Q:
    column, values = _COLUMNS[condition["field"]], values_of(condition)
    if condition["is"] in BARE:
        # `type` is empty where others are null
        is_set = ~Q(**{column: ""}) if condition["field"] == "type" else Q(**{f"{column}__isnull": False})
        return is_set if condition["is"] == "set" else ~is_set
    return _either(Q(**{column: values[0]}) if len(values) == 1 else Q(**{f"{column}__in": values}), condition)


def _q_assignee(condition: Condition, agent: Agent) -> Q:
    return _q_column(_with_me(condition, agent), agent)


def _with_me(condition: Condition, agent: Agent) -> Condition:
    if condition["is"] in BARE:
        return condition
    return {**condition, "value": [agent.pk if one == ME else one for one in values_of(condition)]}


def _q_team(condition: Condition, agent: Agent) -> Q:
    if condition["is"] in BARE:
        return _q_column(condition, agent)
    named = [one for one in values_of(condition) if one != MY_TEAMS]
    found = Q(team__in=named) if named else Q(pk__in=[])
    if len(named) < len(values_of(condition)):
        found |= Q(team__in=Agent.teams.through.objects.filter(agent=agent.pk).values("team"))
    return _either(found, condition)


def _q_tag(condition: Condition, agent: Agent) -> Q:
    tagged = Ticket.tags.through.objects.filter(ticket=OuterRef("pk"))
    if condition["is"] not in BARE:
        # their numbers, and not a subquery, let the database know how rare they are
        known = list(Tag.objects.filter(name__in=values_of(condition)).values_list("pk", flat=True))
        if not known:
            return _either(Q(pk__in=[]), condition)
        tagged = tagged.filter(tag__in=known) if len(known) > 1 else tagged.filter(tag=known[0])
    return _either(Q(Exists(tagged)), condition)


def _q_follower(condition: Condition, agent: Agent) -> Q:
    following = Follower.objects.filter(ticket=OuterRef("pk"))
    if condition["is"] not in BARE:
        following = following.filter(agent__in=values_of(_with_me(condition, agent)))
    return _either(Q(Exists(following)), condition)


def _q_has(condition: Condition, agent: Agent) -> Q:
    ways = {
        "attachment": lambda: Q(Exists(Attachment.objects.filter(message__ticket=OuterRef("pk"), is_inline=False))),
        "undelivered": lambda: Q(has_undelivered=True),
        "low_score": lambda: Q(low_score__isnull=False),
    }
    return _either(reduce(or_, (ways[one]() for one in values_of(condition))), condition)


def _q_upper(condition: Condition, agent: Agent) -> Q:
    values = None if condition["is"] in BARE else values_of(condition)
    return _either(UPPER[condition["field"]].having(values), condition)


def _q_customer(condition: Condition, agent: Agent) -> Q:
    return _either(Q(customer__in=people_of(Customer, values_of(condition))), condition)


def _q_organisation(condition: Condition, agent: Agent) -> Q:
    if condition["is"] in BARE:
        return _q_column(condition, agent)
    theirs = Customer.objects.filter(organisation__in=people_of(Organisation, values_of(condition)))
    return _either(Q(customer__in=theirs.values("pk")), condition)


def people_of(model: Any, values: Iterable[Any]) -> list[int] | models.QuerySet[Any]:
    """Customers or organisations by their numbers, or by words of their names, addresses and domains.

    They are looked up first: the tickets of some people are found along an index, those of a subquery are not.
    """
    numbers = {one for one in values if isinstance(one, int)}
    for words in (one for one in values if isinstance(one, str)):
        ways = [model.objects.filter(name__ilike=words).order_by().values_list("pk", flat=True)]
        if model is Customer:
            points = ContactPoint.objects.filter(address__ilike=words).order_by()
            ways.append(points.values_list("customer", flat=True))
            called = ContactPoint.objects.filter(handle__ilike=words).order_by()
            ways.append(called.values_list("customer", flat=True))
        else:
            ways.append(model.objects.filter(domain__iexact=words).order_by().values_list("pk", flat=True))
        found = [pk for way in ways for pk in way[: MOST_PEOPLE + 1]]
        if len(found) > MOST_PEOPLE:
            either = reduce(or_, (Q(pk__in=way) for way in ways))
            return model.objects.filter(either | Q(pk__in=numbers)).order_by().values("pk")
        numbers.update(found)
    return sorted(numbers)


def _q_moment(condition: Condition, agent: Agent) -> Q:
    column, operator = _COLUMNS[condition["field"]], condition["is"]
    if operator in BARE:
        return _q_column(condition, agent)
    now = clock.now()
    if operator in ("more_than", "less_than"):
        first, _after = time_words.span_of(f"{condition['value']} ago", now=now, zone=agent.zone)
        return Q(**{f"{column}__lt" if operator == "more_than" else f"{column}__gt": first})
    first, after = time_words.span_of(condition["value"], now=now, zone=agent.zone)
    if operator == "before":
        return Q(**{f"{column}__lt": first})
    if operator == "after":
        return Q(**{f"{column}__gte": after})
    return Q(**{f"{column}__gte": first, f"{column}__lt": after})


def _q_waiting(condition: Condition, agent: Agent) -> Q:
    operator = condition["is"]
    if operator in BARE:
        return _either(Q(waiting_since__isnull=False), condition)
    seconds, now = time_words.seconds_of(condition["value"]), clock.now()
    limits: dict[Any, list[int]] = defaultdict(list)
    for inbox, calendar in hours.calendars_of_inboxes().items():
        business = hours.business(calendar)
        wanted = seconds + 1 if operator == "more_than" else seconds
        limits[hours.waiting_at_least(business, now, wanted)].append(inbox)
    found = Q(pk__in=[])
    for at, inboxes in limits.items():
        here = Q() if len(limits) == 1 else Q(inbox__in=inboxes)
        if operator == "more_than":
            found = found if at is None else found | (here & Q(waiting_since__lt=at))
        else:
            found |= here & (Q(waiting_since__isnull=False) if at is None else Q(waiting_since__gte=at))
    return found


def _q_custom(condition: Condition, agent: Agent) -> Q:
    own, operator = custom(condition["field"]), condition["is"]
    if own is None:  # it was put away since the view was saved
        return Q(pk__in=[])
    column, values = ABOUT[own.about], values_of(condition)
    if operator in BARE:
        there = Q(**{f"{column}__has_key": own.key}) & ~Q(**{f"{column}__contains": {own.key: None}})
        there &= ~Q(**{f"{column}__contains": {own.key: ""}})
        return there if operator == "set" else ~there
    if own.kind == CustomField.Kind.DATE:
        now = clock.now()
        values = [_local_day(one, now, agent.zone) for one in values]
    if operator in ("before", "less_than", "after", "more_than"):
        compared = LessThan if operator in ("before", "less_than") else GreaterThan
        return Q(compared(KeyTransform(own.key, column), Value(values[0], models.JSONField())))
    # the index holds only tickets that answer anything
    found = reduce(or_, (Q(**{f"{column}__contains": {own.key: one}}) for one in values)) & ~Q(**{column: {}})
    return _either(found, condition)


def _local_day(kept: str, now: Any, zone: str) -> str:
    first, _after = time_words.span_of(kept, now=now, zone=zone)
    return str(first.astimezone(ZoneInfo(zone)).date().isoformat())


_OWN: dict[str, Callable[[Condition, Agent], Q]] = {
    **dict.fromkeys(("status", "priority", "type", "channel", "inbox"), _q_column),
    **dict.fromkeys(("created", "updated", "resolved", "snoozed"), _q_moment),
    "assignee": _q_assignee, "team": _q_team, "tag": _q_tag, "follower": _q_follower, "has": _q_has,
    "customer": _q_customer, "organisation": _q_organisation, "waiting": _q_waiting,
}  # fmt: skip
