"""The keyboard map, and what an agent makes of the keys."""

import pytest

from helpdesk import keyboard
from helpdesk.keyboard import Act, Refused
from helpdesk.models import Event
from helpdesk.operations.keys import choose_keys


def keys(own):
    return {one.name: one.keys for one in keyboard.acts_for(own)}


def test_no_two_acts_share_a_key():
    found = [key for one in keyboard.acts() for key in one.keys]
    assert len(found) == len(set(found))
    with pytest.raises(ValueError, match="r is the key of reply"):
        keyboard.act(Act("ring", "Ring", ("r",)))


def test_an_own_key_stands_in_for_those_of_the_map():
    assert keys({"tag": "$"})["tag"] == ("$",)
    assert keys({"tag": ""})["tag"] == ()
    assert keys({"gone": "$"}) == keys({})


def test_an_own_key_is_taken_from_an_act_that_came_later():
    assert keys({"take": "o"})["take"] == ("o",)
    assert keys({"take": "o"})["open"] == ("Enter",)


def test_what_is_as_it_came_is_not_kept():
    assert keyboard.clean({"reply": "R", "open": "o", "note": " $ "}) == {"note": "$"}


@pytest.mark.parametrize("key", ["ab", "ctrl+k", "\x00"])
def test_a_key_is_one_letter_digit_or_sign(key):
    with pytest.raises(Refused) as refused:
        keyboard.clean({"reply": key})
    assert list(refused.value.why) == ["reply"]


def test_a_key_that_means_something_else_is_refused_in_words():
    with pytest.raises(Refused) as refused:
        keyboard.clean({"reply": "e"})
    assert refused.value.why == {"reply": "E already means “Resolve or reopen”."}
    # two may change places
    assert keyboard.clean({"reply": "e", "resolve": "r"}) == {"reply": "e", "resolve": "r"}


def test_what_is_fixed_stays():
    assert keyboard.clean({"escape": "x", "palette": "p"}) == {}


def test_choosing_keys_is_an_event_and_doing_it_again_is_none(ana):
    choose_keys(ana, {"reply": "$"}, actor=ana)
    choose_keys(ana, {"reply": "$"}, actor=ana)
    assert Event.objects.get(verb="agent.keys_chosen").facts == {"acts": ["reply"]}
    ana.refresh_from_db()
    assert ana.keys == {"reply": "$"}


def test_the_page_saves_refuses_and_brings_back(as_agent, ana):
    client = as_agent(ana)
    assert client.post("/settings/you/keys/", {"reply": "$"}).status_code == 302
    shown = client.get("/").content.decode()
    assert 'data-keys="$" data-do="reply"' in shown
    page = client.post("/settings/you/keys/", {"reply": "e"})
    assert page.status_code == 422 and "E already means “Resolve or reopen”." in page.content.decode()
    ana.refresh_from_db()
    assert ana.keys == {"reply": "$"}
    assert client.post("/settings/you/keys/", {"reset": "yes"}).status_code == 302
    ana.refresh_from_db()
    assert ana.keys == {}


def test_everybody_has_their_own_keys(as_agent, ana, chloe):
    choose_keys(ana, {"reply": "$"}, actor=ana)
    assert 'data-keys="r" data-do="reply"' in as_agent(chloe).get("/").content.decode()


def test_the_filter_of_a_list_is_found_by_its_name(inbox, ana, as_agent):
    page = as_agent(ana).get("/?view=open").content.decode()
    assert 'data-act="filter"' in page and 'data-do="filter"' in page
