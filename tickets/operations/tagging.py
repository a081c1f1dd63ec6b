"""Looking after the house's tags: renaming, merging, deleting. On one ticket they are put and taken in `sorting`."""

from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from helpdesk.events import draft, record, record_many
from helpdesk.models import Agent
from tickets.models import Macro, SavedView, Tag, Ticket
from tickets.operations.sorting import tag_name
from tickets.operations.status import NotPossible

_AT_ONCE = 500


@transaction.atomic
def rename(tag: Tag, *, to: str, actor: Agent) -> Tag:
    """Call a tag something else, on every ticket and in every view and macro. Raises NotPossible for a taken name."""
    tag = Tag.objects.select_for_update(no_key=True).get(pk=tag.pk)
    name = tag_name(to)
    if name == tag.name:
        return tag
    if Tag.objects.filter(name=name).exists():
        raise NotPossible(_("There is a tag “%(tag)s” already: merge the two.") % {"tag": name})
    was, tag.name = tag.name, name
    tag.save(update_fields=["name"])
    _reword(was, name)
    record("tag.renamed", tag, actor=actor, name=name, was=was)
    return tag


@transaction.atomic
def merge(tag: Tag, *, into: Tag, actor: Agent) -> Tag:
    """Make two tags one: tickets, views and macros of the first have the second. It cannot be undone."""
    if tag.pk == into.pk:
        return into
    both = Tag.objects.select_for_update(no_key=True).filter(pk__in=[tag.pk, into.pk]).order_by("pk")
    tags = {one.pk: one for one in both}
    if len(tags) < 2:
        raise NotPossible(_("Somebody else has deleted this tag meanwhile."))
    numbers = _off(tag, actor)
    link = Ticket.tags.through
    has = set(link.objects.filter(tag=into).values_list("ticket_id", flat=True))
    fresh = [number for number in numbers if number not in has]
    for start in range(0, len(fresh), _AT_ONCE):
        part = fresh[start : start + _AT_ONCE]
        link.objects.bulk_create([link(ticket_id=number, tag=into) for number in part], ignore_conflicts=True)
        _say("ticket.tagged", part, into, actor)
    _reword(tag.name, into.name)
    record("tag.merged", into, actor=actor, name=into.name, source=tag.name, tickets=len(numbers))
    Tag.objects.filter(pk=tag.pk).delete()
    return into


@transaction.atomic
def delete(tag: Tag, *, actor: Agent) -> int:
    """Take a tag off every ticket and forget it. Returns off how many. Twice is as once."""
    found = Tag.objects.select_for_update(no_key=True).filter(pk=tag.pk).first()
    if found is None:
        return 0
    numbers = _off(found, actor)
    record("tag.deleted", found, actor=actor, name=found.name, tickets=len(numbers))
    found.delete()
    return len(numbers)


def _off(tag: Tag, actor: Agent) -> list[int]:
    links = Ticket.tags.through.objects.filter(tag=tag)
    numbers = list(links.order_by("ticket_id").values_list("ticket_id", flat=True))
    for start in range(0, len(numbers), _AT_ONCE):
        _say("ticket.untagged", numbers[start : start + _AT_ONCE], tag, actor)
    links.delete()
    return numbers


def _say(verb: str, numbers: list[int], tag: Tag, actor: Agent) -> None:
    tickets = Ticket.objects.filter(number__in=numbers).only("number", "inbox_id").order_by("number")
    told = [(draft(verb, ticket, actor=actor, tag=tag.name), ticket.ledger_audience) for ticket in tickets]
    record_many([event for event, _audience in told], audiences=[audience for _event, audience in told])


def _reword(was: str, now: str) -> None:
    """What names the tag in its conditions or acts names it by its new name."""
    for view in SavedView.objects.all():
        changed = [{**one, "value": _swapped(one.get("value"), was, now)} if one.get("field") == "tag" else one
                   for one in view.conditions]  # fmt: skip
        if changed != view.conditions:
            view.conditions = changed
            view.save(update_fields=["conditions"])
    for macro in Macro.objects.all():
        acts = [{**one, "tag": _swapped(one.get("tag"), was, now)} if "tag" in one else one for one in macro.actions]
        if acts != macro.actions:
            macro.actions = acts
            macro.save(update_fields=["actions"])


def _swapped(value: Any, was: str, now: str) -> Any:
    if isinstance(value, list):
        return list(dict.fromkeys(now if one == was else one for one in value))
    return now if value == was else value
