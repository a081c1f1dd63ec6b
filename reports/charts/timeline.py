"""One axis of time: service above it, feeling below it, the account between them.

Unlike other charts it is wide and may grow tall, and its tickets are links. Rows carry their names inside, at their
left, so that a phone that shows a part of it still says what it is.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from django.urls import reverse
from django.utils import formats
from django.utils.html import format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from feedback.models import SurveyKind
from reports.charts import at as n
from reports.charts.markup import filled
from reports.showing import timeline as stories
from reports.showing.timeline import Care, Feeling, Matter, Story, Wait
from reports.showing.words import channel_name, spell

WIDTH, SIDE = 1000, 10
LANE, BAR, NAME, BAND = 19, 7, 20, 58
#: no more lanes of one channel: those beyond lie over the last one
MOST_LANES = 12
#: waits up to this are fine, up to that are long, beyond are too long
FINE, LONG = 4 * 3600, 24 * 3600


def wait_tone(seconds: float) -> str:
    return "good" if seconds <= FINE else "warn" if seconds <= LONG else "bad"


class _Drawing:
    """Where we are: parts so far, and how far down."""

    def __init__(self, story: Story) -> None:
        self.story, self.zone = story, ZoneInfo(story.zone)
        self.parts: list[SafeString] = []
        self.y = 0.0
        span = story.period
        self.start, self.length = span.start, max((span.end - span.start).total_seconds(), 1)

    def x(self, moment: datetime) -> float:
        share = (moment - self.start).total_seconds() / self.length
        return SIDE + (WIDTH - 2 * SIDE) * min(max(share, 0), 1)

    def is_inside(self, moment: datetime) -> bool:
        return self.story.period.start <= moment < self.story.period.end

    def day(self, moment: datetime) -> str:
        return formats.date_format(moment.astimezone(self.zone), "DATE_FORMAT")

    def heading(self, name: str, style: str = "time-name") -> None:
        self.y += NAME
        self.parts.append(
            filled(
                '<text class="{0}" x="{1}" y="{2}">{3}</text>'
                '<text class="{0} at-end" x="{4}" y="{2}" text-anchor="end" aria-hidden="true">{3}</text>',
                style, SIDE, n(self.y - 6), name, WIDTH - SIDE,
            )
        )  # fmt: skip


def draw(story: Story, *, title: str, about: str, names_people: bool = False) -> SafeString:
    """The whole drawing."""
    at = _Drawing(story)
    _service(at, names_people=names_people)
    top = at.y
    _axis(at)
    _feeling(at)
    height = at.y + 8
    months = list(_ticks(story))
    grid = format_html_join(
        "", '<line class="chart-grid" x1="{0}" x2="{0}" y1="{1}" y2="{2}"/>',
        ((n(at.x(moment)), 0, n(height)) for moment, _name in months),
    )  # fmt: skip
    now = ""
    if at.is_inside(story.now):
        now = filled(
            '<line class="time-now" x1="{0}" x2="{0}" y1="0" y2="{1}"/>', n(at.x(story.now)), n(height)
        )  # fmt: skip
    marks = format_html_join(
        "", '<line class="time-mark" x1="{0}" x2="{0}" y1="8" y2="{1}"/>',
        ((n(at.x(one.at)), n(top)) for one in story.marks),
    )  # fmt: skip
    return filled(
        '<svg class="chart timeline" viewBox="0 0 {} {}" role="group" aria-labelledby="timeline-title timeline-about">'
        '<title id="timeline-title">{}</title><desc id="timeline-about">{}</desc>{}{}{}{}</svg>',
        WIDTH, n(height), title, about, grid, marks, now, format_html_join("", "{}", ((part,) for part in at.parts)),
    )  # fmt: skip


# ---------------------------------------------------------------------- service


def _service(at: _Drawing, *, names_people: bool) -> None:
    by_channel: dict[str, list[Matter]] = defaultdict(list)
    for one in at.story.matters:
        by_channel[one.channel].append(one)
    at.heading(_("Service"), "time-title")
    if not by_channel:
        at.heading(_("No tickets in this time."))
    for channel, matters in sorted(by_channel.items(), key=lambda pair: (-len(pair[1]), pair[0])):
        at.heading(channel_name(channel))
        lanes: list[float] = []
        for one in matters:
            left, right = at.x(one.since), max(at.x(one.until), at.x(one.since) + 4)
            lane = next((i for i, end in enumerate(lanes) if end + 6 <= left), len(lanes))
            lane = min(lane, MOST_LANES - 1)
            if lane == len(lanes):
                lanes.append(right)
            lanes[lane] = max(lanes[lane], right)
            at.parts.append(_matter(at, one, at.y + LANE * lane + LANE / 2, left, right, names_people=names_people))
        at.y += LANE * len(lanes) + 4


def _matter(at: _Drawing, one: Matter, y: float, left: float, right: float, *, names_people: bool) -> SafeString:
    bar = filled(
        '<rect class="time-ticket{}" x="{}" y="{}" width="{}" height="{}" rx="3.5"/>',
        " open" if one.is_open else "", n(left), n(y - BAR / 2), n(right - left), BAR,
    )  # fmt: skip
    waits = format_html_join(
        "", '<rect class="time-wait {}" x="{}" y="{}" width="{}" height="{}" rx="3.5"/>',
        (
            (wait_tone(wait.seconds), n(at.x(wait.since)), n(y - BAR / 2),
             n(max(min(at.x(wait.until), right) - at.x(wait.since), 3)), BAR)
            for wait in one.waits if wait.until > at.start and wait.since < at.story.period.end
        ),
    )  # fmt: skip
    ticks = format_html_join(
        "", '<line class="time-said {0}" x1="{1}" x2="{1}" y1="{2}" y2="{3}"/>',
        [
            *(("theirs", n(at.x(each)), n(y - BAR / 2 - 4), n(y - BAR / 2)) for each in one.theirs),
            *(("ours", n(at.x(each)), n(y + BAR / 2), n(y + BAR / 2 + 4)) for each in one.ours),
        ],
    )  # fmt: skip
    back = format_html_join(
        "", '<circle class="time-back" cx="{}" cy="{}" r="4.5"/>',
        ((n(at.x(each)), n(y)) for each in one.reopened if at.is_inside(each)),
    )  # fmt: skip
    return filled(
        '<a class="time-link" href="{}" aria-label="{}"><title>{}</title>'
        '<rect class="time-reach" x="{}" y="{}" width="{}" height="{}"/>{}{}{}{}</a>',
        reverse("ticket", args=[one.number]), f"#{one.number}", told(at, one, names_people=names_people),
        n(left - 3), n(y - LANE / 2), n(right - left + 6), LANE, bar, waits, ticks, back,
    )  # fmt: skip


def told(at: _Drawing, one: Matter, *, names_people: bool = False) -> str:
    """A ticket in a sentence."""
    said = [f"#{one.number} {one.subject or _('(no subject)')}"]
    if names_people and one.who:
        said.append(one.who)
    days = f"{at.day(one.since)} – {_('open') if one.is_open else at.day(one.until)}"
    return " · ".join([*said, days, *course(one)])


def course(one: Matter) -> list[str]:
    """How it went: the longest wait, and how often it came back."""
    said = []
    if longest := one.longest:
        said.append(waited(longest))
    if one.reopened:
        said.append(ngettext("reopened once", "reopened %(n)d times", len(one.reopened)) % {"n": len(one.reopened)})
    return said


def waited(wait: Wait) -> str:
    if wait.is_over:
        return _("longest wait %(time)s") % {"time": spell(wait.seconds)}
    return _("waiting for %(time)s") % {"time": spell(wait.seconds)}


# ---------------------------------------------------------------------- the axis and the account


def _axis(at: _Drawing) -> None:
    story = at.story
    at.heading(_("Account"))
    y = at.y + 2
    for span in story.spans:
        since, until = stories.span_period(span, story.zone)
        if since >= story.period.end or (until is not None and until <= story.period.start):
            continue
        left, right = at.x(since), at.x(until or story.period.end)
        at.parts.append(
            filled(
                '<rect class="time-customer{}" x="{}" y="{}" width="{}" height="12" rx="2"><title>{}</title></rect>',
                " proxy" if story.is_proxy else "", n(left), n(y), n(max(right - left, 2)), span_in_words(at, span),
            )
        )  # fmt: skip
    last = -1e9
    row = 0
    for mark in story.marks:
        x = at.x(mark.at)
        row = 0 if x - last > 70 else (row + 1) % 3
        last = x
        at.parts.append(
            filled(
                '<g><title>{}</title><path class="time-flag" d="M{} {}l5 6l-5 6l-5 -6z"/>'
                '<text class="chart-tick" x="{}" y="{}" text-anchor="{}">{}</text></g>',
                f"{kind_name(mark.kind)} · {at.day(mark.at)}" + (f" · {mark.value}" if mark.value else ""),
                n(x), n(y), n(x + (0 if 40 < x < WIDTH - 40 else 8 if x <= 40 else -8)), n(y + 26 + 11 * row),
                "middle" if 40 < x < WIDTH - 40 else "start" if x <= 40 else "end", kind_name(mark.kind),
            )
        )  # fmt: skip
    at.y = y + 12 + (40 if story.marks else 4)
    at.parts.append(
        filled('<line class="time-axis" x1="{0}" x2="{1}" y1="{2}" y2="{2}"/>', SIDE, WIDTH - SIDE, n(at.y))
    )
    at.y += 18
    ticks = list(_ticks(story))
    for i, (moment, name) in enumerate(ticks):
        x = at.x(moment)
        if i == len(ticks) - 1 and x > WIDTH - 50:
            continue
        at.parts.append(filled('<text class="time-date" x="{}" y="{}">{}</text>', n(x + 4), n(at.y - 4), name))


def span_in_words(at: _Drawing, span: tuple[date, date | None]) -> str:
    since, until = (formats.date_format(day, "DATE_FORMAT") if day else "" for day in span)
    if at.story.is_proxy:
        return _("by the proxy a customer from %(since)s") % {"since": since}
    if not until:
        return _("a customer since %(since)s") % {"since": since}
    return _("a customer from %(since)s to %(until)s") % {"since": since, "until": until}


def kind_name(kind: str) -> str:
    """An event of the account in words; one of the house's own as it is."""
    return {
        "joined": _("joined"), "renewed": _("renewed"), "upgraded": _("upgraded"), "lapsed": _("lapsed"),
        "cancelled": _("cancelled"), "purchased": _("purchased"),
    }.get(kind, kind.replace("_", " "))  # fmt: skip


