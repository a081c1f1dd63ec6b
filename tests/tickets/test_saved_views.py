"""Saved views: who makes, sees and changes them, what they list, and where each agent puts them."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from helpdesk import clock
from helpdesk.models import Agent, Calendar, CalendarVersion, Event, Team
from tickets import conditions, lists, reading
from tickets.models import Customer, Inbox, SavedView, Tag, Ticket, ViewPlace
from tickets.operations import viewing
from tickets.operations.status import NotPossible

Open = Callable[[Agent], Client]
OPEN = "status is open; snoozed not_set"


def make(inbox: Inbox, dora: Customer, count: int, **fields: Any) -> list[Ticket]:
    now = clock.now()
    return Ticket.objects.bulk_create(
        [
            Ticket(
                inbox=inbox,
                customer=dora,
                subject=f"T{n}",
                **{"waiting_since": now - timedelta(hours=3 * (count - n)), "last_message_id": 1, **fields},
            )
            for n in range(count)
        ]
    )


def saved(agent: Agent, where: str, **more: Any) -> SavedView:
    return viewing.save(actor=agent, name="A view", conditions=conditions.read(where), **more)


def numbers(view: lists.View, agent: Agent, limit: int = 50) -> list[int]:
    return reading.numbers_of(view, agent, limit=limit)[0]


def verbs() -> list[str]:
    return list(Event.objects.filter(verb__startswith="view.").order_by("id").values_list("verb", flat=True))


# --- operations -----------------------------------------------------------------------------------------------------


def test_a_view_is_saved_changed_deleted_and_comes_back_as_it_was(ana: Agent) -> None:
    view = saved(ana, OPEN)
    viewing.change(view, actor=ana, name="Another", conditions=view.conditions)
    viewing.change(view, actor=ana, name="Another", conditions=view.conditions)
    event = viewing.delete(view, actor=ana)
    assert not SavedView.objects.exists()
    back = viewing.restore(event, actor=ana)
    assert (back.pk, back.name, back.conditions) == (view.pk or back.pk, "Another", conditions.read(OPEN))
    assert viewing.restore(event, actor=ana) == back
    assert verbs() == ["view.saved", "view.changed", "view.deleted", "view.restored"]


def test_everybody_keeps_private_views_and_leads_share_them(ana: Agent, chloe: Agent, ben: Agent, team: Team) -> None:
    with pytest.raises(NotPossible, match="Leads and admins"):
        saved(ana, OPEN, scope="everyone")
    with pytest.raises(NotPossible, match="Choose the team"):
        saved(chloe, OPEN, scope="team")
    shared = saved(chloe, OPEN, scope="team", team=team)
    private = saved(ana, OPEN)
    seen = {agent: set(SavedView.objects.visible_to(agent)) for agent in (ana, chloe, ben)}
    assert seen == {ana: {shared, private}, chloe: {shared}, ben: set()}
    with pytest.raises(NotPossible, match="Leads and admins change it"):
        viewing.change(shared, actor=ana, name="Mine now", conditions=[])
    with pytest.raises(NotPossible, match="Leads and admins change it"):
        viewing.delete(private, actor=chloe)
    viewing.share(shared, scope="everyone", actor=chloe)
    assert set(SavedView.objects.visible_to(ben)) == {shared}
    assert verbs()[-2:] == ["view.changed", "view.shared"]


@pytest.mark.parametrize(
    "bad", [{"name": " "}, {"scope": "world"}, {"order": "colour"}, {"group_by": "x"}, {"conditions": [{"field": "x"}]}]
)
def test_a_view_that_makes_no_sense_is_refused(ana: Agent, bad: dict[str, Any]) -> None:
    with pytest.raises(NotPossible):
        viewing.save(**{"actor": ana, "name": "A", "conditions": [], **bad})


def test_an_agent_arranges_pins_and_hides_for_themselves(ana: Agent, chloe: Agent) -> None:
    view = saved(chloe, OPEN, scope="everyone")
    viewing.arrange(ana, [str(view.pk), "resolved", "mine", "nonsense"])
    viewing.arrange(ana, [str(view.pk), "resolved", "mine"])
    viewing.place(ana, "low", is_pinned=True)
    viewing.place(ana, "low", is_pinned=True)
    viewing.place(ana, "pending", is_hidden=True)
    keys = [one.key for one in lists.column(ana)]
    assert keys[:4] == ["low", str(view.pk), "resolved", "mine"] and "pending" not in keys
    assert [one.key for one in lists.column(chloe)][:3] == ["mine", "unassigned", "open"]
    assert verbs() == ["view.saved", "view.arranged", "view.placed", "view.placed"]
    with pytest.raises(NotPossible):
        viewing.place(ana, "nonsense", is_pinned=True)


# --- what they list -------------------------------------------------------------------------------------------------


def test_a_view_lists_only_what_its_reader_may_see(
    inbox: Inbox, billing: Inbox, dora: Customer, ana: Agent, ben: Agent, chloe: Agent
) -> None:
    ours, theirs = make(inbox, dora, 2), make(billing, dora, 3)
    view = lists.of_saved(saved(chloe, OPEN, scope="everyone"))
    assert numbers(view, ana) == [one.number for one in ours]
    assert numbers(view, ben) == [one.number for one in theirs]
    assert reading.counts(ben, views=[view]) == {view.key: 3}


def test_me_is_whoever_looks(inbox: Inbox, dora: Customer, ana: Agent, chloe: Agent) -> None:
    mine, hers = make(inbox, dora, 1, assignee=ana), make(inbox, dora, 1, assignee=chloe)
    view = lists.of_saved(saved(chloe, "assignee is me", scope="everyone"))
    assert (numbers(view, ana), numbers(view, chloe)) == ([mine[0].number], [hers[0].number])


@time_machine.travel("2026-03-11T14:00:00Z", tick=False)
@pytest.mark.parametrize("order", lists.CHOOSABLE)
@pytest.mark.parametrize(
    "where", [OPEN, "", "status any_of open, pending", "priority any_of urgent, low", "status any_of open, resolved"]
)
@pytest.mark.parametrize("hours", ["alike", "different"])
def test_pages_of_every_order_follow_each_other_without_gap_or_repetition(
    inbox: Inbox, billing: Inbox, dora: Customer, admin: Agent, calendar: Calendar, order: str, where: str, hours: str
) -> None:
    if hours == "alike":
        Inbox.objects.update(calendar=None)
    for at, (one, many) in enumerate([(inbox, 9), (billing, 7)]):
        made = make(one, dora, many)
        for index, ticket in enumerate(made):
            ticket.priority = ["urgent", "low", "normal", "high"][(index + at) % 4]
            ticket.status = ["open", "resolved", "open", "pending"][index % 4] if index > 1 else "open"
            ticket.snoozed_until = clock.now() + timedelta(days=1) if index == 2 else None
            ticket.waiting_since = None if index % 3 == 2 or ticket.status == "resolved" else ticket.waiting_since
            ticket.save()
    view = lists.of_saved(saved(admin, where, order=order))
    everything = numbers(view, admin, 100)
    found = conditions.narrow(Ticket.objects.all(), view.conditions, admin)
    assert sorted(everything) == sorted(found.values_list("pk", flat=True))
    seen: list[int] = []
    after = ""
    while True:
        some, after = reading.numbers_of(view, admin, after=after, limit=3)
        seen += some
        if not after:
            break
    assert seen == everything
    for at, number in enumerate(everything):
        ticket = Ticket.objects.get(pk=number)
        expected = (everything[at - 1] if at else None, (everything[at + 1 :] or [None])[0])  # type: ignore[list-item]
        assert reading.around(view, admin, ticket) == expected


@pytest.mark.parametrize("order", ["waiting", "priority"])
def test_what_is_over_is_not_looked_at_where_those_who_wait_fill_the_page(
    inbox: Inbox, dora: Customer, ana: Agent, order: str, django_assert_num_queries: Any
) -> None:
    make(inbox, dora, 6, priority="urgent")
    make(inbox, dora, 3, status="resolved", waiting_since=None)
    view = lists.of_saved(saved(ana, "", order=order))
    inboxes = reading.inbox_ids(ana)
    reading.numbers_of(view, ana, limit=5, inboxes=inboxes)
    with django_assert_num_queries(1) as asked:
        assert len(reading.numbers_of(view, ana, limit=5, inboxes=inboxes)[0]) == 5
    assert "resolved" not in asked.captured_queries[0]["sql"]


def test_what_just_arrived_is_looked_for_among_what_is_awake(inbox: Inbox, dora: Customer, ana: Agent) -> None:
    make(inbox, dora, 51)
    [fresh] = make(inbox, dora, 1, waiting_since=clock.now())
    view = lists.of_saved(saved(ana, "", order="waiting"))
    with CaptureQueriesContext(connection) as asked:
        _page, arrived = reading.opening(view, ana, inboxes=reading.inbox_ids(ana))
    assert [one.number for one in arrived] == [fresh.number]
    [latest] = [one["sql"] for one in asked.captured_queries if 'waiting_since" DESC' in one["sql"]]
    assert "'open'" in latest and '"snoozed_until" IS NULL' in latest


def test_who_has_waited_most_business_hours_comes_first(
    inbox: Inbox, billing: Inbox, dora: Customer, admin: Agent
) -> None:
    """The office was closed while its customer waited; the night desk's customer has waited less on the wall clock."""
    closed = Calendar.objects.create(name="Hardly ever", zone="UTC")
    CalendarVersion.objects.create(calendar=closed, weekly={"mon": [["00:00", "00:30"]]})
    Inbox.objects.filter(pk=inbox.pk).update(calendar=closed)
    now = clock.now()
    [office] = make(inbox, dora, 1, waiting_since=now - timedelta(hours=30))
    [night] = make(billing, dora, 1, waiting_since=now - timedelta(hours=5))
    [idle] = make(billing, dora, 1, waiting_since=None)
    assert numbers(lists.BY_KEY["open"], admin) == [night.number, office.number, idle.number]
    assert reading.next_up(lists.BY_KEY["open"], admin, night) == office.number


