"""How lists look is up to each agent."""

from collections.abc import Callable

import pytest
from django.test import Client

from helpdesk.models import Agent, Event
from tests.tickets.test_saved_views import make
from tickets import looks
from tickets.models import Customer, CustomField, Inbox
from tickets.operations import list_looks
from tickets.operations.status import NotPossible

Open = Callable[[Agent], Client]


def test_a_taste_is_kept_and_keeping_it_twice_is_once(ana: Agent) -> None:
    for _ in range(2):
        ana = list_looks.choose(ana, density="compact", columns=["inbox", "x"], group_by="priority", is_table=True)
    assert looks.of(ana) == looks.Looks("compact", ("inbox",), "priority", True)
    assert Event.objects.filter(verb="agent.lists_changed").count() == 1
    with pytest.raises(NotPossible):
        list_looks.choose(ana, density="x", columns=[], group_by="", is_table=False)


def test_rows_show_what_was_chosen_under_the_headings_that_were_chosen(
    ana: Agent, inbox: Inbox, dora: Customer, as_agent: Open
) -> None:
    CustomField.objects.create(key="plan", name="Plan")
    first, second, third = make(inbox, dora, 3, priority="low", fields={"plan": "gold"})
    second.priority = "urgent"
    second.save()
    browser = as_agent(ana)
    browser.post(
        "/list-settings?view=open",
        {"density": "compact", "columns": ["priority", "field:plan", "created"], "group_by": "priority", "table": "1"},
    )
    page = browser.get("/?view=open").content.decode()
    assert "data-compact" in page and "data-table" in page and "gold" in page
    assert page.index("<h2>Urgent") < page.index(f'id="row-{second.pk}"') < page.index("<h2>Low")
    assert page.index("<h2>Low") < page.index(f'id="row-{first.pk}"') < page.index(f'id="row-{third.pk}"')


@pytest.mark.parametrize("by", ["inbox", "assignee", "type", "day"])
def test_every_grouping_has_headings(by: str, ana: Agent, inbox: Inbox, dora: Customer, as_agent: Open) -> None:
    make(inbox, dora, 2)
    browser = as_agent(ana)
    browser.post("/list-settings", {"density": "comfortable", "group_by": by})
    assert 'class="row-group"' in browser.get("/").content.decode()
