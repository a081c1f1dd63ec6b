"""Who is told of what: whom it concerns, who may see the ticket, never of one's own act, and once."""

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.db import transaction

from helpdesk import clock
from helpdesk.events import record
from helpdesk.models import Agent, Event
from tests.conftest import mail
from tickets import bell, notices
from tickets.models import Notification, NotificationChoice, OutgoingMail, Ticket, Way
from tickets.operations import assignment, following, notifying, replying, sending, sorting, status, withdrawing


@pytest.fixture(autouse=True)
def heard(ticket: Ticket, settle: Any) -> None:
    """What made the ticket was told already."""
    settle()


def told(agent: Agent) -> list[str]:
    return list(Notification.objects.filter(agent=agent).order_by("pk").values_list("kind", flat=True))


def want(agent: Agent | None, kind: str, way: str = "page", is_wanted: bool = True, inbox: Any = None) -> None:
    NotificationChoice.objects.create(agent=agent, inbox=inbox, kind=kind, way=way, is_wanted=is_wanted)


def test_who_is_given_a_ticket_is_told_and_who_takes_one_is_not(ticket, ana, chloe, settle):
    assignment.assign(ticket, agent=ana, team=None, actor=chloe)
    assignment.take(ticket, actor=chloe)
    settle()
    assert told(ana) == ["assigned"] and told(chloe) == []


def test_a_ticket_passed_on_to_a_team_is_told_to_its_members(ticket, ana, chloe, lou, team, settle):
    Ticket.objects.update(team=None)
    assignment.assign(Ticket.objects.get(), agent=None, team=team, actor=chloe)
    settle()
    assert told(ana) == ["team"] and told(chloe) == []


def test_an_answer_of_the_customer_is_told_to_whose_ticket_it_is_and_who_follows(
    ticket, ana, chloe, lou, send_mail_in, settle
):
    assignment.take(ticket, actor=ana)
    following.follow(ticket, agent=chloe, actor=chloe)
    following.follow(ticket, agent=ana, actor=ana)
    settle()
    send_mail_in(mail(text="And now?", In_Reply_To="<first@customer.example>", Message_ID="<2@customer.example>"))
    settle()
    assert told(ana) == ["answered"] and told(chloe) == ["answered_followed"] and told(lou) == []


def test_a_machine_s_mail_is_told_to_nobody(ticket, ana, send_mail_in, settle):
    assignment.take(ticket, actor=ana)
    send_mail_in(
        mail(In_Reply_To="<first@customer.example>", Message_ID="<2@customer.example>", Auto_Submitted="auto-replied")
    )
    settle()
    assert told(ana) == []


def test_a_mention_outweighs_a_note(ticket, ana, chloe, settle):
    message = replying.add_note(ticket, text="@Ana look", actor=chloe)
    settle()
    assignment.take(ticket, actor=ana)
    with transaction.atomic():
        record("message.noted", ticket, actor=chloe, message=message.pk, mentions=[ana.pk, chloe.pk])
    settle()
    assert told(ana) == ["mentioned"] and told(chloe) == []
    [shown], _after = bell.page(ana)
    assert shown.sentence == "Chloe Martin mentioned you" and shown.snippet == "@Ana look" and shown.is_urgent


def test_who_may_not_see_the_ticket_is_not_told_even_where_they_are_named(ticket, ana, ben, settle):
    with transaction.atomic():
        record("message.noted", ticket, actor=ana, message=1, mentions=[ben.pk])
    settle()
    assert told(ben) == []


def test_who_may_see_it_no_more_is_shown_nothing(ticket, ana, chloe, team, settle):
    assignment.assign(ticket, agent=ana, team=None, actor=chloe)
    settle()
    assert bell.unread(ana) == 1
    ana.teams.remove(team)
    assert bell.unread(ana) == 0 and bell.page(ana) == ([], None)


def test_hearing_it_twice_tells_once(ticket, ana, chloe, settle):
    assignment.assign(ticket, agent=ana, team=None, actor=chloe)
    settle()
    again = list(Event.objects.filter(stream_id=ticket.pk, verb="ticket.assigned"))
    notifying.tell(again)
    notifying.tell(again)
    assert told(ana) == ["assigned"] and "more" not in Notification.objects.get().facts


def test_what_was_folded_and_read_is_told_no_second_time(ticket, ana, chloe, settle):
    following.follow(ticket, agent=ana, actor=ana)
    for words in ("One", "Two"):
        replying.add_note(ticket, text=words, actor=chloe)
    settle()
    assert Notification.objects.get(agent=ana).facts["more"] == 1
    notifying.mark_read(ana)
    notifying.tell(list(Event.objects.filter(verb="message.noted")))
    assert Notification.objects.get(agent=ana).read_at is not None


