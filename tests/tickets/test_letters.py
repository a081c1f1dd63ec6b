"""Messages of a conversation: drawn once for what looks the same, and anew for whatever they show."""

from dataclasses import replace
from datetime import timedelta

import pytest
import time_machine
from django.utils import timezone, translation

from tickets import timeline
from tickets.models import Ticket
from tickets.templatetags import letters
from tickets.timeline import Said
from tickets.ways import Way


@pytest.fixture
def said(ticket: Ticket) -> Said:
    letters._drawn.cache_clear()
    (message,) = (entry.message for entry in timeline.of(ticket, timeline.said_on(ticket)) if entry.message)
    return message


def test_a_message_is_drawn_once_while_it_looks_the_same(ticket: Ticket, said: Said) -> None:
    (again,) = (entry.message for entry in timeline.of(ticket, timeline.said_on(ticket)) if entry.message)
    assert again is not None
    assert letters.draw(said) == letters.draw(again)
    assert letters._drawn.cache_info().hits == 1


def test_whatever_it_shows_draws_it_anew(said: Said) -> None:
    drawn = {letters.draw(said)}
    for change in (
        {"html": "<p>Other words</p>"}, {"delivery": Way("failed", "not delivered: no such user")},
        {"cc": ("emil@stranger.example",)}, {"warnings": ("Look out",)}, {"is_automated": True},
    ):  # fmt: skip
        drawn.add(letters.draw(replace(said, **change)))
    with translation.override("de"):
        drawn.add(letters.draw(said))
    with timezone.override("Asia/Tokyo"):
        drawn.add(letters.draw(said))
    with time_machine.travel(said.at + timedelta(days=1), tick=False):
        drawn.add(letters.draw(said))
    assert len(drawn) == 9


def test_a_long_one_is_not_kept(said: Said) -> None:
    long = replace(said, html="<p>" + "x" * letters.LONGEST + "</p>")
    assert "xxx" in letters.draw(long)
    assert letters._drawn.cache_info().currsize == 0
