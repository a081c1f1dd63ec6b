"""Conditions: what they mean is what plain Python says they mean, and what is wrong with one is said in words."""

import math
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import translation
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from helpdesk.models import Agent, Team
from tickets import conditions, hours, lists, reading, time_words
from tickets.conditions import BadCondition, clean, describe, narrow, read, written
from tickets.conditions.meaning import people_of
from tickets.models import (
    Attachment,
    ContactPoint,
    Customer,
    CustomField,
    Follower,
    Inbox,
    Organisation,
    SavedView,
    Status,
    Tag,
    Ticket,
)
from tickets.reading import counting

NOW = datetime(2026, 3, 11, 14, 0, tzinfo=UTC)  # a Wednesday; 15:00 in Berlin


# --- narrow, against plain Python -----------------------------------------------------------------------------------


@pytest.fixture
def world(inbox: Inbox, billing: Inbox, ana: Agent, chloe: Agent, team: Team, billing_team: Team) -> dict[str, Any]:
    """A few of everything tickets can be told apart by."""
    acme = Organisation.objects.create(name="Acme Ltd", domain="acme.example", fields={"tier": "gold"})
    people = [
        Customer.objects.create(name="Dora Diaz", organisation=acme, fields={"plan": "pro"}),
        Customer.objects.create(name="Emil Ek"),
    ]
    ContactPoint.objects.create(customer=people[1], address="emil@stranger.example")
    for about, key, kind in (
        ("ticket", "amount", "number"), ("ticket", "due", "date"), ("ticket", "reason", "text"),
        ("ticket", "vip", "checkbox"), ("customer", "plan", "choice"), ("organisation", "tier", "text"),
    ):  # fmt: skip
        CustomField.objects.create(about=about, key=key, name=key.title(), kind=kind)
    tags = [Tag.objects.create(name=name) for name in ("refund", "urgent")]
    return {
        "inboxes": [inbox, billing], "agents": [ana, chloe], "teams": [team, billing_team], "people": people,
        "tags": tags, "acme": acme,
    }  # fmt: skip


def some(world: dict[str, Any], pick: Any) -> Ticket:
    """A ticket as chance has it."""
    hours_ago = st.one_of(st.none(), st.sampled_from([0, 1, 3, 4, 5, 20, 24, 48, 24 * 6, 24 * 7, 24 * 30]))
    state = pick(st.sampled_from(Status.values))
    waited, snooze = pick(hours_ago), pick(st.sampled_from([None, None, 1, 30]))
    removed = NOW if state in ("spam", "trash") else None
    fields: dict[str, Any] = pick(
        st.fixed_dictionaries(
            {},
            optional={
                "amount": st.sampled_from([0, 5, 10]),
                "due": st.sampled_from(["2026-03-10", "2026-03-11", ""]),
                "reason": st.sampled_from(["late", "broken", None]),
                "vip": st.booleans(),
            },
        )
    )
    ticket = Ticket.objects.create(
        inbox=pick(st.sampled_from(world["inboxes"])), customer=pick(st.sampled_from(world["people"])), status=state,
        priority=pick(st.sampled_from(["low", "normal", "urgent"])), type=pick(st.sampled_from(["", "question"])),
        channel=pick(st.sampled_from(["email", "form"])), assignee=pick(st.sampled_from([None, *world["agents"]])),
        team=pick(st.sampled_from([None, *world["teams"]])), fields=fields, removed_at=removed,
        created_at=NOW - timedelta(hours=pick(st.sampled_from([0, 14, 15, 39, 24 * 7]))), updated_at=NOW,
        waiting_since=None if waited is None else NOW - timedelta(hours=waited),
        resolved_at=NOW - timedelta(hours=waited or 0) if state == "resolved" else None,
        snoozed_until=NOW + timedelta(hours=snooze) if state == "open" and snooze else None,
        low_score=pick(st.sampled_from([None, 1])), has_undelivered=pick(st.booleans()),
    )  # fmt: skip
    ticket.tags.set(pick(st.sets(st.sampled_from(world["tags"]))))
    for agent in pick(st.sets(st.sampled_from(world["agents"]))):
        Follower.objects.create(ticket=ticket, agent=agent)
    return ticket