def test_what_comes_on_a_ticket_within_a_minute_is_one(ticket, ana, chloe, send_mail_in, settle):
    replying.add_note(ticket, text="One", actor=chloe)
    following.follow(ticket, agent=ana, actor=ana)
    replying.add_note(ticket, text="Two", actor=chloe)
    settle()
    assignment.assign(ticket, agent=ana, team=None, actor=chloe)
    settle()
    notifying.tell(list(Event.objects.filter(stream_id=ticket.pk)))
    [one] = Notification.objects.filter(agent=ana)
    # the weightier speaks
    assert one.kind == "assigned"
    [shown], _after = bell.page(ana)
    assert shown.sentence == "Chloe Martin assigned it to you" and shown.more.startswith("and ")
    with time_machine.travel(clock.now() + timedelta(minutes=2)):
        replying.add_note(ticket, text="Three", actor=chloe)
        settle()
    assert told(ana) == ["assigned", "written"]


def test_an_answer_that_does_not_arrive_is_told_to_its_author(ticket, ana, chloe, settle):
    assignment.assign(ticket, agent=chloe, team=None, actor=chloe)
    replying.reply(ticket, text="It ships.", actor=ana)
    settle()
    Notification.objects.all().delete()
    [delivery] = sending.claim(10)
    sending.refused(delivery, "550 No", for_good=True)
    settle()
    assert told(ana) == ["undelivered"] and told(chloe) == ["undelivered"]


def test_a_ticket_that_wakes_tells_who_put_it_aside(ticket, ana, settle):
    status.snooze(ticket, until=clock.now() + timedelta(hours=1), actor=ana)
    settle()
    status.wake(Ticket.objects.get(), actor=None)
    settle()
    assert told(ana) == ["woken"]


def test_a_low_rating_tells_whose_ticket_it_is(ticket, ana, settle):
    assignment.take(ticket, actor=ana)
    sorting.mark_low_score(Ticket.objects.get(), score=1, actor=None)
    settle()
    assert told(ana) == ["low_score"]


def test_new_tickets_tell_those_who_asked_for_it(ticket, ana, chloe, billing, send_mail_in, settle):
    want(ana, "new")
    send_mail_in(mail(Message_ID="<new@customer.example>", subject="Another"))
    send_mail_in(mail(Message_ID="<b@customer.example>", to="billing@demo.localhost"), to=billing)
    settle()
    assert told(ana) == ["new"] and told(chloe) == []


def test_what_was_taken_back_is_not_told(ticket, ana, chloe, settle):
    assignment.take(ticket, actor=chloe)
    settle()
    message = replying.reply(ticket, text="Wrong", actor=ana, delay=timedelta(minutes=1))
    settle()
    assert told(chloe) == ["written"]
    withdrawing.withdraw(message, actor=ana)
    settle()
    assert told(chloe) == []


@pytest.mark.parametrize("is_first", [True, False])
def test_what_came_with_what_was_taken_back_is_still_told(is_first, ticket, ana, chloe, settle):
    assignment.take(ticket, actor=chloe)
    settle()

    def note():
        replying.add_note(ticket, text="Look at this", actor=ana)

    if not is_first:
        note()
    message = replying.reply(ticket, text="Wrong", actor=ana, delay=timedelta(minutes=1))
    if is_first:
        note()
    settle()
    [one] = Notification.objects.filter(agent=chloe)
    assert one.facts["more"] == 1
    withdrawing.withdraw(message, actor=ana)
    settle()
    [left] = Notification.objects.filter(agent=chloe)
    noted = Event.objects.get(verb="message.noted")
    assert (left.pk, left.kind, left.event_id, left.facts["message"]) == (
        one.pk, "written", noted.pk, noted.facts["message"],
    )  # fmt: skip
    assert not left.facts.get("more") and left.read_at is None
    notifying.tell(list(Event.objects.filter(stream_id=ticket.pk, verb__in=["message.replied", "message.noted"])))
    assert Notification.objects.get(agent=chloe).facts == left.facts, "heard twice it is told once"
    [shown], _after = bell.page(chloe)
    assert shown.snippet == "Look at this" and not shown.more


def test_of_two_that_were_taken_back_nothing_is_told(ticket, ana, chloe, settle):
    assignment.take(ticket, actor=chloe)
    settle()
    said = [replying.reply(ticket, text=words, actor=ana, delay=timedelta(minutes=1)) for words in ("One", "Two")]
    settle()
    for message in reversed(said):
        withdrawing.withdraw(message, actor=ana)
        settle()
    assert not Notification.objects.filter(agent=chloe).exists()


