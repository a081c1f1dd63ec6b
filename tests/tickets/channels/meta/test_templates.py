"""After the network's time for free words an approved template is sent, and nothing else."""

from datetime import timedelta
from typing import Any

import pytest
import time_machine

from helpdesk import clock
from helpdesk.models import Agent
from tests.tickets.channels.meta.rig import MetaRig
from tickets import tasks
from tickets.channels.protocol import Template
from tickets.models import Conversation, Draft, Message, MessageKind, Ticket
from tickets.operations import drafting, network_templates, posting, replying
from tickets.operations.status import NotPossible

CHOSEN = {"key": "order_update/en_US", "places": {"1": "Dora", "2": "4711"}}


@pytest.fixture
def late(rig: MetaRig) -> Ticket:
    """The customer wrote more than a day ago."""
    tasks.fetch_templates()
    rig.say(1, "Where is my parcel?")
    tasks.receive_posts()
    Conversation.objects.update(heard_at=clock.now() - timedelta(hours=25))
    return Ticket.objects.get()


def test_templates_that_want_only_words_are_offered(rig: MetaRig) -> None:
    tasks.fetch_templates()
    rig.account.refresh_from_db()
    known = network_templates.of(rig.account)
    assert [(one.key, one.places) for one in known] == [("named/de", ("name",)), ("order_update/en_US", ("1", "2"))]
    assert known[1].text == "Hello {{1}}, there is news of your order {{2}}.\n\nThe shop"
    assert known[0].pieces == [("Guten Tag ", False), ("name", True)]


def test_those_we_have_stay_when_the_network_is_away(rig: MetaRig) -> None:
    tasks.fetch_templates()
    rig.net.answer = lambda asked: (503, {}, {})
    tasks.fetch_templates()
    rig.account.refresh_from_db()
    assert len(rig.account.templates) == 2


def test_a_template_is_sent_and_its_text_is_the_answer(rig: MetaRig, late: Ticket, ana: Agent) -> None:
    assert posting.routes(late)[0].is_late
    message = replying.reply(late, text="", actor=ana, template=CHOSEN)
    assert message.text == "Hello Dora, there is news of your order 4711.\n\nThe shop"
    tasks.deliver_posts()
    sent = rig.net.asked[-1].json
    assert sent["template"] == {
        "name": "order_update", "language": {"code": "en_US"},
        "components": [{"type": "body", "parameters": [
            {"type": "text", "text": "Dora"}, {"type": "text", "text": "4711"}]}],
    }  # fmt: skip
    late.refresh_from_db()
    assert late.waiting_since is None and late.snippet.startswith("Hello Dora")


def test_places_with_names_are_sent_with_them(rig: MetaRig, late: Ticket, ana: Agent) -> None:
    asked = {"key": "named/de", "places": {"name": "Dora\nLind"}}
    assert replying.reply(late, text="", actor=ana, template=asked).text == "Guten Tag Dora Lind"
    tasks.deliver_posts()
    (parameter,) = rig.net.asked[-1].json["template"]["components"][0]["parameters"]
    assert parameter == {"type": "text", "text": "Dora Lind", "parameter_name": "name"}


@pytest.mark.parametrize(
    "asked",
    [{}, {"key": "rejected/en_US"}, {"key": "order_update/en_US"}, {**CHOSEN, "places": {"1": "Dora", "2": " "}}],
)
def test_what_is_no_template_or_has_an_empty_place_is_not_sent(late: Ticket, ana: Agent, asked: Any) -> None:
    with pytest.raises(NotPossible):
        replying.reply(late, text="", actor=ana, template=asked)
    assert not Message.objects.filter(kind=MessageKind.REPLY).exists()


def test_no_files_go_with_a_template_and_no_template_opens_a_dead_inbox(rig: MetaRig, late: Ticket, ana: Agent) -> None:
    with pytest.raises(NotPossible):
        upload = replying.Upload("a.png", "image/png", b"x")
        replying.reply(late, text="", actor=ana, template=CHOSEN, files=[upload])
    posting.disconnect(rig.account, "The token expired.")
    with pytest.raises(NotPossible, match="token"):
        replying.reply(late, text="", actor=ana, template=CHOSEN)


def test_while_free_words_are_taken_they_are_what_is_sent(rig: MetaRig, late: Ticket, ana: Agent) -> None:
    Conversation.objects.update(heard_at=clock.now())
    assert replying.reply(late, text="On its way.", actor=ana, template=CHOSEN).text == "On its way."


def test_the_composer_offers_templates_and_keeps_the_words_they_went_instead_of(
    late: Ticket, ana: Agent, as_agent: Any
) -> None:
    page = as_agent(ana).get(f"/tickets/{late.pk}/").content.decode()
    assert 'value="order_update/en_US"' in page and 'name="place.order_update/en_US.2"' in page
    drafting.save(late, actor=ana, kind="reply", content=drafting.Content("Free words."))
    draft = Draft.objects.get()
    form = {
        "kind": "reply", "text": "Free words.", "template": "order_update/en_US", "once": draft.once,
        "version": draft.version, "place.order_update/en_US.1": "Dora", "place.order_update/en_US.2": "4711",
        "place.named/de.name": "x",
    }  # fmt: skip
    answer = as_agent(ana).post(f"/tickets/{late.pk}/reply", form)
    assert answer.status_code in (200, 302)
    assert Message.objects.get(kind=MessageKind.REPLY).text.startswith("Hello Dora")
    kept = Draft.objects.get()
    assert kept.text == "Free words." and kept.once != draft.once


def test_a_refused_answer_keeps_its_template_and_words_without_scripts(late: Ticket, ana: Agent, as_agent: Any) -> None:
    form = {
        "kind": "reply", "text": "", "template": "order_update/en_US", "once": "0" * 32,
        "place.order_update/en_US.1": "Dora & Emil", "place.order_update/en_US.2": "",
    }  # fmt: skip
    refused = as_agent(ana).post(f"/tickets/{late.pk}/reply", form)
    page = refused.content.decode()
    assert refused.status_code == 422 and 'value="order_update/en_US" checked' in page
    assert 'value="Dora &amp; Emil"' in page


def test_in_time_no_template_is_offered(rig: MetaRig, late: Ticket, ana: Agent, as_agent: Any) -> None:
    with time_machine.travel(clock.now() - timedelta(hours=2)):
        assert 'name="template"' not in as_agent(ana).get(f"/tickets/{late.pk}/").content.decode()


def test_a_place_may_come_twice() -> None:
    twice = Template("t/en", "t", "en", "{{1}} and {{1}}", ("1",))
    text, _asked = network_templates.filled([twice], {"key": "t/en", "places": {"1": "x"}})
    assert text == "x and x"