def one_condition(world: dict[str, Any], pick: Any) -> dict[str, Any]:
    """A condition as chance has it, already in its kept form."""
    values: dict[str, list[Any]] = {
        "status": ["open", "resolved", "spam"], "assignee": ["me", world["agents"][1].pk],
        "team": ["my_teams", world["teams"][1].pk], "inbox": [one.pk for one in world["inboxes"]],
        "priority": ["low", "urgent"], "type": ["question", "task"], "channel": ["email", "form"],
        "tag": ["refund", "urgent", "unknown"], "customer": [world["people"][0].pk, "emil", "diaz"],
        "organisation": [world["acme"].pk, "acme", "nobody"], "follower": ["me", world["agents"][1].pk],
        "has": ["undelivered", "low_score", "attachment"], "waiting": ["4 hours", "30 minutes", "12 hours"],
        "created": ["today", "2026-03-10", "7 days ago"], "updated": ["today", "yesterday"],
        "resolved": ["today", "5 hours ago"], "snoozed": ["in 2 hours", "today"], "field:amount": [0, 5],
        "field:due": ["2026-03-11", "today"], "field:reason": ["late"], "field:vip": [True, False],
        "field:plan": ["pro"], "field:tier": ["gold", "tin"],
    }  # fmt: skip
    key = pick(st.sampled_from(sorted(values)))
    about = conditions.field(key)
    operator = pick(st.sampled_from(about.operators))
    if operator in conditions.BARE:
        return {"field": key, "is": operator}
    given_values = ["1 day", "7 days"] if about.values == "moment" and operator in ("more_than", "less_than") else None
    chosen = st.sampled_from(given_values or values[key])
    if operator in conditions.MANY:
        return {"field": key, "is": operator, "value": pick(st.lists(chosen, min_size=1, max_size=2, unique=True))}
    return {"field": key, "is": operator, "value": pick(chosen)}


