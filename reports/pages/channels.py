"""Channels and topics: where work comes from, and how it goes there."""

from collections.abc import Callable, Sequence
from dataclasses import replace

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from feedback.models import Topic
from helpdesk import clock
from reports import reading
from reports.charts.bins import bins
from reports.counting import changes, groups
from reports.counting.groups import Answers, Key, Worked
from reports.ledger.columns import percentiles
from reports.pages import page
from reports.pages.comparing import adjusted_notes, satisfaction_cells, satisfaction_chart
from reports.pages.parts import NO_DRAWING, alike, count, share, tile
from reports.reading import Filter
from reports.showing.blocks import Chart, Line, Report, Section, Tile
from reports.showing.words import channel_name, definition_url, number, percent, spell, tickets, tickets_url

Name = Callable[[Key], str]


@page("channels", gettext_lazy("Channels and topics"),
      gettext_lazy("Where does work come from, and how does it go there?"), "service")  # fmt: skip
def build(chosen: Filter) -> Report:
    """Volume, speed and satisfaction by channel and by topic."""
    at = clock.now()
    topics = {str(pk): name for pk, name in Topic.objects.values_list("pk", "name")}

    def topic_name(topic: Key) -> str:
        return _("no topic") if topic is None else topics.get(str(topic), _("a topic that is gone"))

    def named_channel(channel: Key) -> str:
        return channel_name(channel if isinstance(channel, str) else None)

    by_channel, by_topic = groups.worked(chosen, "channel", "topic")
    said_by_channel = groups.satisfied(chosen, "channel", "topic")
    said_by_topic = groups.satisfied(chosen, "topic", "channel")
    came = sum(by_channel.came.values())
    return Report(
        chosen=chosen,
        taken_at=at,
        answer=_answer(by_channel, named_channel, by_topic, topic_name),
        sections=[
            Section(key="all", tiles=_tiles(chosen, came, by_topic.came.get(None, 0))),
            _section("channel", _("Channels"), chosen, by_channel, said_by_channel, named_channel, topic_name),
            _section("topic", _("Topics"), chosen, by_topic, said_by_topic, topic_name, named_channel),
        ],
        left_out=_left_out(by_channel.left_out),
        basis=[
            _("New tickets by when they came, times by when they happened, answers by when they were given."),
            _("A ticket counts with the topic it has now. Calendar time."),
            alike(),
        ],
    )


def _left_out(n: int) -> list[tuple[Line, str]]:
    if not n:
        return []
    words = _("%(n)s spam, deleted, merged or imported") % {"n": tickets(n)}
    return [
        (Line("left_out.not_counted", _("Left out: spam, deleted, merged or imported"), n, "tickets", words, n), "")
    ]


def _answer(by_channel: Worked, channel: Name, by_topic: Worked, topic: Name) -> list[str]:
    came = sum(by_channel.came.values())
    if not came:
        return [_("Nothing came in.")]
    first = max(by_channel.came, key=lambda key: by_channel.came[key])
    said = [
        _("%(share)s of %(n)s came by %(channel)s.")
        % {"share": percent(by_channel.came.get(first, 0) / came), "n": tickets(came), "channel": channel(first)}
    ]
    known = sorted((key for key in by_topic.came if key is not None), key=lambda key: -by_topic.came[key])
    if known:
        most = by_topic.came[known[0]]
        said.append(_("Most often they are about “%(topic)s” (%(share)s).")
                    % {"topic": topic(known[0]), "share": percent(most / came)})  # fmt: skip
    without = by_topic.came.get(None, 0)
    if without:
        said.append(_("%(share)s have no topic.") % {"share": percent(without / came)})
    return said


def _tiles(chosen: Filter, came: int, without: int) -> list[Tile]:
    other = chosen.compared()
    change = None
    if other is not None:
        before = reading.came_in(other).count()
        change = changes.count_change(before, came, compare=chosen.compare)
    return [
        tile(chosen, count("created", _("New tickets"), came, change=change), behind="created"),
        share(chosen, "no_topic", _("Tickets without a topic"), without, came, of=_("new tickets"),
              definition="by_channel",
              notes=[_("what is said of topics is silent about them")] if without else []),
    ]  # fmt: skip


def _section(
    by: str, title: str, chosen: Filter, found: Worked, said: Answers, name: Name, kind_name: Name
) -> Section:  # fmt: skip
    keys = found.groups(said)
    return Section(
        title=title, key=f"by-{by}",
        charts=[
            _volume(by, chosen, found, keys, name),
            satisfaction_chart(f"satisfied_{by}", _("How many customers were satisfied?"), keys, said, name),
            _table(by, chosen, found, said, keys, name),
        ],
        notes=adjusted_notes(said, kind_name),
    )  # fmt: skip


def _volume(by: str, chosen: Filter, found: Worked, keys: Sequence[Key], name: Name) -> Chart:
    came = sum(found.came.values())
    title = _("How much came in?")
    rows = [(key, found.came.get(key, 0)) for key in keys]
    cells = [(n, n / came if came else None) for _key, n in rows]
    return Chart(
        f"volume_{by}", title,
        bins(key=f"volume_{by}", title=title, about=", ".join(f"{name(key)}: {number(n)}" for key, n in rows[:12]),
             rows=[(name(key), n, "quiet" if key is None else "") for key, n in rows], total=came),
        [_("Channel") if by == "channel" else _("Topic"), _("Tickets"), _("Share")],
        [{"name": name(key), "label": name(key), "cells": [number(n), percent(of)], "url": _listed(by, key, chosen)}
         for (key, _n), (n, of) in zip(rows, cells, strict=True)],
        cells, ["created", "share"], definition_url("by_channel"),
    )  # fmt: skip


def _listed(by: str, key: Key, chosen: Filter) -> str:
    """The tickets of a row; those without a topic have no choice of their own."""
    if not isinstance(key, str):
        return ""
    return tickets_url("created", replace(chosen, channel=key) if by == "channel" else replace(chosen, topic=key))


def _table(by: str, chosen: Filter, found: Worked, said: Answers, keys: Sequence[Key], name: Name) -> Chart:
    rows, cells = [], []
    for key in keys:
        first = percentiles(found.first_response.get(key, ()))
        done = percentiles(found.resolution.get(key, ()))
        words, raw = satisfaction_cells(said.get(key))
        rows.append({
            "name": name(key), "label": name(key), "url": _listed(by, key, chosen),
            "cells": [number(found.came.get(key, 0)), spell(first.p50), spell(first.p90), spell(done.p50),
                      spell(done.p90), *words],
        })  # fmt: skip
        cells.append((found.came.get(key, 0), first.n, first.p50, first.p90, done.n, done.p50, done.p90, *raw))
    return Chart(
        f"table_{by}", _("How does it go there?"), NO_DRAWING,
        [_("Channel") if by == "channel" else _("Topic"), _("New"), _("First answer: median"), _("9 of 10"),
         _("Resolution: median"), _("9 of 10"), _("Answers"), _("Satisfied"), _("between"), _("with everybody's mix")],
        rows, cells,
        ["created", "first_response_n", "first_response_median_s", "first_response_p90_s", "resolution_n",
         "resolution_median_s", "resolution_p90_s", "csat_n", "csat_share", "csat_low", "csat_high", "csat_adjusted"],
        definition_url("by_channel"), is_wide=True,
    )  # fmt: skip