def test_urgent_ones_come_first_and_longest_waiting_within(inbox: Inbox, dora: Customer, ana: Agent) -> None:
    low, urgent, old_urgent = make(inbox, dora, 3)
    Ticket.objects.filter(pk=low.pk).update(priority="low")
    now = clock.now()
    for ticket, hours in ((urgent, 1), (old_urgent, 9)):
        Ticket.objects.filter(pk=ticket.pk).update(priority="urgent", waiting_since=now - timedelta(hours=hours))
    view = lists.of_where(OPEN, "priority")
    assert numbers(view, ana) == [old_urgent.number, urgent.number, low.number]


# --- pages ----------------------------------------------------------------------------------------------------------


def test_a_list_is_narrowed_and_saved_without_scripts(ana: Agent, inbox: Inbox, dora: Customer, as_agent: Open) -> None:
    wanted, _other = make(inbox, dora, 2)
    wanted.tags.add(Tag.objects.create(name="refund"))
    browser = as_agent(ana)
    page = browser.get("/views/new?where=status+is+open").content.decode()
    assert 'name="field-0"' in page and "Save this list as a view" in page
    row = {"field-0": "status", "is-0": "is", "value-0": "open"}
    more = browser.post("/views/new", {**row, "do": "add"}).content.decode()
    assert 'name="field-1"' in more
    row |= {"field-1": "tag", "is-1": "any_of", "value-1": "Refund, vip"}
    less = browser.post("/views/new", {**row, "do": "remove-0"}).content.decode()
    assert 'name="field-1"' not in less and "refund, vip" in less.lower()
    shown = browser.post("/views/new", {**row, "do": "show", "order": "created"})
    assert shown.status_code == 302 and "where=status+is+open%3B+tag+any_of+refund%2C+vip" in shown["Location"]
    listed = browser.get(shown["Location"]).content.decode()
    assert f'id="row-{wanted.pk}"' in listed and f'id="row-{_other.pk}"' not in listed
    assert "Tag is any of refund, vip" in listed
    kept = browser.post("/views/new", {**row, "do": "save", "name": "Refunds", "scope": "private", "order": "created"})
    view = SavedView.objects.get()
    assert kept["Location"] == f"/?view={view.pk}" and view.conditions[1]["value"] == ["refund", "vip"]
    listed = browser.get(kept["Location"]).content.decode()
    assert "Refunds" in listed and f'id="row-{wanted.pk}"' in listed and f"/views/{view.pk}/" in listed


