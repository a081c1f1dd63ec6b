"""The timeline of one customer or one organisation."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import formats
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_safe

from feedback.models import SurveyKind
from helpdesk import clock
from helpdesk.models import Agent
from helpdesk.pages import agent_of
from reports import periods
from reports.charts import timeline as drawing
from reports.periods import Period
from reports.showing import timeline, words
from reports.showing.timeline import Story
from reports.views import readers
from tickets import texts
from tickets.models import Customer, Organisation

#: how many months can be shown; the first page shows as many as the story has, and no more than the default
LENGTHS = (1, 3, 12, 36)
DEFAULT = 12


@dataclass(frozen=True, slots=True)
class Moment:
    """A line of the table behind the drawing."""

    at: datetime
    what: str
    details: str
    quote: str = ""
    ticket: int | None = None
    tone: str = ""


@readers
@require_safe
def customer(request: HttpRequest, pk: int) -> HttpResponse:
    """What happened with a customer, of what the agent may see."""
    agent = agent_of(request)
    seen = Customer.objects.visible_to(agent).select_related("organisation").prefetch_related("contact_points")
    found = get_object_or_404(seen, pk=pk)
    period, choice = _period(request, agent, [found.pk])
    return _page(request, found, timeline.of_customer(found, agent, period, _zone(agent)), choice)


@readers
@require_safe
def organisation(request: HttpRequest, pk: int) -> HttpResponse:
    """What happened with the people of an organisation whom the agent sees."""
    agent = agent_of(request)
    found = get_object_or_404(Organisation.objects.visible_to(agent), pk=pk)
    people = Customer.objects.visible_to(agent).filter(organisation=found).values_list("pk", flat=True)
    period, choice = _period(request, agent, people)
    return _page(request, found, timeline.of_organisation(found, agent, period, _zone(agent)), choice)


def _page(request: HttpRequest, about: Customer | Organisation, story: Story, choice: dict[str, Any]) -> HttpResponse:
    is_organisation = isinstance(about, Organisation)
    name = str(about)
    moments = list(_moments(story, names_people=is_organisation))
    context = {
        "about": about, "name": name, "story": story, "is_organisation": is_organisation, "rail_current": "customers",
        "svg": drawing.draw(
            story, title=_("What happened with %(name)s") % {"name": name}, about=_summary(story),
            names_people=is_organisation,
        ),
        "summary": _summary(story), "moments": moments, "quotes": [one for one in moments if one.quote][:12], **choice,
    }  # fmt: skip
    return render(request, "reports/timeline.html", context)


# ---------------------------------------------------------------------- the time


def _zone(agent: Agent) -> str:
    try:
        ZoneInfo(agent.zone)
    except (ValueError, OSError):
        return "UTC"
    return agent.zone or "UTC"


def _period(request: HttpRequest, agent: Agent, people: Any) -> tuple[Period, dict[str, Any]]:
    """The months that are asked for, and the links to others. What makes no sense is the last year."""
    zone = _zone(agent)
    today = periods.local_day(clock.now(), zone)
    asked = request.GET.get("months", "")
    began = timeline.began_at(people, agent) if asked in ("", "all") else None
    first = periods.local_day(began, zone) if began else today
    whole = min(max((today.year - first.year) * 12 + today.month - first.month + 1, 3), 240)
    if is_all := asked == "all":
        months, last = whole, today
    else:
        months = texts.number(asked) or next((one for one in LENGTHS if one >= whole), DEFAULT)
        months = months if months in LENGTHS and (asked or months < DEFAULT) else DEFAULT
        last = min(_day(request.GET.get("until", "")) or today, today)
    end = periods.next_first_day(last, "month") - timedelta(days=1) if months > 1 else last
    start = _back(periods.first_day(last, "month"), months - 1) if months > 1 else last - timedelta(days=30)
    step = timedelta(days=31) if months == 1 else None
    earlier = last - step if step else start - timedelta(days=1)
    later = last + step if step else _back(periods.first_day(last, "month"), -months)

    def url(months: int | str, until: date | None = None) -> str:
        return f"?months={months}" + (f"&until={until}" if until and until < today else "")

    def name(length: int) -> str:
        if length == 1:
            return _("31 days")
        if length % 12:
            return ngettext("%(n)d month", "%(n)d months", length) % {"n": length}
        return ngettext("%(n)d year", "%(n)d years", length // 12) % {"n": length // 12}

    choice = {
        "lengths": [
            *({"name": name(one), "url": url(one, last), "is_here": not is_all and one == months} for one in LENGTHS),
            {"name": _("Everything"), "url": url("all"), "is_here": is_all},
        ],
        "earlier_url": "" if is_all or start.year < 1991 else url(months, earlier),
        "later_url": "" if is_all or end >= today else url(months, later),
        "days": _("%(first)s to %(last)s") % {
            "first": formats.date_format(start, "DATE_FORMAT"), "last": formats.date_format(end, "DATE_FORMAT")},
    }  # fmt: skip
    return periods.days(start, end, zone), choice


def _back(first: date, months: int) -> date:
    """The first of a month so many months earlier."""
    count = first.year * 12 + first.month - 1 - months
    return date(count // 12, count % 12 + 1, 1)


def _day(text: str) -> date | None:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return day if 1990 <= day.year <= 2200 else None


# ---------------------------------------------------------------------- words


def _summary(story: Story) -> str:
    """The story in a few sentences."""
    if story.is_empty:
        return _("Nothing happened in this time that you may see.")
    said = [words.tickets(len(story.matters)) + "."]
    longest = max((one.longest for one in story.matters if one.longest), key=lambda wait: wait.seconds, default=None)
    if longest is not None:
        said.append(_("The longest wait for us was %(time)s.") % {"time": words.spell(longest.seconds)})
    names = dict(SurveyKind.choices)
    last = {one.kind: one for one in story.feelings}
    for kind, one in sorted(last.items()):
        said.append(
            _("Last answer, %(what)s: %(score)s of %(most)s.")
            % {"what": names.get(kind, kind), "score": one.score, "most": one.highest}
        )
    open_ones = sum(one.until is None for one in story.cares)
    if open_ones:
        said.append(
            ngettext("%(n)d recovery or complaint is open.", "%(n)d recoveries and complaints are open.", open_ones)
            % {"n": open_ones}
        )
    return " ".join(said)


def _moments(story: Story, *, names_people: bool) -> list[Moment]:
    """Everything drawn, in the order of time, the latest first."""
    names: dict[str, Any] = dict(SurveyKind.choices)
    found: list[Moment] = []

    def who(name: str) -> str:
        return f"{name} · " if names_people and name else ""

    for matter in story.matters:
        longest = matter.longest
        details = [words.channel_name(matter.channel), *drawing.course(matter)]
        if not matter.is_open:
            details.append(
                _("resolved after %(time)s") % {"time": words.spell((matter.until - matter.since).total_seconds())}
            )
        found.append(
            Moment(
                matter.since, f"{who(matter.who)}{matter.subject or _('(no subject)')}", ", ".join(details),
                ticket=matter.number, tone=drawing.wait_tone(longest.seconds) if longest else "",
            )
        )  # fmt: skip
    for feeling in story.feelings:
        said = _("%(score)s of %(most)s") % {"score": feeling.score, "most": feeling.highest}
        found.append(
            Moment(
                feeling.at, f"{who(feeling.who)}{names.get(feeling.kind, feeling.kind)}",
                said + (f", {feeling.words}" if feeling.words else ""), feeling.comment, feeling.ticket, feeling.tone,
            )
        )  # fmt: skip
    for care in story.cares:
        what = _("Recovery") if care.kind == "recovery" else _("Complaint")
        until = formats.date_format(care.until.astimezone(ZoneInfo(story.zone)), "DATE_FORMAT") if care.until else ""
        details_of = f"{care.said}, {_('until')} {until}" if until else care.said or _("open")
        found.append(Moment(care.since, f"{who(care.who)}{what}", details_of, ticket=care.ticket, tone=care.tone))
    for remark in story.remarks:
        tone = "good" if remark.tone > 0 else "bad" if remark.tone < 0 else ""
        found.append(Moment(remark.at, f"{who(remark.who)}{remark.source}", "", remark.text, tone=tone))
    found += [
        Moment(
            mark.at, f"{who(mark.who)}{_('Account')}",
            ", ".join(filter(None, [drawing.kind_name(mark.kind), mark.value])),
        )
        for mark in story.marks
    ]  # fmt: skip
    return sorted(found, key=lambda one: one.at, reverse=True)
