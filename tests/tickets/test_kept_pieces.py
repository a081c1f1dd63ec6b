"""What a ticket's page keeps of what it drew: whatever it shows draws it anew, and nobody gets what is another's."""

import gc
from collections.abc import Callable
from typing import Any

import pytest
from django.template import Context
from django.test import Client, RequestFactory

from helpdesk import pieces
from helpdesk.models import Agent
from tests.conftest import mail
from tickets import timeline
from tickets.models import Customer, Message, Ticket
from tickets.operations import replying, sorting, status
from tickets.timeline import Entry
from tickets.views import ticket as ticket_views


@pytest.fixture
def page(as_agent: Callable[[Agent], Client], ticket: Ticket) -> Callable[..., str]:
    """The conversation as an agent sees it."""

    def get(agent: Agent, number: int = 0, language: str = "en") -> str:
        path = f"/tickets/{number or ticket.pk}/?part=reading"
        asking = {"HX-Request": "true", "Accept-Language": language}
        return as_agent(agent).get(path, headers=asking).content.decode()

    return get


def test_who_changes_their_name_has_it_everywhere_at_once(page: Any, ticket: Ticket, ana: Agent) -> None:
    assert "Dora" in page(ana)
    Customer.objects.filter(pk=ticket.customer_id).update(name="Theodora Neu")
    shown = page(ana)
    head, _thread, rest = shown.partition('<div class="thread-scroll"')
    panel = rest.partition('id="panel"')[2]
    assert "Theodora Neu" in head and "Theodora Neu" in panel and "Write to Theodora Neu" in rest
    assert "Dora Diaz" not in head + panel, "a message keeps the name it came under"
    Ticket.objects.filter(pk=ticket.pk).update(subject="Quite another matter <b>")
    assert "Quite another matter &lt;b&gt;" in page(ana)


def test_a_name_is_never_part_of_the_page(page: Any, ticket: Ticket, ana: Agent) -> None:
    Customer.objects.filter(pk=ticket.customer_id).update(name='<script>"x"</script>')
    sorting.tag(ticket, name='a"b&c', actor=ana)
    shown = page(ana)
    assert "<script>" not in shown and "?tag=a%22b%26c" in shown and "a&quot;b&amp;c" in shown
    assert str(pieces.NUMBER)[:12] not in shown and pieces.TOKEN.partition("-")[0] not in shown


def test_two_tickets_that_look_alike_keep_to_themselves(
    page: Any, ticket: Ticket, ana: Agent, send_mail_in: Any
) -> None:
    other = send_mail_in(mail("Emil <emil@stranger.example>", subject="Mine", Message_ID="<o@c.example>")).said.ticket
    for mine, theirs in ((ticket, other), (other, ticket)):
        shown = page(ana, mine.pk)
        assert f"/tickets/{mine.pk}/reply" in shown and f"/tickets/{theirs.pk}/" not in shown
        assert f"/customers/{mine.customer_id}/" in shown and f"/customers/{theirs.customer_id}/" not in shown
    assert "emil@stranger.example" not in page(ana, ticket.pk)


def test_what_one_may_do_stands_on_ones_own_page_only(page: Any, ticket: Ticket, ana: Agent, lou: Agent) -> None:
    assert 'data-act="take"' in page(ana) and "Log a call" in page(ana)
    light = page(lou)
    assert 'data-act="take"' not in light and "Log a call" not in light and 'data-act="resolve"' not in light
    assert 'data-act="take"' in page(ana)


def test_it_is_said_in_the_readers_language(page: Any, ticket: Ticket, ana: Agent, chloe: Agent) -> None:
    assert "This ticket" in page(ana)
    german = page(chloe, language="de")
    assert "Dieses Ticket" in german and "This ticket" not in german
    assert "This ticket" in page(ana)


def test_how_it_stands_is_how_it_stands_now(page: Any, ticket: Ticket, ana: Agent) -> None:
    assert 'id="header" data-status="open"' in page(ana)
    status.resolve(ticket, actor=ana)
    assert 'id="header" data-status="resolved"' in page(ana)


def test_a_message_that_changed_is_shown_as_it_is(page: Any, ticket: Ticket, ana: Agent) -> None:
    first = ticket.messages.get()
    page(ana)
    Message.objects.filter(pk=first.pk).update(text="Quite other words", marks=["edited"])
    shown = page(ana)
    assert "Quite other words" in shown and "edited there" in shown
    first.sender.handle = "dora_the_first"
    first.sender.save()
    Message.objects.filter(pk=first.pk).update(sender_name="")
    assert "dora_the_first" in page(ana)


def test_how_an_answer_fared_is_how_it_fares_now(page: Any, ticket: Ticket, ana: Agent) -> None:
    answer = replying.reply(ticket, text="Soon.", actor=ana)
    before = next(one for one in timeline.said_on(ticket) if one.pk == answer.pk)
    assert timeline.show(before).delivery is not None
    answer.outgoing.deliveries.update(state="failed", answer="no such user")
    after = next(one for one in timeline.said_on(ticket) if one.pk == answer.pk)
    assert "no such user" in str(timeline.show(after).delivery)
    assert "no such user" in page(ana)


def test_what_was_brought_goes_on_as_its_own_rows_only(ticket: Ticket, send_mail_in: Any) -> None:
    other = send_mail_in(mail("Emil <emil@stranger.example>", Message_ID="<o@c.example>")).said.ticket
    points = list(ticket.customer.contact_points.all())
    timeline.bring(ticket.customer, "contact_points", points)
    theirs: Any = ticket.customer.contact_points
    assert list(theirs.all()) == points and theirs.count() == 1
    assert list(theirs.filter(channel="email")) == points and not theirs.filter(address="emil@stranger.example")
    assert theirs.update(is_bouncing=True) == 1
    assert not other.customer.contact_points.get().is_bouncing


def test_nothing_of_a_page_waits_for_the_collector_of_garbage(ticket: Ticket, ana: Agent, rf: RequestFactory) -> None:
    def look() -> int:
        request: Any = rf.get(f"/tickets/{ticket.pk}/?part=reading")
        request.user, request.htmx = ana, True
        assert b"My order" in ticket_views.ticket(request, ticket.pk).content
        return sum(type(one) in (Message, Entry, Context) for one in gc.get_objects())

    look()
    gc.collect()
    gc.disable()
    try:
        assert look() == look()
    finally:
        gc.enable()