def _ticks(story: Story) -> Iterable[tuple[datetime, str]]:
    """Firsts of months, or of fewer where there are many; of days where there are few."""
    zone = ZoneInfo(story.zone)
    first, last = (moment.astimezone(zone).date() for moment in (story.period.start, story.period.end))
    length = (last - first).days
    if length <= 62:
        day = first + timedelta(days=(7 - first.weekday()) % 7)
        while day < last:
            yield _midnight(day, zone), formats.date_format(day, "j M")
            day += timedelta(days=7)
        return
    step = 1 if length <= 400 else 3 if length <= 1200 else 12
    year, month = first.year, first.month
    while (day := date(year, month, 1)) < last:
        if day >= first and (month - 1) % step == 0:
            yield _midnight(day, zone), formats.date_format(day, "Y" if step == 12 else "M Y" if month == 1 else "M")
        year, month = (year + 1, 1) if month == 12 else (year, month + 1)


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=zone)


# ---------------------------------------------------------------------- feeling


def _feeling(at: _Drawing) -> None:
    story = at.story
    at.y += 6
    at.heading(_("Feeling"), "time-title")
    by_kind: dict[tuple[str, int, int], list[Feeling]] = defaultdict(list)
    for one in story.feelings:
        by_kind[one.kind, one.lowest, one.highest].append(one)
    if not (by_kind or story.cares or story.remarks):
        at.heading(_("No answers, no complaints in this time."))
    for (kind, lowest, highest), scores in sorted(by_kind.items()):
        _scores(at, kind, lowest, highest, scores)
    for kind, name in (("recovery", _("Recoveries")), ("complaint", _("Complaints"))):
        if cares := [one for one in story.cares if one.kind == kind]:
            at.heading(name)
            _cares(at, cares)
    if story.remarks:
        at.heading(_("Said elsewhere"))
        for remark in story.remarks:
            tone = "good" if remark.tone > 0 else "bad" if remark.tone < 0 else ""
            at.parts.append(
                filled(
                    '<g><title>{}</title><circle class="time-score {}" cx="{}" cy="{}" r="5"/></g>',
                    f"{remark.source} · {at.day(remark.at)} · {remark.text[:200]}", tone, n(at.x(remark.at)),
                    n(at.y + 6),
                )
            )  # fmt: skip
        at.y += 16


