"""Pieces of pages that are drawn once and filled each time."""

from collections import namedtuple
from typing import Any

import pytest

from helpdesk import pieces
from helpdesk.models import Agent
from tickets import kept

Shape = namedtuple("Shape", "number")
NAME = pieces.place("name")


def test_what_somebody_is_called_cannot_become_part_of_the_page(rf: Any, ana: Agent) -> None:
    request = rf.get("/")
    request.user = ana
    given: dict[str, Any] = {"snooze_presets": (), "choices": (), "teams": ((1, "<b>"),), "all_tags": ("<i>",)}
    given |= {
        "may_work": True,
        "my_name": NAME,
        "my_face": "",
        "options": "",
        "ticket": Shape(pieces.NUMBER),
        "seen": pieces.SEEN,
    }
    place = {pieces.NUMBER: 1}
    one = pieces.draw("tickets/_assign.html", {**place, NAME: "<script>", pieces.SEEN: 7}, request, **given)
    other = pieces.draw("tickets/_assign.html", {**place, NAME: "Bo & Co", pieces.SEEN: 8}, request, **given)
    assert "<script>" not in one and "&lt;script&gt;" in one and "Bo &amp; Co" in other
    assert "<b>" not in one and 'name="seen" value="7"' in one and 'name="seen" value="8"' in other
    assert pieces.TOKEN not in one and 'name="csrfmiddlewaretoken" value="' in one


def test_who_is_renamed_here_is_called_so_at_once(ana: Agent, db: None) -> None:
    assert kept.agent_names()[ana.pk] == "Ana Silva"
    ana.name = "Anastasia"
    ana.save()
    assert kept.agent_names()[ana.pk] == "Anastasia"


def test_what_is_large_stands_where_it_belongs(rf: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    request = rf.get("/")
    drawn = ["<b>one</b>", "<i>dürr – ", "x" * 30_000 + "</i>"]
    assert pieces.late(request, drawn) == "".join(drawn), "at once, where no page is drawn"

    def render(_template: str, _context: Any, asked: Any) -> str:
        second, first = pieces.late(asked, ["z"]), pieces.late(asked, drawn)
        return f"ä{first}–{second}!"

    monkeypatch.setattr(pieces, "_rendered", render)
    for _time in range(2):
        answer = pieces.page(request, "any.html", {})
        assert answer.content.decode() == "ä" + "".join(drawn) + "–z!"
    assert pieces.late(request, ["at once"]) == "at once"


def test_places_of_many_things_are_all_filled() -> None:
    where = [pieces.nth("condition", at) for at in range(1200)]
    assert len(set(where)) == 1200
    assert all(pieces._PLACES.fullmatch(one) for one in where)