def holds(condition: dict[str, Any], ticket: Ticket, agent: Agent) -> bool:
    """What a condition means, said without a database."""
    key, operator, value = condition["field"], condition["is"], condition.get("value")
    wanted = value if isinstance(value, list) else [value]
    if key in ("created", "updated", "resolved", "snoozed"):
        names = {"created": "created_at", "updated": "updated_at", "resolved": "resolved_at"}
        at = getattr(ticket, names.get(key, "snoozed_until"))
        if operator in ("set", "not_set"):
            return (at is not None) == (operator == "set")
        if at is None:
            return False
        if operator in ("more_than", "less_than"):
            limit = NOW - timedelta(seconds=time_words.seconds_of(value))
            return bool(at < limit if operator == "more_than" else at > limit)
        first, after = time_words.span_of(value, now=NOW, zone=agent.zone)
        return bool({"before": at < first, "after": at >= after, "is": first <= at < after}[operator])
    if key == "waiting":
        since = ticket.waiting_since
        if operator in ("set", "not_set"):
            return (since is not None) == (operator == "set")
        if since is None:
            return False
        used = hours.business(ticket.inbox.calendar_id).seconds_between(since, NOW)
        limit_seconds = time_words.seconds_of(value)
        return used > limit_seconds if operator == "more_than" else used < limit_seconds
    has: set[Any]
    if key.startswith("field:"):
        name = key.removeprefix("field:")
        organisation = ticket.customer.organisation
        fields = {"plan": ticket.customer.fields, "tier": organisation.fields if organisation else {}}
        answer = fields.get(name, ticket.fields).get(name)
        has = set() if answer in (None, "") and answer is not False else {answer}
        wanted = ["2026-03-11" if one == "today" else one for one in wanted]
        if operator in ("before", "less_than"):
            return answer is not None and answer < wanted[0]
        if operator in ("after", "more_than"):
            return answer is not None and answer > wanted[0]
    elif key == "tag":
        has = {tag.name for tag in ticket.tags.all()}
    elif key == "follower":
        has = {one.agent_id for one in ticket.followers.all()}
        wanted = [agent.pk if one == "me" else one for one in wanted]
    elif key == "has":
        has = {"undelivered"} if ticket.has_undelivered else set()
        has |= {"low_score"} if ticket.low_score is not None else set()
        has |= {"attachment"} if Attachment.objects.filter(message__ticket=ticket, is_inline=False).exists() else set()
    elif key == "customer":
        words = f"{ticket.customer.name} {' '.join(p.address for p in ticket.customer.contact_points.all())}".lower()
        has = {one for one in wanted if one == ticket.customer_id or (isinstance(one, str) and one in words)}
    elif key == "organisation":
        mine = ticket.customer.organisation
        has = {mine.pk} if mine else set()
        has |= {one for one in wanted if mine and isinstance(one, str) and one in mine.name.lower()}
    else:
        name = {"assignee": "assignee_id", "team": "team_id", "inbox": "inbox_id"}.get(key, key)
        has = {getattr(ticket, name)} - {None, ""}
        mine_too = {"me": [agent.pk], "my_teams": list(agent.teams.values_list("pk", flat=True))}
        wanted = [real for one in wanted for real in mine_too.get(str(one), [one])]
    if operator in ("set", "not_set"):
        return bool(has) == (operator == "set")
    return bool(has & set(wanted)) == (operator in ("is", "any_of"))


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_narrow_finds_what_plain_python_finds(world: dict[str, Any], data: st.DataObject) -> None:
    ana: Agent = world["agents"][0]
    ana.zone = "Europe/Berlin"
    with time_machine.travel(NOW, tick=False):
        Ticket.objects.all().delete()
        tickets = [some(world, data.draw) for _ in range(data.draw(st.integers(2, 5)))]
        for _ in range(8):
            asked = [one_condition(world, data.draw) for _ in range(data.draw(st.integers(1, 2)))]
            assert clean(asked) == asked
            assert read(written(asked)) == asked
            assert all(describe(one, ana) for one in asked)
            expected = {
                t.pk
                for t in tickets
                if all(holds(c, t, ana) for c in asked) and (shows_removed(asked) or t.removed_at is None)
            }
            found = narrow(Ticket.objects.all(), asked, ana)
            assert set(found.values_list("pk", flat=True)) == expected, (asked, str(found.query))


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_view_lists_and_counts_for_everybody_what_plain_python_finds_among_what_they_may_see(
    world: dict[str, Any], ben: Agent, lou: Agent, admin: Agent, monkeypatch: pytest.MonkeyPatch, data: st.DataObject
) -> None:
    left, bound = (Agent.objects.get(pk=one.pk) for one in (world["agents"][0], admin))
    left.is_active, bound.limited_to = False, frozenset([world["inboxes"][1].pk])
    readers = [*world["agents"], ben, lou, admin, left, bound]
    with time_machine.travel(NOW, tick=False):
        Ticket.objects.all().delete()
        tickets = [some(world, data.draw) for _ in range(data.draw(st.integers(2, 6)))]
        monkeypatch.setattr(counting, "DEAR", data.draw(st.sampled_from([0, math.inf])))
        counting.forget()
        for _ in range(3):
            asked = [one_condition(world, data.draw) for _ in range(data.draw(st.integers(1, 2)))]
            order = data.draw(st.sampled_from(lists.CHOOSABLE))
            view = lists.of_saved(SavedView(pk=7, name="Any", conditions=asked, order=order))
            for reader in readers:
                reader.zone = "Europe/Berlin"
                seen = set(Inbox.objects.visible_to(reader).values_list("pk", flat=True))
                expected = {
                    t.pk
                    for t in tickets
                    if t.inbox_id in seen
                    and all(holds(c, t, reader) for c in asked)
                    and (t.removed_at is None or shows_removed(asked))
                }
                assert reading.counts(reader, views=[view]) == {"7": len(expected)}, (reader.email, asked)
                for _look in range(3):  # the third time, and for a colleague sooner, it may be a kept one
                    held, _again = reading.counts_of_page(reader, reading.inbox_ids(reader), [view])
                    assert held == {"7": len(expected)}, (reader.email, asked)
                assert set(reading.numbers_of(view, reader)[0]) == expected, (reader.email, asked, order)


