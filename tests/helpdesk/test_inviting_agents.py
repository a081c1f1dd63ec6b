"""Getting in and leaving: the invitation's link, and what ends when somebody goes."""

import re
import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.urls import reverse

from helpdesk import clock
from helpdesk.models import Agent, ApiToken, Event, Team
from helpdesk.operations import people, sessions
from tickets.models import Ticket
from tickets.operations import assignment

SENTENCE = "nobody guesses this one"
NIA = {"name": "Nia", "email": "NIA@demo.localhost", "role": "agent", "zone": "UTC", "language": ""}


@pytest.fixture
def invited(as_agent: Callable[[Agent], Client], admin: Agent, team: Team, mailoutbox: Any) -> tuple[Agent, str]:
    """Somebody new, and the link in their mail."""
    answer = as_agent(admin).post(reverse("settings_agents_new"), {**NIA, "teams": [team.pk]})
    assert answer.status_code == 302
    return Agent.objects.get(email="nia@demo.localhost"), link_in(mailoutbox[-1])


def link_in(mail: Any) -> str:
    return re.search(r"http://testserver(/accounts/invitation/\S+)", mail.body)[1]


def join(link: str, password: str = SENTENCE) -> Client:
    browser = Client()
    browser.get(link, follow=True)
    browser.post(reverse("invitation_accept"), {"name": "Nia Berg", "password": password})
    return browser


def is_in(browser: Client) -> bool:
    return browser.get("/").status_code == 200


def test_an_invitation_is_a_mail_of_its_own(invited: Any, mailoutbox: Any, admin: Agent, team: Team) -> None:
    nia, link = invited
    mail = mailoutbox[-1]
    assert mail.to == ["nia@demo.localhost"] and mail.subject == "Ada Admin invites you to the helpdesk"
    assert "/password/reset/" not in mail.body and "7 days" in mail.body
    assert list(nia.teams.all()) == [team]
    browser = join(link)
    nia.refresh_from_db()
    assert is_in(browser) and nia.name == "Nia Berg" and nia.check_password(SENTENCE)
    verbs = list(Event.objects.filter(subject_type="agent", subject_id=nia.pk).values_list("verb", flat=True))
    assert verbs == ["agent.created", "agent.invited", "agent.joined"]


def test_the_first_session_is_one_that_can_be_ended(invited: Any) -> None:
    nia, link = invited
    browser = join(link)
    assert is_in(browser)
    assert sessions.end_others(nia) == 1
    assert not is_in(browser)


def test_looking_at_the_link_changes_nothing(invited: Any) -> None:
    _nia, link = invited
    for _time in range(3):
        assert Client().get(link, follow=True).status_code == 200
        assert Client().head(link).status_code == 302
    assert is_in(join(link))


def test_t23_1_an_invitation_works_once_for_a_week_and_only_as_it_was_sent(
    invited: Any, admin: Agent, as_agent: Callable[[Agent], Client], mailoutbox: Any
) -> None:
    nia, link = invited
    secret = link.rstrip("/").rpartition("/")[2]
    page = Client().get("/accounts/invitation/null/", follow=True)
    assert page.status_code == 404
    for wrong in ("[]", "true", "x" * 43, secret[:-1], secret + "x", secret.swapcase(), secret[::-1]):
        other = Client().get(f"/accounts/invitation/{wrong}/", follow=True)
        assert (other.status_code, other.content) == (404, page.content), "one page for whatever is wrong"
    with time_machine.travel(clock.now() + timedelta(days=7, seconds=1)):
        assert not is_in(join(link))
    # sent again, the link before works no more; taken back, none does
    as_agent(admin).post(reverse("settings_agents_invitation", args=[nia.pk]))
    newer = link_in(mailoutbox[-1])
    assert newer != link and not is_in(join(link))
    as_agent(admin).post(reverse("settings_agents_invitation", args=[nia.pk]), {"_method": "delete"})
    assert not is_in(join(newer))
    # who never came has no password to forget
    count = len(mailoutbox)
    Client().post(reverse("account_reset_password"), {"email": nia.email})
    assert not any("/password/reset/key/" in mail.body for mail in mailoutbox[count:])
    as_agent(admin).post(reverse("settings_agents_invitation", args=[nia.pk]))
    last = link_in(mailoutbox[-1])
    assert is_in(join(last)) and not is_in(join(last, "another long sentence"))
    assert Agent.objects.get(pk=nia.pk).check_password(SENTENCE)


