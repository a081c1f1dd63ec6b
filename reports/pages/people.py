"""People and teams: who did what, and how teams compare when all have the same kind of work. Nobody is ranked."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Avg, Count, Q
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from feedback import quality
from helpdesk import clock
from helpdesk.models import Agent, Team
from reports import reading
from reports.counting import changes, groups, service_sets
from reports.counting.figures import FEW
from reports.counting.groups import Answers, Key
from reports.ledger.columns import Ordered, Packed, percentiles, tallied, unpack
from reports.metrics.satisfaction import SMALLEST_CELL
from reports.pages import page
from reports.pages.comparing import adjusted_notes, satisfaction_cells, satisfaction_chart
from reports.pages.parts import NO_DRAWING, alike, count, tile
from reports.reading import Filter
from reports.showing.blocks import Chart, Report, Section, Tile
from reports.showing.words import UNKNOWN, answers, channel_name, definition_url, number, spell, tickets

GRADES = ("clear", "correct", "complete", "kind")


@dataclass(frozen=True, slots=True)
class Contribution:
    """What one person did in the period."""

    replies: int
    first: Ordered  # first response times
    next: Ordered  # next response times
    resolved: int


@page("people", gettext_lazy("People and teams"),
      gettext_lazy("Who did what, and how do teams compare fairly?"), "service")  # fmt: skip
def build(chosen: Filter) -> Report:
    """Contribution of people, satisfaction by person and by team, quality reviews."""
    at = clock.now()
    found = _contributions(chosen)
    names = dict(Agent.objects.filter(pk__in=found).values_list("pk", "name"))
    keys = sorted(found, key=lambda key: (names.get(key, ""), key))
    of_people = groups.satisfied(chosen, "agent", "channel")
    sections = [
        Section(
            title=_("Everybody's part") if chosen.is_lead else _("Your part"), key="contribution",
            about=_("By name: the order says nothing. Not all work leaves a trace: notes, calls, help to colleagues."),
            tiles=_tiles(chosen, found), charts=[_table(keys, found, names)],
        ),
        _people_section(chosen, keys, of_people, names),
    ]  # fmt: skip
    if chosen.is_lead:
        sections.append(_teams(chosen))
    sections += _quality(chosen, at)
    return Report(
        chosen=chosen,
        taken_at=at,
        answer=_answer(chosen, found),
        sections=sections,
        basis=[
            _("Leads see the people who answered in their inboxes, others see themselves."),
            _("A resolution counts for whoever answered last. Answers of customers count for the last person who had "
              "answered them. Calendar time."),
            alike(),
            _("Working time is not recorded, so there is no occupancy and no handling time."),
        ],
    )  # fmt: skip


# ---------------------------------------------------------------------- read


def _mine(chosen: Filter, column: str) -> Q:
    """Everybody's rows for leads, else the reader's own."""
    return Q(**{f"{column}__isnull": False}) if chosen.is_lead else Q(**{column: chosen.reader or 0})


def _contributions(chosen: Filter) -> dict[int, Contribution]:
    replies: dict[int, int] = {}
    times: dict[tuple[int, str], Ordered] = {}
    sent = service_sets.answers(chosen).filter(_mine(chosen, "agent"))
    for key, kind, n, packed in tallied(sent, "agent", "kind", n=Count("*"), packed=Packed("seconds")):
        replies[key] = replies.get(key, 0) + n
        times[key, kind] = unpack(packed)
    done = reading.settled(chosen).filter(_mine(chosen, "last_replier"))
    resolved = dict(tallied(done, "last_replier", n=Count("*")))
    return {
        key: Contribution(
            replies.get(key, 0), times.get((key, "first"), ()), times.get((key, "next"), ()), resolved.get(key, 0)
        )
        for key in {*replies, *resolved}
    }


def _answer(chosen: Filter, found: Mapping[int, Contribution]) -> list[str]:
    replies = sum(one.replies for one in found.values())
    if not replies:
        return [_("Nobody answered in this period.") if chosen.is_lead else _("You answered nobody in this period.")]
    if not chosen.is_lead:
        return [_("You sent %(n)s.") % {"n": answers(replies)}]
    return [_("%(people)s people sent %(n)s.") % {"people": number(len(found)), "n": answers(replies)}]


# ---------------------------------------------------------------------- people


def _tiles(chosen: Filter, found: Mapping[int, Contribution]) -> list[Tile]:
    other = chosen.compared()
    before = _contributions(other) if other else None
    replies, resolved = sum(one.replies for one in found.values()), sum(one.resolved for one in found.values())
    change = {}
    if before is not None:
        was = [sum(one.replies for one in before.values()), sum(one.resolved for one in before.values())]
        change = {
            key: changes.count_change(then, now, compare=chosen.compare)
            for key, then, now in zip(("replies", "done"), was, (replies, resolved), strict=True)
        }
    return [
        tile(chosen, count("replies", _("Answers sent"), replies, "answers", change.get("replies")),
             definition="contribution"),
        tile(chosen, count("done", _("Resolved by who answered last"), resolved, change=change.get("done")),
             definition="contribution"),
    ]  # fmt: skip


def _table(keys: Sequence[int], found: Mapping[int, Contribution], names: Mapping[int, str]) -> Chart:
    rows, cells = [], []
    for key in keys:
        one = found[key]
        first, following = percentiles(one.first), percentiles(one.next)
        rows.append({
            "name": names.get(key, _("somebody who is gone")), "label": names.get(key, str(key)), "url": "",
            "cells": [number(one.replies), number(first.n), number(one.resolved), spell(first.p50),
                      spell(following.p50), spell(following.p90)],
        })  # fmt: skip
        cells.append((one.replies, first.n, one.resolved, first.p50, following.n, following.p50, following.p90))
    return Chart(
        "contribution", _("Who did what?"), NO_DRAWING,
        [_("Agent"), _("Answers sent"), _("First answers"), _("Resolved"), _("First answer: median"),
         _("Next answer: median"), _("9 of 10")],
        rows, cells,
        ["replies", "first_answers", "resolved", "first_response_median_s", "next_response_n",
         "next_response_median_s", "next_response_p90_s"],
        definition_url("contribution"), "" if rows else _("Nobody answered in this period."), is_wide=True,
    )  # fmt: skip


def _people_section(chosen: Filter, keys: Sequence[int], said: Answers, names: Mapping[int, str]) -> Section:
    shown = [key for key in keys if key in said.of]
    if not chosen.is_lead:
        shown = [key for key in shown if key == chosen.reader]
    title = _("What customers said of it")
    if not shown:
        words = said.guard.said or _("Nobody has answered in this period.")
        return Section(title=title, key="people-satisfaction", notes=[words])
    note = _("Below %(n)d answers the score of one person is mostly chance.") % {"n": FEW}
    chart = satisfaction_chart(
        "satisfied_people",
        _("How many customers were satisfied?"),
        shown,
        said,
        lambda key: names.get(_pk(key), "—"),
        note=note,
    )
    # a person alone is compared with nobody
    notes = adjusted_notes(said, _channel)[:1] if chosen.is_lead else []
    return Section(title=title, key="people-satisfaction", charts=[chart], notes=notes)


def _pk(key: Key) -> int:
    return key if isinstance(key, int) else 0


def _channel(kind: Key) -> str:
    return channel_name(kind if isinstance(kind, str) else None)


# ---------------------------------------------------------------------- teams


def _teams(chosen: Filter) -> Section:
    (found, _same), said = groups.worked(chosen, "team"), groups.satisfied(chosen, "team", "channel")
    names = dict(Team.objects.values_list("pk", "name"))

    def name(key: Key) -> str:
        return _("no team") if key is None else names.get(_pk(key), _("a team that is gone"))

    keys = sorted(found.groups(said), key=name)
    rows, cells = [], []
    for key in keys:
        first, done = percentiles(found.first_response.get(key, ())), percentiles(found.resolution.get(key, ()))
        words, raw = satisfaction_cells(said.get(key))
        came = found.came.get(key, 0)
        rows.append({"name": name(key), "label": name(key), "url": "", "cells": [
            number(came), spell(first.p50), spell(done.p50), *words]})  # fmt: skip
        cells.append((came, first.n, first.p50, done.n, done.p50, *raw))
    return Section(
        title=_("Teams"), key="teams", notes=adjusted_notes(said, _channel),
        charts=[
            satisfaction_chart("satisfied_teams", _("How many customers were satisfied?"), keys, said, name),
            Chart(
                "teams", _("How do teams do?"), NO_DRAWING,
                [_("Team"), _("New"), _("First answer: median"), _("Resolution: median"), _("Answers"), _("Satisfied"),
                 _("between"), _("with everybody's mix")],
                rows, cells,
                ["created", "first_response_n", "first_response_median_s", "resolution_n", "resolution_median_s",
                 "csat_n", "csat_share", "csat_low", "csat_high", "csat_adjusted"],
                definition_url("mix_adjusted"), is_wide=True,
            ),
        ],
    )  # fmt: skip


# ---------------------------------------------------------------------- quality


def _quality(chosen: Filter, at: datetime) -> list[Section]:
    """The means of reviews others may see by now; nothing where nothing was ever reviewed."""
    period = chosen.period
    rows = quality.counting(at=at, besides=chosen.reader).filter(
        _mine(chosen, "agent"), ticket__inbox__in=chosen.inboxes,
        reviewed_at__gte=period.start, reviewed_at__lt=period.end,
    )  # fmt: skip
    for column, value in (("team", chosen.team), ("channel", chosen.channel), ("topic__topic", chosen.topic)):
        if value:
            rows = rows.filter(**{f"ticket__{column}": value})
    means = {f"{grade}_": Avg(grade) for grade in GRADES}
    found = list(rows.order_by("agent__name").values_list("agent__name").annotate(n=Count("*"), **means))
    if not found:
        return []
    shown, cells = [], []
    for name, n, *grades in found:
        is_hidden = n < SMALLEST_CELL
        said = [UNKNOWN] * len(grades) if is_hidden else [f"{grade:.1f}" for grade in grades]
        shown.append(
            {"name": name, "label": name, "url": "", "cells": [_("too few") if is_hidden else number(n), *said]}
        )
        cells.append((None, *[None] * len(grades)) if is_hidden else (n, *grades))
    chart = Chart(
        "quality", _("What did reviewers think of the answers?"), NO_DRAWING,
        [_("Agent"), _("Reviews"), _("clear"), _("correct"), _("complete"), _("kind")],
        shown, cells, ["reviews", *GRADES], definition_url("quality"),
        _("Means of grades from 1 to 4 of tickets drawn at random."), is_wide=True,
    )  # fmt: skip
    reviewed = sum(n for _name, n, *_grades in found)
    return [Section(title=_("Quality reviews"), key="quality", charts=[chart],
                    about=_("%(n)s reviewed.") % {"n": tickets(reviewed)})]  # fmt: skip