def test_old_news_tell_nobody(ticket, ana, chloe, settle):
    assignment.assign(ticket, agent=ana, team=None, actor=chloe)
    with time_machine.travel(clock.now() + notifying.FRESH + timedelta(minutes=1)):
        settle()
    assert told(ana) == []


def test_one_s_own_choice_for_the_inbox_comes_first(ticket, ana, inbox, billing):
    kind = notices.named("assigned")
    assert kind is not None

    def wants(where: int | None = None) -> bool:
        return notifying.choices_of([ana.pk], ["assigned"]).wants(ana.pk, where, kind, Way.PAGE)

    assert wants(inbox.pk)
    want(None, "assigned", is_wanted=False)
    assert not wants(inbox.pk)
    want(ana, "assigned", is_wanted=True)
    assert wants(inbox.pk)
    want(ana, "assigned", is_wanted=False, inbox=inbox)
    assert not wants(inbox.pk) and wants(billing.pk)


def test_who_wants_to_hear_nothing_hears_nothing(ticket, ana, chloe, settle):
    for kind in notices.kinds():
        want(ana, kind.key, is_wanted=False)
    assignment.assign(ticket, agent=ana, team=None, actor=chloe)
    settle()
    assert told(ana) == []


def test_nothing_is_mailed_unless_asked_for(ticket, ana, chloe, settle):
    assignment.assign(ticket, agent=ana, team=None, actor=chloe)
    settle()
    assert Notification.objects.get().mail == "" and not OutgoingMail.objects.filter(purpose="notice").exists()
    assert all(Way.MAIL not in kind.ways for kind in notices.kinds())


def test_opening_the_ticket_marks_it_read(ticket, ana, chloe, settle, as_agent):
    assignment.assign(ticket, agent=ana, team=None, actor=chloe)
    settle()
    client = as_agent(ana)
    page = client.get("/notifications/").content.decode()
    assert "Chloe Martin assigned it to you" in page and "My order" in page
    assert 'data-rail="notifications"' in client.get("/").content.decode()
    assert client.get("/notifications/?part=bell").json()["count"] == 1
    client.get(f"/tickets/{ticket.number}/")
    assert client.get("/notifications/?part=bell").json() == {"count": 0, "label": "", "latest": None}


def test_read_and_kept_for_later_one_and_all(ticket, ana, chloe, ben, settle, as_agent):
    assignment.assign(ticket, agent=ana, team=None, actor=chloe)
    settle()
    one, client = Notification.objects.get(), as_agent(ana)
    assert as_agent(ben).post(f"/notifications/{one.pk}/read").status_code == 404
    client.post(f"/notifications/{one.pk}/read")
    assert bell.unread(ana) == 0
    client.post(f"/notifications/{one.pk}/read", {"_method": "delete"})
    assert bell.unread(ana) == 1
    client.post("/notifications/read")
    assert bell.unread(ana) == 0


def test_a_toast_keeps_quiet_hours(ticket, ana, chloe, settle, as_agent):
    assignment.assign(ticket, agent=ana, team=None, actor=chloe)
    settle()
    client = as_agent(ana)
    assert client.get("/notifications/?part=bell").json()["latest"]["words"].startswith("Chloe Martin assigned it")
    now = clock.now()
    ana.zone, ana.quiet_from, ana.quiet_until = (
        "UTC",
        (now - timedelta(hours=1)).time(),
        (now + timedelta(hours=1)).time(),
    )
    ana.save()
    assert client.get("/notifications/?part=bell").json()["latest"] is None


def test_the_page_costs_the_same_however_many_there_are(ticket, ana, chloe, as_agent, django_assert_max_num_queries):
    for number in range(40):
        Notification.objects.create(agent=ana, kind="answered", event_id=number, ticket=ticket, facts={"message": 1})
    client = as_agent(ana)
    with django_assert_max_num_queries(16):
        page = client.get("/notifications/").content.decode()
    assert page.count('class="notification"') == bell.PAGE and "?before=" in page


def test_what_is_told_to_one_agent_is_heard_by_no_other():
    from helpdesk.live import _written

    news = [{"verb": "notification.new", "stream": 1, "audience": "agent:7", "event": 0}]
    assert _written(news, None, 7) and not _written(news, None, 8)
    assert not _written(news, frozenset({"inbox:1"}), 8)


def test_long_ago_is_forgotten(ticket, ana):
    Notification.objects.create(
        agent=ana, kind="answered", event_id=1, ticket=ticket, at=clock.now() - notifying.KEEP - timedelta(days=1)
    )
    assert notifying.forget_old() == 1