def test_t23_1_a_password_link_is_no_invitation_and_none_works_after_a_change(
    ana: Agent, mailoutbox: Any, invited: Any
) -> None:
    ana.set_password(SENTENCE)
    ana.save()
    Client().post(reverse("account_reset_password"), {"email": ana.email})
    path = re.search(r"http://testserver(/accounts/password/reset/key/\S+)", mailoutbox[-1].body)[1]
    token = path.rstrip("/").rpartition("/")[2]
    assert Client().get(f"/accounts/invitation/{token}/", follow=True).status_code == 404
    assert "no longer works" not in Client().get(path, follow=True).content.decode()
    ana.set_password("something else entirely")
    ana.save()
    assert "no longer works" in Client().get(path, follow=True).content.decode()


def test_t23_2_the_secret_stays_out_of_pages_referrers_and_caches(invited: Any, caplog: Any) -> None:
    _nia, link = invited
    secret = link.rstrip("/").rpartition("/")[2]
    browser = Client()
    first = browser.get(link)
    page = browser.get(first["Location"])
    # the page, whose address has no secret, must name its origin: a browser's form is refused without it
    for answer, policy in ((first, "no-referrer"), (page, "same-origin")):
        assert answer["Referrer-Policy"] == policy and "no-store" in answer["Cache-Control"]
        assert secret not in answer.content.decode()
    assert secret not in first["Location"] and secret not in caplog.text
    assert not any(secret in str(event.facts) for event in Event.objects.all())


def test_a_short_password_is_refused_in_words(invited: Any) -> None:
    browser = Client()
    browser.get(invited[1])
    answer = browser.post(reverse("invitation_accept"), {"name": "Nia", "password": "short"})
    assert answer.status_code == 422 and "too short" in answer.content.decode()


def test_letting_somebody_go_ends_everything_and_gives_their_tickets_back(
    ana: Agent, admin: Agent, ticket: Ticket, team: Team, as_agent: Callable[[Agent], Client], settle: Any
) -> None:
    ana.set_password(SENTENCE)
    ana.save()
    assignment.assign(ticket, agent=ana, team=team, actor=admin)
    browser = Client()
    browser.post(reverse("account_login"), {"login": ana.email, "password": SENTENCE})
    _token, secret = ApiToken.objects.issue(ana, "export")
    assert is_in(browser)
    as_agent(admin).post(reverse("settings_agents_presence", args=[ana.pk]), {"_method": "delete"})
    settle()
    assert not is_in(browser)
    assert Client().get("/api/v1/tickets/", headers={"authorization": f"Bearer {secret}"}).status_code == 401
    ticket.refresh_from_db()
    assert ticket.assignee is None and ticket.team == team
    assert Event.objects.filter(verb="ticket.assigned", stream_id=ticket.pk).count() == 2
    as_agent(admin).post(reverse("settings_agents_presence", args=[ana.pk]))
    assert Agent.objects.get(pk=ana.pk).is_active
    assert Client().get("/api/v1/tickets/", headers={"authorization": f"Bearer {secret}"}).status_code == 401


def test_the_only_admin_cannot_be_let_go(admin: Agent) -> None:
    with pytest.raises(people.NotPossible):
        people.deactivate(admin, actor=admin)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("way", ["let go", "demote"])
def test_two_admins_who_let_each_other_go_at_once_leave_one(
    admin: Agent, way: str, as_agent: Callable[[Agent], Client], monkeypatch: pytest.MonkeyPatch
) -> None:
    bob = Agent.objects.create_user(email="bob@demo.localhost", name="Bob", role="admin", password=SENTENCE)
    browser = as_agent(bob)
    refused: list[Exception] = []

    def strike_back() -> None:
        try:
            if way == "let go":
                people.deactivate(admin, actor=bob)
            else:
                browser.post(
                    reverse("settings_agents_edit", args=[admin.pk]),
                    {"name": "Ada", "email": admin.email, "role": "agent", "zone": "UTC", "language": ""},
                )
        except people.NotPossible as why:
            refused.append(why)
        finally:
            connection.close()

    other, real = threading.Thread(target=strike_back), sessions.end_others

    def meanwhile(agent: Agent, **more: Any) -> int:
        if agent.pk == bob.pk:
            other.start()
            other.join(1.5)  # it waits for us, or is through already
        return real(agent, **more)

    monkeypatch.setattr(sessions, "end_others", meanwhile)
    people.deactivate(bob, actor=admin)
    other.join()
    assert [one.email for one in Agent.objects.active().filter(role="admin")] == [admin.email]


def test_everybodys_state_is_in_the_list(invited: Any, admin: Agent, ana: Agent, as_agent: Any) -> None:
    people.go_away(ana, is_away=True)
    page = as_agent(admin).get(reverse("settings_agents")).content.decode()
    assert "invited" in page and "away" in page and "active" in page
