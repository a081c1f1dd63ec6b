"""Pictures drawn small, that the team has seen what was written, and what other pages of a visitor must begin anew."""

from collections.abc import Callable
from typing import Any

import pytest

from helpdesk import live
from helpdesk.models import Agent, Role
from tests.pictures import png
from tests.tickets.channels.chat.rig import Browser
from tests.tickets.channels.chat.test_signing_in import DORA
from tests.tickets.channels.chat.test_talking_to_the_widget import answer, signed
from tickets import reading
from tickets.channels.chat import content, words
from tickets.models import ChannelAccount, CustomerMerge, Message, Ticket
from tickets.operations import merging_customers, removing

pytestmark = pytest.mark.django_db


def files(browser: Browser) -> list[dict[str, Any]]:
    return [file for one in browser.read() for file in one["files"]]


def picture(browser: Browser, pk: int) -> Any:
    return browser.ask("picture", of=pk)


# ---------------------------------------------------------------------- pictures


def test_a_picture_is_drawn_small_for_its_visitor_and_nobody_else(dora: Browser, emil: Browser) -> None:
    dora.say("", file=("lamp (1).png", png(30, 20), "image/png"))
    emil.say("Hello")
    (file,) = files(dora)
    drawn = picture(dora, file["picture"])
    assert drawn.status_code == 200 and drawn.content == png(30, 20) and drawn["Content-Type"] == "image/png"
    assert drawn["X-Content-Type-Options"] == "nosniff" and "sandbox" in drawn["Content-Security-Policy"]
    assert drawn["Access-Control-Allow-Origin"] == dora.origin and drawn["Content-Disposition"] == "attachment"
    assert picture(emil, file["picture"]).status_code == 404
    assert picture(dora, file["picture"] + 1).status_code == 404


@pytest.mark.parametrize(
    ("name", "bytes_", "media_type", "is_offered"),
    [
        ("a.svg", b"<svg xmlns='http://www.w3.org/2000/svg'/>", "image/svg+xml", False),
        ("a.html", b"<script>alert(1)</script>", "text/html", False),
        ("lies.png", b"<script>alert(1)</script>", "image/png", True),
        ("bomb.png", png(60_000, 60_000, drawn=False), "image/png", True),
    ],
)
def test_t19_what_is_no_sane_picture_is_drawn_nowhere(
    dora: Browser, name: str, bytes_: bytes, media_type: str, is_offered: bool
) -> None:
    dora.say("", file=(name, bytes_, media_type))
    (file,) = files(dora)
    assert ("picture" in file) == is_offered
    if is_offered:
        assert picture(dora, file["picture"]).status_code == 404