def shows_removed(asked: list[dict[str, Any]]) -> bool:
    return any(c["field"] == "status" and c["is"] in ("is", "any_of") and "spam" in str(c["value"]) for c in asked)


# --- clean ----------------------------------------------------------------------------------------------------------


def test_people_inboxes_and_times_may_be_named(world: dict[str, Any], ana: Agent, inbox: Inbox) -> None:
    assert clean(
        [
            {"field": "assignee", "is": "is", "value": "Ana Silva"},
            {"field": "inbox", "is": "is", "value": "support@demo.localhost"},
            {"field": "waiting", "is": "more_than", "value": "4 working hours"},
            {"field": "created", "is": "before", "value": " 7 Days  ago"},
            {"field": "created", "is": "less_than", "value": "2w"},
            {"field": "status", "is": "any_of", "value": ["On hold", "open", "open"]},
            {"field": "field:vip", "value": "Yes"},
            {"field": "field:amount", "is": "more_than", "value": "2,5"},
        ]
    ) == [
        {"field": "assignee", "is": "is", "value": ana.pk},
        {"field": "inbox", "is": "is", "value": inbox.pk},
        {"field": "waiting", "is": "more_than", "value": "4 hours"},
        {"field": "created", "is": "before", "value": "7 days ago"},
        {"field": "created", "is": "less_than", "value": "2 weeks"},
        {"field": "status", "is": "any_of", "value": ["on_hold", "open"]},
        {"field": "field:vip", "is": "is", "value": True},
        {"field": "field:amount", "is": "more_than", "value": 2.5},
    ]


@pytest.mark.parametrize(
    ("bad", "said"),
    [
        ("open", "list"),
        ([7], "what is looked at"),
        ([{"field": "colour", "is": "is", "value": "red"}], "nothing called “colour”"),
        ([{"field": "field:nope", "is": "is", "value": "red"}], "nothing called"),
        ([{"field": "status", "is": "before", "value": "open"}], "Status cannot be asked for with “before”"),
        ([{"field": "status", "is": "is", "value": "asleep"}], "there is no “asleep”"),
        ([{"field": "status", "is": "is"}], "a value is missing"),
        ([{"field": "status", "is": "any_of", "value": []}], "at least one"),
        ([{"field": "assignee", "is": "is", "value": "Nobody Atall"}], "nobody here is called"),
        ([{"field": "assignee", "is": "is", "value": "99999999"}], "nobody here is called"),
        ([{"field": "created", "is": "before", "value": "soonish"}], "7 days ago"),
        ([{"field": "created", "is": "before", "value": "2026-02-30"}], "is no time"),
        ([{"field": "created", "is": "more_than", "value": "99999 years"}], "is no time"),
        ([{"field": "waiting", "is": "more_than", "value": "3 days"}], "4 hours"),
        ([{"field": "tag", "is": "is", "value": {"a": 1}}], "a value is missing"),
        ([{"field": "tag", "is": "is", "value": "x"}] * 21, "At most 20"),
    ],
)
def test_what_is_wrong_is_said_in_words(db: None, bad: Any, said: str) -> None:
    with pytest.raises(BadCondition, match=said):
        clean(bad)


@pytest.mark.parametrize("line", ["status", 'tag is "refund', "tag any_of", "; ; tag is a, b", "\x00 is x", "a b c d"])
def test_a_line_somebody_made_up_is_refused_in_words(db: None, line: str) -> None:
    with pytest.raises(BadCondition):
        read(line)


def test_values_with_marks_in_them_come_back_from_a_line(db: None) -> None:
    asked = clean([{"field": "tag", "is": "any_of", "value": ['a, b; "c"', "d"]}, {"field": "type", "is": "set"}])
    assert read(written(asked)) == asked
    assert read("") == []


def test_conditions_are_said_in_words(world: dict[str, Any], inbox: Inbox) -> None:
    asked = read("waiting more_than 4 hours; assignee is me; created more_than 7 days")
    said = [describe(one, Agent()) for one in asked]
    assert said == ["Waiting more than 4 hours of working time", "Assignee is me", "Created more than 7 days ago"]
    assert describe({"field": "field:gone", "is": "set"}, Agent()) == "field:gone (no longer there)"


