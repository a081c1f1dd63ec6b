"""Acts in words: every sort does what its operation does, is said, and is taken back."""

from datetime import timedelta

import pytest

from helpdesk import clock
from helpdesk.models import Event
from tickets.models import Ticket
from tickets.operations import acting, removing, replying, status, undo
from tickets.operations.status import NotPossible

SOON = (clock.now() + timedelta(days=2)).isoformat()

ACTS = [
    {"do": "take"},
    {"do": "status", "to": "pending"},
    {"do": "status", "to": "resolved"},
    {"do": "snooze", "until": SOON},
    {"do": "snooze", "words": "in 3 working days"},
    {"do": "priority", "to": "urgent"},
    {"do": "type", "to": "complaint"},
    {"do": "tag", "tag": "vip"},
    {"do": "follow"},
    {"do": "spam"},
    {"do": "trash"},
]
KINDS = ["assignee_id", "team_id", "status", "snoozed_until", "priority", "type", "removed_at", "waiting_since"]


def seen(ticket: Ticket) -> list:
    ticket = Ticket.objects.get(pk=ticket.pk)
    tags, followers = list(ticket.tags.values_list("name")), list(ticket.followers.values_list("agent"))
    return [[getattr(ticket, name) for name in KINDS], tags, followers]


@pytest.mark.parametrize("act", ACTS, ids=lambda act: "-".join(list(act.values())[:2])[:16])
def test_every_act_changes_the_ticket_and_its_undo_makes_it_what_it_was(act, ticket, ana):
    before = seen(ticket)
    acting.perform(ticket, act, actor=ana)
    after = seen(ticket)
    assert after != before and acting.describe(act)
    event = undo.latest(ana)
    assert event is not None
    undo.undo(ticket, event, actor=ana)
    assert seen(ticket) == before
    assert undo.latest(ana) is None, "what was taken back is not taken back again"


def test_an_act_says_only_what_it_needs():
    assert acting.clean({"do": "follow", "until": "never"}) == {"do": "follow"}


@pytest.mark.parametrize(
    "nonsense",
    [
        None, "take", {}, {"do": "explode"}, {"do": "status", "to": "closed"}, {"do": "snooze"}, {"do": "tag"},
        {"do": "snooze", "words": "soon"}, {"do": "snooze", "words": "2020-01-01"}, {"do": "snooze", "words": 9},
        {"do": "priority", "to": ["high"]}, {"do": "assign", "agent": "me"}, {"do": "assign", "agent": True},
        {"do": "snooze", "until": "2026-13-45T00:00"}, {"do": "status"}, {"do": ["take"]},
    ],
)  # fmt: skip
def test_what_is_no_act_is_refused(db, nonsense):
    with pytest.raises(NotPossible):
        acting.clean(nonsense)


def test_an_act_for_somebody_who_is_gone_is_refused(db):
    with pytest.raises(NotPossible):
        acting.clean({"do": "assign", "agent": 999, "team": None})


def test_giving_to_a_person_and_a_team_is_one_act(ticket, ana, chloe, team):
    act = {"do": "assign", "agent": chloe.pk, "team": team.pk}
    ticket = acting.perform(ticket, act, actor=ana)
    assert (ticket.assignee, ticket.team) == (chloe, team)
    assert acting.describe(act) == "Give to Chloe Martin in Support"


def test_nothing_is_given_to_a_team_that_does_not_see_it(ticket, ana, billing_team):
    with pytest.raises(NotPossible):
        acting.perform(ticket, {"do": "assign", "agent": None, "team": billing_team.pk}, actor=ana)
    assert Ticket.objects.get(pk=ticket.pk).team != billing_team


def test_a_light_collaborator_follows_and_does_nothing_else(ticket, lou):
    acting.perform(ticket, {"do": "follow"}, actor=lou)
    assert ticket.followers.get().agent == lou
    for act in ACTS:
        if act["do"] != "follow":
            with pytest.raises(NotPossible):
                acting.perform(ticket, act, actor=lou)


def test_the_last_act_is_found_on_whatever_ticket_and_an_answer_is_one(ticket, ana):
    acting.perform(ticket, {"do": "tag", "tag": "vip"}, actor=ana)
    replying.reply(ticket, text="It ships today.", actor=ana)
    latest = undo.latest(ana)
    assert latest is not None and latest.verb == "message.replied", "and not that it gave her the ticket"


def test_what_is_spam_or_in_the_trash_is_not_worked_on(ticket, ana):
    removing.spam(ticket, actor=ana)
    for work in (
        lambda: status.resolve(ticket, actor=ana),
        lambda: status.snooze(ticket, until=clock.now() + timedelta(days=1), actor=ana),
        lambda: replying.reply(ticket, text="Hello", actor=ana),
    ):
        with pytest.raises(NotPossible):
            work()


def test_spam_put_into_the_trash_comes_back_as_spam_and_then_as_it_was(ticket, ana):
    until = clock.now() + timedelta(days=3)
    status.snooze(ticket, until=until, actor=ana)
    removing.spam(ticket, actor=ana)
    removing.trash(ticket, actor=ana)
    assert removing.restore(ticket, actor=ana).status == "spam"
    ticket = removing.restore(ticket, actor=ana)
    assert ticket.status == "open" and ticket.snoozed_until == until and ticket.removed_at is None
    assert ticket.waiting_since is not None


def test_taking_back_a_snooze_over_a_snooze_brings_back_the_first(ticket, ana):
    first = clock.now() + timedelta(days=1)
    status.snooze(ticket, until=first, actor=ana)
    status.snooze(ticket, until=first + timedelta(days=1), actor=ana)
    undo.undo(ticket, Event.objects.filter(verb="ticket.snoozed").last(), actor=ana)
    ticket.refresh_from_db()
    assert ticket.snoozed_until == first