def test_a_picture_too_large_to_be_fetched_for_a_small_one_is_a_name(
    dora: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(content, "MOST_PICTURE", 10)
    dora.say("", file=("a.png", png(30, 20), "image/png"))
    (file,) = files(dora)
    assert file["url"] and "picture" not in file


# ---------------------------------------------------------------------- seen by the team


def read_to(browser: Browser) -> int:
    return int(browser.ask("messages", after=0).json()["read"])


def test_who_looks_at_the_ticket_lets_the_visitor_know_that_the_team_has_seen_it(
    dora: Browser, as_agent: Any, ana: Agent, monkeypatch: pytest.MonkeyPatch
) -> None:
    dora.say("Where is my parcel?")
    assert read_to(dora) == 0
    told: list[str] = []
    monkeypatch.setattr(live, "publish", lambda notices: told.extend(f"{one.verb} {one.audience}" for one in notices))
    ticket = Ticket.objects.get()
    as_agent(ana).get(f"/tickets/{ticket.number}/")
    assert f"chat.read writing:{ticket.number}" in told
    assert read_to(dora) == dora.read()[-1]["seq"]
    dora.say("It is blue.", 2)
    assert read_to(dora) == dora.read()[0]["seq"], "nobody has seen the second one"


def test_it_says_nothing_where_the_inbox_does_not_want_it_nor_of_who_may_not_answer(
    dora: Browser, chat: ChannelAccount, ana: Agent
) -> None:
    dora.say("Where is my parcel?")
    ticket, said = Ticket.objects.get(), Message.objects.get()
    Agent.objects.filter(pk=ana.pk).update(role=Role.LIGHT)
    reading.mark_read(ticket, ana, upto=said.pk)
    assert read_to(dora) == 0
    Agent.objects.filter(pk=ana.pk).update(role=Role.AGENT)
    assert read_to(dora) > 0
    chat.config |= {"shows_seen": False}
    chat.save()
    assert read_to(dora) == 0


def test_it_says_nothing_of_what_was_thrown_away(dora: Browser, ana: Agent) -> None:
    dora.say("Buy cheap lamps")
    ticket = Ticket.objects.get()
    reading.mark_read(ticket, ana, upto=Message.objects.get().pk)
    removing.spam(ticket, actor=ana)
    assert read_to(dora) == 0


# ---------------------------------------------------------------------- a talk that changed behind a page


def era(browser: Browser) -> str:
    return str(browser.ask("messages", after=10**9).json()["era"])


def test_a_page_that_is_open_elsewhere_knows_that_another_talk_went_into_its_own_and_left_it(
    dora: Browser, chat: ChannelAccount, ana: Agent, settle: Callable[[], None]
) -> None:
    phone = Browser(chat.key, token="")
    phone.boot(identity=signed(**DORA))
    phone.say("An older matter")
    answer(ana, "We look.")
    before = era(phone)
    assert before == era(phone)
    dora.say("A new matter", 5)
    dora.boot(identity=signed(**DORA))
    carried = era(phone)
    assert carried != before and carried == era(dora)
    merging_customers.unmerge(CustomerMerge.objects.get(), actor=ana)
    settle()
    settle()
    assert era(phone) != carried


# ---------------------------------------------------------------------- in each language


@pytest.mark.parametrize("language", [name for name, _ in words.NAMES])
def test_every_language_has_a_form_for_every_number_it_tells_apart(language: str) -> None:
    """The forms of CLDR that whole numbers have; `one` is said by words of its own (`minute`, `hour`)."""
    forms = {"ar": {"two", "few"}, "he": {"two"}}.get(language, set())
    spoken = words.of(language, {})
    for name in ("minutes", "hours"):
        assert {one for one in ("zero", "two", "few", "many") if f"{name}_{one}" in spoken} == forms


@pytest.mark.parametrize("language", [name for name, _ in words.NAMES])
def test_every_language_sets_its_signs_as_it_is_written(language: str) -> None:
    for name, text in words.of(language, {}).items():
        assert text == text.strip() and "  " not in text and "..." not in text and "'" not in text, name
        if language != "de":  # where a space stands before what is left out
            assert " …" not in text, name
        if language == "fr":  # no line begins with these
            assert not any(f" {sign}" in text for sign in ":;!?"), name
        else:
            assert not any(f" {sign}" in text for sign in ":;!?."), name
        if language == "ar":
            assert "?" not in text and "," not in text and ";" not in text, name


def test_an_inbox_may_say_how_many_in_a_language_of_its_own(chat: ChannelAccount, dora: Browser) -> None:
    chat.config |= {"texts": {"pl.minutes": "{n} minut", "pl.minutes_few": "{n} minuty", "minutes_often": "no"}}
    chat.save()
    spoken = dora.boot(language="pl")["words"]
    assert (spoken["minutes"], spoken["minutes_few"]) == ("{n} minut", "{n} minuty") and "minutes_often" not in spoken


def test_a_latin_name_stands_by_itself_in_a_sentence_from_right_to_left() -> None:
    assert words.isolated("Ana (2)", "ar") == "\u2068Ana (2)\u2069" and words.isolated("Ana", "fr") == "Ana"
