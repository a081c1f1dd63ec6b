"""Times, people and icons as templates say them."""

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest
import time_machine
from django.template import Context, Template
from django.utils import timezone

from helpdesk.templatetags import ui

NOW = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(-5, "0 min"), (0, "0 min"), (59, "0 min"), (240, "4 min"), (3600, "1 h"), (7500, "2 h 5 min"),
     (36_060, "10 h"), (86_399, "23 h"), (97_200, "1 d 3 h"), (4 * 86_400 + 3600, "4 d"), (1_000_000, "11 d")],
)  # fmt: skip
def test_a_length_of_time_has_at_most_two_units(seconds, said):
    assert ui.duration(seconds) == said
    assert ui.duration(timedelta(seconds=seconds)) == said


def test_no_length_of_time_is_a_dash():
    assert ui.duration(None) == "–"


@pytest.mark.parametrize(
    ("name", "said"),
    [("Dora Levin", "DL"), ("emil@example.org", "E"), ("fatima.idrissi@x.example", "FI"), ("", "?"), (None, "?"),
     ("…", "?"), ("山田 太郎", "山太"), ("Anna Maria von Berg", "AB")],
)  # fmt: skip
def test_people_are_two_letters(name, said):
    assert ui.initials(name) == said


def test_a_name_keeps_its_tint():
    assert ui.tint("Dora Levin") == ui.tint("dora levin")
    assert {ui.tint(str(n)) for n in range(100)} == set(range(1, ui.TINTS + 1))


@time_machine.travel(NOW, tick=False)
def test_a_moment_is_as_short_as_it_can_be():
    with timezone.override("UTC"):
        assert ui.short_time(NOW - timedelta(hours=2)) == "10 a.m."
        assert ui.short_time(NOW - timedelta(days=3)) == "Mar 1, noon"
        assert ui.short_time(NOW - timedelta(days=400)) == "Jan 28, 2025"


@time_machine.travel(NOW, tick=False)
def test_a_moment_is_told_in_the_readers_zone():
    with timezone.override("Asia/Tokyo"):
        assert ui.short_time(datetime(2026, 3, 4, 15, 30, tzinfo=UTC)) == "Mar 5, 12:30 a.m."


@pytest.mark.parametrize(("minutes", "tone"), [(1, ""), (119, ""), (120, "amber"), (239, "amber"), (240, "red")])
def test_waiting_colours_by_the_promise(minutes, tone):
    assert ui.tone_of(minutes * 60, 240) == tone
    assert ui.tone_of(minutes * 60, None) == ""


@time_machine.travel(NOW, tick=False)
def test_a_row_knows_better_than_the_wall_clock():
    ticket = SimpleNamespace(
        waiting_since=NOW - timedelta(hours=9), wait_tone="", inbox=SimpleNamespace(response_target_minutes=60)
    )
    assert 'data-tone=""' in ui.waiting(ticket) and 'data-target=""' in ui.waiting(ticket)
    assert 'data-tone="red"' in ui.waiting(ticket, "red")
    assert ui.waiting(SimpleNamespace(waiting_since=None)) == ""


def test_what_is_said_is_escaped():
    shown = Template("{% load ui %}{% avatar name %}{% channel_icon channel %}").render(
        Context({"name": "<b> <i>", "channel": "<script>"})
    )
    assert "<script>" not in shown and "<b>" not in shown


def test_icons_are_decoration():
    assert 'aria-hidden="true"' in ui.icon("inbox")
    assert "style=" not in ui.icon("inbox")


def test_each_form_has_its_own_once_only_key():
    assert ui.once_key() != ui.once_key()