def test_what_is_wrong_is_said_and_what_was_typed_stays(ana: Agent, as_agent: Open) -> None:
    row = {"field-0": "created", "is-0": "before", "value-0": "soonish", "name": "Soon", "scope": "private"}
    answer = as_agent(ana).post("/views/new", row)
    page = answer.content.decode()
    assert answer.status_code == 422 and "is no time" in page and "soonish" in page and 'value="Soon"' in page


def test_a_filter_in_the_address_that_cannot_be_read_says_why_and_lists_nothing(
    ana: Agent, ticket: Ticket, as_agent: Open
) -> None:
    page = as_agent(ana).get("/?" + urlencode({"where": "colour is red"})).content.decode()
    assert "nothing called “colour”" in page and f'id="row-{ticket.pk}"' not in page


def test_a_view_of_another_team_is_not_found_and_ones_own_link_works_for_colleagues(
    ana: Agent, ben: Agent, chloe: Agent, team: Team, as_agent: Open
) -> None:
    view = saved(chloe, OPEN, scope="team", team=team)
    assert as_agent(ana).get(f"/?view={view.pk}").status_code == 200
    assert as_agent(ben).get(f"/?view={view.pk}").status_code == 404
    assert as_agent(ben).get(f"/views/{view.pk}/").status_code == 404