def _scores(at: _Drawing, kind: str, lowest: int, highest: int, scores: Sequence[Feeling]) -> None:
    name = dict(SurveyKind.choices).get(kind, kind)
    at.heading(_("%(what)s, %(lowest)s to %(highest)s") % {"what": name, "lowest": lowest, "highest": highest})
    top, low = at.y + 4, scores[0].low

    def y(score: float) -> float:
        return top + BAND * (1 - (score - lowest) / max(highest - lowest, 1))

    if low is not None:
        at.parts.append(
            filled(
                '<rect class="time-low" x="{}" y="{}" width="{}" height="{}"/>', SIDE, n(y(low + 0.5)),
                WIDTH - 2 * SIDE, n(y(lowest) - y(low + 0.5) + 5),
            )
        )  # fmt: skip
    for score in (lowest, highest):
        at.parts.append(
            filled('<line class="chart-grid" x1="{0}" x2="{1}" y1="{2}" y2="{2}"/>', SIDE, WIDTH - SIDE, n(y(score)))
        )
    points = [(at.x(one.at), y(one.score)) for one in scores]
    if len(points) > 1:
        at.parts.append(
            filled('<polyline class="time-course" points="{}"/>', " ".join(f"{n(px)},{n(py)}" for px, py in points))
        )
    before = -100.0
    for (px, py), one in zip(points, scores, strict=True):
        said = f"{name} {one.score} · {at.day(one.at)}" + (f" · {one.words}" if one.words else "")
        said += f" · “{one.comment[:300]}”" if one.comment else ""
        ring = filled('<circle class="time-quote" cx="{}" cy="{}" r="9"/>', n(px), n(py)) if one.comment else ""
        number = ""
        if px - before > 16:
            number = filled(
                '<text class="chart-value" x="{}" y="{}" text-anchor="middle">{}</text>', n(px),
                n(py - 11 if py > top + 14 else py + 19), one.score,
            )  # fmt: skip
        before = px
        at.parts.append(
            filled(
                '<g><title>{}</title>{}<circle class="time-score {}" cx="{}" cy="{}" r="5.5"/>{}</g>', said, ring,
                one.tone, n(px), n(py), number,
            )
        )  # fmt: skip
    at.y = top + BAND + 8


def _cares(at: _Drawing, cares: Sequence[Care]) -> None:
    ends: list[float] = []
    for one in cares:
        until = one.until or min(at.story.now, at.story.period.end)
        left, right = at.x(one.since), max(at.x(until), at.x(one.since) + 6)
        reach = max(right, left + 12 + 6 * len(one.said))
        lane = next((i for i, end in enumerate(ends) if end + 8 <= left), len(ends))
        if lane == len(ends):
            ends.append(reach)
        ends[lane] = reach
        y = at.y + 8 + 16 * lane
        is_tight = left > WIDTH - 130
        at.parts.append(
            filled(
                '<g><title>{}</title><rect class="time-care {}" x="{}" y="{}" width="{}" height="6" rx="3"/>'
                '<text class="chart-tick" x="{}" y="{}" text-anchor="{}">{}</text></g>',
                f"{one.said} · {at.day(one.since)} – {at.day(one.until) if one.until else ''}", one.tone, n(left),
                n(y - 3), n(right - left), n(left - 6 if is_tight else right + 6), n(y + 3.5),
                "end" if is_tight else "start", one.said,
            )
        )  # fmt: skip
    at.y += 16 * len(ends) + 4
