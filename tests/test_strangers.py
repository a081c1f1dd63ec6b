"""Threats of class D that no single page owns: foreign children, wrong keys, proxies' words, other sites' forms."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client
from django.urls import URLPattern, get_resolver

from helpdesk.models import Agent, ApiToken, Event
from tests.conftest import mail
from tickets.models import Draft, Message, Ticket
from tickets.operations import drafting, replying, sorting, status

#: posted to by programs that have no session of ours: each proves itself by a signature or a secret in the address
WITHOUT_A_SESSION = {
    "mail_in", "mail_reports", "notifications_off", "report_mail_off", "survey", "survey_unsubscribe", "ballot",
    "channel_hook",
    # visitors of a site of ours or others: who they are is said by a token of the widget's own, never by a cookie
    "chat_answer", "chat_boot", "chat_email", "chat_goodbye", "chat_messages", "chat_page", "chat_picture", "chat_seen",
    "chat_send", "chat_transcript", "chat_typing",
    # the signed token of the showing stands in for Django's: a frame on another site has no cookie of ours
    "form_page",
}  # fmt: skip


@pytest.fixture
def foreign(send_mail_in: Any, billing: Any, ben: Agent) -> Ticket:
    """A ticket of another team, with a note, a reply, a draft and a change on it."""
    raw = send_mail_in(mail(to="billing@demo.localhost", Message_ID="<bill@customer.example>"), to=billing)
    ticket: Ticket = raw.said.ticket
    replying.add_note(ticket, text="Not for others", actor=ben)
    replying.reply(ticket, text="Paid", actor=ben)
    sorting.tag(ticket, name="bill", actor=ben)
    drafting.save(ticket, actor=ben, kind="reply", content=drafting.Content("Half a word", is_shared=True))
    return ticket


def test_t21_2_a_foreign_child_is_not_found_under_ones_own_parent(ticket, foreign, ana, as_agent):  # type: ignore[no-untyped-def]
    client, own = as_agent(ana), ticket.pk
    reply = foreign.messages.get(kind="reply")
    draft = Draft.objects.get(ticket=foreign)
    event = Event.objects.filter(stream_id=foreign.pk, verb="ticket.tagged").latest("id")
    before = (Message.objects.count(), Draft.objects.count(), Event.objects.count())
    for address in (
        f"/tickets/{own}/messages/{reply.pk}/withdrawal",
        f"/tickets/{own}/draft/{draft.pk}",
        f"/tickets/{own}/undo/{event.pk}",
    ):
        assert client.post(address, {"act": "take"}).status_code == 404, address
    for address in (f"/messages/{reply.pk}/ticket", f"/messages/{reply.pk}/original", f"/messages/{reply.pk}/raw"):
        assert client.get(address).status_code == 404, address
    assert (Message.objects.count(), Draft.objects.count(), Event.objects.count()) == before


def test_t21_2_nor_do_programs_find_it_there(ticket, foreign, ana):  # type: ignore[no-untyped-def]
    """What hangs on a foreign ticket, asked for under one's own and under its own: there is no such thing."""
    token = ApiToken.objects.issue(ana, "Ana's")[1]
    client = Client(headers={"authorization": f"Bearer {token}"})
    event = Event.objects.filter(stream_id=foreign.pk, verb="ticket.tagged").latest("id")
    before = Event.objects.count()
    absent = client.post("/api/v1/tickets/999999999/acts/", {"do": "take"}, "application/json")
    for number in (ticket.pk, foreign.pk):
        for method, rest in (
            ("POST", f"undo/{event.pk}/"), ("DELETE", f"links/{foreign.pk}/"), ("DELETE", "merges/1/"),
        ):  # fmt: skip
            answer = client.generic(method, f"/api/v1/tickets/{number}/{rest}", "{}", "application/json")
            assert (answer.status_code, answer.content) == (404, absent.content), (number, rest)
    for rest, act in (
        ("acts/", {"do": "take"}), ("acts/", {"do": "follow"}), ("merges/", {"ticket": ticket.pk}),
        ("links/", {"ticket": ticket.pk}), ("split/", {"messages": [foreign.messages.first().pk]}), ("macros/1/", {}),
    ):  # fmt: skip
        answer = client.post(f"/api/v1/tickets/{foreign.pk}/{rest}", act, "application/json")
        assert (answer.status_code, answer.content) == (404, absent.content), rest
    for rest in ("", "messages/", "events/", "merges/", "links/", "macros/", "drafts/"):
        answer = client.get(f"/api/v1/tickets/{foreign.pk}/{rest}")
        assert (answer.status_code, answer.content) == (404, absent.content), rest
    found = client.get("/api/v1/search/?q=bill").content + client.get("/api/v1/views/open/tickets/").content
    assert f'"number":{foreign.pk},'.encode() not in found
    assert Event.objects.count() == before


@pytest.mark.parametrize("name", ["Remote-User", "X-Forwarded-User", "X-Auth-Request-Email", "X-Remote-User"])
def test_t27_3_what_a_proxy_might_say_of_a_user_signs_nobody_in(name: str, client: Client, ana: Agent) -> None:
    page = client.get("/", headers={name: ana.email}, follow=False)
    assert page.status_code == 302 and "login" in page["Location"]


def test_t27_6_an_address_is_not_changed_by_its_owner(ana, as_agent):  # type: ignore[no-untyped-def]
    client = as_agent(ana)
    assert client.get("/accounts/email/").status_code == 404
    assert client.post("/accounts/email/", {"email": "a@x.example", "action_add": ""}).status_code == 404
    client.post("/settings/you/", {"name": "Ana", "email": "a@x.example", "zone": "UTC", "language": ""})
    ana.refresh_from_db()
    assert ana.email == "ana@demo.localhost"


def _patterns(resolver: Any) -> Iterator[URLPattern]:
    for entry in resolver.url_patterns:
        if isinstance(entry, URLPattern):
            yield entry
        else:
            yield from _patterns(entry)


def test_t28_1_only_what_has_no_session_takes_forms_without_a_token() -> None:
    open_to_all = {
        entry.name
        for entry in _patterns(get_resolver())
        if getattr(entry.callback, "csrf_exempt", False) and not str(entry.name).startswith("api_")
    }
    assert open_to_all == WITHOUT_A_SESSION


@pytest.mark.parametrize("kind", ["application/x-www-form-urlencoded", "text/plain", "multipart/form-data"])
def test_t28_1_another_sites_form_changes_nothing(kind, ticket, ana):  # type: ignore[no-untyped-def]
    client = Client(enforce_csrf_checks=True)
    client.force_login(ana, backend="helpdesk.signed_in.Backend")
    for address in (f"/tickets/{ticket.pk}/resolution", f"/tickets/{ticket.pk}/note", "/bulk/", "/settings/you/"):
        page = client.generic("POST", address, "text=Hello", kind, headers={"origin": "https://evil.example"})
        assert page.status_code == 403, (address, page.status_code)
    ticket.refresh_from_db()
    assert not ticket.is_resolved and ticket.messages.count() == 1


def test_t28_1_the_api_asks_a_session_for_a_token_too(ticket, ana):  # type: ignore[no-untyped-def]
    client = Client(enforce_csrf_checks=True)
    client.force_login(ana, backend="helpdesk.signed_in.Backend")
    status.pend(ticket, actor=ana)
    page = client.post(
        f"/api/v1/tickets/{ticket.pk}/resolution/", "{}", "application/json", headers={"origin": "https://evil.example"}
    )
    assert page.status_code in (401, 403, 404)
    ticket.refresh_from_db()
    assert not ticket.is_resolved
