"""The customers behind the numbers of loyalty: those of them whom the reader may see."""

from collections.abc import Mapping, Sequence
from typing import Any
from zoneinfo import ZoneInfo

from django.db import connection
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from feedback import accounts
from feedback.accounts import Rule
from feedback.models import Survey
from helpdesk.pages import agent_of
from reports.counting import loyalty_figures
from reports.forms import FilterForm
from reports.pages import find
from reports.reading import PAGE, Filter
from reports.showing import words
from reports.views import not_understood, readers
from tickets import texts
from tickets.models import Customer

TITLES: Mapping[str, str | Promise] = {
    "there": gettext_lazy("Customers at the end of the month"),
    "lost": gettext_lazy("Customers lost in the month"),
    "back": gettext_lazy("Customers who came back in the month"),
    "answered": gettext_lazy("Customers who answered whether they would recommend us"),
}
#: of the days `start` and `end`, both the first of a month
_WAS = "bool_or(since <= %(start)s AND (until IS NULL OR %(start)s < until))"
_IS = "bool_or(since <= %(end)s AND (until IS NULL OR %(end)s < until))"
_WHO = {
    which: f"SELECT person FROM spans WHERE person > %(after)s GROUP BY person HAVING {they} "  # noqa: S608 - ours
    "ORDER BY person LIMIT %(most)s"
    for which, they in {
        "there": _IS,
        "lost": f"{_WAS} AND NOT {_IS}",
        "back": f"{_IS} AND NOT {_WAS} AND min(since) < %(start)s",
    }.items()
}


@readers
@require_safe
def behind(request: HttpRequest, which: str) -> HttpResponse:
    """A page of the customers behind a number."""
    page = find("loyalty")
    if which not in TITLES or page is None:
        raise Http404
    form = FilterForm(request.user, request.GET)  # type: ignore[arg-type]
    if not form.is_valid():
        return not_understood(request, form, page)
    chosen, after = form.filter, texts.number(request.GET.get("after", "")) or 0
    context: dict[str, Any] = {
        "title": TITLES[which], "said": words.choice(form),
        "back_url": f"{reverse('report', args=['loyalty'])}?{chosen.query()}",
    }  # fmt: skip
    if which == "answered":
        rows, note = _answered(chosen, after)
        context["columns"] = [_("Customer"), _("Score"), _("Answered")]
    else:
        rows, note = [(pk, []) for pk in _who(chosen, which, after)], ""
        context["columns"] = [_("Customer")]
    seen = Customer.objects.visible_to(agent_of(request)).select_related("organisation")
    known = seen.prefetch_related("contact_points").in_bulk([pk for pk, _cells in rows[:PAGE]])
    context |= {
        "note": note,
        "rows": [{"customer": known.get(pk), "cells": cells} for pk, cells in rows[:PAGE]],
        "next_url": f"{request.path}?{chosen.query(after=rows[PAGE - 1][0])}" if len(rows) > PAGE else "",
    }
    return render(request, "reports/customers.html", context)


def _who(chosen: Filter, which: str, after: int) -> list[int]:
    """The next customers by their number."""
    *_earlier, start, end = loyalty_figures.boundaries(chosen.last)
    with_spans, asked = accounts.sql(Rule.of_the_house(chosen.zone))
    with connection.cursor() as cursor:
        cursor.execute(
            with_spans + _WHO[which],
            {**asked, "start": start, "end": end, "after": after, "most": PAGE + 1},
        )
        return [person for (person,) in cursor.fetchall()]


def _answered(chosen: Filter, after: int) -> tuple[Sequence[tuple[int, list[str]]], str]:
    """The next ones who answered, with their scores; not those who were told that nobody could tell."""
    answers = loyalty_figures.answered_nps(chosen)
    if loyalty_figures.recommendation(chosen).guard.hides:
        return [], _("Too few answered: people could be recognised.")
    named = answers.exclude(survey__in=Survey.objects.filter(is_anonymous=True).values("pk"))
    found = (
        named.filter(customer__gt=after)
        .order_by("customer")
        .values_list("customer", "score", "answered_at")[: PAGE + 1]
    )
    zone = ZoneInfo(chosen.zone)
    return [
        (customer, [str(score), words.moment_name(at, zone)])
        for customer, score, at in found
        if customer is not None and at is not None
    ], _("Answers to anonymous surveys are counted, and not listed.")