def test_a_field_put_away_since_finds_nothing_and_breaks_nothing(
    world: dict[str, Any], ana: Agent, inbox: Inbox
) -> None:
    asked = clean([{"field": "field:amount", "is": "is", "value": 5}])
    CustomField.objects.filter(key="amount").update(is_active=False)
    assert not narrow(Ticket.objects.all(), asked, ana).exists()


def test_waiting_counts_business_hours_only(inbox: Inbox, billing: Inbox, dora: Customer, ana: Agent) -> None:
    since = datetime(2026, 3, 6, 15, 30, tzinfo=UTC)  # Friday 16:30 in Berlin, where the office closes at five
    mine, round_the_clock = (
        Ticket.objects.create(inbox=one, customer=dora, waiting_since=since) for one in (inbox, billing)
    )
    asked = read("waiting more_than 4 working hours")
    with time_machine.travel(datetime(2026, 3, 9, 11, 0, tzinfo=UTC), tick=False):  # Monday noon: 3.5 hours
        assert set(narrow(Ticket.objects.all(), asked, ana)) == {round_the_clock}
    with time_machine.travel(datetime(2026, 3, 9, 12, 0, tzinfo=UTC), tick=False):
        assert set(narrow(Ticket.objects.all(), asked, ana)) == {round_the_clock, mine}


def test_people_are_looked_up_by_words_through_the_trigrams(db):
    with connection.cursor() as cursor, CaptureQueriesContext(connection) as asked:
        cursor.execute("SET LOCAL enable_seqscan = off")
        assert people_of(Customer, ["Dora"]) == []
        looked_up = [one["sql"] for one in asked.captured_queries if "SELECT" in one["sql"]]
        plans = []
        for sql in looked_up:
            cursor.execute(f"EXPLAIN {sql}")
            plans.append(" ".join(row[0] for row in cursor.fetchall()))
    assert "customer_name_trigrams" in plans[0] and "contact_point_trigrams" in plans[1]


def test_nobody_learns_by_a_number_who_a_customer_or_an_inbox_of_others_is(ticket, ana, ben, as_agent):
    """Ana sees the inbox, Ben is of another team."""
    for where, name in ((f"customer is {ticket.customer_id}", "Dora Diaz"), (f"inbox is {ticket.inbox_id}", "Support")):
        assert name in describe(read(where)[0], ana)
        assert name not in describe(read(where)[0], ben)
    where = {"where": f"customer is {ticket.customer_id}"}
    assert "Dora Diaz" not in as_agent(ben).get("/", where, follow=True).content.decode()
    assert "Dora Diaz" not in as_agent(ben).get("/search/", {"q": f"from:{ticket.customer_id}"}).content.decode()


@pytest.mark.parametrize(
    ("words", "kept"),
    [
        ("vor 7 Tagen", "7 days ago"), ("Heute", "today"), ("gestern", "yesterday"), ("morgen", "tomorrow"),
        ("jetzt", "now"), ("in 2 Wochen", "in 2 weeks"), ("1.3.2026", "2026-03-01"), ("01.03.2026", "2026-03-01"),
        ("31.2.2026", None), ("vor Tagen", None), ("bald", None), ("vor einem Jahr", None),
    ],
)  # fmt: skip
def test_times_are_understood_in_german_and_kept_alike(words, kept):
    assert time_words.moment(words) == kept


def test_a_german_reader_is_shown_words_that_read_back():
    kept = ["1 day ago", "7 days ago", "in 1 month", "in 3 hours", "today", "2026-03-01", "now"]
    lengths = ["4 hours", "1 minute", "2 weeks", "10 years"]
    with translation.override("de"):
        assert time_words.said("7 days ago") == "vor 7 Tagen" and time_words.said("4 hours") == "4 Stunden"
        assert [time_words.moment(time_words.said(one)) for one in kept] == kept
        assert [time_words.length(time_words.said(one)) for one in lengths] == lengths
        assert time_words.length("4 Arbeitsstunden") == "4 hours" and time_words.said("bald") == "bald"
        said = conditions.describe({"field": "created", "is": "more_than", "value": "7 days"}, Agent())
        assert said.endswith("vor 7 Tagen")