def test_a_deleted_view_comes_back_with_one_click(ana: Agent, as_agent: Open) -> None:
    view = saved(ana, OPEN)
    browser = as_agent(ana)
    gone = browser.post(f"/views/{view.pk}/deletion")
    page = browser.get(gone["Location"]).content.decode()
    assert "deleted" in page and browser.get(f"/?view={view.pk}").status_code == 404
    event = Event.objects.get(verb="view.deleted")
    assert browser.post(f"/views/deletions/{event.pk}/undo")["Location"] == f"/?view={view.pk}"
    assert browser.get(f"/?view={view.pk}").status_code == 200


def test_the_column_is_arranged_without_scripts_and_with_them(ana: Agent, as_agent: Open) -> None:
    browser = as_agent(ana)
    browser.post("/views/", {"do": "down:mine"})
    assert [one.key for one in lists.column(ana)][:2] == ["unassigned", "mine"]
    browser.post("/views/", {"do": "pin:low"})
    browser.post("/views/", {"do": "hide:pending"})
    browser.post("/views/", {"do": "hide:nonsense"})
    browser.post("/views/", {"order": "open,mine"}, headers={"HX-Request": "true"})
    assert [one.key for one in lists.column(ana)][:3] == ["low", "open", "mine"]
    page = browser.get("/").content.decode()
    assert 'data-view-key="pending"' not in page and ViewPlace.objects.get(view="pending").is_hidden


def test_words_of_a_search_are_kept_beside_the_conditions(
    ana: Agent, inbox: Inbox, dora: Customer, ticket: Ticket, as_agent: Open, settle: Callable[[], None]
) -> None:
    settle()
    other = make(inbox, dora, 1)[0]
    browser = as_agent(ana)
    found = browser.get("/search/?q=order+is:open").content.decode()
    assert "words=order" in found
    listed = browser.get("/?" + urlencode({"where": "status is open", "words": "order"})).content.decode()
    assert f'id="row-{ticket.pk}"' in listed and f'id="row-{other.pk}"' not in listed and "“order”" in listed
    row = {"field-0": "status", "is-0": "is", "value-0": "open", "query": "order", "name": "Orders", "scope": "private"}
    kept = browser.post("/views/new", {**row, "do": "save"})
    assert SavedView.objects.get().query == "order"
    listed = browser.get(kept["Location"]).content.decode()
    assert f'id="row-{ticket.pk}"' in listed and f'id="row-{other.pk}"' not in listed
    assert reading.counts(ana, views=[lists.of_saved(SavedView.objects.get())]) == {str(SavedView.objects.get().pk): 1}


def test_words_of_a_view_that_are_meant_as_in_search_become_its_conditions(ana: Agent, as_agent: Open) -> None:
    Tag.objects.create(name="refund")
    form = {"name": "Refunds", "scope": "private", "order": "created", "do": "save", "query": "is:open tag:refund bike"}
    as_agent(ana).post("/views/new", form)
    view = SavedView.objects.get()
    assert (view.query, conditions.written(view.conditions)) == ("bike", "status is open; tag is refund")


@pytest.mark.parametrize("query", ["in:anywhere", "is:unread", "tag:nonesuch inbox:nowhere"])
def test_what_only_search_can_do_is_not_left_out_of_a_view_in_silence(ana: Agent, as_agent: Open, query: str) -> None:
    form = {"name": "Refunds", "scope": "private", "order": "created", "do": "save", "query": query}
    refused = as_agent(ana).post("/views/new", form)
    assert refused.status_code == 422 and "cannot be kept in a view" in refused.content.decode()
    assert not SavedView.objects.exists()


def test_a_button_that_arranges_has_the_focus_again(ana: Agent, as_agent: Open) -> None:
    done = as_agent(ana).post("/views/", {"do": "unpin:mine"})
    assert done["Location"] == "/views/#pin-mine"
    assert 'id="pin-mine"' in as_agent(ana).get("/views/").content.decode()
